"""A one-pass network for clips: style over time, and normalisation that does not flicker.

Instance normalisation divides by statistics of the whole frame, so whatever enters the frame changes every other place.
Within a scene, the statistics are therefore frozen and follow the clip slowly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from impasto.encoders import release_memory
from impasto.feedforward.backends import GraphRunner
from impasto.feedforward.callbacks import ignore_build
from impasto.feedforward.modules.region_modulation import Statistics
from impasto.feedforward.modules.transform import StyleParams
from impasto.feedforward.scales import paint_scales, paint_strongly, scale_sizes
from impasto.feedforward.settings import OnePassSettings
from impasto.feedforward.stylizer import Stylizer
from impasto.imaging import PictureLike, fit, from_channels_last, scale_mask, to_channels_last
from impasto.imaging.frame import Tiling
from impasto.video.flow import resized
from impasto.video.schedules import style_weights_at, value_at

if TYPE_CHECKING:
    from impasto.video.frame import Pixels, VideoFrame
    from impasto.video.settings import VideoSettings

# Longer side up to which frames are painted at one scale; half of a larger one's layout comes from the scale below.
BASE_SIDE = 640
# Share of a larger frame's side at which its finest scale is painted: half the pixels, and strokes are wider than two.
FINEST_SCALE = 0.75
# Frames between two measurements of a scene's statistics, and the share by which every frame approaches the last one.
# Statistics that lag behind paint what appears in colours that no style has.
MEASURE_EVERY, APPROACH = 8, 0.35
# Frames above one scale are measured in some windows.
MEASURED = Tiling(side=512, sample_side=256, samples=6)
# Strength up to which the painted frame is blended with the source, so that 0 leaves it exactly as it is.
BLENDED_BELOW = 0.1


class Style(NamedTuple):
    """The style of one frame: the weight of every style image, and the strength (None: the network has none)."""

    weights: tuple[float, ...]
    strength: float | None

    @property
    def share(self) -> float:
        """How much of the painting is seen, 0 to 1."""
        return 1.0 if self.strength is None else min(1.0, self.strength / BLENDED_BELOW)


@dataclass(frozen=True, eq=False)
class SceneStatistics:
    """Statistics of the modulated layers in a scene, one dictionary per scale and pass of a frame.

    `used` approaches `measured`, and `age` counts the frames since the scene began.
    """

    used: list[Statistics]
    measured: list[Statistics]
    age: int = 0

    def to_state(self) -> dict[str, Any]:
        """Return arrays by name."""
        stored: dict[str, Any] = {"age": self.age}
        for kind in ("used", "measured"):
            for number, statistics in enumerate(getattr(self, kind)):
                for layer, pair in statistics.items():
                    stored[f"{kind}.{number}.{layer}"] = torch.stack(pair).cpu().numpy()
        return stored

    @classmethod
    def from_state(cls, state: Mapping[str, Any], device: torch.device) -> SceneStatistics | None:
        """Return the statistics of `to_state`, None if there are none."""
        if "age" not in state:
            return None
        scene = cls([], [], int(state["age"]))
        for key, pair in state.items():
            kind, _, rest = key.partition(".")
            if kind not in ("used", "measured"):
                continue
            number, layer = (int(part) for part in rest.split("."))
            passes: list[Statistics] = getattr(scene, kind)
            while len(passes) <= number:
                passes.append({})
            mean, variance = torch.from_numpy(np.array(pair)).to(device)
            passes[number][layer] = (mean, variance)
        return scene


class ClipNetwork:
    """A network opened for the frames of one clip, which paints up to `at_once` of them in as many threads.

    Raises what `Stylizer` raises.
    """

    def __init__(
        self,
        settings: VideoSettings,
        styles: Sequence[PictureLike],
        *,
        backend: str = "auto",
        on_build: Callable[[int, int], None] = ignore_build,
        at_once: int = 1,
    ) -> None:
        self.settings = settings
        self.stylizer = Stylizer(settings.network, backend=backend, device=settings.device, on_build=on_build)
        graph_runner = self.stylizer.runner.graph_runner
        self.at_once = at_once if self.stylizer.backend == "openvino" else 1
        if isinstance(graph_runner, GraphRunner):
            graph_runner.at_once = self.at_once
        self.styles = list(styles) or list(self.stylizer.styles[:1])
        self.scene: SceneStatistics | None = None
        self._params = lru_cache(maxsize=4)(self._make_params)
        strengths = [None] if settings.strength is None else [value for _, value in settings.strength]
        for strength in strengths:
            self._resolve(strength)
        self._params(self.style_at(0.0), masked=False)

    def style_at(self, seconds: float) -> Style:
        """Return the style of the frame at a time of the clip."""
        settings = self.settings
        strength = None if settings.strength is None else value_at(settings.strength, seconds)
        if settings.style_times:
            weights = style_weights_at(settings.style_times, seconds)
        else:
            weights = settings.mix or (1.0,) * len(self.styles)
        if len(weights) == 1 < len(self.styles):
            weights = (*weights, 1 - weights[0])
        return Style(tuple(weights), self._resolve(strength).strength)

    def start_scene(self) -> None:
        """Measure the next frame's statistics and use them from now on."""
        self.scene = None

    def statistics(self, frame: VideoFrame, style: Style) -> list[Statistics]:
        """Return the statistics of the scene at the next frame.

        They are measured from time to time, and those in use approach them.
        """
        scene = self.scene
        measured: list[Statistics] = [] if scene is None else scene.measured
        if scene is None or scene.age % MEASURE_EVERY == 0:
            measured = self._measure(frame, style)
            release_memory()  # large tensors of torch leave gaps between what the graphs use
        if scene is None:
            self.scene = SceneStatistics(measured, measured, 1)
            return measured
        used = [
            {layer: _nearer(old[layer], pair) for layer, pair in new.items()}
            for old, new in zip(scene.used, measured, strict=True)
        ]
        self.scene = SceneStatistics(used, measured, scene.age + 1)
        return used

    def paint(
        self, frame: VideoFrame, style: Style, statistics: Sequence[Statistics] | None = None
    ) -> Pixels:
        """Return a frame `(H, W, 3)` painted alone, by the `statistics` of a scene or its own; any thread may call."""
        sizes, passes = painted_sizes(*frame.pixels.shape[:2]), iter(statistics or ())

        def once(image: Tensor, places: Sequence[Tensor] | None) -> Tensor:
            params = self._params(style, masked=places is not None)
            return self.stylizer.runner.paint(
                image, params, places, statistics=None if statistics is None else next(passes)
            )

        def paint(size: tuple[int, int]) -> Pixels:
            return to_channels_last(self._paint_scale(frame, style, size, once))

        picture = paint_scales(paint, sizes, resized, _add_details)
        return resized(picture, frame.pixels.shape[:2]).clip(0, 1)

    def _measure(self, frame: VideoFrame, style: Style) -> list[Statistics]:
        """Return the statistics of every scale and pass of a frame."""
        sizes, passes = painted_sizes(*frame.pixels.shape[:2]), 2 if (style.strength or 0.0) > 1 else 1
        tiling = MEASURED if len(sizes) > 1 else None
        measured: list[Statistics] = []

        def once(image: Tensor, places: Sequence[Tensor] | None) -> Tensor:
            runner, params = self.stylizer.runner, self._params(style, masked=places is not None)
            measured.append(runner.measure(image, params, places, tiling))
            # What the last pass of a scale would paint, no other needs.
            last = len(measured) % passes == 0
            return image if last else runner.paint(image, params, places, statistics=measured[-1])

        for size in sizes:
            self._paint_scale(frame, style, size, once)
        return measured

    @torch.inference_mode()
    def _paint_scale(
        self,
        frame: VideoFrame,
        style: Style,
        size: tuple[int, int],
        once: Callable[[Tensor, Sequence[Tensor] | None], Tensor],
    ) -> Tensor:
        """Return a frame painted at one scale; `once` is a pass of the network, with masks that give styles places."""
        content = from_channels_last(resized(frame.pixels, size))
        masks = [torch.from_numpy(np.ascontiguousarray(mask))[None, None] for mask in frame.masks]
        places = [scale_mask(mask, *size) for mask in masks] or None
        return paint_strongly(lambda image: once(image.clamp(0, 1), places), content, style.strength or 0.0)

    def _make_params(self, style: Style, *, masked: bool) -> list[StyleParams]:
        """Return the parameters of the mixture, or where styles have places those of every style."""
        model = self.stylizer.model
        conditioning = model.conditioning(self._resolve(style.strength))
        if masked:
            return model.style_params(self.styles, *conditioning)
        return [model.mixed_style_params(self.styles, style.weights, *conditioning)]

    def _resolve(self, strength: float | None) -> OnePassSettings:
        """Return the settings of a frame with the network's defaults; raises `RecipeError`."""
        return self.stylizer.resolve(OnePassSettings(strength=strength, stroke=self.settings.stroke))


def painted_sizes(height: int, width: int) -> list[tuple[int, int]]:
    """Return the (height, width) of every scale at which a frame is painted, from the coarsest.

    >>> painted_sizes(272, 640), painted_sizes(720, 1280)
    ([(272, 640)], [(360, 640), (540, 960)])
    """
    sizes = scale_sizes(height, width, BASE_SIDE)
    if len(sizes) == 1:
        return sizes
    finest = fit(height, width, max(BASE_SIDE, round(FINEST_SCALE * max(height, width))))
    return scale_sizes(*finest, BASE_SIDE)


def _add_details(picture: Pixels, painted: Pixels, coarse: tuple[int, int]) -> Pixels:
    """Return `painted` with the `picture` of size `coarse` in place of its own coarse part."""
    difference = picture - resized(painted, coarse)
    detailed: Pixels = painted + resized(difference, painted.shape[:2])
    return detailed


def _nearer(used: tuple[Tensor, Tensor], measured: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Return mean and variance a little nearer to those measured."""
    mean, variance = (torch.lerp(old, new, APPROACH) for old, new in zip(used, measured, strict=True))
    return mean, variance
