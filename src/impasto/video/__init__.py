"""Clips in, painted clips out: reading, painting by a `FramePainter`, writing in segments, sound kept.

PyAV and OpenCV (the extra ``video``) are imported on first use. Nothing here imports torch before a frame is painted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from impasto._lazy import lazy_exports

if TYPE_CHECKING:
    from impasto.video.api import paint_video, video_frames
    from impasto.video.frame import FramePainter, PainterState, VideoFrame
    from impasto.video.run import ClipStarted, ClipWritten, FramePainted, VideoEvent, VideoRun
    from impasto.video.schedules import Schedule, style_weights_at, value_at
    from impasto.video.settings import METHODS, VideoSettings

__all__ = [
    "METHODS",
    "ClipStarted",
    "ClipWritten",
    "FramePainted",
    "FramePainter",
    "PainterState",
    "Schedule",
    "VideoEvent",
    "VideoFrame",
    "VideoRun",
    "VideoSettings",
    "paint_video",
    "style_weights_at",
    "value_at",
    "video_frames",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "api": ("paint_video", "video_frames"),
        "frame": ("FramePainter", "PainterState", "VideoFrame"),
        "run": ("ClipStarted", "ClipWritten", "FramePainted", "VideoEvent", "VideoRun"),
        "schedules": ("Schedule", "style_weights_at", "value_at"),
        "settings": ("METHODS", "VideoSettings"),
    },
)


def __dir__() -> list[str]:
    return __all__
