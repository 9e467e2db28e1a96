"""Both ways of painting together: by optimisation, and in one pass of a network.

`impasto.optimize` and `impasto.feedforward` do not import each other. Code that needs both is here: a painting that
starts from a one-pass picture, conversion of settings, and the provenance that both write into their images. Importing
this module does not import torch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from impasto.errors import RecipeError
from impasto.feedforward.settings import OnePassSettings
from impasto.optimize.presets import make_recipe
from impasto.optimize.recipe import Recipe

if TYPE_CHECKING:
    from torch import Tensor

    from impasto.feedforward.stylizer import Stylizer
    from impasto.guidance import Guides, Result
    from impasto.imaging import PictureLike
    from impasto.optimize import Event, Job, Painter, TermFactory

# Keys of stored provenance that are images, not settings.
IMAGE_KEYS = ("content", "styles", "guides")
# Keys of images painted in one pass before both ways of painting had one provenance.
OLD_ONE_PASS_KEYS = ("fast", "apply")
# Fields of a one-pass recipe that describe the network rather than the image.
NETWORK_FIELDS = ("network", "styles", "backend", "tile")


@dataclass(frozen=True)
class Provenance:
    """How an image was painted: the recipe's fields, and the names of the images that it was painted from.

    ``source`` is the file that contains it. A recipe that names a network was painted in one pass.
    """

    source: Path
    recipe: Mapping[str, Any]
    images: Mapping[str, Any]

    @property
    def one_pass(self) -> bool:
        """Whether the image was painted in one pass of a network."""
        return "network" in self.recipe

    @property
    def one_pass_settings(self) -> OnePassSettings:
        """The settings of an image painted in one pass; raises `RecipeError` for damaged ones."""
        return OnePassSettings.make(
            {name: value for name, value in self.recipe.items() if name not in NETWORK_FIELDS}
        )

    @property
    def trained_styles(self) -> tuple[str, ...]:
        """Names of the network's own styles that the image was painted in; none for style images."""
        names = self.recipe.get("styles") or []
        if not isinstance(names, list):
            raise RecipeError(f"The styles in '{self.source}' are damaged, they are no names; give another.")
        return tuple(str(name) for name in names)

    @property
    def network(self) -> tuple[str, str, int | None]:
        """The network that painted the image, a name or a file, with its backend and tile size.

        Raises `RecipeError` for a damaged recipe, or if the network's file is gone.
        """
        from impasto.feedforward.pretrained import pretrained_networks

        network, backend, tile = (self.recipe.get(name) for name in ("network", "backend", "tile"))
        if (
            not isinstance(network, str)
            or not isinstance(backend, str | None)
            or not isinstance(tile, int | None)
        ):
            raise RecipeError(f"The network in '{self.source}' is damaged; give another picture.")
        if network not in pretrained_networks():
            network = str(stored_path(network, "network", self.source, "put it back"))
        return network, backend or "torch", tile

    def open_stylizer(self) -> Stylizer:
        """Open the network that painted the image, with the backend and tile size that painted it.

        Raises what `network` and `Stylizer` raise.
        """
        from impasto.feedforward.stylizer import Stylizer

        network, backend, tile = self.network
        return Stylizer(network, backend=backend, tile=tile)


def read_provenance(source: Path) -> Provenance:
    """Return the provenance in an image by impasto, or in a JSON file.

    A JSON object without "recipe" is taken for the recipe's fields themselves. Raises what `read_embedded_json`
    raises, and `RecipeError` when there is no recipe in it.
    """
    from impasto.imaging import read_embedded_json

    return provenance_of(read_embedded_json(source), source)


def provenance_of(stored: Mapping[str, Any], source: Path) -> Provenance:
    """Return the provenance that was ``stored`` in ``source``; raises `RecipeError` when there is none."""
    if any(key in stored for key in OLD_ONE_PASS_KEYS):
        raise RecipeError(
            f"'{source}' was painted in one pass by an older impasto and holds no recipe; paint it again with --fast"
            " or `impasto apply`."
        )
    fields = stored.get("recipe", {key: value for key, value in stored.items() if key not in IMAGE_KEYS})
    if not isinstance(fields, dict) or not fields:
        raise RecipeError(f"'{source}' holds no recipe; give a picture made by impasto or its .json file.")
    images = {key: stored[key] for key in IMAGE_KEYS if key in stored}
    return Provenance(source, fields, images)


def stored_path(name: object, role: str, source: Path, advice: str) -> Path:
    """Return the path of the file ``name`` that is stored in ``source``, or of its copy in the folder of ``source``.

    ``role`` says in messages what the file is. Raises `RecipeError` with ``advice`` if neither exists.
    """
    if isinstance(name, str):
        for path in (Path(name), source.parent / Path(name).name):
            if path.is_file():
                return path
        if not Path(name).is_absolute() and not Path(name).suffix:
            raise RecipeError(
                f"The {role} of '{source}' ({name}) was given from memory, not as a file; {advice}."
            )
    raise RecipeError(f"The {role} '{name}' of '{source}' is not there any more; {advice}.")


def one_pass_settings(recipe: Recipe) -> OnePassSettings:
    """Return the settings that a recipe has in common with painting in one pass."""
    mix = recipe.mix
    if mix is not None and len(mix) == 1:
        mix = (mix[0], 1 - mix[0])
    return OnePassSettings(
        strength=recipe.strength, stroke=recipe.stroke, mix=mix, colors=recipe.colors, size=recipe.size
    )


