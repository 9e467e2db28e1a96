"""Manifests: tables of pictures to paint, as CSV or JSON lines. Importing this module does not import torch."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from impasto.batch.finished import FILE_FIELDS
from impasto.batch.items import BatchItem, check_ids
from impasto.batch.places import is_url, name_of, read_bytes
from impasto.errors import PictureError, RecipeError, unknown
from impasto.imaging import MASK_NAMES
from impasto.optimize.parsing import NUMBER_LISTS
from impasto.optimize.recipe import Recipe

MOST_BYTES = 1 << 30
# Columns besides the fields of the recipe. A cell with several values separates them by semicolons.
COLUMNS = ("id", "content", "styles", "network", "fast", "masks", "protect")
LISTS = ("styles", "masks")
YES, NO = ("true", "yes", "1"), ("false", "no", "0")

Record = dict[str, Any]


def read_manifest(
    place: str,
    *,
    settings: Mapping[str, Any] | None = None,
    styles: Sequence[str] = (),
    network: str | None = None,
    guides: Mapping[str, Any] | None = None,
) -> list[BatchItem]:
    """Return the items of a manifest: ``.csv``, or ``.jsonl`` with one object a line.

    Columns: ``id``, ``content`` (needed), ``styles``, ``network`` or ``fast``, ``masks``, ``protect``, and any field of
    the recipe. An empty cell takes the value of the arguments, which hold for all rows. Files are relative to the
    manifest's folder. Raises `PictureError` if the file cannot be read, and `RecipeError` with the line for a damaged
    table, an unknown column, or an id that occurs twice; values of settings are checked when a row is painted.
    """
    name = name_of(place)
    reader = {".csv": _csv_records, ".jsonl": _json_records}.get(Path(name).suffix.lower())
    if reader is None:
        raise RecipeError(f"A manifest is a .csv or .jsonl file, not '{name}'; rename or convert it.")
    data = read_bytes(place)
    if len(data) > MOST_BYTES:
        raise RecipeError(f"The manifest '{name}' is over 1 GB; split it.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RecipeError(
            f"The manifest '{name}' is not text in UTF-8 ({error.reason}); convert it."
        ) from error
    folder = place.rpartition("/")[0] if is_url(place) else str(Path(place).resolve().parent)
    items = []
    for line, record in reader(text, name):
        where = f"Line {line} of '{name}'"
        items.append(_item(record, where, folder, settings or {}, styles, network, guides or {}))
    if not items:
        raise RecipeError(f"The manifest '{name}' has no rows; give one for each picture.")
    check_ids([item.id for item in items])
    return items


def _csv_records(text: str, name: str) -> Iterator[tuple[int, Record]]:
    """Yield line numbers and the cells of every row that are not empty."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [cell.strip() for cell in next(reader, [])]
        _check_columns(header, f"The header of '{name}'")
        if len(set(header)) < len(header):
            raise RecipeError(f"The header of '{name}' has a column twice: {', '.join(header)}.")
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) > len(header):
                raise RecipeError(
                    f"Line {reader.line_num} of '{name}' has {len(cells)} cells, the header only {len(header)};"
                    ' put cells with commas into quotes ("...").'
                )
            filled = {key: cell.strip() for key, cell in zip(header, cells, strict=False) if cell.strip()}
            yield reader.line_num, {key: _cell(key, value) for key, value in filled.items()}
    except csv.Error as error:
        raise RecipeError(
            f"Line {reader.line_num} of '{name}' is not valid CSV ({error}); correct it."
        ) from error


def _cell(column: str, text: str) -> Any:
    if column in LISTS:
        return [part.strip() for part in text.split(";") if part.strip()]
    return text.split(",") if column in NUMBER_LISTS else text


def _json_records(text: str, name: str) -> Iterator[tuple[int, Record]]:
    """Yield line numbers and objects; null means not given."""
    # Not splitlines: a string of JSON may contain other line separators, such as U+2028.
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        where = f"Line {number} of '{name}'"
        try:
            record = json.loads(line, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise RecipeError(f"{where} is not valid JSON ({error}); write one object a line.") from error
        if not isinstance(record, dict):
            raise RecipeError(f"{where} is a {type(record).__name__} and not an object; write {{...}}.")
        _check_columns(list(record), where)
        yield number, {key: value for key, value in record.items() if value is not None}


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _check_columns(names: Sequence[str], where: str) -> None:
    for name in names:
        if name not in COLUMNS and name not in Recipe.model_fields:
            raise RecipeError(f"{where}: {unknown('column', name, [*COLUMNS, *Recipe.model_fields])}")
    if "content" not in names:
        raise RecipeError(f"{where} has no column 'content'; it names the picture to paint.")


def _item(
    record: Record,
    where: str,
    folder: str,
    settings: Mapping[str, Any],
    styles: Sequence[str],
    network: str | None,
    guides: Mapping[str, Any],
) -> BatchItem:
    content = record.pop("content", None)
    if not isinstance(content, str):
        raise RecipeError(f"{where} has no content; name the picture to paint.")
    chosen_network = _network(record, where, folder) if {"network", "fast"} & record.keys() else network
    names = record.pop("styles", None)
    given = list(styles)
    if names is not None:
        own = chosen_network is not None and chosen_network != "fast"
        given = [_style(name, folder, own) for name in _texts(names, "styles", where)]
    stored = dict(guides)
    if "masks" in record:
        stored["masks"] = [_guide(name, folder) for name in _texts(record.pop("masks"), "masks", where)]
    if "protect" in record:
        stored["protect"] = _guide(_texts(record.pop("protect"), "protect", where)[0], folder)
    item_id = record.pop("id", None)
    if item_id is None:
        item_id = Path(name_of(content)).stem
    if isinstance(item_id, bool) or not isinstance(item_id, str | int):
        raise RecipeError(f"{where} has the id {item_id!r}; give text or a whole number.")
    for name in FILE_FIELDS:
        if isinstance(record.get(name), str):
            record[name] = _beside(record[name], folder)
    return BatchItem(
        str(item_id), _beside(content, folder), tuple(given), {**settings, **record}, chosen_network, stored
    )


def _network(record: Record, where: str, folder: str) -> str | None:
    """Return the network of a row; None paints by optimisation."""
    network, fast = record.pop("network", None), record.pop("fast", None)
    if network is not None:
        if not isinstance(network, str):
            raise RecipeError(f"{where} has the network {network!r}; give its name or file.")
        return _beside(network, folder) if Path(network).suffix else network
    text = str(fast).lower()
    if text not in YES + NO:
        raise RecipeError(f"{where} has {fast!r} for fast; give true or false.")
    return "fast" if text in YES else None


def _texts(value: Any, column: str, where: str) -> list[str]:
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(text, str) and text for text in values):
        raise RecipeError(f"{where} has {value!r} for {column}; give names of files.")
    return values


def _style(name: str, folder: str, own: bool) -> str:
    """Return the place of a style; a network's own style is a name without a suffix."""
    return name if own and not Path(name).suffix else _beside(name, folder)


def _guide(name: str, folder: str) -> str:
    return name if name in MASK_NAMES else _beside(name, folder)


def _beside(name: str, folder: str) -> str:
    """Return the place of a file that is named relative to ``folder``."""
    if is_url(name) or Path(name).is_absolute():
        return name
    if "\0" in name:
        raise PictureError(f"{name!r} cannot be a file's name.")
    return f"{folder}/{name}"
