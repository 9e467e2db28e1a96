"""Routes of jobs: submit, list, follow, pause, change, and download the picture."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import FileResponse
from sse_starlette import EventSourceResponse, ServerSentEvent

from impasto.studio.dependencies import NO_CACHE, CurrentStudio, IdPath, error_responses, image_response
from impasto.studio.errors import RequestError
from impasto.studio.job_store import preview_url
from impasto.studio.job_words import query_words
from impasto.studio.jobs import ENDED, StopRequest, StudioJob
from impasto.studio.models import ChangeBody, JobBody, JobDetails, JobInfo, JobList
from impasto.studio.pictures import EXPORT_SECONDS, MAX_SHOWN_SIDE, clean_text
from impasto.studio.report_rate import PREVIEW_SIDE
from impasto.studio.service import StudioService

router = APIRouter(prefix="/api/jobs", tags=["jobs"])
PING_SECONDS = 15
SEND_TIMEOUT_SECONDS = 60
Size = Annotated[
    int | None,
    Query(ge=16, le=MAX_SHOWN_SIDE, description="Longer side in pixels; without it the full size."),
]


@router.post("", status_code=201, responses=error_responses(404, 409, 429))
async def queue_job(body: JobBody, studio: CurrentStudio) -> JobInfo:
    """Queue a job. One that needs more memory than there is gets 422 with the largest size that fits."""
    await studio.planner.refuse_too_large(body)
    return _info(studio, studio.submit(body))


@router.get("", responses=error_responses())
async def list_jobs(
    studio: CurrentStudio,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[int | None, Query(ge=1, le=2**53, description="`next` of the previous page.")] = None,
    search: Annotated[str, Query(max_length=200, description="Words in name, styles or settings.")] = "",
    favourites: Annotated[bool, Query(description="Only favourites.")] = False,
) -> JobList:
    """Return a page of jobs, the newest first."""
    rows = studio.database.page(cursor, limit + 1, query_words(search), favourites)
    jobs = [studio.job_store.active.get(job.id, job) for job in rows[:limit]]
    return JobList(
        jobs=[_info(studio, job) for job in jobs], next=rows[limit - 1].seq if len(rows) > limit else None
    )


@router.get("/{id}", responses=error_responses(404))
async def show_job(job_id: IdPath, studio: CurrentStudio) -> JobDetails:
    """Return a job with the losses of its steps."""
    job = studio.job_store.get(job_id)
    return JobDetails(**studio.job_store.to_json(job), losses=job.losses)


@router.patch("/{id}", responses=error_responses(404, 409, 429))
async def change_job(job_id: IdPath, body: ChangeBody, studio: CurrentStudio) -> JobInfo:
    """Change name or favourite; also strength or mix of an unfinished job, which uses them from its next step."""
    job = studio.job_store.get(job_id)
    if body.strength is not None or body.mix is not None:
        studio.change(job, body.strength, body.mix)
    if body.name is not None:
        job.name = clean_text(body.name)
    if body.favourite is not None:
        job.favourite = body.favourite
    studio.job_store.save_and_publish(job)
    return _info(studio, job)


@router.delete("/{id}", status_code=204, response_class=Response, responses=error_responses(404, 429))
async def delete_job(job_id: IdPath, studio: CurrentStudio) -> Response:
    """Delete a job and its picture; a running job is cancelled."""
    await studio.delete(studio.job_store.get(job_id))
    return Response(status_code=204)


@router.post("/{id}/resume", responses=error_responses(404, 409, 429))
async def resume_job(job_id: IdPath, studio: CurrentStudio) -> JobInfo:
    """Put a paused job at the front of the queue; it continues from its last step."""
    job = studio.job_store.get(job_id)
    studio.resume(job)
    return _info(studio, job)


@router.post("/{id}/pause", responses=error_responses(404, 409, 429))
async def pause_job(job_id: IdPath, studio: CurrentStudio) -> JobInfo:
    """Stop a job after the current step and save its progress; the next job starts."""
    return await _stop_job(studio, job_id, "pause")


@router.post("/{id}/cancel", responses=error_responses(404, 409, 429))
async def cancel_job(job_id: IdPath, studio: CurrentStudio) -> JobInfo:
    """Stop a job without a picture."""
    return await _stop_job(studio, job_id, "cancel")


@router.post("/{id}/keep", responses=error_responses(404, 409, 429))
async def keep_job(job_id: IdPath, studio: CurrentStudio) -> JobInfo:
    """Stop a job and keep its picture so far."""
    return await _stop_job(studio, job_id, "keep")


@router.head("/{id}/preview", include_in_schema=False)
@router.get(
    "/{id}/preview",
    response_class=Response,
    responses={**error_responses(404, 429), **image_response("webp")},
)
async def show_preview(
    job_id: IdPath,
    studio: CurrentStudio,
    v: Annotated[str, Query(max_length=40, description="Ignored; makes each preview's address unique.")] = "",
) -> Response:
    """Return the newest preview of a job."""
    del v
    job = studio.job_store.get(job_id)
    data = studio.job_store.previews.get(job_id)
    if data is None and job.has_picture:
        data = await studio.pictures.scaled(studio.folder.result(job_id), PREVIEW_SIDE)
    elif data is None:
        file = studio.folder.preview(job_id)
        if not file.is_file():
            raise RequestError(404, "This job has no preview yet.")
        data = file.read_bytes()
    return Response(data, media_type="image/webp", headers=NO_CACHE)


@router.head("/{id}/picture", include_in_schema=False)
@router.get(
    "/{id}/picture",
    response_class=Response,
    responses={**error_responses(404, 429), **image_response("png", "jpeg", "webp", "tiff")},
)
async def show_result(
    job_id: IdPath,
    studio: CurrentStudio,
    format: Literal["png", "jpeg", "webp", "tiff"] | None = None,
    size: Size = None,
) -> Response:
    """Return the job's picture with its recipe inside; with a ``size`` and no format, a WebP to look at."""
    job = studio.job_store.get(job_id)
    path = studio.folder.result(job_id)
    if not job.has_picture or not path.is_file():
        raise RequestError(404, f"This job is {job.state} and has no picture.")
    if size is not None and format is None:
        return Response(await studio.pictures.scaled(path, size), media_type="image/webp", headers=NO_CACHE)
    if size is None and format in (None, "png"):
        return FileResponse(path, media_type="image/png", headers=NO_CACHE)
    data = await studio.image_service.call("export", EXPORT_SECONDS, path=path, format=format, size=size)
    return Response(data, media_type=f"image/{format}", headers=NO_CACHE)


