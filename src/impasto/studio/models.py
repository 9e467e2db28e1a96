"""Bodies of requests and responses, as the OpenAPI document shows them."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from impasto.imaging.print_sizes import LARGEST_SIDE, SMALLEST_SIDE
from impasto.imaging.size_settings import DPI_HELP, FRAMING_HELP, Dpi, Framing
from impasto.studio.clip_settings import ClipSettings
from impasto.studio.folder import ID
from impasto.studio.jobs import JobState

MASK_WORDS = ("left", "right", "top", "bottom", "centre")
MAX_STYLES = 64
MAX_NAME = 120

Id = Annotated[str, Field(pattern=ID, description="Id of a picture or job: 32 hexadecimal digits.")]
Mask = Annotated[
    str,
    Field(
        pattern=rf"{ID}|^({'|'.join(MASK_WORDS)})$",
        description=f"Id of a grey picture in which white is inside, or one of {', '.join(MASK_WORDS)}.",
    ),
]
Share = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
Styles = Annotated[list[Id], Field(max_length=MAX_STYLES, description="Ids of the style images.")]


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Problem(BaseModel):
    """An error in one sentence."""

    error: str
    largest_size: int | None = Field(
        None, description="The largest size that fits, only where an order was refused for its size."
    )


class PictureInfo(BaseModel):
    """An uploaded picture; width and height are those of the upright picture."""

    id: Id
    width: int
    height: int
    name: str
    alpha: bool


class GuidesBody(_Input):
    """Where styles go. One mask per style, or one fewer: the last style then gets the remaining area."""

    masks: Annotated[list[Mask], Field(max_length=MAX_STYLES)] | None = None
    style_masks: Annotated[list[Mask], Field(max_length=MAX_STYLES)] | None = None
    regions: Id | None = None
    style_regions: Annotated[list[Id], Field(max_length=MAX_STYLES)] | None = None
    protect: Mask | None = None

    def ids(self) -> dict[str, Any]:
        """Return the guides that are given."""
        return {name: value for name, value in self.model_dump().items() if value}


class JobBody(_Input):
    """A picture to paint. Without content the result is a texture, without styles a reconstruction."""

    content: Id | None = Field(None, description="Id of the content image.")
    styles: Styles = Field(default_factory=list)
    recipe: dict[str, Any] = Field(
        default_factory=dict,
        max_length=200,
        description="Fields of Recipe that differ from the preset's (see recipe_schema of /api/info); "
        "start_picture is an id.",
    )
    guides: GuidesBody = Field(default_factory=GuidesBody)

    @field_validator("recipe")
    @classmethod
    def _finite(cls, value: dict[str, Any]) -> dict[str, Any]:
        if not _is_plain_json(value):
            raise ValueError("numbers must be finite, and lists nested at most 8 deep")
        return value


class FastBody(_Input):
    """A picture to paint in one pass, in any styles or in the style of a trained network."""

    content: Id
    styles: Styles = Field(default_factory=list)
    trained: str | None = Field(
        None, max_length=100, description="Name of a trained style of /api/info, instead of styles."
    )
    mix: Annotated[list[Share], Field(min_length=1, max_length=MAX_STYLES)] | None = None
    strength: float = Field(0.5, ge=0, le=2, description="As of a job.")
    stroke: float = Field(
        1.0, ge=0.25, le=4, description="Size of the brush marks, a ratio to the trained size."
    )
    colors: float = Field(0.0, ge=0, le=1)
    masks: Annotated[list[Mask], Field(max_length=MAX_STYLES)] | None = None
    protect: Mask | None = None
    size: Annotated[int, Field(ge=SMALLEST_SIDE, le=LARGEST_SIDE)] | Annotated[str, Field(max_length=40)] = (
        Field(512, description="As of a job.")
    )
    framing: Framing = Field("crop", description=FRAMING_HELP)
    dpi: Dpi | None = Field(None, description=DPI_HELP)
    at: float | None = Field(
        None, ge=0, le=1e7, description="Second of the frame to paint, where content is a clip; 0 without it."
    )
    format: Literal["webp", "png", "jpeg"] | None = Field(
        None,
        description="With a format, the picture is painted at exactly this size and contains its settings.",
    )

    network: Literal["any", "any-live"] = Field(
        "any",
        description="Network for any style; any-live is the quicker one, which paints clips by default.",
    )

    @model_validator(mode="after")
    def _one_kind(self) -> FastBody:
        if bool(self.styles) == (self.trained is not None):
            raise ValueError("give either styles or the name of a trained style")
        if self.trained is not None and (self.masks or self.mix):
            raise ValueError("a trained style takes neither masks nor a mix")
        if self.network != "any" and self.trained is not None:
            raise ValueError("a trained style has its own network; leave network out")
        if self.network != "any" and self.format is not None:
            raise ValueError("network any-live is only for viewing; files are painted by network any")
        if self.at is not None and self.format is not None:
            raise ValueError("a frame of a clip is only for viewing, not for a file")
        return self


class ChangeBody(_Input):
    """A change of a job; fields that are left out stay as they are. Strength and mix need an unfinished job."""

    name: Annotated[
        str | None, Field(max_length=MAX_NAME, description="An empty name becomes the names of its pictures.")
    ] = None
    favourite: bool | None = Field(None, description="Favourites are the last to be deleted for room.")
    strength: float | None = Field(None, ge=0, le=2)
    mix: Annotated[list[Share], Field(min_length=1, max_length=MAX_STYLES)] | None = None


class JobInfo(BaseModel):
    """A job, whose picture is a frame where it is a clip. ``position`` is its place in the queue, from 1.

    ``scale`` is the current width and height; before the start and at the end they are those of the picture.
    """

    id: Id
    name: str
    favourite: bool
    one_pass: bool = Field(description="Whether the picture was painted in one pass, without steps.")
    trained: str | None = Field(description="The instant style, if the picture has one.")
    clip: ClipSettings | None = Field(description="How a clip is painted; its steps are frames.")
    state: JobState
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
    speed: float | None = Field(description="Frames painted a second, while a clip is painted.")
    error: str | None
    has_picture: bool
    thumb: str | None


class JobDetails(JobInfo):
    """A job with at most about 200 pairs of step and loss."""

    losses: list[tuple[int, float]]


class JobList(BaseModel):
    """A page of jobs, the newest first; ``next`` is the cursor of the next page."""

    jobs: list[JobInfo]
    next: int | None


class PlanScale(BaseModel):
    """One scale of a plan."""

    width: int
    height: int
    steps: int


class PlanInfo(BaseModel):
    """The time and memory that a job would need; ``available_bytes`` is null if unknown.

    ``seconds`` is learned from the jobs that this studio has finished, and is the same for all clients.
    ``largest_size`` is the largest size that fits, null if the job itself fits or no size does. ``tile`` is the side of
    the tiles that the last scale is painted in, null if it is painted whole. ``one_pass_seconds`` is the time of the
    same picture in one pass.
    """

    width: int
    height: int
    scales: list[PlanScale]
    steps: int
    seconds: float
    one_pass_seconds: float
    memory_bytes: int
    available_bytes: int | None
    fits: bool
    largest_size: int | None
    tile: int | None
    device: str


class ReplayInfo(BaseModel):
    """The settings that a picture was made with. Pictures that no longer exist are null; ``names`` has their names."""

    recipe: dict[str, Any]
    content: str | None
    styles: list[str | None]
    guides: dict[str, Any]
    names: dict[str, Any]
    trained: str | None = Field(None, description="The trained style, if the picture was painted with one.")


class LimitsInfo(BaseModel):
    """The limits of the studio: of one picture, of one clip, of the styles of a job, and of unfinished jobs."""

    bytes: int
    pixels: int
    clip_bytes: int
    clip_seconds: float
    styles: int
    queue: int


class Sample(BaseModel):
    """A picture that ships with impasto."""

    id: Id
    name: str
    credit: str
    kind: Literal["style", "content"]


class TrainedStyle(BaseModel):
    """A network that ships with impasto and paints one style in one pass."""

    name: str
    title: str
    credit: str
    thumb: str = Field(
        description="Address of a thumbnail, relative to the studio's: a sample photograph in this style."
    )


class PresetVariant(BaseModel):
    """Fields of a preset that differ where quality and start have the values of ``when``; later variants win."""

    when: dict[str, str]
    fields: dict[str, Any]


class StudioInfo(BaseModel):
    """Facts for the page; ``device`` is null until a worker is ready."""

    version: str
    limits: LimitsInfo
    recipe_schema: dict[str, Any]
    presets: dict[str, str]
    preset_fields: dict[str, dict[str, Any]]
    preset_variants: dict[str, list[PresetVariant]]
    samples: list[Sample]
    trained_styles: list[TrainedStyle]
    device: str | None
    fast: bool
    clips: str | None = Field(description="Why clips cannot be painted, null if they can.")


def _is_plain_json(value: object, depth: int = 8) -> bool:
    """Return whether ``value`` is nested at most ``depth`` deep, with finite numbers and integers below 2**64."""
    if depth == 0:
        return False
    if isinstance(value, dict):
        return all(_is_plain_json(item, depth - 1) for item in value.values())
    if isinstance(value, list):
        return all(_is_plain_json(item, depth - 1) for item in value)
    if isinstance(value, int):
        return abs(value) < 2**64
    return not isinstance(value, float) or math.isfinite(value)
