"""What a painted batch is worth: closeness to its styles and its photographs, no colours outside [0, 1]."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from impasto.encoders import Encoder
from impasto.feedforward.modules.style_predictor import LAYERS
from impasto.feedforward.style_data import StyleTargets
from impasto.losses import Moments, RelativeMomentLoss, content_loss, content_scale, moments

CONTENT = {"relu3_1": 0.3, "relu4_1": 1.0, "relu4_2": 1.0}
# Those of the largest weight say how far a picture is from its photograph, as for the optimiser's strength.
FAR = tuple(layer for layer, weight in CONTENT.items() if weight == max(CONTENT.values()))
# Share of a covariance's mean eigenvalue that is added before roots are taken, whose slope at 0 is infinite.
FLOOR = 1e-4
OUTSIDE = 10.0

_DISTANCE = RelativeMomentLoss()


class LossOutput(NamedTuple):
    """The loss of a batch, its parts as numbers, and how far each picture `(B,)` is from its photograph."""

    loss: Tensor
    figures: dict[str, float]
    distance: Tensor


def content_targets(encoder: Encoder, photographs: Tensor) -> dict[str, Tensor]:
    """Return the features that paintings of `photographs` `(B, 3, h, w)` are held to."""
    with torch.no_grad():
        return dict(encoder(photographs, tuple(CONTENT)))


def spread_distance(found: Moments, values: Tensor, vectors: Tensor) -> Tensor:
    """Return, for each picture `(B,)`, how far its spread along the style's principal axes is from the style's.

    sum_i (sqrt(v_iT cov v_i) - sqrt(l_i))^2 / sum_i l_i for the style's eigenvalues l `(B, K)` and eigenvectors v
    `(B, K, K)`: a lower bound of the Gaussian Wasserstein distance of the spreads. Unlike the distance of covariances
    it pulls on a picture that has hardly any spread yet.
    """
    along = (vectors * (found.covariance @ vectors)).sum(1).clamp_min(0)
    total = values.sum(1, keepdim=True)
    floor = FLOOR * total / values.shape[1] + 1e-8
    return ((along + floor).sqrt() - (values + floor).sqrt()).square().sum(1) / (total[:, 0] + 1e-6)


def objective(
    encoder: Encoder,
    painted: Tensor,
    photographs: Mapping[str, Tensor],
    styles: StyleTargets,
    content_weight: Tensor,
    spread_weight: float,
) -> LossOutput:
    """Return what a painted batch `(B, 3, h, w)`, not clamped, is worth.

    loss = mean_b [ sum_l log(1 + d_l) + mu sum_l s_l + lambda_b c ] + 10 mean(outside^2): d_l is the judge's distance
    of a layer, tamed because paintings of hardly any spread would outweigh all others, s_l `spread_distance`, c the
    content distance, `content_weight` lambda `(B,)`, `spread_weight` mu. The distance of a picture is its mean content
    loss in the layers `FAR`.
    """
    shown = painted.clamp(0, 1)
    found = encoder(shown, (*LAYERS, "relu4_2"))
    style = painted.new_zeros(len(painted))
    tamed, spread = torch.zeros_like(style), torch.zeros_like(style)
    for layer in LAYERS:
        measured = moments(found[layer])
        distance = _DISTANCE.distances(measured, styles.moments[layer])
        style = style + distance.detach()
        tamed = tamed + torch.log1p(distance)
        spread = spread + spread_distance(measured, styles.values[layer], styles.vectors[layer])
    held = painted.new_zeros(())
    plain = torch.zeros_like(style)
    errors = {}
    for layer, weight in CONTENT.items():
        scale = content_scale(photographs[layer], "variance")
        part = weight / sum(CONTENT.values())
        held = held + part * content_loss(
            found[layer], photographs[layer], "variance", scale=scale * content_weight
        )
        with torch.no_grad():
            squares = (found[layer] - photographs[layer]).square()
            errors[layer] = squares.sum((1, 2, 3), dtype=torch.float32) * scale
        plain += part * errors[layer]
    outside = (painted - shown).square().mean()
    loss = tamed.mean() + spread_weight * spread.mean() + held + OUTSIDE * outside
    figures = {
        "loss": float(loss.detach()), "style": float(style.mean()), "spread": float(spread.detach().mean()),
        "content": float(plain.mean()), "outside": float(outside.detach()),
    }  # fmt: skip
    return LossOutput(loss, figures, torch.stack([errors[layer] for layer in FAR]).mean(0))
