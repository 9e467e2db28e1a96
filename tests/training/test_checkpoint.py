"""Checkpoints of trainings: tables of files and settings that do not fit, and the sentence for each."""

from __future__ import annotations

import json
import os
import random
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from impasto.errors import OutputError, RecipeError, ResumeError
from impasto.settings import FrozenSettings
from impasto.state_files import read_state, write_state
from impasto.training.checkpoint import (
    VERSION,
    TrainingCheckpoint,
    check_origin,
    check_settings,
    read_checkpoint,
    resume,
    write_checkpoint,
)
from impasto.training.device import ComputeDevice
from impasto.training.optimizer_set import OptimizerSet
from impasto.training.task import LossOutput, TrainingTask, generator_states, restore_generators
from impasto.training.trainer import Trainer

pytestmark = pytest.mark.usefixtures("one_thread")


class DotSettings(FrozenSettings):
    """Settings of the test's task."""

    steps: int = 6
    rate: float = 0.1
    shape: tuple[int, ...] = (3,)
    name: str | None = None
    device: str = "cpu"


class DotTask(TrainingTask):
    """A vector that goes to random places, drawn with both kinds of generator."""

    kind = "dot"

    def __init__(self, settings: DotSettings) -> None:
        super().__init__(settings, ComputeDevice(torch.device("cpu"), "float32"))
        self.net = nn.ParameterDict({"place": nn.Parameter(torch.zeros(settings.shape))})
        self.modules = {"net": self.net}
        self.optimizers = OptimizerSet({"adam": torch.optim.Adam(self.net.parameters(), lr=settings.rate)})
        self.generators = {"python": random.Random(1), "torch": torch.Generator().manual_seed(2)}

    @property
    def steps(self) -> int:
        return self.settings.steps

    def loss(self, step: int) -> LossOutput:
        size = self.generators["python"].gauss(0, 1)
        goal = size * torch.randn(self.settings.shape, generator=self.generators["torch"])
        return LossOutput((self.net["place"] - goal).square().sum(), {"size": size})

    def state(self):
        return generator_states(self.generators)

    def load_state(self, state) -> None:
        restore_generators(state, self.generators)


def stopped(steps: int = 2, **settings) -> Trainer:
    """Return a run that was left after some steps."""
    trainer = Trainer(DotTask(DotSettings(**settings)))
    for event in trainer.events():
        if event.step == steps:
            break
    return trainer


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_checkpoint(tmp_path / "c", stopped(), {"photos": "p", "sha256": ["a", "b"]})
    return tmp_path / "c"


def test_a_checkpoint_says_what_was_written(path: Path) -> None:
    saved = read_checkpoint(path, "dot")
    assert saved.path == path
    assert saved.settings == json.loads(DotSettings().model_dump_json())
    assert saved.origin == {"photos": "p", "sha256": ["a", "b"]}
    assert saved.state["step"] == 2


