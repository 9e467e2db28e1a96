"""What a fine-tuning leaves: the encoder with its head and card, learning curves, confusion matrix, model card."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from safetensors.torch import save

from impasto.encoder_training.finetune.outputs import FinetuneOutputs
from impasto.encoder_training.finetune.plots import plot_confusion, plot_curves
from impasto.encoder_training.finetune.task import Best, Epoch, FineTuning
from impasto.encoders.finetuned import KEY, KIND, published_state
from impasto.imaging import write_bytes_atomic, write_text_atomic


def per_class_accuracy(best: Best) -> list[float]:
    """Return, for every class, the share of its held-out pictures that were recognised."""
    return [
        float(hits) / max(1.0, float(total))
        for hits, total in zip(best.confusion.diagonal(), best.confusion.sum(1), strict=True)
    ]


def make_card(run: FineTuning, best: Best, parent: str) -> dict[str, Any]:
    """Return what the file says about itself; it holds no date or path of output, so equal runs give equal files."""
    pictures, settings = run.pictures, run.settings
    ended = "early stop" if run.stopped_early else "all epochs" if run.finished else "stopped by hand"
    accuracies = per_class_accuracy(best)
    return {
        "kind": KIND,
        "version": 1,
        "encoder": run.model.encoder.name,
        "classes": list(pictures.classes),
        "scope": settings.scope,
        "seed": settings.seed,
        "settings": settings.model_dump(),
        "precision": run.precision,
        "parent_sha256": parent,
        "data": pictures.folder.resolve().name,
        "data_sha256": pictures.digest,
        "pictures": {
            name: {"trained": trained, "held_out": held}
            for name, (trained, held) in zip(pictures.classes, pictures.counts(), strict=True)
        },
        "figures": {
            **vars(best.line),
            "chance": 1 / len(pictures.classes),
            "epochs_done": len(run.history),
            "ended": ended,
            "accuracy_by_class": dict(zip(pictures.classes, accuracies, strict=True)),
        },
    }


def write_results(run: FineTuning, best: Best, outputs: FinetuneOutputs, parent: str) -> bool:
    """Write every file of `outputs` but the checkpoint; return whether the plots could be drawn.

    The weights are those of the best epoch. Raises OutputError where a file cannot be written.
    """
    card = make_card(run, best, parent)
    now = run.state()["weights"]
    run.put(best.weights)
    tensors = published_state(run.model.encoder)
    tensors |= {name: value.detach().cpu().clone() for name, value in run.model.head_state().items()}
    run.put(now)
    write_bytes_atomic(outputs.model, save(tensors, metadata={KEY: json.dumps(card, sort_keys=True)}))
    write_text_atomic(outputs.card, model_card(card, outputs.model))
    write_text_atomic(outputs.curves[0], curves_csv(run.history))
    write_text_atomic(outputs.confusion[0], confusion_csv(best, run.pictures.classes))
    plotted = plot_curves(outputs.curves[1], run.history, best.line.epoch)
    return plot_confusion(outputs.confusion[1], best.confusion.tolist(), run.pictures.classes) and plotted


def curves_csv(history: Sequence[Epoch]) -> str:
    """Return the learning curves as CSV, one line an epoch."""
    return _csv([list(Epoch.__dataclass_fields__), *(list(vars(line).values()) for line in history)])


def confusion_csv(best: Best, classes: Sequence[str]) -> str:
    """Return the confusion matrix as CSV: a row for each true class, a column for each predicted one, accuracy."""
    rows: list[list[object]] = [["true \\ predicted", *classes, "accuracy"]]
    for name, row, accuracy in zip(classes, best.confusion.tolist(), per_class_accuracy(best), strict=True):
        rows.append([name, *row, f"{accuracy:.4f}"])
    return _csv(rows)


def model_card(card: dict[str, Any], model: Path) -> str:
    """Return the model card as Markdown."""
    figures, settings = card["figures"], card["settings"]
    counts = card["pictures"].values()
    trained, held = (sum(count[part] for count in counts) for part in ("trained", "held_out"))
    rows = [
        f"| {_cell(name)} | {count['trained']} | {count['held_out']} | {figures['accuracy_by_class'][name]:.3f} |"
        for name, count in card["pictures"].items()
    ]
    lines = [
        f"# {model.stem}",
        "",
        f"The encoder `{card['encoder']}`, fine-tuned by `impasto finetune` to tell {len(card['classes'])} classes "
        f"apart; trained was: {card['scope']}.",
        "",
        f"* As an encoder: `impasto stylize PHOTO PAINTING --encoder {model.name}`; its layers have the names of "
        f"`{card['encoder']}`.",
        f"* As a classifier: `impasto classify {model.name} PICTURE`.",
        f"* Accuracy on {held} pictures held out: **{figures['validation_accuracy']:.3f}** "
        f"(chance {figures['chance']:.3f}), loss {figures['validation_loss']:.3f}, after epoch {figures['epoch']} of "
        f"{figures['epochs_done']} done ({figures['ended']}). The best epoch was chosen by these pictures, so "
        "the figure is a little too good.",
        f"* Pictures: {trained} to train on, from the folder `{card['data']}` (SHA-256 of what was read: "
        f"`{card['data_sha256']}`). Their licence is for you to add.",
        f"* Parent weights, SHA-256: `{card['parent_sha256']}`; the parent's licence goes on to apply.",
        f"* Arithmetic: {card['precision']}; seed {card['seed']}.",
        "",
        "| class | trained on | held out | accuracy |",
        "|---|---|---|---|",
        *rows,
        "",
        "Settings:",
        "",
        "```json",
        json.dumps(settings, indent=2),
        "```",
        "",
    ]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _csv(rows: Sequence[Sequence[object]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue()
