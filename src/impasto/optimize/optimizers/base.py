"""Interface between the engine and an optimiser of one image."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from torch import Tensor

Evaluation = tuple[Tensor, dict[str, float]]
"""The loss at the current image, a detached scalar, and its weighted terms by name."""


class ImageOptimizer(ABC):
    """Minimises a loss over the pixels of ``image`` (1,3,h,w), which it changes in place."""

    image: Tensor

    @abstractmethod
    def step(self, evaluate: Callable[[], Evaluation], learning_rate: float) -> Evaluation:
        """Take one step and return the evaluation before it.

        ``evaluate`` evaluates the loss at the current image and sets the image's gradient.
        """

    @abstractmethod
    def state_dict(self) -> dict[str, Any]:
        """Return the live state, like a torch optimiser: copy it before the next step changes it."""

    @abstractmethod
    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what `state_dict` returned."""

    def carry_from(self, other: ImageOptimizer) -> None:
        """Take over the state of ``other``, an optimiser of the same kind for an image of another size.

        Called only for optimisers whose registry entry says ``carries_state``.
        """
        raise NotImplementedError(f"{type(self).__name__} does not carry its state over.")

    def objective_changed(self) -> None:  # noqa: B027 (most optimisers keep their state)
        """Drop state that belongs to the objective so far; called when the user changes the objective."""
