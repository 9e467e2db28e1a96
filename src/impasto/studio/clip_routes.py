"""Routes of clips: upload, frames, plans, jobs, and the painted and the unpainted clip."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse

from impasto.imaging.file_names import safe_stem
from impasto.studio.clip_models import ClipDetails, ClipJobBody, ClipPlanInfo
from impasto.studio.clip_settings import check_clips_installed
from impasto.studio.clips import clip_info, find_clip, plan_clip, receive_clip, submit_clip
from impasto.studio.dependencies import (
    IMMUTABLE,
    NO_CACHE,
    CurrentStudio,
    IdPath,
    NameHeader,
    error_responses,
    image_response,
    streamed_body,
)
from impasto.studio.errors import RequestError
from impasto.studio.models import JobInfo
from impasto.studio.pictures import MAX_SHOWN_SIDE, clean_name
from impasto.studio.results import check_room

router = APIRouter(prefix="/api", tags=["clips"])
TYPES = {"mp4": "video/mp4", "webm": "video/webm"}
_FILE = {"schema": {"type": "string", "format": "binary"}}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The clip's file: MP4, MOV, MKV, WebM, GIF, animated WebP or another that FFmpeg decodes.",
        "content": {"video/*": _FILE, "image/gif": _FILE, "image/webp": _FILE},
    }
}
_CLIP: dict[int | str, dict[str, Any]] = {
    200: {"description": "The clip; ranges of bytes are answered.", "content": {"video/*": _FILE}},
    206: {"description": "A range of bytes of the clip.", "content": {"video/*": _FILE}},
}


@router.post("/clips", responses=error_responses(408, 429), openapi_extra=_BODY)
async def upload_clip(
    request: Request,
    studio: CurrentStudio,
    name: NameHeader = None,
) -> ClipDetails:
    """Upload a clip. Its id is a digest of its bytes; it is opened and its first and last frames are read."""
    check_clips_installed()
    check_room(studio)
    return await receive_clip(studio, streamed_body(request), clean_name(name))


@router.post("/clips/plan", responses=error_responses(404, 429), operation_id="plan_clip")
async def plan(body: ClipJobBody, studio: CurrentStudio) -> ClipPlanInfo:
    """Return frames, time and disk need of a clip's job."""
    return await plan_clip(studio, body)


@router.post("/clips/jobs", status_code=201, responses=error_responses(404, 409, 429))
async def queue_clip(body: ClipJobBody, studio: CurrentStudio) -> JobInfo:
    """Queue a clip; pictures and clips wait in one queue."""
    return JobInfo(**studio.job_store.to_json(await submit_clip(studio, body)))


@router.get("/clips/{id}", responses=error_responses(404))
async def show_clip(clip_id: IdPath, studio: CurrentStudio) -> ClipDetails:
    """Return size, duration and frames of an uploaded clip."""
    return clip_info(find_clip(studio, clip_id))


@router.get(
    "/clips/{id}/frame",
    response_class=Response,
    responses={**error_responses(404, 429), **image_response("webp")},
)
async def show_frame(
    studio: CurrentStudio,
    clip_id: IdPath,
    at: Annotated[float, Query(ge=0, le=1e7, allow_inf_nan=False, description="Second of the clip.")] = 0.0,
    size: Annotated[int, Query(ge=16, le=MAX_SHOWN_SIDE)] = 512,
) -> Response:
    """Return the frame that is shown at a time, scaled down to a longer side of at most ``size``."""
    path = studio.folder.picture(find_clip(studio, clip_id).id)
    data = await studio.pictures.scaled(path, size, round(at, 3))
    return Response(data, media_type="image/webp", headers=IMMUTABLE)


@router.head("/jobs/{id}/clip", include_in_schema=False)
@router.get("/jobs/{id}/clip", response_class=FileResponse, responses={**error_responses(404), **_CLIP})
async def show_painted_clip(job_id: IdPath, studio: CurrentStudio) -> FileResponse:
    """Return the painted clip of a job, under its name."""
    job = studio.job_store.get(job_id)
    format = "" if job.clip is None else str(job.clip["format"])
    path = studio.folder.clip(job_id, format)
    if not format or not job.has_picture or not path.is_file():
        raise RequestError(404, f"This job is {job.state} and has no clip.")
    return _clip_response(path, TYPES[format], f"{safe_stem(job.name)}.{format}")


@router.head("/jobs/{id}/original", include_in_schema=False)
@router.get("/jobs/{id}/original", response_class=FileResponse, responses={**error_responses(404), **_CLIP})
async def show_original_clip(job_id: IdPath, studio: CurrentStudio) -> FileResponse:
    """Return the painted part of the clip before it was painted, in a form that browsers play."""
    job = studio.job_store.get(job_id)
    path = studio.folder.original(job_id)
    if job.clip is None or not job.has_picture or job.content is None:
        raise RequestError(404, f"This job is {job.state} and has no clip.")
    if not path.is_file():
        row = find_clip(studio, job.content)
        path = studio.folder.picture(row.id)
    with path.open("rb") as file:
        is_mp4 = file.read(8)[4:] == b"ftyp"
    return _clip_response(path, TYPES["mp4" if is_mp4 else "webm"], None)


def _clip_response(path: Path, media_type: str, name: str | None) -> FileResponse:
    shown = {} if name is None else {"content-disposition": f"inline; filename*=UTF-8''{quote(name)}"}
    return FileResponse(path, media_type=media_type, headers={**NO_CACHE, **shown})
