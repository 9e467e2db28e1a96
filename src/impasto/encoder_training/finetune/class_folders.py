"""Class folders: listing, reading, and a split into training and held-out pictures."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from impasto.errors import PictureError
from impasto.imaging import READABLE, read_picture, resize
from impasto.training.pictures import OnProgress, Skipped, over_white, read_ahead, to_bytes

LEAST = 2
# A picture is decoded at most this many times as long as its shorter side is kept.
MOST_ELONGATED = 4


@dataclass(frozen=True)
class ClassFolders:
    """The pictures of each class folder, in order of name, and the number of ignored files."""

    folder: Path
    classes: dict[str, tuple[Path, ...]]
    ignored: int


class Store:
    """Pictures `(3, h, w)` uint8 by index: in memory up to `limit` bytes, others are read again for each use."""

    def __init__(self, side: int, limit: int) -> None:
        self.side = side
        self.bytes_left = limit
        self.paths: list[Path] = []
        self._kept: list[Tensor | None] = []

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Tensor:
        """Return a picture; raises PictureError if it cannot be read again."""
        kept = self._kept[index]
        return read_small(self.paths[index], self.side) if kept is None else kept

    def add(self, path: Path, pixels: Tensor) -> None:
        """Add the picture read from `path`, and keep its pixels in memory if they fit."""
        fits = pixels.numel() <= self.bytes_left
        self.bytes_left -= pixels.numel() if fits else 0
        self.paths.append(path)
        self._kept.append(pixels if fits else None)


@dataclass(frozen=True)
class ClassPictures:
    """A data set in memory: `labels[i]` is the class of `store[i]`; `train` and `held_out` are indices.

    `digest` is the SHA-256 of names and pixels, by which a resumed run knows that nothing has changed.
    """

    folder: Path
    classes: tuple[str, ...]
    store: Store
    labels: tuple[int, ...]
    train: tuple[int, ...]
    held_out: tuple[int, ...]
    skipped: tuple[Skipped, ...]
    ignored: int
    digest: str

    def counts(self) -> list[tuple[int, int]]:
        """Return how many pictures of every class are trained on and held out."""
        train, held = ([self.labels[i] for i in part] for part in (self.train, self.held_out))
        return [(train.count(label), held.count(label)) for label in range(len(self.classes))]


def find_classes(folder: Path) -> ClassFolders:
    """Return the class folders in `folder` and the pictures in each; nothing is read.

    Hidden files are passed over, other files that are no pictures are counted as ignored. Raises PictureError
    unless `folder` is a folder of at least two class folders with at least `LEAST` pictures each.
    """
    if not folder.exists():
        raise PictureError(f"The folder '{folder}' does not exist; give a folder of class folders.")
    if not folder.is_dir():
        raise PictureError(f"'{folder}' is not a folder; give a folder that holds one folder for each class.")
    inside = _listed(folder)
    homes = [path for path in inside if path.is_dir()]
    ignored = len(inside) - len(homes)
    if not homes:
        what = f"{ignored} files and no class folders" if ignored else "nothing"
        raise PictureError(
            f"'{folder}' holds {what}; put the pictures of each class into a folder of its own."
        )
    if len(homes) == 1:
        raise PictureError(
            f"'{folder}' holds only the class '{homes[0].name}'; at least 2 class folders are needed."
        )
    classes: dict[str, tuple[Path, ...]] = {}
    for home in homes:
        files = _listed(home)
        pictures = tuple(path for path in files if path.suffix.lower() in READABLE and path.is_file())
        ignored += len(files) - len(pictures)
        classes[home.name] = pictures
        _check_count(home, len(pictures), 0)
    return ClassFolders(folder, classes, ignored)


def read_classes(
    folders: ClassFolders,
    *,
    side: int,
    limit: int,
    share: float,
    seed: int,
    on_progress: OnProgress | None = None,
) -> ClassPictures:
    """Read every picture of `folders` once and split each class; pictures that cannot be read are skipped.

    side: shorter side at which they are kept; limit: bytes of them to keep; share: of every class that is held
    out, at least one picture; on_progress(done, total) is called after each picture. Raises PictureError if a class
    has fewer than `LEAST` pictures that can be read.
    """
    store, labels, skipped = Store(side, limit), [], []
    digest = hashlib.sha256()
    paths = [(label, path) for label, inside in enumerate(folders.classes.values()) for path in inside]
    results = read_ahead([path for _, path in paths], lambda path: read_small(path, side))
    with closing(results):
        for done, ((label, path), result) in enumerate(zip(paths, results, strict=True), start=1):
            if isinstance(result, Skipped):
                skipped.append(result)
            else:
                store.add(path, result)
                labels.append(label)
                digest.update(f"{label}/{path.name}/{tuple(result.shape)}".encode())
                digest.update(result.numpy().tobytes())
            if on_progress is not None:
                on_progress(done, len(paths))
    for label, (name, inside) in enumerate(folders.classes.items()):
        _check_count(folders.folder / name, labels.count(label), len(inside) - labels.count(label))
    train, held_out = split(labels, share, seed)
    return ClassPictures(
        folder=folders.folder,
        classes=tuple(folders.classes),
        store=store,
        labels=tuple(labels),
        train=train,
        held_out=held_out,
        skipped=tuple(skipped),
        ignored=folders.ignored,
        digest=digest.hexdigest(),
    )


def split(labels: Sequence[int], share: float, seed: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return indices to train on and to hold out: of every class `share`, at least one, never all; sorted."""
    train: list[int] = []
    held_out: list[int] = []
    for label in sorted(set(labels)):
        members = [index for index, member in enumerate(labels) if member == label]
        random.Random(f"split {seed} {label}").shuffle(members)
        count = min(len(members) - 1, max(1, round(share * len(members))))
        held_out += members[:count]
        train += members[count:]
    return tuple(sorted(train)), tuple(sorted(held_out))


def read_small(path: Path, side: int) -> Tensor:
    """Return a picture as `(3, h, w)` uint8, its shorter side at most `side`; transparency becomes white.

    Raises PictureError if it cannot be read.
    """
    picture = read_picture(path, longest=MOST_ELONGATED * side)
    pixels = over_white(picture)
    shorter = min(picture.height, picture.width)
    if shorter > side:
        size = (max(1, round(edge * side / shorter)) for edge in (picture.height, picture.width))
        height, width = size
        pixels = resize(pixels, (height, width))
    return to_bytes(pixels)


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise PictureError(
            f"The folder '{folder}' cannot be listed ({error.strerror}); change its permissions."
        ) from error


def _check_count(home: Path, count: int, unreadable: int) -> None:
    if count >= LEAST:
        return
    have = "no picture" if count == 0 else "1 picture"
    lost = f" that can be read ({unreadable} cannot)" if unreadable else ""
    raise PictureError(
        f"The class '{home.name}' has {have}{lost}; every class needs at least {LEAST}, one to learn from and "
        "one to judge by: add pictures or remove the folder."
    )
