"""Registry of optimisers and what each declares.

A new optimiser is one file with an `ImageOptimizer` and one entry here. Importing this module does not import torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from impasto.registry import ImplementationRegistry, RegistryEntry

if TYPE_CHECKING:
    from torch import Tensor

    from impasto.optimize.optimizers.base import ImageOptimizer


@dataclass(frozen=True, kw_only=True)
class OptimizerEntry(RegistryEntry):
    """An optimiser: an `ImageOptimizer` class and what it declares.

    * ``label``: its name in messages.
    * ``settings``: fields of the recipe that its constructor takes, besides the image.
    * ``defaults``: fields that `make_recipe` changes when a preset is used with this optimiser instead of its own.
    * ``needs_fixed_objective``: the loss at a point must not change from step to step. This excludes ``hold``, several
      views, seamless textures and random losses.
    * ``carries_state``: its state can be resized and carried over to the next scale.
    * ``bytes_per_pixel``: memory for its state beyond that of Adam, which the plan counts for every run.
    """

    label: str
    settings: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    needs_fixed_objective: bool = False
    carries_state: bool = False
    bytes_per_pixel: int = 0

    def create(self, image: Tensor, settings: object) -> ImageOptimizer:
        """Return the optimiser of ``image`` (1,3,h,w) with the fields of ``settings`` (a recipe)."""
        optimizer: ImageOptimizer = self.load()(
            image, **{name: getattr(settings, name) for name in self.settings}
        )
        return optimizer


OPTIMIZERS: ImplementationRegistry[OptimizerEntry] = ImplementationRegistry(
    "optimiser",
    [
        OptimizerEntry(
            name="adam",
            implementation="impasto.optimize.optimizers.adam:Adam",
            label="Adam",
            settings=("betas", "pixel_units", "smooth_steps", "seamless"),
            carries_state=True,
        ),
        OptimizerEntry(
            name="lbfgs",
            implementation="impasto.optimize.optimizers.lbfgs:LBFGS",
            label="L-BFGS",
            # The first trial step of a line search is 1 (Nocedal & Wright 2006, section 3.1).
            defaults=MappingProxyType(
                {
                    "views": 1,
                    "learning_rate": 1.0,
                    "pixel_units": "unit",
                    "clamp": False,
                    "final_learning_rate_factor": 1.0,
                    "hold": False,
                }
            ),
            needs_fixed_objective=True,
            # 20 pairs of float32 differences (steps and gradients) of three channels.
            bytes_per_pixel=3 * 4 * 2 * 20,
        ),
    ],
)
