"""Inference of one-pass networks on a device: padding, tiling, masks and number formats."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from impasto.encoders import PRECISIONS, best_precision
from impasto.errors import PictureError, RecipeError, WeightsError, unknown
from impasto.feedforward.backends import GraphRunner
from impasto.feedforward.callbacks import ignore_progress
from impasto.feedforward.grain import card_grain
from impasto.feedforward.margin import card_margin
from impasto.feedforward.modules.modulation import Modulation
from impasto.feedforward.modules.region_modulation import (
    FrozenStatistics,
    RegionModulation,
    Statistics,
    StatisticsRecorder,
)
from impasto.feedforward.modules.transform import StyleParams
from impasto.feedforward.weights import Network
from impasto.imaging.frame import DEFAULT_TILING, Frame, TileWindow, Tiling
from impasto.imaging.row_bands import large_image, map_rows, value_range
from impasto.imaging.scratch import forget
from impasto.imaging.tiles import paint_tiles, sample_windows

SMALLEST_TILE = 384
PaintWindows = Callable[[Sequence[TileWindow], Modulation], Tensor]


class NetworkRunner:
    """Runs a one-pass network on a device: pads, tiles, blends masks, falls back to float32.

    `precision` is the number format, by default the fastest on the device; RecipeError is raised for an unknown one.
    `card` is the model card in the network's file, and `name` is what messages call it. A `graph_runner` runs in place
    of PyTorch, except with masks.
    """

    def __init__(
        self,
        network: Network,
        card: Mapping[str, Any] | None = None,
        *,
        device: torch.device | None = None,
        precision: str | None = None,
        name: str = "network",
        graph_runner: GraphRunner | None = None,
    ) -> None:
        self.device = device or torch.device("cpu")
        self.precision = precision or best_precision(self.device)
        if self.precision not in PRECISIONS:
            raise RecipeError(unknown("precision", self.precision, PRECISIONS))
        self.card = dict(card or {})
        self.name = name
        self.graph_runner = graph_runner
        if isinstance(network, nn.Module):
            network.to(self.device).eval().requires_grad_(False)
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.network = network
        self.multiple = network.multiple
        self.modulated_layers = network.modulated_layers

    @torch.inference_mode()
    def paint(
        self,
        image: Tensor,
        style_params: StyleParams | Sequence[StyleParams],
        masks: Sequence[Tensor] | None = None,
        *,
        tiling: Tiling | None = None,
        statistics: Statistics | None = None,
        on_progress: Callable[[int, int], None] = ignore_progress,
    ) -> Tensor:
        """Return the stylised image, float32 in [0, 1], of the shape of `image` `(1, 3, H, W)`, on the CPU.

        Args:
            image: The content image, float32 in [0, 1].
            style_params: Parameters of one style, or of several with as many `masks`.
            masks: Where each style is painted, `(1, 1, H, W)` in [0, 1]. Where they sum to less than 1 the content
                image shows through; where they sum to more, the styles share.
            tiling: An image with more pixels than a tile is painted in tiles.
            statistics: Features are normalised by these instead of the image's own (see `measure`).
            on_progress: Called with the tiles done and their number.

        Raises PictureError for an image or mask of another shape, type or range, RecipeError for style parameters
        that do not fit the network or tiles that are too small, and WeightsError if the output is not finite.
        """
        check_image(image)
        tiling = tiling or DEFAULT_TILING
        check_tiling(tiling)
        frame, paint_windows, cover = self._windows(image, style_params, masks)
        if frame.whole.height * frame.whole.width <= tiling.at_once:
            modulation = Modulation() if statistics is None else FrozenStatistics(statistics)
            out = frame.crop(paint_windows([frame.whole], modulation)).cpu()
            on_progress(1, 1)
        else:
            if statistics is None:
                recorder = StatisticsRecorder()
                paint_windows(sample_windows(frame, tiling), recorder)
                statistics = recorder.statistics
            frozen = FrozenStatistics(statistics)
            out = paint_tiles(frame, tiling, lambda window: paint_windows([window], frozen), on_progress)
        if cover is not None:
            out = map_rows(torch.lerp, image.cpu(), out, cover.cpu(), reuse=out)
        return map_rows(lambda rows: rows.clamp(0, 1), out, reuse=out)

    @torch.inference_mode()
    def measure(
        self,
        image: Tensor,
        style_params: StyleParams | Sequence[StyleParams],
        masks: Sequence[Tensor] | None = None,
        tiling: Tiling | None = None,
    ) -> Statistics:
        """Return the statistics by which `paint` normalises the features of `image`, for pictures that must match it.

        With a `tiling`, an image larger than a tile is measured in its samples. Arguments and errors are those of
        `paint`.
        """
        tiling = tiling or DEFAULT_TILING
        check_image(image)
        frame, paint_windows, _ = self._windows(image, style_params, masks)
        recorder = StatisticsRecorder()
        large = frame.whole.height * frame.whole.width > tiling.at_once
        paint_windows(sample_windows(frame, tiling) if large else [frame.whole], recorder)
        return recorder.statistics

    def _windows(
        self,
        image: Tensor,
        style_params: StyleParams | Sequence[StyleParams],
        masks: Sequence[Tensor] | None,
    ) -> tuple[Frame, PaintWindows, Tensor | None]:
        """Return the padded frame of `image`, what paints windows of it, and how much of it the masks cover."""
        styles = [style_params] if isinstance(style_params, StyleParams) else style_params
        styles = [self._checked(style) for style in styles]
        pixel_weights, cover = _pixel_weights(image, styles, masks)
        frame = Frame(image.shape[2], image.shape[3], self.multiple, card_margin(self.card))

        def paint_windows(windows: Sequence[TileWindow], modulation: Modulation) -> Tensor:
            crops = torch.cat([self._cut(frame, image, window) for window in windows])
            if len(styles) > 1:
                parts = [
                    torch.cat([frame.cut(weight, window) for window in windows]).to(self.device)
                    for weight in pixel_weights
                ]
                modulation = RegionModulation(styles, parts, modulation)
            return self._run(crops, styles[0], modulation, self.graph_runner if masks is None else None)

        return frame, paint_windows, cover

    def _cut(self, frame: Frame, image: Tensor, window: TileWindow) -> Tensor:
        """Return a window of the padded image, with grain."""
        cut = frame.cut(image, window, self._with_grain)
        if not large_image(image):
            return cut
        cut = cut.clone()
        forget()  # the system maps 64 kB around every row that is read
        return cut

    def _with_grain(self, image: Tensor, top: int, left: int) -> Tensor:
        """Return the part of an image from row `top` and column `left` on, with the grain of the network's training."""
        noise = card_grain(self.card, image.shape[2], image.shape[3], top, left)
        return image if noise is None else image + torch.from_numpy(noise).to(image)

    def _run(
        self,
        padded: Tensor,
        style_params: StyleParams,
        modulation: Modulation,
        graph_runner: GraphRunner | None,
    ) -> Tensor:
        """Return the network's output for padded images; if a low precision overflows, repeat in float32."""
        if (
            graph_runner is not None
            and len(padded) == 1
            and type(modulation) in (Modulation, FrozenStatistics)
        ):
            statistics = modulation.statistics if isinstance(modulation, FrozenStatistics) else None
            out = graph_runner(padded, style_params, statistics)
            if bool(torch.isfinite(out).all()):
                return out
        padded = padded.to(self.device)
        for precision in dict.fromkeys((self.precision, "float32")):
            autocast = precision != "float32"
            with torch.autocast(self.device.type, PRECISIONS[precision]) if autocast else nullcontext():
                out = self.network(padded, style_params, modulation)
            if bool(torch.isfinite(out).all()):
                return out
        height, width = padded.shape[2:]
        raise WeightsError(
            f"The network '{self.name}' painted values that are not finite (a window of {width}x{height}); its"
            " weights or the style parameters are out of range, so train or fetch it again."
        )

    def _checked(self, style_params: StyleParams) -> StyleParams:
        """Return the style parameters on the device; raises RecipeError unless they fit, for a batch of one."""
        shapes = [tuple(matrix.shape) for matrix in style_params.matrices]
        fits = len(shapes) == len(style_params.shifts) == len(self.modulated_layers)
        for layer, shape, shift in zip(self.modulated_layers, shapes, style_params.shifts, strict=False):
            width = layer.channels
            fits &= shape in ((1, width, width), (1, width)) and tuple(shift.shape) == (1, width)
        if not fits:
            channels = ", ".join(str(layer.channels) for layer in self.modulated_layers)
            raise RecipeError(
                f"These style parameters are not for the network '{self.name}', which has"
                f" {len(self.modulated_layers)} modulated layers of {channels} channels; make them with the network's"
                " own style predictor, one style at a time."
            )
        matrices, shifts = (
            tuple(part.detach().float().to(self.device) for part in parts) for parts in style_params
        )
        return StyleParams(matrices, shifts)


