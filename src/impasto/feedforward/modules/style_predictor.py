"""Style parameters predicted from the feature statistics of any style image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from impasto.encoders import COMPONENTS
from impasto.feedforward.modules.transform import ModulatedLayer, StyleParams

LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")
# Encoder layers whose covariances shape the modulated layers of a stride; layers of one stride alternate.
SHAPED_BY: Mapping[int, tuple[str, ...]] = {
    8: ("relu4_1", "relu3_1"),
    4: ("relu3_1", "relu2_1"),
    2: ("relu2_1", "relu1_1"),
    1: ("relu1_1",),
}
HIDDEN = 256
# Trained matrices in the bank of each modulated layer, and trained directions in the features of each encoder layer.
BANK = 12
DIRECTIONS = 64


@dataclass(frozen=True, eq=False)
class StyleStatistics:
    """Feature statistics of style images: a mean `(B, K)` and a root covariance `(B, K, K)` for each of `LAYERS`.

    They are statistics of the compact encoder's outputs: 1x1 projections of each layer to K components. The root R
    is symmetric, R R = covariance.
    """

    means: dict[str, Tensor]
    roots: dict[str, Tensor]

    def to(self, device: torch.device | str) -> StyleStatistics:
        """Return the statistics on `device`."""
        means = {layer: mean.to(device) for layer, mean in self.means.items()}
        return StyleStatistics(means, {layer: root.to(device) for layer, root in self.roots.items()})

    def vector(self) -> Tensor:
        """Return the means and log standard deviations of all layers concatenated, `(B, 2 * sum of K)`."""
        parts = []
        for layer in LAYERS:
            deviation = self.roots[layer].square().sum(2).clamp_min(1e-8).sqrt()
            parts += [self.means[layer], deviation.log()]
        return torch.cat(parts, 1)


def root(covariance: Tensor) -> Tensor:
    """Return the symmetric square root `(B, K, K)` of covariances, through their eigenvectors."""
    values, vectors = torch.linalg.eigh(covariance.double())
    result: Tensor = (vectors * values.clamp_min(0).sqrt().unsqueeze(1)) @ vectors.mT
    return result.float()


class StylePredictor(nn.Module):
    """Maps style statistics and a strength to style parameters.

    A modulated layer of C channels is shaped by an encoder layer of K components with root covariance R and mean m:
    ``matrix = diag(1 + g) + s sqrt(K) P R Q + sum_n a_n B_n`` and ``shift = h + s P m`` at strength s, with trained P
    `(C, K)`, Q `(K, C)` and a bank of B_n `(C, C)`. A small perceptron computes g, h and a from the statistics of all
    encoder layers, their spread along trained directions, and the strength. (Ghiasi et al., BMVC 2017, predict
    diagonal parameters.)
    """

    offset: Tensor
    scale: Tensor

    def __init__(
        self,
        modulated_layers: Sequence[ModulatedLayer],
        hidden: int = HIDDEN,
        bank: int = BANK,
        directions: int = DIRECTIONS,
    ) -> None:
        super().__init__()
        self.modulated_layers = tuple(modulated_layers)
        self.encoder_layers = shaping_layers(self.modulated_layers)
        length = 2 * sum(COMPONENTS[name] for name in LAYERS)
        self.register_buffer("offset", torch.zeros(length))
        self.register_buffer("scale", torch.ones(length))
        self.perceptron = nn.Sequential(
            nn.Linear(length + 2, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, 2 * sum(layer.channels for layer in self.modulated_layers)),
        )
        # Q, P and B of the equation, one per modulated layer.
        self.input_projections = nn.ParameterList()
        self.output_projections = nn.ParameterList()
        self.bank = nn.ParameterList()
        for layer, name in zip(self.modulated_layers, self.encoder_layers, strict=True):
            k, c = COMPONENTS[name], layer.channels
            self.input_projections.append(nn.Parameter(torch.randn(k, c) / c**0.5))
            self.output_projections.append(nn.Parameter(torch.randn(c, k) / k**0.5))
            self.bank.append(nn.Parameter(torch.randn(bank, c, c) / c**0.5))
        self.directions = nn.ParameterList(
            nn.Parameter(torch.randn(COMPONENTS[name], directions) / COMPONENTS[name] ** 0.5)
            for name in LAYERS
        )
        self.bank_weights = nn.Linear(hidden, bank * len(self.modulated_layers))
        self.spread_projection = nn.Linear(directions * len(LAYERS), hidden, bias=False)
        with torch.no_grad():
            output_layer = self.perceptron[-1]
            assert isinstance(output_layer, nn.Linear)
            output_layer.weight.mul_(0.2)
            for weight in (*self.bank_weights.parameters(), *self.spread_projection.parameters()):
                weight.zero_()  # bank and directions have no effect until they are trained

    def matrices(self) -> list[nn.Parameter]:
        """Return the trained matrices, except the perceptron's output layer, which starts small."""
        linear = [layer.weight for layer in self.perceptron if isinstance(layer, nn.Linear)]
        return [*self.input_projections, *self.output_projections, *linear[:-1]]

    def forward(self, style: StyleStatistics, strength: Tensor) -> StyleParams:
        """Return the style parameters of B styles at `strength` `(B,)` in [0, 1]."""
        hidden = self._hidden(style, strength)
        outputs = self.perceptron[-1](hidden)
        bank_weights = self.bank_weights(hidden).view(len(hidden), len(self.modulated_layers), -1)
        matrices, shifts = [], []
        start = 0
        for index, (layer, name) in enumerate(zip(self.modulated_layers, self.encoder_layers, strict=True)):
            c, k = layer.channels, COMPONENTS[name]
            gain, shift = outputs[:, start : start + c], outputs[:, start + c : start + 2 * c]
            start += 2 * c
            output_projection = self.output_projections[index]
            shaped = output_projection @ (style.roots[name] * k**0.5) @ self.input_projections[index]
            from_bank = torch.einsum("bn,nij->bij", bank_weights[:, index], self.bank[index])
            matrices.append(torch.diag_embed(1 + gain) + strength[:, None, None] * shaped + from_bank)
            shifts.append(shift + strength[:, None] * (style.means[name] @ output_projection.mT))
        return StyleParams(tuple(matrices), tuple(shifts))

    def _hidden(self, style: StyleStatistics, strength: Tensor) -> Tensor:
        """Return the perceptron's last hidden activations, `(B, hidden)`."""
        vector = (style.vector() - self.offset) * self.scale
        conditioning = torch.stack([strength, (1 - strength).square()], 1).to(vector)
        spreads = [
            (style.roots[name] @ directions).square().sum(1).clamp_min(1e-8).log() / 2
            for name, directions in zip(LAYERS, self.directions, strict=True)
        ]
        first, *middle, _ = self.perceptron
        hidden: Tensor = first(torch.cat([vector, conditioning], 1))
        hidden = hidden + self.spread_projection(torch.cat(spreads, 1))
        for layer in middle:
            hidden = layer(hidden)
        return hidden


def shaping_layers(modulated_layers: Sequence[ModulatedLayer]) -> list[str]:
    """Return for each modulated layer the encoder layer whose covariance shapes it."""
    counts: dict[int, int] = {}
    names = []
    for layer in modulated_layers:
        count = counts.get(layer.stride, 0)
        counts[layer.stride] = count + 1
        choices = SHAPED_BY[layer.stride]
        names.append(choices[count % len(choices)])
    return names
