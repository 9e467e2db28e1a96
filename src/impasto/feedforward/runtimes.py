"""Libraries that run ONNX graphs: OpenVINO and onnxruntime. Importing this module does not import torch."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy

from impasto.imaging.planes import Array

RUNTIMES = ("openvino", "onnxruntime")
"""Fastest first."""

RunGraph = Callable[[Mapping[str, Array]], dict[str, Array]]
"""A graph ready to run: inputs by name in, outputs by name out."""


def open_graph(
    runtime: str,
    graph: bytes | Path,
    *,
    bfloat16: bool = False,
    threads: int | None = None,
    at_once: int = 1,
) -> RunGraph:
    """Return a function that runs an ONNX graph, given as its bytes or its file.

    With `bfloat16` OpenVINO computes in it where the processor can; everything else is in float32. `threads` is by
    default the runtime's choice. With OpenVINO they are shared by `at_once` calls from as many threads of the caller.
    OpenVINO keeps what it makes of a file in the folder of the file.
    """
    if runtime == "openvino":
        return _open_openvino(graph, bfloat16, threads, at_once)
    return _open_onnxruntime(graph, threads)


def _open_onnxruntime(graph: bytes | Path, threads: int | None) -> RunGraph:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or 0
    options.log_severity_level = 3
    source = graph if isinstance(graph, bytes) else str(graph)
    session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return lambda inputs: dict(zip(names, session.run(names, dict(inputs)), strict=True))


def _open_openvino(graph: bytes | Path, bfloat16: bool, threads: int | None, at_once: int) -> RunGraph:
    core = _core()
    hints: dict[str, Any] = {
        "INFERENCE_PRECISION_HINT": "bf16" if bfloat16 and "BF16" in _capabilities() else "f32",
        "PERFORMANCE_HINT": "LATENCY",
    }
    if threads is not None:
        hints["INFERENCE_NUM_THREADS"] = threads
    if at_once > 1:
        hints["NUM_STREAMS"] = at_once
    if isinstance(graph, bytes):
        compiled = core.compile_model(core.read_model(graph), "CPU", hints)
    else:
        if os.access(graph.parent, os.W_OK):
            hints["CACHE_DIR"] = str(graph.parent)
        compiled = core.compile_model(graph, "CPU", hints)

    requests = threading.local()

    def run(inputs: Mapping[str, Array]) -> dict[str, Array]:
        if not hasattr(requests, "own"):
            requests.own = compiled.create_infer_request()
        outputs = requests.own.infer(dict(inputs))
        return {port.get_any_name(): outputs[port].copy() for port in compiled.outputs}

    return run


@cache
def _core() -> Any:
    """Return the OpenVINO core, one for the whole process.

    Each core installs a signal stack for the thread and removes it when it is destroyed. Two cores that are not
    destroyed in reverse order leave a dangling stack, and the next Ctrl-C ends in a segmentation fault.
    """
    # This part of it converts models, and reports every import to its maker over the network. Without it openvino
    # is imported in half the time.
    blocked = "openvino.tools.ovc"
    modules: dict[str, Any] = sys.modules
    modules.setdefault(blocked, None)
    try:
        import openvino
    finally:
        if modules[blocked] is None:
            del modules[blocked]
    # openvino's binding sets its use of numpy up with the first array that it makes. Two threads that make theirs at
    # the same moment would wait for each other for ever, so this array comes before any thread.
    _ = openvino.Tensor(numpy.zeros(1, numpy.float32)).data
    return openvino.Core()


@cache
def _capabilities() -> list[str]:
    capabilities: list[str] = _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return capabilities
