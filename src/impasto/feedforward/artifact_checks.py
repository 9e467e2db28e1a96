"""Checks of a trained network: finite values, no blobs, no checkerboards.

Flat pictures show what a network makes from nothing. Texture on them is legitimate, since styles have canvas and
strokes everywhere; so what counts is not texture but how it lies: strokes lie everywhere about alike, or on a good
part of the picture, while a blob is a single place that stands far above all others. Checkerboards, the traces of
upsampling, are single frequencies of whole periods of 2, 4 or 8 pixels that stand above the frequencies around them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from impasto.imaging import luma

WINDOW = 16
PERIOD = 8
# A place this many times busier than the median place is one that stands out; in paintings it reaches 5.5 ...
STANDS_OUT = 3.0
# ... unless this share of all places is at least half as busy: then it is a pattern. In paintings it is above that.
PATTERN = 0.04
# What stands out has to be seen beside the painted photograph, and texture on nothing must not outdo it.
SEEN = 0.5
LOUD = 1.25
# Energy of a checkerboard's frequency over that of its neighbours. Photographs, paintings and noise reach 2.3; a
# checkerboard of 4 steps of 8 bits reaches 16 on a photograph and far more once it can be seen well.
CHECKERBOARD = 12.0
# Amplitude that no eye sees: one step of 8 bits.
UNSEEN = 1 / 255

FLAT = {"grey": 0.5, "black": 0.0, "white": 1.0}
SIZES = (256, 512)

Paint = Callable[[Tensor], Tensor]


class Fault(NamedTuple):
    """What is wrong with a network, in words; nobody may accept a `fatal` fault."""

    text: str
    fatal: bool = False


def activity(image: Tensor) -> Tensor:
    """Return how busy a picture `(1, 3, H, W)` is in windows of 16 pixels, half overlapping: `(h, w)`.

    The standard deviation of the luma without its slow changes (a Gaussian-like mean of 33 pixels), root mean square
    in the window. A border of half a window is left out.
    """
    plane = luma(image.float())
    slow = plane
    for _ in range(2):
        slow = F.avg_pool2d(F.pad(slow, (8, 8, 8, 8), mode="replicate"), 17, 1)
    energy = (plane - slow).square()[..., 8:-8, 8:-8]
    return F.avg_pool2d(energy, WINDOW, WINDOW // 2)[0, 0].sqrt()


def blob(flat: Tensor, painted: Tensor) -> str | None:
    """Return what is wrong with a painted flat picture, judged beside a `painted` photograph, or None.

    Wrong is a place more than `STANDS_OUT` times busier than the median place (which counts as at least a tenth of
    the photograph's busiest places), if fewer than `PATTERN` of all places come near it and it is at least `SEEN`
    times as busy as the photograph's busiest; or texture that is louder than these everywhere.
    """
    places = activity(flat)
    reference = float(activity(painted).quantile(0.95))
    peak, median = float(places.max()), float(places.median())
    if median > LOUD * reference:
        return (
            f"its texture is {median / max(reference, 1e-6):.1f} times as strong as in a painted photograph"
        )
    ratio = peak / (median + 0.1 * reference + UNSEEN)
    near = float((places > peak / 2).float().mean())
    if ratio > STANDS_OUT and near < PATTERN and peak > SEEN * reference:
        return f"one place stands out {ratio:.1f} times above the others"
    return None


def checkerboard(painted: Tensor) -> float:
    """Return by how much the strongest checkerboard frequency of `painted` stands above its neighbours, in energy.

    Frequencies whose periods down and across are 2, 4 or 8 pixels, or 8/3, or none. Each is compared with the
    frequencies around it, with those along each axis (a horizon or a wall has all of these at once), and with
    the energy of a wave too faint to see; the least of these ratios counts.
    """
    side = min(painted.shape[2:]) // PERIOD * PERIOD
    plane = luma(painted.float())[0, 0, :side, :side].double()
    window = torch.outer(*(torch.hann_window(side, dtype=torch.float64),) * 2)
    plane = (plane - (plane * window).sum() / window.sum()) * window
    energy = torch.fft.fft2(plane).abs().square()
    unseen = float((UNSEEN / 2 * window.sum()) ** 2)
    worst = 0.0
    for down in range(PERIOD // 2 + 1):
        for across in range(PERIOD // 2 + 1 if down in (0, PERIOD // 2) else PERIOD):
            if down or across:
                v, u = down * side // PERIOD, across * side // PERIOD
                worst = max(worst, _above(energy, v, u, unseen))
    return worst


def _above(energy: Tensor, v: int, u: int, unseen: float) -> float:
    """Return how far the energy at frequency `(v, u)` is above what is around it."""
    side = len(energy)
    reach = torch.arange(-6, 7)
    patch = energy[(v + reach)[:, None] % side, (u + reach)[None, :] % side]
    near = (reach.abs()[:, None] <= 1) & (reach.abs()[None, :] <= 1)
    far = reach.abs() >= 3
    around = patch[far[:, None] | far[None, :]].median()
    rows = patch[5:8, far].median()
    columns = patch[far][:, 5:8].median()
    # The median of a noise's energies is ln 2 of their mean.
    level = float(torch.stack([around, rows, columns]).max()) / math.log(2)
    return float(patch[near].mean()) / (level + unseen)


def faults(paint: Paint, photograph: Tensor) -> Iterator[Fault]:
    """Yield what is wrong with a network as it is found; `paint` paints `(1, 3, H, W)` in [0, 1].

    `photograph` is one that it has not seen, at least 64 pixels wide and high.
    """
    painted = paint(photograph)
    if not torch.isfinite(painted).all():
        yield Fault("a painted photograph has values that are not finite", fatal=True)
        return
    ratio = checkerboard(painted)
    if ratio > CHECKERBOARD:
        yield Fault(
            f"a painted photograph has a checkerboard {ratio:.0f} times stronger than what is around it"
        )
    for side in SIZES:
        for name, value in FLAT.items():
            flat = paint(torch.full((1, 3, side, side), value))
            if not torch.isfinite(flat).all():
                yield Fault(
                    f"flat {name} at {side} pixels is painted with values that are not finite", fatal=True
                )
                continue
            fault = blob(flat, painted)
            if fault:
                yield Fault(f"on flat {name} at {side} pixels {fault}")
