"""Names of jobs, and the words by which a search finds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import PurePath
from typing import Any

from impasto.errors import ImpastoError
from impasto.optimize.presets import PRESETS, make_recipe
from impasto.studio.instant_styles import trained_styles
from impasto.studio.jobs import StudioJob

MAX_WORDS = 8
# Fields that are words to look for in every recipe, even with their default values.
_ALWAYS = ("preset", "quality", "strength", "size", "seed")


def default_name(job: StudioJob, names: Mapping[str, str]) -> str:
    """Return "Photo, Style" from the names of a job's pictures (by id); a file's suffix is left out."""
    styles = [style["title"] for style in trained_styles() if style["name"] == job.trained]
    ids = [*([job.content] if job.content else []), *job.styles]
    parts = [stem(names[picture_id]) for picture_id in ids if picture_id in names]
    return ", ".join([*parts, *styles])[:120] or "Picture"


def search_words(job: StudioJob, names: Mapping[str, str]) -> str:
    """Return the text in which a search looks for words: name, pictures, style, date and settings, case-folded."""
    trained = [
        f"{style['name']} {style['title']}" for style in trained_styles() if style["name"] == job.trained
    ]
    created = datetime.fromtimestamp(job.created, UTC).date().isoformat()
    kind = "one pass" if job.one_pass else ""
    clip = [] if job.clip is None else ["clip", *(f"{key} {_text(value)}" for key, value in job.clip.items())]
    parts = [job.name, *names.values(), *trained, created, kind, *clip, *_recipe_words(job.recipe)]
    return "\n".join(part for part in parts if part).casefold()


def query_words(text: str) -> list[str]:
    """Return the words of a search; a job must have all of them."""
    return text.casefold().split()[:MAX_WORDS]


def _recipe_words(recipe: Mapping[str, Any]) -> list[str]:
    """Return "field value" for what differs from the preset and for the main settings."""
    defaults = _defaults(recipe.get("preset"))
    words = []
    for field, value in recipe.items():
        if field in _ALWAYS or value != defaults.get(field):
            words.append(f"{field.replace('_', ' ')} {_text(value)}")
    return words


@cache
def _defaults(preset: object) -> dict[str, Any]:
    try:
        return make_recipe(preset).to_json() if isinstance(preset, str) and preset in PRESETS else {}
    except ImpastoError:  # a preset whose optional part is not installed
        return {}


def _text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        return " ".join(f"{key} {_text(item)}" for key, item in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return " ".join(_text(item) for item in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)


def stem(name: str) -> str:
    """Return a file's name without its suffix; "3.5 apples" has none."""
    path = PurePath(name)
    return path.stem if path.suffix[1:].isalnum() and len(path.suffix) <= 6 else name
