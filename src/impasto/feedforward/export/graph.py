"""ONNX graphs of networks, through torch.onnx: any height and width, style parameters inside or as inputs."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from impasto.errors import MissingExtraError, OutputError
from impasto.feedforward.modules.modulation import EPSILON, Modulation
from impasto.feedforward.modules.transform import StyleParams
from impasto.feedforward.weights import Network
from impasto.imaging import atomic_write
from impasto.imaging.frame import MARGIN

OPSET = 20
LARGEST_SIDE = 65536
# Largest accepted difference of an exported graph from PyTorch.
TOLERANCE = 1e-3


class GraphModulation(Modulation):
    """Modulation as ONNX operations: InstanceNormalization, and a 1x1 convolution for the affine map."""

    def normalise(self, x: Tensor, index: int) -> Tensor:
        """Return normalised `x` `(1, C, h, w)`."""
        del index
        scale, shift = torch.ones(x.shape[1]), torch.zeros(x.shape[1])
        return torch.onnx.ops.symbolic(
            "InstanceNormalization",
            (x, scale, shift),
            {"epsilon": EPSILON},
            dtype=x.dtype,
            shape=x.shape,
            version=1,
        )

    def affine(self, x: Tensor, matrix: Tensor, shift: Tensor, index: int) -> Tensor:
        """Return ``matrix x + shift`` for one style."""
        if matrix.ndim == 2:
            return super().affine(x, matrix, shift, index)
        return F.conv2d(x, matrix[0, :, :, None, None], shift[0])


class FrozenGraphModulation(GraphModulation):
    """`GraphModulation` with frozen statistics: a mean and a variance `(C,)` for each modulated layer."""

    def __init__(self, statistics: Sequence[tuple[Tensor, Tensor]]) -> None:
        self.statistics = statistics

    def normalise(self, x: Tensor, index: int) -> Tensor:
        """Return `x` `(1, C, h, w)` normalised by the layer's statistics."""
        return F.batch_norm(x, *self.statistics[index], eps=EPSILON)


