"""Large pictures in overlapping tiles: statistics of a sample first, then every tile with those, feathered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor

from impasto.imaging.frame import MARGIN, Frame, TileWindow

SAMPLE = 512
MOST_SAMPLES = 16
LEAST_SAMPLES = 4
# The sample is about this share of the picture, where the two numbers above allow it.
SAMPLE_SHARE = 0.125


@dataclass(frozen=True)
class Tiling:
    """How large tiles are and how they overlap, in pixels; a picture of up to `whole` x `whole` is painted at once.

    Of two neighbours' overlap, `halo` pixels at either end are thrown away, for they know less than they should of
    what lies around them; between those the two are blended over `feather` pixels.
    """

    side: int = 1536
    halo: int = 64
    feather: int = 32
    whole: int = 0

    @property
    def at_once(self) -> int:
        """The most pixels that are painted without tiles."""
        return max(self.side, self.whole) ** 2

    @property
    def overlap(self) -> int:
        """Pixels that two neighbours share at least."""
        return 2 * self.halo + self.feather


# A picture of 2048 x 2048 with its margin takes half a gigabyte at once, and two thirds of the time in tiles.
DEFAULT_TILING = Tiling(whole=2112)


@dataclass(frozen=True)
class Span:
    """A tile along one axis of the padded picture: where it starts, and the weight of each of its pixels."""

    start: int
    weight: Tensor


def spans(length: int, tiling: Tiling, multiple: int) -> list[Span]:
    """Return tiles along an axis of `length` (a multiple of `multiple`), whose weights sum to 1 at every pixel."""
    side = min(length, tiling.side // multiple * multiple)
    step = side - tiling.overlap - multiple  # starts are rounded to the multiple
    count = 1 if length == side else -(-(length - side) // step) + 1
    starts = [round(i * (length - side) / max(1, count - 1) / multiple) * multiple for i in range(count)]
    weights = [torch.ones(side) for _ in starts]
    for i in range(count - 1):
        middle = (starts[i + 1] + starts[i] + side) / 2
        for index, sign in ((i, -1.0), (i + 1, 1.0)):
            at = torch.arange(side) + (starts[index] + 0.5 - middle)
            weights[index] *= (0.5 + sign * at / tiling.feather).clamp(0, 1)
    return [Span(start, weight) for start, weight in zip(starts, weights, strict=True)]


def sample(frame: Frame) -> list[TileWindow]:
    """Return windows of one size, evenly spread over the padded picture, for its statistics."""
    height, width = frame.padded
    high, wide = min(height, SAMPLE), min(width, SAMPLE)
    share = height * width * SAMPLE_SHARE / (high * wide)
    count = min(MOST_SAMPLES, max(LEAST_SAMPLES, round(share)))
    rows = min(-(-height // high), max(1, round((count * height / width) ** 0.5)))
    columns = min(-(-width // wide), max(1, round(count / rows)))
    tops, lefts = _spread(height - high, rows), _spread(width - wide, columns)
    return [TileWindow(top, left, high, wide) for top, left in product(tops, lefts)]


def paint_tiles(
    frame: Frame,
    tiling: Tiling,
    paint: Callable[[TileWindow], Tensor],
    on_progress: Callable[[int, int], None],
) -> Tensor:
    """Return the picture `(1, 3, H, W)` float32, blended from tiles.

    `paint` gives a window of the padded picture painted, `(1, 3, h, w)`; `seen` is told how many are done, of how
    many. Besides the picture no more than one tile is in memory.
    """
    height, width = frame.padded
    rows, columns = spans(height, tiling, frame.multiple), spans(width, tiling, frame.multiple)
    out = torch.zeros(1, 3, frame.height, frame.width)
    total = len(rows) * len(columns)
    for done, (row, column) in enumerate(product(rows, columns)):
        window = TileWindow(row.start, column.start, len(row.weight), len(column.weight))
        tile = paint(window).cpu()
        kept = [
            _inside(span, side) for span, side in ((row, frame.height), (column, frame.width))
        ]  # fmt: skip
        (y, ys), (x, xs) = kept
        piece = tile[:, :, ys, xs] * (row.weight[ys, None] * column.weight[xs])
        out[:, :, y : y + piece.shape[2], x : x + piece.shape[3]] += piece
        on_progress(done + 1, total)
    return out


def _inside(span: Span, side: int) -> tuple[int, slice]:
    """Return where a tile begins in the picture, and which of its pixels lie in it and weigh anything."""
    used = span.weight.nonzero()
    first = max(int(used[0]), MARGIN - span.start)
    last = min(int(used[-1]) + 1, MARGIN + side - span.start)
    return span.start + first - MARGIN, slice(first, max(first, last))


def _spread(room: int, count: int) -> list[int]:
    """Return `count` starts from 0 to `room`; one alone lies in the middle."""
    return [room // 2] if count == 1 else [round(i * room / (count - 1)) for i in range(count)]
