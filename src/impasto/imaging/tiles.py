"""Overlapping, feathered tiles for large images, and sample windows for their statistics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor

from impasto.imaging.frame import MARGIN, Frame, TileWindow, Tiling
from impasto.imaging.scratch import forget, large_zeros

MIN_SAMPLES = 4
# Fraction of the image that the sample windows cover, within the limits above.
SAMPLE_FRACTION = 0.125


@dataclass(frozen=True)
class Span:
    """A tile along one axis of the padded image: its start, and the weight of each of its pixels."""

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
            distance = torch.arange(side) + (starts[index] + 0.5 - middle)
            weights[index] *= (0.5 + sign * distance / tiling.feather).clamp(0, 1)
    return [Span(start, weight) for start, weight in zip(starts, weights, strict=True)]


def sample_windows(frame: Frame, tiling: Tiling) -> list[TileWindow]:
    """Return windows of equal size, evenly spread over the padded image, for its statistics."""
    height, width = frame.padded
    window_height, window_width = min(height, tiling.sample_side), min(width, tiling.sample_side)
    wanted = height * width * SAMPLE_FRACTION / (window_height * window_width)
    count = min(tiling.samples, max(MIN_SAMPLES, round(wanted)))
    rows = min(-(-height // window_height), max(1, round((count * height / width) ** 0.5)))
    columns = min(-(-width // window_width), max(1, round(count / rows)))
    tops, lefts = _spread(height - window_height, rows), _spread(width - window_width, columns)
    return [TileWindow(top, left, window_height, window_width) for top, left in product(tops, lefts)]


def paint_tiles(
    frame: Frame,
    tiling: Tiling,
    paint: Callable[[TileWindow], Tensor],
    on_progress: Callable[[int, int], None],
) -> Tensor:
    """Return the image `(1, 3, H, W)` float32, blended from tiles.

    `paint` returns a window of the padded image painted, `(1, 3, h, w)`. `on_progress` is called with the tiles done
    and their number. One tile at a time is in memory; a large output lies in a file.
    """
    height, width = frame.padded
    rows, columns = spans(height, tiling, frame.multiple), spans(width, tiling, frame.multiple)
    out = large_zeros((1, 3, frame.height, frame.width), torch.float32, torch.device("cpu"))
    total = len(rows) * len(columns)
    for done, (row, column) in enumerate(product(rows, columns)):
        window = TileWindow(row.start, column.start, len(row.weight), len(column.weight))
        tile = paint(window).cpu()
        y, tile_rows = _inside(row, frame.height)
        x, tile_columns = _inside(column, frame.width)
        weight = row.weight[tile_rows, None] * column.weight[tile_columns]
        piece = tile[:, :, tile_rows, tile_columns] * weight
        out[:, :, y : y + piece.shape[2], x : x + piece.shape[3]] += piece
        forget()
        on_progress(done + 1, total)
    return out


def _inside(span: Span, side: int) -> tuple[int, slice]:
    """Return the first image pixel of a tile, and the slice of its pixels inside the image with a weight above 0."""
    used = span.weight.nonzero()
    first = max(int(used[0]), MARGIN - span.start)
    last = min(int(used[-1]) + 1, MARGIN + side - span.start)
    return span.start + first - MARGIN, slice(first, max(first, last))


def _spread(room: int, count: int) -> list[int]:
    """Return `count` starts from 0 to `room`; one alone lies in the middle."""
    return [room // 2] if count == 1 else [round(i * room / (count - 1)) for i in range(count)]
