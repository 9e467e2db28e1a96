"""impasto: a photograph and a painting in, a finished picture out.

>>> import impasto
>>> sorted(impasto.presets())
['d2l', 'gatys', 'impasto', 'mixed', 'wasserstein']
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from impasto.errors import ImpastoError
    from impasto.imaging import Picture, PictureLike, read_picture, write_picture
    from impasto.metrics import Scores, judge
    from impasto.networks.run.fast import FastPainter, FastSettings, Painted, fast
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

_HOMES = {
    "errors": ("ImpastoError",),
    "imaging": ("Picture", "PictureLike", "read_picture", "write_picture"),
    "metrics": ("Scores", "judge"),
    "networks.run.fast": ("FastPainter", "FastSettings", "Painted", "fast"),
    "optimize": (
        "Event", "Painter", "Plan", "Recipe", "Result", "make_recipe", "resume", "stylize",
        "stylize_events"
    ),
}  # fmt: skip
_WHERE = {name: home for home, names in _HOMES.items() for name in names}

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


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(importlib.import_module(f"impasto.{_WHERE[name]}"), name)
    raise AttributeError(f"module 'impasto' has no attribute '{name}'")


def __dir__() -> list[str]:
    return __all__
