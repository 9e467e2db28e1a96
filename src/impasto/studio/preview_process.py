"""The process that paints previews in one pass, without waiting for a running job."""

from __future__ import annotations

import contextlib
import tempfile
import warnings
from collections import OrderedDict
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from impasto.encoders import tune_process
from impasto.errors import ImpastoError, TooLargeError
from impasto.feedforward.pretrained import DEFAULT_NETWORK
from impasto.feedforward.settings import OnePassSettings
from impasto.feedforward.stylizer import Stylizer
from impasto.guidance import Guides
from impasto.imaging import Picture, PictureLike, fit, read_picture, resize
from impasto.optimize.machine import available_memory
from impasto.optimize.memory import MEMORY_MARGIN
from impasto.studio.depth import print_bits
from impasto.studio.estimates import LARGE_PIXELS
from impasto.studio.image_service import webp
from impasto.studio.processes import answer

# Content pictures that stay decoded at preview size; the stylizer remembers the styles.
REMEMBERED = 12
# Memory of a large picture to keep: that of tiles, and of its pixels, which are mostly in files where it has a print
# size (1.9 GB at 100 megapixels), and in memory where it may be larger than its photograph.
TILE_BYTES, BYTES_PER_PRINTED_PIXEL, BYTES_PER_PIXEL = 1_000_000_000, 25, 100


def run(pipe: Connection) -> None:
    """Answer requests until the server closes the pipe."""
    warnings.simplefilter("ignore")
    tune_process()
    previews = Previews()
    with contextlib.suppress(ImpastoError):  # reported with the first request
        previews.warm()
    answer(pipe, {"paint": previews.paint})


class Previews:
    """The networks, opened once, and the content pictures of the last requests."""

    def __init__(self) -> None:
        self._stylizers: dict[str, Stylizer] = {}
        self._pictures: OrderedDict[tuple[str, int, float | None], Picture] = OrderedDict()

    def warm(self) -> None:
        """Open the network for any style and paint once: the first image takes longer than all later ones."""
        grey = Picture(torch.full((1, 3, 64, 64), 0.5))
        self._stylizer(DEFAULT_NETWORK).paint(grey, [grey])

    def paint(
        self,
        content: str,
        styles: list[str],
        network: str,
        size: int | str,
        masks: list[str],
        protect: str | None,
        mix: list[float] | None,
        format: str | None,
        at: float | None = None,
        pixels: int = 0,
        **settings: Any,
    ) -> bytes:
        """Return the picture in one pass: with a format as a file to keep, else as a WebP to look at.

        Masks are words or files, ``network`` is the name of one that ships, and ``settings`` are fields of
        `OnePassSettings`. Masks replace the mix: they already say where each style goes. With ``at``, content
        is a clip, of which the frame at that second is painted. Raises `TooLargeError` if the ``pixels`` of the
        picture need more memory than is free.
        """
        check_memory(pixels, BYTES_PER_PRINTED_PIXEL if isinstance(size, str) else BYTES_PER_PIXEL)
        shares = None if mix is None or masks else mix
        chosen = OnePassSettings.make({**settings, "mix": shares, "size": size})
        guides = Guides(tuple(masks), protect=protect)
        photo = self._photo(content, size, at, format is not None)
        result = self._stylizer(network).paint(photo, styles, chosen, guides)
        if format is None:
            return webp(Picture(result.pixels, result.alpha), quality=85)
        bits = print_bits(result.dpi) if format == "png" else 8
        with tempfile.TemporaryDirectory() as folder:
            return result.save(Path(folder) / f"picture.{format}", bits=bits).read_bytes()

    def _photo(self, content: str, size: int | str, at: float | None, for_file: bool) -> PictureLike:
        """Return a photograph for painting: a file if the painting crops it, else pixels.

        A picture to keep has the size that was asked for, also if the photograph is smaller.
        """
        if isinstance(size, str):
            return content
        picture = self._read(content, size, at)
        if not for_file:
            return picture
        height, width = fit(picture.height, picture.width, size)
        alpha = _resized(picture.alpha, height, width)
        return replace(picture, pixels=resize(picture.pixels, (height, width)), alpha=alpha)

    def _stylizer(self, network: str) -> Stylizer:
        if network not in self._stylizers:
            self._stylizers[network] = Stylizer(network)
        return self._stylizers[network]

    def _read(self, path: str, longest: int, at: float | None) -> Picture:
        key = (path, longest, at)
        if key not in self._pictures:
            if at is None:
                self._pictures[key] = read_picture(Path(path), longest=longest)
            else:
                from impasto.studio.clip_process import frame_picture

                self._pictures[key] = frame_picture(Path(path), at, longest)
        self._pictures.move_to_end(key)
        while len(self._pictures) > REMEMBERED:
            self._pictures.popitem(last=False)
        return self._pictures[key]


def check_memory(pixels: int, bytes_per_pixel: int) -> None:
    """Raise `TooLargeError` if a large picture in one pass needs more memory than a painting may use."""
    free = available_memory(torch.device("cpu"))
    need = TILE_BYTES + bytes_per_pixel * pixels
    if pixels <= LARGE_PIXELS or free is None or need <= MEMORY_MARGIN * free:
        return
    most = max(LARGE_PIXELS, (MEMORY_MARGIN * free - TILE_BYTES) / bytes_per_pixel)
    share = (most / pixels) ** 0.5
    raise TooLargeError(
        f"{pixels / 1e6:.0f} megapixels need about {need / 1e9:.1f} GB of memory, and {free / 1e9:.1f} GB are free; "
        f"choose at most {share:.0%} of this size."
    )


def _resized(alpha: Tensor | None, height: int, width: int) -> Tensor | None:
    return None if alpha is None else resize(alpha, (height, width)).clamp(0, 1)
