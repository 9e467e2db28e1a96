"""Style targets of a training: every style image measured at several stroke sizes, and random batches of them."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from impasto.encoders import Encoder
from impasto.feedforward.modules.style_embedding import DEFAULT_STRENGTH
from impasto.feedforward.network_card import STROKES
from impasto.feedforward.objective import STYLE_LAYERS
from impasto.feedforward.style_data import MomentTargets, decompose
from impasto.feedforward.style_images import LONGEST
from impasto.imaging import fit, resize
from impasto.losses import Moments, average_moments, moments
from impasto.training.pictures import OnProgress

# Log-uniform between the ends, and 1 itself.
MEASURED_STROKES = (0.5, 0.63, 0.8, 1.0, 1.22, 1.5)


def nearest_stroke(stroke: float) -> int:
    """Return the index in `MEASURED_STROKES` of the stroke nearest to `stroke` in ratio."""
    return min(
        range(len(MEASURED_STROKES)), key=lambda index: abs(math.log(MEASURED_STROKES[index] / stroke))
    )


def at_stroke(style: Tensor, stroke: float) -> Tensor:
    """Return the style image `(1, 3, h, w)` resized so that its brush strokes have the size `stroke`."""
    return resize(style, fit(style.shape[2], style.shape[3], round(LONGEST * stroke)))


def measure_strokes(
    encoder: Encoder,
    style_images: Sequence[Tensor],
    on_progress: OnProgress | None = None,
) -> list[list[MomentTargets]]:
    """Return for every style image `(1, 3, h, w)` its targets, batches of one, at each of `MEASURED_STROKES`."""
    device = next(encoder.parameters()).device
    measurements = []
    for number, image in enumerate(style_images):
        row = []
        for stroke in MEASURED_STROKES:
            with torch.no_grad():
                features = encoder(at_stroke(image.to(device), stroke), STYLE_LAYERS)
                row.append(decompose({layer: moments(x.float()) for layer, x in features.items()}))
        measurements.append(row)
        if on_progress is not None:
            on_progress(number + 1, len(style_images))
    return measurements


@dataclass(frozen=True, eq=False)
class StyleBatch:
    """Styles of a batch: mixing weights `mixture` `(B, n)`, strengths and strokes `(B,)`, and the targets."""

    mixture: Tensor
    strength: Tensor
    stroke: Tensor
    targets: MomentTargets

    def select(self, rows: slice, device: torch.device) -> StyleBatch:
        """Return some rows of the batch on `device`."""
        return StyleBatch(
            self.mixture[rows].to(device),
            self.strength[rows].to(device),
            self.stroke[rows].to(device),
            self.targets.select(rows, device),
        )


def draw_batch(
    rng: random.Random,
    styles: Sequence[Sequence[MomentTargets]],
    batch: int,
    default_share: float,
    mixture_share: float,
) -> StyleBatch:
    """Draw the styles of a batch: `default_share` at the default strength and stroke, the rest at any.

    `mixture_share` of the pictures mix two styles. The target of a mixture is the mixture of the moments, whose
    covariance is decomposed again.
    """
    mixture = torch.zeros(batch, len(styles))
    strengths, strokes, targets = [], [], []
    for number in range(batch):
        default = number < round(default_share * batch)
        strengths.append(DEFAULT_STRENGTH if default else rng.random())
        stroke = 1.0 if default else math.exp(rng.uniform(math.log(STROKES[0]), math.log(STROKES[1])))
        size = nearest_stroke(stroke)
        strokes.append(MEASURED_STROKES[size])
        first = rng.randrange(len(styles))
        share = 1.0
        if len(styles) > 1 and rng.random() < mixture_share:
            second = (first + rng.randrange(1, len(styles))) % len(styles)
            share = rng.random()
            mixture[number, second] = 1 - share
            targets.append(_mixture(styles[first][size], styles[second][size], share))
        else:
            targets.append(styles[first][size])
        mixture[number, first] = share
    return StyleBatch(mixture, torch.tensor(strengths), torch.tensor(strokes), _concatenate(targets))


def _mixture(first: MomentTargets, second: MomentTargets, share: float) -> MomentTargets:
    shares = (share, 1 - share)
    layers = {
        layer: average_moments((first.moments[layer], second.moments[layer]), shares)
        for layer in first.moments
    }
    return decompose(layers)


def _concatenate(measurements: Sequence[MomentTargets]) -> MomentTargets:
    layers = measurements[0].moments
    means = {layer: torch.cat([m.moments[layer].mean for m in measurements]) for layer in layers}
    seconds = {layer: torch.cat([m.moments[layer].second for m in measurements]) for layer in layers}
    return MomentTargets(
        {layer: Moments(means[layer], seconds[layer]) for layer in layers},
        {layer: torch.cat([m.values[layer] for m in measurements]) for layer in layers},
        {layer: torch.cat([m.vectors[layer] for m in measurements]) for layer in layers},
    )
