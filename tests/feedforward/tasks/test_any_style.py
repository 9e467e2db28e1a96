import itertools
import time

import pytest
import torch

from impasto.encoders import open_encoder
from impasto.errors import RecipeError, WeightsError
from impasto.feedforward import loss_encoder as loss_encoders
from impasto.feedforward.larger import InitialWeights
from impasto.feedforward.loss_encoder import loss_encoder
from impasto.feedforward.modules.transform import modulated_layers
from impasto.feedforward.objective import STYLE_LAYERS
from impasto.feedforward.style_data import measure_styles
from impasto.feedforward.tasks.any_style import AnyStyleTask, content_weight
from impasto.feedforward.training_settings import AnyStyleSettings
from impasto.training.checkpoint import read_checkpoint, resume, write_checkpoint
from impasto.training.device import ComputeDevice
from impasto.training.distributed import DataParallel
from impasto.training.trainer import Trainer

TINY = {"steps": 4, "batch": 2, "size": 64, "variants": 1}
CPU = ComputeDevice(torch.device("cpu"), "bfloat16")


@pytest.fixture(scope="module")
def run():
    """A training over two photographs and two paintings of noise."""
    noise = torch.Generator().manual_seed(0)
    photos = [(torch.rand(3, 70, 80, generator=noise) * 255).byte() for _ in range(2)]
    art = [(torch.rand(3, 32, 40, generator=noise) * 255).byte() for _ in range(2)]
    encoder = open_encoder("compact")
    styles = measure_styles(encoder, art, 1, 0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loss_encoders, "PROJECTION_PICTURES", 4)
        losses = loss_encoder(encoder, photos, art, 0)
    targets = measure_styles(losses, art, 1, 0, None, STYLE_LAYERS)

    def open_run(initial=None, clock=time.monotonic, **changes):
        fields = {name: value for name, value in TINY.items() if name != "steps" or "minutes" not in changes}
        settings = AnyStyleSettings.make({**fields, **changes})
        task = AnyStyleTask(losses, photos, styles, targets, settings, CPU, initial=initial)
        return Trainer(task, clock=clock)

    return open_run


@pytest.mark.parametrize("stop_after", [1, 2, 3])
def test_a_resumed_run_ends_with_the_same_bits(run, tmp_path, stop_after):
    whole = run()
    list(whole.events())
    first = run()
    for event in first.events():
        if event.step == stop_after:
            break
    write_checkpoint(tmp_path / "c", first, {})
    second = run()
    resume(read_checkpoint(tmp_path / "c", "network:any"), second)
    list(second.events())
    assert second.step == 4
    for name, value in whole.task.weights().items():
        assert torch.equal(value, second.task.weights()[name]), name


def test_several_processes_add_the_grain_of_one(run):
    whole, *parts = (run(batch=4).task for _ in range(3))
    photographs = torch.full((4, 3, 64, 64), 0.5)
    wanted = whole.with_grain(photographs, 0.03)
    for rank, task in enumerate(parts):
        task.rows = DataParallel(rank, 2).rows(4)
        assert torch.equal(task.with_grain(photographs[task.rows], 0.03), wanted[task.rows])
        assert task.draws.getstate() == whole.draws.getstate()


def test_minutes_of_one_second_a_step_are_as_many_steps(run, tmp_path):
    def clock():
        # The trainer reads it once at the start, and then once a step.
        return itertools.count(70).__next__

    whole, first, second = run(), run(minutes=4 / 60, clock=clock()), run(minutes=4 / 60, clock=clock())
    list(whole.events())
    for event in first.events():
        if event.step == 3:
            break
    write_checkpoint(tmp_path / "c", first, {})
    resume(read_checkpoint(tmp_path / "c", "network:any"), second)
    list(second.events())
    assert (second.step, second.seconds) == (4, 4)
    for name, value in whole.task.weights().items():
        assert torch.equal(value, second.task.weights()[name]), name


def test_kernels_keep_their_norm_and_still_learn(run):
    training = run(steps=2)
    kernels = training.task.optimizers.scale_free
    before = [kernel.detach().clone() for kernel in kernels]
    list(training.events())
    for old, new in zip(before, kernels, strict=True):
        assert not torch.equal(old, new)
        assert torch.allclose(old.norm(), new.detach().norm(), rtol=1e-4)


def test_a_training_can_start_from_another_network(run):
    first = run(seed=1).task
    part = {name: value for name, value in first.weights().items() if ".bank." not in name}
    second = run(InitialWeights(part, first.network.modulated_layers), seed=2).task
    for name, value in second.weights().items():
        assert torch.equal(value, first.weights()[name]) == (name in part), name
    norms = [float(kernel.detach().norm()) for kernel in first.optimizers.scale_free]
    assert second.optimizers.norms == norms


@pytest.mark.parametrize(
    "weights",
    [
        {"network.nothing": torch.ones(1)},
        {"network.head.bias": torch.ones(3)},
        {"style_predictor.perceptron.4.bias": torch.ones(7)},
        {"style_predictor.bank_weights.weight": torch.ones(13 * 12, 5)},
    ],
)
def test_a_network_that_does_not_fit_is_refused(run, weights):
    with pytest.raises(WeightsError, match=r"network\.(nothing|head\.bias)|perceptron|bank_weights"):
        run(InitialWeights(weights, modulated_layers(blocks=(1, 4, 6), detail=16)))


def test_the_content_weight_goes_geometrically_between_its_ends():
    weights = content_weight(torch.tensor([0.0, 0.5, 1.0]), 5.0, 0.02)
    assert torch.allclose(weights, torch.tensor([5.0, 0.1**0.5, 0.02]))


@pytest.mark.parametrize(
    ("name", "value"), [("steps", 0), ("size", 65), ("full_strength_share", 2.0), ("nothing", 1)]
)
def test_impossible_settings_are_named(name, value):
    with pytest.raises(RecipeError, match=name):
        AnyStyleSettings.make({name: value})


def test_a_smaller_network_paints_the_same_in_a_larger_one(run):
    small = run(seed=1, blocks=(1, 3, 4), detail=0).task
    large = run(InitialWeights(small.weights(), small.network.modulated_layers), seed=2).task
    with torch.no_grad():
        for index in (4, 5, 9):  # the blocks that the small network lacks
            large.network.blocks[index].gain.zero_()
    image, strength = torch.rand(1, 3, 64, 64), torch.tensor([0.7])
    statistics, _ = small.styles.select([0])
    painted = [task.network(image, task.style_predictor(statistics, strength)) for task in (small, large)]
    assert torch.allclose(*painted, atol=1e-5)
