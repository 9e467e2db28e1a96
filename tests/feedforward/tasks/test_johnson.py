"""Johnson's network: its layers as in the paper's table, and its styles."""

from __future__ import annotations

import pytest
import torch

from impasto.feedforward.modules.johnson import OUTPUT_SCALE, JohnsonNet
from impasto.feedforward.modules.style_embedding import ConditionalInstanceNorm


def test_it_has_the_weights_of_the_papers_table():
    network = JohnsonNet()
    shapes = [tuple(p.shape) for p in network.parameters() if p.ndim == 4]
    block = (128, 128, 3, 3)
    assert shapes == [
        (32, 3, 9, 9), (64, 32, 3, 3), (128, 64, 3, 3), *[block] * 10, (64, 128, 3, 3), (32, 64, 3, 3), (3, 32, 9, 9)
    ]  # fmt: skip
    assert sum(s[0] * s[1] * s[2] * s[3] for s in shapes) == 1_674_432


@pytest.mark.parametrize("size", [(8, 8), (12, 20)])
def test_pictures_keep_their_size_and_stay_within_reach(size):
    torch.manual_seed(0)
    network = JohnsonNet()
    style_params = ConditionalInstanceNorm(network.modulated_layers, 2)(
        torch.eye(2), torch.ones(2), torch.ones(2)
    )
    with torch.no_grad():
        out = network(torch.rand(2, 3, *size), style_params)
    assert out.shape == (2, 3, *size)
    assert out.isfinite().all()
    assert (out - 0.5).abs().max() <= OUTPUT_SCALE


def test_each_style_of_a_batch_has_its_own_gains():
    torch.manual_seed(0)
    network, image = JohnsonNet(), torch.rand(1, 3, 16, 16).expand(2, -1, -1, -1)
    gains = ConditionalInstanceNorm(network.modulated_layers, 2)
    with torch.no_grad():
        gains.gains[3][1].mul_(-2)
        both = network(image, gains(torch.eye(2), torch.ones(2), torch.ones(2)))
        second = network(image[:1], gains(torch.eye(2)[1:], torch.ones(1), torch.ones(1)))
    assert (both[0] - both[1]).abs().max() > 1e-3
    torch.testing.assert_close(both[1:], second)
