"""Invalid settings, the data folder, names from clients, and the versions of the database."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from impasto.errors import NOT_INSTALLED, OutputError, RecipeError
from impasto.studio.database import Database, PictureRow
from impasto.studio.folder import StudioFolder, is_id, new_id
from impasto.studio.pictures import clean_name
from impasto.studio.settings import Limits, StudioSettings

HERE = Path("nowhere")


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"host": "0.0.0.0"}, "--token"),
        ({"host": "::"}, "--token"),
        ({"host": "example.org"}, "--token"),
        ({"host": "192.168.1.2"}, "--token"),
        ({"host": ""}, "--token"),
        ({"port": -1}, "port"),
        ({"port": 65536}, "port"),
        ({"token": "short"}, "token"),
        ({"token": "with spaces here"}, "token"),
        ({"token": "a" * 201}, "token"),
        ({"devices": ("gpu",)}, "device"),
        ({"devices": ("cpu", "cpu")}, "device"),
        ({"devices": ()}, "device"),
        ({"limits": Limits(history_bytes=1000)}, "history"),
    ],
)
def test_invalid_settings(given, word) -> None:
    with pytest.raises(RecipeError, match=word):
        StudioSettings(HERE, **given)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.1.2.3"])
def test_this_machine_needs_no_token(host) -> None:
    assert StudioSettings(HERE, host=host).local


def test_other_machines_with_a_token() -> None:
    assert not StudioSettings(HERE, host="0.0.0.0", token="long-enough").local


BAD_IDS = [
    "",
    ".",
    "..",
    "../" * 4,
    "a" * 31,
    "a" * 33,
    "A" * 32,
    "g" * 32,
    "a" * 32 + "\n",
    "/" + "a" * 31,
    "é" * 32,
    "..%2f..%2fetc%2fpasswd",
    "0" * 31 + "\0",
]


@pytest.mark.parametrize("name", BAD_IDS, ids=ascii)
def test_only_ids_become_paths(tmp_path, name) -> None:
    folder = StudioFolder(tmp_path)
    assert not is_id(name)
    for place in (folder.picture, folder.job, folder.checkpoint, folder.result, folder.preview):
        with pytest.raises(ValueError, match="not an id"):
            place(name)
    assert is_id(new_id())


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("candy%20%2F..%2Fx.jpg", "candy .. x.jpg"),
        (None, "picture"),
        ("", "picture"),
        ("%00%0a", "picture"),
        ("%ff%fe", "��"),
        ("x" * 500, "x" * 120),
        ("%ed%a0%80", "���"),
        ("a%E2%80%A8b", "a b"),
    ],
)
def test_names_of_pictures_are_harmless(given, name) -> None:
    assert clean_name(given) == name


def test_two_studios_do_not_share_a_folder(tmp_path) -> None:
    first = Database(tmp_path / "d")
    with pytest.raises(OutputError, match="Another studio"):
        Database(tmp_path / "d")
    first.close()
    Database(tmp_path / "d").close()


def test_a_database_of_version_1_is_migrated(tmp_path) -> None:
    old = sqlite3.connect(tmp_path / "d")
    old.execute(
        "CREATE TABLE jobs (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, state TEXT NOT NULL, "
        "rank REAL NOT NULL, created REAL NOT NULL, ended REAL, content TEXT, styles TEXT NOT NULL, "
        "recipe TEXT NOT NULL, guides TEXT NOT NULL, step INTEGER NOT NULL, steps INTEGER, scale TEXT, loss REAL, "
        "seconds_left REAL, error TEXT, has_picture INTEGER NOT NULL, bytes INTEGER NOT NULL, wish TEXT, "
        "deaths INTEGER NOT NULL, losses TEXT NOT NULL)"
    )
    values = (1, "a" * 32, "running", 1.0, 2.0, "[]", "{}", "{}", 7, 0, 3, "pause", 2, "[]", "null")
    old.execute(
        "INSERT INTO jobs (seq, id, state, rank, created, styles, recipe, guides, step, has_picture, bytes, wish, "
        f"deaths, losses, scale) VALUES ({','.join('?' * len(values))})",
        values,
    )
    old.execute(
        "CREATE TABLE pictures (id TEXT PRIMARY KEY, name TEXT NOT NULL, width INTEGER NOT NULL, "
        "height INTEGER NOT NULL, alpha INTEGER NOT NULL, bytes INTEGER NOT NULL, used REAL NOT NULL)"
    )
    old.execute("INSERT INTO pictures VALUES (?, 'sea', 4, 3, 0, 9, 1.0)", ("b" * 32,))
    old.execute("PRAGMA user_version=1")
    old.commit()
    old.close()
    for _ in range(2):  # the second time it is already migrated
        database = Database(tmp_path / "d")
        (job,) = database.active()
        assert (job.id, job.step, job.stop_request, job.crashes) == ("a" * 32, 7, "pause", 2)
        assert (job.clip, database.picture("b" * 32)) == (
            None,
            PictureRow("b" * 32, "sea", 4, 3, False, 9, 1.0),
        )
        database.save(job)
        database.close()


def test_a_damaged_or_newer_database(tmp_path) -> None:
    (tmp_path / "d").write_bytes(b"no database at all" * 100)
    with pytest.raises(OutputError, match="damaged"):
        Database(tmp_path / "d")
    newer = Database(tmp_path / "n")
    newer._connection.execute("PRAGMA user_version=99")
    newer.close()
    with pytest.raises(OutputError, match="another version"):
        Database(tmp_path / "n")


@pytest.mark.skipif(os.name == "nt", reason="permissions of Unix")
def test_other_users_of_the_machine_cannot_read_the_folder(tmp_path) -> None:
    folder = StudioFolder(tmp_path / "new" / "data")
    made = (folder.root, folder.pictures, folder.jobs, folder.uploads)
    assert [stat.S_IMODE(path.stat().st_mode) for path in made] == [0o700] * 4


def test_an_impossible_folder(tmp_path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="--data"):
        StudioFolder(tmp_path / "file" / "data")


@pytest.mark.parametrize("module", ["fastapi", "uvicorn", "sse_starlette"])
def test_a_missing_extra_is_one_sentence(module) -> None:
    program = (
        f"import sys; sys.modules['{module}'] = None; sys.argv = ['impasto', 'studio', '--no-open']\n"
        "from impasto.cli.main import main; sys.exit(main())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", timeout=60)
    assert (done.returncode, done.stdout) == (NOT_INSTALLED, "")
    assert done.stderr == "impasto: The studio needs an optional part: pip install 'impasto[studio]'.\n"
