"""What the paintings of a training are measured as beforehand: every style at several stroke sizes."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from impasto.encoders import Encoder
from impasto.feedforward.modules.style_embedding import DEFAULT_STRENGTH, STROKES
from impasto.feedforward.modules.style_predictor import LAYERS
from impasto.feedforward.style_data import LONGEST, StyleTargets
from impasto.imaging import fit, resize
from impasto.losses import Moments, mix, moments

# Log-uniform between the ends, and 1 itself.
MEASURED = (0.5, 0.63, 0.8, 1.0, 1.22, 1.5)


def nearest_stroke(stroke: float) -> int:
    """Return the place in `MEASURED` of the stroke nearest to `stroke` in ratio."""
    return min(range(len(MEASURED)), key=lambda index: abs(math.log(MEASURED[index] / stroke)))


def at_stroke(painting: Tensor, stroke: float) -> Tensor:
    """Return the painting `(1, 3, h, w)` at the size at which its brush strokes have the size `stroke`."""
    return resize(painting, fit(painting.shape[2], painting.shape[3], round(LONGEST * stroke)))


@dataclass(frozen=True, eq=False)
class StyleMeasurement:
    """Moments of one painting, by layer, with eigenvalues and eigenvectors of their covariances; batches of one."""

    moments: dict[str, Moments]
    values: dict[str, Tensor]
    vectors: dict[str, Tensor]


def decompose(found: dict[str, Moments]) -> StyleMeasurement:
    """Return `found` with the eigenvalues and eigenvectors of its covariances."""
    values, vectors = {}, {}
    for layer, one in found.items():
        values[layer], vectors[layer] = torch.linalg.eigh(one.covariance)
        values[layer] = values[layer].clamp_min(0)
    return StyleMeasurement(found, values, vectors)


def measure(
    encoder: Encoder, paintings: Sequence[Tensor], seen: Callable[[int, int], None] | None = None
) -> list[list[StyleMeasurement]]:
    """Return for every painting `(1, 3, h, w)` its measurements at each stroke of `MEASURED`."""
    found = []
    for number, painting in enumerate(paintings):
        row = []
        for stroke in MEASURED:
            with torch.no_grad():
                features = encoder(at_stroke(painting, stroke), LAYERS)
                row.append(decompose({layer: moments(x.float()) for layer, x in features.items()}))
        found.append(row)
        if seen is not None:
            seen(number + 1, len(paintings))
    return found


@dataclass(frozen=True, eq=False)
class Draw:
    """What a batch is painted as: weights of the styles `(B, n)`, strengths and strokes `(B,)`, and its targets."""

    weights: Tensor
    strength: Tensor
    stroke: Tensor
    targets: StyleTargets


def draw(
    rng: random.Random,
    styles: Sequence[Sequence[StyleMeasurement]],
    batch: int,
    plain: float,
    mixtures: float,
) -> Draw:
    """Draw a batch: the share `plain` at the usual strength and stroke, the rest at any; `mixtures` of two styles.

    The target of a mixture is the mixture of the moments, whose covariance is decomposed afresh.
    """
    weights = torch.zeros(batch, len(styles))
    strength, stroke, chosen = [], [], []
    for number in range(batch):
        usual = number < round(plain * batch)
        strength.append(DEFAULT_STRENGTH if usual else rng.random())
        broad = 1.0 if usual else math.exp(rng.uniform(math.log(STROKES[0]), math.log(STROKES[1])))
        size = nearest_stroke(broad)
        stroke.append(MEASURED[size])
        first = rng.randrange(len(styles))
        share = 1.0
        if len(styles) > 1 and rng.random() < mixtures:
            second = (first + rng.randrange(1, len(styles))) % len(styles)
            share = rng.random()
            weights[number, second] = 1 - share
            chosen.append(_mixture(styles[first][size], styles[second][size], share))
        else:
            chosen.append(styles[first][size])
        weights[number, first] = share
    return Draw(weights, torch.tensor(strength), torch.tensor(stroke), _rows(chosen))


def _mixture(first: StyleMeasurement, second: StyleMeasurement, share: float) -> StyleMeasurement:
    shares = (share, 1 - share)
    return decompose({
        layer: mix((first.moments[layer], second.moments[layer]), shares) for layer in first.moments
    })  # fmt: skip


def _rows(chosen: Sequence[StyleMeasurement]) -> StyleTargets:
    layers = chosen[0].moments
    return StyleTargets(
        {
            layer: Moments(
                torch.cat([one.moments[layer].mean for one in chosen]),
                torch.cat([one.moments[layer].second for one in chosen]),
            )
            for layer in layers
        },
        {layer: torch.cat([one.values[layer] for one in chosen]) for layer in layers},
        {layer: torch.cat([one.vectors[layer] for one in chosen]) for layer in layers},
    )
