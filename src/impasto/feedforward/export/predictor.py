"""Export of the style predictor as an ONNX file: style image and strength in, style parameters out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from impasto.encoders import Encoder, open_encoder
from impasto.feedforward.export.graph import LARGEST_SIDE, GraphSource, part_names, write_compared
from impasto.feedforward.export.templates import graph_bytes
from impasto.feedforward.modules.style_predictor import LAYERS, StylePredictor, StyleStatistics
from impasto.feedforward.style_data import measure_style
from impasto.feedforward.style_images import SMALLEST

# Heights, widths and strengths to compare at; the sides are mostly no multiples of eight.
CHECKED_INPUTS = (((64, 80), 1.0), ((131, 57), 0.3), ((33, 260), 0.0))
SIDES = ((2, "height"), (3, "width"))
ITERATIONS = 22
# Added to the diagonal of covariances, so that an image of one colour has a root; a layer's variances sum to 1.
RIDGE = 1e-8


class PredictorModule(nn.Module):
    """Encoder, statistics and style predictor in one module, of ONNX operations only."""

    def __init__(self, encoder: Encoder, style_predictor: StylePredictor) -> None:
        super().__init__()
        self.encoder = encoder
        self.style_predictor = style_predictor

    def forward(self, image: Tensor, strength: Tensor) -> tuple[Tensor, ...]:
        """Return matrices, then shifts, for a style `image` `(1, 3, h, w)` in [0, 1] and a `strength` `(1,)`."""
        means, roots = {}, {}
        for layer, features in self.encoder(image, LAYERS).items():
            rows = features.flatten(2)
            mean = rows.mean(2, keepdim=True)
            centred = rows - mean
            means[layer] = mean[:, :, 0]
            roots[layer] = newton_root(centred @ centred.mT / rows.shape[2])
        style_params = self.style_predictor(StyleStatistics(means, roots), strength)
        return (*style_params.matrices, *style_params.shifts)


def free_sides() -> dict[int, Any]:
    """Return the dynamic shapes of a style image."""
    return {axis: torch.export.Dim(name, min=SMALLEST, max=LARGEST_SIDE) for axis, name in SIDES}


def newton_root(covariance: Tensor) -> Tensor:
    """Return the symmetric square root `(B, K, K)` of covariances by products alone: ONNX has no eigendecomposition.

    Y <- Y (3 - Z Y) / 2, Z <- (3 - Z Y) / 2 Z from Y = C / tr C and Z = 1, in `ITERATIONS` steps; Y sqrt(tr C) is the
    root. Deviation: of C + `RIDGE`. Source: Higham, Functions of Matrices (2008), chapter 6.
    """
    identity = torch.eye(covariance.shape[1], dtype=covariance.dtype)[None]
    ridged = covariance + RIDGE * identity
    trace = (ridged * identity).sum((1, 2), keepdim=True)
    y, z = ridged / trace, identity.expand_as(ridged)
    for _ in range(ITERATIONS):
        half = (3 * identity - z @ y) / 2
        y, z = y @ half, half @ z
    return y * trace.sqrt()


def export_style_predictor(path: Path, style_predictor: StylePredictor, card: Mapping[str, Any]) -> float:
    """Write `style_predictor` with its encoder as ONNX.

    Inputs are ``painting``, a style image, and ``strength``; outputs ``matrix_0`` .. ``shift_N``. Sides are free
    from `SMALLEST` on; `card` goes into the metadata. Returns the largest relative difference from PyTorch over
    `CHECKED_INPUTS`. Raises OutputError, and leaves no file, if it is above `graph.TOLERANCE`, and MissingExtraError
    without onnx.
    """
    encoder = open_encoder("compact")
    graph = graph_bytes(predictor_source(encoder, style_predictor))
    return write_compared(
        path, graph, card, "style predictor", lambda file: _difference(file, encoder, style_predictor)
    )


def predictor_source(encoder: Encoder, style_predictor: StylePredictor) -> GraphSource:
    """Return the source of the graph that `export_style_predictor` writes."""
    return GraphSource(
        PredictorModule(encoder, style_predictor).eval(),
        (torch.rand(1, 3, 74, 109), torch.tensor([0.5])),
        ["painting", "strength"],
        part_names(len(style_predictor.modulated_layers)),
        (free_sides(), None),
    )


@torch.no_grad()
def _difference(graph: Path, encoder: Encoder, style_predictor: StylePredictor) -> float:
    """Return the largest difference of an output from PyTorch's, relative to the largest value of its tensor."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(graph), providers=["CPUExecutionProvider"])
    rng = torch.Generator().manual_seed(0)
    worst = 0.0
    for (height, width), amount in CHECKED_INPUTS:
        image = torch.rand(1, 3, height, width, generator=rng)
        strength = torch.tensor([amount])
        style_params = style_predictor(measure_style(encoder, image)[0], strength)
        outputs = session.run(None, {"painting": image.numpy(), "strength": strength.numpy()})
        for output, expected in zip(outputs, (*style_params.matrices, *style_params.shifts), strict=True):
            error = (torch.from_numpy(output) - expected).abs().max()
            relative = float(error / expected.abs().max().clamp_min(1e-3))
            worst = max(worst, float("inf") if math.isnan(relative) else relative)
    return worst
