"""Items of a batch: one picture each, with everything that decides it. Importing this module does not import torch."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from impasto.batch.places import name_of
from impasto.errors import RecipeError
from impasto.imaging.file_names import joined_stem, safe_stem


@dataclass(frozen=True)
class BatchItem:
    """One picture to paint. Places are files or URLs.

    ``settings`` are the recipe's fields that differ from the defaults. With a ``network`` (a file, a name, or "fast"
    for the network for any style with the settings of `impasto stylize --fast`) the picture is painted in one pass, and
    ``styles`` may be names of its own. ``guides`` are those of `Guides.to_json`. ``labels`` name the varied settings.
    """

    id: str
    content: str
    styles: tuple[str, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    network: str | None = None
    guides: Mapping[str, Any] = field(default_factory=dict)
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Variation:
    """A setting and the values that it takes in turn."""

    name: str
    values: tuple[Any, ...]


def product_items(
    contents: Sequence[str],
    styles: Sequence[str],
    variations: Sequence[Variation] = (),
    *,
    settings: Mapping[str, Any] | None = None,
    network: str | None = None,
    guides: Mapping[str, Any] | None = None,
    mixed: bool = False,
) -> list[BatchItem]:
    """Return every content image with every style and every value of the variations.

    ``mixed`` paints all styles together instead of one after the other. Ids are made of the names of the pictures and
    the values. Raises `RecipeError` if two pictures would have one id, or a setting is varied twice.
    """
    names = [variation.name for variation in variations]
    if len(set(names)) < len(names):
        raise RecipeError(f"A setting is varied twice ({', '.join(names)}); give all its values at once.")
    groups = [tuple(styles)] if mixed or not styles else [(style,) for style in styles]
    content_names, style_names = _distinct_names(contents), _distinct_names(styles)
    items = []
    for content, group in itertools.product(contents, groups):
        for values in itertools.product(*(variation.values for variation in variations)):
            changed = dict(zip(names, values, strict=True))
            labels = tuple((name, label(value)) for name, value in changed.items())
            parts = [content_names[content], *(style_names[style] for style in group)]
            parts += [f"{name}-{text}" for name, text in labels]
            items.append(
                BatchItem(
                    joined_stem(parts),
                    content,
                    group,
                    {**(settings or {}), **changed},
                    network,
                    guides or {},
                    labels,
                )
            )
    check_ids([item.id for item in items])
    return items


def label(value: Any) -> str:
    """Return a setting's value for ids and labels: ``0.5``, ``1,0.5``."""
    if isinstance(value, tuple | list):
        return ",".join(label(part) for part in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def check_ids(ids: Sequence[str]) -> None:
    """Raise `RecipeError` unless every id can be a file's name and occurs once, whatever its case."""
    for name in ids:
        if safe_stem(name) != name:
            raise RecipeError(
                f"The id {name!r} cannot be a file's name on every system; use for example {safe_stem(name)!r}."
            )
    # File systems of macOS and Windows do not tell cases apart.
    (most, count), *_ = Counter(name.casefold() for name in ids).most_common(1) or [("", 0)]
    if count > 1:
        raise RecipeError(
            f"{count} pictures would have the id '{most}'; give every picture an id of its own."
        )


def _distinct_names(places: Sequence[str]) -> dict[str, str]:
    """Return a name for every place: the stem, or with the suffix where two stems are equal."""
    stems = {place: Path(name_of(place)).stem for place in places}
    counts = Counter(stem.casefold() for stem in stems.values())
    return {
        place: stem if counts[stem.casefold()] == 1 else name_of(place).replace(".", "-")
        for place, stem in stems.items()
    }
