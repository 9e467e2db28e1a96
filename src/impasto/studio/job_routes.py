"""Routes about jobs: queueing, watching, pausing, changing, and the pictures they make."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import FileResponse
from sse_starlette import EventSourceResponse, ServerSentEvent

from impasto.studio.dependencies import Here, IdPath, binary, errors
from impasto.studio.event_bus import Watcher
from impasto.studio.job_store import preview_url
from impasto.studio.jobs import ENDED, Leaving, StudioJob
from impasto.studio.models import ChangeBody, JobBody, JobInfo, JobList, JobWhole
from impasto.studio.pictures import LARGEST_SHOWN
from impasto.studio.processes import RequestError
from impasto.studio.studio import Studio

router = APIRouter(prefix="/api/jobs")
PREVIEW_SIDE = 512
PING_SECONDS = 15
STUCK_SECONDS = 60
FRESH = {"cache-control": "no-cache"}
Size = Annotated[int | None, Query(ge=16, le=LARGEST_SHOWN, description="Longer side; without it all of it.")]


@router.post("", status_code=201, responses=errors(404, 409, 429))
async def queue_job(body: JobBody, studio: Here) -> JobInfo:
    """Queue a picture to be painted."""
    return _info(studio, studio.submit(body))


@router.get("", responses=errors())
async def list_jobs(
    studio: Here,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[int | None, Query(ge=1, le=2**53, description="next of the last answer.")] = None,
) -> JobList:
    """Return the newest jobs."""
    rows = studio.database.page(cursor, limit + 1)
    jobs = [studio.ledger.active.get(job.id, job) for job in rows[:limit]]
    return JobList(
        jobs=[_info(studio, job) for job in jobs], next=rows[limit - 1].seq if len(rows) > limit else None
    )


@router.get("/{id}", responses=errors(404))
async def show_job(name: IdPath, studio: Here) -> JobWhole:
    """Return a job with its losses so far."""
    job = studio.ledger.job(name)
    return JobWhole(**studio.ledger.public(job), losses=job.losses)


@router.patch("/{id}", responses=errors(404, 409, 429))
async def change_job(name: IdPath, body: ChangeBody, studio: Here) -> JobInfo:
    """Change strength or mix of a job that is not finished; one that runs follows from its next step."""
    job = studio.ledger.job(name)
    studio.change(job, body.strength, body.mix)
    return _info(studio, job)


@router.delete("/{id}", status_code=204, response_class=Response, responses=errors(404, 429))
async def forget_job(name: IdPath, studio: Here) -> Response:
    """Forget a job and its picture; one that runs is stopped."""
    await studio.forget(studio.ledger.job(name))
    return Response(status_code=204)


@router.post("/{id}/resume", responses=errors(404, 409, 429))
async def resume_job(name: IdPath, studio: Here) -> JobInfo:
    """Queue a paused job again, in front of all others; it goes on where it was."""
    job = studio.ledger.job(name)
    studio.resume(job)
    return _info(studio, job)


@router.post("/{id}/pause", responses=errors(404, 409, 429))
async def pause_job(name: IdPath, studio: Here) -> JobInfo:
    """Stop a job after its step and remember where it was; the next job takes its place."""
    return await _leave(studio, name, "pause")


@router.post("/{id}/cancel", responses=errors(404, 409, 429))
async def cancel_job(name: IdPath, studio: Here) -> JobInfo:
    """End a job without a picture."""
    return await _leave(studio, name, "cancel")


@router.post("/{id}/keep", responses=errors(404, 409, 429))
async def keep_job(name: IdPath, studio: Here) -> JobInfo:
    """End a job and keep its picture so far."""
    return await _leave(studio, name, "keep")


@router.get("/{id}/preview", response_class=Response, responses={**errors(404, 429), **binary("webp")})
async def show_preview(
    name: IdPath, studio: Here, v: Annotated[str, Query(max_length=40, description="Not looked at.")] = ""
) -> Response:
    """Return the newest preview of a job."""
    del v
    job = studio.ledger.job(name)
    data = studio.ledger.previews.get(name)
    if data is None and job.has_picture:
        data = await studio.pictures.show(studio.folder.result(name), PREVIEW_SIDE)
    elif data is None:
        file = studio.folder.preview(name)
        if not file.is_file():
            raise RequestError(404, "This job has no preview yet.")
        data = file.read_bytes()
    return Response(data, media_type="image/webp", headers=FRESH)


@router.get(
    "/{id}/picture", response_class=Response, responses={**errors(404, 429), **binary("png", "jpeg", "webp")}
)
async def show_result(
    name: IdPath,
    studio: Here,
    format: Literal["png", "jpeg", "webp"] | None = None,
    size: Size = None,
) -> Response:
    """Return the picture that a job made, with its recipe inside; a small one without a format as WebP."""
    job = studio.ledger.job(name)
    path = studio.folder.result(name)
    if not job.has_picture or not path.is_file():
        raise RequestError(404, f"This job is {job.state} and has no picture.")
    if size is not None and format is None:
        return Response(await studio.pictures.show(path, size), media_type="image/webp", headers=FRESH)
    if size is None and format in (None, "png"):
        return FileResponse(path, media_type="image/png", headers=FRESH)
    data = await studio.desk.ask("export", path=path, format=format, size=size)
    return Response(data, media_type=f"image/{format}", headers=FRESH)


@router.get(
    "/{id}/events",
    response_class=EventSourceResponse,
    responses={
        **errors(404, 429),
        200: {"description": "state, step, preview, done.", "content": {"text/event-stream": {}}},
    },
)
async def watch_job(
    name: IdPath,
    studio: Here,
    last: Annotated[str | None, Header(alias="Last-Event-ID", max_length=40)] = None,
) -> EventSourceResponse:
    """Watch a job: its state first, then every change, until it is done."""
    job = studio.ledger.job(name)
    watcher = studio.hub.watch(name)
    if watcher is None:
        raise RequestError(429, f"{studio.hub.most} clients watch jobs already; close some.")
    seen = int(last) if last is not None and last.isascii() and last.isdigit() else 0
    return EventSourceResponse(
        _events(studio, job, watcher, seen), ping=PING_SECONDS, send_timeout=STUCK_SECONDS
    )


async def _events(
    studio: Studio, job: StudioJob, watcher: Watcher, seen: int
) -> AsyncIterator[ServerSentEvent]:
    """Yield what is now, then what happens; a preview that a returning client has seen is not sent again."""
    try:
        number = studio.hub.number()
        yield ServerSentEvent(json.dumps(studio.ledger.public(job)), event="state", id=str(number))
        if job.id in studio.ledger.previews and job.preview_number > seen:
            data = json.dumps({"url": preview_url(job)})
            yield ServerSentEvent(data, event="preview", id=str(studio.hub.number()))
        if job.state in ENDED:
            data = json.dumps(studio.ledger.public(job))
            yield ServerSentEvent(data, event="done", id=str(studio.hub.number()))
            return
        async for event in watcher.events():
            if event.number > number:
                yield ServerSentEvent(event.data, event=event.kind, id=str(event.number))
    finally:
        studio.hub.leave(job.id, watcher)


async def _leave(studio: Studio, name: str, how: Leaving) -> JobInfo:
    job = studio.ledger.job(name)
    await studio.leave(job, how)
    return _info(studio, job)


def _info(studio: Studio, job: StudioJob) -> JobInfo:
    return JobInfo(**studio.ledger.public(job))
