"""Every published preset against a plain transcription of its source's equations, with VGG's real structure.

The networks are narrow and random, and everything is computed in float64. Each transcription reads top to bottom and
uses nothing of impasto: pixels, network, losses and weights as the source has them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor

from impasto.encoders import registry
from impasto.encoders.untrained import random_state
from impasto.optimize.presets import PRESETS
from tests.optimize.conftest import job, objectives, picture

WIDTHS = (4, 6, 8, 10, 10)
NARROW = {
    "vgg16": tuple((width,) * count for width, count in zip(WIDTHS, (2, 2, 3, 3, 3), strict=True)),
    "vgg19": tuple((width,) * count for width, count in zip(WIDTHS, (2, 2, 4, 4, 4), strict=True)),
}
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
CAFFE_MEAN = (103.939, 116.779, 123.68)  # blue, green, red
State = Mapping[str, Tensor]
Source = Callable[[Tensor, Tensor, Sequence[Tensor], State], Tensor]


def channels(values: Sequence[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float64).view(1, 3, 1, 1)


def normalised(image: Tensor) -> Tensor:
    """Pixels as torchvision's networks take them."""
    return (image - channels(MEAN)) / channels(STD)


def caffe(image: Tensor) -> Tensor:
    """Pixels as Oxford's networks take them: blue, green, red, 0-255, minus the mean."""
    return image.flip(1) * 255 - channels(CAFFE_MEAN)


def features(
    x: Tensor, state: State, blocks: Sequence[Sequence[int]], pool: str = "max", edge: str = "zeros"
):
    """All outputs of torchvision's `vgg.features`, by index; ReLUs are not in place."""
    outputs: list[Tensor] = []
    for block in blocks:
        for _ in block:
            index = len(outputs)
            padded = F.pad(x, (1, 1, 1, 1), mode="replicate") if not index and edge == "replicate" else None
            weight, bias = state[f"features.{index}.weight"], state[f"features.{index}.bias"]
            x = F.conv2d(x, weight, bias, padding=1) if padded is None else F.conv2d(padded, weight, bias)
            outputs.append(x)
            x = F.relu(x)
            outputs.append(x)
        x = F.max_pool2d(x, 2) if pool == "max" else F.avg_pool2d(x, 2)
        outputs.append(x)
    return outputs


def gram(feature: Tensor) -> Tensor:
    matrix = feature.flatten(2)[0]
    return matrix @ matrix.T


def gatys(x: Tensor, content: Tensor, styles: Sequence[Tensor], state: State) -> Tensor:
    """CVPR 2016, equations 1, 4, 5 and 7: average pooling, alpha/beta = 1e-3, w_l = 1/5."""
    f, p, a = (features(caffe(i), state, NARROW["vgg19"], pool="average") for i in (x, content, styles[0]))
    loss = 0.5 * (f[22] - p[22]).square().sum()
    for index in (1, 6, 11, 20, 29):
        n, m = f[index].shape[1], f[index][0, 0].numel()
        loss = loss + 1e3 / 5 * (gram(f[index]) - gram(a[index])).square().sum() / (4 * n**2 * m**2)
    return loss


def d2l(style_weight: float) -> Source:
    """14.12.5-14.12.6: indices 25 and 0, 5, 10, 19, 28, where in-place ReLUs overwrite all but the last."""

    def loss(x: Tensor, content: Tensor, styles: Sequence[Tensor], state: State) -> Tensor:
        y, c, s = (features(normalised(i), state, NARROW["vgg19"]) for i in (x, content, styles[0]))
        total = (y[26] - c[26]).square().mean()
        for index in (1, 6, 11, 20, 28):
            size, size_s = y[index].numel(), s[index].numel()
            total = total + style_weight * (gram(y[index]) / size - gram(s[index]) / size_s).square().mean()
        z = normalised(x)
        rows, columns = z[:, :, 1:] - z[:, :, :-1], z[..., 1:] - z[..., :-1]
        return total + 10 * 0.5 * (rows.abs().mean() + columns.abs().mean())

    return loss


