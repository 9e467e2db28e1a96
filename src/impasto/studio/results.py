"""Finished pictures that enter the gallery without a job of the queue: painted in one pass, or imported."""

from __future__ import annotations

import shutil
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from impasto.errors import ImpastoError
from impasto.studio.errors import RequestError
from impasto.studio.folder import new_id
from impasto.studio.gallery_models import KeepBody
from impasto.studio.job_words import stem
from impasto.studio.jobs import StudioJob
from impasto.studio.one_pass import paint_one_pass
from impasto.studio.pictures import EXPORT_SECONDS, NO_NAME
from impasto.studio.requests import is_one_pass, replay_settings
from impasto.studio.service import StudioService


async def keep_one_pass(studio: StudioService, body: KeepBody) -> StudioJob:
    """Paint a picture in one pass and put it in the gallery; raises `RequestError` as `paint_one_pass`."""
    check_room(studio)
    data = await paint_one_pass(studio, body, new_id())
    path = studio.folder.new_upload()
    try:
        path.write_bytes(data)
        return await add_result(studio, path, NO_NAME)
    finally:
        path.unlink(missing_ok=True)


async def import_result(studio: StudioService, body: AsyncIterator[bytes], name: str) -> StudioJob:
    """Put a picture that contains its recipe back in the gallery; raises `RequestError` if it has none."""
    check_room(studio)
    path, _, _ = await studio.pictures.save_upload(body)
    try:
        return await add_result(studio, path, name)
    finally:
        path.unlink(missing_ok=True)


async def add_result(studio: StudioService, path: Path, name: str) -> StudioJob:
    """Move a picture that contains its recipe to the gallery as a finished job, which is returned.

    A PNG stays as it is, any other format becomes one. Raises `RequestError` if it is not a picture or has no recipe.
    """
    shown = "The picture" if name == NO_NAME else name
    limit = studio.settings.limits.upload_pixels
    info = await studio.image_service.call("check", path=path, name=shown, max_pixels=limit)
    try:
        stored = await studio.image_service.call("embedded_recipe", path=path, name=f"'{shown}'")
        settings = replay_settings(studio.pictures, stored)
    except ImpastoError as error:
        raise RequestError(
            422, f"'{shown}' contains no recipe of impasto, so it cannot be a result; add it as a photograph."
        ) from error
    own_name = "" if name == NO_NAME else stem(name).removesuffix("-impasto")
    job = _finished_job(studio, settings, stored, own_name)
    job.scale = (info["width"], info["height"])
    folder = studio.folder.job(job.id)
    folder.mkdir()
    try:
        await _store(studio, path, studio.folder.result(job.id))
        job.bytes = studio.folder.job_bytes(job.id)
        studio.job_store.add(job)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    studio.job_store.prune()
    return job


def check_room(studio: StudioService) -> None:
    """Raise `RequestError` 413 if the studio's folder is full."""
    if not studio.job_store.prune():
        gigabytes = studio.settings.limits.history_bytes / 1e9
        raise RequestError(413, f"The studio's folder is full ({gigabytes:.1f} GB); delete some jobs first.")


def _finished_job(
    studio: StudioService, settings: Mapping[str, Any], stored: Mapping[str, Any], name: str
) -> StudioJob:
    """Return a finished job with the settings of a picture."""
    now = time.time()
    return StudioJob(
        new_id(),
        settings["recipe"],
        settings["guides"],
        settings["content"],
        [style for style in settings["styles"] if style],
        now,
        studio.job_store.next_rank(front=False),
        state="done",
        ended=now,
        has_picture=True,
        name=name,
        one_pass=is_one_pass(stored),
        trained=settings["trained"],
    )


async def _store(studio: StudioService, path: Path, target: Path) -> None:
    """Move a PNG to its place, or convert another format; the recipe stays inside."""
    with path.open("rb") as file:
        is_png = file.read(8) == b"\x89PNG\r\n\x1a\n"
    if not is_png:
        data = await studio.image_service.call("export", EXPORT_SECONDS, path=path, format="png", size=None)
        path.write_bytes(data)
    path.replace(target)
