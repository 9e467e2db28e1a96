"""From the statistics of a painting to the code of a style."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from impasto.encoders.compact import COMPONENTS
from impasto.networks.fast.body import Code, SiteInfo

LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")
# The layer whose covariance shapes the sites of a stride; sites of one stride take them in turn.
SHAPED_BY: Mapping[int, tuple[str, ...]] = {
    8: ("relu4_1", "relu3_1"), 4: ("relu3_1", "relu2_1"), 2: ("relu2_1", "relu1_1")
}  # fmt: skip
HIDDEN = 256


@dataclass(frozen=True, eq=False)
class StyleStatistics:
    """What a painting is to the network: for each of `LAYERS` a mean `(B, K)` and a root covariance `(B, K, K)`.

    They are of the compact encoder's heads; the root is the symmetric one, root root = covariance.
    """

    means: dict[str, Tensor]
    roots: dict[str, Tensor]

    def vector(self) -> Tensor:
        """Return means and log standard deviations of all layers in a row, `(B, 2 * sum of K)`."""
        parts = []
        for layer in LAYERS:
            deviation = self.roots[layer].square().sum(2).clamp_min(1e-8).sqrt()
            parts += [self.means[layer], deviation.log()]
        return torch.cat(parts, 1)


def root(covariance: Tensor) -> Tensor:
    """Return the symmetric square root `(B, K, K)` of covariances, through their eigenvectors."""
    values, vectors = torch.linalg.eigh(covariance.double())
    found: Tensor = (vectors * values.clamp_min(0).sqrt().unsqueeze(1)) @ vectors.mT
    return found.float()


class Coder(nn.Module):
    """Turns statistics and a strength into a code.

    At site i of C channels, shaped by a layer of K components with root R and mean m:
    ``matrix = diag(g) + sqrt(K) P R Q`` and ``shift = h + P m``, with trained P `(C, K)` and Q `(K, C)`; g and h come
    from a small perceptron that sees the statistics of all layers and the strength.
    """

    offset: Tensor
    scale: Tensor

    def __init__(self, sites: Sequence[SiteInfo], hidden: int = HIDDEN) -> None:
        super().__init__()
        self.sites = tuple(sites)
        seen: dict[int, int] = {}
        self.layers: list[str] = []
        for site in self.sites:
            turn = seen.get(site.stride, 0)
            seen[site.stride] = turn + 1
            choices = SHAPED_BY[site.stride]
            self.layers.append(choices[turn % len(choices)])
        length = 2 * sum(COMPONENTS[layer] for layer in LAYERS)
        self.register_buffer("offset", torch.zeros(length))
        self.register_buffer("scale", torch.ones(length))
        self.perceptron = nn.Sequential(
            nn.Linear(length + 2, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(),
            nn.Linear(hidden, 2 * sum(site.channels for site in self.sites)),
        )  # fmt: skip
        self.into, self.out = nn.ParameterList(), nn.ParameterList()
        for site, layer in zip(self.sites, self.layers, strict=True):
            k = COMPONENTS[layer]
            self.into.append(nn.Parameter(torch.randn(k, site.channels) / site.channels**0.5))
            self.out.append(nn.Parameter(torch.randn(site.channels, k) / k**0.5))
        with torch.no_grad():
            last = self.perceptron[-1]
            assert isinstance(last, nn.Linear)
            last.weight.mul_(0.2)

    def matrices(self) -> list[nn.Parameter]:
        """Return the trained matrices, but not the perceptron's last, which begins small."""
        own = [layer.weight for layer in self.perceptron if isinstance(layer, nn.Linear)]
        return [*self.into, *self.out, *own[:-1]]

    def forward(self, style: StyleStatistics, strength: Tensor) -> Code:
        """Return the code of B styles at `strength` `(B,)` in [0, 1]."""
        vector = (style.vector() - self.offset) * self.scale
        told = torch.stack([strength, (1 - strength).square()], 1).to(vector)
        found = self.perceptron(torch.cat([vector, told], 1))
        matrices, shifts = [], []
        at = 0
        for index, (site, layer) in enumerate(zip(self.sites, self.layers, strict=True)):
            c, k = site.channels, COMPONENTS[layer]
            gain, shift = found[:, at : at + c], found[:, at + c : at + 2 * c]
            at += 2 * c
            shaped = self.out[index] @ (style.roots[layer] * k**0.5) @ self.into[index]
            amount = strength[:, None, None]
            matrices.append(torch.diag_embed(1 + gain) + amount * shaped)
            shifts.append(shift + strength[:, None] * (style.means[layer] @ self.out[index].mT))
        return Code(tuple(matrices), tuple(shifts))
