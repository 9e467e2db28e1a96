"""L-BFGS for one image."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from impasto.optimize.optimizers.base import Evaluation, ImageOptimizer

HISTORY = 20
MAX_EVALUATIONS = 25
# Evaluations that are kept for a line search that returns to one of its points.
CACHED_EVALUATIONS = 3


class LBFGS(ImageOptimizer):
    """torch.optim.LBFGS with a strong Wolfe line search and one iteration per step.

    torch evaluates the point that a line search ended on again at the next step. The last evaluations are cached, so
    it costs nothing.
    """

    def __init__(self, image: Tensor) -> None:
        self.image = image
        self._optimizer = _optimizer(image)
        self._cache: deque[tuple[Tensor, Tensor, Evaluation]] = deque(maxlen=CACHED_EVALUATIONS)

    def step(self, evaluate: Callable[[], Evaluation], learning_rate: float) -> Evaluation:
        """Take one step and return the evaluation before it; see `ImageOptimizer`."""
        self._optimizer.param_groups[0]["lr"] = learning_rate
        evaluations: list[Evaluation] = []

        def closure() -> Tensor:
            evaluation = self._cached(evaluate)
            if not evaluations:
                evaluations.append(evaluation)
            return evaluation[0]

        self._optimizer.step(closure)  # type: ignore[no-untyped-call]
        return evaluations[0]

    def objective_changed(self) -> None:
        """Start again without history: the curvature belongs to the objective so far."""
        self._optimizer = _optimizer(self.image)
        self._cache.clear()

    def state_dict(self) -> dict[str, Any]:
        """Return torch's state."""
        return dict(self._optimizer.state_dict())

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what `state_dict` returned."""
        self._optimizer.load_state_dict(state)
        self._cache.clear()

    def _cached(self, evaluate: Callable[[], Evaluation]) -> Evaluation:
        """Return the evaluation at the image and set its gradient."""
        for point, gradient, evaluation in self._cache:
            if torch.equal(point, self.image):
                self.image.grad = gradient.clone()
                return evaluation
        evaluation = evaluate()
        if self.image.grad is not None:
            self._cache.append((self.image.detach().clone(), self.image.grad.clone(), evaluation))
        return evaluation


def _optimizer(image: Tensor) -> torch.optim.LBFGS:
    return torch.optim.LBFGS(
        [image],
        lr=1.0,
        max_iter=1,
        max_eval=MAX_EVALUATIONS,
        history_size=HISTORY,
        tolerance_grad=0,
        tolerance_change=0,
        line_search_fn="strong_wolfe",
    )
