"""Provenance embedded in pictures: the JSON object with the recipe, styles and guides that made them.

PNG stores the provenance as the text "impasto"; every other format as the JSON object `{"impasto": provenance}` in the
EXIF/TIFF ImageDescription. The JSON is plain ASCII (other characters as \\u escapes), so that no program can damage its
encoding.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from PIL import ExifTags, Image

from impasto.errors import RecipeError
from impasto.imaging.decode import open_image, picture_errors
from impasto.imaging.read_arrays import check_file

KEY = "impasto"
MOST_BYTES = 1_000_000
_DESCRIPTION = ExifTags.Base.ImageDescription


def provenance_text(provenance: Mapping[str, object]) -> str:
    """Return the provenance as one line of ASCII JSON.

    Raises RecipeError if it contains values that JSON cannot represent (such as NaN), or is over 1 MB.
    """
    try:
        text = json.dumps(dict(provenance), ensure_ascii=True, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise RecipeError(
            f"This recipe cannot be saved as JSON ({error}); use text, finite numbers, lists and mappings."
        ) from error
    if len(text) > MOST_BYTES:
        raise RecipeError(f"A recipe may have 1 MB as JSON, this one has {len(text)} bytes; shorten it.")
    return text


def description_text(provenance: Mapping[str, object]) -> str:
    """Return the text for the ImageDescription of formats without text fields, marked as impasto's."""
    return f'{{"{KEY}": {provenance_text(provenance)}}}'


def read_embedded_json(path: str | os.PathLike[str]) -> dict[str, object]:
    """Return the provenance embedded in a picture, or stored in a JSON file.

    For a picture without one, `out.json` and then `out.png.json` beside it are tried. Raises PictureError if the file
    cannot be read, RecipeError if there is no provenance or it is damaged (not JSON, not an object, over 1 MB).
    """
    file = Path(path)
    check_file(file)
    with picture_errors(file), file.open("rb") as opened:
        is_json = file.suffix.lower() == ".json" or opened.read(64).lstrip().startswith(b"{")
        text = None if is_json else _embedded(file)
    if is_json:
        return _from_file(file)
    if text is not None:
        return _parse(text, f"The recipe in '{file}'")
    for beside in (file.with_suffix(".json"), file.with_name(file.name + ".json")):
        if beside.is_file():
            return _from_file(beside)
    raise RecipeError(
        f"'{file}' contains no recipe, and there is none beside it; give a picture made by impasto"
        " or its .json file."
    )


def _from_file(path: Path) -> dict[str, object]:
    with picture_errors(path), path.open("rb") as opened:
        data = opened.read(MOST_BYTES + 1)
    return _parse(data, f"The recipe '{path}'")


def embedded_provenance(file: BinaryIO, name: str) -> dict[str, object] | None:
    """Return the provenance in an open picture file, or None if it holds none; the pixels are not decoded.

    Raises PictureError if the file called `name` is no picture, RecipeError if the provenance is damaged.
    """
    with picture_errors(Path(name)):
        text = _text_in(file)
    return None if text is None else _parse(text, f"The recipe in '{name}'")


def _embedded(path: Path) -> str | None:
    with path.open("rb") as opened:
        return _text_in(opened)


def _text_in(file: BinaryIO) -> str | None:
    """Return the embedded JSON text, or None."""
    with open_image(file) as image:
        if image.format == "PNG":
            text = image.info.get(KEY)
            return text if isinstance(text, str) else None
        description = _exif(image).get(_DESCRIPTION)
    if isinstance(description, str) and description.startswith(f'{{"{KEY}"'):
        return description.rstrip("\0")
    return None


def _exif(image: Image.Image) -> Image.Exif:
    try:
        return image.getexif()
    except Exception:  # with damaged EXIF there is no provenance, but the picture itself may be good
        return Image.Exif()


def _parse(text: str | bytes, what: str) -> dict[str, object]:
    if len(text) > MOST_BYTES:
        raise RecipeError(f"{what} is over 1 MB; give the recipe of one picture.")
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:  # JSONDecodeError and UnicodeDecodeError are ValueErrors
        raise RecipeError(f"{what} is damaged, it is not JSON ({error}); give another.") from error
    if isinstance(value, dict) and value.keys() == {KEY} and isinstance(value[KEY], dict):
        value = value[KEY]
    if not isinstance(value, dict):
        raise RecipeError(
            f"{what} is damaged, it is a {type(value).__name__} and not an object; give another."
        )
    return value


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")
