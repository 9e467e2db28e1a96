"""What the any-style network is trained on: crops of photographs, and the statistics of paintings."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from impasto.encoders import Encoder
from impasto.feedforward.modules.style_predictor import LAYERS, StyleStatistics, root
from impasto.imaging import fit, resize
from impasto.losses import Moments, moments
from impasto.training.crops import random_crop

LONGEST = 512
# Blocks of positions whose products are each rounded to bfloat16.
BLOCKS = 64
KINDS = ("mean", "values", "vectors")


def measure_style(encoder: Encoder, image: Tensor) -> tuple[StyleStatistics, dict[str, Moments]]:
    """Return the statistics of the painting `image` `(1, 3, h, w)`, and its moments by layer."""
    with torch.no_grad():
        found = {layer: quick_moments(x) for layer, x in encoder(image, LAYERS).items()}
    means = {layer: m.mean for layer, m in found.items()}
    return StyleStatistics(means, {layer: root(m.covariance) for layer, m in found.items()}), found


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


class StyleTargets(NamedTuple):
    """What paintings of a batch are compared with: moments, and eigenvalues and eigenvectors of the covariance.

    By layer: `moments`, `values` `(B, K)`, `vectors` `(B, K, K)` in columns.
    """

    moments: dict[str, Moments]
    values: dict[str, Tensor]
    vectors: dict[str, Tensor]


@dataclass(frozen=True, eq=False)
class Styles:
    """Measured paintings, one row each: means, eigenvalues `(n, K)` and eigenvectors `(n, K, K)` of covariances."""

    means: dict[str, Tensor]
    values: dict[str, Tensor]
    vectors: dict[str, Tensor]

    def __len__(self) -> int:
        return len(next(iter(self.means.values())))

    def rows(self, chosen: Sequence[int]) -> tuple[StyleStatistics, StyleTargets]:
        """Return the statistics of the `chosen` rows, and what pictures in their styles are compared with."""
        index = torch.tensor(list(chosen))
        means = {layer: x[index] for layer, x in self.means.items()}
        values = {layer: x[index] for layer, x in self.values.items()}
        vectors = {layer: x[index].float() for layer, x in self.vectors.items()}
        roots, found = {}, {}
        for layer, columns in vectors.items():
            roots[layer] = (columns * values[layer].sqrt().unsqueeze(1)) @ columns.mT
            mean = means[layer]
            covariance = (columns * values[layer].unsqueeze(1)) @ columns.mT
            found[layer] = Moments(mean, covariance + mean.unsqueeze(2) * mean.unsqueeze(1))
        return StyleStatistics(means, roots), StyleTargets(found, values, vectors)


def variants(image: Tensor, count: int, rng: random.Random) -> Iterator[Tensor]:
    """Yield `count` versions (1,3,h,w) of a painting (3,h,w): as it is, then smaller, then in other colours too."""
    plain = image[None].float() / 255
    height, width = plain.shape[2:]
    yield resize(plain, fit(height, width, LONGEST))
    for number in range(1, count):
        size = int(LONGEST * rng.uniform(0.4, 1.0))
        other = resize(plain, fit(height, width, size))
        if number > 1:
            other = other[:, rng.sample(range(3), 3)]
            gain = torch.tensor([rng.uniform(0.7, 1.3) for _ in range(3)]).view(1, 3, 1, 1)
            other = ((other - 0.5) * gain + 0.5 + rng.uniform(-0.1, 0.1)).clamp(0, 1)
        yield other


def measure_styles(
    encoder: Encoder,
    paintings: Sequence[Tensor],
    count: int,
    seed: int,
    seen: Callable[[int, int], None] | None = None,
) -> Styles:
    """Measure `count` variants of each of `paintings` (3,h,w) bytes; `seen` is told how far it is."""
    rng = random.Random(seed)
    parts: dict[str, list[Tensor]] = {f"{kind} {layer}": [] for kind in KINDS for layer in LAYERS}
    for done, painting in enumerate(paintings):
        for image in variants(painting, count, rng):
            with torch.no_grad():
                found = {layer: moments(x) for layer, x in encoder(image, LAYERS).items()}
            for layer, one in found.items():
                values, vectors = torch.linalg.eigh(one.covariance)
                for kind, value in zip(KINDS, (one.mean, values.clamp_min(0), vectors.half()), strict=True):
                    parts[f"{kind} {layer}"].append(value)
        if seen is not None:
            seen(done + 1, len(paintings))
    return Styles(*({layer: torch.cat(parts[f"{kind} {layer}"]) for layer in LAYERS} for kind in KINDS))


class Photographs:
    """Random crops of photographs; its state is one generator, so that a run can be resumed exactly."""

    def __init__(self, pictures: Sequence[Tensor], size: int, seed: int) -> None:
        self.pictures = pictures
        self.size = size
        self.rng = random.Random(seed)

    def batch(self, count: int) -> Tensor:
        """Return `count` crops (count,3,size,size) in [0,1]."""
        return torch.cat(
            [random_crop(self.rng.choice(self.pictures), self.size, self.rng) for _ in range(count)]
        )
