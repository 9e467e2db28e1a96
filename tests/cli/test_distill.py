"""A whole distillation, very small: a random teacher, two steps, weights that open again."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from impasto.cli.training_progress import TrainingLines
from impasto.encoder_training.distill.settings import DistillSettings
from impasto.encoders import open_encoder
from impasto.encoders.vgg import BLOCKS, layout

from .conftest import make_picture

SMALL = (
    "--steps",
    "2",
    "--batch",
    "2",
    "--size",
    "32",
    "--warmup-steps",
    "1",
    "--log-every",
    "1",
    "--measure-every",
    "1",
)


@pytest.fixture
def studio(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folders of photographs and artworks, a random VGG-19, two batches to measure it on, and short evaluations."""
    for name, first in (("photos", 0), ("art", 100)):
        (place / name).mkdir()
        for index in range(32):
            make_picture(place / name / f"{index}.png", 40, 40, first + index)
    generator = torch.Generator().manual_seed(0)
    state = {
        name: torch.randn(shape, generator=generator).mul_((2 / (9 * shape[1])) ** 0.5)
        if len(shape) == 4
        else torch.zeros(shape)
        for name, shape in layout(BLOCKS["vgg19"]).items()
    }
    save_file(state, place / "teacher.safetensors")
    monkeypatch.setattr("impasto.encoder_training.distill.task.BASIS_BATCHES", 2)
    monkeypatch.setattr("impasto.encoder_training.distill.task.EVALUATION_STEPS", 6)
    return place


def test_a_distillation_writes_weights_that_open(cli, studio: Path) -> None:
    words = [
        "distill",
        "--photos",
        str(studio / "photos"),
        "--art",
        "art",
        "--teacher",
        "teacher.safetensors",
        *SMALL,
    ]
    run = cli(*words, "--seed", "4", "--out", "w.safetensors")
    assert run.code == 0, run.err
    assert run.out == "w.safetensors\n"
    assert "step 2/2" in run.err
    assert "held-out R2, photographs: relu1_1" in run.err
    encoder = open_encoder("compact", weights=Path("w.safetensors"))
    assert encoder(torch.rand(1, 3, 32, 32), ["relu4_1"])["relu4_1"].isfinite().all()
    with safe_open("w.safetensors", "pt") as file:
        metadata = json.loads(file.metadata()["impasto"])
    assert metadata["settings"]["steps"] == 2
    assert metadata["seed"] == 4
    assert metadata["photos"] == "photos"
    assert all(len(metadata[f"{name}_sha256"]) == 64 for name in ("photos", "art", "teacher"))
    assert set(metadata["held_out_r2"]) == {"photographs", "artworks", "pastiches"}


def stopped_after_one_step(cli, monkeypatch: pytest.MonkeyPatch, *words: str) -> str:
    """Run a distillation that a signal stops after its first step; return what it printed."""
    with monkeypatch.context() as patch:
        patch.setattr(TrainingLines, "stepped", lambda self, event: signal.raise_signal(signal.SIGINT))
        run = cli(*words)
    assert run.code == 130, run.err
    assert "Stopped after step 1" in run.err
    return str(run.err)


def test_an_interrupted_distillation_goes_on_to_the_same_weights(cli, studio: Path, monkeypatch) -> None:
    words = ["distill", "--photos", "photos", "--art", "art", "--teacher", "teacher.safetensors", *SMALL]
    assert cli(*words, "--quiet", "--out", "whole.safetensors").code == 0
    # A finished training leaves no checkpoint, as `train`, `train-any` and `finetune`.
    assert not Path("whole.safetensors.checkpoint").exists()

    words += ["--out", "w.safetensors"]
    stopped_after_one_step(cli, monkeypatch, *words)
    saved = Path("w.safetensors.checkpoint").read_bytes()
    run = cli(*words, "--resume")
    assert run.code == 0, run.err
    assert "resuming after step 1" in run.err
    assert Path("w.safetensors").read_bytes() == Path("whole.safetensors").read_bytes()
    assert not Path("w.safetensors.checkpoint").exists()

    Path("w.safetensors.checkpoint").write_bytes(saved)
    longer = cli(*words, "--steps", "3", "--resume")
    assert longer.code == 0, longer.err
    assert "step 3/3" in longer.err


def test_other_pictures_or_another_teacher_are_refused(cli, studio: Path, monkeypatch) -> None:
    words = ["distill", "--photos", str(studio / "photos"), "--art", "art", *SMALL, "--out", "w.safetensors"]
    (studio / "art" / "3.png").write_bytes(b"no picture")
    make_picture(studio / "art" / "4a.png", 40, 40, 7)
    printed = stopped_after_one_step(cli, monkeypatch, *words, "--teacher", "teacher.safetensors")
    assert "1 style images were skipped" in printed
    weights = load_file("teacher.safetensors")
    save_file({name: 2 * value for name, value in weights.items()}, "other.safetensors")
    other = cli(*words, "--teacher", "other.safetensors", "--resume")
    assert other.code == 3
    assert "teacher is not that of the checkpoint" in other.err
    make_picture(studio / "photos" / "0.png", 40, 40, 999)
    changed = cli(*words, "--teacher", "teacher.safetensors", "--resume")
    assert changed.code == 3
    assert "photographs are not those" in changed.err


def test_a_signal_while_pictures_are_read_stops(cli, studio: Path, monkeypatch) -> None:
    monkeypatch.setattr(TrainingLines, "counted", lambda *_: signal.raise_signal(signal.SIGINT))
    words = ["distill", "--photos", "photos", "--art", "art", "--teacher", "teacher.safetensors", *SMALL]
    assert cli(*words, "--out", "w.safetensors").code == 130
    assert not Path("w.safetensors").exists()


def test_every_setting_is_an_option(cli) -> None:
    from impasto.cli.main import load

    command = load("distill")
    given = {parameter.name: parameter for parameter in command.params}
    for name, field in DistillSettings.model_fields.items():
        assert given[name].help == field.description


def test_a_low_rank_student_opens_as_compact_large(cli, studio: Path, monkeypatch) -> None:
    from impasto.encoders.lowrank import LowRankVGG

    monkeypatch.setattr(
        "impasto.encoder_training.distill.lowrank_task.factorise",
        lambda teacher, ranks, batches, *, name, **_: LowRankVGG(
            name, ranks
        ),  # fits of 4608 inputs take seconds
    )
    monkeypatch.setattr("impasto.encoder_training.distill.task.EVALUATION_STEPS", 5)
    words = ["distill", "--photos", "photos", "--art", "art", "--teacher", "teacher.safetensors", *SMALL]
    run = cli(*words, "--student", "low-rank", "--budget", "0.05", "--steps", "1", "--out", "w.safetensors")
    assert run.code == 0, run.err
    assert "held-out R2, photographs: relu2_1" in run.err
    encoder = open_encoder("compact-large", weights=Path("w.safetensors"))
    assert encoder.macs(32, 32, ["relu5_1"]) <= 0.05 * 361_152 * 32 * 32
    with safe_open("w.safetensors", "pt") as file:
        metadata = json.loads(file.metadata()["impasto"])
    assert (metadata["settings"]["student"], metadata["settings"]["size"]) == ("low-rank", 32)
    wrong = cli(*words, "--student", "low-rank", "--budget", "0.0001", "--out", "x.safetensors")
    assert wrong.code == 2
    assert "give a larger share" in wrong.err
