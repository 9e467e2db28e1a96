"""Clips made of pictures: animated GIF, WebP and PNG, and folders or patterns of picture files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from impasto.errors import ImpastoError, PictureError
from impasto.imaging import check_file, pictures_in, read_planes
from impasto.imaging.decode import picture_errors
from impasto.imaging.limits import check_pixels
from impasto.video.clip import ClipInfo, DecodedFrame, ReadProblems
from impasto.video.color_tags import SRGB_TAGS
from impasto.video.frame import Pixels

DEFAULT_RATE = 25
# Browsers show frames of less than 20 ms for 100 ms.
SHORTEST_MS, SHOWN_MS = 20, 100
ANIMATED = ("GIF", "WEBP", "PNG")
_PATTERN = re.compile(r"%0?\d*d")


class AnimationClip:
    """An animated GIF, WebP or PNG; transparent places are white. Raises `PictureError` if it cannot be read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems = ReadProblems()
        with picture_errors(path), Image.open(path, formats=ANIMATED) as image:
            check_pixels(*image.size, f"'{path}'")
            count = getattr(image, "n_frames", 1)
            size = (image.height, image.width)
            kind = str(image.format)
        durations = [duration for _, duration in self._stamps()]
        seconds = sum(durations, Fraction(0)) or Fraction(1, DEFAULT_RATE)
        self.info = ClipInfo(
            path, "animation", *size, len(durations) / seconds, seconds, count, Fraction(1, 1000), SRGB_TAGS,
            codec=kind.lower(),
        )  # fmt: skip

    def frames(self, start: Fraction = Fraction(0)) -> Iterator[DecodedFrame]:  # noqa: ARG002 (always from the first)
        """Yield all frames (see `Clip`); frames of an animation build upon those before."""
        self.problems = ReadProblems()
        time = Fraction(0)
        for image, duration in self._stamps():
            yield DecodedFrame(time, duration, partial(_same, _over_white(image)))
            time += duration
        if self.problems.broken:
            self.problems.ends_at = time

    def _stamps(self) -> Iterator[tuple[Any, Fraction]]:
        """Yield the open image at every frame, and its duration in seconds."""
        with picture_errors(self.path), Image.open(self.path, formats=ANIMATED) as image:
            for index in range(getattr(image, "n_frames", 1)):
                try:
                    image.seek(index)
                    image.load()
                except Exception:  # Pillow raises a dozen kinds for damaged files
                    if index == 0:
                        raise
                    self.problems.broken += 1
                    return
                shown = image.info.get("duration") or 0
                shown = SHOWN_MS if shown < SHORTEST_MS else shown
                yield image, Fraction(round(shown * 1000), 1_000_000)


class SequenceClip:
    """Pictures of one size as the frames of a clip, ``rate`` a second. Raises `PictureError` if there are none."""

    def __init__(self, path: Path, files: Sequence[Path], rate: Fraction) -> None:
        self.files = files
        self.problems = ReadProblems()
        first = read_planes(files[0])
        height, width = first.pixels.shape[2:]
        self.info = ClipInfo(
            path, "pictures", height, width, rate, len(files) / rate, len(files), 1 / rate, SRGB_TAGS, first.bits,
            codec=files[0].suffix.lower().removeprefix("."),
        )  # fmt: skip

    def frames(self, start: Fraction = Fraction(0)) -> Iterator[DecodedFrame]:
        """Yield the pictures from ``start`` on (see `Clip`); those that cannot be read are left out."""
        self.problems = ReadProblems()
        step = 1 / self.info.rate
        for index in range(min(int(start / step), len(self.files) - 1), len(self.files)):
            try:
                pixels = self._read(self.files[index])
            except ImpastoError as error:
                self.problems.broken += 1
                self.problems.notes.append(str(error))
                continue
            yield DecodedFrame(index * step, step, partial(_same, pixels))

    def _read(self, path: Path) -> Pixels:
        pixels = read_planes(path).pixels[0].transpose(1, 2, 0)
        if pixels.shape[:2] != (self.info.height, self.info.width):
            raise PictureError(
                f"'{path}' is {pixels.shape[1]}x{pixels.shape[0]}, but the first picture is "
                f"{self.info.width}x{self.info.height}; pictures of one clip have one size."
            )
        return np.ascontiguousarray(pixels)


def is_animation(path: Path) -> bool:
    """Return whether a file is a GIF, WebP or PNG, by its first bytes."""
    with path.open("rb") as file:
        head = file.read(12)
    return head[:4] in (b"GIF8", b"\x89PNG") or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")


def sequence_files(path: Path) -> list[Path] | None:
    """Return the pictures that a folder or a pattern such as ``frames/%04d.png`` names; None for anything else.

    Raises `PictureError` if there are none.
    """
    if path.is_dir():
        return pictures_in([path])
    if not _PATTERN.search(path.name) or path.exists():
        return None
    expression = re.compile(r"(\d+)".join(re.escape(part) for part in _PATTERN.split(path.name)))
    numbered = []
    for file in path.parent.iterdir() if path.parent.is_dir() else ():
        match = expression.fullmatch(file.name)
        if match:
            numbered.append((tuple(int(number) for number in match.groups()), file))
    if not numbered:
        raise PictureError(f"No file is named like '{path}'; check the folder and the number of digits.")
    for _, file in numbered:
        check_file(file)
    return [file for _, file in sorted(numbered)]


def _over_white(image: Any) -> Pixels:
    rgba = np.asarray(image.convert("RGBA"), dtype=np.float32) * np.float32(1 / 255)
    color, alpha = rgba[..., :3], rgba[..., 3:]
    return np.ascontiguousarray(color * alpha + (1 - alpha))


def _same(pixels: Pixels) -> Pixels:
    return pixels
