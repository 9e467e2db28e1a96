"""Clips of a studio: uploads, plans, and jobs in the queue of the photographs."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

from impasto.studio.clip_models import ClipDetails, ClipJobBody, ClipPlanInfo
from impasto.studio.clip_settings import check_clips_installed, video_settings
from impasto.studio.database import PictureRow
from impasto.studio.errors import RequestError
from impasto.studio.estimates import Workload
from impasto.studio.folder import new_id
from impasto.studio.jobs import StudioJob
from impasto.studio.pictures import CLIP_SECONDS
from impasto.studio.requests import check_trained, parse_recipe, resolve_files
from impasto.studio.service import StudioService

POSTERS = 5


async def receive_clip(studio: StudioService, body: AsyncIterator[bytes], name: str) -> ClipDetails:
    """Store an uploaded clip; raises `RequestError` if it is none, or too large or long."""
    return clip_info(await studio.pictures.receive(body, name, clip=True))


def find_clip(studio: StudioService, clip_id: str) -> PictureRow:
    """Return the row of a clip; raises `RequestError` if there is none."""
    row = studio.database.picture(clip_id)
    if row is None or row.clip is None or not studio.folder.picture(clip_id).is_file():
        raise RequestError(404, f"There is no clip {clip_id}; upload it to /api/clips first.")
    return row


def clip_info(row: PictureRow) -> ClipDetails:
    """Return a clip for clients."""
    clip = row.clip or {}
    last = max(0.0, clip["seconds"] - 1 / max(1.0, clip["fps"]))
    times = [last * index / (POSTERS - 1) for index in range(POSTERS)]
    return ClipDetails(
        id=row.id,
        name=row.name,
        width=row.width,
        height=row.height,
        bytes=row.bytes,
        posters=[f"api/clips/{row.id}/frame?at={seconds:.3f}" for seconds in times],
        **clip,
    )


async def plan_clip(studio: StudioService, body: ClipJobBody) -> ClipPlanInfo:
    """Return what a clip's job would need; raises an `ImpastoError` if it is invalid."""
    planned = await studio.image_service.call("plan_clip", CLIP_SECONDS, **_order(studio, body)[1])
    seconds = studio.planner.estimates.seconds(Workload(**planned["work"]))
    fits = planned["disk"] <= min(planned["free"], studio.settings.limits.history_bytes)
    return ClipPlanInfo(
        width=planned["width"],
        height=planned["height"],
        frames=planned["frames"],
        fps=planned["fps"],
        duration=planned["seconds"],
        seconds=seconds,
        disk_bytes=planned["disk"],
        free_bytes=planned["free"],
        fits=fits,
    )


async def submit_clip(studio: StudioService, body: ClipJobBody) -> StudioJob:
    """Queue a clip; raises `RequestError` or `RecipeError` if it is invalid or does not fit on the disk."""
    recipe, _ = _order(studio, body)
    plan = await plan_clip(studio, body)
    if not plan.fits:
        raise RequestError(507, _too_large(plan, studio.settings.limits.history_bytes))
    job = StudioJob(
        new_id(),
        recipe,
        body.guides.ids(),
        body.content,
        list(body.styles),
        time.time(),
        studio.job_store.next_rank(front=False),
        clip=body.clip.model_dump(),
        trained=body.trained,
    )
    job.scale, job.steps = (plan.width, plan.height), plan.frames or None
    return studio.queue(job)


def _order(studio: StudioService, body: ClipJobBody) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the recipe of an order, and the request for its plan."""
    check_clips_installed()
    row = find_clip(studio, body.content)
    seconds = (row.clip or {})["seconds"]
    if body.clip.start >= seconds:
        raise RequestError(
            422, f"'{row.name}' ends at second {seconds:g}; the part from {body.clip.start:g} is after it."
        )
    check_trained(body.trained)
    recipe = parse_recipe(body, studio.settings.limits.styles).to_json()
    settings = video_settings(recipe, body.clip.model_dump(), body.trained)
    guides = body.guides.ids()
    unused = next((name for name in guides if name not in ("masks", "protect")), None)
    if unused is not None:
        raise RequestError(422, f"Clips have no {unused}; leave it out.")
    files = resolve_files(studio.pictures, {}, body.content, body.styles, guides, clip=True)
    output = studio.folder.jobs / f"clip.{body.clip.format}"
    del files["recipe"]
    return recipe, {**files, "settings": settings.to_json(), "output": output}


def _too_large(plan: ClipPlanInfo, history_bytes: int) -> str:
    need = f"The clip needs about {plan.disk_bytes / 1e9:.1f} GB of disk"
    advice = "paint it smaller, or a part of it"
    if plan.disk_bytes > plan.free_bytes:
        return f"{need}, and {plan.free_bytes / 1e9:.1f} GB are free; {advice}."
    return f"{need}, and the studio keeps {history_bytes / 1e9:.1f} GB; {advice}, or start it with a larger --keep."
