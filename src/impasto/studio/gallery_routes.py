"""Routes of the gallery: pictures without a job of the queue, archives, and the trash."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from impasto.imaging.file_names import safe_stem
from impasto.studio.archive import archive, file_of, pictures_of
from impasto.studio.bundles import Bundle
from impasto.studio.dependencies import (
    CurrentStudio,
    IdPath,
    NameHeader,
    check_image_type,
    error_responses,
    image_body,
    streamed_body,
)
from impasto.studio.errors import RequestError
from impasto.studio.gallery_models import BundleBody, BundleInfo, JobIds, JobsBody, KeepBody
from impasto.studio.models import JobInfo
from impasto.studio.pictures import clean_name
from impasto.studio.results import import_result, keep_one_pass

router = APIRouter(prefix="/api", tags=["gallery"])


@router.post(
    "/results",
    status_code=201,
    responses=error_responses(408, 415, 429),
    openapi_extra=image_body("A picture made by impasto."),
)
async def import_picture(
    request: Request,
    studio: CurrentStudio,
    name: NameHeader = None,
) -> JobInfo:
    """Put a picture that contains its recipe back in the gallery, as a finished job."""
    check_image_type(request)
    job = await import_result(studio, streamed_body(request), clean_name(name))
    return JobInfo(**studio.job_store.to_json(job))


@router.post("/results/fast", status_code=201, responses=error_responses(404, 409, 429))
async def keep_picture(body: KeepBody, studio: CurrentStudio) -> JobInfo:
    """Paint a picture in one pass at exactly its size and keep it in the gallery, as a finished job."""
    return JobInfo(**studio.job_store.to_json(await keep_one_pass(studio, body)))


@router.post("/bundles", status_code=201, responses=error_responses(404, 429))
async def make_bundle(body: BundleBody, studio: CurrentStudio) -> BundleInfo:
    """Choose pictures for one ZIP file, which is then downloaded from the address in the response."""
    jobs = pictures_of(studio, body.ids)
    if not jobs:
        raise RequestError(404, "None of these jobs has a picture; choose finished ones.")
    size = sum(file_of(studio, job).stat().st_size for job in jobs)
    bundle = Bundle(tuple(job.id for job in jobs), body.format, safe_stem(body.name))
    return BundleInfo(url=f"api/bundles/{studio.bundles.add(bundle)}", count=len(jobs), bytes=size)


@router.get(
    "/bundles/{id}",
    response_class=StreamingResponse,
    responses={
        **error_responses(404, 429),
        200: {"description": "The ZIP file.", "content": {"application/zip": {}}},
    },
)
async def download_bundle(bundle_id: IdPath, studio: CurrentStudio) -> StreamingResponse:
    """Return the pictures of a bundle as one ZIP file, written while it is sent."""
    bundle = studio.bundles.get(bundle_id)
    disposition = f"attachment; filename*=UTF-8''{quote(bundle.name)}.zip"
    return StreamingResponse(
        archive(studio, bundle),
        media_type="application/zip",
        headers={"content-disposition": disposition, "cache-control": "no-store"},
    )


@router.post("/trash", responses=error_responses(429))
async def delete_jobs(body: JobsBody, studio: CurrentStudio) -> JobIds:
    """Delete jobs and their pictures; for ten minutes they can be restored. Running jobs are paused."""
    return JobIds(ids=[job.id for job in await studio.trash.put(body.ids)])


@router.post("/trash/restore", responses=error_responses(429))
async def restore_jobs(body: JobsBody, studio: CurrentStudio) -> JobIds:
    """Restore deleted jobs; those that are deleted for good are left out."""
    return JobIds(ids=[job.id for job in studio.trash.restore(body.ids)])
