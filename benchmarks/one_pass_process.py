"""Time of the whole process of painting one picture in one pass: with graphs in the cache, and through torch.

    python benchmarks/one_pass_process.py [--size 512] [--rounds 7]

The commands take turns; wall and processor times are medians. Building the graphs, which happens once, is measured
first, in a cache folder of its own. Needs no weights: content and style are the first development pair, or `--photo`
and `--painting`.
"""

from __future__ import annotations

import argparse
import os
import statistics as st
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import pair


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    content, style = pair(0)
    parser.add_argument("--photo", type=Path, default=content)
    parser.add_argument("--painting", type=Path, default=style)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    photo, style_words = str(options.photo), ["--style", str(options.painting)]
    fast = ["stylize", "--fast", photo, *style_words]
    apply = ["apply", "any", photo, *style_words, "--backend"]
    trained = ["apply", "two-poplars", photo, "--backend"]
    commands = {
        "stylize --fast": fast,
        **{f"apply any, {name}": [*apply, name] for name in ("openvino", "onnxruntime", "torch")},
        **{f"apply two-poplars, {name}": [*trained, name] for name in ("openvino", "torch")},
    }
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "XDG_CACHE_HOME": folder}
        out = ["--size", str(options.size), "--out", str(Path(folder) / "painted.png")]
        for name, words in commands.items():
            print(f"{name}, first: {seconds([*words, *out], environment)[0]:.2f} s", flush=True)
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for _ in range(options.rounds):
            for name, words in commands.items():
                times[name].append(seconds([*words, *out], environment))
    for name, pairs in times.items():
        wall, processor = (st.median(column) for column in zip(*pairs, strict=True))
        print(f"{name}: {wall:.2f} s, {processor:.2f} s of processor time", flush=True)


def seconds(words: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Return the wall and processor time of a process that runs the command line with these words."""
    before, start = os.times(), time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "impasto", *words],
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wall, after = time.perf_counter() - start, os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, spent


if __name__ == "__main__":
    main()
