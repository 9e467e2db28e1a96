"""Training objective of one-pass networks: style, spread, content, and colours outside [0, 1]."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from impasto.encoders import Encoder
from impasto.feedforward.modules.style_predictor import LAYERS
from impasto.feedforward.style_data import MomentTargets
from impasto.imaging import period_two_means
from impasto.losses import Moments, RelativeMomentLoss, content_loss, content_scale, moments

# Layers of the style losses; the style predictor of the network for any style does not see the last one.
STYLE_LAYERS = (*LAYERS, "relu5_1")
CONTENT_WEIGHTS = {"relu3_1": 0.3, "relu4_1": 1.0, "relu4_2": 1.0}
CONTENT_SHARES = {layer: weight / sum(CONTENT_WEIGHTS.values()) for layer, weight in CONTENT_WEIGHTS.items()}
# Layers of the largest weight define the content distance, as for the optimiser's strength.
DISTANCE_LAYERS = tuple(
    layer for layer, weight in CONTENT_WEIGHTS.items() if weight == max(CONTENT_WEIGHTS.values())
)
# Share of a covariance's mean eigenvalue that is added before the square root, whose slope at 0 is infinite.
FLOOR = 1e-4
OUT_OF_RANGE_WEIGHT = 10.0

_DISTANCE = RelativeMomentLoss()


class ObjectiveOutput(NamedTuple):
    """The loss of a batch, its parts as numbers, and the content distance of each picture `(B,)`."""

    loss: Tensor
    figures: dict[str, float]
    content_distance: Tensor


def content_targets(encoder: Encoder, photographs: Tensor) -> dict[str, Tensor]:
    """Return the content features of `photographs` `(B, 3, h, w)`."""
    with torch.no_grad():
        return dict(encoder(photographs, tuple(CONTENT_WEIGHTS)))


def spread_distance(measured: Moments, values: Tensor, vectors: Tensor) -> Tensor:
    """Return, for each picture `(B,)`, the distance of its spread along the style's principal axes from the style's.

    sum_i (sqrt(v_iT cov v_i) - sqrt(l_i))^2 / sum_i l_i for the style's eigenvalues l `(B, K)` and eigenvectors v
    `(B, K, K)`: a lower bound of the Gaussian Wasserstein distance of the spreads. Unlike the distance of covariances
    it has a large gradient where a picture has hardly any spread yet.
    """
    along = (vectors * (measured.covariance @ vectors)).sum(1).clamp_min(0)
    total = values.sum(1, keepdim=True)
    floor = FLOOR * total / values.shape[1] + 1e-8
    return ((along + floor).sqrt() - (values + floor).sqrt()).square().sum(1) / (total[:, 0] + 1e-6)


def checkerboards(painted: Tensor) -> Tensor:
    """Return how strong patterns of period 2 are in `painted` `(B, 3, h, w)`: 0 for smooth pictures.

    The mean over blocks, colours and the patterns p in {(-1)^x, (-1)^y, (-1)^(x + y)} of |mean(p I)| for values I in
    [0, 1]; see `period_two_means`. Blocks that lie across an edge have some of it too.
    """
    return period_two_means(painted).abs().mean()


def objective(
    encoder: Encoder,
    painted: Tensor,
    content: Mapping[str, Tensor],
    styles: MomentTargets,
    content_weight: Tensor,
    spread_weight: float,
    checkerboard_weight: float = 0.0,
) -> ObjectiveOutput:
    """Return the loss of a painted batch `(B, 3, h, w)`, not clamped.

    `content` holds the features of the photographs by layer, `(B, C, h, w)`. The layers of style are those of `styles`.

    loss = mean_b [ sum_l log(1 + d_l) + mu sum_l s_l + lambda_b c ] + 10 mean(outside^2) + kappa k: d_l is
    `RelativeMomentLoss` of a layer (the logarithm keeps paintings of hardly any spread from outweighing all others),
    s_l `spread_distance`, c the content loss, k `checkerboards`, `content_weight` lambda `(B,)`, `spread_weight` mu,
    `checkerboard_weight` kappa. The content distance of a picture is its mean content loss in `DISTANCE_LAYERS`.
    """
    clamped = painted.clamp(0, 1)
    features = encoder(clamped, tuple(dict.fromkeys((*styles.moments, *CONTENT_WEIGHTS))))
    style = painted.new_zeros(len(painted))
    log_style, spread = torch.zeros_like(style), torch.zeros_like(style)
    for layer in styles.moments:
        measured = moments(features[layer])
        distance = _DISTANCE.distances(measured, styles.moments[layer])
        style = style + distance.detach()
        log_style = log_style + torch.log1p(distance)
        spread = spread + spread_distance(measured, styles.values[layer], styles.vectors[layer])
    weighted_content, errors = _content(features, content, content_weight)
    plain_content = torch.zeros_like(style)
    for layer, share in CONTENT_SHARES.items():
        plain_content += share * errors[layer]
    outside = (painted - clamped).square().mean()
    loss = log_style.mean() + spread_weight * spread.mean() + weighted_content + OUT_OF_RANGE_WEIGHT * outside
    figures = {
        "style": float(style.mean()),
        "spread": float(spread.detach().mean()),
        "content": float(plain_content.mean()),
        "outside": float(outside.detach()),
    }
    if checkerboard_weight:
        checkerboard = checkerboards(clamped)
        loss = loss + checkerboard_weight * checkerboard
        figures["checkerboard"] = float(checkerboard.detach())
    return ObjectiveOutput(loss, figures, torch.stack([errors[layer] for layer in DISTANCE_LAYERS]).mean(0))


def _content(
    features: Mapping[str, Tensor], content: Mapping[str, Tensor], content_weight: Tensor
) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the weighted content loss and, without gradient, the content loss `(B,)` of each layer."""
    total = content_weight.new_zeros(())
    errors = {}
    for layer, share in CONTENT_SHARES.items():
        scale = content_scale(content[layer], "variance")
        total = total + share * content_loss(
            features[layer], content[layer], "variance", scale=scale * content_weight
        )
        with torch.no_grad():
            squares = (features[layer] - content[layer]).square()
            errors[layer] = squares.sum((1, 2, 3), dtype=torch.float32) * scale
    return total, errors
