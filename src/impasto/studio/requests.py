"""Validation of requests: recipes, files of pictures, and replays. Clients name pictures by id, never by path."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from impasto.errors import RecipeError
from impasto.feedforward.pretrained import DEFAULT_NETWORK
from impasto.imaging.print_sizes import DEFAULT_DPI, SMALLEST_SIDE, output_frame, parse_size
from impasto.imaging.sizes import fit
from impasto.optimize.mixing import mix_of
from impasto.optimize.presets import make_recipe
from impasto.optimize.recipe import Recipe
from impasto.optimize.recipe_fields import LARGEST_DEFAULT_SIDE
from impasto.studio.errors import RequestError
from impasto.studio.folder import is_id
from impasto.studio.instant_styles import trained_styles
from impasto.studio.jobs import StudioJob
from impasto.studio.models import MASK_WORDS, MAX_STYLES, GuidesBody, JobBody
from impasto.studio.pictures import PictureStore

# Registered encoders only: a name with a dot or a slash would be a file.
_ENCODER = re.compile(r"[a-z0-9_-]{1,40}")
ENCODERS = ("encoder", "fine_encoder")
GUIDES = tuple(GuidesBody.model_fields)


def parse_recipe(body: JobBody, max_styles: int) -> Recipe:
    """Return the recipe of a job; raises `RecipeError` or `RequestError` if it is invalid."""
    if body.content is None and not body.styles:
        raise RequestError(422, "There is neither a content nor a style image; give at least one.")
    check_style_count(len(body.styles), max_styles)
    fields = dict(body.recipe)
    if fields.get("weights") is not None:
        raise RequestError(422, "weights is a file, which the studio does not accept; leave it out.")
    if fields.get("device") not in (None, "auto"):
        raise RequestError(422, "The studio chooses the device; leave it out.")
    for name in ("preset", *ENCODERS, "quality", "optimizer"):
        if not isinstance(fields.get(name), str | None):
            raise RequestError(422, f"{name} must be a name, not {str(fields[name])[:60]}.")
    if fields.get("preset", "") is None:
        del fields["preset"]
    for name in ENCODERS:
        if not _ENCODER.fullmatch(fields.get(name) or "compact"):
            raise RequestError(
                422, f"{name} must be a name of lower-case letters, digits, - and _; files are not accepted."
            )
    if fields.get("start_picture") is not None and not is_id(fields["start_picture"]):
        raise RequestError(
            422, "start_picture must be the id of a picture; upload it to /api/pictures first."
        )
    recipe = make_recipe(**fields)
    mix_of(recipe, len(body.styles))
    return recipe


def check_style_count(count: int, limit: int) -> None:
    """Raise `RequestError` if an order has more styles than the studio allows."""
    if count > limit:
        raise RequestError(422, f"{count} styles are more than the limit of this studio, {limit}.")


def check_trained(name: str | None) -> None:
    """Raise `RequestError` if a trained style is given and the studio does not have it."""
    if name is not None and not _is_trained(name):
        raise RequestError(404, f"There is no trained style '{name}'; /api/info lists them.")


def _is_trained(name: object) -> bool:
    return any(style["name"] == name for style in trained_styles())


def ordered_size(
    size: str | int | None, width: int, height: int, *, dpi: float | None = None, framing: str = "crop"
) -> tuple[int, int]:
    """Return width and height of the picture made from a photograph of ``width`` and ``height``.

    Raises `RecipeError` for paper or a length that comes out too small or too large.
    """
    if size is None:
        size = min(LARGEST_DEFAULT_SIDE, max(SMALLEST_SIDE, width, height))
    frame = output_frame(parse_size(size), (height, width), dpi=dpi or DEFAULT_DPI, framing=framing)
    painted_height, painted_width = frame.canvas or frame.box or fit(height, width, frame.side)
    return painted_width, painted_height


def change_recipe(job: StudioJob, strength: float | None, mix: Sequence[float] | None) -> dict[str, Any]:
    """Return a job's recipe with another strength or mix; raises `RecipeError` if it is invalid."""
    changes = {"strength": strength, "mix": None if mix is None else list(mix)}
    recipe = Recipe.make(
        {**job.recipe, **{name: value for name, value in changes.items() if value is not None}}
    )
    mix_of(recipe, len(job.styles))
    return recipe.to_json()


