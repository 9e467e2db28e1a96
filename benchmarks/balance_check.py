"""Balance of two styles, measured from the files of finished runs of the preset `mixed`.

    python benchmarks/balance_check.py [--size 512] [--steps N] [--out DIR] [--only-measure]

Paints two pairs of styles of different aspects at gamma = .5 and writes the pictures to --out (--only-measure takes
pictures that are there already). Then it reads content image, styles and picture from their files and measures the
relative improvement RI of each style: its loss at the content image, from which the run starts, over its loss at the
picture. Nothing of impasto takes part in that. VGG-19 and the loss are written here, and every style image is resized
once, from its file to the size of the picture, by Pillow's bicubic filter. A sharper filter gives other Gram matrices:
with Lanczos the loss of la_muse at the end is 1.4 times as large.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy
import torch
import torch.nn.functional as F  # noqa: N812
from PIL import Image, ImageOps
from safetensors.torch import load_file
from torch import Tensor

from common import SHARED, VGG19, require_shared

EVAL = SHARED / "eval"
# Content image and two styles; all three have different aspects, and no style is smaller than a picture of 512 pixels.
PAIRS = (("golden_gate", "starry_night", "la_muse"), ("stata", "wave", "candy"))
# Convolutions up to conv5_1, by block, and the weights of the first layer of each block (the article's).
BLOCKS = (2, 2, 4, 4, 1)
LAYER_WEIGHTS = (1.0, 1.0, 0.2, 0.3, 0.01)
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
TOLERANCE = 0.05


class PlainVGG:
    """VGG-19 as Keras has it: zero padding, maximum pooling."""

    def __init__(self, path: Path) -> None:
        state = load_file(path)
        indices = sorted(int(name.split(".")[1]) for name in state if name.endswith("weight"))
        names = [f"features.{index}" for index in indices]
        self.layers = [(state[f"{name}.weight"].float(), state[f"{name}.bias"].float()) for name in names]

    @torch.no_grad()
    def grams(self, image: Tensor) -> list[Tensor]:
        """Return the undivided Gram matrices `F F^T` after the first convolution of every block."""
        x = (image - torch.tensor(MEAN).view(1, 3, 1, 1)) / torch.tensor(STD).view(1, 3, 1, 1)
        layers, grams = iter(self.layers), []
        for block, count in enumerate(BLOCKS):
            x = F.max_pool2d(x, 2) if block else x
            for index in range(count):
                kernel, bias = next(layers)
                x = F.conv2d(x, kernel, bias, padding=1).relu()
                if index == 0:
                    features = x[0].flatten(1).double()
                    grams.append(features @ features.T)
        return grams


def read(path: Path, size: tuple[int, int] | None = None) -> Tensor:
    """Return a picture (1,3,H,W) in [0,1], resized once to ``size`` (width, height) if given."""
    with Image.open(path) as file:
        image = ImageOps.exif_transpose(file).convert("RGB")
    if size is not None and image.size != size:
        image = image.resize(size, Image.Resampling.BICUBIC)
    return torch.from_numpy(numpy.asarray(image).copy()).permute(2, 0, 1)[None].float() / 255


def style_loss(picture: list[Tensor], style: list[Tensor]) -> float:
    """Return sum over the layers of w_l mean (G - A)², with undivided Gram matrices G and A."""
    layers = zip(LAYER_WEIGHTS, picture, style, strict=True)
    return sum(weight * float((gram - target).square().mean()) for weight, gram, target in layers)


def improvements(vgg: PlainVGG, content: Path, styles: list[Path], picture: Path) -> list[float]:
    """Return RI of every style from the files."""
    painted = read(picture)
    size = (painted.shape[3], painted.shape[2])
    start, end = vgg.grams(read(content, size)), vgg.grams(painted)
    targets = [vgg.grams(read(style, size)) for style in styles]
    return [style_loss(start, target) / style_loss(end, target) for target in targets]


def paint(content: Path, styles: list[Path], picture: Path, size: int, steps: int | None) -> str:
    """Paint with the preset `mixed` at gamma .5, and return what the run itself reports."""
    import impasto

    # The file holds Oxford's weights for pixels normalised as torchvision does.
    result = impasto.stylize(
        content, styles, preset="mixed", mix=0.5, size=size, steps=steps, encoder="vgg19", weights=str(VGG19)
    )
    result.save(picture)
    one, two = result.improvements
    return f"; the run's own ratio {one / two:.3f}, sigma {result.sigmas[0]:.3f} {result.sigmas[1]:.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--steps", type=int, help="steps of a run; else the preset's")
    parser.add_argument("--out", type=Path, default=Path("balance-check"))
    parser.add_argument("--only-measure", action="store_true")
    options = parser.parse_args()
    require_shared()
    options.out.mkdir(parents=True, exist_ok=True)
    vgg = PlainVGG(VGG19)
    for photo, *names in PAIRS:
        content, styles = EVAL / f"content_{photo}.jpg", [EVAL / f"style_{name}.jpg" for name in names]
        picture = options.out / f"{photo}-{'-'.join(names)}.png"
        own = "" if options.only_measure else paint(content, styles, picture, options.size, options.steps)
        one, two = improvements(vgg, content, styles, picture)
        within = "within" if abs(one / two - 1) <= TOLERANCE else "NOT within"
        print(
            f"{photo}, {' + '.join(names)}: RI1 {one:.4g}, RI2 {two:.4g}, ratio {one / two:.3f}, {within} "
            f"{TOLERANCE:.0%} of 1{own}",
            flush=True,
        )


if __name__ == "__main__":
    main()
