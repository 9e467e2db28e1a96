"""The method `fast`: every frame in one pass of a network, joined to the last one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from impasto.feedforward.callbacks import ignore_build
from impasto.imaging import from_channels_last, return_colors, to_channels_last
from impasto.video.calm import Calm, Followed, Memory, Track
from impasto.video.flow import as_bytes
from impasto.video.frame import PainterState, Pixels, VideoFrame
from impasto.video.loop import Step, close_loop
from impasto.video.one_pass import ClipNetwork, SceneStatistics, Style
from impasto.video.read_ahead import map_ahead, read_ahead
from impasto.video.scenes import CutDetector

if TYPE_CHECKING:
    from impasto.feedforward.modules.region_modulation import Statistics
    from impasto.imaging import PictureLike
    from impasto.video.settings import VideoSettings


# Frames that are read and tracked while others are painted.
AHEAD = 3


@dataclass(frozen=True, eq=False)
class Begun:
    """A frame that is ready to be painted: how it follows the last one (None: a scene begins), and in which style.

    `last_style` is that of the last frame, if it was another one. `statistics` are those of the `scene`.
    """

    frame: VideoFrame
    track: Track | None
    style: Style
    last_style: Style | None
    statistics: list[Statistics] | None
    scene: SceneStatistics | None


class FastPainter:
    """Paints the frames of a clip with a one-pass network; see `impasto.video.calm` for how they are joined.

    ``backend`` is that of `Stylizer`, and ``at_once`` that of `ClipNetwork`.

    Raises what `Stylizer` raises, and `MissingExtraError` without OpenCV.
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
        self.calm, self.cuts = Calm(settings.roughness), CutDetector()
        self.network = ClipNetwork(settings, styles, backend=backend, on_build=on_build, at_once=at_once)
        self._style: Style | None = None  # of the last frame that was begun
        self._last: Step | None = None
        self._yielded: Step | None = None

    def paint(self, frames: Iterable[VideoFrame]) -> Iterator[VideoFrame]:
        """Yield every frame painted.

        Another thread reads some frames ahead and tracks their motion, and others paint them.
        """
        begun = map(self._begin, read_ahead(self._tracked(frames), AHEAD))
        steps = (
            self._join(*painted) for painted in map_ahead(self._paint_alone, begun, self.network.at_once)
        )
        for step in close_loop(steps, self.calm, self.cuts) if self.settings.loop else steps:
            self._yielded = step
            shown = step.memory.painted if step.shown is None else step.shown
            assert step.frame is not None  # only a restored step has none
            yield finish(step.frame, shown, step.style.share, self.settings.colors)

    def state(self) -> PainterState:
        """Return what the frame after the last yielded one needs."""
        return {} if self._yielded is None else step_state(self._yielded)

    def restore(self, state: PainterState) -> None:
        """Go on after the frame of `state`."""
        self._last = self._yielded = restored_step(state, self.network.stylizer.runner.device)
        self.network.scene, self._style = (
            (None, None) if self._last is None else (self._last.scene, self._last.style)
        )

    def start(self, frame: VideoFrame, alone: Pixels, style: Style) -> Memory:
        """Return the memory of the first frame of a scene, painted `alone`."""
        del style
        return self.calm.start(frame.pixels, alone)

    def merge(self, followed: Followed, frame: VideoFrame, alone: Pixels, style: Style) -> Memory:
        """Return the memory of a frame that continues a scene, painted `alone`."""
        del frame, style
        return self.calm.merge(followed, alone)

    def _tracked(self, frames: Iterable[VideoFrame]) -> Iterator[tuple[VideoFrame, Track | None]]:
        """Yield every frame with how it follows the one before; None where a scene begins."""
        last = self._last
        source, reference = (None, None) if last is None else (last.memory.source, last.memory.reference)
        for frame in frames:
            pixels = as_bytes(frame.pixels)
            if source is None or reference is None or self.cuts.is_cut(source, pixels):
                yield frame, None
                source = reference = pixels
                continue
            track = self.calm.track(source, reference, pixels)
            yield frame, track
            source, reference = pixels, track.reference

    def _begin(self, tracked: tuple[VideoFrame, Track | None]) -> Begun:
        """Return what the next frame is painted with."""
        frame, track = tracked
        network, last = self.network, self._style
        style = self._style = network.style_at(float(frame.time))
        if track is None or last is None or last == style:
            if track is None:
                network.start_scene()
            statistics = network.statistics(frame, style) if self.settings.roughness < 1 else None
            return Begun(frame, track, style, None, statistics, network.scene)
        # The statistics of a scene belong to one style: while it changes, every frame has its own.
        network.start_scene()
        return Begun(frame, track, style, last, None, None)

    def _paint_alone(self, begun: Begun) -> tuple[Begun, Pixels, Pixels | None]:
        """Return the frame painted alone, and the same in the style of the last frame if that was another one."""
        paint, frame = self.network.paint, begun.frame
        alone = paint(frame, begun.style, begun.statistics)
        return begun, alone, None if begun.last_style is None else paint(frame, begun.last_style)

    def _join(self, begun: Begun, alone: Pixels, before: Pixels | None) -> Step:
        """Return the frame painted `alone`, and `before` in the last style if that changed, joined to the last one."""
        last, frame, track, style = self._last, begun.frame, begun.track, begun.style
        if track is None or last is None:
            memory = self.start(frame, alone, style)
        else:
            followed = self.calm.carry(last.memory, track, None if before is None else alone - before)
            memory = self.merge(followed, frame, alone, style)
        first = memory if last is None else last.first
        step = Step(frame, memory, style, begun.scene, first if self.settings.loop else None, track is None)
        self._last = step
        return replace(step, alone=alone) if self.settings.loop else step


def finish(frame: VideoFrame, painted: Pixels, share: float, colors: float) -> VideoFrame:
    """Return the frame with `share` of the painting, its own colours as far as asked, and its protected part."""
    source = frame.pixels
    if colors:
        painted = to_channels_last(
            return_colors(from_channels_last(painted), from_channels_last(source), colors)
        )
    weight: Pixels | np.float32 = np.float32(share)
    if frame.protect is not None:
        weight = weight * (1 - frame.protect[..., None])
    elif share == 1:
        return replace(frame, pixels=painted)
    return replace(frame, pixels=np.clip(source + weight * (painted - source), 0, 1))


def step_state(step: Step) -> dict[str, Any]:
    """Return what the step after this one needs, as arrays and numbers by name."""
    state: dict[str, Any] = step.memory.to_state("last.")
    if step.first is not None:
        state |= step.first.to_state("first.")
    if step.scene is not None:
        state |= {f"scene.{name}": value for name, value in step.scene.to_state().items()}
    state["weights"] = np.array(step.style.weights)
    state["strength"] = np.nan if step.style.strength is None else step.style.strength
    return state


def restored_step(state: Mapping[str, Any], device: torch.device) -> Step | None:
    """Return the step of `step_state`, None for an empty state."""
    memory = Memory.from_state(state, "last.")
    if memory is None:
        return None
    strength = float(state["strength"])
    style = Style(tuple(map(float, state["weights"])), None if np.isnan(strength) else strength)
    named = {name.removeprefix("scene."): value for name, value in state.items() if name.startswith("scene.")}
    scene = SceneStatistics.from_state(named, device)
    return Step(None, memory, style, scene, Memory.from_state(state, "first."))
