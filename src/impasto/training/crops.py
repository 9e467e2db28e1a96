"""Training pictures: folders with held-out pictures, random crops, colour jitter."""

from __future__ import annotations

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from PIL import Image
from torch import Tensor

from impasto.errors import PictureError
from impasto.imaging import pictures_in

HELD_OUT_EVERY = 16


@dataclass(frozen=True)
class PictureFolder:
    """One folder of pictures as uint8 tensors (3,h,w): every 16th, in order of name, is held out."""

    train: tuple[Tensor, ...]
    held_out: tuple[Tensor, ...]
    folder: Path


def read_folder(
    folder: Path, *, longest: int = 768, train: bool = True, least: int = 2 * HELD_OUT_EVERY
) -> PictureFolder:
    """Read every picture of `folder`; with ``train`` False only the held-out ones.

    Raises `PictureError` if there are fewer than `least`.
    """

    def read(path: Path) -> Tensor:
        with Image.open(path) as image:
            small = image.convert("RGB")
            small.thumbnail((longest, longest))
            return torch.from_numpy(np.array(small)).permute(2, 0, 1).contiguous()  # (3,h,w)

    paths = pictures_in([folder])
    if len(paths) < least:
        raise PictureError(
            f"{folder} holds {len(paths)} pictures, too few to train on; give at least {least}."
        )
    training = [path for i, path in enumerate(paths) if i % HELD_OUT_EVERY] if train else []
    with ThreadPoolExecutor(2) as pool:
        return PictureFolder(
            tuple(pool.map(read, training)), tuple(pool.map(read, paths[::HELD_OUT_EVERY])), folder
        )


def random_crop(image: Tensor, size: int, rng: random.Random) -> Tensor:
    """Return a random crop (1,3,size,size) in [0,1] of bytes (3,h,w), .8 to 2 times as large, mirrored at random."""
    height, width = image.shape[1:]
    side = min(height, width, int(size * 2 ** rng.uniform(-0.3, 1.0)))
    top, left = rng.randint(0, height - side), rng.randint(0, width - side)
    crop = image[None, :, top : top + side, left : left + side].float() / 255
    if side != size:
        mode = "bicubic" if side < size else "bilinear"
        crop = F.interpolate(crop, (size, size), mode=mode, antialias=side > size).clamp(0, 1)
    return crop.flip(3) if rng.random() < 0.5 else crop


class Crops:
    """Random square crops, alternately of photographs and artworks, with augmentation.

    Crops are taken at scales from .8 to 2 times `size` and mirrored at random. A fifth are blended with a second crop,
    half get a colour shift, a quarter get noise. The two generators are the whole state.
    """

    def __init__(self, photos: PictureFolder, art: PictureFolder, size: int, seed: int) -> None:
        self.pools = (photos.train, art.train)
        self.size = size
        self.choice = random.Random(seed)
        self.noise = torch.Generator().manual_seed(seed)

    def batch(self, count: int) -> Tensor:
        """Return `count` crops (count,3,size,size) in [0,1], alternately of photographs and artworks."""
        return torch.cat([self._one(index % 2) for index in range(count)])

    def pair(self, count: int) -> tuple[Tensor, Tensor]:
        """Return `count` crops of photographs and `count` crops of artworks, without augmentation."""
        photos = torch.cat([self.crop(self.choice.choice(self.pools[0])) for _ in range(count)])
        art = torch.cat([self.crop(self.choice.choice(self.pools[1])) for _ in range(count)])
        return photos, art

    def crop(self, image: Tensor) -> Tensor:
        """Return a random crop (1,3,size,size) of `image` (3,h,w), resampled and mirrored at random."""
        return random_crop(image, self.size, self.choice)

    def _one(self, pool: int) -> Tensor:
        rng = self.choice
        crop = self.crop(rng.choice(self.pools[pool]))
        if pool == 1 and rng.random() < 0.3:
            crop = crop.transpose(2, 3)
        if rng.random() < 0.2:
            other = self.crop(rng.choice(self.pools[rng.randint(0, 1)]))
            crop = torch.lerp(crop, other, rng.uniform(0.15, 0.5))
        if rng.random() < 0.5:
            gain = torch.rand(1, 3, 1, 1, generator=self.noise) * 0.5 + 0.75
            shift = (torch.rand(1, 3, 1, 1, generator=self.noise) - 0.5) * 0.2
            crop = crop * gain + shift
            if rng.random() < 0.3:
                crop = (crop - 0.5) * rng.uniform(0.5, 1.6) + 0.5
        if rng.random() < 0.25:
            crop = crop + torch.randn(crop.shape, generator=self.noise) * rng.uniform(0, 0.12)
        return crop.clamp(0, 1)


def centre_crops(images: Sequence[Tensor], size: int) -> Tensor:
    """Return one centred crop (n,3,size,size) in [0,1] of every image, its shorter side resized to `size`."""
    crops = []
    for image in images:
        side = min(image.shape[1:])
        top, left = (image.shape[1] - side) // 2, (image.shape[2] - side) // 2
        crop = image[None, :, top : top + side, left : left + side].float() / 255
        crops.append(F.interpolate(crop, (size, size), mode="bicubic", antialias=True).clamp(0, 1))
    return torch.cat(crops)
