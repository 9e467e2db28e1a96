"""From what a client asked for to a recipe and a task: checked, and with files only where the studio chose them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from impasto.errors import RecipeError
from impasto.feedforward.pretrained import DEFAULT_NETWORK
from impasto.optimize.mixing import mix_of
from impasto.optimize.presets import make_recipe
from impasto.optimize.recipe import Recipe
from impasto.studio.folder import is_id
from impasto.studio.instant_styles import trained_styles
from impasto.studio.jobs import StudioJob
from impasto.studio.models import WORDS, JobBody
from impasto.studio.pictures import PictureStore
from impasto.studio.processes import RequestError

# Encoders by name; a name with a dot or a slash would be a file.
_ENCODER = re.compile(r"[a-z0-9_-]{1,40}")


def recipe_of(body: JobBody, most_styles: int) -> Recipe:
    """Return the recipe that was asked for; raises `RecipeError` or `RequestError` for what cannot be."""
    if body.content is None and not body.styles:
        raise RequestError(422, "Neither a content nor a style picture was given; give at least one.")
    if len(body.styles) > most_styles:
        raise RequestError(422, f"{len(body.styles)} styles are more than this studio takes, {most_styles}.")
    fields = dict(body.recipe)
    if fields.get("weights") is not None:
        raise RequestError(422, "weights is a file, which the studio does not take; leave it out.")
    if fields.get("device") not in (None, "auto"):
        raise RequestError(422, "The studio chooses the device; leave it out.")
    for name in ("preset", "encoder", "quality", "optimizer"):
        if not isinstance(fields.get(name), str | None):
            raise RequestError(422, f"{name} is a name, not {str(fields[name])[:60]}.")
    if fields.get("preset", "") is None:
        del fields["preset"]
    if not _ENCODER.fullmatch(fields.get("encoder") or "compact"):
        raise RequestError(
            422, "encoder is a name of small letters, digits, - and _; files are not taken here."
        )
    if fields.get("start_picture") is not None and not is_id(fields["start_picture"]):
        raise RequestError(422, "start_picture is the id of a picture; send it to /api/pictures first.")
    recipe = make_recipe(**fields)
    mix_of(recipe, len(body.styles))
    return recipe


def changed(job: StudioJob, strength: float | None, mix: Sequence[float] | None) -> dict[str, Any]:
    """Return a job's recipe with another strength or mix; raises `RecipeError` for what cannot be."""
    asked = {"strength": strength, "mix": None if mix is None else list(mix)}
    recipe = Recipe.make(
        {**job.recipe, **{name: value for name, value in asked.items() if value is not None}}
    )
    mix_of(recipe, len(job.styles))
    return recipe.to_json()


def files_of(
    pictures: PictureStore,
    recipe: Mapping[str, Any],
    content: str | None,
    styles: Sequence[str],
    guides: Mapping[str, Any],
) -> dict[str, Any]:
    """Return recipe, content, styles and guides with files instead of ids; raises `RequestError` for missing ones."""

    def path(name: str) -> str:
        return name if name in WORDS else str(pictures.path(name))

    start = recipe.get("start_picture")
    return {
        "recipe": {**recipe, "start_picture": None if start is None else path(start)},
        "content": None if content is None else path(content),
        "styles": [path(style) for style in styles],
        "guides": {
            name: [path(one) for one in value] if isinstance(value, list) else path(value)
            for name, value in guides.items()
        },
    }


def replayed(pictures: PictureStore, stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a picture says of itself with ids instead of files; raises `RecipeError` for other JSON."""
    stored = _of_one_pass(stored)
    fields, guides = stored.get("recipe"), stored.get("guides") or {}
    styles = stored.get("styles") or []
    if not isinstance(fields, dict) or not isinstance(styles, list) or not isinstance(guides, dict):
        raise RecipeError("This picture says nothing of how it was made that the studio understands.")
    if not all(
        isinstance(fields.get(name, ""), str) for name in ("preset", "encoder", "quality", "optimizer")
    ):
        raise RecipeError("The recipe in this picture is damaged; give another.")
    kept = {
        name: value for name, value in fields.items() if name not in ("weights", "device", "start_picture")
    }
    start = _id(pictures, fields.get("start_picture"))
    if kept.get("start") == "picture":
        kept["start"] = "content" if start is None else "picture"
    recipe = make_recipe(**kept, start_picture=start).to_json()
    return {
        "recipe": recipe,
        "content": _id(pictures, stored.get("content")),
        "styles": [_id(pictures, style) for style in styles[:64]],
        "guides": _guides(pictures, guides),
        "names": {
            "content": _name(pictures, stored.get("content")),
            "styles": [_name(pictures, style) for style in styles[:64]],
        },
        "trained": stored.get("trained"),
    }


def _of_one_pass(stored: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the provenance of a picture painted in one pass in the form of one painted by optimisation."""
    stored = _with_recipe(stored)
    recipe = stored.get("recipe")
    if not isinstance(recipe, Mapping) or "network" not in recipe:
        return stored
    network = recipe["network"]
    trained = None if network == DEFAULT_NETWORK else network
    if trained is not None and trained not in {style["name"] for style in trained_styles()}:
        raise RecipeError("This picture was painted by a network that the studio does not have.")
    names = ("strength", "stroke", "colors", "size", "mix")
    return {
        "recipe": {name: recipe[name] for name in names if recipe.get(name) is not None},
        "content": stored.get("content"),
        "styles": stored.get("styles"),
        "guides": stored.get("guides"),
        "trained": trained,
    }


def _with_recipe(stored: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the provenance of an older impasto, which had other keys for one pass, in the present form."""
    recipe, images = stored.get("fast") or stored.get("apply"), stored.get("inputs") or {}
    if not isinstance(recipe, Mapping) or not isinstance(images, Mapping):
        return stored
    network = recipe.get("network") if "apply" in stored else DEFAULT_NETWORK
    guides = {name: images.get(name) for name in ("masks", "protect") if images.get(name)}
    return {**images, "recipe": {**recipe, "network": network}, "guides": guides}


def _guides(pictures: PictureStore, guides: Mapping[str, Any]) -> dict[str, Any]:
    """Return the guides whose pictures are all here."""
    found: dict[str, Any] = {}
    for name in ("masks", "style_masks", "regions", "style_regions", "protect"):
        value = guides.get(name)
        ids = [_place(pictures, one) for one in (value if isinstance(value, list) else [value])]
        if value and all(ids):
            found[name] = ids if isinstance(value, list) else ids[0]
    return found


def _place(pictures: PictureStore, stored: object) -> str | None:
    return stored if isinstance(stored, str) and stored in WORDS else _id(pictures, stored)


def _id(pictures: PictureStore, stored: object) -> str | None:
    """Return the id of a picture by the path that was stored, if it is (still) one of the studio's."""
    last = _last(stored)
    return last if is_id(last) and pictures.database.picture(last) is not None else None


def _name(pictures: PictureStore, stored: object) -> str | None:
    """Return what a stored picture was called."""
    last = _last(stored)
    row = pictures.database.picture(last) if is_id(last) else None
    return (last[:120] or None) if row is None else row.name


def _last(stored: object) -> str:
    return re.split(r"[/\\]", stored)[-1] if isinstance(stored, str) else ""
