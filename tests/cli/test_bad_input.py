"""Bad files and arguments: an exit code for the kind, one sentence, and nothing on the disk has changed."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from impasto.cli.guide_options import FLAGS
from impasto.cli.main import COMMANDS
from impasto.errors import BAD_FILE, NO_MEMORY, NOT_INSTALLED, USAGE
from impasto.optimize.recipe import Recipe

from .bad_cases import BAD, PAINT, prepare
from .conftest import TINY, save_checkpoint


def contents(folder: Path) -> dict[str, str]:
    """Return every name below a folder and what is in it."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        if path.is_file()
        else "-"
        for path in folder.rglob("*")
    }


REFUSED = (USAGE, BAD_FILE, NO_MEMORY, NOT_INSTALLED)


def assert_one_sentence(run) -> None:
    """The run said one sentence and left with the code of a refusal."""
    assert run.code in REFUSED, run
    lines = run.err.splitlines()
    assert len(lines) == 1, run.err
    assert lines[0].startswith("impasto: ")
    assert len(lines[0]) <= 400 + len("impasto: ")
    assert "Traceback" not in run.err
    assert lines[0].endswith((".", "?"))


def test_the_table_is_long_and_covers_every_command() -> None:
    assert len(BAD) >= 60
    assert {words[0] for words in BAD.values()} >= set(COMMANDS)


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_sentence_and_changes_nothing(cli, place: Path, case: str) -> None:
    prepare(place)
    before = contents(place)
    run = cli(*BAD[case])
    assert_one_sentence(run)
    assert contents(place) == before


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (USAGE, ("stylize", "photo.png", "art.png", "--nope")),
        (USAGE, ("stylize", "photo.png", "art.png", "--strength", "9")),
        (USAGE, ("presets", "nope")),
        (BAD_FILE, ("stylize", "gone.png", "art.png")),
        (BAD_FILE, ("stylize", "photo.png", "art.png", *TINY, "--out", "missing/o.png")),
        (BAD_FILE, ("stylize", "--resume", "zip.checkpoint")),
        (BAD_FILE, ("stylize", "photo.png", "art.png", "--encoder", "vgg19", "--size", "32")),
        (
            NO_MEMORY,
            (
                "stylize",
                "photo.png",
                "art.png",
                "--encoder",
                "tiny",
                "--size",
                "30000",
                "--style-loss",
                "sliced",
            ),
        ),
        (5, ("stylize", "photo.png", "text.png", "--style", "art.png", *TINY, "--out-dir", "o")),
    ],
    ids=str,
)
def test_scripts_can_tell_failures_apart(cli, place: Path, code: int, words: tuple[str, ...]) -> None:
    prepare(place)
    assert cli(*words).code == code


def test_a_checkpoint_of_other_pictures(cli, place: Path) -> None:
    save_checkpoint(place / "c")
    before = contents(place)
    run = cli("stylize", "art2.png", "--style", "art.png", "--resume", "c", "--out", "p.png")
    assert_one_sentence(run)
    assert "differ" in run.err
    assert contents(place) == before
    (place / "photo.png").unlink()
    assert_one_sentence(cli("stylize", "--resume", "c", "--out", "p.png"))


def test_a_cut_checkpoint(cli, place: Path) -> None:
    save_checkpoint(place / "c")
    whole = (place / "c").read_bytes()
    for length in (1, len(whole) // 3, len(whole) - 1):
        (place / "c").write_bytes(whole[:length])
        assert_one_sentence(cli("stylize", "--resume", "c", "--out", "p.png"))
    assert not (place / "p.png").exists()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_closed_folder(cli, place: Path) -> None:
    (place / "empty").mkdir()
    (place / "empty").chmod(0o500)
    assert_one_sentence(cli(*PAINT, "--out", "empty/o.png"))


@pytest.mark.parametrize("full", ["o.png", "o.png.json"])
def test_a_full_disk(cli, place: Path, monkeypatch, full: str) -> None:
    """The old picture stays, and nothing half-written is left."""
    (place / "o.png").write_bytes(b"old")
    (place / "o.png.json").write_bytes(b"old")
    real = Path.replace

    def replace(self: Path, to: Path) -> Path:
        if Path(to).name == full:
            raise OSError(28, "No space left on device")
        return real(self, to)

    monkeypatch.setattr(Path, "replace", replace)
    run = cli(*PAINT, "--out", "o.png", "--quiet")
    assert_one_sentence(run)
    assert "No space left" in run.err
    assert (place / full).read_bytes() == b"old"
    assert not list(place.glob(".impasto-*"))


def test_a_preview_that_cannot_be_written_does_not_end_the_run(cli, place: Path, monkeypatch) -> None:
    real = Path.replace

    def replace(self: Path, to: Path) -> Path:
        if Path(to).name == "p.png":
            raise OSError(28, "No space left on device")
        return real(self, to)

    monkeypatch.setattr(Path, "replace", replace)
    run = cli(*PAINT, "--out", "o.png", "--preview", "p.png")
    assert run.code == 0
    assert run.err.count("impasto: note: The preview is not updated any more") == 1


WORDS = st.one_of(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12),
    st.integers().map(str),
    st.floats(allow_subnormal=False).map(str),  # the engine flushes subnormals
    st.sampled_from(["relu1_1:1", "16:1,32:1", "0.5,0.9", "auto", "noise", "tiny", "1:1", "left", ""]),
)
OPTIONS = st.sampled_from(
    [f"--{name.replace('_', '-')}" for name in Recipe.model_fields] + [*FLAGS.values(), "--nope"]
)
SLOW = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)


@SLOW
@given(st.lists(st.tuples(OPTIONS, WORDS), min_size=1, max_size=3))
def test_any_option_values_end_in_a_picture_or_a_sentence(cli, place: Path, given_options) -> None:
    """The plan reads the same settings and pictures as a run, and paints nothing however large they are."""
    words = [f"{option}={value}" for option, value in given_options]
    run = cli(
        "plan",
        "photo.png",
        "art.png",
        *TINY,
        *words,
    )
    assert run.code in (0, *REFUSED), run
    assert "Traceback" not in run.err
    if run.code:
        assert_one_sentence(run)


@SLOW
@given(
    st.binary(max_size=300),
    st.sampled_from(["g.png", "g.json", "g.jpg", "g.pth", "g.safetensors"]),
    st.booleans(),
    st.sampled_from(
        [
            ("{}", "art.png", *TINY),
            ("--from", "{}"),
            ("--resume", "{}"),
            ("photo.png", "art.png", "--encoder", "vgg19", "--weights", "{}"),
        ]
    ),
)
def test_any_bytes_end_in_a_sentence(
    cli, place: Path, data: bytes, name: str, front: bool, words: tuple[str, ...]
) -> None:
    (place / name).write_bytes((place / "photo.png").read_bytes()[:60] + data if front else data)
    assert_one_sentence(cli("stylize", *(word.format(name) for word in words)))
