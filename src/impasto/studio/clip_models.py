"""Bodies of requests and responses of the clips' routes."""

from __future__ import annotations

from pydantic import BaseModel, Field, model_validator

from impasto.studio.clip_settings import ClipSettings
from impasto.studio.models import Id, JobBody


class ClipDetails(BaseModel):
    """An uploaded clip; width and height are those of the upright frames.

    ``frames`` and ``seconds`` are what is really in the file, ``fps`` is their ratio. ``notes`` say what is wrong with
    the file, such as that it is cut off.
    """

    id: Id
    name: str
    width: int
    height: int
    bytes: int
    seconds: float
    frames: int
    fps: float
    sound: bool
    codec: str
    notes: list[str]
    posters: list[str] = Field(
        description="Addresses of frames along the clip, the first one first, relative to the studio's."
    )


class ClipJobBody(JobBody):
    """A clip to paint. Of the recipe, the method fast takes strength, stroke, colors, mix, size and seed only."""

    content: Id = Field(description="Id of the clip.")
    trained: str | None = Field(
        None, max_length=100, description="Name of a trained style of /api/info, instead of styles."
    )
    clip: ClipSettings = Field(default_factory=lambda: ClipSettings.model_validate({}))

    @model_validator(mode="after")
    def _one_kind(self) -> ClipJobBody:
        if bool(self.styles) == (self.trained is not None):
            raise ValueError("give either styles or the name of a trained style")
        return self


class ClipPlanInfo(BaseModel):
    """What a clip's job would need: ``frames`` is 0 if unknown, ``disk_bytes`` an estimate of what is written.

    ``duration`` is that of the painted part; ``seconds`` is how long the painting takes, learned from finished clips.
    """

    width: int
    height: int
    frames: int
    fps: float
    duration: float
    seconds: float
    disk_bytes: int
    free_bytes: int
    fits: bool
