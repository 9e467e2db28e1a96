"""The method `optimize`: every frame optimised in a few steps, from the last painted frame moved along the flow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from impasto.feedforward.pretrained import LIVE_NETWORK
from impasto.video.calm import Followed, Memory
from impasto.video.fast import FastPainter
from impasto.video.flow import in_colors
from impasto.video.frame import Pixels, VideoFrame
from impasto.video.one_pass import Style
from impasto.video.optimised import FrameOptimiser

if TYPE_CHECKING:
    from impasto.imaging import PictureLike
    from impasto.video.settings import VideoSettings

# Steps of a frame that continues another one, and of the first frame of a scene.
STEPS, FIRST_STEPS = 6, 24
# Weight of what is carried on where its motion can be trusted: less than in `fast`, because the optimiser itself stays
# close to it.
CARRIED = 0.7


class OptimizePainter(FastPainter):
    """Paints as `FastPainter` does, and optimises every frame from the joined picture.

    What cannot be carried on starts from the one-pass picture. Besides the terms of a painting, the objective has a
    `TemporalTerm`.
    """

    def __init__(self, settings: VideoSettings, styles: Sequence[PictureLike]) -> None:
        super().__init__(settings.model_copy(update={"network": LIVE_NETWORK}), styles)
        self.optimiser = FrameOptimiser(settings, styles)

    def start(self, frame: VideoFrame, alone: Pixels, style: Style) -> Memory:
        """Return the memory of the first frame of a scene."""
        steps = max(FIRST_STEPS, self.settings.steps or 0)
        return self.calm.start(frame.pixels, self.optimiser.paint(frame, style, alone, steps))

    def merge(self, followed: Followed, frame: VideoFrame, alone: Pixels, style: Style) -> Memory:
        """Return the memory of a frame that follows another one of its scene."""
        trust = self.calm.weight * followed.track.trust
        start = alone + in_colors(trust) * (followed.carried - alone)
        steps = self.settings.steps or STEPS
        painted = self.optimiser.paint(frame, style, start.clip(0, 1), steps, (followed.carried, trust))
        return self.calm.merge(followed, painted, CARRIED)