class ExportModule(nn.Module):
    """A network for images `(1, 3, H, W)` of any size, with padding, cropping and clamping inside."""

    def __init__(self, network: Network, margin: int = MARGIN) -> None:
        super().__init__()
        self.margin = margin
        self.network = network

    def extra_repr(self) -> str:
        """Return the margin, which shapes the graph."""
        return f"margin={self.margin}"

    def forward(self, image: Tensor, parts: list[Tensor]) -> Tensor:
        """Return the stylised image in [0, 1]; `parts` are matrices, then shifts."""
        height, width = image.shape[2], image.shape[3]
        step = self.network.multiple
        margin = self.margin
        rows = _source_rows(height, (height + 2 * margin + step - 1) // step * step, margin)
        columns = _source_rows(width, (width + 2 * margin + step - 1) // step * step, margin)
        out = self.network(
            image.index_select(2, rows).index_select(3, columns), as_style_params(parts), GraphModulation()
        )
        return out[:, :, margin : margin + height, margin : margin + width].clamp(0, 1)


class CoreModule(nn.Module):
    """A network for padded images, without clamping, as `GraphRunner` runs it.

    With `frozen` statistics, `parts` are matrices, shifts, means and variances.
    """

    def __init__(self, network: Network, frozen: bool) -> None:
        super().__init__()
        self.network = network
        self.frozen = frozen

    def forward(self, image: Tensor, parts: list[Tensor]) -> Tensor:
        """Return the stylised image, not clamped."""
        if not self.frozen:
            return self.network(image, as_style_params(parts), GraphModulation())
        half, quarter = len(parts) // 2, len(parts) // 4
        statistics = list(zip(parts[half : half + quarter], parts[half + quarter :], strict=True))
        return self.network(image, as_style_params(parts[:half]), FrozenGraphModulation(statistics))


def as_style_params(parts: Sequence[Tensor]) -> StyleParams:
    """Return the style parameters whose matrices, then shifts, are `parts`."""
    half = len(parts) // 2
    return StyleParams(tuple(parts[:half]), tuple(parts[half:]))


def part_names(count: int, frozen: bool = False) -> list[str]:
    """Return the names of a graph's inputs for `count` modulated layers."""
    kinds = ("matrix", "shift", "mean", "variance") if frozen else ("matrix", "shift")
    return [f"{kind}_{index}" for kind in kinds for index in range(count)]


class GraphSource(NamedTuple):
    """What a graph is made of: a module, example inputs, names of inputs and outputs, and which sizes are free."""

    module: nn.Module
    example: tuple[Any, ...]
    inputs: list[str]
    outputs: list[str]
    free: Any


def network_source(
    module: nn.Module, parts: Sequence[Tensor], names: Sequence[str], multiple: int = 1
) -> GraphSource:
    """Return the source of the graph of `module`: batch 1, height and width free.

    `parts` are example inputs after the image, and `names` their names. With `multiple` above 1 the graph takes
    heights and widths that are multiples of it.
    """
    sides = {2: _free("height", multiple), 3: _free("width", multiple)}
    example = torch.rand(1, 3, 9 * multiple if multiple > 1 else 72, 13 * multiple if multiple > 1 else 104)
    return GraphSource(
        module, (example, list(parts)), ["image", *names], ["painted"], (sides, [None] * len(parts))
    )


def core_source(network: Network, parts: Sequence[Tensor], *, frozen: bool) -> GraphSource:
    """Return the source of the graph of `network` for padded images; see `CoreModule`."""
    names = part_names(len(network.modulated_layers), frozen)
    return network_source(CoreModule(network, frozen).eval(), parts, names, network.multiple)


def export_graph(source: GraphSource) -> Any:
    """Return torch's ONNXProgram of a source, in float32.

    Raises MissingExtraError without onnx and onnxscript.
    """
    need_onnx()
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)  # it warns about packages that are not needed here
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # the exporter's own deprecation warnings
            return torch.onnx.export(
                source.module,
                source.example,
                dynamo=True,
                opset_version=OPSET,
                verbose=False,
                input_names=source.inputs,
                output_names=source.outputs,
                dynamic_shapes=source.free,
            )
    finally:
        logger.setLevel(level)


def bake(graph: bytes, values: Mapping[str, Tensor]) -> bytes:
    """Return an ONNX graph in which the inputs named in `values` are constants."""
    import onnx

    model = onnx.load_from_string(graph)
    inputs = [entry for entry in model.graph.input if entry.name not in values]
    del model.graph.input[:]
    model.graph.input.extend(inputs)
    for name, value in values.items():
        model.graph.initializer.append(onnx.numpy_helper.from_array(value.cpu().float().numpy(), name))
    return bytes(model.SerializeToString())


def write_compared(
    path: Path, graph: bytes, card: Mapping[str, Any], what: str, compare: Callable[[Path], float]
) -> float:
    """Write an ONNX graph with `card` in its metadata; return the file's difference from PyTorch.

    `compare` computes the difference. Raises OutputError, and leaves no file, if it is above `TOLERANCE` or NaN.
    """
    import onnx

    model = onnx.load_from_string(graph)
    for key, value in card.items():
        # Strings as they are, anything else as JSON.
        model.metadata_props.add(key=key, value=value if isinstance(value, str) else json.dumps(value))
    with atomic_write(path) as temporary:
        temporary.write_bytes(model.SerializeToString())
        difference = compare(temporary)
        if not difference <= TOLERANCE:
            raise OutputError(
                f"The exported {what} differs from the one in torch by {difference:.2g}, more than"
                f" {TOLERANCE:g}, so it was not kept; update torch, onnxscript and onnxruntime."
            )
    return difference


def need_onnx() -> None:
    """Raise MissingExtraError unless onnx and onnxscript are installed."""
    if find_spec("onnx") is None or find_spec("onnxscript") is None:
        raise MissingExtraError("Making an ONNX graph", "export")


def _free(name: str, multiple: int) -> Any:
    if multiple == 1:
        return torch.export.Dim(name, min=1, max=LARGEST_SIDE)
    return multiple * torch.export.Dim(f"{name}_steps", min=2, max=LARGEST_SIDE // multiple)


def _source_rows(side: int, padded: int, margin: int) -> Tensor:
    """Return the image row of each padded row, as `Frame` pads; `torch.clamp` does not take a symbolic side."""
    if margin != MARGIN:
        place = torch.remainder(torch.arange(padded) - margin, torch.tensor(2 * side))
        return torch.minimum(place, torch.tensor(2 * side - 1) - place)
    return (torch.arange(padded) - MARGIN).clamp(min=0).minimum(torch.tensor(side - 1))
