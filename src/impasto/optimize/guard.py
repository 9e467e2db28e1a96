"""Watches the loss: on NaN or divergence the run goes back to its last good state with a smaller rate."""

from __future__ import annotations

import copy
import math
from typing import Any

import torch

from impasto.errors import DivergedError
from impasto.optimize.state import RunState

SNAPSHOT_EVERY = 10
RUNAWAY = 1e3
MAX_RECOVERIES = 8


class DivergenceGuard:
    """Keeps a copy of the last good state of one scale and restores it when the loss goes wrong.

    A loss is wrong when it is not finite or exceeds `RUNAWAY` times the best of the scale. Each recovery halves
    the rate; after `MAX_RECOVERIES` in a run `DivergedError` is raised.
    """

    def __init__(self) -> None:
        self.best = math.inf
        self.recoveries = 0
        self._copy: dict[str, Any] | None = None

    def start_scale(self, state: RunState) -> None:
        """Forget the last scale's losses and take the first copy."""
        self.best = math.inf
        self._take(state)

    def accepts(self, state: RunState, loss: float) -> bool:
        """Return whether the step that ended with ``loss`` is good."""
        finite = math.isfinite(loss) and bool(torch.isfinite(state.image).all())
        # A flat picture in a flat style starts at a loss of 0, which no factor can exceed sensibly.
        if not finite or (self.best > 0 and loss > RUNAWAY * self.best):
            return False
        self.best = min(self.best, loss)
        return True

    def keep(self, state: RunState) -> None:
        """Copy the state after a good step, now and then."""
        if state.step % SNAPSHOT_EVERY == 0:
            self._take(state)

    def restore(self, state: RunState) -> str:
        """Put the last good state back with half the rate; return the sentence to say. Raises `DivergedError`."""
        self.recoveries += 1
        if self.recoveries > MAX_RECOVERIES or self._copy is None:
            raise DivergedError(
                f"The optimisation diverged {self.recoveries} times, last at step {state.total}; "
                "use a smaller --learning-rate, or --precision float32."
            )
        failed = state.total
        saved = copy.deepcopy(self._copy)
        with torch.no_grad():
            state.image.copy_(saved["image"])
        state.optimizer.load_state_dict(saved["optimizer"])
        state.average.load(saved["average"])
        state.step, state.total, state.gain = saved["step"], saved["total"], saved["gain"]
        state.sigmas = saved["sigmas"]
        del state.losses[state.total :]
        state.rate_factor *= 0.5
        return (
            f"The loss stopped being finite or ran away at step {failed}; "
            f"went back to step {state.total} and halved the learning rate."
        )

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint needs."""
        return {"best": self.best, "recoveries": self.recoveries, "copy": self._copy}

    def load(self, state: dict[str, Any]) -> None:
        """Take back what `state` returned."""
        self.best, self.recoveries, self._copy = state["best"], state["recoveries"], state["copy"]

    def _take(self, state: RunState) -> None:
        self._copy = copy.deepcopy(
            {
                "image": state.image.detach(),
                "optimizer": state.optimizer.state_dict(),
                "average": state.average.state(),
                "step": state.step,
                "total": state.total,
                "gain": state.gain,
                "sigmas": state.sigmas,
            }
        )
