"""Several optimizers in one step: each equals the optimizer alone, clipping and the kept norms are closed forms."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from impasto.state_files import read_state, write_state
from impasto.training.distributed import SINGLE
from impasto.training.muon import Muon
from impasto.training.optimizer_set import OptimizerSet, muon_and_adam, scale_free_kernels

pytestmark = pytest.mark.usefixtures("one_thread")


class Net(nn.Module):
    """Two convolutions and a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.first = nn.Conv2d(3, 5, 3, padding=1)
        self.point = nn.Conv2d(5, 4, 1)
        self.second = nn.Conv2d(4, 6, 3, padding=1)
        self.head = nn.Linear(6, 2)

    def forward(self, x: Tensor) -> Tensor:
        features = self.second(torch.tanh(self.point(torch.tanh(self.first(x)))))
        return self.head(features.mean((2, 3)))


def batch(step: int) -> Tensor:
    return torch.randn(2, 3, 6, 6, generator=torch.Generator().manual_seed(100 + step))


def loss_of(net: Net, step: int, size: float = 1.0) -> Tensor:
    return size * (net(batch(step)) - 1).square().sum()


def mixed(net: Net, **options) -> OptimizerSet:
    """Return the set of a training: Muon for the 3x3 kernels, Adam for the rest."""
    kernels = ([net.first.weight, net.second.weight], 0.02)
    return muon_and_adam({"net": net}, {"kernels": kernels}, 0.01, **options)


def gradient_norm(net: Net, step: int, size: float) -> Tensor:
    """Return the norm of the whole gradient, by hand."""
    gradients = torch.autograd.grad(loss_of(net, step, size), list(net.parameters()))
    return torch.cat([gradient.flatten() for gradient in gradients]).norm()


def assert_same_weights(first: nn.Module, second: nn.Module) -> None:
    others = second.state_dict()
    for name, value in first.state_dict().items():
        assert torch.equal(value, others[name]), name


@pytest.mark.parametrize("size", [1e-4, 1.0, 1e4])
def test_clipping_is_pytorchs_on_a_copy(size: float) -> None:
    net, other = Net(), Net()
    wanted_norm = gradient_norm(net, 0, size)
    optimizers = OptimizerSet(
        {"sgd": torch.optim.SGD(net.parameters(), lr=0.1)}, clipped=net.parameters(), max_norm=0.5
    )
    norm = optimizers.step(loss_of(net, 0, size), 1.0, SINGLE)
    plain = torch.optim.SGD(other.parameters(), lr=0.1)
    loss_of(other, 0, size).backward()
    torch.nn.utils.clip_grad_norm_(other.parameters(), 0.5)
    plain.step()
    assert norm == pytest.approx(float(wanted_norm), rel=1e-5)
    assert_same_weights(net, other)


def test_a_clipped_step_has_the_length_of_rate_times_norm() -> None:
    net = Net()
    before = torch.cat([p.detach().flatten().clone() for p in net.parameters()])
    optimizers = OptimizerSet(
        {"sgd": torch.optim.SGD(net.parameters(), lr=0.1)}, clipped=net.parameters(), max_norm=0.5
    )
    assert optimizers.step(loss_of(net, 0, 1e3), 1.0, SINGLE) > 0.5
    moved = torch.cat([p.detach().flatten() for p in net.parameters()]) - before
    assert float(moved.norm()) == pytest.approx(0.1 * 0.5, rel=1e-3)


def test_what_is_not_clipped_takes_its_whole_gradient() -> None:
    net, other = Net(), Net()
    optimizers = OptimizerSet(
        {"sgd": torch.optim.SGD(net.parameters(), lr=1e-3)}, clipped=[net.head.bias], max_norm=1e-6
    )
    (gradient,) = torch.autograd.grad(loss_of(other, 0), [other.head.weight])
    optimizers.step(loss_of(net, 0), 1.0, SINGLE)
    torch.testing.assert_close(net.head.weight.detach(), other.head.weight.detach() - 1e-3 * gradient)
    assert float((net.head.bias - other.head.bias).norm().detach()) < 1e-8


def test_without_clipped_parameters_the_norm_is_0() -> None:
    net = Net()
    optimizers = OptimizerSet({"sgd": torch.optim.SGD(net.parameters(), lr=0.1)}, max_norm=0.5)
    assert optimizers.step(loss_of(net, 0), 1.0, SINGLE) == 0


def test_a_factor_is_an_optimizer_of_the_scaled_rate_and_does_not_accumulate() -> None:
    net, other = Net(), Net()
    optimizers = OptimizerSet({"adam": torch.optim.Adam(net.parameters(), lr=0.01)})
    plain = torch.optim.Adam(other.parameters(), lr=0.01)
    for step, factor in enumerate((0.1, 0.5, 1.0, 0.25)):
        optimizers.step(loss_of(net, step), factor, SINGLE)
        plain.zero_grad()
        loss_of(other, step).backward()
        plain.param_groups[0]["lr"] = 0.01 * factor
        plain.step()
    assert_same_weights(net, other)


