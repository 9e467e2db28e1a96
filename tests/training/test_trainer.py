"""The trainer: schedules, exact resume of any task, checkpoints of others, two processes equal to one."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from impasto.errors import DivergedError, RecipeError, ResumeError
from impasto.settings import FrozenSettings
from impasto.training.checkpoint import check_settings, read_checkpoint, resume, write_checkpoint
from impasto.training.device import ComputeDevice
from impasto.training.distributed import SINGLE, DataParallel, process_device
from impasto.training.events import Evaluated, Logged, StepDone
from impasto.training.optimizer_set import muon_and_adam
from impasto.training.schedules import warmup_constant_cosine
from impasto.training.task import LossOutput, TrainingTask, generator_states, restore_generators
from impasto.training.trainer import Trainer
from impasto.training.weights import WeightEMA


class LineSettings(FrozenSettings):
    """Settings of the test's task."""

    steps: int = 12
    batch: int = 8
    device: str = "cpu"


class LineTask(TrainingTask):
    """A two-layer network that learns a random linear map, with Muon, Adam and averaged weights."""

    kind = "line"

    def __init__(self, settings: LineSettings, parallel: DataParallel = SINGLE, target: float = 1.0) -> None:
        super().__init__(settings, ComputeDevice(torch.device("cpu"), "float32"), parallel)
        torch.manual_seed(0)
        self.net = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 2))
        self.modules = {"net": self.net}
        muon = {"matrices": ([self.net[0].weight], 0.02)}
        self.optimizers = muon_and_adam(self.modules, muon, 0.01)
        self.ema = WeightEMA(self.live_weights(), 0.9)
        self.rng = torch.Generator().manual_seed(1)
        self.map = torch.randn(4, 2, generator=self.rng) * target

    @property
    def steps(self) -> int:
        return self.settings.steps

    def learning_rate_factor(self, step: int) -> float:
        return warmup_constant_cosine(step / self.steps, 0.1)

    def loss(self, step: int) -> LossOutput:
        images = torch.randn(self.settings.batch, 4, generator=self.rng)
        part = images[self.parallel.rows(len(images))]
        loss = (self.net(part) - part @ self.map).square().mean()
        return LossOutput(loss, {"double": 2 * float(loss.detach())})

    def after_step(self, step: int) -> Evaluated | None:
        return Evaluated(step, {"step": step}) if step % 5 == 0 else None

    def state(self):
        return generator_states({"rng": self.rng})

    def load_state(self, state) -> None:
        restore_generators(state, {"rng": self.rng})


def test_learning_rates_rise_stay_and_fall() -> None:
    assert warmup_constant_cosine(0.0, 0.1) < 0.01
    assert warmup_constant_cosine(0.2, 0.1) == 1
    assert warmup_constant_cosine(0.65, 0.1, 0.3) == pytest.approx(0.5)
    assert warmup_constant_cosine(1.0, 0.1) == pytest.approx(0.01)


def test_events_come_in_order_and_logs_are_means() -> None:
    events = list(Trainer(LineTask(LineSettings()), log_every=4).events())
    steps = [event for event in events if isinstance(event, StepDone)]
    logs = [event for event in events if isinstance(event, Logged)]
    assert [event.step for event in steps] == list(range(1, 13))
    assert [event.step for event in logs] == [4, 8, 12]
    assert [event.step for event in events if isinstance(event, Evaluated)] == [5, 10]
    mean = sum(event.figures["loss"] for event in steps[4:8]) / 4
    assert logs[1].figures["loss"] == pytest.approx(mean)
    assert steps[0].figures["double"] == pytest.approx(2 * steps[0].figures["loss"])
    assert steps[-1].seconds_left == 0
    assert steps[-1].figures["loss"] < steps[0].figures["loss"]


@pytest.mark.parametrize("stop_after", [1, 4, 7, 11])
def test_a_resumed_run_ends_with_the_same_bits(tmp_path: Path, stop_after: int) -> None:
    whole = Trainer(LineTask(LineSettings()), log_every=4)
    list(whole.events())
    first = Trainer(LineTask(LineSettings()), log_every=4)
    for event in first.events():
        if event.step == stop_after:
            break
    write_checkpoint(tmp_path / "c", first, {"from": "here"})
    saved = read_checkpoint(tmp_path / "c", "line")
    assert saved.origin == {"from": "here"}
    second = Trainer(LineTask(LineSettings()), log_every=4)
    resume(saved, second)
    list(second.events())
    assert second.history == whole.history
    for weights in ("weights", "live_weights"):
        mine, theirs = getattr(second.task, weights)(), getattr(whole.task, weights)()
        assert all(torch.equal(mine[name], theirs[name]) for name in theirs)


