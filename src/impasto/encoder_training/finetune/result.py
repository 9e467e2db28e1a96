"""Results of a fine-tuning: the encoder with its head, learning curves, confusion matrix and model card."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from safetensors.torch import save

from impasto.encoder_training.finetune.epoch import BestEpoch, Epoch
from impasto.encoder_training.finetune.outputs import FinetuneOutputs
from impasto.encoder_training.finetune.plots import plot_confusion, plot_curves
from impasto.encoder_training.finetune.task import FinetuneTask
from impasto.encoders.finetuned import KIND, published_state
from impasto.encoders.header import CARD_KEY
from impasto.imaging import write_bytes_atomic, write_text_atomic
from impasto.training.cards import settings_block, table
from impasto.training.curves import csv_text


def per_class_accuracy(best: BestEpoch) -> list[float]:
    """Return, for every class, the share of its held-out pictures that were recognised."""
    return [
        float(hits) / max(1.0, float(total))
        for hits, total in zip(best.confusion.diagonal(), best.confusion.sum(1), strict=True)
    ]


def make_card(task: FinetuneTask, best: BestEpoch, parent: str, finished: bool) -> dict[str, Any]:
    """Return the card in the file's header; it holds no date and no path, so equal runs give equal files."""
    pictures, settings = task.pictures, task.settings
    encoder = settings.encoder  # a name, or the path of a fine-tuned file
    ended = "early stop" if task.stopped_early else "all epochs" if finished else "stopped by hand"
    return {
        "kind": KIND,
        "version": 1,
        "encoder": task.model.encoder.name,
        "classes": list(pictures.classes),
        "scope": settings.scope,
        "seed": settings.seed,
        "settings": {**settings.model_dump(), "encoder": Path(encoder).name},
        "precision": task.compute.precision,
        "parent_sha256": parent,
        "data": pictures.folder.resolve().name,
        "data_sha256": pictures.digest,
        "pictures": {
            name: {"trained": trained, "held_out": held_out}
            for name, (trained, held_out) in zip(pictures.classes, pictures.counts(), strict=True)
        },
        "figures": {
            **asdict(best.line),
            "chance": 1 / len(pictures.classes),
            "epochs_done": len(task.history),
            "ended": ended,
            "accuracy_by_class": dict(zip(pictures.classes, per_class_accuracy(best), strict=True)),
        },
    }


def write_results(
    task: FinetuneTask, best: BestEpoch, outputs: FinetuneOutputs, parent: str, finished: bool
) -> bool:
    """Write every file of `outputs` except the checkpoint; return whether the plots could be drawn.

    The weights are those of the best epoch. Raises OutputError where a file cannot be written.
    """
    card = make_card(task, best, parent, finished)
    current = {name: value.clone() for name, value in task.live_weights().items()}
    task.use_weights(best.weights)
    tensors = published_state(task.model.encoder)
    tensors |= {name: value.detach().cpu().clone() for name, value in task.model.head_state().items()}
    task.use_weights(current)
    write_bytes_atomic(outputs.model, save(tensors, metadata={CARD_KEY: json.dumps(card, sort_keys=True)}))
    write_text_atomic(outputs.card, model_card(card, outputs.model))
    write_text_atomic(outputs.curves[0], curves_csv(task.history))
    write_text_atomic(outputs.confusion[0], confusion_csv(best, task.pictures.classes))
    plotted = plot_curves(outputs.curves[1], task.history, best.line.epoch)
    matrix = best.confusion.tolist()
    return plot_confusion(outputs.confusion[1], matrix, task.pictures.classes) and plotted


def curves_csv(history: Sequence[Epoch]) -> str:
    """Return the learning curves as CSV, one line an epoch."""
    return csv_text(
        [[field.name for field in fields(Epoch)], *(list(asdict(line).values()) for line in history)]
    )


def confusion_csv(best: BestEpoch, classes: Sequence[str]) -> str:
    """Return the confusion matrix as CSV: a row for each true class, a column for each predicted one, accuracy."""
    rows: list[list[object]] = [["true \\ predicted", *classes, "accuracy"]]
    for name, row, accuracy in zip(classes, best.confusion.tolist(), per_class_accuracy(best), strict=True):
        rows.append([name, *row, f"{accuracy:.4f}"])
    return csv_text(rows)


def model_card(card: dict[str, Any], model: Path) -> str:
    """Return the model card as Markdown."""
    figures = card["figures"]
    counts = card["pictures"].values()
    trained, held_out = (sum(count[part] for count in counts) for part in ("trained", "held_out"))
    rows = [
        (name, count["trained"], count["held_out"], f"{figures['accuracy_by_class'][name]:.3f}")
        for name, count in card["pictures"].items()
    ]
    lines = [
        f"# {model.stem}",
        "",
        f"The encoder `{card['encoder']}`, fine-tuned by `impasto finetune` to tell {len(card['classes'])} classes "
        f"apart. {_trained(card['settings'])}",
        "",
        f"* As an encoder: `impasto stylize PHOTO STYLE --encoder {model.name}`. Its layers have the names of "
        f"`{card['encoder']}`.",
        f"* As a classifier: `impasto classify {model.name} PICTURE`.",
        f"* Accuracy on {held_out} held-out pictures: **{figures['validation_accuracy']:.3f}** "
        f"(chance {figures['chance']:.3f}), loss {figures['validation_loss']:.3f}, after epoch {figures['epoch']} of "
        f"{figures['epochs_done']} ({figures['ended']}). These pictures also chose the best epoch, so "
        "the figure is slightly optimistic.",
        f"* Pictures: {trained} to train on, from the folder `{card['data']}` (SHA-256 of their pixels: "
        f"`{card['data_sha256']}`). Please add their licence.",
        f"* Parent weights, SHA-256: `{card['parent_sha256']}`. The parent's licence still applies.",
        f"* Number format: {card['precision']}; seed {card['seed']}.",
        "",
        *table(("class", "trained on", "held out", "accuracy"), rows),
        "",
        *settings_block(card["settings"]),
    ]
    return "\n".join(lines)


def _trained(settings: dict[str, Any]) -> str:
    """Return a sentence on the head and the trained part."""
    above = f" above {settings['freeze_to']}" if settings["freeze_to"] else ""
    heads = {
        "linear": "a linear layer on averaged features",
        "fc": "fc6 and fc7 of the parent with a new fc8",
    }
    return f"Head: {heads[settings['head']]}. Trained part: {settings['scope']}{above}."
