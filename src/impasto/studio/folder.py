"""The files of a studio: which there are, and that no name from outside ever becomes a path."""

from __future__ import annotations

import re
import secrets
import shutil
from pathlib import Path

from impasto.errors import OutputError

ID = r"^[0-9a-f]{32}$"
_ID = re.compile(r"[0-9a-f]{32}")


def new_id() -> str:
    """Return an id that nobody can guess."""
    return secrets.token_hex(16)


def is_id(text: object) -> bool:
    """Return whether ``text`` is the id of a picture or job: 32 hexadecimal digits and nothing else."""
    return isinstance(text, str) and _ID.fullmatch(text) is not None


class Folder:
    """The folder of a studio: ``pictures/ID``, ``jobs/ID/``, ``uploads/`` and the database.

    Raises OutputError where it cannot be made or written.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.uploads = self.root / "uploads"
        self.pictures = self.root / "pictures"
        self.jobs = self.root / "jobs"
        self.database = self.root / "studio.sqlite"
        try:
            for folder in (self.uploads, self.pictures, self.jobs):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            probe = self.uploads / f"probe-{new_id()}"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise OutputError(
                f"The studio cannot keep its files in '{root}' ({error.strerror}); give another --data."
            ) from error

    def picture(self, name: str) -> Path:
        """Return the file of a picture."""
        return self.pictures / _checked(name)

    def job(self, name: str) -> Path:
        """Return the folder of a job."""
        return self.jobs / _checked(name)

    def checkpoint(self, name: str) -> Path:
        """Return the file that a job goes on from."""
        return self.job(name) / "checkpoint"

    def result(self, name: str) -> Path:
        """Return the file of a job's picture."""
        return self.job(name) / "picture.png"

    def preview(self, name: str) -> Path:
        """Return the file of a job's last preview, which is kept while the job does not run."""
        return self.job(name) / "preview.webp"

    def upload(self) -> Path:
        """Return a new file for what is being received."""
        return self.uploads / new_id()

    def clean(self) -> None:
        """Remove what an earlier studio was receiving when it ended."""
        for left in self.uploads.iterdir():
            left.unlink(missing_ok=True)

    def job_bytes(self, name: str) -> int:
        """Return the bytes that a job takes."""
        folder = self.job(name)
        return sum(file.stat().st_size for file in folder.iterdir()) if folder.is_dir() else 0

    def forget_job(self, name: str) -> None:
        """Remove everything of a job."""
        shutil.rmtree(self.job(name), ignore_errors=True)


def _checked(name: str) -> str:
    if not is_id(name):
        raise ValueError(f"{name!r} is no id")
    return name
