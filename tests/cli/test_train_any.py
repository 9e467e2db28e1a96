"""The network for any style from the command line: begun with another, interrupted, gone on with."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
import torch

from impasto.cli.training_progress import TrainingReport
from impasto.feedforward.network_card import find_model
from impasto.feedforward.open_network import open_model
from impasto.feedforward.restore import read_any_style
from impasto.feedforward.weights import identity

from .conftest import make_picture
from .test_bad_input import assert_one_sentence

WORDS = (
    "train-any", "--photos", "photos", "--art", "art", "--size", "64", "--batch", "1", "--steps", "2",
    "--variants", "1", "--quiet", "--from", str(find_model("any")),
)  # fmt: skip


@pytest.fixture
def folders(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folders of the fewest pictures that are taken; small paintings, a line a step."""
    for folder in ("photos", "art"):
        (place / folder).mkdir()
        for index in range(32):
            make_picture(place / folder / f"{index}.png", 40, 36, index)
    monkeypatch.setattr("impasto.feedforward.style_data.LONGEST", 32)
    monkeypatch.setattr("impasto.feedforward.loss_encoder.PROJECTION_PICTURES", 4)
    monkeypatch.setattr("impasto.feedforward.previews.SQUARE_SIDE", 64)
    return place


def test_an_interrupted_run_goes_on_to_the_same_network(cli, folders: Path, monkeypatch) -> None:
    run = cli(*WORDS, "--out", "whole.safetensors")
    assert run.code == 0, run.err
    with monkeypatch.context() as patch:
        patch.setattr(TrainingReport, "stepped", lambda self, event: os.kill(os.getpid(), signal.SIGINT))
        run = cli(*WORDS, "--out", "n.safetensors")
    assert run.code == 130, run.err
    drawn = {"n.curve.csv", "n.curve.png", "n.preview.png"}
    assert {path.name for path in folders.glob("n.*")} == {"n.safetensors.checkpoint", *drawn}
    other = cli(*WORDS, "--seed", "1", "--out", "n.safetensors", "--resume")
    assert_one_sentence(other)
    assert "seed = 0, not 1" in other.err
    # What it began with is in the checkpoint, so --from is not asked for again.
    run = cli(*WORDS[:-2], "--out", "n.safetensors", "--resume")
    assert run.code == 0, run.err
    (card, weights), (wanted, whole) = (
        read_any_style(Path(f"{name}.safetensors")) for name in ("n", "whole")
    )
    assert card == wanted
    assert card["started_from"] == identity(find_model("any"))
    assert all(torch.equal(weights[name], value) for name, value in whole.items())
    assert open_model(Path("n.safetensors")).names == ()
    assert not list(folders.glob("*.checkpoint"))
