"""ZIP files of finished pictures, written while they are sent."""

from __future__ import annotations

import asyncio
import io
import time
import zipfile
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from pathlib import Path
from typing import Any

from impasto.errors import ImpastoError
from impasto.studio.bundles import MISSING, Bundle, file_names
from impasto.studio.errors import RequestError
from impasto.studio.jobs import StudioJob
from impasto.studio.pictures import EXPORT_SECONDS
from impasto.studio.service import StudioService

SUFFIXES = {"png": ".png", "jpeg": ".jpg", "webp": ".webp", "tiff": ".tif"}
_PART_BYTES = 1 << 20
# The earliest time that a ZIP file can store.
_FIRST_MOMENT = (1980, 1, 1, 0, 0, 0)


def pictures_of(studio: StudioService, job_ids: Iterable[str]) -> list[StudioJob]:
    """Return the jobs among ``job_ids`` that have a picture, each once."""
    jobs = []
    for job_id in dict.fromkeys(job_ids):
        try:
            job = studio.job_store.get(job_id)
        except RequestError:
            continue
        if job.has_picture and file_of(studio, job).is_file():
            jobs.append(job)
    return jobs


def file_of(studio: StudioService, job: StudioJob) -> Path:
    """Return the file of a finished job: its picture or its clip."""
    folder = studio.folder
    return folder.result(job.id) if job.clip is None else folder.clip(job.id, str(job.clip["format"]))


async def archive(studio: StudioService, bundle: Bundle) -> AsyncGenerator[bytes, None]:
    """Yield a ZIP file in parts. Pictures that are gone meanwhile are listed in a text file at its end."""
    jobs = pictures_of(studio, bundle.job_ids)
    suffixes = [SUFFIXES[bundle.format] if job.clip is None else f".{job.clip['format']}" for job in jobs]
    names = file_names([job.name for job in jobs], suffixes)
    missing = []
    output = _Parts()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_STORED) as file:  # pictures are compressed already
        for job, name in zip(jobs, names, strict=True):
            try:
                # Closed with this generator, if the client leaves: an open entry would not let the file be closed.
                async with aclosing(_add(studio, file, job, name, bundle.format)) as parts:
                    async for _ in parts:
                        yield output.take()
            except (ImpastoError, OSError) as error:
                reason = studio.pictures.with_names(str(error))
                missing.append(f"{name}: {reason}")
            yield output.take()
        if len(jobs) < len(bundle.job_ids):
            missing.append(f"{len(bundle.job_ids) - len(jobs)} that were deleted meanwhile")
        if missing:
            file.writestr(MISSING, "\n".join(["These pictures could not be read:", *missing, ""]))
    yield output.take()


async def _add(
    studio: StudioService, file: zipfile.ZipFile, job: StudioJob, name: str, format: str
) -> AsyncGenerator[None, None]:
    """Write one picture or clip into an archive; yield after each part, so that it can be sent."""
    path = file_of(studio, job)
    moment = time.localtime(job.ended or job.created)[:6]
    entry = zipfile.ZipInfo(name, max(_FIRST_MOMENT, moment))
    if format != "png" and job.clip is None:
        data = await studio.image_service.call("export", EXPORT_SECONDS, path=path, format=format, size=None)
        file.writestr(entry, data)
        return
    # Opened before the entry begins: a missing file must not leave an empty one in the archive.
    with path.open("rb") as source:
        entry.file_size = path.stat().st_size
        with file.open(entry, "w") as target:
            while part := await asyncio.to_thread(source.read, _PART_BYTES):
                target.write(part)
                yield


class _Parts(io.RawIOBase):
    """A file that `zipfile` writes to and that is sent in parts; it cannot seek, so sizes follow the data."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(self._parts[-1])

    def take(self) -> bytes:
        """Return what was written since the last call."""
        data = b"".join(self._parts)
        self._parts.clear()
        return data
