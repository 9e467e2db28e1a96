"""Bodies of requests and responses of the gallery's routes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from impasto.studio.models import MAX_NAME, FastBody, Id

MAX_JOBS = 1000

Jobs = Annotated[list[Id], Field(min_length=1, max_length=MAX_JOBS, description="Ids of jobs.")]


class JobsBody(BaseModel):
    """Several jobs."""

    model_config = ConfigDict(extra="forbid")

    ids: Jobs


class KeepBody(FastBody):
    """A picture to paint in one pass and to keep in the gallery."""

    format: Literal["png"] = Field("png", description="The gallery keeps PNG files of exactly this size.")


class JobIds(BaseModel):
    """The jobs that a request has changed; others no longer exist."""

    ids: list[Id]


class BundleBody(JobsBody):
    """Pictures to download in one ZIP file; jobs without a picture are left out."""

    format: Literal["png", "jpeg", "webp", "tiff"] = "png"
    name: str = Field("impasto", max_length=MAX_NAME, description="Name of the archive, without a suffix.")


class BundleInfo(BaseModel):
    """An archive to download: its address, the number of pictures, and their bytes as they are stored."""

    url: str
    count: int
    bytes: int
