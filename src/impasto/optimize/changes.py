"""Changes to a run on its way: another strength or mix, from one step to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from impasto.errors import RecipeError
from impasto.optimize.job import Job
from impasto.optimize.mixing import check_mixing
from impasto.optimize.recipe import Recipe


def changed_job(
    job: Job, step: int, strength: float | None, mix: Sequence[float] | None
) -> tuple[Job, dict[str, Any]]:
    """Return the job with another strength or mix, and what changed at ``step``; nothing where all is as it was.

    Raises `RecipeError` for values that `Recipe` or the number of styles does not allow.
    """
    recipe, asked = job.plan.recipe, {"strength": strength, "mix": None if mix is None else tuple(mix)}
    asked = {name: value for name, value in asked.items() if value is not None}
    if asked.get("mix") == ():
        raise RecipeError("mix is empty; give one weight a style, or one for two styles.")
    changed = Recipe.make({**recipe.to_json(), **asked})
    added = {
        name: getattr(changed, name) for name in asked if getattr(changed, name) != getattr(recipe, name)
    }
    check_mixing(changed, len(job.styles), len(job.plan.scales))
    stored = {name: list(value) if isinstance(value, tuple) else value for name, value in added.items()}
    if not stored:
        return job, {}
    return replace(job, plan=replace(job.plan, recipe=changed)), {"step": step, **stored}