def resolve_files(
    pictures: PictureStore,
    recipe: Mapping[str, Any],
    content: str | None,
    styles: Sequence[str],
    guides: Mapping[str, Any],
    *,
    clip: bool = False,
) -> dict[str, Any]:
    """Return recipe, content, styles and guides with files instead of ids; raises `RequestError` if one is missing.

    With ``clip``, content and guides may be clips.
    """

    def path(id_or_word: str) -> str:
        return id_or_word if id_or_word in MASK_WORDS else str(pictures.path(id_or_word, clip=clip))

    start = recipe.get("start_picture")
    return {
        "recipe": {**recipe, "start_picture": None if start is None else path(start)},
        "content": None if content is None else path(content),
        "styles": [str(pictures.path(style)) for style in styles],
        "guides": {
            name: [path(item) for item in value] if isinstance(value, list) else path(value)
            for name, value in guides.items()
        },
    }


def replay_settings(pictures: PictureStore, stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings stored in a picture, with ids instead of files; raises `RecipeError` if they are invalid."""
    stored = _from_one_pass(stored)
    fields, guides = stored.get("recipe"), stored.get("guides") or {}
    styles = stored.get("styles") or []
    if not isinstance(fields, dict) or not isinstance(styles, list) or not isinstance(guides, dict):
        raise RecipeError("This picture contains no settings that the studio understands.")
    names = [fields.get(name, "") for name in ("preset", "encoder", "quality", "optimizer")]
    trained = stored.get("trained")
    if not all(isinstance(name, str) for name in names) or not isinstance(trained, str | None):
        raise RecipeError("The recipe in this picture is damaged; use another picture.")
    usable = {
        name: value for name, value in fields.items() if name not in ("weights", "device", "start_picture")
    }
    start = _id(pictures, fields.get("start_picture"))
    if usable.get("start") == "picture":
        usable["start"] = "content" if start is None else "picture"
    recipe = make_recipe(**usable, start_picture=start).to_json()
    return {
        "recipe": recipe,
        "content": _id(pictures, stored.get("content")),
        "styles": [_id(pictures, style) for style in styles[:MAX_STYLES]],
        "guides": _guides(pictures, guides),
        "names": {
            "content": _name(pictures, stored.get("content")),
            "styles": [_name(pictures, style) for style in styles[:MAX_STYLES]],
        },
        "trained": trained,
    }


def _from_one_pass(stored: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the provenance of a picture painted in one pass in the form of one painted by optimisation."""
    stored = _with_recipe(stored)
    recipe = stored.get("recipe")
    if not isinstance(recipe, Mapping) or "network" not in recipe:
        return stored
    network = recipe["network"]
    trained = None if network == DEFAULT_NETWORK else network
    if trained is not None and not _is_trained(trained):
        raise RecipeError("This picture was painted by a network that the studio does not have.")
    names = ("strength", "stroke", "colors", "size", "framing", "dpi", "mix")
    return {
        "recipe": {name: recipe[name] for name in names if recipe.get(name) is not None},
        "content": stored.get("content"),
        "styles": stored.get("styles"),
        "guides": stored.get("guides"),
        "trained": trained,
    }


def is_one_pass(stored: Mapping[str, Any]) -> bool:
    """Return whether a picture with this provenance was painted in one pass."""
    recipe = _with_recipe(stored).get("recipe")
    return isinstance(recipe, Mapping) and "network" in recipe


def _with_recipe(stored: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the provenance of an older impasto, which had other keys for one pass, in the present form."""
    recipe, images = stored.get("fast") or stored.get("apply"), stored.get("inputs") or {}
    if not isinstance(recipe, Mapping) or not isinstance(images, Mapping):
        return stored
    network = recipe.get("network") if "apply" in stored else DEFAULT_NETWORK
    guides = {name: images.get(name) for name in ("masks", "protect") if images.get(name)}
    return {**images, "recipe": {**recipe, "network": network}, "guides": guides}


def _guides(pictures: PictureStore, guides: Mapping[str, Any]) -> dict[str, Any]:
    """Return the guides whose pictures all exist."""
    existing: dict[str, Any] = {}
    for name in GUIDES:
        value = guides.get(name)
        ids = [_mask(pictures, item) for item in (value if isinstance(value, list) else [value])]
        if value and all(ids):
            existing[name] = ids if isinstance(value, list) else ids[0]
    return existing


def _mask(pictures: PictureStore, stored: object) -> str | None:
    return stored if isinstance(stored, str) and stored in MASK_WORDS else _id(pictures, stored)


def _id(pictures: PictureStore, stored: object) -> str | None:
    """Return the id of a picture from its stored path, None if the studio does not have it."""
    name = _file_name(stored)
    return name if is_id(name) and pictures.database.picture(name) is not None else None


def _name(pictures: PictureStore, stored: object) -> str | None:
    """Return the name of a picture from its stored path."""
    name = _file_name(stored)
    row = pictures.database.picture(name) if is_id(name) else None
    return (name[:120] or None) if row is None else row.name


def _file_name(stored: object) -> str:
    return re.split(r"[/\\]", stored)[-1] if isinstance(stored, str) else ""
