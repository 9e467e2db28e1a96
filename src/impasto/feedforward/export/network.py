"""Export of a network as an ONNX file, compared with PyTorch before it is kept."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from impasto.errors import MissingExtraError, OutputError
from impasto.feedforward.backends import open_tensor_graph
from impasto.feedforward.export.graph import (
    ExportModule,
    GraphSource,
    bake,
    need_onnx,
    network_source,
    part_names,
    write_compared,
)
from impasto.feedforward.export.templates import graph_bytes
from impasto.feedforward.margin import card_margin
from impasto.feedforward.modules.transform import StyleParams
from impasto.feedforward.runner import NetworkRunner
from impasto.feedforward.weights import Network
from impasto.imaging import check_place
from impasto.imaging.frame import Tiling

SUFFIX = ".onnx"
# Heights and widths to compare at, some not multiples of four, some below the margin. Not a single pixel: an image of
# one colour has no variance to normalise by, so rounding alone decides the result.
CHECKED_SIZES = ((64, 64), (37, 61), (250, 131), (5, 300), (3, 2))


def check_export(path: Path) -> Path:
    """Return `path` if an ONNX file can be exported there, before any work is spent.

    Raises OutputError for another suffix or a place that cannot be written, MissingExtraError if an extra is missing.
    """
    if path.suffix.lower() != SUFFIX:
        raise OutputError(f"An exported network is written as {SUFFIX}, not '{path.suffix}'; name it so.")
    need_onnx()
    if find_spec("onnxruntime") is None:  # the written file is compared with torch through it
        raise MissingExtraError("Exporting a network", "export")
    return check_place(path)


def export_network(
    path: Path, network: Network, style_params: StyleParams, card: Mapping[str, Any], *, inside: bool = True
) -> float:
    """Write `network` as ONNX: input ``image`` `(1, 3, H, W)` in [0, 1], output ``painted`` of the same size.

    Height and width are free; padding, cropping and clamping are inside. With `inside` the style parameters are
    constants; otherwise they are inputs ``matrix_0`` .. ``shift_N``, and `style_params` is an example of their shapes.
    `card` goes into the metadata. Returns the largest difference from PyTorch over `CHECKED_SIZES`. Raises
    OutputError, and leaves no file, if it is above `graph.TOLERANCE`, and what `check_export` raises.
    """
    check_export(path)
    style_params = StyleParams(
        *(tuple(part.detach().float().cpu() for part in group) for group in style_params)
    )
    names = part_names(len(style_params.matrices))
    parts = dict(zip(names, (*style_params.matrices, *style_params.shifts), strict=True))
    graph = graph_bytes(export_source(network, list(parts.values()), card))
    if inside:
        graph, parts = bake(graph, parts), {}
    runner = NetworkRunner(network, card, precision="float32")
    return write_compared(
        path, graph, card, "network", lambda file: _difference(file, runner, style_params, parts)
    )


def export_source(network: Network, parts: Sequence[Tensor], card: Mapping[str, Any]) -> GraphSource:
    """Return the source of the graph that `export_network` writes; `parts` are examples of style parameters."""
    module = ExportModule(network, card_margin(card)).eval()
    return network_source(module, parts, part_names(len(network.modulated_layers)))


def _difference(
    graph: Path, runner: NetworkRunner, style_params: StyleParams, parts: Mapping[str, Tensor]
) -> float:
    """Return the largest difference between graph and network over `CHECKED_SIZES` sizes; NaN counts as infinite."""
    run = open_tensor_graph("onnxruntime", graph)
    rng = torch.Generator().manual_seed(0)
    worst = 0.0
    for height, width in CHECKED_SIZES:
        image = torch.rand(1, 3, height, width, generator=rng)
        painted = run({"image": image, **parts})
        expected = runner.paint(image, style_params, tiling=Tiling(side=2048))
        same_size = painted.shape == expected.shape
        difference = float((painted - expected).abs().max()) if same_size else float("inf")
        worst = max(worst, float("inf") if math.isnan(difference) else difference)
    return worst
