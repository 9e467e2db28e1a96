"""Painting in one pass: `Stylizer`, a network opened for many images, and `fast`, for one."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from impasto.encoders import open_device, tune_process
from impasto.errors import RecipeError
from impasto.feedforward.backends import choose_backend, open_graph_runner
from impasto.feedforward.callbacks import ignore_build, ignore_progress
from impasto.feedforward.modules.transform import StyleParams
from impasto.feedforward.network_card import find_model
from impasto.feedforward.open_network import OnePassModel, open_model
from impasto.feedforward.pretrained import DEFAULT_NETWORK
from impasto.feedforward.runner import NetworkRunner, check_tiling
from impasto.feedforward.scales import ScaleProgress, paint_scales, paint_strongly, scale_sizes
from impasto.feedforward.settings import OnePassSettings
from impasto.guidance import (
    ColorSettings,
    Guides,
    Placement,
    RestoreContent,
    Result,
    place_styles,
)
from impasto.imaging import Picture, PictureLike, picture_size, resize, scale_mask
from impasto.imaging.frame import DEFAULT_TILING, LARGE_TILING, Tiling
from impasto.imaging.framing import on_sheet, read_sized
from impasto.imaging.row_bands import large_image, map_rows, resized_rows
from impasto.imaging.scratch import forget, whole_or_bands


class Stylizer:
    """A one-pass network, opened once for many images. It enforces what the network can do.

    ``network`` is a file, or the name of a network that ships. Style images are remembered as long as their files do
    not change. ``backend`` is torch, onnxruntime, openvino, or auto for the fastest installed. ``tile`` is the side of
    the tiles of large images. ``on_build`` is called before a graph is built for the backend, which takes seconds, with
    its number and their number.

    Raises `WeightsError` if the network is missing or damaged, `RecipeError` or `MissingExtraError` for a device,
    backend or tile size that cannot be used.
    """

    def __init__(
        self,
        network: str | Path = DEFAULT_NETWORK,
        *,
        backend: str = "torch",
        device: str = "auto",
        tile: int | None = None,
        on_build: Callable[[int, int], None] = ignore_build,
    ) -> None:
        torch_device = open_device(device)
        self.backend = choose_backend(backend, torch_device)
        self.tile = tile
        self.tiling = DEFAULT_TILING if tile is None else Tiling(tile)
        check_tiling(self.tiling)
        path = find_model(str(network))
        self.model: OnePassModel = open_model(path)
        tune_process()
        self.runner = NetworkRunner(
            self.model.network,
            self.model.card,
            device=torch_device,
            name=str(network),
            graph_runner=open_graph_runner(self.backend, self.model.network, torch_device, on_build),
        )

    @property
    def styles(self) -> tuple[str, ...]:
        """Names of the styles that the network was trained on; none if it takes any style image."""
        return self.model.names

    @property
    def controls(self) -> tuple[str, ...]:
        """Which of "mix", "strength" and "stroke" the network knows."""
        return self.model.controls

    def resolve(self, settings: OnePassSettings) -> OnePassSettings:
        """Return ``settings`` with the network's defaults filled in.

        Raises `RecipeError` for a control that the network does not have, or one out of its range: strength from 0
        to 2, stroke in the range that the network was trained for.
        """
        return self.model.resolve(settings)

    def style_params(
        self, styles: Sequence[PictureLike], settings: OnePassSettings | None = None
    ) -> StyleParams:
        """Return the style parameters of the mixture of ``styles``.

        ``styles`` are names of the network's own styles, or style images. Raises `RecipeError` for an unknown style
        or setting, `PictureError` for an image that cannot be read.
        """
        resolved = self.resolve(settings or OnePassSettings())
        return self.model.mixed_style_params(styles, resolved.mix, *self.model.conditioning(resolved))

    def check(
        self,
        styles: Sequence[PictureLike] = (),
        settings: OnePassSettings | None = None,
        guides: Guides | None = None,
    ) -> None:
        """Raise what `paint` would raise for these styles and settings, with any content image."""
        resolved = self.resolve(settings or OnePassSettings())
        self._style_params(styles, resolved, guides or Guides())

    def paint(
        self,
        content: PictureLike,
        styles: Sequence[PictureLike] = (),
        settings: OnePassSettings | None = None,
        guides: Guides | None = None,
        on_progress: Callable[[int, int], None] = ignore_progress,
    ) -> Result:
        """Return ``content`` painted in ``styles``: names of the network's own styles, or style images.

        ``guides`` may hold masks and protect. ``on_progress`` is called with the tiles done and their number, or the
        pixels of a picture that is painted at several sizes. Raises `RecipeError` for settings that the network does
        not have, `PictureError` for images that cannot be read.
        """
        guides = guides or Guides()
        start = time.perf_counter()
        resolved = self.resolve(settings or OnePassSettings())
        whole = picture_size(content)
        frame = resolved.frame(whole)
        picture = read_sized(content, frame.longest, frame.box, frame.size)
        given, guides = guides, guides if frame.box is None else guides.cropped(frame.box, whole)
        style_params = self._style_params(styles, resolved, guides)
        placement = _placement(guides, picture, len(style_params) if guides.masks else 1)
        masks = [region.mask for region in placement.regions if region.mask is not None]
        pixels = self._paint_pixels(
            picture.pixels, style_params, masks, resolved.strength or 0.0, on_progress
        )
        finish = RestoreContent(ColorSettings(resolved.colors), picture.pixels, placement.protect)
        finished, alpha = on_sheet(finish(pixels), picture.alpha, frame.canvas)
        return Result(
            finished,
            alpha,
            time.perf_counter() - start,
            self.model.provenance(
                self.backend,
                self.tile,
                _source(content, picture),
                styles if self.styles else [_source(style) for style in styles],
                resolved,
                given,
            ),
            dpi=frame.dpi,
        )

    def _paint_pixels(
        self,
        content: Tensor,
        style_params: Sequence[StyleParams],
        masks: Sequence[Tensor],
        strength: float,
        on_progress: Callable[[int, int], None],
    ) -> Tensor:
        """Return the painted picture (1,3,H,W); large ones are painted scale by scale, strong ones twice a scale."""
        sizes = scale_sizes(content.shape[2], content.shape[3])
        progress = ScaleProgress(sizes, strength, on_progress)
        tiling = LARGE_TILING if self.tile is None and large_image(content) else self.tiling

        def paint(size: tuple[int, int]) -> Tensor:
            places = [scale_mask(mask, *size) for mask in masks] or None

            def once(image: Tensor) -> Tensor:
                return self.runner.paint(
                    image,
                    style_params,
                    places,
                    tiling=tiling,
                    on_progress=partial(progress.tell, size),
                )

            return paint_strongly(once, resize(content, size), strength, _blend)

        picture = paint_scales(paint, sizes, resize, _add_details)
        return map_rows(
            lambda rows: rows.clamp(0, 1), picture, reuse=None if picture.is_inference() else picture
        )

    def _style_params(
        self, styles: Sequence[PictureLike], resolved: OnePassSettings, guides: Guides
    ) -> list[StyleParams]:
        """Return the parameters of the mixture, or with masks those of every style."""
        if guides.style_masks or guides.regions is not None or guides.style_regions:
            raise RecipeError(
                "Painting in one pass takes masks and protect, but no style masks and no regions."
            )
        if not guides.masks:
            return [self.model.mixed_style_params(styles, resolved.mix, *self.model.conditioning(resolved))]
        if resolved.mix:
            raise RecipeError("Masks give every style its place and a mix lets all share; give one of them.")
        return self.model.style_params(styles, *self.model.conditioning(resolved))


def fast(
    content: PictureLike,
    style: PictureLike | Sequence[PictureLike] = (),
    *,
    network: str | Path = DEFAULT_NETWORK,
    masks: Sequence[PictureLike] = (),
    protect: PictureLike | None = None,
    backend: str = "torch",
    tile: int | None = None,
    **settings: Any,
) -> Result:
    """Paint ``content`` in the style of ``style`` (one image or several) in one pass of a network.

    Further keywords are the fields of `OnePassSettings`. Use a `Stylizer` for many images. Raises the `ImpastoError`
    that says what cannot be used.
    """
    several = style if isinstance(style, Sequence) and not isinstance(style, str | bytes) else [style]
    stylizer = Stylizer(network, backend=backend, tile=tile)
    guides = Guides(tuple(masks), protect=protect)
    return stylizer.paint(content, several, OnePassSettings.make(settings), guides)


@torch.inference_mode()
def _add_details(picture: Tensor, painted: Tensor, coarse: tuple[int, int]) -> Tensor:
    """Return ``painted`` with the ``picture`` of size ``coarse`` in place of its own coarse part, in bands if large."""
    fine = (int(painted.shape[2]), int(painted.shape[3]))
    small = resize(painted, coarse)
    if not large_image(painted):
        return resize(picture, fine) + painted - resize(small, fine)
    for first, last in whole_or_bands(painted):
        coarse_rows = (resized_rows(image, fine, first, last).clamp(0, 1) for image in (picture, small))
        added, removed = coarse_rows
        painted[:, :, first:last] = added + painted[:, :, first:last] - removed
        forget()
    return painted


def _blend(content: Tensor, painted: Tensor, weight: float) -> Tensor:
    """Return ``content + weight (painted - content)`` in [0, 1]."""
    return map_rows(lambda x, y: (x + weight * (y - x)).clamp(0, 1), content, painted)


def _placement(guides: Guides, picture: Picture, styles: int) -> Placement:
    """Return where each style goes; without masks the styles are mixed and count as one."""
    # The sizes of style images matter only for style masks, which one pass refuses.
    return place_styles(guides, (picture.height, picture.width), [(1, 1)] * styles, has_content=True)


def _source(image: PictureLike, read: Picture | None = None) -> str:
    """Return the path of an image, or its name if it has none."""
    if isinstance(image, str | Path):
        return str(Path(image).resolve())
    picture = read or (image if isinstance(image, Picture) else None)
    if picture is None:
        return "from memory"
    return str(picture.path.resolve()) if picture.path else picture.name