def mixed(x: Tensor, content: Tensor, styles: Sequence[Tensor], state: State) -> Tensor:
    """Two styles at gamma = .5 and sigma = 1: undivided Gram matrices, layer weights 1, 1, .2, .3, .01."""
    f, p, *s = (features(caffe(i), state, NARROW["vgg19"]) for i in (x, content, *styles))
    loss = 0.002 * (f[31] - p[31]).square().mean()
    for style in s:
        for index, weight in zip((1, 6, 11, 20, 29), (1, 1, 0.2, 0.3, 0.01), strict=True):
            loss = loss + 0.02 * 0.5 * weight * (gram(f[index]) - gram(style[index])).square().mean()
    return loss


def wasserstein(x: Tensor, content: Tensor, styles: Sequence[Tensor], state: State) -> Tensor:
    """style-transfer-pytorch, `StyleLossW2`, `ContentLossMSE`, `TVLoss`, with exact square roots."""
    f, p, *s = (
        features(normalised(i), state, NARROW["vgg19"], edge="replicate") for i in (x, content, *styles)
    )
    loss = 0.015 * (f[22] - p[22]).square().mean()
    for index, weight in zip((1, 6, 11, 20, 29), (256, 64, 16, 4, 1), strict=True):
        mean, second = moments(f[index])
        targets = [moments(style[index]) for style in s]
        mean_s = sum(m for m, _ in targets) / len(targets)
        second_s = sum(r for _, r in targets) / len(targets)
        ridge = 1e-4 * torch.eye(len(mean), dtype=torch.float64)
        cov = second - torch.outer(mean, mean) + ridge
        cov_s = second_s - torch.outer(mean_s, mean_s) + ridge
        half = root(cov_s)
        spread = (cov_s + cov - 2 * root(half @ cov @ half)).diagonal().mean()
        loss = loss + weight / 341 * ((mean - mean_s).square().mean() + spread)
    z = F.pad(x, (1, 1, 1, 1), mode="replicate")
    d1 = (z[..., 1:-1, 2:] - z[..., 1:-1, 1:-1]).square().mean() / 3
    d2 = (z[..., 2:, 1:-1] - z[..., 1:-1, 1:-1]).square().mean() / 3
    d3 = (z[..., 1:, 1:] - z[..., :-1, :-1]).square().mean() / 12
    d4 = (z[..., 1:, :-1] - z[..., :-1, 1:]).square().mean() / 12
    return loss + 2.0 * 2 * (d1 + d2 + d3 + d4)


def moments(feature: Tensor) -> tuple[Tensor, Tensor]:
    matrix = feature.flatten(2)[0]
    return matrix.mean(1), matrix @ matrix.T / matrix.shape[1]


