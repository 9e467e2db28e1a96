"""Names of output files: the given name, or a free one that overwrites nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, takewhile
from pathlib import Path

from impasto.errors import OutputError, RecipeError
from impasto.imaging.file_names import joined_stem


@dataclass(frozen=True)
class Target:
    """An output picture. ``named`` says whether the user chose the name; otherwise no file is overwritten."""

    path: Path
    named: bool

    def with_free_name(self) -> Target:
        """Return the target with a name that is free now; a name given by the user is unchanged."""
        return self if self.named else Target(free(self.path), False)

    @property
    def sidecar(self) -> Path:
        """Path of the recipe's JSON file."""
        return beside(self.path, "json")

    @property
    def checkpoint(self) -> Path:
        """Default path of the checkpoint of an interrupted run."""
        return beside(self.path, "checkpoint")


def target(out: Path | None, folder: Path | None, parts: Sequence[str]) -> Target:
    """Return the target of a picture made from ``parts``, the names of its content and style images."""
    if out is not None:
        return Target(out, True)
    return Target(default_path(folder, parts), False).with_free_name()


def default_path(folder: Path | None, parts: Sequence[str]) -> Path:
    """Return the path of a picture that the user did not name, whether or not it is taken."""
    return (folder or Path()) / f"{joined_stem(parts)}.png"


def free(path: Path) -> Path:
    """Return ``path``, or the first of ``path-2``, ``path-3``, ... that does not exist.

    A name also counts as taken if there is a recipe or checkpoint of that name.
    """
    return next(candidate for candidate in _candidates(path) if not _taken(candidate))


def finished(path: Path, key: str) -> Path | None:
    """Return the picture among ``path``, ``path-2``, ... that was painted for the request ``key``; None if none was."""
    from impasto.batch import stored_key

    for candidate in takewhile(_taken, _candidates(path)):
        if candidate.is_file() and stored_key(str(candidate)) == key:
            return candidate
    return None


def _candidates(path: Path) -> Iterator[Path]:
    yield path
    for number in count(2):
        yield path.with_name(f"{path.stem}-{number}{path.suffix}")


def _taken(path: Path) -> bool:
    return any(os.path.lexists(p) for p in (path, beside(path, "json"), beside(path, "checkpoint")))


def beside(path: Path, suffix: str) -> Path:
    """Return ``path`` with another suffix added: ``out.png.json``."""
    return path.with_name(f"{path.name}.{suffix}")


def make_folder(folder: Path) -> None:
    """Create ``folder`` and its parents; raises `OutputError`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"The folder '{folder}' cannot be created ({error.strerror}); choose another."
        ) from error


def by_real_path(paths: Sequence[Path]) -> dict[Path, Path]:
    """Return paths by where their symbolic links lead."""
    return {path.resolve(): path for path in paths}


def check_overwrites(option: str, path: Path, read: Mapping[Path, Path]) -> Path:
    """Return where an output really is; raises `RecipeError` if that is a file that is read.

    ``read`` are the files that are read, from `by_real_path`.
    """
    real = path.resolve()
    if real in read:
        raise RecipeError(f"{option} would overwrite '{read[real]}', which is an input; give another name.")
    return real


def check_distinct(read_files: Sequence[Path], outputs: dict[str, Path]) -> None:
    """Raise `RecipeError` if two outputs are the same file, or an output would overwrite a file that is read."""
    read = by_real_path(read_files)
    options: dict[Path, str] = {}
    for option, path in outputs.items():
        real = check_overwrites(option, path, read)
        if real in options:
            raise RecipeError(f"{options[real]} and {option} are both '{path}'; give two different names.")
        options[real] = option
