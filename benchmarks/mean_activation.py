"""Mean activation of VGG-19's filters on photographs, beside the values that ship (metrics/vgg19_mean_activation.md).

python benchmarks/mean_activation.py [--count 21] [--size 256]
"""

from __future__ import annotations

import argparse

import torch

from common import SHARED, open_judge, read, require_shared
from impasto.metrics.published import PublishedVgg, mean_activation


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=21)
    parser.add_argument("--size", type=int, default=256)
    options = parser.parse_args()
    require_shared()
    network = open_judge()
    shipped = mean_activation(network)
    if shipped is None:
        raise SystemExit("These are not the Oxford weights of VGG-19.")
    published = PublishedVgg(network)
    files = sorted((SHARED / "photos").glob("*.jpg"))
    files = files[:: -(-len(files) // options.count)]
    means = {layer: torch.zeros_like(value) for layer, value in shipped.items()}
    for file in files:
        with torch.inference_mode():
            for layer, features in published(read(file, options.size), list(shipped)).items():
                means[layer] += features.mean((0, 2, 3)) / len(files)
    for layer, value in shipped.items():
        # Filters that hardly ever respond would dominate the logarithms.
        both = torch.stack([means[layer], value]).clamp_min(0.1)
        correlation = torch.corrcoef(both.log())[0, 1]
        ratio = (means[layer] / value).median()
        print(f"{layer}: correlation of logarithms {correlation:.2f}, median ratio {ratio:.2f}", flush=True)


if __name__ == "__main__":
    main()
