"""A network as an ONNX file for other programs, compared with torch before it is called done."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from impasto.errors import MissingExtraError, OutputError
from impasto.feedforward.backends import open_onnxruntime
from impasto.feedforward.descriptor import ModelDescriptor
from impasto.feedforward.export.graph import ExportModule, make_graph, need_onnx, part_names, write_compared
from impasto.feedforward.modules.transform import StyleParams
from impasto.feedforward.weights import Network
from impasto.imaging import check_place
from impasto.imaging.tiles import Tiling

SUFFIX = ".onnx"
# Height and width, among them no multiple of four and less than a margin. Not a single pixel: a picture of one colour
# has no spread to normalise by, so each program's own rounding decides which colour it becomes.
CHECKED = ((64, 64), (37, 61), (250, 131), (5, 300), (3, 2))


def check_export(path: Path) -> Path:
    """Return `path` if an ONNX file can be made and put there, before any work is spent.

    Raises OutputError for another suffix or place, MissingExtraError if an optional part is missing.
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
    """Write `network` as ONNX: ``image`` `(1, 3, H, W)` in [0, 1] in, ``painted`` of that size in [0, 1] out.

    Height and width are free, margin and clamping are inside. With `inside` the code is too; else the inputs
    ``matrix_0`` .. ``shift_N`` are the code, and `code` is an example of its shapes. `card` goes into the metadata.
    Returns the largest difference from torch over `CHECKED` sizes; raises OutputError, and leaves no file, if that is
    above `graph.MOST_DIFFERENCE`, and what `check_export` raises.
    """
    check_export(path)
    style_params = StyleParams(
        *(tuple(part.detach().float().cpu() for part in group) for group in style_params)
    )
    given = [] if inside else [*style_params.matrices, *style_params.shifts]
    names = [] if inside else part_names(len(style_params.matrices))
    plain = ModelDescriptor(network, card, precision="float32")
    program = make_graph(ExportModule(network, style_params if inside else None).eval(), given, names)
    parts = dict(zip(names, given, strict=True))
    return write_compared(
        path, program, card, "network", lambda file: _difference(file, plain, style_params, parts)
    )


def _difference(
    graph: Path, plain: ModelDescriptor, style_params: StyleParams, parts: Mapping[str, Tensor]
) -> float:
    """Return the largest difference between graph and network over `CHECKED` sizes; NaN counts as infinite."""
    run = open_onnxruntime(graph)
    rng = torch.Generator().manual_seed(0)
    worst = 0.0
    for height, width in CHECKED:
        image = torch.rand(1, 3, height, width, generator=rng)
        painted = run({"image": image, **parts})
        expected = plain.paint(image, style_params, tiling=Tiling(side=2048))
        same_size = painted.shape == expected.shape
        found = float((painted - expected).abs().max()) if same_size else float("inf")
        worst = max(worst, found if found == found else float("inf"))
    return worst