CHANGES = {
    "an older version": {"version": VERSION - 1},
    "a newer version": {"version": VERSION + 1},
    "a version in words": {"version": str(VERSION)},
    "another kind": {"kind": "line"},
    "no kind": {"kind": None},
    "settings that are no JSON": {"settings": "{'steps': 6}"},
    "settings that are a list": {"settings": "[1, 2]"},
    "settings that are no text": {"settings": 5},
    "settings that are null": {"settings": "null"},
    "an origin that is no dictionary": {"origin": 3},
    "a state that is no dictionary": {"state": None},
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_file_that_is_not_this_checkpoint_is_one_sentence(path: Path, name: str) -> None:
    write_state(path, {**read_state(path), **CHANGES[name]})
    with pytest.raises(ResumeError) as error:
        read_checkpoint(path, "dot")
    assert str(error.value) == f"{path} is damaged or not the checkpoint of this training; start afresh."


@pytest.mark.parametrize("name", ["version", "kind", "settings", "origin", "state"])
def test_no_part_may_be_missing(path: Path, name: str) -> None:
    content = read_state(path)
    del content[name]
    write_state(path, content)
    with pytest.raises(ResumeError, match="not the checkpoint of this training"):
        read_checkpoint(path, "dot")


class Evil:
    """An object whose unpickling makes a folder."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self):
        return os.mkdir, (str(self.trace),)


def test_no_code_in_a_checkpoint_is_run(path: Path) -> None:
    trace = path.with_name("trace")
    write_state(path, {**read_state(path), "state": {"step": Evil(trace)}})
    with pytest.raises(ResumeError, match="damaged"):
        read_checkpoint(path, "dot")
    assert not trace.exists()


def test_a_checkpoint_that_cannot_be_written_leaves_the_last_one(path: Path, monkeypatch) -> None:
    old = path.read_bytes()

    def full(content: object, file: object) -> None:
        file.write(b"half of it")  # type: ignore[attr-defined]
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(OutputError, match="No space left on device"):
        write_checkpoint(path, stopped(4), {})
    monkeypatch.undo()
    assert path.read_bytes() == old
    assert list(path.parent.iterdir()) == [path]
    assert read_checkpoint(path, "dot").state["step"] == 2


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("steps", 7, "steps = 6, not 7"),
        ("rate", 0.2, "rate = 0.1, not 0.2"),
        ("shape", (3, 1), r"shape = \[3\], not \[3, 1\]"),
        ("name", "x", "name = None, not 'x'"),
    ],
)
def test_the_first_setting_that_differs_is_named(path: Path, name: str, value, sentence: str) -> None:
    saved = read_checkpoint(path, "dot")
    check_settings(saved, DotSettings(device="cuda"))
    with pytest.raises(RecipeError, match=f"The checkpoint was trained with {sentence}; give the same"):
        check_settings(saved, DotSettings(**{name: value}))
    check_settings(saved, DotSettings(**{name: value}), may_differ=(name,))


def test_a_device_may_only_differ_where_it_is_allowed(path: Path) -> None:
    with pytest.raises(RecipeError, match="device = 'cpu', not 'cuda'"):
        check_settings(read_checkpoint(path, "dot"), DotSettings(device="cuda"), may_differ=())


def test_a_setting_that_only_the_checkpoint_has_is_named(path: Path) -> None:
    saved = read_checkpoint(path, "dot")
    with pytest.raises(RecipeError, match="gone = 4, not None"):
        check_settings(replace(saved, settings={**saved.settings, "gone": 4}), DotSettings())


SENTENCES = {"photos": "Other photographs.", "sha256": "Other pixels.", "later": "Something new."}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"photos": "q"}, "Other photographs."),
        ({"photos": "q", "sha256": []}, "Other photographs."),
        ({"sha256": ["b", "a"]}, "Other pixels."),
        ({"sha256": None}, "Other pixels."),
        ({"later": 1}, "Something new."),
        ({"photos": "q", "later": 1}, "Other photographs."),
    ],
)
def test_the_first_origin_that_differs_has_its_sentence(change, sentence: str) -> None:
    origin = {"photos": "p", "sha256": ["a", "b"]}
    saved = TrainingCheckpoint(Path("c"), {}, origin, {})
    check_origin(saved, {**origin, "unasked": 1}, SENTENCES)
    with pytest.raises(ResumeError) as error:
        check_origin(saved, {**origin, **change}, SENTENCES)
    assert str(error.value) == sentence


@pytest.mark.parametrize(
    "change",
    [
        {"weights": {"net.place": torch.zeros(4)}},
        {"weights": None},
        {"optimizers": {}},
        {"task": {"python": 3, "torch": 4}},
        {"task": {"torch": torch.Generator().get_state()}},
        {"step": "six"},
        {"history": [3]},
        {"log": [None, 1]},
        {"log": [{}, "two"]},
    ],
    ids=str,
)
def test_a_state_that_does_not_fit_is_one_sentence(path: Path, change) -> None:
    saved = read_checkpoint(path, "dot")
    trainer = Trainer(DotTask(DotSettings()))
    with pytest.raises(ResumeError) as error:
        resume(replace(saved, state={**saved.state, **change}), trainer)
    assert str(error.value) == f"{path} does not fit its own settings; start afresh."


@pytest.mark.parametrize("stop_after", range(1, 6))
def test_both_kinds_of_generator_continue_through_a_file(tmp_path: Path, stop_after: int) -> None:
    """The pair of normal numbers that random.Random keeps is part of its state."""
    whole = Trainer(DotTask(DotSettings()))
    sizes = [event.figures["size"] for event in whole.events() if hasattr(event, "figures")]
    write_checkpoint(tmp_path / "c", stopped(stop_after), {})
    second = Trainer(DotTask(DotSettings()))
    resume(read_checkpoint(tmp_path / "c", "dot"), second)
    continued = [event.figures["size"] for event in second.events() if hasattr(event, "figures")]
    assert continued[-2:] == sizes[-2:]
    assert second.history == whole.history
    assert torch.equal(second.task.net["place"], whole.task.net["place"])


@pytest.mark.parametrize(
    ("state", "error"),
    [
        ({}, KeyError),
        ({"python": (3, (1, 2), None), "torch": torch.zeros(3)}, ValueError),
        ({"python": random.Random(0).getstate(), "torch": "none"}, TypeError),
    ],
)
def test_a_state_that_is_no_generators_is_an_error(state, error) -> None:
    with pytest.raises(error):
        restore_generators(state, {"python": random.Random(1), "torch": torch.Generator()})
