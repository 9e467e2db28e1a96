"""The queue and the history in SQLite, which survive restarts of the server."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from impasto.errors import OutputError
from impasto.studio.errors import DamagedDatabaseError
from impasto.studio.jobs import ACTIVE, ENDED, StudioJob

VERSION = 4
_SCHEMA = """
CREATE TABLE IF NOT EXISTS pictures (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL,
    alpha INTEGER NOT NULL, bytes INTEGER NOT NULL, used REAL NOT NULL, clip TEXT NOT NULL DEFAULT 'null'
);
CREATE TABLE IF NOT EXISTS jobs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, state TEXT NOT NULL, rank REAL NOT NULL,
    created REAL NOT NULL, ended REAL, content TEXT, styles TEXT NOT NULL, recipe TEXT NOT NULL, guides TEXT NOT NULL,
    step INTEGER NOT NULL, steps INTEGER, scale TEXT, loss REAL, seconds_left REAL, error TEXT,
    has_picture INTEGER NOT NULL, bytes INTEGER NOT NULL, stop_request TEXT, crashes INTEGER NOT NULL,
    losses TEXT NOT NULL, name TEXT NOT NULL DEFAULT '', words TEXT NOT NULL DEFAULT '',
    favourite INTEGER NOT NULL DEFAULT 0, one_pass INTEGER NOT NULL DEFAULT 0, trained TEXT, deleted REAL,
    clip TEXT NOT NULL DEFAULT 'null'
);
CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state, ended);
CREATE TABLE IF NOT EXISTS used_pictures (job TEXT NOT NULL, picture TEXT NOT NULL, PRIMARY KEY (picture, job));
"""
# What turns a database of each older version into one of the next version.
_MIGRATIONS = {
    1: (
        "ALTER TABLE jobs RENAME COLUMN wish TO stop_request",
        "ALTER TABLE jobs RENAME COLUMN deaths TO crashes",
    ),
    2: (
        "ALTER TABLE jobs ADD COLUMN name TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE jobs ADD COLUMN words TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE jobs ADD COLUMN favourite INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE jobs ADD COLUMN one_pass INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE jobs ADD COLUMN trained TEXT",
        "ALTER TABLE jobs ADD COLUMN deleted REAL",
    ),
    3: (
        "ALTER TABLE jobs ADD COLUMN clip TEXT NOT NULL DEFAULT 'null'",
        "ALTER TABLE pictures ADD COLUMN clip TEXT NOT NULL DEFAULT 'null'",
    ),
}
_VALUE_COLUMNS = (
    "id", "state", "rank", "created", "ended", "content", "step", "steps", "loss", "seconds_left", "error", "bytes",
    "stop_request", "crashes", "name", "words", "trained", "deleted",
)  # fmt: skip
_FLAG_COLUMNS = ("has_picture", "favourite", "one_pass")
_JSON_COLUMNS = ("styles", "recipe", "guides", "scale", "losses", "clip")
PICTURE_COLUMNS = ("id", "name", "width", "height", "alpha", "bytes", "used", "clip")
JOB_COLUMNS = (*_VALUE_COLUMNS, *_JSON_COLUMNS, *_FLAG_COLUMNS, "seq")
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


@dataclass(frozen=True)
class PictureRow:
    """An uploaded picture; width and height are those of the upright picture, ``used`` is when it was last used.

    A clip has the further fields of `ClipDetails` in ``clip``.
    """

    id: str
    name: str
    width: int
    height: int
    alpha: bool
    bytes: int
    used: float
    clip: dict[str, Any] | None = None


class Database:
    """Pictures and jobs. Each call is one short transaction; one process holds the file.

    Raises DamagedDatabaseError if the file is damaged, and OutputError if another studio holds it or a newer impasto
    wrote it. A database of an older version is migrated.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._connection = sqlite3.connect(
                path, timeout=0.5, isolation_level=None, check_same_thread=False
            )
            # Set before WAL mode: the lock is then held until the process ends, even if it is killed.
            self._connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._migrate(path)
            self._check(path)
        except sqlite3.Error as error:
            self._close_quietly()
            if getattr(error, "sqlite_errorcode", None) in _DAMAGED:
                raise _damaged(path, str(error)) from error
            if "locked" in str(error):
                raise OutputError(
                    f"Another studio runs in '{path.parent}'; use that one, or give this one another --data."
                ) from error
            raise OutputError(f"'{path}' cannot be opened ({error}); give another --data.") from error
        except OutputError:
            self._close_quietly()
            raise

    def _close_quietly(self) -> None:
        """Release the file after a failure, so that it can be moved away."""
        with contextlib.suppress(AttributeError, sqlite3.Error):
            self._connection.close()

    def _check(self, path: Path) -> None:
        """Raise DamagedDatabaseError unless SQLite can read every page and the tables have their columns."""
        verdict = self._connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict is None or verdict[0] != "ok":
            raise _damaged(path, str(verdict and verdict[0]))
        try:
            self._connection.execute(f"SELECT {','.join(JOB_COLUMNS)} FROM jobs LIMIT 0")
            self._connection.execute("SELECT picture, job FROM used_pictures LIMIT 0")
            self._connection.execute(f"SELECT {','.join(PICTURE_COLUMNS)} FROM pictures LIMIT 0")
        except sqlite3.OperationalError as error:
            raise _damaged(path, str(error)) from error

    def _migrate(self, path: Path) -> None:
        """Bring the file to the current version; a new file gets the schema."""
        self._connection.execute("BEGIN EXCLUSIVE")
        version = int(self._connection.execute("PRAGMA user_version").fetchone()[0])
        if version > VERSION:
            raise OutputError(
                f"'{path}' was made by another version of impasto; give another --data, or move it away."
            )
        for old_version in range(version, VERSION) if version else ():
            for statement in _MIGRATIONS[old_version]:
                self._connection.execute(statement)
        if version != VERSION:  # a damaged file is not written to
            self._connection.execute(f"PRAGMA user_version={VERSION}")
        self._connection.execute("COMMIT")
        self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def save_picture(self, row: PictureRow) -> None:
        """Write a picture's row."""
        self._connection.execute(
            f"INSERT OR REPLACE INTO pictures ({','.join(PICTURE_COLUMNS)}) VALUES (?,?,?,?,?,?,?,?)",
            (
                row.id,
                row.name,
                row.width,
                row.height,
                int(row.alpha),
                row.bytes,
                row.used,
                json.dumps(row.clip),
            ),
        )

    def picture(self, picture_id: str) -> PictureRow | None:
        """Return a picture's row, None if there is none."""
        query = f"SELECT {','.join(PICTURE_COLUMNS)} FROM pictures WHERE id=?"
        values = self._connection.execute(query, (picture_id,)).fetchone()
        if values is None:
            return None
        row_id, name, width, height, alpha, size, used, clip = values
        return PictureRow(row_id, name, width, height, bool(alpha), size, used, json.loads(clip))

    def touch(self, picture_ids: Iterable[str], now: float) -> None:
        """Record that pictures were used."""
        values = [(now, picture_id) for picture_id in picture_ids]
        self._connection.executemany("UPDATE pictures SET used=? WHERE id=?", values)

    def delete_picture(self, picture_id: str) -> None:
        """Delete a picture's row."""
        self._connection.execute("DELETE FROM pictures WHERE id=?", (picture_id,))

    def save(self, job: StudioJob) -> None:
        """Write a job's row. A new job gets its number, and the pictures that it uses are recorded."""
        values: dict[str, Any] = {name: getattr(job, name) for name in _VALUE_COLUMNS}
        values |= {name: json.dumps(getattr(job, name)) for name in _JSON_COLUMNS}
        values |= {name: int(getattr(job, name)) for name in _FLAG_COLUMNS}
        if job.seq:
            assignments = ",".join(f"{name}=:{name}" for name in values)
            self._connection.execute(f"UPDATE jobs SET {assignments} WHERE id=:id", values)
            return
        columns, parameters = ",".join(values), ",".join(f":{name}" for name in values)
        self._connection.execute("BEGIN")
        try:
            cursor = self._connection.execute(f"INSERT INTO jobs ({columns}) VALUES ({parameters})", values)
            self._connection.executemany(
                "INSERT OR IGNORE INTO used_pictures VALUES (?,?)",
                [(job.id, picture_id) for picture_id in job.pictures],
            )
            self._connection.execute("COMMIT")
        except sqlite3.Error:
            if self._connection.in_transaction:  # SQLite itself rolls some errors back
                self._connection.execute("ROLLBACK")
            raise
        job.seq = int(cursor.lastrowid or 0)

    def job(self, job_id: str) -> StudioJob | None:
        """Return a job, None if there is none."""
        return next(iter(self._jobs("WHERE id=? AND deleted IS NULL", (job_id,))), None)

    def has_job(self, job_id: str) -> bool:
        """Return whether there is a job, also in the trash."""
        row = self._connection.execute("SELECT 1 FROM jobs WHERE id=?", (job_id,)).fetchone()
        return row is not None

    def active(self) -> list[StudioJob]:
        """Return the unfinished jobs in the order of the queue."""
        return self._jobs(f"WHERE state IN {ACTIVE} AND deleted IS NULL ORDER BY rank")

    def page(
        self, before: int | None, count: int, words: Sequence[str] = (), favourites: bool = False
    ) -> list[StudioJob]:
        """Return the newest ``count`` jobs, or those before the number ``before``.

        With ``words`` only jobs whose text for searches contains all of them, with ``favourites`` only favourites.
        """
        wanted = "".join(" AND instr(words, ?)" for _ in words) + " AND favourite" * favourites
        return self._jobs(
            f"WHERE seq < ? AND deleted IS NULL{wanted} ORDER BY seq DESC LIMIT ?",
            (2**62 if before is None else before, *words, count),
        )

    def without_words(self) -> list[StudioJob]:
        """Return the jobs of an older version of impasto, which had no text for searches."""
        return self._jobs("WHERE words = ''")

    def trashed(self) -> list[StudioJob]:
        """Return the jobs in the trash."""
        return self._jobs("WHERE deleted IS NOT NULL")

    def delete(self, job_id: str) -> None:
        """Delete a job's row."""
        self._connection.execute("DELETE FROM jobs WHERE id=?", (job_id,))
        self._connection.execute("DELETE FROM used_pictures WHERE job=?", (job_id,))

    def bytes(self) -> int:
        """Return the bytes of all pictures and jobs."""
        total = (
            "SELECT (SELECT coalesce(sum(bytes),0) FROM pictures) + (SELECT coalesce(sum(bytes),0) FROM jobs)"
        )
        return int(self._connection.execute(total).fetchone()[0])

    def oldest(self, keep: Iterable[str], before: float) -> tuple[str, str] | None:
        """Return what to delete first: ("job", id) of a finished job or ("picture", id) of an unused picture.

        The trash goes first, then the oldest, and favourites last. Pictures in ``keep`` and pictures used after
        the time ``before`` are not returned.
        """
        keep_ids = list(keep)
        parameters = ",".join("?" * len(keep_ids))
        row = self._connection.execute(
            f"""SELECT 'job', id, CASE WHEN deleted IS NOT NULL THEN 0 WHEN favourite THEN 2 ELSE 1 END AS turn,
            ended AS time FROM jobs WHERE state IN {ENDED} OR deleted IS NOT NULL
            UNION ALL SELECT 'picture', id, 1 AS turn, used AS time FROM pictures
            WHERE id NOT IN (SELECT picture FROM used_pictures) AND id NOT IN ({parameters}) AND used < ?
            ORDER BY turn, time LIMIT 1""",
            (*keep_ids, before),
        ).fetchone()
        return None if row is None else (row[0], row[1])

    def _jobs(self, where: str, values: tuple[object, ...] = ()) -> list[StudioJob]:
        rows = self._connection.execute(f"SELECT {','.join(JOB_COLUMNS)} FROM jobs {where}", values)
        return [to_job(dict(zip(JOB_COLUMNS, row, strict=True))) for row in rows]


def _damaged(path: Path, reason: str) -> DamagedDatabaseError:
    return DamagedDatabaseError(f"'{path}' is damaged ({reason}); move it away or give another --data.")


def to_job(values: dict[str, Any]) -> StudioJob:
    """Return the job of a row, given by the names of its columns."""
    values |= {name: json.loads(values[name]) for name in _JSON_COLUMNS}
    values |= {name: bool(values[name]) for name in _FLAG_COLUMNS}
    if values["scale"] is not None:
        values["scale"] = tuple(values["scale"])
    values["losses"] = [(step, loss) for step, loss in values["losses"]]
    return StudioJob(**values)
