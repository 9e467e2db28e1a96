import copy

import pytest
import torch

from impasto.encoders import open_encoder
from impasto.errors import RecipeError, ResumeError, WeightsError
from impasto.feedforward.any_settings import AnySettings
from impasto.feedforward.style_data import measure_styles
from impasto.feedforward.tasks.any_style import AnyTraining, content_weight
from impasto.training.checkpoint import read_checkpoint, write_checkpoint
from impasto.training.optimizers import rate_factor

TINY = {"steps": 4, "batch": 2, "size": 64, "variants": 1}


@pytest.fixture(scope="module")
def run():
    """A training over two photographs and two paintings of noise."""
    noise = torch.Generator().manual_seed(0)
    photos = [(torch.rand(3, 70, 80, generator=noise) * 255).byte() for _ in range(2)]
    art = [(torch.rand(3, 32, 40, generator=noise) * 255).byte() for _ in range(2)]
    encoder = open_encoder("compact")
    styles = measure_styles(encoder, art, 1, 0)
    return lambda begin=None, **changes: AnyTraining(
        encoder, photos, styles, AnySettings.make({**TINY, **changes}), begin
    )


def test_a_resumed_run_ends_with_the_same_bits(run, tmp_path):
    whole = run()
    assert [line.step for line in whole.run(every=2)] == [2, 4]
    first = run()
    next(iter(first.run(every=1)))
    write_checkpoint(
        tmp_path / "c", "test", first.settings.model_dump_json(), {}, copy.deepcopy(first.state())
    )
    second = run()
    second.load(read_checkpoint(tmp_path / "c", "test")[2])
    list(second.run())
    assert second.learner.step == 4
    for name, value in whole.weights().items():
        assert torch.equal(value, second.weights()[name]), name


def test_kernels_keep_their_length_and_still_learn(run):
    training = run(steps=2)
    before = [kernel.detach().clone() for kernel in training.learner.kernels]
    list(training.run())
    for old, new in zip(before, training.learner.kernels, strict=True):
        assert not torch.equal(old, new)
        assert torch.allclose(old.norm(), new.detach().norm(), rtol=1e-4)


def test_a_training_can_begin_with_another_network(run):
    first = run(seed=1)
    bare = {name: value for name, value in first.weights().items() if ".bank." not in name}
    second = run(bare, seed=2)
    for name, value in second.weights().items():
        assert torch.equal(value, first.weights()[name]) == (name in bare), name
    assert second.learner.lengths == [float(kernel.detach().norm()) for kernel in first.learner.kernels]


@pytest.mark.parametrize(
    "weights", [{"network.nothing": torch.ones(1)}, {"network.head.bias": torch.ones(3)}]
)
def test_a_network_that_does_not_fit_is_refused(run, weights):
    with pytest.raises(WeightsError, match=r"network\.(nothing|head\.bias)"):
        run(weights)


def test_another_kind_of_checkpoint_is_refused(tmp_path):
    write_checkpoint(tmp_path / "c", "one", "{}", {}, {})
    with pytest.raises(ResumeError, match="not the checkpoint"):
        read_checkpoint(tmp_path / "c", "two")
    with pytest.raises(ResumeError, match="no such file"):
        read_checkpoint(tmp_path / "d", "two")


def test_rates_rise_stay_and_fall():
    assert rate_factor(0.0, 0.1) < 0.01
    assert rate_factor(0.2, 0.1) == 1
    assert rate_factor(0.65, 0.1, 0.3) == pytest.approx(0.5)
    assert rate_factor(1.0, 0.1) == pytest.approx(0.01)


def test_the_content_weight_goes_geometrically_from_most_to_least():
    found = content_weight(torch.tensor([0.0, 0.5, 1.0]), 0.02, 5.0)
    assert torch.allclose(found, torch.tensor([5.0, 0.1**0.5, 0.02]))


@pytest.mark.parametrize(("name", "value"), [("steps", 0), ("size", 65), ("plain", 2.0), ("nothing", 1)])
def test_impossible_settings_are_named(name, value):
    with pytest.raises(RecipeError, match=name):
        AnySettings.make({name: value})
