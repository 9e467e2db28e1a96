"""Training pictures: folders with held-out pictures, random crops, colour jitter."""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from impasto.errors import PictureError
from impasto.hashing import bytes_sha256, file_sha256
from impasto.imaging import picture_errors, pictures_in
from impasto.training.pictures import OnProgress, Skipped, read_ahead, read_bounded

HELD_OUT_EVERY = 16


@dataclass(frozen=True)
class PictureFolder:
    """One folder of pictures as uint8 tensors (3,h,w): every 16th, in order of name, is held out.

    `digest` is the SHA-256 of the names and bytes of the files that were read, by which a resumed run knows that
    nothing has changed.
    """

    train: tuple[Tensor, ...]
    held_out: tuple[Tensor, ...]
    folder: Path
    skipped: tuple[Skipped, ...] = ()
    digest: str = ""


def read_folder(
    folder: Path,
    *,
    longest: int = 768,
    train: bool = True,
    least: int = 2 * HELD_OUT_EVERY,
    on_progress: OnProgress | None = None,
) -> PictureFolder:
    """Read every picture of `folder`, its longer side at most `longest`; with ``train`` False only the held-out ones.

    All pictures are kept in memory, about 1.3 MB each. Files that cannot be read are skipped and listed.
    on_progress(done, total) is called after each picture. Raises `PictureError` if fewer than `least` can be read, or
    none to hold out.
    """
    paths = pictures_in([folder])
    if len(paths) < least:
        raise PictureError(
            f"{folder} holds {len(paths)} pictures, too few to train on; give at least {least}."
        )
    chosen = paths if train else paths[::HELD_OUT_EVERY]
    held_out_paths = set(paths[::HELD_OUT_EVERY])
    hashes: dict[Path, str] = {}

    def read(path: Path) -> Tensor:
        pixels = read_bounded(path, longest)
        with picture_errors(path):
            hashes[path] = file_sha256(path)
        return pixels

    training: list[Tensor] = []
    held_out: list[Tensor] = []
    skipped: list[Skipped] = []
    results = read_ahead(chosen, read)
    with closing(results):
        for done, (path, result) in enumerate(zip(chosen, results, strict=True), start=1):
            if isinstance(result, Skipped):
                skipped.append(result)
            else:
                (held_out if path in held_out_paths else training).append(result)
            if on_progress is not None:
                on_progress(done, len(chosen))
    if not held_out or (train and len(training) + len(held_out) < least):
        what = f"{len(training) + len(held_out)} pictures" if held_out else "no held-out picture"
        raise PictureError(
            f"{folder} holds {what} that can be read ({len(skipped)} cannot: {skipped[0].reason}); "
            f"give at least {least} good ones."
        )
    digest = bytes_sha256("\n".join(f"{path.name} {hashes[path]}" for path in sorted(hashes)).encode())
    return PictureFolder(tuple(training), tuple(held_out), folder, tuple(skipped), digest)


def random_crop(image: Tensor, size: int, rng: random.Random) -> Tensor:
    """Return a random square of the uint8 image (3,h,w), resized to (1,3,size,size) in [0,1].

    The square's side is log-uniform in 0.81 to 2 times `size` pixels, at most the image's shorter side; half of the
    squares are mirrored.
    """
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


def centre_square(image: Tensor) -> Tensor:
    """Return the largest centred square (3,s,s) of an image (3,h,w)."""
    height, width = image.shape[1:]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return image[:, top : top + side, left : left + side]


def centre_crops(images: Sequence[Tensor], size: int) -> Tensor:
    """Return one centred crop (n,3,size,size) in [0,1] of every uint8 image (3,h,w), resized bicubically."""
    crops = []
    for image in images:
        crop = centre_square(image)[None].float() / 255
        crops.append(F.interpolate(crop, (size, size), mode="bicubic", antialias=True).clamp(0, 1))
    return torch.cat(crops)
