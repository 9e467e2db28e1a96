"""The classes of ImageNet, and the crop of a picture that networks trained on ImageNet classify."""

from __future__ import annotations

from functools import cache
from importlib import resources

import torch.nn.functional as F  # noqa: N812
from torch import Tensor

SHORTER_SIDE, CROP = 256, 224
MOST_ELONGATED = 4


@cache
def imagenet_classes() -> tuple[str, ...]:
    """Return the names of the 1000 classes, in the order of fc8 (see `pretrained/imagenet-classes.md`)."""
    file = resources.files("impasto.encoders") / "pretrained" / "imagenet-classes.txt"
    return tuple(file.read_text(encoding="utf-8").splitlines())


def imagenet_crop(image: Tensor) -> Tensor:
    """Return the centred 224x224 pixels of `image` `(B, 3, H, W)` in [0, 1], resized to a shorter side of 256.

    The resizing is bilinear and antialiased, and the longer side is rounded down, as in the transforms that torchvision
    publishes with its weights. Deviation: Simonyan & Zisserman (2015, section 3.2) average over the whole picture, or
    over many crops.
    """
    height, width = image.shape[-2:]
    # What is far from the centre is cut off anyway; without this a picture one pixel high would become enormous.
    most = MOST_ELONGATED * min(height, width)
    top, left = (max(0, side - most) // 2 for side in (height, width))
    image = image[..., top : height - top, left : width - left]
    height, width = image.shape[-2:]
    longer = SHORTER_SIDE * max(height, width) // min(height, width)
    size = (longer, SHORTER_SIDE) if height > width else (SHORTER_SIDE, longer)
    if size != (height, width):
        image = F.interpolate(image, size, mode="bilinear", antialias=True, align_corners=False)
    # round() halves to even, as torchvision's CenterCrop does.
    top, left = (round((side - CROP) / 2) for side in size)
    return image[..., top : top + CROP, left : left + CROP].clamp(0, 1)
