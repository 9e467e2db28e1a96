"""Codes of styles that a network was trained for: one style, or a mixture, at a strength and a stroke size."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from impasto.feedforward.modules.transform import ModulatedLayer, StyleParams

STYLES = "network:styles"
HIDDEN = 64
EMBEDDING = 16
STROKES = (0.5, 1.5)
# The strength where none is asked for: a little more than the optimiser's .5, because in one pass a picture shows less
# of a style at the same distance from its photograph.
USUAL = 0.6


class StyleEmbedding(nn.Module):
    """The codes of `count` styles for the lean network.

    A style has at every site of C channels a trained matrix T `(C, C)` and shift t `(C,)`; gains g and shifts h come
    from a small perceptron that sees strength s, (1 - s)^2, the logarithm of the stroke and an embedding of the
    style: ``matrix = diag(1 + g) + s T`` and ``shift = h + s t``. T, t and the embedding of a mixture are the weighted
    averages, as Dumoulin et al. (ICLR 2017, section 3.3) mix theirs.
    """

    controls = ("mix", "strength", "stroke")

    def __init__(self, sites: Sequence[ModulatedLayer], count: int, hidden: int = HIDDEN) -> None:
        super().__init__()
        self.sites = tuple(sites)
        self.count = count
        # One parameter for a style at a site, site by site: each is a matrix to who orthogonalises updates.
        self.mixings = nn.ParameterList(
            nn.Parameter(torch.randn(site.channels, site.channels) / site.channels**0.5)
            for site in self.sites
            for _ in range(count)
        )
        self.shifts = nn.ParameterList(nn.Parameter(torch.zeros(count, site.channels)) for site in self.sites)
        self.embedding = nn.Parameter(torch.randn(count, EMBEDDING))
        self.perceptron = nn.Sequential(
            nn.Linear(3 + EMBEDDING, hidden), nn.ReLU(),
            nn.Linear(hidden, 2 * sum(site.channels for site in self.sites)),
        )  # fmt: skip
        with torch.no_grad():
            self.last.weight.zero_()
            self.last.bias.zero_()

    @property
    def last(self) -> nn.Linear:
        """The perceptron's last layer: gains and shifts of a site after those of the one before."""
        layer = self.perceptron[-1]
        assert isinstance(layer, nn.Linear)
        return layer

    def matrices(self) -> list[nn.Parameter]:
        """Return the trained matrices T."""
        return list(self.mixings)

    def forward(self, weights: Tensor, strength: Tensor, stroke: Tensor) -> StyleParams:
        """Return B codes: `weights` `(B, n)` sum to 1, `strength` `(B,)` in [0, 1], `stroke` `(B,)` in `STROKES`."""
        told = torch.stack([strength, (1 - strength).square(), stroke.log()], 1)
        found = self.perceptron(torch.cat([told, weights @ self.embedding], 1))
        matrices, shifts = [], []
        at = 0
        for index, site in enumerate(self.sites):
            c = site.channels
            gain, shift = found[:, at : at + c], found[:, at + c : at + 2 * c]
            at += 2 * c
            own = torch.stack([*self.mixings[index * self.count : (index + 1) * self.count]])
            mixed = torch.einsum("bn,nij->bij", weights, own)
            matrices.append(torch.diag_embed(1 + gain) + strength[:, None, None] * mixed)
            shifts.append(shift + strength[:, None] * (weights @ self.shifts[index]))
        return StyleParams(tuple(matrices), tuple(shifts))

    @torch.no_grad()
    def begin_with(self, full: StyleParams, none: StyleParams) -> None:
        """Begin with given codes of the styles, one row each: `full` at strength 1, `none` at strength 0.

        Codes at strength 1 are then exactly `full`; at strength 0 they are the average of the diagonals and shifts
        of `none`, which is exact for one style. Nothing depends on the stroke yet.
        """
        self.last.weight.zero_()
        at = 0
        for index, site in enumerate(self.sites):
            c = site.channels
            gain = none.matrices[index].diagonal(dim1=1, dim2=2).mean(0) - 1
            shift = none.shifts[index].mean(0)
            self.last.bias[at : at + c], self.last.bias[at + c : at + 2 * c] = gain, shift
            at += 2 * c
            own = full.matrices[index] - torch.diag(1 + gain)
            for number in range(self.count):
                self.mixings[index * self.count + number].copy_(own[number])
            self.shifts[index].copy_(full.shifts[index] - shift)


class ConditionalInstanceNorm(nn.Module):
    """The codes of `count` styles for Johnson's network: a gain and a shift for every channel of every site.

    Conditional instance normalisation (Dumoulin, Shlens & Kudlur, A Learned Representation for Artistic Style,
    ICLR 2017, equation 5); a mixture is the weighted average of gains and shifts (section 3.3 there).
    """

    controls = ("mix",)

    def __init__(self, sites: Sequence[ModulatedLayer], count: int) -> None:
        super().__init__()
        self.sites = tuple(sites)
        self.count = count
        self.gains = nn.ParameterList(nn.Parameter(torch.ones(count, site.channels)) for site in self.sites)
        self.shifts = nn.ParameterList(nn.Parameter(torch.zeros(count, site.channels)) for site in self.sites)

    def forward(self, weights: Tensor, strength: Tensor, stroke: Tensor) -> StyleParams:
        """Return B diagonal codes for `weights` `(B, n)`; such a network knows no `strength` and no `stroke`."""
        del strength, stroke
        return StyleParams(tuple(weights @ x for x in self.gains), tuple(weights @ x for x in self.shifts))
