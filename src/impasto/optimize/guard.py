"""Recovery from divergence: restore the last good state and continue with a smaller learning rate."""

from __future__ import annotations

import copy
import math
from typing import Any

import torch

from impasto.errors import DivergedError
from impasto.imaging.scratch import forget, large_copy, whole_or_bands
from impasto.optimize.state import RunState

SNAPSHOT_EVERY = 10
DIVERGENCE_RATIO = 1e3
MAX_RECOVERIES = 8
# Parts of the state that a recovery restores; random numbers, losses and changes go on.
SNAPSHOT_PARTS = ("image", "optimizer", "ema", "step", "steps_done", "content_gain", "sigmas")


class DivergenceGuard:
    """Checks the loss of every step and keeps a snapshot of the last good state of the current scale.

    A step has diverged if its loss or image is not finite, or if its loss exceeds `DIVERGENCE_RATIO` times the lowest
    loss of the scale. Each recovery halves the learning rate. `DivergedError` is raised after `MAX_RECOVERIES` of them
    in a run.
    """

    def __init__(self) -> None:
        self.lowest = math.inf
        self.recoveries = 0
        self._snapshot: dict[str, Any] | None = None

    def start_scale(self, state: RunState) -> None:
        """Reset the lowest loss and take the first snapshot."""
        self.lowest = math.inf
        self._take_snapshot(state)

    def accepts(self, state: RunState, loss: float) -> bool:
        """Return True unless the last step has diverged; ``loss`` is the loss before that step."""
        bands = whole_or_bands(state.image)
        finite = math.isfinite(loss) and all(_finite(state.image[:, :, first:last]) for first, last in bands)
        # The loss of a flat image in a flat style is 0; a ratio to it says nothing.
        if not finite or (self.lowest > 0 and loss > DIVERGENCE_RATIO * self.lowest):
            return False
        self.lowest = min(self.lowest, loss)
        return True

    def after_step(self, state: RunState) -> None:
        """Take a snapshot after every `SNAPSHOT_EVERY` good steps."""
        if state.step % SNAPSHOT_EVERY == 0:
            self._take_snapshot(state)

    def restore(self, state: RunState, loss: float) -> str:
        """Restore the last snapshot with half the learning rate; return a message for the user.

        ``loss`` is that of the step that has diverged. Raises `DivergedError` if it is the first loss of the run and
        not finite, which a smaller learning rate cannot change, and after too many recoveries.
        """
        if state.steps_done <= 1 and not self.recoveries and not math.isfinite(loss):
            raise DivergedError(
                "The very first loss is not a finite number; use --precision float32 or smaller weights."
            )
        self.recoveries += 1
        if self.recoveries > MAX_RECOVERIES or self._snapshot is None:
            raise DivergedError(
                f"The optimisation diverged {self.recoveries} times, last at step {state.steps_done}; "
                "use a smaller --learning-rate, or --precision float32."
            )
        failed = state.steps_done
        state.load_state_dict(_copied(self._snapshot))
        del state.losses[state.steps_done :]
        state.learning_rate_factor *= 0.5
        return (
            f"The optimisation diverged at step {failed}; "
            f"it continues from step {state.steps_done} with half the learning rate."
        )

    def state_dict(self) -> dict[str, Any]:
        """Return the state that a checkpoint stores."""
        return {"lowest": self.lowest, "recoveries": self.recoveries, "snapshot": self._snapshot}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what `state_dict` returned."""
        self.lowest, self.recoveries = state["lowest"], state["recoveries"]
        self._snapshot = state["snapshot"]

    def _take_snapshot(self, state: RunState) -> None:
        parts = state.state_dict()
        self._snapshot = None  # before the next one needs its room
        self._snapshot = {name: _copied(parts[name]) for name in SNAPSHOT_PARTS}


def _finite(rows: torch.Tensor) -> bool:
    finite = bool(torch.isfinite(rows).all())
    forget()
    return finite


def _copied(part: Any) -> Any:
    """Return a copy of a part of the state; large tensors are copied into files."""
    if isinstance(part, torch.Tensor):
        return large_copy(part)
    if isinstance(part, dict):
        return {name: _copied(value) for name, value in part.items()}
    return copy.deepcopy(part)
