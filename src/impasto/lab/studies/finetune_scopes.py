"""Scopes of fine-tuning: only the head, the head and the top blocks, or all layers."""

from __future__ import annotations

from collections.abc import Sequence

from impasto.lab.cells import FinetuneCell
from impasto.lab.figure import Bars, Chart, Figure, Panel, draw
from impasto.lab.row import FigureData, Row
from impasto.lab.setting import Setting
from impasto.lab.study import Study

TRAINED = "trained parameters"


def cells(setting: Setting) -> list[FinetuneCell]:
    """Return one cell per scope, with the defaults of `impasto finetune`.

    A quick run takes fewer classes, pictures and epochs.
    """
    classes, per_class = setting.choose((None, None), (10, 40))
    epochs = {"epochs": 5} if setting.quick else {}
    return [
        FinetuneCell({"scope": scope}, {"scope": scope, **epochs}, classes, per_class)
        for scope in ("head", "top", "all")
    ]


def figure(data: FigureData) -> Figure:
    """Draw confusion matrices, learning curves with the level of chance, and best accuracy and time as bars."""
    rows = data.finished
    scopes = [str(row["scope"]) for row in rows]
    sheet = [Panel(row.picture(), f"{row[TRAINED]:,.0f} parameters trained") for row in rows]
    curves = {str(row["scope"]): row.curve("epoch", "validation_accuracy") for row in rows}
    chance, last_epoch = rows[0]["chance"], max(row["epochs"] for row in rows)
    learning = Chart({**curves, "chance": ((1, last_epoch), (chance, chance))}, "epoch", "accuracy, held out")
    accuracy = {str(row["scope"]): row["accuracy"] for row in rows}
    seconds = {str(row["scope"]): row["seconds"] for row in rows}
    bars = [Bars(accuracy, "best accuracy, held out", level=chance), Bars(seconds, "seconds of training")]
    return draw([sheet], columns=scopes, charts=[learning, *bars])


def notes(rows: Sequence[Row]) -> list[str]:
    """Report accuracy, epoch, time and trained parameters of each scope."""
    # Two standard errors of a binomial share.
    error = max(2 * (row["accuracy"] * (1 - row["accuracy"]) / row["held out"]) ** 0.5 for row in rows)
    scopes = [
        f"{row['scope']}: accuracy {row['accuracy']:.3f} at epoch {row['best epoch']:.0f} of {row['epochs']:.0f}, "
        f"{row['seconds']:.0f} s, {row[TRAINED]:,.0f} parameters trained; accuracy on the training pictures "
        f"{row['accuracy in training']:.3f}."
        for row in rows
    ]
    return [
        *scopes,
        f"Chance is {rows[0]['chance']:.3f}. Differences below about {error:.2f} may be random.",
    ]


STUDY = Study(
    name="finetune-scopes",
    title="Fine-tuning: head, top or all",
    question="How much of a pretrained network has to be fine-tuned?",
    source="Yosinski, Clune, Bengio & Lipson, How transferable are features in deep neural networks?, NIPS 2014; "
    "CS231n, Transfer Learning",
    claim="Features of the first layers are general; features of the last layers are specific to the task they were "
    "trained on. Frozen, they transfer less well to a distant task, though sometimes better than random features; "
    "fine-tuned, they transfer better. With few pictures, similar to the original ones, training a new head is "
    "enough. With more pictures all layers may be trained, the pretrained ones with a smaller learning rate.",
    differs="The network is small, and the pictures are textures and shapes painted by program, or yours. The best "
    "epoch is chosen on the same held-out pictures that measure the accuracy. Scope top trains the last two blocks. "
    "In the confusion matrices a row is a true class and a column an answer.",
    cells=cells,
    measures=(),
    columns=("accuracy", "best epoch", "epochs", "seconds", TRAINED),
    styles=0,
    contact_sheet=False,
    figure=figure,
    notes=notes,
)