def check_image(image: Tensor) -> None:
    """Raise PictureError unless `image` is float32 `(1, 3, H, W)` in [0, 1], not empty."""
    shape = tuple(image.shape)
    if len(shape) != 4 or shape[:2] != (1, 3) or 0 in shape or image.dtype != torch.float32:
        raise PictureError(
            f"A network paints float32 pictures of shape (1, 3, H, W), not {image.dtype} {shape}; read them with"
            " impasto.read_picture."
        )
    low, high = value_range(image)
    if not (low >= 0.0 and high <= 1.0):
        raise PictureError(
            f"A network paints values from 0 to 1, but this picture reaches from {low:.6g} to {high:.6g};"
            " scale it first."
        )


def check_tiling(tiling: Tiling) -> None:
    """Raise RecipeError for tiles that are too small for their overlap."""
    least = max(SMALLEST_TILE, 2 * tiling.overlap)
    if tiling.side < least or tiling.halo < 0 or tiling.feather < 1:
        raise RecipeError(
            f"Tiles are at least {least} pixels wide with this overlap, not {tiling.side}; give a larger --tile."
        )


def _pixel_weights(
    image: Tensor, styles: Sequence[StyleParams], masks: Sequence[Tensor] | None
) -> tuple[list[Tensor], Tensor | None]:
    """Return each style's weight at every pixel, which sum to 1, and how much of the content image they cover."""
    if masks is None and len(styles) == 1:
        return [], None
    size = (1, 1, *image.shape[2:])
    if masks is None or len(masks) != len(styles):
        raise RecipeError(
            f"There are {len(styles)} styles and {len(masks or ())} masks; give one mask for each style, or mix them."
        )
    for mask in masks:
        if tuple(mask.shape) != size or not bool(((mask >= 0) & (mask <= 1)).all()):
            raise PictureError(
                f"A mask for this picture has the shape {size} and values from 0 to 1, not {tuple(mask.shape)};"
                " read it with impasto.imaging.read_mask."
            )
    total = torch.stack(list(masks)).sum(0)
    pixel_weights = [torch.where(total > 0, mask / total.clamp_min(1e-6), 1 / len(styles)) for mask in masks]
    return pixel_weights, None if bool((total >= 1).all()) else total.clamp(max=1)
