"""Import of what lies in the data folder but not in the database: finished pictures, checkpoints, uploads.

Every finished picture contains its recipe and the ids of its source pictures, and every checkpoint too. The database
can therefore be made again from the files.
"""

from __future__ import annotations

import contextlib
import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from impasto.errors import ImpastoError
from impasto.hashing import file_sha256
from impasto.optimize.presets import make_recipe
from impasto.optimize.recipe import Recipe
from impasto.optimize.schedule import schedule
from impasto.studio.clip_settings import ClipSettings
from impasto.studio.database import PictureRow
from impasto.studio.errors import RequestError
from impasto.studio.folder import StudioFolder, is_id
from impasto.studio.jobs import ACTIVE, ENDED, JobState, StudioJob
from impasto.studio.pictures import CLIP_SECONDS, NO_NAME, PictureStore
from impasto.studio.requests import is_one_pass, replay_settings
from impasto.studio.salvage import OldRows

PROGRESS_SECONDS = 2.0


@dataclass
class ImportCount:
    """How many finished pictures, unfinished jobs and uploads were imported, and how many files are damaged."""

    finished: int = 0
    unfinished: int = 0
    uploads: int = 0
    damaged: int = 0

    def __str__(self) -> str:
        text = (
            f"Imported {self.finished} finished pictures, {self.unfinished} unfinished ones and "
            f"{self.uploads} source pictures."
        )
        return f"{text} {self.damaged} damaged files stay where they are." if self.damaged else text


