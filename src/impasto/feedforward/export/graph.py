"""A network as an ONNX graph, through torch.onnx: any height and width, code inside or as inputs."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from impasto.errors import MissingExtraError, OutputError
from impasto.feedforward.modules.norms import EPSILON, Norms
from impasto.feedforward.modules.transform import StyleParams
from impasto.feedforward.weights import Network
from impasto.imaging import atomic_write
from impasto.imaging.frame import MARGIN

OPSET = 20
MOST_SIDE = 65536
# From torch, of what is written.
MOST_DIFFERENCE = 1e-3


class GraphNorms(Norms):
    """Norms in the operations that ONNX has for them: InstanceNormalization, and a 1x1 convolution as mixing."""

    def normalise(self, x: Tensor, index: int) -> Tensor:
        """Return normalised `x` `(1, C, h, w)`."""
        del index
        one, zero = torch.ones(x.shape[1]), torch.zeros(x.shape[1])
        return torch.onnx.ops.symbolic(
            "InstanceNormalization", (x, one, zero), {"epsilon": EPSILON},
            dtype=x.dtype, shape=x.shape, version=1,
        )  # fmt: skip

    def affine(self, x: Tensor, matrix: Tensor, shift: Tensor, index: int) -> Tensor:
        """Return ``matrix x + shift`` by the code of one style."""
        if matrix.ndim == 2:
            return super().affine(x, matrix, shift, index)
        return F.conv2d(x, matrix[0, :, :, None, None], shift[0])


class KeptGraphNorms(GraphNorms):
    """The same with statistics that are given: for each site mean and variance `(C,)`."""

    def __init__(self, statistics: Sequence[tuple[Tensor, Tensor]]) -> None:
        self.statistics = statistics

    def normalise(self, x: Tensor, index: int) -> Tensor:
        """Return `x` `(1, C, h, w)` normalised by the statistics of the site."""
        return F.batch_norm(x, *self.statistics[index], eps=EPSILON)


class ExportModule(nn.Module):
    """Picture `(1, 3, H, W)` of any size and code in, picture out, with margin and clamping inside."""

    def __init__(self, network: Network, style_params: StyleParams | None = None) -> None:
        super().__init__()
        self.network = network
        self.style_params = style_params

    def forward(self, image: Tensor, parts: list[Tensor]) -> Tensor:
        """Return the painted picture in [0, 1]; `parts` are the code's matrices, then its shifts, if not inside."""
        style_params = self.style_params or as_style_params(parts)
        height, width = image.shape[2], image.shape[3]
        step = self.network.multiple
        rows = _repeated(height, (height + 2 * MARGIN + step - 1) // step * step)
        columns = _repeated(width, (width + 2 * MARGIN + step - 1) // step * step)
        out = self.network(image.index_select(2, rows).index_select(3, columns), style_params, GraphNorms())
        return out[:, :, MARGIN : MARGIN + height, MARGIN : MARGIN + width].clamp(0, 1)


class CoreModule(nn.Module):
    """A padded picture and a code in, the network's own output out.

    With `kept` the code is followed by a mean and a variance for each site, as `parts`.
    """

    def __init__(self, network: Network, kept: bool) -> None:
        super().__init__()
        self.network = network
        self.kept = kept

    def forward(self, image: Tensor, parts: list[Tensor]) -> Tensor:
        """Return the painted picture, not clamped."""
        if not self.kept:
            return self.network(image, as_style_params(parts), GraphNorms())
        half, quarter = len(parts) // 2, len(parts) // 4
        statistics = list(zip(parts[half : half + quarter], parts[half + quarter :], strict=True))
        return self.network(image, as_style_params(parts[:half]), KeptGraphNorms(statistics))


def as_style_params(parts: Sequence[Tensor]) -> StyleParams:
    """Return the code whose matrices and then shifts are `parts`."""
    half = len(parts) // 2
    return StyleParams(tuple(parts[:half]), tuple(parts[half:]))


def part_names(count: int, kept: bool = False) -> list[str]:
    """Return what the inputs of a code are called in a graph."""
    kinds = ("matrix", "shift", "mean", "variance") if kept else ("matrix", "shift")
    return [f"{kind}_{index}" for kind in kinds for index in range(count)]


def make_graph(module: nn.Module, parts: Sequence[Tensor], names: Sequence[str], multiple: int = 1) -> Any:
    """Return the graph of `module` as torch's ONNXProgram, float32, batch 1, height and width free.

    `parts` are what the module takes after the picture, `names` what they are called. With `multiple` above 1
    height and width are multiples of it. Raises MissingExtraError without onnx and onnxscript.
    """
    sides = {2: _free("height", multiple), 3: _free("width", multiple)}
    example = torch.rand(1, 3, 9 * multiple if multiple > 1 else 72, 13 * multiple if multiple > 1 else 104)
    return export_module(
        module, (example, list(parts)), ["image", *names], ["painted"], (sides, [None] * len(parts))
    )


def export_module(
    module: nn.Module, example: tuple[Any, ...], inputs: list[str], outputs: list[str], free: Any
) -> Any:
    """Return torch's ONNXProgram of `module`, called as in `example`; `free` are the sizes that may change.

    Raises MissingExtraError without onnx and onnxscript.
    """
    need_onnx()
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)  # it complains about packages that nothing here needs
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # of the exporter about itself
            return torch.onnx.export(
                module, example, dynamo=True, opset_version=OPSET, verbose=False,
                input_names=inputs, output_names=outputs, dynamic_shapes=free,
            )  # fmt: skip
    finally:
        logger.setLevel(level)


def write_compared(
    path: Path, program: Any, card: Mapping[str, Any], what: str, compare: Callable[[Path], float]
) -> float:
    """Write an ONNXProgram with `card` in its metadata; return what `compare` finds in the file, its difference.

    Raises OutputError, and leaves no file, if that is above `MOST_DIFFERENCE` or not a number.
    """
    # Words as they are, anything else as JSON.
    told = {key: value if isinstance(value, str) else json.dumps(value) for key, value in card.items()}
    program.model.metadata_props.update(told)
    with atomic_write(path) as temporary:
        program.save(temporary)
        difference = compare(temporary)
        if not difference <= MOST_DIFFERENCE:
            raise OutputError(
                f"The exported {what} differs from the one in torch by {difference:.2g}, more than"
                f" {MOST_DIFFERENCE:g}, so it was not kept; update torch, onnxscript and onnxruntime."
            )
    return difference


def need_onnx() -> None:
    """Raise MissingExtraError unless graphs can be made."""
    if find_spec("onnx") is None or find_spec("onnxscript") is None:
        raise MissingExtraError("Making an ONNX graph", "export")


def _free(name: str, multiple: int) -> Any:
    if multiple == 1:
        return torch.export.Dim(name, min=1, max=MOST_SIDE)
    return multiple * torch.export.Dim(f"{name}_steps", min=2, max=MOST_SIDE // multiple)


def _repeated(side: int, padded: int) -> Tensor:
    """Which rows of the picture those of the padded one repeat; `torch.clamp` takes no side that is not known."""
    return (torch.arange(padded) - MARGIN).clamp(min=0).minimum(torch.tensor(side - 1))