def test_a_loss_that_is_not_finite_stops_the_training() -> None:
    with pytest.raises(DivergedError, match="at step 1; lower the learning rates"):
        next(Trainer(LineTask(LineSettings(), target=float("nan"))).events())


def test_other_checkpoints_are_refused(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "c", Trainer(LineTask(LineSettings())), {})
    with pytest.raises(ResumeError, match="not the checkpoint of this training"):
        read_checkpoint(tmp_path / "c", "other")
    with pytest.raises(ResumeError, match="no such file"):
        read_checkpoint(tmp_path / "d", "line")
    saved = read_checkpoint(tmp_path / "c", "line")
    check_settings(saved, LineSettings(device="cuda"))
    check_settings(saved, LineSettings(steps=20), may_differ=("steps",))
    with pytest.raises(RecipeError, match="batch = 8, not 6"):
        check_settings(saved, LineSettings(batch=6))
    with pytest.raises(ResumeError, match="does not fit"):
        resume(replace(saved, state={**saved.state, "weights": {}}), Trainer(LineTask(LineSettings())))


def test_a_batch_that_does_not_split_evenly_is_refused() -> None:
    assert DataParallel(1, 2).rows(6) == slice(3, 6)
    with pytest.raises(RecipeError, match="cannot be split evenly over 4 processes"):
        DataParallel(0, 4).rows(6)


WORKER = """
import json, sys, torch
sys.path.insert(0, sys.argv[1])
from test_trainer import LineSettings, LineTask
from impasto.training.distributed import DataParallel
from impasto.training.trainer import Trainer
parallel = DataParallel.from_environment(torch.device("cpu"))
task = LineTask(LineSettings(), parallel)
losses = [event.figures["loss"] for event in Trainer(task).events() if hasattr(event, "seconds_left")]
flag = parallel.largest(7 * parallel.rank, torch.device("cpu"))
if parallel.is_main:
    weights = {name: value.tolist() for name, value in task.weights().items()}
    open(sys.argv[2], "w").write(json.dumps({"weights": weights, "loss": losses[0], "flag": flag}))
"""


def test_two_processes_train_what_one_trains(tmp_path: Path) -> None:
    single = Trainer(LineTask(LineSettings()))
    first = next(single.events())
    single = Trainer(LineTask(LineSettings()))
    list(single.events())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (tmp_path / "worker.py").write_text(WORKER)
    environment = {**os.environ, "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    command = [sys.executable, str(tmp_path / "worker.py"), str(Path(__file__).parent), str(tmp_path / "out")]
    processes = [subprocess.Popen(command, env={**environment, "RANK": str(rank)}) for rank in range(2)]
    # Now and then torch aborts a process while the interpreter ends, after all work is done and written.
    assert {process.wait(60) for process in processes} <= {0, -signal.SIGABRT}
    found = json.loads((tmp_path / "out").read_text())
    assert found["flag"] == 7
    assert found["loss"] == pytest.approx(first.figures["loss"], rel=1e-6)
    for name, value in single.task.weights().items():
        assert torch.allclose(torch.tensor(found["weights"][name]), value, atol=1e-5), name


@pytest.mark.parametrize(
    ("local_rank", "name", "wanted"),
    [(None, "cuda:1", "cuda:1"), (None, "cpu", "cpu"), ("1", "cpu", "cpu"), ("1", "cuda", "cuda:1")],
)
def test_under_torchrun_each_process_takes_its_own_gpu(monkeypatch, local_rank, name, wanted) -> None:
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    if local_rank is not None:
        monkeypatch.setenv("LOCAL_RANK", local_rank)
    assert process_device(torch.device(name)) == torch.device(wanted)


def test_under_torchrun_no_process_may_name_one_gpu(monkeypatch) -> None:
    monkeypatch.setenv("LOCAL_RANK", "0")
    with pytest.raises(RecipeError, match="give --device cuda, without a number"):
        process_device(torch.device("cuda:1"))


def test_mps_cannot_train_and_auto_takes_the_cpu_there(monkeypatch) -> None:
    monkeypatch.setattr("impasto.training.device.open_device", lambda _: torch.device("mps"))
    with pytest.raises(RecipeError, match="needs float64"):
        ComputeDevice.open("mps")
    assert ComputeDevice.open("auto").device.type == "cpu"
