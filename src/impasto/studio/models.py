"""What goes in and out over HTTP, as the OpenAPI document shows it."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from impasto.studio.folder import ID

WORDS = ("left", "right", "top", "bottom", "centre")
MOST_STYLES = 64
# The longest side that is painted in one pass while a client waits.
MOST_FAST = 4096

Id = Annotated[str, Field(pattern=ID, description="Id of a picture or job: 32 hexadecimal digits.")]
Place = Annotated[
    str,
    Field(
        pattern=rf"{ID}|^({'|'.join(WORDS)})$",
        description=f"Id of a grey picture, white = here, or one of {', '.join(WORDS)}.",
    ),
]
Share = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
Styles = Annotated[list[Id], Field(max_length=MOST_STYLES, description="Ids of the style pictures.")]
State = Literal["queued", "running", "paused", "done", "stopped", "failed"]


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Problem(BaseModel):
    """Why a request was not granted, in one sentence."""

    error: str


class PictureInfo(BaseModel):
    """A picture that was sent; width and height are those of the upright picture."""

    id: Id
    width: int
    height: int
    name: str
    alpha: bool


class GuidesBody(_Input):
    """Where styles go. One mask a style, or one fewer: the last style then gets the rest."""

    masks: Annotated[list[Place], Field(max_length=MOST_STYLES)] | None = None
    style_masks: Annotated[list[Place], Field(max_length=MOST_STYLES)] | None = None
    regions: Id | None = None
    style_regions: Annotated[list[Id], Field(max_length=MOST_STYLES)] | None = None
    protect: Place | None = None

    def ids(self) -> dict[str, Any]:
        """Return those that are given."""
        return {name: value for name, value in self.model_dump().items() if value}


class JobBody(_Input):
    """A picture to paint: without a photograph a texture, without styles a reconstruction."""

    content: Id | None = Field(None, description="Id of the photograph.")
    styles: Styles = Field(default_factory=list)
    recipe: dict[str, Any] = Field(
        default_factory=dict,
        max_length=200,
        description="Fields of Recipe that differ from the preset's, see recipe_schema of /api/info; "
        "start_picture is an id.",
    )
    guides: GuidesBody = Field(default_factory=GuidesBody)

    @field_validator("recipe")
    @classmethod
    def _finite(cls, value: dict[str, Any]) -> dict[str, Any]:
        if not _plain(value):
            raise ValueError("numbers must be finite and lists not nested deeper than 8")
        return value


class FastBody(_Input):
    """A picture in one pass: in any styles, or in the style of a trained network."""

    content: Id
    styles: Styles = Field(default_factory=list)
    trained: str | None = Field(
        None, max_length=100, description="Name of a trained style of /api/info, instead of styles."
    )
    mix: Annotated[list[Share], Field(min_length=1, max_length=MOST_STYLES)] | None = None
    strength: float = Field(0.5, ge=0, le=1, description="As a job's, but not above 1.")
    stroke: float = Field(1.0, ge=0.25, le=4)
    colors: float = Field(0.0, ge=0, le=1)
    masks: Annotated[list[Place], Field(max_length=MOST_STYLES)] | None = None
    protect: Place | None = None
    size: int = Field(512, ge=16, le=MOST_FAST)
    format: Literal["webp", "png", "jpeg"] | None = Field(
        None, description="With a format the picture is to keep: exact, with its settings inside."
    )

    @model_validator(mode="after")
    def _one_kind(self) -> FastBody:
        if bool(self.styles) == (self.trained is not None):
            raise ValueError("give styles, or the name of a trained one")
        if self.trained is not None and (self.masks or self.mix):
            raise ValueError("a trained style has neither masks nor a mix")
        return self


class ChangeBody(_Input):
    """A change to a job on its way; what is left out stays."""

    strength: float | None = Field(None, ge=0, le=2)
    mix: Annotated[list[Share], Field(min_length=1, max_length=MOST_STYLES)] | None = None


class JobInfo(BaseModel):
    """A job. ``position`` counts from 1 while it waits; ``scale`` is the width and height being painted."""

    id: Id
    state: State
    position: int | None
    created: str
    recipe: dict[str, Any]
    guides: dict[str, Any]
    content: str | None
    styles: list[str]
    step: int
    steps: int | None
    scale: tuple[int, int] | None
    loss: float | None
    seconds_left: float | None
    error: str | None
    has_picture: bool
    thumb: str | None


class JobWhole(JobInfo):
    """A job with its losses so far: pairs of step and loss, at most some 200."""

    losses: list[tuple[int, float]]


class JobList(BaseModel):
    """Jobs, the newest first; ``next`` is the cursor of the next page."""

    jobs: list[JobInfo]
    next: int | None


class PlanScale(BaseModel):
    """One scale of a plan."""

    width: int
    height: int
    steps: int


class PlanInfo(BaseModel):
    """What a job would cost; ``available_bytes`` is null where that cannot be known."""

    width: int
    height: int
    scales: list[PlanScale]
    steps: int
    seconds: float
    memory_bytes: int
    available_bytes: int | None
    fits: bool
    device: str


class Replay(BaseModel):
    """What a picture says of how it was made; a picture that is not here any more is null, its name a hint."""

    recipe: dict[str, Any]
    content: str | None
    styles: list[str | None]
    guides: dict[str, Any]
    names: dict[str, Any]
    trained: str | None = Field(None, description="The trained style, of a picture that one painted.")


class LimitsInfo(BaseModel):
    """What the studio takes."""

    bytes: int
    pixels: int
    styles: int
    queue: int


class Sample(BaseModel):
    """A picture that comes with impasto."""

    id: Id
    name: str
    credit: str
    kind: Literal["style", "content"]


class TrainedStyle(BaseModel):
    """A network that was trained for one style and comes with impasto; it paints in one pass only."""

    name: str
    title: str
    credit: str
    thumb: str = Field(description="A small picture: a sample photograph in this style.")


class Info(BaseModel):
    """What the page needs to know; ``device`` is null until the process that paints is ready."""

    version: str
    limits: LimitsInfo
    recipe_schema: dict[str, Any]
    presets: dict[str, str]
    preset_fields: dict[str, dict[str, Any]]
    samples: list[Sample]
    trained_styles: list[TrainedStyle]
    device: str | None
    fast: bool


def _plain(value: object, depth: int = 8) -> bool:
    """Return whether JSON could hold ``value``, whose numbers are finite and not absurdly long."""
    if depth == 0:
        return False
    if isinstance(value, dict):
        return all(_plain(one, depth - 1) for one in value.values())
    if isinstance(value, list):
        return all(_plain(one, depth - 1) for one in value)
    if isinstance(value, int):
        return abs(value) < 2**64
    return not isinstance(value, float) or math.isfinite(value)