def test_a_step_of_the_set_is_a_step_of_each_optimizer_alone() -> None:
    net, other = Net(), Net()
    optimizers = mixed(net, max_norm=float("inf"))
    kernels = [other.first.weight, other.second.weight]
    rest = [p for p in other.parameters() if all(p is not kernel for kernel in kernels)]
    alone = [Muon(kernels, lr=0.02), torch.optim.Adam(rest, lr=0.01, betas=(0.9, 0.99))]
    for step, size in enumerate((1.0, 30.0, 0.1, 3.0)):  # so that both decays of Adam matter
        optimizers.step(loss_of(net, step, size), 1.0, SINGLE)
        for optimizer in alone:
            optimizer.zero_grad()
        loss_of(other, step, size).backward()
        for optimizer in alone:
            optimizer.step()
    for name, value in net.named_parameters():
        # Channels-last convolutions add up in another order.
        torch.testing.assert_close(value, other.get_parameter(name), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    "chosen", [(), ("first.weight",), ("first.weight", "second.weight", "head.weight")], ids=len
)
def test_every_parameter_has_one_optimizer(chosen: tuple[str, ...]) -> None:
    net, other = Net(), nn.Linear(2, 2)
    optimizers = muon_and_adam(
        {"net": net, "other": other}, {"some": ([net.get_parameter(name) for name in chosen], 0.02)}, 0.01
    )
    wanted = sorted(id(p) for module in (net, other) for p in module.parameters())
    assert sorted(id(p) for p in optimizers.parameters) == wanted
    assert set(optimizers.optimizers) == ({"adam", "some"} if chosen else {"adam"})
    muon = {id(net.get_parameter(name)) for name in chosen}
    assert {id(p) for p in optimizers.clipped} == set(wanted) - muon


def test_kernels_become_channels_last_and_keep_their_values() -> None:
    net, other = Net(), Net()
    mixed(net)
    assert net.first.weight.is_contiguous(memory_format=torch.channels_last)
    assert not other.first.weight.is_contiguous(memory_format=torch.channels_last)
    assert_same_weights(net, other)


def test_scale_free_kernels_keep_their_norm_and_others_do_not() -> None:
    net = Net()
    free = scale_free_kernels(net, ("second",))
    assert [id(kernel) for kernel in free] == [id(net.first.weight)]
    optimizers = mixed(net, scale_free=free)
    first, second = (float(kernel.detach().norm()) for kernel in (net.first.weight, net.second.weight))
    old = net.first.weight.detach().clone()
    for step in range(5):
        optimizers.step(loss_of(net, step), 1.0, SINGLE)
        assert float(net.first.weight.detach().norm()) == pytest.approx(first, rel=1e-5)
    assert float((net.first.weight.detach() - old).norm()) > 0.01 * first
    assert abs(float(net.second.weight.detach().norm()) - second) > 1e-3 * second


def test_keeping_the_norm_only_rescales_the_step() -> None:
    net, other = Net(), Net()
    kept, free = mixed(net, scale_free=[net.first.weight]), mixed(other)
    norm = net.first.weight.detach().norm()
    kept.step(loss_of(net, 0), 1.0, SINGLE)
    free.step(loss_of(other, 0), 1.0, SINGLE)
    wanted = other.first.weight.detach() * (norm / other.first.weight.detach().norm())
    torch.testing.assert_close(net.first.weight.detach(), wanted)
    assert torch.equal(net.second.weight, other.second.weight)


@pytest.mark.parametrize(
    ("excluded", "names"),
    [
        ((), ["first", "second"]),
        (("first",), ["second"]),
        (("f", "sec"), []),
        (("weight",), ["first", "second"]),
    ],
)
def test_scale_free_kernels_are_the_3x3_ones_not_excluded(excluded, names) -> None:
    net = Net()
    wanted = [id(net.get_parameter(f"{name}.weight")) for name in names]
    assert [id(kernel) for kernel in scale_free_kernels(net, excluded)] == wanted


@pytest.mark.parametrize("stop_after", [1, 3])
def test_a_restored_set_continues_with_the_same_bits(tmp_path: Path, stop_after: int) -> None:
    whole = Net()
    optimizers = mixed(whole, scale_free=[whole.first.weight])
    for step in range(5):
        if step == stop_after:
            write_state(tmp_path / "s", {"optimizers": optimizers.state(), "weights": whole.state_dict()})
        optimizers.step(loss_of(whole, step), 1 / (step + 1), SINGLE)
    saved = read_state(tmp_path / "s")
    second = Net()
    with torch.no_grad():
        second.first.weight.mul_(3)  # the kept norms come from the state, not from these weights
    continued = mixed(second, scale_free=[second.first.weight])
    second.load_state_dict(saved["weights"])
    continued.load_state(saved["optimizers"])
    for step in range(stop_after, 5):
        continued.step(loss_of(second, step), 1 / (step + 1), SINGLE)
    assert_same_weights(second, whole)


@pytest.mark.parametrize(
    ("damage", "error"),
    [
        (lambda state: state["optimizers"].pop("kernels"), KeyError),
        (lambda state: state.pop("norms"), KeyError),
        (lambda state: state["optimizers"]["adam"]["param_groups"][0]["params"].pop(), ValueError),
        (lambda state: state.update(norms=["wide"]), ValueError),
    ],
    ids=["no optimizer", "no norms", "fewer parameters", "no number"],
)
def test_a_state_that_does_not_fit_is_an_error(damage, error) -> None:
    net = Net()
    optimizers = mixed(net, scale_free=[net.first.weight])
    state = copy.deepcopy(optimizers.state())
    damage(state)
    with pytest.raises(error):
        optimizers.load_state(state)
