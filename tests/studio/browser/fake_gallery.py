"""The gallery of the fake server: names, search, the trash, archives, and finished pictures without a job."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from fake_jobs import FakeJob, FakeJobs
from fake_recipe import full_recipe


class FakeGallery:
    """What the gallery's routes do."""

    def __init__(self, jobs: FakeJobs):
        self.jobs = jobs
        self.bundles: list[dict[str, Any]] = []

    def page(self, cursor: str | None, limit: int, search: str, favourites: bool) -> dict[str, Any]:
        """Return a page of jobs, newest first; the cursor is the index of the next page."""
        rows = [job for job in reversed(self.jobs.all()) if not job.deleted]
        if favourites:
            rows = [job for job in rows if job.favourite]
        for word in search.casefold().split():
            rows = [job for job in rows if word in self.words(job)]
        begin = int(cursor or 0)
        following = begin + limit
        return {
            "jobs": [job.json() for job in rows[begin:following]],
            "next": str(following) if following < len(rows) else None,
        }

    @staticmethod
    def words(job: FakeJob) -> str:
        return f"{job.name} strength {job.recipe['strength']:g} {job.recipe['quality']}".casefold()

    def trash(self, ids: list[str], deleted: bool) -> dict[str, Any]:
        """Delete or restore jobs."""
        known = [job for job in self.jobs.all() if job.id in ids]
        for job in known:
            job.deleted = deleted
        return {"ids": [job.id for job in known]}

    def bundle(self, body: dict[str, Any]) -> dict[str, Any]:
        """Choose pictures for an archive."""
        ids = [key for key in body["ids"] if self.jobs[key].has_picture]
        self.bundles.append({**body, "ids": ids})
        return {"url": f"api/bundles/{len(self.bundles) - 1}", "count": len(ids), "bytes": 1000 * len(ids)}

    def archive(self, number: int) -> bytes:
        """Return an archive."""
        bundle = self.bundles[number]
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as file:
            for key in bundle["ids"]:
                data, _ = self.jobs[key].picture("picture", bundle["format"], None)
                file.writestr(f"{self.jobs[key].name}.{bundle['format']}", data)
        return buffer.getvalue()

    def keep(self, body: dict[str, Any]) -> dict[str, Any]:
        """Put a picture of one pass in the gallery."""
        names = ("strength", "stroke", "colors", "mix", "size", "dpi", "framing")
        recipe = full_recipe({name: body[name] for name in names if body.get(name) is not None})
        guides = {name: body[name] for name in ("masks", "protect") if body.get(name)}
        source = {"content": body["content"], "styles": body.get("styles", []), "guides": guides}
        return self.jobs.finished(source, recipe, one_pass=True, trained=body.get("trained")).json()

    def import_result(self, data: bytes, name: str) -> dict[str, Any] | None:
        """Put a picture with its recipe in the gallery; None if it has none."""
        settings = self.jobs.embedded_recipe(data)
        if settings is None:
            return None
        settings = json.loads(json.dumps(settings))
        job = self.jobs.finished(settings, settings["recipe"])
        job.name = name.rpartition(".")[0] or name
        return job.json()