class GalleryImport:
    """Imports files without rows; rows and files that exist are left alone."""

    def __init__(self, pictures: PictureStore, old: OldRows, report: Callable[[str], None]) -> None:
        self._pictures, self._old, self._report = pictures, old, report
        self._folder: StudioFolder = pictures.folder
        self._database, self._image_service = pictures.database, pictures.image_service
        self._count = ImportCount()

    async def run(self) -> ImportCount:
        """Import everything; source pictures come first, because jobs refer to them."""
        for path in self._with_progress(_oldest_first(self._folder.pictures), "source pictures"):
            if is_id(path.name) and self._database.picture(path.name) is None:
                await self._import_upload(path)
        rank = 0.0
        for folder in self._with_progress(_oldest_first(self._folder.jobs), "pictures"):
            if is_id(folder.name) and folder.is_dir() and not self._database.has_job(folder.name):
                rank += 1
                await self._import_job(folder.name, rank)
        self._folder.import_mark.unlink(missing_ok=True)
        return self._count

    async def _import_upload(self, path: Path) -> None:
        """Import a source picture, unless its bytes are not those of its id."""
        if file_sha256(path)[:32] != path.name or (info := await self._inspect(path)) is None:
            self._count.damaged += 1
            return
        status = path.stat()
        name = self._old.names.get(path.name, NO_NAME)
        row = PictureRow(id=path.name, name=name, bytes=status.st_size, used=status.st_mtime, **info)
        self._database.save_picture(row)
        self._count.uploads += 1

    async def _import_job(self, job_id: str, rank: float) -> None:
        result = self._folder.result(job_id)
        old = self._old.jobs.get(job_id)
        job: StudioJob | None = None
        if result.is_file():
            size = await self._check(result)
            if size is None:
                self._count.damaged += 1
            else:
                job = await self._finished(job_id, old)
                job.scale = size["width"], size["height"]
                self._count.finished += 1
        if job is None and self._folder.has_progress(job_id):
            job = await self._unfinished(job_id, old)
            self._count.unfinished += job is not None
            self._count.damaged += job is None
        elif job is None and old is not None and old.state in ACTIVE:  # it waited, and has no files yet
            job = replace(old, seq=0, state="queued", step=0)
            self._count.unfinished += 1
        if job is not None:
            job.rank, job.bytes, job.stop_request = rank, self._folder.job_bytes(job_id), None
            job.has_picture = job.state in ENDED and result.is_file()
            self._database.save(job)

    async def _finished(self, job_id: str, old: StudioJob | None) -> StudioJob:
        """Return a finished job: as it was, or from the recipe in its picture."""
        path = self._folder.result(job_id)
        if old is not None:
            state: JobState = old.state if old.state in ENDED else "done"
            return replace(old, seq=0, state=state, ended=old.ended or path.stat().st_mtime)
        try:
            stored = await self._image_service.call("embedded_recipe", path=path, name="The picture")
        except RequestError:  # the picture counts more than its recipe
            stored = {}
        job = self._make_job(job_id, stored, path.stat().st_mtime)
        job.state, job.ended, job.step = "done", path.stat().st_mtime, job.steps or 0
        return job

    async def _unfinished(self, job_id: str, old: StudioJob | None) -> StudioJob | None:
        """Return a job with a checkpoint, or a clip with frames, paused; None if its settings are damaged."""
        path = self._folder.checkpoint(job_id)
        try:
            if path.is_file():
                stored = await self._image_service.call("checkpoint_settings", path=path)
            else:
                path = self._folder.settings(job_id)
                stored = {**json.loads(path.read_text(encoding="utf-8")), "step": 0}
        except (RequestError, OSError, ValueError, TypeError):
            return None
        if old is not None and old.state in ACTIVE:
            return replace(old, seq=0, state="paused", step=stored["step"])
        job = self._make_job(job_id, stored, path.stat().st_mtime)
        job.state, job.step = "paused", stored["step"]
        return job

    def _make_job(self, job_id: str, stored: Mapping[str, Any], created: float) -> StudioJob:
        """Return the job that the settings in a picture or a checkpoint describe."""
        try:
            settings = replay_settings(self._pictures, stored)
        except ImpastoError:
            settings = {"recipe": make_recipe().to_json(), "content": None, "styles": [], "guides": {}}
        styles = [style for style in settings["styles"] if style is not None]
        job = StudioJob(
            job_id, settings["recipe"], settings["guides"], settings["content"], styles, created, 0.0
        )
        job.one_pass, job.trained = is_one_pass(stored), settings.get("trained")
        if isinstance(stored.get("clip"), dict):
            with contextlib.suppress(ValueError):
                job.clip = ClipSettings.model_validate(stored["clip"]).model_dump()
            return job
        recipe = Recipe.make(settings["recipe"])
        if recipe.size is not None and not job.one_pass:
            job.steps = sum(steps for _, steps in schedule(recipe))
        return job

    async def _inspect(self, path: Path) -> dict[str, Any] | None:
        """Return size and kind of an upload, None if it can be read neither as a picture nor as a clip."""
        info = await self._check(path)
        with path.open("rb") as file:
            may_move = file.read(4) in (b"GIF8", b"RIFF")
        if info is not None and not may_move:
            return info
        try:
            clip: dict[str, Any] = await self._image_service.call(
                "check_clip",
                CLIP_SECONDS,
                path=path,
                name=path.name,
                max_pixels=math.inf,
                max_seconds=math.inf,
            )
        except RequestError:
            return info
        return clip

    async def _check(self, path: Path) -> dict[str, Any] | None:
        """Return a picture's size, None if it cannot be decoded."""
        try:
            size: dict[str, Any] = await self._image_service.call(
                "check", path=path, name=path.name, max_pixels=math.inf
            )
        except RequestError:
            return None
        return size

    def _with_progress(self, paths: Sequence[Path], what: str) -> Iterator[Path]:
        """Yield paths, and report how many are left every few seconds."""
        began = reported = time.monotonic()
        for index, path in enumerate(paths):
            now = time.monotonic()
            if index == 1:
                began = now  # the first file also waits until the image process has started
            if index > 1 and now - reported > PROGRESS_SECONDS:
                reported, left = now, (now - began) * (len(paths) - index) / (index - 1)
                self._report(f"Importing {what}: {index} of {len(paths)}, about {left:.0f} s left.")
            yield path


def _oldest_first(folder: Path) -> list[Path]:
    def changed(path: Path) -> float:
        files = [path, *path.iterdir()] if path.is_dir() else [path]
        return min(file.stat().st_mtime for file in files)

    return sorted(folder.iterdir(), key=lambda path: (changed(path), path.name))
