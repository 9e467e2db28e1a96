"""What is trained of a network that was there: the head, the top with it, or all."""

from __future__ import annotations

from collections.abc import Sequence

from impasto.lab.cells import FinetuneCell
from impasto.lab.figure import Bars, Chart, Figure, Panel, draw
from impasto.lab.row import FigureData, Row
from impasto.lab.setting import Setting
from impasto.lab.study import Study

TRAINED = "trained parameters"


def cells(setting: Setting) -> list[FinetuneCell]:
    """Return the scopes, at the defaults of `impasto finetune`; quick takes fewer classes, pictures and epochs."""
    classes, per_class = setting.choose((None, None), (10, 40))
    epochs = {"epochs": 5} if setting.quick else {}
    return [
        FinetuneCell({"scope": scope}, {"scope": scope, **epochs}, classes, per_class)
        for scope in ("head", "top", "all")
    ]


def figure(view: FigureData) -> Figure:
    """Draw confusion matrices, learning curves with the level of chance, and what was reached in which time."""
    rows, names = view.painted, [str(row["scope"]) for row in view.painted]
    sheet = [Panel(row.picture(), f"{row[TRAINED]:,.0f} parameters trained") for row in rows]
    lines = {str(row["scope"]): row.course("epoch", "validation_accuracy") for row in rows}
    chance, last = rows[0]["chance"], max(row["epochs"] for row in rows)
    curves = Chart({**lines, "chance": ((1, last), (chance, chance))}, "epoch", "accuracy, held out")
    accuracy, seconds = ({str(row["scope"]): row[name] for row in rows} for name in ("accuracy", "seconds"))
    bars = [Bars(accuracy, "best accuracy, held out", level=chance), Bars(seconds, "seconds of training")]
    return draw([sheet], columns=names, charts=[curves, *bars])


def notes(rows: Sequence[Row]) -> list[str]:
    """Say what each scope reached, and when."""
    error = max(2 * (row["accuracy"] * (1 - row["accuracy"]) / row["held out"]) ** 0.5 for row in rows)
    each = [
        f"{r['scope']}: accuracy {r['accuracy']:.3f} at epoch {r['best epoch']:.0f} of {r['epochs']:.0f}, "
        f"{r['seconds']:.0f} s, {r[TRAINED]:,.0f} parameters trained; {r['accuracy in training']:.3f} in training."
        for r in rows
    ]
    return [
        *each,
        f"Chance is {rows[0]['chance']:.3f}; differences below about {error:.2f} may be chance, too.",
    ]


SAYS = """Features of the first layers are general, those of the last belong to the task they were learned for: kept
frozen they serve a distant task less, though they can be better than random ones; trained further, they do better.
A new head alone suits few pictures like the old ones; with more, all may be trained, old layers at a smaller rate."""
ELSE = """The network is small, the pictures are textures and shapes painted by program, or yours. The best epoch is
chosen by the pictures that judge. Scope top trains the last two blocks. Matrices: true class down, answer across."""
STUDY = Study("finetune-scopes", "Fine-tuning: head, top or all", "How much of a network has to be trained further?",
              "Yosinski, Clune, Bengio & Lipson, How transferable are features in deep neural networks?, NIPS 2014; "
              "CS231n, Transfer Learning", SAYS, cells, (), figure, notes,
              ("accuracy", "best epoch", "epochs", "seconds", TRAINED), styles=0, differs=ELSE)  # fmt: skip
