"""From the statistics of a painting to the code of a style."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from impasto.encoders import COMPONENTS
from impasto.feedforward.modules.transform import ModulatedLayer, StyleParams

LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")
# The layer whose covariance shapes the sites of a stride; sites of one stride take them in turn.
SHAPED_BY: Mapping[int, tuple[str, ...]] = {
    8: ("relu4_1", "relu3_1"), 4: ("relu3_1", "relu2_1"), 2: ("relu2_1", "relu1_1")
}  # fmt: skip
HIDDEN = 256
# Trained matrices that every site can add to its own, and trained directions of each layer whose spread is looked at.
BANK = 12
DIRECTIONS = 64


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


class StylePredictor(nn.Module):
    """Turns statistics and a strength into a code.

    At site i of C channels, shaped by a layer of K components with root R and mean m:
    ``matrix = diag(g) + sqrt(K) P R Q + sum_n a_n B_n`` and ``shift = h + P m``, with trained P `(C, K)`, Q `(K, C)`
    and a bank of B `(C, C)`; g, h and a come from a small perceptron that sees the statistics of all layers, their
    spread along trained directions, and the strength.
    """

    offset: Tensor
    scale: Tensor

    def __init__(
        self,
        sites: Sequence[ModulatedLayer],
        hidden: int = HIDDEN,
        bank: int = BANK,
        directions: int = DIRECTIONS,
    ) -> None:
        super().__init__()
        self.sites = tuple(sites)
        self.layers = shaping_layers(self.sites)
        length = 2 * sum(COMPONENTS[layer] for layer in LAYERS)
        self.register_buffer("offset", torch.zeros(length))
        self.register_buffer("scale", torch.ones(length))
        self.perceptron = nn.Sequential(
            nn.Linear(length + 2, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(),
            nn.Linear(hidden, 2 * sum(site.channels for site in self.sites)),
        )  # fmt: skip
        self.into, self.out, self.bank = nn.ParameterList(), nn.ParameterList(), nn.ParameterList()
        for site, layer in zip(self.sites, self.layers, strict=True):
            k, c = COMPONENTS[layer], site.channels
            self.into.append(nn.Parameter(torch.randn(k, c) / c**0.5))
            self.out.append(nn.Parameter(torch.randn(c, k) / k**0.5))
            self.bank.append(nn.Parameter(torch.randn(bank, c, c) / c**0.5))
        self.directions = nn.ParameterList(
            nn.Parameter(torch.randn(COMPONENTS[layer], directions) / COMPONENTS[layer] ** 0.5)
            for layer in LAYERS
        )
        self.amounts = nn.Linear(hidden, bank * len(self.sites))
        self.spread = nn.Linear(directions * len(LAYERS), hidden, bias=False)
        with torch.no_grad():
            last = self.perceptron[-1]
            assert isinstance(last, nn.Linear)
            last.weight.mul_(0.2)
            for weight in (*self.amounts.parameters(), *self.spread.parameters()):
                weight.zero_()  # the bank and the directions come into play as they are learnt

    def matrices(self) -> list[nn.Parameter]:
        """Return the trained matrices, but not the perceptron's last, which begins small."""
        own = [layer.weight for layer in self.perceptron if isinstance(layer, nn.Linear)]
        return [*self.into, *self.out, *own[:-1]]

    def forward(self, style: StyleStatistics, strength: Tensor) -> StyleParams:
        """Return the code of B styles at `strength` `(B,)` in [0, 1]."""
        hidden = self._look(style, strength)
        found = self.perceptron[-1](hidden)
        amounts = self.amounts(hidden).view(len(hidden), len(self.sites), -1)
        matrices, shifts = [], []
        at = 0
        for index, (site, layer) in enumerate(zip(self.sites, self.layers, strict=True)):
            c, k = site.channels, COMPONENTS[layer]
            gain, shift = found[:, at : at + c], found[:, at + c : at + 2 * c]
            at += 2 * c
            shaped = self.out[index] @ (style.roots[layer] * k**0.5) @ self.into[index]
            added = torch.einsum("bn,nij->bij", amounts[:, index], self.bank[index])
            amount = strength[:, None, None]
            matrices.append(torch.diag_embed(1 + gain) + amount * shaped + added)
            shifts.append(shift + strength[:, None] * (style.means[layer] @ self.out[index].mT))
        return StyleParams(tuple(matrices), tuple(shifts))

    def _look(self, style: StyleStatistics, strength: Tensor) -> Tensor:
        """Return what the perceptron makes of the statistics, `(B, hidden)`."""
        vector = (style.vector() - self.offset) * self.scale
        told = torch.stack([strength, (1 - strength).square()], 1).to(vector)
        spreads = [
            (style.roots[layer] @ along).square().sum(1).clamp_min(1e-8).log() / 2
            for layer, along in zip(LAYERS, self.directions, strict=True)
        ]
        first, *others, _ = self.perceptron
        hidden: Tensor = first(torch.cat([vector, told], 1)) + self.spread(torch.cat(spreads, 1))
        for layer in others:
            hidden = layer(hidden)
        return hidden


def shaping_layers(sites: Sequence[ModulatedLayer]) -> list[str]:
    """Return for each site the layer whose covariance shapes it."""
    seen: dict[int, int] = {}
    layers = []
    for site in sites:
        turn = seen.get(site.stride, 0)
        seen[site.stride] = turn + 1
        choices = SHAPED_BY[site.stride]
        layers.append(choices[turn % len(choices)])
    return layers
