"""A damaged database: it is moved aside, and the rows that can still be read are taken over."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from impasto.errors import OutputError, RecipeError
from impasto.imaging import write_text_atomic
from impasto.optimize.recipe import Recipe
from impasto.studio.database import JOB_COLUMNS, Database, PictureRow, to_job
from impasto.studio.errors import DamagedDatabaseError
from impasto.studio.folder import StudioFolder, is_id
from impasto.studio.jobs import StudioJob

_SUFFIXES = ("", "-wal", "-shm")


@dataclass(frozen=True)
class OldRows:
    """What can still be read of a damaged database: names of pictures, and jobs, by id."""

    names: dict[str, str] = field(default_factory=dict)
    jobs: dict[str, StudioJob] = field(default_factory=dict)


def open_or_replace(folder: StudioFolder, report: Callable[[str], None]) -> tuple[Database, OldRows | None]:
    """Open the database; move a damaged one aside, never delete it, and start a new one.

    The second value is None unless files must be imported, because the database was damaged or missing; a mark on
    disk says so until the import has ended. Raises OutputError if another studio holds the file, a newer impasto
    wrote it, or it cannot be moved.
    """
    path, mark = folder.database, folder.import_mark
    is_missing = not path.is_file() or path.stat().st_size == 0
    if is_missing and folder.has_files() and not mark.is_file():
        mark.touch()
    try:
        database = Database(path)
    except DamagedDatabaseError:
        aside = path.with_name(time.strftime(f"{path.stem}-damaged-%Y%m%d-%H%M%S{path.suffix}"))
        report(f"The studio's database is damaged. It is now '{aside}'; its pictures are imported again.")
        write_text_atomic(mark, aside.name)
        _move_aside(path, aside)
        database = Database(path)
    if not mark.is_file():
        return database, None
    aside = path.with_name(Path(mark.read_text(encoding="utf-8")).name or path.name)
    return database, read_rows(aside) if aside != path and aside.is_file() else OldRows()


def _move_aside(path: Path, aside: Path) -> None:
    try:
        for suffix in _SUFFIXES:
            with contextlib.suppress(FileNotFoundError):
                path.with_name(path.name + suffix).rename(aside.with_name(aside.name + suffix))
    except OSError as error:
        raise OutputError(
            f"'{path}' is damaged and cannot be moved ({error.strerror}); move it away or give another --data."
        ) from error


def read_rows(path: Path) -> OldRows:
    """Return the rows of a damaged database that can be read and make sense."""
    rows = OldRows()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        columns = tuple(PictureRow.__dataclass_fields__)
        for values in _readable(connection, "pictures", columns):
            if is_id(values["id"]) and isinstance(values["name"], str):
                rows.names[values["id"]] = values["name"]
        for values in _readable(connection, "jobs", JOB_COLUMNS):
            with contextlib.suppress(RecipeError, TypeError, ValueError, AttributeError, KeyError):
                job = to_job(values)
                Recipe.make(job.recipe)
                if is_id(job.id) and isinstance(job.created, float):
                    rows.jobs[job.id] = job
    return rows


def _readable(connection: sqlite3.Connection, table: str, columns: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the rows before and after the damaged part of a table."""
    found: dict[int, dict[str, Any]] = {}
    for order in ("ASC", "DESC"):
        query = f"SELECT rowid, {','.join(columns)} FROM {table} ORDER BY rowid {order}"
        with contextlib.suppress(sqlite3.Error):
            for number, *values in connection.execute(query):
                found[number] = dict(zip(columns, values, strict=True))
    return [found[number] for number in sorted(found)]
