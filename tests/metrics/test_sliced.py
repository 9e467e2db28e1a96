"""The sliced distance on Gaussian features, whose Wasserstein distances are known."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from impasto.encoders import open_encoder
from impasto.metrics.comparison import Comparison, JudgedPicture
from impasto.metrics.encoded import LayerSummary, encode
from impasto.metrics.registry import UNUSED_LAYERS
from impasto.metrics.sliced import sliced


class Fixed:
    """An encoder whose only layer is the picture itself."""

    layers = {"relu": None}  # noqa: RUF012

    def __call__(self, image: Tensor, layers: object) -> dict[str, Tensor]:
        return {"relu": image}


def distance(output: Tensor, style: Tensor) -> float:
    """Return the measure of two feature maps."""
    summaries: list[dict[str, LayerSummary]] = [
        dict(encode(features, Fixed(), ("relu",), ())) for features in (output, style)
    ]
    judged = [JudgedPicture(output, layers, {}) for layers in summaries]
    return sliced(Comparison(judged[0], judged[0], judged[1], {}), ("relu",))


def gauss(generator: torch.Generator, channels: int, side: int, scale: float = 1.0) -> Tensor:
    return scale * torch.randn(1, channels, side, side, generator=generator)


def test_equal_features_have_no_distance(generator: torch.Generator) -> None:
    for side in (20, 150):  # the larger one is sampled
        features = gauss(generator, 6, side)
        assert distance(features, features) == 0


def test_a_shuffled_picture_has_the_same_distribution(generator: torch.Generator) -> None:
    features = gauss(generator, 6, 20)
    order = torch.randperm(400, generator=generator)
    assert distance(features.flatten(2)[..., order].view_as(features), features) == pytest.approx(0, abs=1e-9)


def test_gaussians(generator: torch.Generator) -> None:
    """W² of N(m, s²) and N(0, 1) is m² + (s - 1)² along every direction if all channels are alike."""
    style = gauss(generator, 4, 100)
    assert distance(3 * style, style) == pytest.approx(4, rel=0.01)
    assert distance(style + 2, style) == pytest.approx(4, rel=0.05)
    assert distance(0 * style, style) == pytest.approx(1, rel=0.02)  # flat
    # The scale of the features cancels.
    assert distance(30 * style, 10 * style) == pytest.approx(distance(3 * style, style), rel=1e-4)


def test_the_encoder_that_paints_does_not_have_these_layers() -> None:
    assert not set(UNUSED_LAYERS) & set(open_encoder("compact").layers)
