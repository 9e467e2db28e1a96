"""Held-out R2 of VGG-19's full features, cost, file size and time of a step of a low-rank encoder.

    python benchmarks/low_rank.py [--weights FILE] [--runs 7] [--size 512]

R2 = 1 - |features - teacher's|^2 / |teacher's - their mean|^2 over all channels, on centre crops of 192 pixels of 100
photographs and 96 artworks that no training used (every 16th of the manifests). A step is a forward pass of five style
layers and relu4_2 plus the gradient with respect to the pixels, in bfloat16; runs of the encoders alternate.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import torch

from common import VGG19, print_r2, require_shared
from impasto.encoder_training.distill.teacher import FullTeacher
from impasto.encoders import Encoder, open_encoder, prepare, shipped_weights, tune_process
from impasto.encoders.lowrank import DEEPEST
from impasto.encoders.shipped import COMPACT_LARGE

NAME = COMPACT_LARGE
ASKED = {"relu2_1": 0.95, "relu3_1": 0.93, "relu4_1": 0.92, "relu5_1": 0.80}
STEP_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu4_2", DEEPEST)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--size", type=int, default=512)
    options = parser.parse_args()
    require_shared()
    tune_process()
    cpu = torch.device("cpu")
    vgg = prepare(open_encoder("vgg19", weights=VGG19), cpu, "bfloat16")
    student = prepare(open_encoder(NAME, weights=options.weights), cpu, "bfloat16")
    file = options.weights or shipped_weights(NAME)
    macs = student.macs(512, 512, [DEEPEST]), vgg.macs(512, 512, [DEEPEST])
    print(
        f"{file.name}: {file.stat().st_size / 1e6:.2f} MB; {macs[0] / 512**2:,.0f} multiply-adds a pixel, "
        f"{macs[0] / macs[1]:.3f} of VGG-19's"
    )
    encoders = {"vgg19": vgg, NAME: student, "compact": prepare(open_encoder("compact"), cpu, "bfloat16")}
    times: dict[str, list[float]] = {name: [] for name in encoders}
    for _ in range(options.runs + 1):
        for name, encoder in encoders.items():
            times[name].append(step_seconds(encoder, options.size))
    for name, seconds in times.items():
        median, unit = statistics.median(seconds[1:]), statistics.median(times["vgg19"][1:])
        print(f"{name:14}{median:7.3f} s a step at {options.size} pixels, {median / unit:.2f} of vgg19's")
    layers = [layer for layer in student.layers if layer.startswith("relu")]
    print_r2(lambda images: student(images, layers), FullTeacher(vgg, layers), ASKED)


def step_seconds(encoder: Encoder, size: int) -> float:
    """Measure one forward pass and pixel gradient."""
    image = torch.rand(1, 3, size, size, requires_grad=True)
    start = time.perf_counter()
    features = encoder(image, STEP_LAYERS)
    torch.autograd.grad([f.sum() for f in features.values()], image)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
