"""What the any-style network is trained on: crops of photographs, and the statistics of paintings."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from impasto.encoders import Encoder
from impasto.imaging import fit, resize
from impasto.losses import Moments, moments
from impasto.networks.distill.crops import Pictures
from impasto.networks.fast.codes import LAYERS, StyleStatistics, root

LONGEST = 512


def measure_style(encoder: Encoder, image: Tensor) -> tuple[StyleStatistics, dict[str, Moments]]:
    """Return the statistics of the painting `image` `(1, 3, h, w)`, and its moments by layer."""
    with torch.no_grad():
        found = {layer: moments(x) for layer, x in encoder(image, LAYERS).items()}
    means = {layer: m.mean for layer, m in found.items()}
    return StyleStatistics(means, {layer: root(m.covariance) for layer, m in found.items()}), found


@dataclass(frozen=True, eq=False)
class Styles:
    """Measured paintings, one row each: means `(n, K)`, second raw moments and root covariances `(n, K, K)`."""

    means: dict[str, Tensor]
    seconds: dict[str, Tensor]
    roots: dict[str, Tensor]

    def __len__(self) -> int:
        return len(next(iter(self.means.values())))

    def rows(self, chosen: Sequence[int]) -> tuple[StyleStatistics, dict[str, Moments]]:
        """Return the statistics and the moments of the `chosen` rows."""
        index = torch.tensor(list(chosen))
        statistics = StyleStatistics(
            {layer: x[index] for layer, x in self.means.items()},
            {layer: x[index].float() for layer, x in self.roots.items()},
        )
        return statistics, {
            layer: Moments(self.means[layer][index], self.seconds[layer][index]) for layer in LAYERS
        }


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
    seen: Callable[[int, int], None] = lambda done, total: None,
) -> Styles:
    """Measure `count` variants of each of `paintings` (3,h,w) bytes; `seen` is told how far it is."""
    rng = random.Random(seed)
    means: dict[str, list[Tensor]] = {layer: [] for layer in LAYERS}
    seconds: dict[str, list[Tensor]] = {layer: [] for layer in LAYERS}
    roots: dict[str, list[Tensor]] = {layer: [] for layer in LAYERS}
    for done, painting in enumerate(paintings):
        for image in variants(painting, count, rng):
            statistics, found = measure_style(encoder, image)
            for layer in LAYERS:
                means[layer].append(found[layer].mean)
                seconds[layer].append(found[layer].second)
                roots[layer].append(statistics.roots[layer].half())
        seen(done + 1, len(paintings))
    return Styles(*({layer: torch.cat(x) for layer, x in part.items()} for part in (means, seconds, roots)))


class Photographs:
    """Random crops of photographs; its state is one generator, so that a run can be resumed exactly."""

    def __init__(self, pictures: Sequence[Tensor], size: int, seed: int) -> None:
        self.pictures = pictures
        self.size = size
        self.rng = random.Random(seed)

    def batch(self, count: int) -> Tensor:
        """Return `count` crops (count,3,size,size) in [0,1]."""
        return torch.cat([self._crop(self.rng.choice(self.pictures)) for _ in range(count)])

    def _crop(self, image: Tensor) -> Tensor:
        rng = self.rng
        height, width = image.shape[1:]
        side = min(height, width, int(self.size * 2 ** rng.uniform(-0.3, 1.0)))
        top, left = rng.randint(0, height - side), rng.randint(0, width - side)
        crop = image[None, :, top : top + side, left : left + side].float() / 255
        if side != self.size:
            mode = "bicubic" if side < self.size else "bilinear"
            crop = F.interpolate(crop, (self.size, self.size), mode=mode, antialias=side > self.size)
        return (crop.flip(3) if rng.random() < 0.5 else crop).clamp(0, 1)


__all__ = ["LONGEST", "Photographs", "Pictures", "Styles", "measure_style", "measure_styles", "variants"]
