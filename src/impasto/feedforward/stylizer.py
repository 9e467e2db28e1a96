"""Painting in any style in one pass: pictures in, a finished picture out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from impasto.encoders import open_device, tune_process
from impasto.errors import RecipeError, WeightsError
from impasto.feedforward.backends import open_engine
from impasto.feedforward.catalogue import Model, find_model, open_model
from impasto.feedforward.descriptor import ModelDescriptor, ignore
from impasto.guidance import calibrated_strength
from impasto.imaging import (
    Picture,
    PictureLike,
    complete_masks,
    read_mask,
    read_picture,
    return_colors,
    to_image,
    write_picture,
)
from impasto.imaging.tiles import DEFAULT_TILING, Tiling

if TYPE_CHECKING:
    from PIL import Image

SHIPPED = "any"


@dataclass(frozen=True)
class Painted:
    """A picture painted in one pass: ``pixels`` float32 (1,3,H,W) sRGB in [0,1], ``alpha`` (1,1,H,W) or None."""

    pixels: Tensor
    alpha: Tensor | None
    seconds: float
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def image(self) -> Image.Image:
        """The picture as an 8-bit PIL image, with alpha where the photograph had it."""
        return to_image(self.pixels, self.alpha)

    def save(self, path: str | Path, *, bits: int = 8, quality: int = 95) -> Path:
        """Write the picture with its settings inside; the suffix decides the format.

        Raises `OutputError` where it cannot be written and `RecipeError` for an unknown suffix.
        """
        return write_picture(
            path, self.pixels, alpha=self.alpha, bits=bits, recipe=self.provenance, quality=quality
        )


@dataclass(frozen=True)
class FastSettings:
    """What decides a picture painted in one pass.

    ``strength`` from 0 (the photograph) to 1; ``stroke`` from .25 (fine) to 4 (broad); ``mix`` one weight a style;
    ``masks`` where each style is painted, ``protect`` where the photograph stays (files, arrays, or words such as
    "left"); ``colors`` from 0 (the painting's) to 1 (the photograph's); ``size`` the longer side, None for the
    photograph's own.
    """

    strength: float = 0.5
    stroke: float = 1.0
    mix: tuple[float, ...] | None = None
    masks: tuple[PictureLike, ...] = ()
    protect: PictureLike | None = None
    colors: float = 0.0
    size: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.colors <= 1:
            raise RecipeError(f"Colours are kept by a share from 0 to 1, not {self.colors}.")
        if self.size is not None and not 1 <= self.size <= 32768:
            raise RecipeError(f"The size is a longer side from 1 to 32768 pixels, not {self.size}.")
        if self.masks and self.mix:
            raise RecipeError("Masks give every style its place and a mix lets all share; give one of them.")


class FastPainter:
    """The network for any style, opened once for many pictures; styles it has met are remembered.

    Raises WeightsError if it is not there, RecipeError or MissingExtraError for a backend that cannot be used.
    """

    def __init__(
        self, network: str = SHIPPED, *, backend: str = "torch", device: str = "auto", tile: int | None = None
    ) -> None:
        self.model: Model = open_model(find_model(network))
        if self.model.names:
            raise WeightsError(f"'{network}' paints in styles of its own; use `impasto apply` with it.")
        where = open_device(device)
        tune_process()
        self.loaded = ModelDescriptor(
            self.model.styled.network,
            self.model.card,
            device=where,
            name=network,
            engine=open_engine(backend, self.model.styled.network, where),
        )
        self.tiling = DEFAULT_TILING if tile is None else Tiling(tile)

    def paint(
        self,
        content: PictureLike,
        styles: Sequence[PictureLike],
        settings: FastSettings | None = None,
        seen: Callable[[int, int], None] = ignore,
    ) -> Painted:
        """Return `content` painted in `styles`; raises PictureError and RecipeError for what cannot be used."""
        settings = settings or FastSettings()
        start = time.perf_counter()
        photo = read_picture(content, longest=settings.size)
        inner = calibrated_strength(settings.strength, self.model.card.get("strengths"))
        if settings.masks:
            style_params_list = self.model.style_params_list(styles, inner, settings.stroke)
            read = [read_mask(mask, photo.height, photo.width) for mask in settings.masks]
            names = [str(mask) if isinstance(mask, str | Path) else "mask" for mask in settings.masks]
            out = self.loaded.paint(
                photo.pixels,
                style_params_list,
                complete_masks(read, len(style_params_list), names),
                tiling=self.tiling,
                seen=seen,
            )
        else:
            style_params = self.model.style_params(styles, settings.mix, inner, settings.stroke)
            out = self.loaded.paint(photo.pixels, style_params, tiling=self.tiling, seen=seen)
        out = finish(out, photo, settings)
        return Painted(
            out, photo.alpha, time.perf_counter() - start, self._provenance(content, styles, settings)
        )

    def _provenance(
        self, content: PictureLike, styles: Sequence[PictureLike], settings: FastSettings
    ) -> dict[str, Any]:
        named: Mapping[str, Any] = {
            name: value for name, value in vars(settings).items() if name not in ("masks", "protect")
        }
        return {
            "fast": {**named, "network": self.model.card.get("name", "any")},
            "inputs": {
                "content": _name(content),
                "styles": [_name(style) for style in styles],
                "masks": [_name(mask) for mask in settings.masks],
                "protect": None if settings.protect is None else _name(settings.protect),
            },
        }


def fast(
    content: PictureLike,
    style: PictureLike | Sequence[PictureLike],
    *,
    strength: float = 0.5,
    stroke: float = 1.0,
    mix: Sequence[float] | None = None,
    masks: Sequence[PictureLike] = (),
    protect: PictureLike | None = None,
    colors: float = 0.0,
    size: int | None = None,
    backend: str = "torch",
    tile: int | None = None,
) -> Painted:
    """Paint ``content`` in the style of ``style`` (one picture or several) in one pass of a network.

    Settings are those of `FastSettings`. Use a `FastPainter` for many pictures. Raises the `ImpastoError` that says
    what cannot be used.
    """
    several = style if isinstance(style, Sequence) and not isinstance(style, str) else [style]
    settings = FastSettings(
        strength, stroke, None if mix is None else tuple(mix), tuple(masks), protect, colors, size
    )
    return FastPainter(backend=backend, tile=tile).paint(content, several, settings)


def finish(painted: Tensor, photo: Picture, settings: FastSettings) -> Tensor:
    """Return the picture with the photograph's colours back as far as asked, and the photograph where protected."""
    if settings.colors:
        painted = return_colors(painted, photo.pixels, settings.colors)
    if settings.protect is not None:
        mask = read_mask(settings.protect, photo.height, photo.width)
        painted = torch.lerp(painted, photo.pixels, mask)
    return painted


def _name(picture: PictureLike) -> str:
    return str(Path(picture).resolve()) if isinstance(picture, str | Path) else "from memory"
