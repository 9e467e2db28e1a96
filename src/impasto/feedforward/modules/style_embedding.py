"""Style parameters of trained styles: one style, or a mixture, at a strength and a stroke size."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from impasto.feedforward.modules.transform import ModulatedLayer, StyleParams

HIDDEN = 64
EMBEDDING = 16
# Vivid: a one-pass picture at the distance of the optimiser's .5 shows little of the style.
DEFAULT_STRENGTH = 0.85


class StyleEmbedding(nn.Module):
    """Style parameters of `count` styles for `TransformNet`.

    For each modulated layer of C channels a style has a trained matrix T `(C, C)` and shift t `(C,)`. Gains g and
    shifts h come from a small perceptron of strength s, (1 - s)^2, the logarithm of the stroke and an embedding of
    the style: ``matrix = diag(1 + g) + s T`` and ``shift = h + s t``. For a mixture, T, t and the embedding are
    weighted averages, as in Dumoulin et al. (ICLR 2017, section 3.3).
    """

    def __init__(self, modulated_layers: Sequence[ModulatedLayer], count: int, hidden: int = HIDDEN) -> None:
        super().__init__()
        self.modulated_layers = tuple(modulated_layers)
        self.count = count
        # One parameter per layer and style, layer by layer: Muon orthogonalises each update as one matrix.
        self.style_matrices = nn.ParameterList(
            nn.Parameter(torch.randn(layer.channels, layer.channels) / layer.channels**0.5)
            for layer in self.modulated_layers
            for _ in range(count)
        )
        self.shifts = nn.ParameterList(
            nn.Parameter(torch.zeros(count, layer.channels)) for layer in self.modulated_layers
        )
        self.embedding = nn.Parameter(torch.randn(count, EMBEDDING))
        self.perceptron = nn.Sequential(
            nn.Linear(3 + EMBEDDING, hidden),
            nn.ReLU(),
            nn.Linear(hidden, 2 * sum(layer.channels for layer in self.modulated_layers)),
        )
        with torch.no_grad():
            self.output_layer.weight.zero_()
            self.output_layer.bias.zero_()

    @property
    def output_layer(self) -> nn.Linear:
        """The perceptron's last layer; its outputs are gains, then shifts, of one modulated layer after another."""
        layer = self.perceptron[-1]
        assert isinstance(layer, nn.Linear)
        return layer

    def matrices(self) -> list[nn.Parameter]:
        """Return the trained matrices T."""
        return list(self.style_matrices)

    def own_weights(self) -> list[nn.Parameter]:
        """Return the weights that belong to one style each: matrices T, shifts t, and the embedding."""
        return [*self.style_matrices, *self.shifts, self.embedding]

    def forward(self, weights: Tensor, strength: Tensor, stroke: Tensor) -> StyleParams:
        """Return style parameters of B mixtures.

        `weights` `(B, n)` sum to 1, `strength` `(B,)` is in [0, 1], `stroke` `(B,)` in `network_card.STROKES`.
        """
        conditioning = torch.stack([strength, (1 - strength).square(), stroke.log()], 1)  # (B, 3)
        outputs = self.perceptron(torch.cat([conditioning, weights @ self.embedding], 1))
        matrices, shifts = [], []
        start = 0
        for index, layer in enumerate(self.modulated_layers):
            width = layer.channels
            gain, shift = outputs[:, start : start + width], outputs[:, start + width : start + 2 * width]
            start += 2 * width
            per_style = torch.stack([*self.style_matrices[index * self.count : (index + 1) * self.count]])
            mixed = torch.einsum("bn,nij->bij", weights, per_style)
            matrices.append(torch.diag_embed(1 + gain) + strength[:, None, None] * mixed)
            shifts.append(shift + strength[:, None] * (weights @ self.shifts[index]))
        return StyleParams(tuple(matrices), tuple(shifts))

    @torch.no_grad()
    def begin_with(self, full: StyleParams, none: StyleParams) -> None:
        """Initialise from style parameters `full` at strength 1 and `none` at strength 0, one row per style.

        At strength 1 the result is exactly `full`. At strength 0 it is the average of the diagonals and shifts of
        `none`, which is exact for one style. Nothing depends on the stroke yet.
        """
        self.output_layer.weight.zero_()
        start = 0
        for index, layer in enumerate(self.modulated_layers):
            width = layer.channels
            gain = none.matrices[index].diagonal(dim1=1, dim2=2).mean(0) - 1
            shift = none.shifts[index].mean(0)
            self.output_layer.bias[start : start + width] = gain
            self.output_layer.bias[start + width : start + 2 * width] = shift
            start += 2 * width
            trained = full.matrices[index] - torch.diag(1 + gain)
            for number in range(self.count):
                self.style_matrices[index * self.count + number].copy_(trained[number])
            self.shifts[index].copy_(full.shifts[index] - shift)

    @torch.no_grad()
    def begin_as(self, other: StyleEmbedding, rows: Tensor) -> None:
        """Begin with mixtures of the styles of `other`: `rows` `(count, other.count)` are their weights.

        The modulated layers of `other` come first among those here; the remaining ones change nothing yet.
        """
        shared = len(other.modulated_layers)
        if self.modulated_layers[:shared] != other.modulated_layers:
            raise ValueError("other modulated layers")
        self.embedding.copy_(rows @ other.embedding)
        self.perceptron[0].load_state_dict(other.perceptron[0].state_dict())
        self.output_layer.weight.zero_()
        self.output_layer.bias.zero_()
        count = len(other.output_layer.bias)
        self.output_layer.weight[:count] = other.output_layer.weight
        self.output_layer.bias[:count] = other.output_layer.bias
        for index, shifts in enumerate(self.shifts):
            matrices = self.style_matrices[index * self.count : (index + 1) * self.count]
            if index >= shared:
                shifts.zero_()
                for matrix in matrices:
                    matrix.zero_()
                continue
            theirs = torch.stack([*other.style_matrices[index * other.count : (index + 1) * other.count]])
            for matrix, row in zip(matrices, rows, strict=True):
                matrix.copy_(torch.einsum("n,nij->ij", row, theirs))
            shifts.copy_(rows @ other.shifts[index])


class ConditionalInstanceNorm(nn.Module):
    """Style parameters of `count` styles for `JohnsonNet`: a gain and a shift per channel of every modulated layer.

    Source: Dumoulin, Shlens & Kudlur, A Learned Representation for Artistic Style, ICLR 2017, equation 5. A mixture
    is the weighted average of gains and shifts (section 3.3 there).
    """

    def __init__(self, modulated_layers: Sequence[ModulatedLayer], count: int) -> None:
        super().__init__()
        self.modulated_layers = tuple(modulated_layers)
        self.count = count
        self.gains = nn.ParameterList(
            nn.Parameter(torch.ones(count, layer.channels)) for layer in self.modulated_layers
        )
        self.shifts = nn.ParameterList(
            nn.Parameter(torch.zeros(count, layer.channels)) for layer in self.modulated_layers
        )

    def forward(self, weights: Tensor, strength: Tensor, stroke: Tensor) -> StyleParams:
        """Return B diagonal style parameters for `weights` `(B, n)`; `strength` and `stroke` have no effect."""
        del strength, stroke
        return StyleParams(tuple(weights @ x for x in self.gains), tuple(weights @ x for x in self.shifts))
