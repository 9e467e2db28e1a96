"""Where a picture goes: the name that was given, or a free one that overwrites nothing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from impasto.errors import OutputError, RecipeError

# File systems allow 255 bytes; the rest is for "-12.png.checkpoint".
MOST_BYTES = 200


@dataclass(frozen=True)
class Target:
    """A picture to write. If the user did not name it, ``named`` is False and nothing is ever overwritten."""

    path: Path
    named: bool

    def settled(self) -> Target:
        """Return the target with a name that is free now, or as it is when the user named it."""
        return self if self.named else Target(free(self.path), False)

    @property
    def sidecar(self) -> Path:
        """Where the recipe goes."""
        return beside(self.path, "json")

    @property
    def checkpoint(self) -> Path:
        """Where an interrupted run is saved unless told otherwise."""
        return beside(self.path, "checkpoint")


def target(out: Path | None, folder: Path | None, parts: Sequence[str]) -> Target:
    """Return where a picture made of ``parts`` (names of photograph and paintings) goes."""
    if out is not None:
        return Target(out, True)
    return Target((folder or Path()) / f"{joined(parts)}.png", False).settled()


def joined(parts: Sequence[str]) -> str:
    """Return the stem of a file's name made of ``parts``, cut where file systems would not take it."""
    stem = "-".join(part for part in parts if part) or "picture"
    while len(os.fsencode(stem)) > MOST_BYTES:
        stem = stem[: len(stem) * 9 // 10]
    return stem


def free(path: Path) -> Path:
    """Return ``path``, or the first of ``path-2``, ``path-3``, ... that takes no existing file's place.

    A file beside it that belongs to another picture (recipe, checkpoint) counts as taken, too.
    """
    candidate, number = path, 1
    while any(
        os.path.lexists(p) for p in (candidate, beside(candidate, "json"), beside(candidate, "checkpoint"))
    ):
        number += 1
        candidate = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return candidate


def beside(path: Path, suffix: str) -> Path:
    """Return ``path`` with another suffix added: ``out.png.json``."""
    return path.with_name(f"{path.name}.{suffix}")


def make_folder(folder: Path) -> None:
    """Create ``folder`` and those above it; raises `OutputError`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"The folder '{folder}' cannot be created ({error.strerror}); choose another."
        ) from error


def check_distinct(inputs: Sequence[Path], outputs: dict[str, Path]) -> None:
    """Raise `RecipeError` if two outputs are one file, or an output would replace a picture that is read."""
    read = {path.resolve(): path for path in inputs}
    seen: dict[Path, str] = {}
    for option, path in outputs.items():
        real = path.resolve()
        if real in read:
            raise RecipeError(f"{option} would overwrite '{read[real]}', which is read; give another name.")
        if real in seen:
            raise RecipeError(f"{seen[real]} and {option} are both '{path}'; give two names.")
        seen[real] = option
