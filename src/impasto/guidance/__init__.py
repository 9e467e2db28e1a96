"""Masks, regions, colours, strength and results, shared by optimisation and one-pass networks.

Names are imported when first used, so that the command line can list options without torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from impasto._lazy import lazy_exports

if TYPE_CHECKING:
    from impasto.guidance.finish import ColorSettings, Finish, Protection, prepare_colors
    from impasto.guidance.guides import Guides, Patch, Placement, place
    from impasto.guidance.result import Result
    from impasto.guidance.strength import (
        calibrated_strength,
        check_strength,
        content_distance,
        content_factor,
    )

__all__ = [
    "ColorSettings",
    "Finish",
    "Guides",
    "Patch",
    "Placement",
    "Protection",
    "Result",
    "calibrated_strength",
    "check_strength",
    "content_distance",
    "content_factor",
    "place",
    "prepare_colors",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "finish": ("ColorSettings", "Finish", "Protection", "prepare_colors"),
        "guides": ("Guides", "Patch", "Placement", "place"),
        "result": ("Result",),
        "strength": ("calibrated_strength", "check_strength", "content_distance", "content_factor"),
    },
)
