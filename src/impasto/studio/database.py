"""The queue and the history in SQLite, so that they outlive the server."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from impasto.errors import OutputError
from impasto.studio.jobs import ACTIVE, ENDED, StudioJob

VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS pictures (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL,
    alpha INTEGER NOT NULL, bytes INTEGER NOT NULL, used REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS jobs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, state TEXT NOT NULL, rank REAL NOT NULL,
    created REAL NOT NULL, ended REAL, content TEXT, styles TEXT NOT NULL, recipe TEXT NOT NULL, guides TEXT NOT NULL,
    step INTEGER NOT NULL, steps INTEGER, scale TEXT, loss REAL, seconds_left REAL, error TEXT,
    has_picture INTEGER NOT NULL, bytes INTEGER NOT NULL, wish TEXT, deaths INTEGER NOT NULL, losses TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state, ended);
CREATE TABLE IF NOT EXISTS used_pictures (job TEXT NOT NULL, picture TEXT NOT NULL, PRIMARY KEY (picture, job));
"""
_PLAIN = ("id", "state", "rank", "created", "ended", "content", "step", "steps", "loss", "seconds_left", "error",
    "bytes", "wish", "deaths")  # fmt: skip
_JSON = ("styles", "recipe", "guides", "scale", "losses")


@dataclass(frozen=True)
class PictureRow:
    """A picture that was sent: its name, its size upright, whether it has alpha, its bytes, when it was used."""

    id: str
    name: str
    width: int
    height: int
    alpha: bool
    bytes: int
    used: float


class Database:
    """Pictures and jobs. Every call is one transaction of well under a millisecond; one process has the file.

    Raises OutputError if another studio has it, or if it is damaged or of a newer impasto.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._link = sqlite3.connect(path, timeout=0.5, isolation_level=None, check_same_thread=False)
            # Before WAL is entered: the lock is then held until the process ends, however it ends.
            self._link.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._link.execute("PRAGMA journal_mode=WAL")
            self._link.execute("PRAGMA synchronous=NORMAL")
            self._link.execute("BEGIN EXCLUSIVE")
            found = int(self._link.execute("PRAGMA user_version").fetchone()[0])
            if found not in (0, VERSION):
                raise OutputError(
                    f"'{path}' was made by another version of impasto; give another --data, or move it away."
                )
            self._link.execute("COMMIT")
            self._link.executescript(_SCHEMA)
            self._link.execute(f"PRAGMA user_version={VERSION}")
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise OutputError(
                    f"Another studio runs in '{path.parent}'; use that one, or give this one another --data."
                ) from error
            raise OutputError(f"'{path}' cannot be opened ({error}); give another --data.") from error
        except sqlite3.DatabaseError as error:
            raise OutputError(
                f"'{path}' is damaged ({error}); move it away or give another --data."
            ) from error

    def close(self) -> None:
        """Let go of the file."""
        self._link.close()

    def save_picture(self, row: PictureRow) -> None:
        """Write a picture's row."""
        self._link.execute(
            "INSERT OR REPLACE INTO pictures VALUES (?,?,?,?,?,?,?)",
            (row.id, row.name, row.width, row.height, int(row.alpha), row.bytes, row.used),
        )

    def picture(self, name: str) -> PictureRow | None:
        """Return a picture's row, None if there is none."""
        found = self._link.execute("SELECT * FROM pictures WHERE id=?", (name,)).fetchone()
        if found is None:
            return None
        name, called, width, height, alpha, size, used = found
        return PictureRow(name, called, width, height, bool(alpha), size, used)

    def touch(self, names: Iterable[str], now: float) -> None:
        """Note that pictures were used."""
        self._link.executemany("UPDATE pictures SET used=? WHERE id=?", [(now, name) for name in names])

    def forget_picture(self, name: str) -> None:
        """Remove a picture's row."""
        self._link.execute("DELETE FROM pictures WHERE id=?", (name,))

    def save(self, job: StudioJob) -> None:
        """Write a job's row, the first time with the pictures that it uses; gives a new job its number."""
        values: dict[str, Any] = {name: getattr(job, name) for name in _PLAIN}
        values |= {name: json.dumps(getattr(job, name)) for name in _JSON}
        values["has_picture"] = int(job.has_picture)
        if job.seq:
            sets = ",".join(f"{name}=:{name}" for name in values)
            self._link.execute(f"UPDATE jobs SET {sets} WHERE id=:id", values)
            return
        columns, marks = ",".join(values), ",".join(f":{name}" for name in values)
        self._link.execute("BEGIN")
        made = self._link.execute(f"INSERT INTO jobs ({columns}) VALUES ({marks})", values)
        self._link.executemany(
            "INSERT OR IGNORE INTO used_pictures VALUES (?,?)", [(job.id, one) for one in job.pictures]
        )
        self._link.execute("COMMIT")
        job.seq = int(made.lastrowid or 0)

    def job(self, name: str) -> StudioJob | None:
        """Return a job, None if there is none."""
        return next(iter(self._jobs("WHERE id=?", (name,))), None)

    def active(self) -> list[StudioJob]:
        """Return the jobs that are not finished, in the order of the queue."""
        return self._jobs(f"WHERE state IN {ACTIVE} ORDER BY rank")

    def page(self, before: int | None, count: int) -> list[StudioJob]:
        """Return the newest ``count`` jobs, or those before the number ``before``."""
        return self._jobs(
            "WHERE seq < ? ORDER BY seq DESC LIMIT ?", (2**62 if before is None else before, count)
        )

    def forget(self, name: str) -> None:
        """Remove a job."""
        self._link.execute("DELETE FROM jobs WHERE id=?", (name,))
        self._link.execute("DELETE FROM used_pictures WHERE job=?", (name,))

    def bytes(self) -> int:
        """Return the bytes of every picture and job."""
        total = (
            "SELECT (SELECT coalesce(sum(bytes),0) FROM pictures) + (SELECT coalesce(sum(bytes),0) FROM jobs)"
        )
        return int(self._link.execute(total).fetchone()[0])

    def oldest(self, keep: Iterable[str], before: float) -> tuple[str, str] | None:
        """Return what to forget first: ("job", id) of a finished one or ("picture", id) of one that no job uses.

        Pictures in ``keep`` stay, and those that were used after the time ``before``.
        """
        kept = list(keep)
        marks = ",".join("?" * len(kept))
        found = self._link.execute(
            f"""SELECT 'job', id, ended AS at FROM jobs WHERE state IN {ENDED}
            UNION ALL SELECT 'picture', id, used AS at FROM pictures
            WHERE id NOT IN (SELECT picture FROM used_pictures) AND id NOT IN ({marks}) AND used < ?
            ORDER BY at LIMIT 1""",
            (*kept, before),
        ).fetchone()
        return None if found is None else (found[0], found[1])

    def _jobs(self, where: str, values: tuple[object, ...] = ()) -> list[StudioJob]:
        names = (*_PLAIN, *_JSON, "has_picture", "seq")
        rows = self._link.execute(f"SELECT {','.join(names)} FROM jobs {where}", values)
        return [_job(dict(zip(names, row, strict=True))) for row in rows]


def _job(values: dict[str, Any]) -> StudioJob:
    values |= {name: json.loads(values[name]) for name in _JSON}
    values["has_picture"] = bool(values["has_picture"])
    if values["scale"] is not None:
        values["scale"] = tuple(values["scale"])
    values["losses"] = [(step, loss) for step, loss in values["losses"]]
    return StudioJob(**values)
