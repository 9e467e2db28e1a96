"""Every command of docs/sources.md runs, at toy size; studies of the lab run in tests/lab."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from impasto.encoder_training.finetune.painted import paint_picture
from impasto.encoders import registry, vgg_classifier
from impasto.encoders.untrained import random_state
from impasto.encoders.vgg import classifier_layout
from impasto.lab import STUDIES

from .conftest import make_picture

PAGE = Path(__file__).parents[2] / "docs" / "sources.md"
COMMANDS = sorted(set(re.findall(r"\| `(impasto [^`]+)` \|", PAGE.read_text(encoding="utf-8"))))
NARROW = {
    "vgg16": ((3, 3), (4, 4), (4,) * 3, (5,) * 3, (6,) * 3),
    "vgg19": ((3, 3), (4, 4), (4,) * 4, (5,) * 4, (6,) * 4),
}
HIDDEN = 8
INPUTS = {"P": "photo.png", "S": "art.png", "T": "art2.png", "DATA": "data", "PHOTOS": "photos"}
TOY = {
    "stylize": ("--size", "32", "--precision", "float32"),
    "reconstruct": ("--size", "32", "--steps", "2", "--precision", "float32"),
    "finetune": ("--epochs", "1", "--batch", "2"),
    "train": ("--size", "64", "--batch", "1", "--steps", "1", "--no-previews"),
    "demo": ("--size", "64"),
}


@pytest.fixture
def networks(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Narrow, random VGG networks in the weights folder, a data set of two classes, and a folder of photographs."""
    monkeypatch.setattr(registry, "BLOCKS", NARROW)
    monkeypatch.setattr(vgg_classifier, "HIDDEN", HIDDEN)
    monkeypatch.setenv("IMPASTO_WEIGHTS_DIR", str(place / "weights"))
    (place / "weights").mkdir()
    generator = torch.Generator().manual_seed(4)
    for name, blocks in NARROW.items():
        layout = classifier_layout(blocks[-1][-1], HIDDEN)
        fc = {key: 0.3 * torch.randn(shape, generator=generator) for key, shape in layout.items()}
        for file in (name, f"{name}-caffe"):
            save_file(
                {**random_state(blocks, 3, gain=2.0, bias=0.1), **fc},
                place / "weights" / f"{file}.safetensors",
            )
    for name in ("checks", "rings"):
        (place / "data" / name).mkdir(parents=True)
        for index in range(3):
            paint_picture(name, index, size=40).save(place / "data" / name / f"{index}.png")
    (place / "photos").mkdir()
    for index in range(9):
        make_picture(place / "photos" / f"{index}.png", 80, 72, 10 + index)
    monkeypatch.setattr("impasto.feedforward.artifact_checks.SIZES", (64,))
    monkeypatch.setattr("impasto.feedforward.artifact_checks.CHECKERBOARD", 1e9)
    monkeypatch.setattr("impasto.feedforward.artifact_checks.blob", lambda flat, painted: None)


def test_the_page_has_commands_for_every_source() -> None:
    assert len(COMMANDS) > 20
    sections = PAGE.read_text(encoding="utf-8").split("\n## ")[1:]
    assert [section[0] for section in sections] == list("12345")
    assert all("`impasto " in section for section in sections)


@pytest.mark.usefixtures("networks")
@pytest.mark.parametrize("command", COMMANDS)
def test_the_command_runs(cli, command: str) -> None:
    words = [INPUTS.get(word, word) for word in shlex.split(command)[1:]]
    if words[:2] == ["lab", "run"]:
        assert words[2] in STUDIES
        return
    steps = ("--steps", "2") if words[0] == "stylize" and "--steps" not in words else ()
    run = cli(*words, *TOY.get(words[0], ()), *steps)
    assert run.code == 0, run.err
    assert run.out
