"""A small untrained network and random style parameters."""

from __future__ import annotations

import pytest
import torch

from impasto.feedforward.modules.transform import StyleParams, TransformNet, initialise
from impasto.feedforward.runner import NetworkRunner

WIDTHS, BLOCKS = (8, 12, 16), (1, 1, 1)


def make_style_params(modulated_layers, seed: int, diagonal: bool = False) -> StyleParams:
    """Return random style parameters that keep the magnitude of features."""
    rng = torch.Generator().manual_seed(seed)
    shapes = [(1, s.channels) if diagonal else (1, s.channels, s.channels) for s in modulated_layers]
    matrices = [torch.randn(s, generator=rng) / (1 if diagonal else s[1] ** 0.5) for s in shapes]
    shifts = [torch.randn(1, s.channels, generator=rng) for s in modulated_layers]
    return StyleParams(tuple(matrices), tuple(shifts))


@pytest.fixture(autouse=True)
def _one_thread(one_thread) -> None:
    """For every test here."""


def make_network(*shape) -> TransformNet:
    """Return an untrained network whose head depends on the features."""
    torch.manual_seed(0)
    network = TransformNet(*shape)
    initialise(network)
    with torch.no_grad():
        network.head.weight.normal_(0, 0.01)
    return network


@pytest.fixture(scope="module")
def network(request) -> TransformNet:
    """A small network; in tests of graphs one of the shape of `any-live`, whose graphs need no export."""
    return make_network() if "export" in request.module.__name__ else make_network(WIDTHS, BLOCKS)


@pytest.fixture(scope="module")
def runner(network) -> NetworkRunner:
    return NetworkRunner(network, precision="float32")


@pytest.fixture(scope="module")
def styles(network) -> list[StyleParams]:
    return [make_style_params(network.modulated_layers, seed) for seed in (1, 2)]
