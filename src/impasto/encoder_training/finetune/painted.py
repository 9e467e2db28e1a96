"""A procedural data set: twenty classes of textures and shapes, free of rights.

Colour, contrast, scale, angle, place, light, blur, noise and stray marks vary alike in every class, so that none
of them tells it. The same seed gives the same pictures.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from impasto.encoder_training.finetune.patterns import CLASSES, plane
from impasto.errors import OutputError, RecipeError
from impasto.plates.colour import Field
from impasto.plates.noise import clouds

SIZE = 160
MOST_PER_CLASS = 100_000
JPEG_QUALITY = 88
LEAST_CONTRAST = 0.25  # mean difference of the two colours

OnProgress = Callable[[int, int], None]


def paint_picture(name: str, index: int, seed: int = 0, size: int = SIZE) -> Image.Image:
    """Return picture number `index` of class `name`, an RGB image of `size` x `size` pixels."""
    order = list(CLASSES).index(name)
    rng = np.random.default_rng([seed, order, index])
    mask = CLASSES[name](size, rng)
    if rng.random() < 0.5:
        mask = 1 - mask
    mask = _stray(mask, rng)
    ground, ink = _two_colours(rng)
    paper = _tinted(ground, size, rng)
    pixels = paper + mask[..., None] * (_tinted(ink, size, rng) - paper)
    u, _ = plane(size, rng, (1, 1))
    pixels = pixels * (1 + rng.uniform(0, 0.5) * (u - u.mean()))[..., None]
    pixels = pixels + rng.uniform(0, 0.14) * rng.standard_normal((size, size, 1))
    pixels = pixels + rng.uniform(0, 0.05) * rng.standard_normal((size, size, 3))
    image = Image.fromarray((pixels.clip(0, 1) * 255 + 0.5).astype(np.uint8))
    return image.filter(ImageFilter.GaussianBlur(rng.uniform(0, 1.6)))


def paint_folder(folder: Path, per_class: int, seed: int = 0, on_progress: OnProgress | None = None) -> int:
    """Paint `per_class` pictures of every class into the new folder `folder`; return how many.

    The folder appears when it is whole. Raises RecipeError for an impossible count or seed and OutputError if
    `folder` exists already (an empty folder may) or cannot be made.
    """
    if not 1 <= per_class <= MOST_PER_CLASS:
        raise RecipeError(f"Pictures per class are a number from 1 to {MOST_PER_CLASS}, not {per_class}.")
    if seed < 0:
        raise RecipeError(f"The seed is a whole number from 0 on, not {seed}.")
    total, done = per_class * len(CLASSES), 0
    temporary = folder.absolute().with_name(f".impasto-{secrets.token_hex(8)}")
    try:
        if os.path.lexists(folder) and (not folder.is_dir() or any(folder.iterdir())):
            raise OutputError(f"'{folder}' exists already and is kept; give the name of a new folder.")
        temporary.mkdir()
        for name in CLASSES:
            (temporary / name).mkdir()
            for index in range(per_class):
                path = temporary / name / f"{name}-{index:05}.jpg"
                paint_picture(name, index, seed).save(path, quality=JPEG_QUALITY)
                done += 1
                if on_progress is not None:
                    on_progress(done, total)
        temporary.rename(folder)
    except OutputError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise OutputError(f"The folder '{folder}' cannot be painted ({reason}); choose another.") from error
    finally:
        with contextlib.suppress(OSError, ValueError):
            shutil.rmtree(temporary, ignore_errors=True)
    return total


def _two_colours(rng: np.random.Generator) -> tuple[Field, Field]:
    """Return two distinguishable colours `(3,)` in [0, 1]."""
    while True:
        one, other = rng.random(3), rng.random(3)
        if float(np.abs(one - other).mean()) > LEAST_CONTRAST:
            return one, other


def _tinted(colour: Field, size: int, rng: np.random.Generator) -> Field:
    """Return `colour` with slow variations of lightness and hue: `(n, n, 3)`."""
    shades = [clouds(rng, (size, size), rng.uniform(1.5, 4), 2) for _ in range(2)]
    wander = rng.uniform(0.02, 0.12)
    hue = rng.uniform(-1, 1, 3)
    return np.asarray(colour + wander * (shades[0][..., None] + hue * shades[1][..., None]))


def _stray(mask: Field, rng: np.random.Generator) -> Field:
    """Return `mask` with a few marks erased at random."""
    size = mask.shape[0]
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / size
    found = mask.copy()
    for _ in range(int(rng.integers(0, 4))):
        cx, cy, radius = rng.random(), rng.random(), rng.uniform(0.03, 0.12)
        blot = np.clip((radius - np.hypot(x - cx, y - cy)) * 30, 0, 1)
        found += blot * (rng.uniform(0, 1) - found)
    return np.asarray(found, dtype=np.float32)