def stylize(
    content: PictureLike | None,
    style: PictureLike | Sequence[PictureLike] | None = None,
    *,
    preset: str = "impasto",
    guides: Guides | None = None,
    **recipe: Any,
) -> Result:
    """Paint ``content`` in the style of ``style`` (one image or several) and return the result.

    Without ``content``, the result is a texture of the style. Without ``style``, the content is reconstructed from its
    layers. ``guides`` are masks and regions. Other keywords are the fields of `Recipe`. Raises an `ImpastoError` for
    inputs or settings that cannot be used.

    >>> import impasto
    >>> from impasto.plates import paint
    >>> result = impasto.stylize(paint("paper", 96), paint("swirls", 96), size=64, steps=4)
    >>> result.image.size
    (64, 48)
    """
    from impasto.optimize import Finished

    for event in stylize_events(content, style, preset=preset, guides=guides, **recipe):
        if isinstance(event, Finished):
            return event.result
    raise AssertionError("a run ends with Finished")  # unreachable: the engine ends with it or raises


def stylize_events(
    content: PictureLike | None,
    style: PictureLike | Sequence[PictureLike] | None = None,
    *,
    preset: str = "impasto",
    guides: Guides | None = None,
    preview_every: int = 0,
    **recipe: Any,
) -> Iterator[Event]:
    """Yield the events of the run of `stylize`; closing the generator stops the run.

    ``preview_every`` emits the current picture after that many steps.
    """
    from impasto.optimize import Painter

    styles: Sequence[PictureLike] = ()
    if style is not None:
        styles = style if isinstance(style, Sequence) and not isinstance(style, str) else [style]
    job = open_job(make_recipe(preset, **recipe), content, styles, guides)
    yield from Painter(job, preview_every=preview_every).events()


def resume(
    checkpoint: str | Path,
    *,
    preview_every: int = 0,
    term_factories: Sequence[TermFactory] | None = None,
) -> Painter:
    """Return a painter that continues from a checkpoint, with the images named in it.

    ``term_factories`` are those of the run (see `open_job`); checkpoints do not store them. Raises `ResumeError` if the
    checkpoint cannot be read or its images have changed.
    """
    from impasto.guidance import Guides
    from impasto.optimize import Painter
    from impasto.optimize.checkpoint import read_checkpoint

    path = Path(checkpoint)
    saved = read_checkpoint(path)
    guides = Guides.from_json(saved.input_names.get("guides", {}))
    styles = saved.input_names.get("styles", [])
    job = open_job(saved.recipe, saved.input_names.get("content"), styles, guides, term_factories)
    return Painter(job, preview_every=preview_every, checkpoint_path=path, resume_from=saved)


def open_job(
    recipe: Recipe,
    content: PictureLike | None,
    styles: Sequence[PictureLike],
    guides: Guides | None = None,
    term_factories: Sequence[TermFactory] | None = None,
) -> Job:
    """Return the job of a painting; one that starts "fast" is first painted in one pass.

    Raises what `impasto.optimize.open_job` and `Stylizer` raise.
    """
    from impasto.guidance import Guides
    from impasto.optimize import DEFAULT_TERMS
    from impasto.optimize import open_job as open_optimisation

    guides = guides or Guides()
    if recipe.start == "fast" and (content is None or not styles):
        recipe = recipe.model_copy(update={"start": "content"})
    start = one_pass_start(recipe, content, styles, guides) if recipe.start == "fast" else None
    factories = DEFAULT_TERMS if term_factories is None else term_factories
    return open_optimisation(recipe, content, styles, guides, factories, start=start)


def one_pass_start(
    recipe: Recipe, content: PictureLike | None, styles: Sequence[PictureLike], guides: Guides
) -> Tensor:
    """Return the picture (1,3,H,W) of the network for any style from which a painting with ``recipe`` starts.

    It has the recipe's mix or the masks of ``guides``, and its strength and stroke as far as the network has them.
    Style masks and regions are left to the optimisation.
    """
    from impasto.feedforward.stylizer import Stylizer
    from impasto.guidance import Guides

    stylizer = Stylizer(device=recipe.device)
    low, high = stylizer.model.strokes
    shared = one_pass_settings(recipe)
    settings = shared.model_copy(
        update={
            "strength": min(1.0, recipe.strength),
            "stroke": min(high, max(low, recipe.stroke)),
            "mix": None if guides.masks or len(styles) == 1 else shared.mix,
            "colors": 0.0,
            "size": min(recipe.size, recipe.base or recipe.size),
        }
    )
    assert content is not None
    return stylizer.paint(content, styles, settings, Guides(guides.masks)).pixels


def replay(source: str | Path) -> Result:
    """Paint an image again, the way it was painted, from the provenance in it or in its JSON sidecar.

    Raises `RecipeError` if it has none or an image it was painted from is gone, and what painting raises.
    """
    from impasto.guidance import Guides

    provenance = read_provenance(Path(source))
    guides = Guides.from_json(provenance.images.get("guides") or {})
    content = provenance.images.get("content")
    if content is not None:
        content = stored_path(content, "content picture", provenance.source, "put it back")
    styles = [
        stored_path(name, "style picture", provenance.source, "put it back")
        for name in provenance.images.get("styles") or []
    ]
    if provenance.one_pass:
        if content is None:
            raise RecipeError(f"'{source}' does not say from which picture it was painted.")
        stylizer = provenance.open_stylizer()
        chosen = provenance.trained_styles or styles
        return stylizer.paint(content, chosen, provenance.one_pass_settings, guides)
    from impasto.optimize import Finished, Painter

    job = open_job(make_recipe(**provenance.recipe), content, styles, guides)
    return next(event.result for event in Painter(job).events() if isinstance(event, Finished))
