"""The class folders that a fine-tuning learns from: the user's own, or twenty classes painted by program."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Generator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from impasto.encoder_training.finetune.class_folders import Found, find_classes
from impasto.encoder_training.finetune.painted import JPEG_QUALITY, paint_picture
from impasto.encoder_training.finetune.patterns import CLASSES
from impasto.errors import OutputError, PictureError
from impasto.imaging import write_bytes_atomic
from impasto.lab.work import Going

PER_CLASS = 100
# To be raised when the same class and number give another picture.
VERSION = 1


@dataclass(frozen=True)
class Classes:
    """Pictures by class in ``found``; those with ``side`` are painted, as large, where they are not there yet."""

    found: Found
    side: int | None

    @property
    def count(self) -> int:
        """How many pictures there are."""
        return sum(len(paths) for paths in self.found.classes.values())

    @property
    def identity(self) -> dict[str, Any]:
        """How they are painted, or the SHA-256 of their names and bytes; raises `PictureError`."""
        if self.side is not None:
            counts = {name: len(paths) for name, paths in self.found.classes.items()}
            return {"version": VERSION, "painted": counts, "side": self.side}
        digest = hashlib.sha256()
        for name, paths in self.found.classes.items():
            for path in paths:
                try:
                    data = path.read_bytes()
                except OSError as error:
                    raise PictureError(
                        f"'{path}' cannot be read ({error.strerror}); change its permissions."
                    ) from error
                digest.update(f"{name}/{path.name}/{len(data)}/".encode())
                digest.update(data)
        return {"sha256": digest.hexdigest()}

    def paint(self) -> Generator[Going, None, None]:
        """Paint the pictures that are not there, yielding after each; raises `OutputError`."""
        if self.side is None:
            return
        for name, paths in self.found.classes.items():
            try:
                paths[0].parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise OutputError(
                    f"The folder '{paths[0].parent}' cannot be made ({error.strerror}); choose another."
                ) from error
            for index, path in enumerate(paths):
                if not path.is_file():
                    data = io.BytesIO()
                    paint_picture(name, index, size=self.side).save(data, "JPEG", quality=JPEG_QUALITY)
                    write_bytes_atomic(path, data.getvalue())
                    yield Going()


def given_classes(folder: Path, classes: int | None, per_class: int | None) -> Classes:
    """Return the first ``classes`` classes of the user's folder, ``per_class`` of each, all for None.

    Raises `PictureError`.
    """
    found = find_classes(folder)
    some = {name: paths[:per_class] for name, paths in islice(found.classes.items(), classes)}
    return Classes(Found(found.folder, some, found.ignored), None)


def painted_classes(home: Path, side: int, classes: int | None, per_class: int | None) -> Classes:
    """Return the first ``classes`` of the painted classes, all for None, with 100 pictures unless told otherwise.

    They lie in a folder of ``home`` and are those of `impasto finetune --make-data`, for ``side`` 160.
    """
    folder = home / f"{side}px"
    numbers = range(PER_CLASS if per_class is None else per_class)
    some = {
        name: tuple(folder / name / f"{name}-{n:05}.jpg" for n in numbers)
        for name in islice(CLASSES, classes)
    }
    return Classes(Found(folder, some, 0), side)
