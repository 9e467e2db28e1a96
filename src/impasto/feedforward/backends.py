"""Other programs that run the network's graph faster than torch does: onnxruntime and OpenVINO."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import platformdirs
import torch
from torch import Tensor, nn

from impasto.encoders import best_precision
from impasto.errors import MissingExtraError, RecipeError, unknown
from impasto.feedforward.export.graph import CoreModule, make_graph, need_onnx, part_names
from impasto.feedforward.modules.region_norms import Statistics
from impasto.feedforward.modules.transform import StyleParams
from impasto.feedforward.weights import Network
from impasto.imaging import write_bytes_atomic

BACKENDS = ("openvino", "onnxruntime", "torch")
"""Fastest first where a processor has no bfloat16; with it torch is ahead of onnxruntime, which knows only float32."""
LAYOUT = 5  # of cached graphs; raised when what is in them changes

Session = Callable[[Mapping[str, Tensor]], Tensor]
"""A graph ready to run: inputs by name in, picture out."""
Shapes = tuple[object, ...]
CONSTANT = ("onnxruntime",)
"""Programs that are faster with a code of constants: a picture of 512 pixels in 106 ms, else 126. OpenVINO is not."""


class Engine:
    """Runs a network's graph with a code (and kept statistics).

    The graph is made once, which takes seconds, and kept in the user's cache folder. A program that is as fast with
    the code as an input is given it with every picture. For another it is put in as constants, which takes a fraction
    of a second, and the last code is remembered.
    """

    def __init__(self, name: str, network: Network, precision: str) -> None:
        self.name = name
        self.network = network
        self.precision = precision
        self._last: tuple[Shapes, list[Tensor], Session] | None = None

    def __call__(self, padded: Tensor, style_params: StyleParams, statistics: Statistics | None) -> Tensor:
        """Return the network's output for a padded picture `(1, 3, H, W)`, with kept statistics if given."""
        parts = [*style_params.matrices, *style_params.shifts]
        if statistics is not None:
            found = [statistics[index] for index in range(len(style_params.matrices))]
            parts += [mean for mean, _ in found] + [variance for _, variance in found]
        named = dict(zip(part_names(len(style_params.matrices), statistics is not None), parts, strict=True))
        shapes = (statistics is not None, *(tuple(part.shape) for part in parts))
        constant = self.name in CONSTANT
        last = self._last
        if last is None or last[0] != shapes or (constant and not _same(last[1], parts)):
            graph = cached_graph(self.network, parts, statistics is not None)
            session = SESSIONS[self.name](bake(graph, named) if constant else graph, self.precision)
            self._last = last = (shapes, parts, session)
        return last[2]({"image": padded} if constant else {"image": padded, **named})


def choose_backend(name: str, device: torch.device) -> str:
    """Return the backend that `name` means on a device; "auto" is the fastest there that is installed.

    Raises RecipeError for an unknown one or one that does not run on the device, MissingExtraError for one that is
    not installed.
    """
    if name not in ("auto", *BACKENDS):
        raise RecipeError(unknown("backend", name, ("auto", *BACKENDS)))
    if name == "torch" or (name == "auto" and device.type != "cpu"):
        return "torch"
    if name == "auto":
        worth = BACKENDS[:1] if best_precision(device) == "bfloat16" else BACKENDS[:-1]
        usable = [one for one in worth if find_spec(one) and find_spec("onnxscript")]
        return usable[0] if usable else "torch"
    if device.type != "cpu":
        raise RecipeError(f"The backend '{name}' runs on the processor, not on '{device}'; use torch there.")
    if find_spec(name) is None:
        raise MissingExtraError(f"The backend {name}", "export" if name == "onnxruntime" else name)
    need_onnx()
    return name


def open_engine(name: str, network: Network, device: torch.device) -> Engine | None:
    """Return the engine of a backend as `choose_backend` finds it, None for torch itself."""
    chosen = choose_backend(name, device)
    return None if chosen == "torch" else Engine(chosen, network, best_precision(device))


def cached_graph(network: Network, parts: Sequence[Tensor], kept: bool) -> bytes:
    """Return the graph of `network` whose code is an input, made now or when it was first needed."""
    shapes = [tuple(part.shape) for part in parts]
    digest = hashlib.sha256(repr((LAYOUT, version("torch"), type(network).__name__, kept, shapes)).encode())
    if isinstance(network, nn.Module):
        for key, value in network.state_dict().items():
            digest.update(key.encode() + value.detach().cpu().contiguous().numpy().tobytes())
    path = platformdirs.user_cache_path("impasto") / "graphs" / f"{digest.hexdigest()[:32]}.onnx"
    if path.is_file():
        return path.read_bytes()
    names = part_names(len(network.modulated_layers), kept)
    program = make_graph(CoreModule(network, kept).eval(), [x.cpu() for x in parts], names, network.multiple)
    data: bytes = program.model_proto.SerializeToString()
    with contextlib.suppress(OSError):  # a home that is closed for writing: it is made again next time
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes_atomic(path, data)
    return data


def bake(graph: bytes, values: dict[str, Tensor]) -> bytes:
    """Return an ONNX graph whose inputs called as in `values` are constants."""
    import onnx

    model = onnx.load_from_string(graph)
    kept = [one for one in model.graph.input if one.name not in values]
    del model.graph.input[:]
    model.graph.input.extend(kept)
    for name, value in values.items():
        model.graph.initializer.append(onnx.numpy_helper.from_array(value.cpu().float().numpy(), name))
    return bytes(model.SerializeToString())


def open_onnxruntime(graph: bytes | Path, precision: str = "float32") -> Session:
    """Return a graph ready to run in onnxruntime, in float32 whatever the precision."""
    del precision
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3
    source = graph if isinstance(graph, bytes) else str(graph)
    session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])

    def run(inputs: Mapping[str, Tensor]) -> Tensor:
        arrays = {name: value.contiguous().numpy() for name, value in inputs.items()}
        return torch.from_numpy(session.run(None, arrays)[0])

    return run


def open_openvino(graph: bytes, precision: str = "float32") -> Session:
    """Return a graph ready to run in OpenVINO, in bfloat16 where the precision is that."""
    hints: dict[str, Any] = {
        "INFERENCE_PRECISION_HINT": "bf16" if precision == "bfloat16" else "f32",
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        "PERFORMANCE_HINT": "LATENCY",
    }
    core = _core()
    compiled = core.compile_model(core.read_model(graph), "CPU", hints)

    def run(inputs: Mapping[str, Tensor]) -> Tensor:
        arrays = {name: value.contiguous().numpy() for name, value in inputs.items()}
        return torch.from_numpy(compiled(arrays)[0].copy())

    return run


@cache
def _core() -> Any:
    """Return OpenVINO, one for the whole process.

    Each gives the thread a stack for its signals and takes it back when it goes, so two that do not go in the order
    they came leave one that is not there, and the next Ctrl-C ends in a segmentation fault.
    """
    import openvino

    return openvino.Core()


SESSIONS: dict[str, Callable[[bytes, str], Session]] = {
    "onnxruntime": open_onnxruntime, "openvino": open_openvino
}  # fmt: skip


def _same(first: Sequence[Tensor], second: Sequence[Tensor]) -> bool:
    return len(first) == len(second) and all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
