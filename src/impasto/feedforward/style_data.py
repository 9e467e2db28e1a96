"""Training data of one-pass networks: crops of photographs and statistics of style images."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from impasto.encoders import Encoder
from impasto.feedforward.modules.style_predictor import LAYERS, StyleStatistics, root
from impasto.feedforward.style_images import LONGEST
from impasto.imaging import fit, resize
from impasto.losses import Moments, moments
from impasto.training.crops import random_crop
from impasto.training.pictures import OnProgress

# Blocks of positions whose products are each rounded to bfloat16.
BLOCKS = 64


def measure_style(encoder: Encoder, image: Tensor) -> tuple[StyleStatistics, dict[str, Moments]]:
    """Return the statistics of the style image `(1, 3, h, w)` and its moments by layer."""
    with torch.no_grad():
        measured = {layer: quick_moments(x) for layer, x in encoder(image, LAYERS).items()}
    means = {layer: m.mean for layer, m in measured.items()}
    return StyleStatistics(means, {layer: root(m.covariance) for layer, m in measured.items()}), measured


def quick_moments(features: Tensor) -> Moments:
    """Return `moments` of `features` `(B, C, h, w)`, in half the time and without gradient if they are bfloat16.

    Products are taken of blocks in bfloat16, of which each is rounded once, and summed in float32; that changes them
    by a thousandth at most.
    """
    if features.dtype != torch.bfloat16:
        return moments(features)
    rows = features.permute(0, 2, 3, 1).flatten(1, 2)
    batch, count, channels = rows.shape
    even = count // BLOCKS * BLOCKS
    first = rows.new_zeros(batch, channels, dtype=torch.float32)
    second = rows.new_zeros(batch, channels, channels, dtype=torch.float32)
    for part, blocks in ((rows[:, :even], BLOCKS), (rows[:, even:], 1)):
        if part.shape[1]:
            block = part.reshape(batch * blocks, -1, channels)
            first += block.sum(1, dtype=torch.float32).view(batch, blocks, channels).sum(1)
            second += (block.mT @ block).float().view(batch, blocks, channels, channels).sum(1)
    return Moments(first / count, second / count)


class MomentTargets(NamedTuple):
    """Style targets of a batch: moments, and eigenvalues and eigenvectors of the covariance.

    By layer: `moments`, `values` `(B, K)`, `vectors` `(B, K, K)` in columns. `decompose` makes them of moments.
    """

    moments: dict[str, Moments]
    values: dict[str, Tensor]
    vectors: dict[str, Tensor]

    def select(self, rows: slice, device: torch.device) -> MomentTargets:
        """Return some rows of the batch on `device`."""
        return MomentTargets(
            {
                layer: Moments(m.mean[rows].to(device), m.second[rows].to(device))
                for layer, m in self.moments.items()
            },
            {layer: x[rows].to(device) for layer, x in self.values.items()},
            {layer: x[rows].to(device) for layer, x in self.vectors.items()},
        )


def decompose(layers: Mapping[str, Moments]) -> MomentTargets:
    """Return moments by layer with the eigenvalues and eigenvectors of their covariances."""
    values, vectors = {}, {}
    for layer, layer_moments in layers.items():
        eigenvalues, vectors[layer] = torch.linalg.eigh(layer_moments.covariance)
        values[layer] = eigenvalues.clamp_min(0)
    return MomentTargets(dict(layers), values, vectors)


@dataclass(frozen=True, eq=False)
class StyleRows:
    """Measured style images, one row each, by layer: `means` `(n, K)` and the covariances, decomposed.

    `values` are the eigenvalues `(n, K)`, `vectors` the eigenvectors `(n, K, K)` in columns, in float16.
    """

    means: dict[str, Tensor]
    values: dict[str, Tensor]
    vectors: dict[str, Tensor]

    def __len__(self) -> int:
        return len(next(iter(self.means.values())))

    def select(
        self, chosen: Sequence[int], device: torch.device | None = None
    ) -> tuple[StyleStatistics, MomentTargets]:
        """Return the statistics of the `chosen` rows and the targets of pictures in their styles, on `device`."""
        index = torch.tensor(list(chosen))
        means = {layer: x[index].to(device) for layer, x in self.means.items()}
        values = {layer: x[index].to(device) for layer, x in self.values.items()}
        vectors = {layer: x[index].to(device).float() for layer, x in self.vectors.items()}
        roots, targets = {}, {}
        for layer, columns in vectors.items():
            roots[layer] = (columns * values[layer].sqrt().unsqueeze(1)) @ columns.mT
            mean = means[layer]
            covariance = (columns * values[layer].unsqueeze(1)) @ columns.mT
            targets[layer] = Moments(mean, covariance + mean.unsqueeze(2) * mean.unsqueeze(1))
        return StyleStatistics(means, roots), MomentTargets(targets, values, vectors)


def variants(image: Tensor, count: int, rng: random.Random) -> Iterator[Tensor]:
    """Yield `count` versions (1,3,h,w) of a style image (3,h,w): the original, smaller ones, then other colours too."""
    original = image[None].float() / 255
    height, width = original.shape[2:]
    yield resize(original, fit(height, width, LONGEST))
    for number in range(1, count):
        size = int(LONGEST * rng.uniform(0.4, 1.0))
        variant = resize(original, fit(height, width, size))
        if number > 1:
            variant = variant[:, rng.sample(range(3), 3)]
            gain = torch.tensor([rng.uniform(0.7, 1.3) for _ in range(3)]).view(1, 3, 1, 1)
            variant = ((variant - 0.5) * gain + 0.5 + rng.uniform(-0.1, 0.1)).clamp(0, 1)
        yield variant


def measure_styles(
    encoder: Encoder,
    style_images: Sequence[Tensor],
    count: int,
    seed: int,
    on_progress: OnProgress | None = None,
    layers: Sequence[str] = LAYERS,
) -> StyleRows:
    """Measure `count` variants of each of `style_images` (3,h,w) bytes; `on_progress` gets (done, total).

    Equal seeds give equal variants, so two encoders can measure the same.
    """
    rng = random.Random(seed)
    device = next(encoder.parameters()).device
    means: dict[str, list[Tensor]] = {layer: [] for layer in layers}
    values: dict[str, list[Tensor]] = {layer: [] for layer in layers}
    vectors: dict[str, list[Tensor]] = {layer: [] for layer in layers}
    for done, style in enumerate(style_images, start=1):
        for image in variants(style, count, rng):
            with torch.no_grad():
                features = encoder(image.to(device), layers)
                measured = decompose({layer: quick_moments(x) for layer, x in features.items()})
            for layer in layers:
                means[layer].append(measured.moments[layer].mean.cpu())
                values[layer].append(measured.values[layer].cpu())
                # float16 halves the memory of the largest part; the columns then stay orthonormal to within 1e-3.
                vectors[layer].append(measured.vectors[layer].half().cpu())
        if on_progress is not None:
            on_progress(done, len(style_images))
    return StyleRows(
        *({layer: torch.cat(rows) for layer, rows in kind.items()} for kind in (means, values, vectors))
    )


class Photographs:
    """Random crops of photographs; one generator is the whole state."""

    def __init__(self, pictures: Sequence[Tensor], size: int, seed: int) -> None:
        self.pictures = pictures
        self.size = size
        self.rng = random.Random(seed)

    def batch(self, count: int) -> Tensor:
        """Return `count` crops (count,3,size,size) in [0,1]."""
        return torch.cat(
            [random_crop(self.rng.choice(self.pictures), self.size, self.rng) for _ in range(count)]
        )
