"""Times of a shipped style through every installed back end, in milliseconds and pictures per second.

    python benchmarks/backends.py [--network two-poplars] [--rounds 20]

Needs no pictures. Back ends take turns; times are medians and include padding and cropping. Exporting and compiling the
graph is not included.
"""

from __future__ import annotations

import argparse
import statistics as st
import time
from importlib.util import find_spec

import torch

from impasto.encoders import tune_process
from impasto.feedforward.backends import BACKENDS, open_graph_runner
from impasto.feedforward.network_card import find_model
from impasto.feedforward.open_network import open_model
from impasto.feedforward.runner import NetworkRunner

SIZES = ((512, 512), (480, 640), (1080, 1920))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--network", default="two-poplars")
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    tune_process()
    model = open_model(find_model(options.network))
    style_params = model.mixed_style_params(model.names[:1], None, 1.0)
    cpu = torch.device("cpu")
    ready = {
        name: NetworkRunner(
            model.network, model.card, graph_runner=open_graph_runner(name, model.network, cpu), device=cpu
        )
        for name in BACKENDS
        if name == "torch" or find_spec(name)
    }
    for height, width in SIZES:
        image = torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(0))
        seconds: dict[str, list[float]] = {name: [] for name in ready}
        first = {name: runner.paint(image, style_params) for name, runner in ready.items()}
        for _ in range(options.rounds):
            for name, runner in ready.items():
                start = time.perf_counter()
                runner.paint(image, style_params)
                seconds[name].append(time.perf_counter() - start)
        for name, found in seconds.items():
            middle = st.median(found)
            apart = float((first[name] - first["torch"]).abs().mean())
            kind = "float32" if name == "onnxruntime" else ready[name].precision
            print(
                f"{width}x{height} {name} {kind}: {1000 * middle:.1f} ms, {1 / middle:.1f} a second, "
                f"mean difference from torch {apart:.4f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
