"""A studio job: its settings and its progress."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

JobState = Literal["queued", "running", "paused", "done", "stopped", "failed"]
StopRequest = Literal["pause", "cancel", "keep"]
ENDED = ("done", "stopped", "failed")
ACTIVE = ("queued", "running", "paused")
MAX_LOSSES = 200


@dataclass
class StudioJob:
    """One picture or clip to paint.

    ``recipe`` holds every field of `Recipe`; pictures appear as ids everywhere. ``rank`` orders the queue.
    ``stop_request`` is what the worker should do with the job at its next step. ``crashes`` counts worker crashes on
    this job since it last passed step ``crash_step``. ``preview_number`` is the event number of the newest preview.
    ``words`` is the text that a search looks through. ``trained`` names the network of an instant style. ``deleted`` is
    when the job was put in the trash. ``clip`` holds the fields of `ClipSettings` where ``content`` is a clip. Its
    steps are frames, of which ``speed`` are painted a second.
    """

    id: str
    recipe: dict[str, Any]
    guides: dict[str, Any]
    content: str | None
    styles: list[str]
    created: float
    rank: float
    state: JobState = "queued"
    ended: float | None = None
    step: int = 0
    steps: int | None = None
    scale: tuple[int, int] | None = None
    loss: float | None = None
    seconds_left: float | None = None
    error: str | None = None
    has_picture: bool = False
    bytes: int = 0
    stop_request: StopRequest | None = None
    crashes: int = 0
    losses: list[tuple[int, float]] = field(default_factory=list)
    name: str = ""
    words: str = ""
    favourite: bool = False
    one_pass: bool = False
    trained: str | None = None
    deleted: float | None = None
    clip: dict[str, Any] | None = None
    speed: float | None = None
    seq: int = 0
    preview_number: int = 0
    crash_step: int = 0

    @property
    def pictures(self) -> set[str]:
        """The ids of all pictures that the job reads."""
        ids = {self.content, *self.styles, self.recipe.get("start_picture")}
        for value in self.guides.values():
            ids |= set(value) if isinstance(value, list) else {value}
        return {picture_id for picture_id in ids if picture_id}

    def to_json(self, position: int | None) -> dict[str, Any]:
        """Return the job for clients; ``position`` is its place in the queue."""
        return {
            "id": self.id,
            "name": self.name,
            "favourite": self.favourite,
            "one_pass": self.one_pass,
            "trained": self.trained,
            "clip": self.clip,
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
            "speed": finite(self.speed),
            "error": self.error,
            "has_picture": self.has_picture,
            "thumb": f"api/jobs/{self.id}/picture?size=256" if self.has_picture else None,
        }

    def progress_json(self) -> dict[str, Any]:
        """Return the data of the event ``step``."""
        return {
            "step": self.step,
            "steps": self.steps,
            "loss": finite(self.loss),
            "scale": None if self.scale is None else list(self.scale),
            "seconds_left": finite(self.seconds_left),
            "speed": finite(self.speed),
        }

    def record_loss(self, loss: float) -> None:
        """Record the loss of the current step; at most about `MAX_LOSSES` steps of a job are recorded."""
        interval = max(1, math.ceil((self.steps or 1) / MAX_LOSSES))
        while self.losses and self.losses[-1][0] >= self.step:  # steps that are repeated after a resume
            self.losses.pop()
        if math.isfinite(loss) and (not self.losses or self.step >= self.losses[-1][0] + interval):
            self.losses.append((self.step, loss))


def finite(value: float | None) -> float | None:
    """Return ``value``, or None where JSON cannot represent it."""
    return value if value is not None and math.isfinite(value) else None
