"""The cross-fader of two styles, with balance and without."""

from collections.abc import Sequence
from itertools import pairwise
from math import exp, log, nan

from impasto.lab.cells import PaintCell
from impasto.lab.figure import Chart, Figure, Panel, draw
from impasto.lab.row import FigureData, Row
from impasto.lab.setting import Setting
from impasto.lab.study import Study

RATIO, PLAIN, EVEN = "RI 1 / RI 2", "as they are", "balanced"


def cells(setting: Setting) -> list[PaintCell]:
    """Return the grid."""
    preset, scales = "mixed" if setting.vgg else "impasto", ((setting.size, setting.steps(200, 60)),)
    own = {"scales": scales} if setting.vgg else {"scales": scales, "hold": False, "views": 1}
    gammas = [percent / 100 for percent in range(0, 101, setting.choose(10, 25))]
    return [PaintCell({"styles": w, "gamma": g}, {**own, "mix": g, "balance": w == EVEN}, preset, styles=(0, 1))
            for w in (PLAIN, EVEN) for g in gammas]  # fmt: skip


def figure(view: FigureData) -> Figure:
    """Draw the figure; losses are those of the styles alone, undone of gamma and sigma."""
    gammas, art, losses = view.along("gamma"), view.styles, {}
    rows = {way: [view.find(styles=way, gamma=gamma) for gamma in gammas] for way in (PLAIN, EVEN)}
    trace = view.find(styles=PLAIN, gamma=0.5).trace() or [{}]
    for style in (1, 2):
        start = sum(value for name, value in trace[0].items() if name.startswith(f"style{style}/")) / 0.5
        losses[f"style {style}, start"] = (gammas, [start] * len(gammas))
        for way, some in rows.items():
            losses[f"style {style}, {way}"] = (gammas, [start / row[f"RI {style}"] for row in some])
    ratios = {way: (gammas, [row[RATIO] for row in rows[way]]) for way in rows} | {"equal": ((0, 1), (1, 1))}
    charts = [Chart(losses, "gamma", "style loss"), Chart(ratios, "gamma", RATIO, log_y=True)]
    sheets = [[Panel(r.picture(), f"{RATIO} = {r[RATIO]:.2f}") for r in some] for some in rows.values()]
    columns = ["style 2", *(f"gamma {gamma:g}" for gamma in gammas), "style 1"]
    grid = [[Panel(art[1]), *sheet, Panel(art[0])] for sheet in sheets]
    return draw(grid, columns=columns, labels=[*rows], charts=charts)


def notes(rows: Sequence[Row]) -> list[str]:
    """Say what was measured."""
    plain, even = ({r["gamma"]: log(r[RATIO]) for r in rows if r["styles"] == way} for way in (PLAIN, EVEN))
    pairs = [(a, b) for a, b in pairwise(plain.items()) if (a[1] < 0) != (b[1] < 0)]
    cross = " and ".join(f"{a + (b - a) * x / (x - y):.2f}" for (a, x), (b, y) in pairs) or "none"
    skew = max((abs(value + even.get(round(1 - g, 2), nan)) for g, value in even.items()), default=nan)
    at, half = exp(plain.get(0.5, nan)), exp(even.get(0.5, nan))
    return [f"As they are, both improve equally at gamma {cross} (interpolated); the ratio at .5 is {at:.3f}.",
            f"Balanced, the ratio at .5 is {half:.3f}: {'' if abs(half - 1) <= 0.05 else 'not '}within 5 % of 1.",
            f"Then ratios at gamma and 1 - gamma multiply to 1 within a factor {exp(skew):.2f} (even: 1)."]  # fmt: skip


SAYS = """The loss is alpha content + beta (gamma sigma1 style1 + (1 - gamma) sigma2 style2), RI a style's loss at the
start over that at the end. As they are, one style wins: RI were equal at a gamma of about .34. Balance, sigma1 = 1 and
sigma2 = sqrt(RI1 / RI2), makes them equal at .5, within 5 %."""
ELSE = """Factors are found while painting, at other gammas than .5 in a short run before. Through VGG-19 it is the
preset `mixed`, else our default's losses at one scale, the content not held."""
STUDY = Study("gamma-sweep", "Two styles from one to the other", "How do two styles share a picture at every gamma?",
              "Mixed neural style transfer with two style images", SAYS, cells, ("improvements", "judge"), figure,
              notes, ("RI 1", "RI 2", RATIO, "sigma 2", "STYLE 1", "STYLE 2"), styles=2, differs=ELSE)  # fmt: skip
