"""Training data of a fine-tuning: the user's class folders, or twenty classes painted by program."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Generator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from impasto.encoder_training.finetune.class_folders import ClassFolders, find_classes
from impasto.encoder_training.finetune.painted import JPEG_QUALITY, paint_picture
from impasto.encoder_training.finetune.patterns import CLASSES
from impasto.errors import OutputError, PictureError
from impasto.imaging import write_bytes_atomic
from impasto.lab.work import CellProgress

PER_CLASS = 100
# Raise it when the same class and number give another picture.
VERSION = 1


@dataclass(frozen=True)
class ClassData:
    """Picture files by class in ``folders``.

    With a ``side``, missing pictures are painted in this size (pixels); without one, all are the user's.
    """

    folders: ClassFolders
    side: int | None

    @property
    def count(self) -> int:
        """The number of pictures."""
        return sum(len(paths) for paths in self.folders.classes.values())

    @property
    def identity(self) -> dict[str, Any]:
        """How the pictures are painted, or the SHA-256 of their names and bytes; raises `PictureError`."""
        if self.side is not None:
            counts = {name: len(paths) for name, paths in self.folders.classes.items()}
            return {"version": VERSION, "painted": counts, "side": self.side}
        digest = hashlib.sha256()
        for name, paths in self.folders.classes.items():
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

    def paint(self) -> Generator[CellProgress, None, None]:
        """Paint the missing pictures, yielding after each; raises `OutputError`."""
        if self.side is None:
            return
        for name, paths in self.folders.classes.items():
            try:
                paths[0].parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise OutputError(
                    f"The folder '{paths[0].parent}' cannot be created ({error.strerror}); choose another."
                ) from error
            for index, path in enumerate(paths):
                if not path.is_file():
                    data = io.BytesIO()
                    paint_picture(name, index, size=self.side).save(data, "JPEG", quality=JPEG_QUALITY)
                    write_bytes_atomic(path, data.getvalue())
                    yield CellProgress()


def given_classes(folder: Path, classes: int | None, per_class: int | None) -> ClassData:
    """Return ``per_class`` pictures of each of the first ``classes`` classes in the user's folder; None takes all.

    Raises `PictureError`.
    """
    folders = find_classes(folder)
    selected = {name: paths[:per_class] for name, paths in islice(folders.classes.items(), classes)}
    return ClassData(ClassFolders(folders.folder, selected, folders.ignored), None)


def painted_classes(home: Path, side: int, classes: int | None, per_class: int | None) -> ClassData:
    """Return ``per_class`` pictures (default 100) of each of the first ``classes`` painted classes; None takes all.

    They are painted into a folder of ``home``. With ``side`` 160 they equal those of `impasto finetune --make-data`.
    """
    folder = home / f"{side}px"
    numbers = range(PER_CLASS if per_class is None else per_class)
    selected = {
        name: tuple(folder / name / f"{name}-{n:05}.jpg" for n in numbers)
        for name in islice(CLASSES, classes)
    }
    return ClassData(ClassFolders(folder, selected, 0), side)
