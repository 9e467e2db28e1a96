"""Every study by name, one line each; a study is one file of this package that defines ``STUDY``."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from impasto.errors import RecipeError, unknown
from impasto.lab.study import Study

from . import (
    alpha_beta_by_layer,
    content_reconstruction,
    encoders,
    finetune_scopes,
    finetune_vgg,
    gamma_sweep,
    losses,
    optimised_or_trained,
    optimisers,
    reproducibility,
    style_reconstruction,
    two_resolutions,
)

STUDIES: Mapping[str, Study] = MappingProxyType(
    {
        module.STUDY.name: module.STUDY
        for module in (
            content_reconstruction,
            style_reconstruction,
            alpha_beta_by_layer,
            gamma_sweep,
            two_resolutions,
            losses,
            optimisers,
            encoders,
            optimised_or_trained,
            finetune_scopes,
            finetune_vgg,
            reproducibility,
        )
    }
)


def find_study(name: str) -> Study:
    """Return the study called ``name``; raises `RecipeError` with the names there are."""
    if name not in STUDIES:
        raise RecipeError(unknown("study", name, STUDIES))
    return STUDIES[name]
