"""Cost of a step with several styles and masks, relative to one style without masks.

    python benchmarks/regions.py [--rounds 60] [--height 384] [--width 512] [--threads 2] [--precision bfloat16]

A step is the default recipe's forward pass, loss and gradient through the compact encoder. Views and the optimiser are
left out, because they cost the same in all cases. Cases take turns. The ratio is the median over rounds of a step's
time divided by that of one style in the same round. The fastest steps are printed too, for machines with other load.
Needs no pictures.
"""

from __future__ import annotations

import argparse
import statistics
import time

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from impasto.encoders import Encoder, open_encoder, prepare, tune_process
from impasto.imaging import read_picture
from impasto.losses import STYLE_LOSSES, ContentTerm, StyleTerm, Term
from impasto.optimize import make_recipe
from impasto.optimize.objective import Objective
from impasto.plates import PLATES, paint


def masks_of(kind: str, height: int, width: int) -> Tensor | None:
    """Return the masks (K,1,h,w) of a case by name."""
    y, x = torch.meshgrid(torch.linspace(0, 1, height), torch.linspace(0, 1, width), indexing="ij")
    wave = 0.5 + 0.1 * torch.sin(9 * y)
    left, top = (x < wave).float(), (y < 0.45 + 0.1 * torch.sin(7 * x)).float()
    if kind == "whole":
        return None
    if kind == "fading":
        found = [1 - x, x]
    elif kind == "feathered":
        soft = ((x - wave) * 8 + 0.5).clamp(0, 1)
        found = [1 - soft, soft]
    elif kind == "two":
        found = [left, 1 - left]
    else:
        found = [left * top, left * (1 - top), (1 - left) * top, (1 - left) * (1 - top)]
    return torch.stack(found).unsqueeze(1)


@torch.no_grad()
def objective(encoder: Encoder, image: Tensor, styles: list[Tensor], masks: Tensor | None) -> Objective:
    """Return the default recipe's objective for ``styles``, each of which has its own of ``masks``."""
    recipe = make_recipe()
    content = encoder(image, list(recipe.content_layers))
    terms: list[Term] = [
        ContentTerm(layer, recipe.content_weight * weight, content[layer], recipe.content_loss)
        for layer, weight in recipe.content_layers.items()
    ]
    loss = STYLE_LOSSES.find(recipe.style_loss).create()
    measured = [encoder(style, list(recipe.style_layers)) for style in styles]
    for layer, weight in recipe.style_layers.items():
        stride = encoder.layers[layer].stride
        terms.append(
            StyleTerm(
                layer,
                loss,
                [loss.measure(features[layer]) for features in measured],
                [weight / len(styles)] * len(styles),
                None if masks is None else F.avg_pool2d(masks, stride),
            )
        )
    return Objective(encoder, terms)


def seconds(target: Objective, image: Tensor) -> float:
    """Return the function that runs one step."""
    image.grad = None
    start = time.perf_counter()
    loss, _ = target(image)
    loss.backward()
    return time.perf_counter() - start


CASES = {
    "one style": (1, "whole"),
    "two styles": (2, "whole"),
    "two styles, two masks": (2, "two"),
    "two styles, feathered masks": (2, "feathered"),
    "two styles, fading masks": (2, "fading"),
    "four styles, four masks": (4, "four"),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--height", type=int, default=384)
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", default="bfloat16")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    tune_process()
    encoder = prepare(open_encoder("compact"), torch.device("cpu"), options.precision)
    plates = [read_picture(paint(name, 384)).pixels for name in list(PLATES)[:5]]
    image = F.interpolate(plates.pop(), (options.height, options.width), mode="bilinear").requires_grad_()
    steps = {
        name: objective(encoder, image, plates[:count], masks_of(kind, options.height, options.width))
        for name, (count, kind) in CASES.items()
    }
    taken: dict[str, list[float]] = {name: [] for name in CASES}
    for number in range(options.rounds + 3):
        for name, target in steps.items():
            spent = seconds(target, image)
            if number >= 3:
                taken[name].append(spent)
    print(f"{'':28} {'median ms':>9} {'ratio':>6} {'fastest ms':>10} {'ratio':>6}")
    base = taken["one style"]
    for name, times in taken.items():
        ratio = statistics.median(t / b for t, b in zip(times, base, strict=True))
        print(
            f"{name:28} {1e3 * statistics.median(times):9.1f} {ratio:6.3f} "
            f"{1e3 * min(times):10.1f} {min(times) / min(base):6.3f}"
        )


if __name__ == "__main__":
    main()
