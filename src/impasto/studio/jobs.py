"""A job: what was asked for, and how far it is."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

State = Literal["queued", "running", "paused", "done", "stopped", "failed"]
Leaving = Literal["pause", "cancel", "keep"]
ENDED = ("done", "stopped", "failed")
ACTIVE = ("queued", "running", "paused")
MOST_LOSSES = 200


@dataclass
class StudioJob:
    """One picture to paint.

    ``recipe`` holds every field of `Recipe`; pictures are ids everywhere. ``rank`` orders the queue. ``wish`` is
    how the job is to be left as soon as a process can. ``deaths`` counts the processes that died of it without
    getting past step ``died_at``; ``preview_number`` is that of the newest preview.
    """

    id: str
    recipe: dict[str, Any]
    guides: dict[str, Any]
    content: str | None
    styles: list[str]
    created: float
    rank: float
    state: State = "queued"
    ended: float | None = None
    step: int = 0
    steps: int | None = None
    scale: tuple[int, int] | None = None
    loss: float | None = None
    seconds_left: float | None = None
    error: str | None = None
    has_picture: bool = False
    bytes: int = 0
    wish: Leaving | None = None
    deaths: int = 0
    losses: list[tuple[int, float]] = field(default_factory=list)
    seq: int = 0
    preview_number: int = 0
    died_at: int = 0

    @property
    def pictures(self) -> set[str]:
        """The ids of every picture that the job reads."""
        found = {self.content, *self.styles, self.recipe.get("start_picture")}
        for value in self.guides.values():
            found |= set(value) if isinstance(value, list) else {value}
        return {one for one in found if one}

    def public(self, position: int | None) -> dict[str, Any]:
        """Return the job as clients see it."""
        return {
            "id": self.id,
            "state": self.state,
            "position": position,
            "created": datetime.fromtimestamp(self.created, UTC).isoformat(timespec="milliseconds"),
            "recipe": self.recipe,
            "guides": self.guides,
            "content": self.content,
            "styles": self.styles,
            "step": self.step,
            "steps": self.steps,
            "scale": None if self.scale is None else list(self.scale),
            "loss": finite(self.loss),
            "seconds_left": finite(self.seconds_left),
            "error": self.error,
            "has_picture": self.has_picture,
            "thumb": f"/api/jobs/{self.id}/picture?size=256" if self.has_picture else None,
        }

    def step_json(self) -> dict[str, Any]:
        """Return how far the job is, as the event ``step`` has it."""
        return {
            "step": self.step,
            "steps": self.steps,
            "loss": finite(self.loss),
            "scale": None if self.scale is None else list(self.scale),
            "seconds_left": finite(self.seconds_left),
        }

    def note_loss(self, loss: float) -> None:
        """Remember the loss of the current step, of some `MOST_LOSSES` steps in all."""
        apart = max(1, math.ceil((self.steps or 1) / MOST_LOSSES))
        while self.losses and self.losses[-1][0] >= self.step:  # steps that are painted again
            self.losses.pop()
        if math.isfinite(loss) and (not self.losses or self.step >= self.losses[-1][0] + apart):
            self.losses.append((self.step, loss))


def finite(value: float | None) -> float | None:
    """Return ``value``, or None where JSON has no word for it."""
    return value if value is not None and math.isfinite(value) else None
