"""Open a network with what starts fastest. Importing this module does not import torch."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from impasto.feedforward.callbacks import ignore_build
from impasto.feedforward.graph_files import can_keep_graphs, stylizer_graphs
from impasto.feedforward.graph_stylizer import GraphStylizer, build_missing
from impasto.feedforward.network_card import find_model, open_card
from impasto.feedforward.pretrained import DEFAULT_NETWORK
from impasto.feedforward.runtimes import RUNTIMES

if TYPE_CHECKING:
    from impasto.feedforward.stylizer import Stylizer

# Devices of GPUs on Linux: NVIDIA's, its embedded ones, AMD's, and both under Windows.
GPU_DEVICES = ("/dev/nvidiactl", "/dev/nvmap", "/dev/kfd", "/dev/dxg")


def open_stylizer(
    network: str | Path = DEFAULT_NETWORK,
    *,
    backend: str = "auto",
    device: str = "auto",
    tile: int | None = None,
    on_build: Callable[[int, int], None] = ignore_build,
) -> GraphStylizer | Stylizer:
    """Open a network: a `GraphStylizer` on the processor if a runtime is installed, else a `Stylizer`.

    With `backend` "auto", a `Stylizer` also serves where graphs are missing: building them takes longer than a picture.
    `keep_graphs` builds them for the next time. `on_build` is called before each graph that is built, with its number
    and their number. Raises what `Stylizer` raises.
    """
    runtime = graph_runtime(backend, device) if tile is None else None
    if runtime is not None:
        model = open_card(find_model(str(network)))
        graphs = stylizer_graphs(model)
        if not graphs.missing or (backend != "auto" and can_keep_graphs()):
            return GraphStylizer(model, graphs, runtime, on_build=on_build)
        backend = "torch" if backend == "auto" else backend
    from impasto.feedforward.stylizer import Stylizer

    return Stylizer(network, backend=backend, device=device, tile=tile, on_build=on_build)


def keep_graphs(
    network: str | Path = DEFAULT_NETWORK,
    *,
    backend: str = "auto",
    device: str = "auto",
    tile: int | None = None,
    on_build: Callable[[int, int], None] = ignore_build,
) -> None:
    """Build the graphs that `open_stylizer` would have used with these arguments, if they are missing.

    `on_build` is called as by `open_stylizer`. Without effect where no runtime is installed, the cache cannot be
    written, or another backend or tile size was asked for.
    """
    if backend != "auto" or tile is not None or graph_runtime(backend, device) is None:
        return
    if can_keep_graphs():
        model = open_card(find_model(str(network)))
        build_missing(model, stylizer_graphs(model), on_build)


def graph_runtime(backend: str, device: str) -> str | None:
    """Return the runtime that paints without torch; None if none is installed, or torch may have a GPU."""
    installed = [name for name in RUNTIMES if find_spec(name)]
    if device not in ("auto", "cpu") or (device == "auto" and may_have_gpu()):
        return None
    if not installed or not (find_spec("onnx") and find_spec("onnxscript")):
        return None
    if backend == "auto":
        return installed[0]
    return backend if backend in installed else None


def may_have_gpu() -> bool:
    """Return whether torch may find a GPU: always on macOS, elsewhere where a driver is installed."""
    if sys.platform == "darwin":
        return True
    if sys.platform == "win32":
        return (Path(os.environ.get("SYSTEMROOT", r"C:\Windows")) / "System32" / "nvcuda.dll").exists()
    return any(Path(device).exists() for device in GPU_DEVICES)
