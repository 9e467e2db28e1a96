"""The textbook's run: a coarse picture first, then a fine one from it."""

from collections.abc import Sequence
from typing import Any

from impasto.lab.cells import PaintCell
from impasto.lab.figure import Chart, Figure, Panel, draw
from impasto.lab.row import FigureData, Row
from impasto.lab.setting import Setting
from impasto.lab.study import Study

TERMS = {"content": "content/", "style": "style/", "TV": "variation"}


def cells(setting: Setting) -> list[PaintCell]:
    """Return the coarse half of the run, for its picture, and the whole run."""
    steps = max(1, setting.steps(1000, 240) // 2)
    longer = max(1.0, 500 / max(steps, 100))
    own: dict[str, Any] = {"decay_every": max(1, steps * 2 // 5), "learning_rate": 0.00226 * longer}
    if not setting.vgg:
        own |= {"content_layers": {"relu4_2": 1.0}, "content_loss": "variance", "style_loss": "moments"}
        own |= {"style_weight": 1.0, "variation_weight": 3.0}
    half, full = min(setting.size, max(24, setting.size // 2)), setting.size
    coarse, fine = {"size": half, "scales": ((half, steps),)}, {"scales": ((half, steps), (full, steps))}
    runs = {f"{half} px": own | coarse, f"{full} px, from it": own | fine}
    return [PaintCell({"up to": name}, fields, "d2l") for name, fields in runs.items()]


def _courses(row: Row) -> list[dict[str, list[float]]]:
    """Return content, style and total variation, weighted, at every step of each resolution."""
    lines = [[line for line in row.trace() if line["scale"] == scale] for scale in (0, 1)]
    return [{name: [sum(v for term, v in line.items() if term.startswith(start)) for line in some]
             for name, start in TERMS.items()} for some in lines]  # fmt: skip


def figure(view: FigureData) -> Figure:
    """Draw the figure."""
    panels = [Panel(view.content), Panel(view.styles[0]), *(Panel(row.picture()) for row in view.rows)]
    sizes = view.along("up to")
    charts = [Chart({k: (range(1, len(y) + 1), y) for k, y in course.items()}, f"epoch, {size}", "loss")
              for size, course in zip(sizes, _courses(view.rows[-1]), strict=True)]  # fmt: skip
    return draw([panels], columns=["photograph", "style", *sizes], charts=charts)


def notes(rows: Sequence[Row]) -> list[str]:
    """Print what the book prints: the weighted losses, here at every tenth of each resolution."""
    found = []
    for row, course in zip(rows, _courses(rows[-1]), strict=False):
        count, table = len(course["style"]), [["epoch", *TERMS], ["---"] * 4]
        for epoch in sorted({max(1, round(count * tenth / 10)) for tenth in range(11) if count}):
            table.append([str(epoch), *(f"{values[epoch - 1]:.3g}" for values in course.values())])
        found.append("\n  | ".join([f"Weighted losses, {row['up to']}:\n", *map(" | ".join, table)]) + "\n")
    return found


SAYS = """A picture of 150x225 is painted for 500 epochs and is the start of one of 300x450. Epochs of the larger take
more time; it keeps more detail, and its blocks of colour even have the texture of brush strokes."""
ELSE = """Longer sides of 225 and 450 are the book's sizes; --size says another second one. With fewer than 500 steps
each is larger. The book's weights are for torchvision's VGG-19; other networks: content 1, relative style 1, TV 3."""
STUDY = Study("two-resolutions", "A coarse picture, then a fine one", "What does the second resolution add?",
              "Zhang, Lipton, Li & Smola, Dive into Deep Learning, section 14.12 (Neural Style Transfer)", SAYS, cells,
              ("judge", "cost"), figure, notes, ("STYLE", "CONTENT", "NOISE", "seconds"), 1, ELSE, 450)  # fmt: skip
