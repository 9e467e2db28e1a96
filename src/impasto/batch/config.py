"""Configuration files of batches, in TOML. Importing this module does not import torch."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from impasto.batch.places import is_url
from impasto.errors import PictureError, RecipeError, unknown
from impasto.imaging import MASK_NAMES, check_file

# Options whose values are files, which are relative to the folder of the configuration.
PLACES = (
    "content", "style", "manifest", "out_dir", "report", "sheet", "mask", "style_mask", "regions", "style_regions",
    "protect", "start_picture", "weights", "network",
)  # fmt: skip


def read_config(path: Path, names: Collection[str]) -> dict[str, Any]:
    """Return the options in a TOML file, by their names with underscores; files are relative to its folder.

    ``names`` are the options that may be set. Raises `PictureError` if the file cannot be read, `RecipeError` if it is
    not TOML or sets another option.
    """
    check_file(path)
    try:
        stored = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PictureError(f"'{path}' cannot be read ({error.strerror}).") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"'{path}' is not valid TOML ({error}); correct it.") from error
    options: dict[str, Any] = {}
    for key, value in stored.items():
        name = key.replace("-", "_")
        if name not in names:
            raise RecipeError(f"'{path}': {unknown('option', key, [n.replace('_', '-') for n in names])}")
        if isinstance(value, Mapping) != (name == "vary"):
            raise RecipeError(f"'{path}' has {key} = {value!r}; give {_expected(name)}.")
        options[name] = _located(name, value, path.resolve().parent) if name in PLACES else value
    return options


def _expected(name: str) -> str:
    return "a table, as in [vary] strength = [0.2, 0.5]" if name == "vary" else "a value and not a table"


def _located(name: str, value: Any, folder: Path) -> Any:
    """Return the files of an option relative to `folder`; words, URLs, and what is no name stay."""
    if isinstance(value, list):
        return [_located(name, part, folder) for part in value]
    if not isinstance(value, str) or is_url(value) or value in MASK_NAMES:
        return value
    # A network that ships, and a network's own style, are names without a suffix; so is a folder of styles.
    is_name = name in ("network", "style") and not Path(value).suffix
    return value if is_name and not (folder / value).exists() else str(folder / value)
