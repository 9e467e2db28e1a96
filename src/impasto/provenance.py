"""Provenance: what both ways of painting write into their images. Importing this module does not import torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from impasto.errors import RecipeError
from impasto.feedforward.settings import OnePassSettings

if TYPE_CHECKING:
    from impasto.feedforward.stylizer import Stylizer

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
