"""Pictures of the fake server: uploads, samples, and a "style transfer" that only mixes colours."""

from __future__ import annotations

import hashlib
import io
from typing import Any

import numpy as np
from PIL import Image, ImageFilter, ImageOps

MEDIA = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}


def encode(image: Image.Image, kind: str, **options: Any) -> bytes:
    """The picture as a file's bytes."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


class FakePictures:
    """Pictures by id."""

    def __init__(self) -> None:
        self._images: dict[str, Image.Image] = {}
        self.raw: dict[str, bytes] = {}
        self.names: dict[str, str] = {"two-poplars": "Two Poplars", "baby-cradle": "Baby Cradle"}

    def add(self, data: bytes, name: str) -> dict[str, Any]:
        """Store a picture; raises OSError if it cannot be read."""
        image = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
        key = hashlib.sha256(data).hexdigest()[:16]
        self._images[key] = image
        self.raw[key] = data
        self.names[key] = name.rpartition(".")[0] or name
        return {"id": key, "width": image.width, "height": image.height, "name": name, "alpha": False}

    def rename(self, old: str, new: str, name: str) -> None:
        """Give a picture another id."""
        self._images[new] = self._images.pop(old)
        self.names[new] = name.rpartition(".")[0] or name

    def put(self, key: str, image: Image.Image) -> None:
        """Store a picture that was not uploaded."""
        self._images[key] = image

    def __getitem__(self, key: str) -> Image.Image:
        return self._images[key]

    def sized(self, key: str, longest: str | int | None) -> Image.Image:
        """Return a picture, scaled down to a longest side if one is given."""
        image = self[key].copy()
        if longest:
            image.thumbnail((int(longest), int(longest)))
        return image


def make_picture(seed: int, width: int, height: int, cells: int) -> Image.Image:
    """Make a picture of soft clouds; each seed has other colours."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (cells, cells + 2, 3), dtype=np.uint8)
    image = Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)
    return image.filter(ImageFilter.GaussianBlur(2))


def samples(store: FakePictures) -> list[dict[str, Any]]:
    """Two photographs and four styles."""
    entries = []
    for number, (kind, name) in enumerate(
        [
            ("content", "Harbour"),
            ("content", "Hill"),
            ("style", "Dawn"),
            ("style", "Moss"),
            ("style", "Ember"),
            ("style", "Ink"),
        ]
    ):
        size = (480, 320) if kind == "content" else (256, 256)
        picture = store.add(encode(make_picture(number, *size, 5), "png"), name)
        entries.append({"id": picture["id"], "name": name, "credit": "made by program", "kind": kind})
    return entries


def _mask(store: FakePictures, key: str, size: tuple[int, int]) -> Image.Image:
    return store[key].convert("L").resize(size)


def fast(store: FakePictures, body: dict[str, Any]) -> Image.Image:
    """Blend the photo with the styles' colours by strength, where the masks are white."""
    photo = store.sized(body["content"], body.get("size"))
    styles = [store[key].resize(photo.size) for key in body.get("styles", [])]
    if body.get("trained"):
        styles = [make_picture(len(body["trained"]), *photo.size, 5)]
    weights = body.get("mix") or [1 / len(styles)] * len(styles)
    painted = np.zeros((photo.height, photo.width, 3))
    cover = np.zeros((photo.height, photo.width, 1))
    for index, (style, weight) in enumerate(zip(styles, weights, strict=True)):
        share = np.full(cover.shape, float(weight))
        if body.get("masks"):
            share = np.asarray(_mask(store, body["masks"][index], photo.size))[..., None] / 255
        painted += share * np.asarray(style)
        cover += share
    amount = min(0.95, 0.25 + 0.4 * body["strength"]) * np.minimum(cover, 1)
    if body.get("protect"):
        amount *= 1 - np.asarray(_mask(store, body["protect"], photo.size))[..., None] / 255
    mixed = np.asarray(photo) * (1 - amount) + painted / np.maximum(cover, 1e-6) * amount
    grey = mixed.mean(axis=2, keepdims=True) * body["colors"] * 0.5 + mixed * (1 - body["colors"] * 0.5)
    return Image.fromarray(grey.clip(0, 255).astype(np.uint8))
