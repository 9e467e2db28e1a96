"""Inference backends: onnxruntime and OpenVINO run a network's graph faster than PyTorch on some processors."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor, nn

from impasto.encoders import best_precision
from impasto.errors import MissingExtraError, RecipeError, unknown
from impasto.feedforward.callbacks import ignore_build
from impasto.feedforward.export.graph import bake, core_source, need_onnx, part_names
from impasto.feedforward.export.templates import graph_bytes
from impasto.feedforward.graph_files import graph_file, keep_graph
from impasto.feedforward.modules.region_modulation import Statistics
from impasto.feedforward.modules.transform import StyleParams
from impasto.feedforward.runtimes import RUNTIMES, open_graph
from impasto.feedforward.weights import Network

BACKENDS = (*RUNTIMES, "torch")
"""Fastest first on processors without bfloat16; with bfloat16, torch is faster than onnxruntime (float32 only)."""
RunTensorGraph = Callable[[Mapping[str, Tensor]], Tensor]
"""A graph ready to run: inputs by name in, image out."""
Shapes = tuple[object, ...]
CONSTANT_STYLE = ("onnxruntime",)
"""Backends that are faster with constant style parameters: 106 ms for an image of 512 pixels, against 126.
OpenVINO gains nothing."""


class GraphRunner:
    """Runs a network's graph in another library, for style parameters, and frozen statistics if given.

    The graph is made once and cached in the user's cache folder; `on_build` is called before.
    Backends in `CONSTANT_STYLE` get the style parameters as constants of the graph, which takes a fraction of a second;
    the opened graph of the last style is kept. Other backends get them as inputs.

    OpenVINO runs `at_once` images for as many threads that call. That is faster than one image after the other: threads
    that work on one image wait for one another after every layer.
    """

    at_once: int = 1

    def __init__(
        self, name: str, network: Network, precision: str, on_build: Callable[[int, int], None] = ignore_build
    ) -> None:
        self.name = name
        self.network = network
        self.precision = precision
        self.on_build = on_build
        self._last: tuple[Shapes, list[Tensor], RunTensorGraph] | None = None
        self._lock = threading.Lock()

    def __call__(self, padded: Tensor, style_params: StyleParams, statistics: Statistics | None) -> Tensor:
        """Return the network's output for a padded image `(1, 3, H, W)`, with frozen statistics if given."""
        count = len(style_params.matrices)
        frozen = statistics is not None
        parts = [*style_params.matrices, *style_params.shifts]
        if statistics is not None:
            pairs = [statistics[index] for index in range(count)]
            parts += [mean for mean, _ in pairs] + [variance for _, variance in pairs]
        named = dict(zip(part_names(count, frozen), parts, strict=True))
        shapes = (frozen, *(tuple(part.shape) for part in parts))
        constant = self.name in CONSTANT_STYLE
        with self._lock:
            last = self._last
            if last is None or last[0] != shapes or (constant and not _equal(last[1], parts)):
                graph = cached_graph(self.network, parts, frozen, self.on_build)
                run_graph = open_tensor_graph(
                    self.name, bake(graph, named) if constant else graph, self.precision, self.at_once
                )
                self._last = last = (shapes, parts, run_graph)
        return last[2]({"image": padded} if constant else {"image": padded, **named})


def choose_backend(name: str, device: torch.device) -> str:
    """Return the backend to use on a device; "auto" is the fastest one installed.

    Raises RecipeError for an unknown backend or one that does not run on the device, MissingExtraError for one that
    is not installed.
    """
    if name not in ("auto", *BACKENDS):
        raise RecipeError(unknown("backend", name, ("auto", *BACKENDS)))
    if name == "torch" or (name == "auto" and device.type != "cpu"):
        return "torch"
    if name == "auto":
        faster = BACKENDS[:1] if best_precision(device) == "bfloat16" else BACKENDS[:-1]
        installed = [backend for backend in faster if find_spec(backend) and find_spec("onnxscript")]
        return installed[0] if installed else "torch"
    if device.type != "cpu":
        raise RecipeError(f"The backend '{name}' runs on the processor, not on '{device}'; use torch there.")
    if find_spec(name) is None:
        raise MissingExtraError(f"The backend {name}", "export" if name == "onnxruntime" else name)
    need_onnx()
    return name


def open_graph_runner(
    backend: str, network: Network, device: torch.device, on_build: Callable[[int, int], None] = ignore_build
) -> GraphRunner | None:
    """Return the graph runner of a backend that `choose_backend` returned, None for PyTorch itself."""
    return None if backend == "torch" else GraphRunner(backend, network, best_precision(device), on_build)


def cached_graph(
    network: Network,
    parts: Sequence[Tensor],
    frozen: bool,
    on_build: Callable[[int, int], None] = ignore_build,
) -> bytes:
    """Return the graph of `network` from the cache, or make it.

    Its inputs are the image and `parts`: style parameters, and with `frozen` statistics of every modulated layer.
    """
    shapes = [tuple(part.shape) for part in parts]
    digest = hashlib.sha256()
    if isinstance(network, nn.Module):
        for key, value in network.state_dict().items():
            digest.update(key.encode() + value.detach().cpu().contiguous().numpy().tobytes())
    path = graph_file(repr((type(network).__name__, frozen, shapes)), digest.hexdigest())
    if path.is_file():
        return path.read_bytes()
    on_build(1, 1)
    data = graph_bytes(core_source(network, [x.cpu() for x in parts], frozen=frozen))
    keep_graph(path, data)
    return data


def open_tensor_graph(
    runtime: str, graph: bytes | Path, precision: str = "float32", at_once: int = 1
) -> RunTensorGraph:
    """Return a function that runs a graph with one output on tensors, with as many threads as torch.

    OpenVINO computes in bfloat16 if that is the `precision`. It takes `at_once` calls from different threads.
    """
    run = open_graph(
        runtime,
        graph,
        bfloat16=precision == "bfloat16",
        threads=torch.get_num_threads() * at_once,
        at_once=at_once,
    )

    def run_tensors(inputs: Mapping[str, Tensor]) -> Tensor:
        (output,) = run({name: value.contiguous().numpy() for name, value in inputs.items()}).values()
        return torch.from_numpy(output)

    return run_tensors


def _equal(first: Sequence[Tensor], second: Sequence[Tensor]) -> bool:
    return len(first) == len(second) and all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
