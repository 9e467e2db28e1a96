"""Lc and Ls on a small VGG network against their equations."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from impasto.encoders import open_encoder
from impasto.encoders.vgg import VGG, feature_indices
from impasto.metrics.comparison import Comparison, JudgedPicture
from impasto.metrics.encoded import encode
from impasto.metrics.published import (
    MEAN_ACTIVATION,
    PublishedVgg,
    mean_activation,
    published_content,
    published_style,
)

BLOCKS = ((4, 4), (6,), (8,))
LAYERS = ("relu1_1", "relu2_1", "relu3_1")


@pytest.fixture
def network(generator: torch.Generator) -> VGG:
    state: dict[str, Tensor] = {}
    widths = [3, *(width for block in BLOCKS for width in block)]
    for index, before, after in zip(feature_indices(BLOCKS).values(), widths, widths[1:], strict=False):
        state[f"features.{index}.weight"] = torch.randn(after, before, 3, 3, generator=generator) / before
        state[f"features.{index}.bias"] = torch.randn(after, generator=generator)
    return VGG("small", BLOCKS, state)


def features(network: VGG, image: Tensor) -> Mapping[str, Tensor]:
    """The published network written out: reflection, ceil-mode pooling."""
    x = (image - network.mean) / network.std
    found = {}
    for name, conv in network.convolutions.items():
        if name.endswith("_1") and name != "conv1_1":
            x = functional.max_pool2d(x, 2, ceil_mode=True)
        padded = functional.pad(x, (1, 1, 1, 1), mode="reflect")
        x = functional.conv2d(padded, conv.weight, conv.bias).relu()
        found[name.replace("conv", "relu")] = x
    return found


def comparison(
    network: VGG, output: Tensor, content: Tensor, style: Tensor, scale: float = 1.0
) -> Comparison:
    extractor = PublishedVgg(network)
    judged = [
        JudgedPicture(image, {}, encode(image, extractor, LAYERS, LAYERS))
        for image in (output, content, style)
    ]
    return Comparison(*judged, {layer: torch.tensor(scale) for layer in LAYERS})


def test_the_network_is_padded_and_pooled_as_published(network: VGG, generator: torch.Generator) -> None:
    image = torch.rand(1, 3, 19, 30, generator=generator)
    found, expected = PublishedVgg(network)(image, LAYERS), features(network, image)
    assert list(found) == list(LAYERS)
    for layer in LAYERS:
        torch.testing.assert_close(found[layer], expected[layer])
    assert found["relu3_1"].shape[2:] == (5, 8)


def test_losses_are_their_equations(network: VGG, generator: torch.Generator) -> None:
    output, content = torch.rand(2, 3, 20, 24, generator=generator).split(1)
    style = torch.rand(1, 3, 28, 20, generator=generator).square()
    pictures = comparison(network, output, content, style, scale=0.5)
    o, c, s = (features(network, image) for image in (output, content, style))
    lc = ls = 0.0
    for layer in LAYERS:
        normal = [functional.instance_norm(f[layer]) for f in (o, c)]  # divides by N, which differs by 1 / N
        lc += functional.mse_loss(*normal).item()
        for statistic in (lambda f: f.mean((2, 3)), lambda f: f.std((2, 3))):
            ls += functional.mse_loss(statistic(o[layer]) / 0.5, statistic(s[layer]) / 0.5).item()
    assert published_content(pictures, LAYERS) == pytest.approx(lc, rel=0.03)
    assert published_style(pictures, LAYERS) == pytest.approx(ls, rel=1e-3)


def test_equal_pictures_have_no_loss(network: VGG, generator: torch.Generator) -> None:
    image = torch.rand(1, 3, 20, 24, generator=generator)
    pictures = comparison(network, image, image, image)
    assert published_content(pictures, LAYERS) == 0
    assert published_style(pictures, LAYERS) == 0
    # Mirrored features have the same statistics at other positions.
    mirrored = comparison(network, image.flip(3), image, image)
    assert published_content(mirrored, LAYERS) > 0.1


def test_the_shipped_means_belong_to_one_network(network: VGG) -> None:
    from safetensors.torch import load_file

    assert mean_activation(network) is None
    assert mean_activation(open_encoder("compact")) is None
    stored = load_file(MEAN_ACTIVATION)
    wanted = {"relu1_1": 64, "relu2_1": 128, "relu3_1": 256, "relu4_1": 512, "relu5_1": 512}
    assert {name: len(value) for name, value in stored.items()} == {**wanted, "conv1_2.bias": 64}
    assert all(bool((value > 0).all()) for name, value in stored.items() if name != "conv1_2.bias")
