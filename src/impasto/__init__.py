"""impasto: a photograph and a painting in, a finished picture out.

>>> import impasto
>>> "gatys" in impasto.presets()
True
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from impasto._lazy import lazy_exports

if TYPE_CHECKING:
    from impasto.errors import ImpastoError
    from impasto.feedforward.settings import OnePassSettings
    from impasto.feedforward.stylizer import Stylizer, fast
    from impasto.guidance import Guides, Result
    from impasto.imaging import Picture, PictureLike, read_picture, write_picture
    from impasto.metrics import Scores, judge
    from impasto.optimize import Event, Painter, Plan, Recipe, make_recipe
    from impasto.painting import replay, resume, stylize, stylize_events
    from impasto.video import paint_video, video_frames

__version__ = "0.1.0"


__all__ = [
    "Event",
    "Guides",
    "ImpastoError",
    "OnePassSettings",
    "Painter",
    "Picture",
    "PictureLike",
    "Plan",
    "Recipe",
    "Result",
    "Scores",
    "Stylizer",
    "__version__",
    "fast",
    "judge",
    "make_recipe",
    "paint_video",
    "presets",
    "read_picture",
    "replay",
    "resume",
    "stylize",
    "stylize_events",
    "video_frames",
    "write_picture",
]


def presets() -> dict[str, str]:
    """Return the names of the presets and what each is, in one line."""
    from impasto.optimize.presets import PRESETS

    return {name: preset.summary for name, preset in PRESETS.items()}


__getattr__ = lazy_exports(
    __name__,
    {
        "errors": ("ImpastoError",),
        "guidance": ("Guides", "Result"),
        "imaging": ("Picture", "PictureLike", "read_picture", "write_picture"),
        "metrics": ("Scores", "judge"),
        "feedforward.settings": ("OnePassSettings",),
        "feedforward.stylizer": ("Stylizer", "fast"),
        "optimize": ("Event", "Painter", "Plan", "Recipe", "make_recipe"),
        "painting": ("replay", "resume", "stylize", "stylize_events"),
        "video": ("paint_video", "video_frames"),
    },
)


def __dir__() -> list[str]:
    return __all__
