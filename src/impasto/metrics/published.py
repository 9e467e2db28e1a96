"""Lc and Ls: content and style distance as published tables print them.

Source: Deng et al., "StyTr2: Image Style Transfer with Transformers", CVPR 2022, section 4.2, whose program the later
comparisons use; the encoder is `vgg_normalised` of Huang & Belongie, "Arbitrary style transfer in real-time with
adaptive instance normalization", ICCV 2017.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import cast

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from impasto.encoders.vgg import VGG
from impasto.metrics.comparison import Comparison
from impasto.metrics.encoded import LayerSummary

MEAN_ACTIVATION = Path(__file__).with_name("vgg19_mean_activation.safetensors")
# Reflection needs two positions a side at the deepest layer, relu5_1.
LEAST_SIDE = 17
EPSILON = 1e-5


class PublishedVgg:
    """A VGG network evaluated as `vgg_normalised` is: reflection padding everywhere, poolings that round up.

    Shares the weights of `network`; layers keep its scale.
    """

    def __init__(self, network: VGG) -> None:
        self.network = network
        self.layers = network.layers

    def __call__(self, image: Tensor, layers: Collection[str]) -> dict[str, Tensor]:
        """Return `layers` of `image` `(B, 3, H, W)`, each `(B, C, ceil(H / stride), ceil(W / stride))`."""
        x = self.network.normalise(image)
        features: dict[str, Tensor] = {}
        for layer in self.network.layers:
            if layer.startswith("conv"):
                kernel = cast(nn.Conv2d, self.network.convolutions[layer])
                x = functional.conv2d(
                    functional.pad(x, (1, 1, 1, 1), mode="reflect"), kernel.weight, kernel.bias
                )
            elif layer.startswith("relu"):
                x = functional.relu(x)
            else:
                x = functional.max_pool2d(x, 2, ceil_mode=True)
            if layer in layers:
                features[layer] = x
                if len(features) == len(layers):
                    break
        return features


@cache
def _stored() -> Mapping[str, Tensor]:
    return load_file(MEAN_ACTIVATION)


def mean_activation(network: object) -> Mapping[str, Tensor] | None:
    """Return the mean of each filter on photographs `(C,)` by layer, or None if it is not known for `network`.

    Known for the Oxford weights of VGG-19, in either conversion. `vgg_normalised` divides each filter by it; see
    vgg19_mean_activation.md beside this file. Other trainings, torchvision's included, have other filters.
    """
    if not isinstance(network, VGG) or "conv1_2" not in network.convolutions:
        return None
    stored = dict(_stored())
    mark = stored.pop("conv1_2.bias")
    bias = network.convolutions["conv1_2"].bias
    if not isinstance(bias, Tensor) or bias.shape != mark.shape:
        return None
    if not torch.allclose(bias.float().cpu(), mark, rtol=1e-2, atol=1e-3):
        return None
    return {layer: value.to(bias.device) for layer, value in stored.items()}


def published_content(pictures: Comparison, layers: tuple[str, ...]) -> float:
    """Return Lc = sum over `layers` of MSE(n(F_o), n(F_c)): 0 for equal pictures, about 2 a layer for unrelated ones.

    n(F) subtracts each channel's mean and divides by its deviation sqrt(var + 1e-5).
    """
    total = 0.0
    for layer in layers:
        output, target = (
            _normalised(picture.published[layer]) for picture in (pictures.output, pictures.content)
        )
        total += functional.mse_loss(output, target).item()
    return total


def published_style(pictures: Comparison, layers: tuple[str, ...]) -> float:
    """Return Ls = sum over `layers` of MSE(mean_o, mean_s) + MSE(dev_o, dev_s); 0 for equal statistics.

    mean and dev are those of each channel, divided by its mean activation on photographs as in `vgg_normalised`.
    """
    total = 0.0
    for layer in layers:
        scale = pictures.mean_activation[layer]
        output, style = (
            _deviation(picture.published[layer]) for picture in (pictures.output, pictures.style)
        )
        for ours, theirs in zip(output, style, strict=True):
            total += functional.mse_loss(ours / scale, theirs / scale).item()
    return total


def _deviation(layer: LayerSummary) -> tuple[Tensor, Tensor]:
    """Mean and deviation `(1, C)`; the variance is divided by N - 1."""
    mean = layer.moments.mean
    variance = layer.moments.covariance.diagonal(dim1=1, dim2=2).clamp_min(0)
    return mean, (variance * layer.positions / (layer.positions - 1) + EPSILON).sqrt()


def _normalised(layer: LayerSummary) -> Tensor:
    mean, deviation = _deviation(layer)
    return (layer.features - mean[..., None, None]) / deviation[..., None, None]
