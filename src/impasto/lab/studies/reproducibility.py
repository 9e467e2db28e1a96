"""Spread over seeds, and identity of two runs with the same seed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from impasto.lab.cells import PaintCell
from impasto.lab.figure import Figure, Panel, draw
from impasto.lab.row import PICTURE, FigureData, Row, grouped
from impasto.lab.setting import Setting
from impasto.lab.study import Study

STARTS = ("noise", "content")
SEEDS = {**{f"seed {seed}": seed for seed in range(5)}, "seed 0 again": 0}


def cells(setting: Setting) -> list[PaintCell]:
    """Return the grid of starts and seeds; the last run repeats the first seed."""
    scales = ((setting.size, setting.steps(200, 60)),)
    return [
        PaintCell({"start": start, "run": run}, {"scales": scales, "start": start, "seed": seed})
        for start in STARTS
        for run, seed in SEEDS.items()
    ]


def figure(data: FigureData) -> Figure:
    """Draw one row of pictures per start."""
    panels = {
        (row["start"], row["run"]): Panel(row.picture(), f"loss {row['loss']:.4g}") for row in data.rows
    }
    grid = [[panels[start, run] for run in SEEDS] for start in STARTS]
    return draw(grid, columns=list(SEEDS), labels=[f"from {start}" for start in STARTS])


def notes(rows: Sequence[Row]) -> list[str]:
    """Report the spread over the seeds, and whether the repeated run is identical in everything but its time."""
    return [_spread(start, runs) for start, runs in grouped(rows, "start").items() if len(runs) == len(SEEDS)]


def _spread(start: str, runs: Sequence[Row]) -> str:
    from impasto.imaging import read_picture
    from impasto.metrics import ssim

    pixels = [read_picture(row.folder / PICTURE).pixels for row in runs if row.folder]
    pairs = list(combinations(pixels[:-1], 2))
    ranges = {name: [float(row[name]) for row in runs[:-1]] for name in ("loss", "STYLE", "CONTENT")}
    ranges["SSIM of two"] = [ssim(*pair) for pair in pairs]
    ranges["RMS of two"] = [float((one - other).square().mean().sqrt()) for one, other in pairs]
    text = ", ".join(f"{name} {min(values):.4g} to {max(values):.4g}" for name, values in ranges.items())
    first, repeated = ({**row.values, "seconds": 0} for row in (runs[0], runs[-1]))
    identical = first == repeated and pixels[0].equal(pixels[-1])
    return f"From {start}: {text}; the repeated run of seed 0 is {'' if identical else 'NOT '}identical."


STUDY = Study(
    name="reproducibility",
    title="Seeds and reproducibility",
    question="How much does the result depend on the seed, and does the same seed give the same picture?",
    source="Gatys, Ecker & Bethge, Image Style Transfer Using Convolutional Neural Networks, CVPR 2016, section 3.3",
    claim="Only a start from noise gives arbitrarily many different pictures; a fixed start always leads to the same "
    "result. The start has little influence.",
    cells=cells,
    measures=("loss", "judge", "ssim", "cost"),
    columns=("loss", "STYLE5", "STYLE", "CONTENT", "SSIM", "seconds"),
    figure=figure,
    notes=notes,
)
