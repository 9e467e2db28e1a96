"""Masks, regions, colours, strength and results, shared by optimisation and one-pass networks.

Names are imported when first used, so that the command line can list options without torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from impasto._lazy import lazy_exports

if TYPE_CHECKING:
    from impasto.guidance.finish import ColorSettings, Protection, RestoreContent, prepare_colors
    from impasto.guidance.guides import Guides
    from impasto.guidance.placement import Placement, StyleRegion, place_styles
    from impasto.guidance.result import Result
    from impasto.guidance.strength import (
        calibrated_strength,
        check_strength,
        content_distance,
        content_factor,
    )

__all__ = [
    "ColorSettings",
    "Guides",
    "Placement",
    "Protection",
    "RestoreContent",
    "Result",
    "StyleRegion",
    "calibrated_strength",
    "check_strength",
    "content_distance",
    "content_factor",
    "place_styles",
    "prepare_colors",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "finish": ("ColorSettings", "RestoreContent", "Protection", "prepare_colors"),
        "guides": ("Guides",),
        "placement": ("Placement", "StyleRegion", "place_styles"),
        "result": ("Result",),
        "strength": ("calibrated_strength", "check_strength", "content_distance", "content_factor"),
    },
)
