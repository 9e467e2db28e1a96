"""Held-out R2, cost and file size of the compact encoder.

    python benchmarks/compact_r2.py [--weights FILE]

R2 = 1 - |prediction - teacher's components|^2 / |components - their mean|^2, on centre crops of 192 pixels of 100
photographs and 96 artworks that no training used (every 16th of the manifests). Cost is the number of multiply-adds
relative to VGG-19.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from common import VGG19, print_r2, require_shared
from impasto.encoder_training.distill.teacher import Teacher
from impasto.encoders import open_encoder, prepare, shipped_weights
from impasto.encoders.compact import COMPONENTS, teacher_projections

ASKED = {"relu1_1": 0.985, "relu2_1": 0.94, "relu3_1": 0.89, "relu4_1": 0.85, "relu5_1": 0.68}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--weights", type=Path)
    options = parser.parse_args()
    require_shared()
    cpu = torch.device("cpu")
    vgg = prepare(open_encoder("vgg19", weights=VGG19), cpu, "bfloat16")
    compact = prepare(open_encoder("compact", weights=options.weights), cpu, "bfloat16")
    teacher = Teacher(vgg, teacher_projections(options.weights))
    file = options.weights or shipped_weights()
    layers = list(COMPONENTS)
    deepest = [layer for layer in layers if layer in vgg.layers]
    ours, theirs = compact.macs(512, 512, layers), vgg.macs(512, 512, deepest)
    print(f"{file.name}: {file.stat().st_size / 1e6:.2f} MB; multiply-adds 1/{theirs / ours:.2f} of VGG-19's")
    print_r2(lambda images: compact(images, layers), teacher, ASKED)


if __name__ == "__main__":
    main()
