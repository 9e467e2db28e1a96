"""Optimisers for one image.

Names are imported when first used, so that the registry can be read without torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from impasto._lazy import lazy_exports

if TYPE_CHECKING:
    from impasto.optimize.optimizers.adam import Adam
    from impasto.optimize.optimizers.base import Evaluation, ImageOptimizer
    from impasto.optimize.optimizers.lbfgs import LBFGS
    from impasto.optimize.optimizers.registry import OPTIMIZERS, OptimizerEntry

__all__ = ["LBFGS", "OPTIMIZERS", "Adam", "Evaluation", "ImageOptimizer", "OptimizerEntry"]

__getattr__ = lazy_exports(
    __name__,
    {
        "adam": ("Adam",),
        "base": ("Evaluation", "ImageOptimizer"),
        "lbfgs": ("LBFGS",),
        "registry": ("OPTIMIZERS", "OptimizerEntry"),
    },
)
