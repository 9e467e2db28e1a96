"""Random crops for training and centre crops for validation; a training crop depends on (seed, epoch, step) alone.

So a resumed run sees the same crops as one that nobody stopped. Random resized crops as in Szegedy et al.,
"Going deeper with convolutions", CVPR 2015, section 6.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from functools import lru_cache

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from impasto.encoder_training.finetune.settings import FinetuneSettings
from impasto.imaging import luma
from impasto.training.crops import centre_square

WIDEST = 4 / 3


@lru_cache(maxsize=1)  # every step of an epoch asks for it
def epoch_order(count: int, seed: int, epoch: int) -> tuple[int, ...]:
    """Return the positions 0 .. count - 1 in the order of that epoch."""
    order = list(range(count))
    random.Random(f"order {seed} {epoch}").shuffle(order)
    return tuple(order)


def training_batch(images: Sequence[Tensor], settings: FinetuneSettings, epoch: int, step: int) -> Tensor:
    """Return one crop `(B, 3, size, size)` in [0, 1] of every picture `(3, h, w)` uint8, varied at random.

    A crop shows `smallest_crop` to all of the area at an aspect of 3:4 to 4:3, half are mirrored; brightness,
    contrast and saturation are multiplied by 1 - jitter to 1 + jitter.
    """
    rng = random.Random(f"crops {settings.seed} {epoch} {step}")
    crops = torch.cat([_random_crop(image, settings, rng) for image in images])
    if settings.jitter == 0:
        return crops
    low, high = 1 - settings.jitter, 1 + settings.jitter
    draws = [[rng.uniform(low, high) for _ in range(3)] for _ in images]
    brightness, contrast, saturation = torch.tensor(draws).T[:, :, None, None, None]  # each (B,1,1,1)
    crops = crops * brightness
    crops = torch.lerp(crops.mean((1, 2, 3), keepdim=True), crops, contrast)
    return torch.lerp(luma(crops), crops, saturation).clamp(0, 1)


def _random_crop(image: Tensor, settings: FinetuneSettings, rng: random.Random) -> Tensor:
    height, width = image.shape[1:]
    area = height * width * rng.uniform(settings.smallest_crop, 1)
    aspect = math.exp(rng.uniform(-math.log(WIDEST), math.log(WIDEST)))
    tall = max(1, min(height, round(math.sqrt(area / aspect))))
    wide = max(1, min(width, round(math.sqrt(area * aspect))))
    top, left = rng.randint(0, height - tall), rng.randint(0, width - wide)
    crop = _resized(image[:, top : top + tall, left : left + wide], settings.size)
    return crop.flip(3) if settings.flip and rng.random() < 0.5 else crop


def centre_batch(images: Sequence[Tensor], size: int) -> Tensor:
    """Return the centred square `(B, 3, size, size)` in [0, 1] of every picture `(3, h, w)` uint8."""
    return torch.cat([_resized(centre_square(image), size) for image in images])


def _resized(crop: Tensor, size: int) -> Tensor:
    pixels = crop[None].float() / 255
    if pixels.shape[2:] == (size, size):
        return pixels
    return F.interpolate(pixels, (size, size), mode="bilinear", antialias=True, align_corners=False)
