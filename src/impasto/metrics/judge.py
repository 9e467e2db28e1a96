"""The judge: distances to style and content, noise and structural similarity of a picture.

Fair figures are measured through the real VGG-19, never only through the encoder that was optimised, and compared with
two baselines: the unchanged content image and the unchanged style image.

Padding of VGG-19's first convolution and resampling change the figures by some percent (an unchanged photograph's STYLE
is 4.20 with zero padding and 4.29 with replication), so compare only figures of one encoder.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from impasto.errors import PictureError
from impasto.imaging import fit, resize
from impasto.losses import Moments, RelativeMomentLoss, moments, relative_error
from impasto.metrics.spectrum import noise
from impasto.metrics.ssim import ssim

STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")
SHOWN_LAYERS = (*STYLE_LAYERS, "relu5_1")
CONTENT_LAYERS = ("relu4_1", "relu4_2")
LONGEST = 512

_DISTANCE = RelativeMomentLoss()


class FeatureExtractor(Protocol):
    """Anything that maps `(B, 3, H, W)` to features by layer name, such as an `impasto.encoders.Encoder`."""

    def __call__(self, image: Tensor, layers: Collection[str]) -> Mapping[str, Tensor]:
        """Return the requested layers of `image`."""
        ...


@dataclass(frozen=True)
class Scores:
    """Scores of one picture. Lower is better, except for `ssim`.

    Attributes:
        style: sum of `style_distance` over relu1_1 to relu4_1.
        style_by_layer: `style_distance` of each layer, and of relu5_1, which is not part of the sum.
        content: mean over relu4_1 and relu4_2 of the mean squared difference from the content image's features,
            divided by their variance about the channel means.
        noise: high-frequency share divided by that of the style image.
        ssim: structural similarity with the content image.
    """

    style: float
    style_by_layer: dict[str, float]
    content: float
    noise: float
    ssim: float


def style_distance(features: Tensor, style: Tensor) -> float:
    """Return the distance between the statistics of `features` and of `style`, `(1, C, H, W)` of any sizes.

    |cov - cov_s|²_F / |cov_s|²_F + |mean - mean_s|² / (|mean_s|² + tr cov_s); 0 for equal statistics. See
    `impasto.losses.RelativeMomentLoss`.
    """
    with torch.no_grad():
        return _DISTANCE.distance(features, _DISTANCE.measure(style)).item()


def judge(
    output: Tensor, content: Tensor, style: Tensor, encoder: FeatureExtractor, longest: int = LONGEST
) -> Scores:
    """Return the scores of `output` for a content and a style image, all `(1, 3, H, W)` in [0, 1].

    All are resized to the longer side `longest` first, the content image to the exact size of the output. Raises
    PictureError unless each is one RGB picture.
    """
    return _References(content, style, encoder, longest, _resized(output, longest)).score(
        _resized(output, longest)
    )


def judge_with_baselines(
    output: Tensor, content: Tensor, style: Tensor, encoder: FeatureExtractor, longest: int = LONGEST
) -> dict[str, Scores]:
    """Return `judge` for "output" and for both baselines: "content" unchanged and "style" unchanged.

    The style baseline is the style image stretched to the size of the content. Errors as in `judge`.
    """
    picture = _resized(output, longest)
    references = _References(content, style, encoder, longest, picture)
    rows = {"output": picture, "content": references.content, "style": resize(_single(style), _size(picture))}
    return {name: references.score(row) for name, row in rows.items()}


class _References:
    """Features of one content and one style image, against which pictures are scored."""

    def __init__(
        self, content: Tensor, style: Tensor, encoder: FeatureExtractor, longest: int, like: Tensor
    ) -> None:
        self.encoder = encoder
        self.content = resize(_single(content), _size(like))
        self.style = _resized(style, longest)
        self.content_features = self._encode(self.content, CONTENT_LAYERS)
        self.targets: dict[str, Moments] = {
            layer: moments(features) for layer, features in self._encode(self.style, SHOWN_LAYERS).items()
        }

    def _encode(self, image: Tensor, layers: Collection[str]) -> dict[str, Tensor]:
        with torch.no_grad():
            return dict(self.encoder(image, tuple(dict.fromkeys(layers))))

    def score(self, picture: Tensor) -> Scores:
        """Score a picture of the size of `self.content`."""
        features = self._encode(picture, (*SHOWN_LAYERS, *CONTENT_LAYERS))
        by_layer = {
            layer: _DISTANCE.compare(moments(features[layer]), self.targets[layer]).item()
            for layer in SHOWN_LAYERS
        }
        errors = [relative_error(features[layer], self.content_features[layer]) for layer in CONTENT_LAYERS]
        return Scores(
            style=sum(by_layer[layer] for layer in STYLE_LAYERS),
            style_by_layer=by_layer,
            content=sum(errors) / len(errors),
            noise=noise(picture, self.style),
            ssim=ssim(picture, self.content),
        )


def _single(image: Tensor) -> Tensor:
    if image.ndim != 4 or tuple(image.shape[:2]) != (1, 3):
        raise PictureError(
            f"The judge scores one RGB picture (1, 3, H, W) at a time, not {tuple(image.shape)}."
        )
    return image.detach()


def _size(image: Tensor) -> tuple[int, int]:
    return image.shape[2], image.shape[3]


def _resized(image: Tensor, longest: int) -> Tensor:
    return resize(_single(image), fit(*_size(image), longest))
