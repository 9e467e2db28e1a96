"""Names of weights, copies that fit or are refused, and the moving average written out."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from impasto.state_files import read_state, write_state
from impasto.training.weights import EVERY, WeightEMA, copy_weights, named_weights


def modules(seed: int = 0) -> dict[str, nn.Module]:
    torch.manual_seed(seed)
    return {"net": nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)), "head": nn.Linear(2, 1)}


def test_names_are_the_modules_names_before_their_own() -> None:
    assert list(named_weights(modules())) == [
        "net.0.weight",
        "net.0.bias",
        "net.1.weight",
        "net.1.bias",
        "net.1.running_mean",
        "net.1.running_var",
        "net.1.num_batches_tracked",
        "head.weight",
        "head.bias",
    ]


def test_named_weights_are_the_modules_memory_without_gradient() -> None:
    parts = modules()
    named = named_weights(parts)
    assert not any(value.requires_grad for value in named.values())
    named["head.weight"].fill_(7)
    assert (parts["head"].weight == 7).all()
    with torch.no_grad():
        parts["net"][0].bias.fill_(5)
    assert (named["net.0.bias"] == 5).all()


def test_a_copy_makes_modules_equal_and_keeps_their_memory() -> None:
    into, source = modules(1), modules(2)
    addresses = [value.data_ptr() for value in named_weights(into).values()]
    copy_weights(named_weights(into), named_weights(source))
    images = torch.randn(5, 3)
    for parts in (into, source):
        parts["net"].eval()
    assert torch.equal(into["head"](into["net"](images)), source["head"](source["net"](images)))
    assert [value.data_ptr() for value in named_weights(into).values()] == addresses


def test_a_copy_takes_only_the_names_it_is_asked_for() -> None:
    into, source = named_weights(modules(1)), named_weights(modules(2))
    before = {name: value.clone() for name, value in into.items()}
    copy_weights({"head.bias": into["head.bias"]}, source)
    changed = [name for name, value in into.items() if not torch.equal(value, before[name])]
    assert changed == ["head.bias"]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda values: values.pop("head.bias"), KeyError),
        (lambda values: values.update({"head.weight": torch.zeros(2, 2)}), RuntimeError),
        (lambda values: values.update({"net.0.weight": torch.zeros(5)}), RuntimeError),
    ],
    ids=["missing", "too large", "another shape"],
)
def test_weights_that_do_not_fit_are_an_error(change, error) -> None:
    values = dict(named_weights(modules(2)))
    change(values)
    with pytest.raises(error):
        copy_weights(named_weights(modules(1)), values)


def path_of(step: int) -> dict[str, torch.Tensor]:
    """Return weights that move."""
    return {"w": torch.tensor([float(step), step**2 / 50, -1.0])}


@pytest.mark.parametrize("decay", [0.0, 0.3, 0.9, 0.998])
def test_the_average_is_the_recursion_written_out(decay: float) -> None:
    average, wanted = WeightEMA(path_of(0), decay), path_of(0)["w"].double()
    for step in range(1, 101):
        average.update(path_of(step), step)
        if step % 4 == 0:
            d = min(decay, step / (step + 20)) ** 4
            wanted = d * wanted + (1 - d) * path_of(step)["w"]
        torch.testing.assert_close(average.averaged["w"].double(), wanted, rtol=1e-5, atol=1e-5)


def test_without_decay_the_average_is_the_last_fourth_step() -> None:
    average = WeightEMA(path_of(0), 0.0)
    for step in range(1, 12):
        average.update(path_of(step), step)
        assert torch.equal(average.averaged["w"], path_of(step // EVERY * EVERY)["w"])


def test_constant_weights_are_reached_geometrically() -> None:
    """With a constant decay d the distance shrinks by d^4 every fourth step."""
    average, goal = WeightEMA({"w": torch.zeros(1)}, 0.9), {"w": torch.ones(1)}
    for step in range(200, 281):  # 200 / 220 is above .9
        average.update(goal, step)
    assert float(1 - average.averaged["w"]) == pytest.approx(0.9 ** (4 * 21), rel=1e-2)


def test_the_average_is_a_copy_that_follows_no_weight() -> None:
    weights = {"w": torch.zeros(3)}
    average = WeightEMA(weights, 0.9)
    weights["w"].fill_(9)
    assert (average.averaged["w"] == 0).all()
    average.update(weights, EVERY)
    assert (weights["w"] == 9).all()


@pytest.mark.parametrize("stop_after", [3, 4, 6])
def test_a_restored_average_continues_with_the_same_bits(tmp_path: Path, stop_after: int) -> None:
    whole = WeightEMA(path_of(0), 0.9)
    for step in range(1, 13):
        whole.update(path_of(step), step)
        if step == stop_after:
            write_state(tmp_path / "s", whole.state())
    second = WeightEMA(path_of(77), 0.9)
    second.load_state(read_state(tmp_path / "s"))
    for step in range(stop_after + 1, 13):
        second.update(path_of(step), step)
    assert torch.equal(second.averaged["w"], whole.averaged["w"])


@pytest.mark.parametrize(
    ("state", "error"),
    [({}, KeyError), ({"averaged": {}}, KeyError), ({"averaged": {"w": torch.zeros(2)}}, RuntimeError)],
)
def test_a_state_that_does_not_fit_is_an_error(state, error) -> None:
    with pytest.raises(error):
        WeightEMA(path_of(0), 0.9).load_state(state)
