"""Inputs of one scale, from which term factories build terms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from impasto.encoders import Encoder
from impasto.guidance import Placement, Protection
from impasto.imaging import area_average, resize
from impasto.losses import StyleLoss, Term
from impasto.optimize.memory import ScalePlan
from impasto.optimize.pictures import RunPictures
from impasto.optimize.recipe import Recipe
from impasto.optimize.tiles.encode import encode_tiled, measure_tiled
from impasto.optimize.views import View

# A mask with a smaller mean than this at a layer is empty there.
MIN_MASK_MEAN = 1e-6

# The terms of an objective whose encoder gets the image through a view.
TermsOfView = Callable[[View], Sequence[Term]]


@dataclass(frozen=True, eq=False)
class ScaleInputs:
    """The inputs of one scale.

    ``style_weights`` are the weights of the styles at this scale; a style of weight 0 is not measured. Random losses
    draw from ``generator``, whose state a checkpoint stores. ``base_image`` (1,3,h,w) is the finished image of the base
    size, at scales above it.
    """

    recipe: Recipe
    scale: ScalePlan
    encoder: Encoder
    pictures: RunPictures
    style_weights: tuple[float, ...]
    generator: torch.Generator | None = None
    base_image: Tensor | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the output at this scale."""
        return self.scale.height, self.scale.width

    @cached_property
    def device(self) -> torch.device:
        """The encoder's device."""
        return next(self.encoder.parameters()).device

    @cached_property
    def content(self) -> Tensor | None:
        """The content image (1,3,h,w) at the size of the scale, on the encoder's device."""
        content = self.pictures.content
        return None if content is None else resize(content.to(self.device), self.size)

    @cached_property
    def start(self) -> Tensor | None:
        """The initial picture (1,3,h,w) at the size of the scale, on the encoder's device."""
        start = self.pictures.start
        return None if start is None else resize(start.to(self.device), self.size)

    @cached_property
    def styles(self) -> list[Tensor]:
        """The style images (1,3,h,w) at their sizes of the scale, on the encoder's device."""
        pairs = zip(self.pictures.styles, self.scale.styles, strict=True)
        return [resize(style.to(self.device), size) for style, size in pairs]

    @property
    def placement(self) -> Placement:
        """Where the styles go."""
        return self.pictures.placement

    @property
    def protection(self) -> Protection | None:
        """The protection of the content image, None if nothing is protected."""
        return self.pictures.protection

    @cached_property
    def unprotected(self) -> Tensor | None:
        """The mask (1,1,h,w) of what may be painted, None for everything."""
        return None if self.protection is None else self.protection.unprotected(self.size)

    def encode(self, image: Tensor, layers: Sequence[str], view: View) -> dict[str, Tensor]:
        """Return the features of ``image`` (1,3,h,w) through ``view``, in tiles where the scale is painted in tiles."""
        if self.scale.tile is None:
            return dict(self.encoder(view.apply(image), layers))
        return encode_tiled(self.encoder, image, layers, self.scale.tile, view)

    def measure_tiled(
        self, image: Tensor, losses: Mapping[str, StyleLoss[Any]], masks: Mapping[str, Tensor | None]
    ) -> dict[str, Any]:
        """Return what ``losses`` measure at each layer of ``image``, weighted by ``masks``, in the scale's tiles."""
        assert self.scale.tile is not None
        return measure_tiled(self.encoder, image, losses, masks, self.scale.tile)

    def at_layer(self, mask: Tensor, layer: str) -> Tensor:
        """Return ``mask`` (K,1,h,w), given at the size of an image, at the size of a layer's features."""
        stride = self.encoder.layers[self.encoder.resolve([layer])[layer]].stride
        height, width = mask.shape[2] // stride, mask.shape[3] // stride
        return area_average(mask, height, width, stride)
