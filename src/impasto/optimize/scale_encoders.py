"""The encoders of a run: one for the composition, and possibly another one for the scales that only add detail."""

from __future__ import annotations

from dataclasses import dataclass

from impasto.encoders import Encoder
from impasto.optimize.recipe import Recipe


@dataclass(frozen=True)
class ScaleEncoders:
    """The encoder of a run, and ``fine``, the one at scales above the base size; None if it is the same.

    ``speed`` and ``fine_speed`` are multiply-adds per second of their gradients.
    """

    main: Encoder
    speed: float = 1.0
    fine: Encoder | None = None
    fine_speed: float = 1.0

    @property
    def all(self) -> tuple[Encoder, ...]:
        """Every encoder once."""
        return (self.main,) if self.fine is None else (self.main, self.fine)

    def at(self, recipe: Recipe, side: int) -> Encoder:
        """Return the encoder of the scale whose longer side is ``side``."""
        return self.fine if self.fine is not None and _is_fine(recipe, side) else self.main

    def speed_at(self, recipe: Recipe, side: int) -> float:
        """Return the speed of the encoder of that scale."""
        return self.fine_speed if self.at(recipe, side) is self.fine else self.speed


def needs_fine(recipe: Recipe) -> bool:
    """Return whether a run has scales at which another encoder than the recipe's compares features."""
    return recipe.fine_encoder not in (None, recipe.encoder) and _is_fine(recipe, recipe.side)


def fine_recipe(recipe: Recipe) -> Recipe:
    """Return the recipe with ``fine_encoder`` as its encoder, which has no weights file or adjustments."""
    changes = {"encoder": recipe.fine_encoder, "weights": None}
    return recipe.model_copy(update={**changes, "pooling": None, "rescale_pooling": None, "padding": None})


def _is_fine(recipe: Recipe, side: int) -> bool:
    return recipe.base is not None and side > recipe.base
