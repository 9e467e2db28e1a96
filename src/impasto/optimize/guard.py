"""Recovery from divergence: restore the last good state and continue with a smaller learning rate."""

from __future__ import annotations

import copy
import math
from typing import Any

import torch

from impasto.errors import DivergedError
from impasto.optimize.state import RunState

SNAPSHOT_EVERY = 10
DIVERGENCE_RATIO = 1e3
MAX_RECOVERIES = 8


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
        """Return whether the step that began with ``loss`` has not diverged."""
        finite = math.isfinite(loss) and bool(torch.isfinite(state.image).all())
        # The loss of a flat image in a flat style is 0; a ratio to it says nothing.
        if not finite or (self.lowest > 0 and loss > DIVERGENCE_RATIO * self.lowest):
            return False
        self.lowest = min(self.lowest, loss)
        return True

    def after_step(self, state: RunState) -> None:
        """Take a snapshot after every `SNAPSHOT_EVERY` good steps."""
        if state.step % SNAPSHOT_EVERY == 0:
            self._take_snapshot(state)

    def restore(self, state: RunState) -> str:
        """Restore the last snapshot with half the learning rate; return a message for the user.

        Raises `DivergedError` after too many recoveries.
        """
        self.recoveries += 1
        if self.recoveries > MAX_RECOVERIES or self._snapshot is None:
            raise DivergedError(
                f"The optimisation diverged {self.recoveries} times, last at step {state.total}; "
                "use a smaller --learning-rate, or --precision float32."
            )
        failed = state.total
        saved = copy.deepcopy(self._snapshot)
        with torch.no_grad():
            state.image.copy_(saved["image"])
        state.optimizer.load_state_dict(saved["optimizer"])
        state.ema.load_state_dict(saved["ema"])
        state.step, state.total, state.gain = saved["step"], saved["total"], saved["gain"]
        state.sigmas = saved["sigmas"]
        del state.losses[state.total :]
        state.learning_rate_factor *= 0.5
        return (
            f"The optimisation diverged at step {failed}; "
            f"it continues from step {state.total} with half the learning rate."
        )

    def state_dict(self) -> dict[str, Any]:
        """Return the state that a checkpoint stores."""
        return {"lowest": self.lowest, "recoveries": self.recoveries, "snapshot": self._snapshot}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what `state_dict` returned."""
        self.lowest, self.recoveries, self._snapshot = (
            state["lowest"],
            state["recoveries"],
            state["snapshot"],
        )

    def _take_snapshot(self, state: RunState) -> None:
        self._snapshot = copy.deepcopy(
            {
                "image": state.image.detach(),
                "optimizer": state.optimizer.state_dict(),
                "ema": state.ema.state_dict(),
                "step": state.step,
                "total": state.total,
                "gain": state.gain,
                "sigmas": state.sigmas,
            }
        )