@router.get(
    "/{id}/events",
    response_class=EventSourceResponse,
    responses={
        **error_responses(404, 429),
        200: {"description": "Events state, step, preview and done.", "content": {"text/event-stream": {}}},
    },
)
async def follow_job(
    job_id: IdPath,
    studio: CurrentStudio,
    last_event_id: Annotated[str | None, Header(alias="Last-Event-ID", max_length=40)] = None,
) -> EventSourceResponse:
    """Follow a job: its current state, then every change, until it is done."""
    job, event_bus = studio.job_store.get(job_id), studio.event_bus
    if len(event_bus) >= event_bus.max_subscribers:
        raise RequestError(429, f"{event_bus.max_subscribers} clients are following jobs; close some.")
    is_number = last_event_id is not None and last_event_id.isascii() and last_event_id.isdigit()
    last_number = int(last_event_id or 0) if is_number else 0
    return EventSourceResponse(
        _events(studio, job, last_number), ping=PING_SECONDS, send_timeout=SEND_TIMEOUT_SECONDS
    )


async def _events(studio: StudioService, job: StudioJob, last_number: int) -> AsyncIterator[ServerSentEvent]:
    """Yield the current state, then all events; a reconnecting client does not get the same preview twice."""
    # Subscribed here, not in the route: a client that is gone before the first event would never be unsubscribed.
    subscriber = studio.event_bus.subscribe(job.id)
    if subscriber is None:  # others were quicker; the client connects again
        return
    try:
        number = studio.event_bus.next_number()
        yield ServerSentEvent(json.dumps(studio.job_store.to_json(job)), event="state", id=str(number))
        if job.id in studio.job_store.previews and job.preview_number > last_number:
            data = json.dumps({"url": preview_url(job)})
            yield ServerSentEvent(data, event="preview", id=str(studio.event_bus.next_number()))
        if job.state in ENDED:
            data = json.dumps(studio.job_store.to_json(job))
            yield ServerSentEvent(data, event="done", id=str(studio.event_bus.next_number()))
            return
        async for event in subscriber.events():
            if event.number > number:
                yield ServerSentEvent(event.data, event=event.kind, id=str(event.number))
    finally:
        studio.event_bus.unsubscribe(job.id, subscriber)


async def _stop_job(studio: StudioService, job_id: str, request: StopRequest) -> JobInfo:
    job = studio.job_store.get(job_id)
    await studio.stop_job(job, request)
    return _info(studio, job)


def _info(studio: StudioService, job: StudioJob) -> JobInfo:
    return JobInfo(**studio.job_store.to_json(job))
