"""Settings of a painted clip; importing this module imports neither torch nor PyAV."""

from __future__ import annotations

import json
from typing import Annotated, Any, Self

from pydantic import Field, field_validator, model_validator

from impasto.errors import ImpastoError
from impasto.feedforward.pretrained import LIVE_NETWORK
from impasto.feedforward.settings import Weight
from impasto.optimize.parsing import parse_colors
from impasto.settings import FrozenSettings, OneOf
from impasto.video.schedules import Schedule, check_times, parse_schedule

# Names and summaries of the ways of painting; `impasto.video.painters` implements them.
METHODS = {
    "fast": "every frame in one pass of a trained network, held calm by optical flow",
    "optimize": "every frame optimised in a few steps, from the last painted frame moved along the optical flow",
    "keyframes": "a few frames painted by the optimiser or by hand, moved to the others along the optical flow",
}
Method = Annotated[str, OneOf(METHODS)]
Seconds = Annotated[float, Field(ge=0, le=1e7, allow_inf_nan=False)]
# A painted picture and the second of the clip that it shows.
Keyframe = tuple[Seconds, str]


class VideoSettings(FrozenSettings):
    """Everything that decides how a clip is painted, apart from the clip and the pictures.

    All times are seconds from the start of the clip, also when only a part is painted. Raises `RecipeError` through
    `VideoSettings.make` for unknown names and impossible values.
    """

    method: Method = Field("fast", description="Way of painting: fast, optimize or keyframes.")
    network: str = Field(
        LIVE_NETWORK,
        description="Network of one-pass painting: a name or a file; any paints finer and slower.",
    )
    style_times: tuple[Seconds, ...] = Field(
        (),
        description="Seconds at which each style is alone, cross-faded in between; empty: all styles are mixed.",
    )
    mix: tuple[Weight, ...] | None = Field(None, description="Weights of several styles that do not change.")
    strength: Schedule | None = Field(
        None,
        description="0 keeps the clip, up to 2 for more style: one number, or SECONDS:VALUE,... to change it.",
    )
    stroke: float | None = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        description="Size of the brush strokes relative to the style image's; None is 1.",
    )
    colors: float = Field(
        0.0,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="Whose colours: style (0), clip (1), or a number between.",
    )
    roughness: float = Field(
        0.0,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="0 keeps brush strokes still, 1 paints every frame anew.",
    )
    loop: bool = Field(False, description="Let the last frame lead back to the first without a jump.")
    steps: int | None = Field(None, ge=1, le=10_000, description="Steps of the optimiser per frame.")
    keyframes: int | None = Field(
        None,
        ge=1,
        le=10_000,
        description="Frames from one keyframe to the next, 30 if not given; every scene begins with one.",
    )
    keyframe_files: tuple[Keyframe, ...] = Field(
        (), description="Painted pictures and the seconds that they show, for the method keyframes."
    )
    recipe: dict[str, Any] = Field(
        {},
        description="Further fields of `Recipe`, for the methods that optimise, such as encoder or preset.",
    )
    seed: int = Field(0, ge=0, lt=2**63, description="Seed of the random numbers.")
    device: str = Field("auto", description="Device: auto, cpu, cuda, cuda:1 or mps.")

    start: Seconds = Field(0.0, description="First second of the clip that is painted.")
    stop: Seconds | None = Field(
        None, description="Second at which painting stops; None: the end of the clip."
    )
    fps: float | None = Field(
        None,
        gt=0,
        le=1000,
        allow_inf_nan=False,
        description="Frames a second; None: the frames and times of the clip.",
    )
    size: int | None = Field(
        None, ge=16, le=16384, description="Longer side in pixels; None: the clip's. Larger clips are shrunk."
    )

    @field_validator("strength", mode="before")
    @classmethod
    def _parse_strength(cls, value: object) -> object:
        if isinstance(value, int | float):
            return ((0.0, value),)
        return _sentence(parse_schedule, value, "strength") if isinstance(value, str) else value

    @field_validator("colors", mode="before")
    @classmethod
    def _parse_colors(cls, value: object) -> object:
        return parse_colors(value) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.strength is not None:
            _sentence(check_times, [second for second, _ in self.strength], "strength")
            if not self.strength or not all(0 <= value <= 2 for _, value in self.strength):
                raise ValueError("strength is from 0 to 2 at every time")
        if self.style_times:
            _sentence(check_times, self.style_times, "styles")
            if self.mix is not None:
                raise ValueError("styles at times replace mix; give one of them")
        _sentence(check_times, [second for second, _ in self.keyframe_files], "keyframes")
        if self.stop is not None and self.stop <= self.start:
            raise ValueError(f"the part from second {self.start:g} to {self.stop:g} is empty")
        if (self.keyframes is not None or self.keyframe_files) and self.method != "keyframes":
            raise ValueError(f"keyframes belong to the method keyframes, not to {self.method}")
        return self

    def to_json(self) -> dict[str, Any]:
        """Return the settings as plain JSON values; `VideoSettings.make` takes them back unchanged."""
        return dict(json.loads(self.model_dump_json()))


def _sentence(check: Any, *arguments: Any) -> Any:
    """Call ``check`` and turn its error into one that pydantic reports."""
    try:
        return check(*arguments)
    except ImpastoError as error:
        raise ValueError(str(error).rstrip(".")) from None
