"""Changes of strength or mix during a run."""

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
    """Return the job with another strength or mix, and a record of the change at ``step``, empty if nothing changed.

    Raises `RecipeError` for values that `Recipe` or the number of styles does not allow.
    """
    recipe = job.plan.recipe
    requested = {"strength": strength, "mix": None if mix is None else tuple(mix)}
    requested = {name: value for name, value in requested.items() if value is not None}
    if requested.get("mix") == ():
        raise RecipeError("mix is empty; give one weight per style, or one weight for two styles.")
    changed = Recipe.make({**recipe.to_json(), **requested})
    changes = {
        name: getattr(changed, name) for name in requested if getattr(changed, name) != getattr(recipe, name)
    }
    check_mixing(changed, len(job.pictures.full.styles), len(job.plan.scales))
    record = {name: list(value) if isinstance(value, tuple) else value for name, value in changes.items()}
    if not record:
        return job, {}
    changed_plan = replace(job.plan, recipe=changed)
    return replace(job, plan=changed_plan, start_recipe=job.first_recipe), {"step": step, **record}
