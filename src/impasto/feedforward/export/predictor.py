"""What makes the codes of a network for any style, as a graph: a painting and a strength in, the code out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from impasto.encoders import Encoder, open_encoder
from impasto.feedforward.export.graph import MOST_SIDE, export_module, part_names, write_compared
from impasto.feedforward.modules.style_predictor import LAYERS, StylePredictor, StyleStatistics
from impasto.feedforward.style_data import measure_style

# Sides of the paintings that graph and torch are compared on, and the strengths; neither side a multiple of eight.
CHECKED = (((64, 80), 1.0), ((131, 57), 0.3), ((33, 260), 0.0))
SMALLEST = 16
SIDES = ((2, "height"), (3, "width"))
ROUNDS = 22
# Added to a covariance's diagonal, so that a painting of one colour has a root, too; a layer's variances sum to 1.
RIDGE = 1e-8


class PredictorModule(nn.Module):
    """Encoder, statistics and coder in one, of operations that ONNX has."""

    def __init__(self, encoder: Encoder, style_predictor: StylePredictor) -> None:
        super().__init__()
        self.encoder = encoder
        self.style_predictor = style_predictor

    def forward(self, painting: Tensor, strength: Tensor) -> tuple[Tensor, ...]:
        """Return matrices, then shifts, for a `painting` `(1, 3, h, w)` in [0, 1] and a `strength` `(1,)`."""
        means, roots = {}, {}
        for layer, features in self.encoder(painting, LAYERS).items():
            rows = features.flatten(2)
            mean = rows.mean(2, keepdim=True)
            centred = rows - mean
            means[layer] = mean[:, :, 0]
            roots[layer] = newton_root(centred @ centred.mT / rows.shape[2])
        style_params = self.style_predictor(StyleStatistics(means, roots), strength)
        return (*style_params.matrices, *style_params.shifts)


def newton_root(covariance: Tensor) -> Tensor:
    """Return the symmetric square root `(B, K, K)` of covariances by products alone, for ONNX has no eigenvectors.

    Y <- Y (3 - Z Y) / 2, Z <- (3 - Z Y) / 2 Z from Y = C / tr C and Z = 1, in `ROUNDS` rounds; Y sqrt(tr C) is the
    root. Deviation: of C + `RIDGE`. Source: Higham, Functions of Matrices (2008), chapter 6.
    """
    one = torch.eye(covariance.shape[1], dtype=covariance.dtype)[None]
    ridged = covariance + RIDGE * one
    trace = (ridged * one).sum((1, 2), keepdim=True)
    y, z = ridged / trace, one.expand_as(ridged)
    for _ in range(ROUNDS):
        half = (3 * one - z @ y) / 2
        y, z = y @ half, half @ z
    return y * trace.sqrt()


def export_style_predictor(path: Path, style_predictor: StylePredictor, card: Mapping[str, Any]) -> float:
    """Write `coder` with its encoder as ONNX: ``painting`` and ``strength`` in, ``matrix_0`` .. ``shift_N`` out.

    Sides of a painting are free from `SMALLEST` on; `card` goes into the metadata. Returns the largest difference of
    a code from torch's over `CHECKED`; raises OutputError, and leaves no file, if that is above
    `graph.MOST_DIFFERENCE`, and MissingExtraError without onnx.
    """
    encoder = open_encoder("compact")
    program = export_module(
        PredictorModule(encoder, style_predictor).eval(),
        (torch.rand(1, 3, 74, 109), torch.tensor([0.5])),
        ["painting", "strength"],
        part_names(len(style_predictor.modulated_layers)),
        ({axis: torch.export.Dim(name, min=SMALLEST, max=MOST_SIDE) for axis, name in SIDES}, None),
    )
    return write_compared(
        path, program, card, "coder", lambda file: _difference(file, encoder, style_predictor)
    )


@torch.no_grad()
def _difference(graph: Path, encoder: Encoder, style_predictor: StylePredictor) -> float:
    """Return the largest difference of a code's number from torch's, over the largest number of its part."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(graph), providers=["CPUExecutionProvider"])
    rng = torch.Generator().manual_seed(0)
    worst = 0.0
    for (height, width), amount in CHECKED:
        painting = torch.rand(1, 3, height, width, generator=rng)
        strength = torch.tensor([amount])
        style_params = style_predictor(measure_style(encoder, painting)[0], strength)
        found = session.run(None, {"painting": painting.numpy(), "strength": strength.numpy()})
        for own, wanted in zip(found, (*style_params.matrices, *style_params.shifts), strict=True):
            apart = float((torch.from_numpy(own) - wanted).abs().max() / wanted.abs().max().clamp_min(1e-3))
            worst = max(worst, apart if apart == apart else float("inf"))
    return worst
