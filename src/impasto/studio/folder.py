"""Paths of a studio's files. Only valid ids become paths."""

from __future__ import annotations

import re
import secrets
import shutil
from pathlib import Path

from impasto.errors import OutputError

ID = r"^[0-9a-f]{32}$"
_ID = re.compile(r"[0-9a-f]{32}")
# The folder of a clip's unfinished run, beside the clip, and the file in it that says how far the run is.
JOURNAL, KEPT = ".parts", "state.npz"


def new_id() -> str:
    """Return a random id that cannot be guessed."""
    return secrets.token_hex(16)


def is_id(text: object) -> bool:
    """Return whether ``text`` is the id of a picture or job: exactly 32 hexadecimal digits."""
    return isinstance(text, str) and _ID.fullmatch(text) is not None


class StudioFolder:
    """The data folder of a studio: ``pictures/ID``, ``jobs/ID/``, ``uploads/`` and the database.

    Raises OutputError if the folder cannot be created or written.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.uploads = self.root / "uploads"
        self.pictures = self.root / "pictures"
        self.jobs = self.root / "jobs"
        self.database = self.root / "studio.sqlite"
        self.timings = self.root / "timings.json"
        self.import_mark = self.root / "import-needed"
        try:
            self.root.parent.mkdir(parents=True, exist_ok=True)
            for folder in (self.root, self.uploads, self.pictures, self.jobs):
                folder.mkdir(exist_ok=True, mode=0o700)  # parents would get the permissions of the umask
            probe = self.uploads / f"probe-{new_id()}"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise OutputError(
                f"The studio cannot keep its files in '{root}' ({error.strerror}); give another --data."
            ) from error

    def picture(self, picture_id: str) -> Path:
        """Return the file of a picture."""
        return self.pictures / _checked(picture_id)

    def job(self, job_id: str) -> Path:
        """Return the folder of a job."""
        return self.jobs / _checked(job_id)

    def checkpoint(self, job_id: str) -> Path:
        """Return the file from which a job resumes."""
        return self.job(job_id) / "checkpoint"

    def result(self, job_id: str) -> Path:
        """Return the file of a job's finished picture."""
        return self.job(job_id) / "picture.png"

    def clip(self, job_id: str, format: str) -> Path:
        """Return the file of a job's painted clip; its picture, written after it, is a frame of it."""
        return self.job(job_id) / f"clip.{format}"

    def original(self, job_id: str) -> Path:
        """Return the file of the unpainted clip in a form that browsers play, where the upload is not one."""
        return self.job(job_id) / "original.mp4"

    def settings(self, job_id: str) -> Path:
        """Return the file with the settings of a clip's job, as they are embedded in pictures."""
        return self.job(job_id) / "settings.json"

    def has_progress(self, job_id: str) -> bool:
        """Return whether a job has a checkpoint or, as a clip, frames to resume from."""
        return self.checkpoint(job_id).is_file() or any(self.job(job_id).glob(f"*{JOURNAL}/{KEPT}"))

    def remove_progress(self, job_id: str) -> None:
        """Remove what a job would resume from."""
        self.checkpoint(job_id).unlink(missing_ok=True)
        for journal in self.job(job_id).glob(f"*{JOURNAL}"):
            shutil.rmtree(journal, ignore_errors=True)

    def preview(self, job_id: str) -> Path:
        """Return the file of a job's last preview, which is stored while the job does not run."""
        return self.job(job_id) / "preview.webp"

    def has_files(self) -> bool:
        """Return whether there are pictures or jobs."""
        return any(is_id(path.name) for folder in (self.pictures, self.jobs) for path in folder.iterdir())

    def new_upload(self) -> Path:
        """Return the path of a new, temporary upload."""
        return self.uploads / new_id()

    def remove_uploads(self) -> None:
        """Remove incomplete uploads of an earlier server."""
        for upload in self.uploads.iterdir():
            upload.unlink(missing_ok=True)

    def job_bytes(self, job_id: str) -> int:
        """Return the bytes of a job's files."""
        folder = self.job(job_id)
        return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())

    def remove_job(self, job_id: str) -> None:
        """Remove all files of a job."""
        shutil.rmtree(self.job(job_id), ignore_errors=True)


def _checked(text: str) -> str:
    if not is_id(text):
        raise ValueError(f"{text!r} is not an id")
    return text
