"""Settings of a clip's job: the fields that a painting of a photograph does not have."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from impasto.errors import MissingExtraError, RecipeError
from impasto.optimize.presets import make_recipe
from impasto.video.settings import METHODS, VideoSettings

WHAT = "Painting clips"
# Fields that `Recipe` and `VideoSettings` share.
SHARED = ("strength", "stroke", "colors", "mix", "size", "steps", "seed")
# Fields of a recipe that a clip has no use for; its frames have the clip's aspect and begin with the carried picture.
UNUSED = ("aspect", "seamless", "start", "start_picture", "device", "weights", "framing", "dpi")


class ClipSettings(BaseModel):
    """How a clip is painted, beside the recipe. All times are seconds from the start of the clip."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    method: Literal["fast", "optimize", "keyframes"] = Field(
        "fast",
        description="; ".join(f"{name}: {summary}" for name, summary in METHODS.items()) + ".",
    )
    network: Literal["any-live", "any"] = Field(
        "any-live", description="Network of one-pass painting; any paints finer and slower."
    )
    roughness: float = Field(
        0.0, ge=0, le=1, description="0 keeps brush strokes still, 1 paints every frame anew."
    )
    loop: bool = Field(False, description="Let the last frame lead back to the first without a jump.")
    keyframes: int | None = Field(
        None,
        ge=1,
        le=10_000,
        description="Frames from one keyframe to the next, for the method keyframes; 30 by default.",
    )
    start: float = Field(0.0, ge=0, le=1e7, description="First second that is painted.")
    stop: float | None = Field(
        None, gt=0, le=1e7, description="Second at which painting stops; null: the end."
    )
    fps: float | None = Field(
        None, gt=0, le=240, description="Frames a second; null keeps the frames and times of the clip."
    )
    format: Literal["mp4", "webm"] = Field(
        "mp4", description="File of the painted clip: MP4 with H.264, or WebM with VP9."
    )

    @model_validator(mode="after")
    def _check(self) -> ClipSettings:
        if self.stop is not None and self.stop <= self.start:
            raise ValueError(f"the part from second {self.start:g} to {self.stop:g} is empty")
        if self.keyframes is not None and self.method != "keyframes":
            raise ValueError(f"keyframes belong to the method keyframes, not to {self.method}")
        return self


def check_clips_installed() -> None:
    """Raise `MissingExtraError` without the packages of the extra ``video``."""
    for package in ("av", "cv2"):
        if find_spec(package) is None:
            raise MissingExtraError(WHAT, "video")


def why_no_clips() -> str | None:
    """Return why clips cannot be painted, None if they can."""
    try:
        check_clips_installed()
    except MissingExtraError as error:
        return str(error)
    return None


def video_settings(
    recipe: Mapping[str, Any], clip: Mapping[str, Any], trained: str | None, device: str = "auto"
) -> VideoSettings:
    """Return the settings of a clip's job; raises `RecipeError` for values that do not fit together."""
    fields = {name: value for name, value in clip.items() if name != "format"}
    if trained is not None:
        if clip["method"] != "fast":
            raise RecipeError("An instant style paints clips by the method fast only.")
        fields["network"] = trained
    fields |= {name: recipe[name] for name in SHARED if recipe.get(name) is not None}
    further = recipe_changes(recipe)
    if clip["method"] == "fast":
        fields.pop("steps", None)
        if further:
            raise RecipeError(f"The method fast has no {next(iter(further))}; leave it out.")
    else:
        fields["recipe"] = further
        fields["steps"] = recipe.get("steps")
    return VideoSettings.make({**fields, "device": device})


def recipe_changes(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that only the optimiser has and that differ from the default preset's."""
    base = {name: recipe[name] for name in ("preset", "quality") if recipe.get(name) is not None}
    defaults, chosen = make_recipe().to_json(), make_recipe(**base).to_json()
    changes = {name: value for name, value in base.items() if value != defaults[name]}
    left_out = {*SHARED, *UNUSED, *base}
    return changes | {
        name: value for name, value in recipe.items() if name not in left_out and value != chosen.get(name)
    }
