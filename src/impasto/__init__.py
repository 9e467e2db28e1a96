"""impasto: a photograph and a painting in, a finished picture out.

>>> import impasto
>>> sorted(impasto.presets())
['d2l', 'gatys', 'impasto', 'mixed', 'wasserstein']
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from impasto._lazy import lazy_exports

if TYPE_CHECKING:
    from impasto.errors import ImpastoError
    from impasto.feedforward.stylizer import FastPainter, FastSettings, Painted, fast
    from impasto.imaging import Picture, PictureLike, read_picture, write_picture
    from impasto.metrics import Scores, judge
    from impasto.optimize import (
        Event,
        Painter,
        Plan,
        Recipe,
        Result,
        make_recipe,
        resume,
        stylize,
        stylize_events,
    )

__version__ = "0.1.0"


__all__ = [
    "Event",
    "FastPainter",
    "FastSettings",
    "ImpastoError",
    "Painted",
    "Painter",
    "Picture",
    "PictureLike",
    "Plan",
    "Recipe",
    "Result",
    "Scores",
    "__version__",
    "fast",
    "judge",
    "make_recipe",
    "presets",
    "read_picture",
    "resume",
    "stylize",
    "stylize_events",
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
        "guidance": ("Result",),
        "imaging": ("Picture", "PictureLike", "read_picture", "write_picture"),
        "metrics": ("Scores", "judge"),
        "feedforward.stylizer": ("FastPainter", "FastSettings", "Painted", "fast"),
        "optimize": (
            "Event",
            "Painter",
            "Plan",
            "Recipe",
            "make_recipe",
            "resume",
            "stylize",
            "stylize_events",
        ),
    },
)


def __dir__() -> list[str]:
    return __all__
