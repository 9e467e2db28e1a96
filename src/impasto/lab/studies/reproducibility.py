"""How much the seed decides, and whether the same seed gives the same picture."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from impasto.lab.cells import PaintCell
from impasto.lab.figure import Figure, Panel, draw
from impasto.lab.row import PICTURE, FigureData, Row
from impasto.lab.setting import Setting
from impasto.lab.study import Study

STARTS, RUNS = ("noise", "content"), {f"seed {seed}": seed for seed in range(5)} | {"seed 0 again": 0}


def cells(setting: Setting) -> list[PaintCell]:
    """Return the grid."""
    more = {"scales": ((setting.size, setting.steps(200, 60)),)}
    fields = [(s, run, {**more, "start": s, "seed": seed}) for s in STARTS for run, seed in RUNS.items()]
    return [PaintCell({"start": start, "run": run}, recipe) for start, run, recipe in fields]


def figure(view: FigureData) -> Figure:
    """Draw the figure."""
    panels = {(r["start"], r["run"]): Panel(r.picture(), f"loss {r['loss']:.4g}") for r in view.rows}
    grid = [[panels[s, run] for run in RUNS] for s in STARTS]
    return draw(grid, columns=list(RUNS), labels=[f"from {s}" for s in STARTS])


def notes(rows: Sequence[Row]) -> list[str]:
    """Say how much the seeds differ, and whether the first one's second run equals it in all but its time."""
    from impasto.imaging import read_picture
    from impasto.metrics import ssim

    found = []
    for start in (s for s in STARTS if sum(row["start"] == s for row in rows) == len(RUNS)):
        few = [row for row in rows if row["start"] == start]
        pixels = [read_picture(row.folder / PICTURE).pixels for row in few if row.folder]
        pairs = list(combinations(pixels[:-1], 2))
        spread = {name: [float(row[name]) for row in few[:-1]] for name in ("loss", "STYLE", "CONTENT")}
        spread["SSIM of two"] = [ssim(*pair) for pair in pairs]
        spread["RMS of two"] = [float((a - b).square().mean().sqrt()) for a, b in pairs]
        words = ", ".join(f"{name} {min(v):.4g} to {max(v):.4g}" for name, v in spread.items())
        first, again = ({**row.values, "seconds": 0} for row in (few[0], few[-1]))
        same = first == again and pixels[0].equal(pixels[-1])
        found.append(f"From {start}: {words}; seed 0 again is {'' if same else 'NOT '}identical.")
    return found


STUDY = Study(
    name="reproducibility",
    title="Seeds and reproducibility",
    question="How much does the seed decide, and does the same seed give the same picture?",
    source="Gatys, Ecker & Bethge, Image Style Transfer Using Convolutional Neural Networks, CVPR 2016, section 3.3",
    says="Only noise gives ever new pictures; a fixed first picture leads to the same result. Starts matter little.",
    cells=cells,
    measures=("loss", "judge", "ssim", "cost"),
    columns=("loss", "STYLE", "CONTENT", "SSIM", "seconds"),
    figure=figure,
    notes=notes,
)
