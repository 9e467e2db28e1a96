"""Fine-tuning: what is trained, what is not, what is best, what is resumed, and what is written."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from impasto.encoder_training.finetune.augment import centre_batch
from impasto.encoder_training.finetune.classifier import (
    Classifier,
    blocks_of,
    open_classifier,
    probabilities,
    trained_parameters,
)
from impasto.encoder_training.finetune.outputs import FinetuneOutputs
from impasto.encoder_training.finetune.result import write_results
from impasto.encoder_training.finetune.settings import FinetuneSettings
from impasto.encoders import open_encoder
from impasto.encoders.finetuned import published_state
from impasto.encoders.resnet import ResNet50
from impasto.encoders.resnet import layout as resnet_layout
from impasto.encoders.tiny import random_state
from impasto.errors import DivergedError, OutputError, RecipeError, ResumeError, WeightsError
from impasto.training.checkpoint import (
    check_origin,
    check_settings,
    read_checkpoint,
    resume,
    write_checkpoint,
)
from impasto.training.distributed import DataParallel
from impasto.training.events import Evaluated, StepDone
from impasto.training.schedules import warmup_cosine

from .conftest import bits, same, tuning


def test_the_rate_rises_in_a_line_and_falls_along_a_cosine() -> None:
    assert [warmup_cosine(step, 100, 0.1) for step in (0, 4, 9)] == pytest.approx([0.1, 0.5, 1.0])
    assert warmup_cosine(10, 100, 0.1) == pytest.approx(1)
    assert warmup_cosine(55, 100, 0.1) == pytest.approx(0.5)
    assert warmup_cosine(99, 100, 0.1) == pytest.approx(0.5 * (1 + math.cos(math.pi * 89 / 90)))
    assert warmup_cosine(0, 1, 0.0) == 1


@pytest.mark.parametrize("name", ["tiny", "compact"])
def test_the_head_reads_standardised_averages_of_the_deepest_features(name: str) -> None:
    encoder = open_encoder(name)
    model = Classifier(encoder, 4)
    images = torch.rand(2, 3, 32, 48, generator=torch.Generator().manual_seed(0))
    deepest = encoder.trunk_features(images) if name == "compact" else encoder(images, ["relu5_1"])["relu5_1"]
    assert torch.allclose(model.pooled(images), deepest.mean((2, 3)))
    assert torch.equal(model(images), torch.zeros(2, 4))
    with torch.no_grad():
        for tensor in model.head_state().values():
            tensor.copy_(torch.rand(tensor.shape) + 0.5)
    expected = (deepest.mean((2, 3)) - model.mean) / model.deviation @ model.head.weight.T + model.head.bias
    assert torch.allclose(model(images), expected, atol=1e-4)
    assert torch.allclose(probabilities(model, images).sum(1), torch.ones(2))


def test_blocks_hold_every_weight_below_the_head_once() -> None:
    state = {name: torch.rand(shape) + 0.5 for name, shape in resnet_layout().items()}
    resnet = ResNet50("resnet50", state)
    compact = open_encoder("compact")
    for encoder, names, own in (
        (open_encoder("tiny"), [f"block{k}" for k in range(1, 6)], None),
        (compact, [f"block{k}" for k in range(1, 6)], list(compact.trunk.parameters())),
        (resnet, ["stem", "stage1", "stage2", "stage3", "stage4"], None),
    ):
        blocks = blocks_of(encoder)
        assert list(blocks) == names
        found = [id(parameter) for block in blocks.values() for parameter in block]
        assert sorted(found) == sorted(id(p) for p in own or encoder.parameters())


@pytest.mark.parametrize(
    ("fields", "moved"),
    [
        ({"scope": "head"}, []),
        ({"scope": "top"}, ["block4", "block5"]),
        ({"scope": "top", "freeze_to": "block4"}, ["block5"]),
        ({"scope": "top", "freeze_to": "block1"}, ["block2", "block3", "block4", "block5"]),
        ({"scope": "all"}, ["block1", "block2", "block3", "block4", "block5"]),
    ],
)
def test_only_what_the_scope_says_is_trained(pictures, fields: dict[str, str], moved: list[str]) -> None:
    run = tuning(pictures, epochs=1, **fields)
    before = {name: [p.clone() for p in block] for name, block in blocks_of(run.task.model.encoder).items()}
    list(run.events())
    after = blocks_of(run.task.model.encoder)
    assert [name for name in after if not same(before[name], after[name])] == moved
    frozen = [p for name, block in after.items() if name not in moved for p in block]
    assert all(p.grad is None and not p.requires_grad for p in frozen)
    assert float(run.task.model.head.weight.detach().abs().sum()) > 0


def test_blocks_that_make_no_sense_are_refused() -> None:
    model = Classifier(open_encoder("tiny"), 3)
    with pytest.raises(RecipeError, match=r"Unknown block 'block9'.*block1"):
        trained_parameters(model, FinetuneSettings(scope="top", freeze_to="block9"))
    with pytest.raises(RecipeError, match="use --scope head"):
        trained_parameters(model, FinetuneSettings(scope="top", freeze_to="block5"))
    with pytest.raises(RecipeError, match="freeze_to is for scope top, not all"):
        FinetuneSettings.make({"freeze_to": "block2"})
    with pytest.raises(RecipeError, match="too small"):
        FinetuneSettings.make({"size": 200})
    with pytest.raises(RecipeError, match="epochs is 0"):
        FinetuneSettings.make({"epochs": 0})
    with pytest.raises(RecipeError, match="Unknown setting 'epoch'"):
        FinetuneSettings.make({"epoch": 1})


@pytest.mark.parametrize("scope", ["head", "all"])
def test_colours_are_learnt(pictures, scope: str) -> None:
    run = tuning(pictures, scope=scope, epochs=6, learning_rate=0.05, encoder_learning_rate=0.002)
    events = list(run.events())
    steps = [event for event in events if isinstance(event, StepDone)]
    lines = [event.figures for event in events if isinstance(event, Evaluated)]
    assert [step.step for step in steps] == list(range(1, 19))
    assert {step.steps for step in steps} == {18}
    assert steps[-1].seconds_left == 0
    assert [asdict(line) for line in run.task.history] == lines
    assert steps[0].figures["loss"] == pytest.approx(math.log(3))  # nothing is known at first
    assert run.task.best is not None
    assert run.task.best.line.validation_accuracy == 1 == max(line["validation_accuracy"] for line in lines)
    assert run.task.best.confusion.tolist() == [[2, 0, 0], [0, 2, 0], [0, 0, 2]]


@pytest.mark.parametrize("stop_after", [1, 4, 5, 9])
def test_a_resumed_run_ends_with_the_same_bits(pictures, tmp_path: Path, stop_after: int) -> None:
    whole = tuning(pictures)
    list(whole.events())
    half = tuning(pictures)
    for event, _ in zip(half.events(), range(stop_after), strict=False):
        assert event is not None
    write_checkpoint(tmp_path / "c", half, {})
    again = tuning(pictures)
    resume(read_checkpoint(tmp_path / "c", "finetune"), again)
    assert again.step == half.step
    list(again.events())
    assert same(bits(again), bits(whole))
    assert again.task.history == whole.task.history
    assert again.task.best is not None
    assert whole.task.best is not None
    assert all(
        torch.equal(again.task.best.weights[name], value) for name, value in whole.task.best.weights.items()
    )


def test_checkpoints_of_others_are_refused(pictures, tmp_path: Path) -> None:
    run = tuning(pictures)
    next(run.events())
    write_checkpoint(tmp_path / "c", run, {"pictures": pictures.digest})
    saved = read_checkpoint(tmp_path / "c", "finetune")
    check_origin(saved, {"pictures": pictures.digest}, {"pictures": "other pictures"})
    with pytest.raises(ResumeError, match="other pictures"):
        check_origin(saved, {"pictures": "x"}, {"pictures": "other pictures"})
    with pytest.raises(ResumeError, match="does not fit"):
        resume(saved, tuning(pictures, scope="head"))
    check_settings(saved, run.task.settings)
    with pytest.raises(RecipeError, match="epochs = 3, not 5"):
        check_settings(saved, tuning(pictures, epochs=5).task.settings)
    with pytest.raises(ResumeError, match="not the checkpoint"):
        read_checkpoint(tmp_path / "c", "distill")
    whole = (tmp_path / "c").read_bytes()
    for content in (b"", b"nothing", whole[: len(whole) // 2]):
        (tmp_path / "d").write_bytes(content)
        with pytest.raises(ResumeError, match="damaged or not"):
            read_checkpoint(tmp_path / "d", "finetune")
    with pytest.raises(ResumeError, match="no such file"):
        read_checkpoint(tmp_path / "gone", "finetune")


def test_it_stops_when_validation_gets_no_better_and_keeps_the_best(pictures, monkeypatch) -> None:
    run = tuning(pictures, epochs=50, patience=2)
    losses = iter([0.9, 0.5, 0.7, 0.5, 0.4])
    kept = []

    def validate():
        kept.append(bits(run))
        return next(losses), torch.eye(3, dtype=torch.int64)

    monkeypatch.setattr(run.task, "validate", validate)
    list(run.events())
    assert (len(run.task.history), run.task.stopped_early, run.finished) == (4, True, True)
    assert run.task.best is not None
    assert run.task.best.line.epoch == 2
    run.task.use_weights(run.task.best.weights)
    assert same(bits(run), kept[1])
    assert not same(bits(run), kept[3])


def test_a_loss_that_is_no_number_ends_the_run(pictures) -> None:
    run = tuning(pictures)
    with torch.no_grad():
        run.task.model.head.bias.fill_(torch.nan)
    with pytest.raises(DivergedError, match="lower the learning rates"):
        next(run.events())


def test_half_precision_keeps_full_weights(pictures) -> None:
    run = tuning(pictures, precision="bfloat16", epochs=1)
    list(run.events())
    assert {value.dtype for value in bits(run)} == {torch.float32}
    exact = tuning(pictures, epochs=1)
    list(exact.events())
    assert not same(bits(run), bits(exact))


@pytest.fixture
def written(pictures, tmp_path: Path):
    run = tuning(pictures, scope="all")
    list(run.events())
    assert run.task.best is not None
    outputs = FinetuneOutputs(tmp_path / "mine.safetensors")
    assert write_results(run.task, run.task.best, outputs, "abc", finished=True) is True
    return run, outputs


def test_the_file_is_an_encoder_and_a_classifier_with_the_best_weights(pictures, written) -> None:
    run, outputs = written
    run.task.use_weights(run.task.best.weights)
    opened = open_encoder(str(outputs.model))
    ours = published_state(run.task.model.encoder)
    assert all(torch.equal(value, ours[name]) for name, value in published_state(opened).items())
    assert not torch.equal(ours["features.0.weight"], random_state()["features.0.weight"])
    model, classes, settings = open_classifier(outputs.model)
    assert classes == ("blue", "green", "red")
    assert settings == run.task.settings
    images = centre_batch([pictures.store[index] for index in pictures.held_out], 32)
    with torch.no_grad():
        assert torch.equal(model(images), run.task.model(images))


def test_the_card_tells_where_it_comes_from(pictures, written) -> None:
    run, outputs = written
    with safe_open(outputs.model, "pt") as file:
        card = json.loads(file.metadata()["impasto"])
    assert (card["kind"], card["encoder"], card["scope"], card["seed"]) == ("finetuned", "tiny", "all", 0)
    assert (card["parent_sha256"], card["data_sha256"]) == ("abc", pictures.digest)
    assert FinetuneSettings.make(card["settings"]) == run.task.settings
    assert card["pictures"]["red"] == {"trained": 6, "held_out": 2}
    assert card["figures"]["validation_accuracy"] == run.task.best.line.validation_accuracy
    assert card["figures"]["chance"] == pytest.approx(1 / 3)
    assert card["figures"]["ended"] == "all epochs"
    text = outputs.card.read_text(encoding="utf-8")
    for words in ("abc", "mine.safetensors", "| green | 6 | 2 |", "impasto classify"):
        assert words in text


def test_curves_and_confusion_are_tables_and_plots(written) -> None:
    run, outputs = written
    rows = list(csv.DictReader(io.StringIO(outputs.curves[0].read_text(encoding="utf-8"))))
    assert [float(row["validation_loss"]) for row in rows] == [
        line.validation_loss for line in run.task.history
    ]
    table = list(csv.reader(io.StringIO(outputs.confusion[0].read_text(encoding="utf-8"))))
    assert table[0][1:] == ["blue", "green", "red", "accuracy"]
    assert [[int(cell) for cell in row[1:-1]] for row in table[1:]] == run.task.best.confusion.tolist()
    assert [float(row[-1]) for row in table[1:]] == [
        run.task.best.confusion[k, k].item() / 2 for k in range(3)
    ]
    for plot in (outputs.curves[1], outputs.confusion[1]):
        assert plot.read_bytes().startswith(b"\x89PNG")


def test_without_matplotlib_only_the_plots_are_missing(pictures, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", None)
    run = tuning(pictures, epochs=1)
    list(run.events())
    outputs = FinetuneOutputs(tmp_path / "mine.safetensors")
    assert run.task.best is not None
    assert write_results(run.task, run.task.best, outputs, "abc", finished=True) is False
    assert {path.suffix for path in tmp_path.iterdir()} == {".safetensors", ".md", ".csv"}


def test_names_are_free_or_refused(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("mine")
    assert FinetuneOutputs(tmp_path / "a.safetensors").numbered().model.name == "a-2.safetensors"
    with pytest.raises(OutputError, match=r"a\.md' already exists"):
        FinetuneOutputs(tmp_path / "a.safetensors").check(overwrite=False)
    FinetuneOutputs(tmp_path / "a.safetensors").check(overwrite=True)
    with pytest.raises(OutputError, match=r".safetensors, not '.pth'"):
        FinetuneOutputs(tmp_path / "a.pth").check(overwrite=False)


def test_a_file_without_classes_is_no_classifier(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    save_file(random_state(), tmp_path / "plain.safetensors")
    with pytest.raises(WeightsError, match="knows no classes"):
        open_classifier(tmp_path / "plain.safetensors")
    with pytest.raises(WeightsError, match="do not exist"):
        open_classifier(tmp_path / "gone.safetensors")


class Quiet(DataParallel):
    """Process 0 of several, without the others: figures are its own."""

    def mean(self, figures, device):
        return dict(figures)


def test_a_process_without_pictures_of_the_last_batch_adds_nothing(pictures) -> None:
    run = tuning(pictures, batch=17)  # 18 training pictures: the last batch is a single one
    task = run.task
    whole = task.loss(1).loss
    parts = []
    for rank in range(3):
        task.parallel = Quiet(rank, 3)
        parts.append(task.loss(1).loss)
        parts[-1].backward()
    assert [float(part.detach()) for part in parts] == [0, 0, pytest.approx(3 * float(whole.detach()))]
    assert all(p.grad.isfinite().all() for p in task.model.head.parameters())


def test_running_means_do_not_hide_the_loss_of_a_step(pictures) -> None:
    run = tuning(pictures, epochs=1)
    steps = [event.figures for event in run.events() if isinstance(event, StepDone)]
    assert steps[-1]["epoch_loss"] == pytest.approx(sum(step["loss"] for step in steps) / len(steps))
    assert 0 <= steps[-1]["epoch_accuracy"] <= 1


def test_large_sets_are_calibrated_on_at_most_the_limit(pictures, monkeypatch) -> None:
    monkeypatch.setattr("impasto.encoder_training.finetune.task.CALIBRATION_PICTURES", 10)
    task = tuning(pictures).task
    counts = []
    monkeypatch.setattr(task, "_run", lambda call, part: counts.append(len(part)) or torch.rand(len(part), 4))
    task.model.mean, task.model.deviation = torch.zeros(4), torch.ones(4)
    task.prepare()
    assert sum(counts) == 9  # every second of 18
