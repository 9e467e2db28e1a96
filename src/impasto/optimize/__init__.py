"""Painting by optimisation: recipe, plan, objective, engine, result.

Names are loaded when first used, so that recipes and presets can be read without torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from impasto.optimize.engine import Painter
    from impasto.optimize.events import (
        Balancing,
        Event,
        Finished,
        Preview,
        Recovered,
        ScaleDone,
        ScaleStarted,
        Started,
        Stepped,
    )
    from impasto.optimize.guides import Guides
    from impasto.optimize.job import Job
    from impasto.optimize.plan import Plan, ScalePlan
    from impasto.optimize.presets import PRESETS, Preset, make_recipe
    from impasto.optimize.recipe import Recipe
    from impasto.optimize.result import Result
    from impasto.optimize.run import open_job, plan_only, resume, stylize, stylize_events

_HOMES = {
    "engine": ("Painter",),
    "events": (
        "Balancing", "Event", "Finished", "Preview", "Recovered", "ScaleDone", "ScaleStarted", "Started", "Stepped"
    ),
    "guides": ("Guides",),
    "job": ("Job",),
    "plan": ("Plan", "ScalePlan"),
    "presets": ("PRESETS", "Preset", "make_recipe"),
    "recipe": ("Recipe",),
    "result": ("Result",),
    "run": ("open_job", "plan_only", "resume", "stylize", "stylize_events"),
}  # fmt: skip
_WHERE = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "PRESETS",
    "Balancing",
    "Event",
    "Finished",
    "Guides",
    "Job",
    "Painter",
    "Plan",
    "Preset",
    "Preview",
    "Recipe",
    "Recovered",
    "Result",
    "ScaleDone",
    "ScalePlan",
    "ScaleStarted",
    "Started",
    "Stepped",
    "make_recipe",
    "open_job",
    "plan_only",
    "resume",
    "stylize",
    "stylize_events",
]


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(importlib.import_module(f"impasto.optimize.{_WHERE[name]}"), name)
    raise AttributeError(f"module 'impasto.optimize' has no attribute '{name}'")