def root(matrix: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh((matrix + matrix.T) / 2)
    return vectors @ values.clamp_min(0).sqrt().diag() @ vectors.T


def torch_programs(
    network: str, content_layer: int, style_layers: Sequence[int], weights: Sequence[float]
) -> Source:
    """neural_style.lua and slow_neural_style.lua: blended Gram matrices / (C H W), mean squares, TV by its gradient."""
    content_weight, style_weight, tv_weight = weights

    def loss(x: Tensor, content: Tensor, styles: Sequence[Tensor], state: State) -> Tensor:
        f, p, *s = (features(caffe(i), state, NARROW[network]) for i in (x, content, *styles))
        total = content_weight * (f[content_layer] - p[content_layer]).square().mean()
        for index in style_layers:
            target = sum(gram(style[index]) / style[index].numel() for style in s) / len(s)
            total = total + style_weight * (gram(f[index]) / f[index].numel() - target).square().mean()
        z = caffe(x)[..., :-1, :-1]
        dx, dy = z - caffe(x)[..., :-1, 1:], z - caffe(x)[..., 1:, :-1]
        return total + tv_weight * 0.5 * (dx.square() + dy.square()).sum()

    return loss


def pytorch_tutorial(x: Tensor, content: Tensor, styles: Sequence[Tensor], state: State) -> Tensor:
    """Convolutions 1-5 before their ReLUs, content at the fourth; Gram / (a b c d)."""
    f, p, a = (features(normalised(i), state, NARROW["vgg19"]) for i in (x, content, styles[0]))
    convolutions = [0, 2, 5, 7, 10]
    loss = F.mse_loss(f[convolutions[3]], p[convolutions[3]])
    for index in convolutions:
        loss = loss + 1e6 * F.mse_loss(gram(f[index]) / f[index].numel(), gram(a[index]) / a[index].numel())
    return loss


def tutorial_adam(x: Tensor, content: Tensor, styles: Sequence[Tensor], state: State) -> Tensor:
    """VGG-16's relu1_2, 2_2, 3_3, 4_3; undivided Gram matrices, the mean square once divided by C H W."""
    f, p, a = (features(normalised(i), state, NARROW["vgg16"]) for i in (x, content, styles[0]))
    loss = F.mse_loss(f[22], p[22])
    for index in (3, 8, 15, 22):
        loss = loss + 100 * F.mse_loss(gram(f[index]), gram(a[index])) / f[index].numel()
    return loss


SOURCES: Mapping[str, tuple[Source, int]] = {
    "gatys": (gatys, 1),
    "d2l": (d2l(1e3), 1),
    "d2l-2023": (d2l(1e4), 1),
    "mixed": (mixed, 2),
    "wasserstein": (wasserstein, 2),
    "neural-style": (torch_programs("vgg19", 22, (1, 6, 11, 20, 29), (5.0, 1e2, 1e-3)), 2),
    "johnson": (torch_programs("vgg16", 15, (3, 8, 15, 22), (1.0, 5.0, 1e-6)), 2),
    "pytorch-tutorial": (pytorch_tutorial, 1),
    "tutorial-adam": (tutorial_adam, 1),
}


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], tuple[State, Path]]:
    """Narrow VGG networks in place of the real ones; returns the weights of one and their file."""
    monkeypatch.setattr(registry, "BLOCKS", NARROW)

    def weights(encoder: str) -> tuple[State, Path]:
        network = encoder.removesuffix("-caffe")
        state = random_state(NARROW[network], seed=3, gain=2.0, bias=0.1)
        path = tmp_path / f"{network}.safetensors"
        save_file(state, path)
        return {name: value.double() for name, value in state.items()}, path

    return weights


def test_every_published_preset_has_a_transcription() -> None:
    assert set(SOURCES) == {name for name, preset in PRESETS.items() if preset.published_weights}


@pytest.mark.parametrize("name", SOURCES)
def test_loss_and_gradient_are_those_of_the_source(
    name: str, narrow: Callable[[str], tuple[State, Path]]
) -> None:
    source, count = SOURCES[name]
    content, *styles = (picture(48, 64, seed) for seed in range(1, 2 + count))
    state, path = narrow(PRESETS[name].fields["encoder"])
    run = job(
        content,
        list(styles),
        preset=name,
        encoder=PRESETS[name].fields["encoder"],
        weights=str(path),
        hold=None,
        smallest=None,
        steps=None,
        balance=False,
    )
    run.encoder.double()
    (objective,) = objectives(run).values()

    wide = [image.double() for image in (content, *styles)]
    image = picture(48, 64, 9).double().requires_grad_(True)
    loss, _ = objective(image, {"style1": 0.5, "style2": 0.5} if name == "mixed" else None)
    (gradient,) = torch.autograd.grad(loss, image)
    expected = source(image, wide[0], wide[1:], state)
    (expected_gradient,) = torch.autograd.grad(expected, image)

    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    assert float((gradient - expected_gradient).norm() / expected_gradient.norm()) < 1e-5
