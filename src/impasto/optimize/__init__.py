"""Painting by optimisation: recipe, plan, objective, engine, result.

Names are loaded when first used, so that recipes and presets can be read without torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from impasto._lazy import lazy_exports

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
    from impasto.optimize.job import Job
    from impasto.optimize.memory import ScalePlan
    from impasto.optimize.optimizers.registry import OPTIMIZERS, OptimizerEntry
    from impasto.optimize.plan import Plan
    from impasto.optimize.preset import Preset
    from impasto.optimize.presets import PRESETS, make_recipe
    from impasto.optimize.recipe import Recipe
    from impasto.optimize.run import open_job, plan_only
    from impasto.optimize.terms import DEFAULT_TERMS, ScaleInputs, TermFactory


__all__ = [
    "DEFAULT_TERMS",
    "OPTIMIZERS",
    "PRESETS",
    "Balancing",
    "Event",
    "Finished",
    "Job",
    "OptimizerEntry",
    "Painter",
    "Plan",
    "Preset",
    "Preview",
    "Recipe",
    "Recovered",
    "ScaleDone",
    "ScaleInputs",
    "ScalePlan",
    "ScaleStarted",
    "Started",
    "Stepped",
    "TermFactory",
    "make_recipe",
    "open_job",
    "plan_only",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "engine": ("Painter",),
        "events": (
            "Balancing",
            "Event",
            "Finished",
            "Preview",
            "Recovered",
            "ScaleDone",
            "ScaleStarted",
            "Started",
            "Stepped",
        ),
        "job": ("Job",),
        "optimizers.registry": ("OPTIMIZERS", "OptimizerEntry"),
        "plan": ("Plan", "ScalePlan"),
        "preset": ("Preset",),
        "presets": ("PRESETS", "make_recipe"),
        "recipe": ("Recipe",),
        "run": ("open_job", "plan_only"),
        "terms": ("DEFAULT_TERMS", "ScaleInputs", "TermFactory"),
    },
)
