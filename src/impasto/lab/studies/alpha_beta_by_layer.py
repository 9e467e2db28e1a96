"""Content layer against the ratio of content to style."""

from collections.abc import Sequence

from impasto.lab.cells import PaintCell
from impasto.lab.figure import Chart, Figure, Panel, draw
from impasto.lab.row import FigureData, Row, grouped
from impasto.lab.setting import Setting
from impasto.lab.study import Study

LAYER, RATIO = "content layer", "alpha / beta"
# Five decades from texture to photograph: the last five for the published loss, the first five for ours.
RATIOS = (1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0)


def cells(setting: Setting) -> list[PaintCell]:
    """Return the grid."""
    preset, low = ("gatys", "relu2_2") if setting.vgg else ("impasto", "relu2_1")
    own = {"style_weight": 1.0, "start": "content", "scales": ((setting.size, setting.steps(400, 80)),)}
    own |= {} if setting.vgg else {"hold": False, "views": 1}
    return [
        PaintCell(
            {LAYER: layer, RATIO: ratio},
            {**own, "content_layers": {layer: 1.0}, "content_weight": ratio},
            preset,
        )
        for layer in (low, "relu4_2")
        for ratio in RATIOS[setting.vgg :][:5]
    ]  # fmt: skip


def figure(view: FigureData) -> Figure:
    """Draw a row of pictures a layer, and STYLE against CONTENT."""
    layers = grouped(view.rows, LAYER)
    grid = [
        [Panel(row.picture(), row.caption("STYLE", "CONTENT")) for row in some] for some in layers.values()
    ]
    fronts = {
        layer: ([r["CONTENT"] for r in some], [r["STYLE"] for r in some]) for layer, some in layers.items()
    }
    columns = [f"alpha/beta {ratio:g}" for ratio in view.along(RATIO)]
    return draw(grid, columns=columns, labels=[*layers], charts=[Chart(fronts, "CONTENT", "STYLE")])


def notes(rows: Sequence[Row]) -> list[str]:
    """Say what was measured."""
    ends = {layer: (some[0], some[-1]) for layer, some in grouped(rows, LAYER).items()}
    return [
        f"Content at {layer}: from the smallest ratio to the largest, CONTENT goes from {first['CONTENT']:.2f} to "
        f"{last['CONTENT']:.2f} and STYLE from {first['STYLE']:.2f} to {last['STYLE']:.2f}."
        for layer, (first, last) in ends.items()
    ]


SAYS = """A small alpha / beta gives a texture of the painting that hardly shows the photograph, a large one the
photograph hardly stylised. Matching a low layer (conv2_2) keeps the photograph's pixels and the texture only lies over
it; matching a high one (conv4_2) lets forms change while the objects stay."""
ELSE = """The photograph is the first picture. Through VGG-19 it is the paper's loss by L-BFGS, but the network is not
normalised to a mean activation of 1 as the paper's, so that the same pictures need a larger alpha / beta: 1e-2 to 100.
Through the compact encoder it is our default loss, whose terms are about 1 each: 1e-3 to 10."""
STUDY = Study("alpha-beta-by-layer", "Content layer and the ratio of content to style",
              "How do the content layer and alpha / beta trade the photograph for the style?",
              "Gatys, Ecker & Bethge, Image Style Transfer Using Convolutional Neural Networks, CVPR 2016, "
              "figures 4, 5", SAYS, cells, ("judge", "loss", "cost"), figure, notes,
              ("STYLE", "CONTENT", "NOISE", "loss"), differs=ELSE)  # fmt: skip
