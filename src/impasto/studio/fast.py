"""The process that paints previews in one pass, so that they come at once while a job runs."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from impasto.imaging import Picture, read_picture
from impasto.networks.run.fast import FastPainter, FastSettings
from impasto.studio.desk import webp
from impasto.studio.processes import answer

# Photographs that stay decoded at preview size; what styles are is remembered by the network itself.
REMEMBERED = 8


def run(pipe: Connection) -> None:
    """Answer until the server is gone."""
    warnings.simplefilter("ignore")
    answer(pipe, {"paint": Previews().paint})


class Previews:
    """The network, opened once, and the photographs it was last asked about."""

    def __init__(self) -> None:
        self._painter: FastPainter | None = None
        self._pictures: OrderedDict[tuple[str, int], Picture] = OrderedDict()

    def paint(
        self,
        content: str,
        styles: list[str],
        size: int,
        masks: list[str],
        protect: str | None,
        **settings: Any,
    ) -> bytes:
        """Return a preview as WebP. Masks are words or files; ``settings`` are fields of `FastSettings`."""
        if self._painter is None:
            self._painter = FastPainter()
        mix = settings.pop("mix")
        painted = self._painter.paint(
            self._read(content, size),
            styles,
            FastSettings(
                **settings, mix=None if mix is None else tuple(mix), masks=tuple(masks), protect=protect
            ),
        )
        return webp(Picture(painted.pixels, painted.alpha), quality=85)

    def _read(self, path: str, longest: int) -> Picture:
        key = (path, longest)
        if key not in self._pictures:
            self._pictures[key] = read_picture(Path(path), longest=longest)
        self._pictures.move_to_end(key)
        while len(self._pictures) > REMEMBERED:
            self._pictures.popitem(last=False)
        return self._pictures[key]
