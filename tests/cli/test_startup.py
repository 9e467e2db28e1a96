"""Help, lists and versions come without torch, and every command is where the table says."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import typer

from impasto.cli.main import COMMANDS, load

PROBE = """
import sys
from impasto.cli.main import main
code = main(sys.argv[1:])
heavy = sorted(set(sys.modules) & {"torch", "numpy", "PIL", "pyvips"})
print("HEAVY", heavy, file=sys.stderr)
sys.exit(code)
"""
QUICK = (
    ["--help"],
    ["--version"],
    ["presets"],
    ["weights", "list"],
    *([name, "--help"] for name in COMMANDS),
)


# All in one process: what one of them imports stays imported.
PROBE_ALL = """
import contextlib, io, json, sys
from impasto.cli.main import main
for words in json.load(sys.stdin):
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        code = main(words)
    heavy = sorted(set(sys.modules) & {"torch", "numpy", "PIL", "pyvips"})
    print(json.dumps({"words": words, "code": code, "said": bool(said.getvalue()), "heavy": heavy}))
"""


def test_nothing_heavy_is_imported(environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROBE_ALL],
        input=json.dumps(QUICK),
        capture_output=True,
        encoding="utf-8",
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert found == [{"words": words, "code": 0, "said": True, "heavy": []} for words in QUICK]


def test_help_takes_little_processor_time(environment: dict[str, str]) -> None:
    """Half a second on an idle machine; processor time is counted, so that a busy one does not matter."""
    resource = pytest.importorskip("resource")
    spent = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, "-c", PROBE, "--help"], capture_output=True, env=environment, check=True
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(spent) < 0.5


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_page_says_what_the_command_says(name: str) -> None:
    assert (load(name).help or "").splitlines()[0] == COMMANDS[name]


def test_version(cli) -> None:
    from impasto import __version__

    run = cli("--version")
    assert (run.code, run.out) == (0, f"impasto {__version__}\n")


def test_no_words_print_the_help(cli) -> None:
    run = cli()
    assert run.code == 0
    assert all(name in run.out for name in COMMANDS)


def test_a_bug_is_one_sentence_and_code_70(cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("impasto.cli.presets._list", lambda as_json: 1 / 0)
    run = cli("presets")
    assert run.code == 70
    assert (
        run.err
        == "impasto: impasto hit a bug: ZeroDivisionError: division by zero; run with --debug for the traceback.\n"
    )
    debugged = cli("presets", "--debug")
    assert debugged.code == 70
    assert "Traceback" in debugged.err


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (MemoryError(), 4, "--size"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), 4, "--size"),
        (OSError(28, "No space left on device", "x.png"), 3, "free some space"),
        (PermissionError(13, "Permission denied", "x.png"), 3, "x.png"),
        (typer.BadParameter("no good"), 2, "no good"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_the_machine_raises_is_a_sentence(
    cli, monkeypatch, error: Exception, code: int, words: str
) -> None:
    def fail(as_json: bool) -> None:
        raise error

    monkeypatch.setattr("impasto.cli.presets._list", fail)
    run = cli("presets")
    assert run.code == code
    assert run.err.startswith("impasto: ")
    assert run.err.count("\n") == 1
    assert words in run.err


def test_a_closed_pipe_is_quiet(environment: dict[str, str]) -> None:
    """`impasto presets gatys | head -0` must not complain."""
    with subprocess.Popen(
        [sys.executable, "-c", PROBE, "presets", "gatys", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        encoding="utf-8",
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
    assert process.returncode == 141
    assert said == "HEAVY []\n"


def test_warnings_are_notes_said_once(cli, monkeypatch: pytest.MonkeyPatch) -> None:
    import warnings

    from impasto.imaging import PictureWarning

    def warn(as_json: bool) -> None:
        for _ in range(3):
            warnings.warn("the profile was ignored", PictureWarning, stacklevel=1)
            warnings.warn("of a library", UserWarning, stacklevel=1)

    monkeypatch.setattr("impasto.cli.presets._list", warn)
    assert cli("presets").err == "impasto: note: the profile was ignored\n"


def test_the_module_leaves_with_the_command_s_exit_code():
    found = subprocess.run(
        [sys.executable, "-m", "impasto", "presets", "nope"], capture_output=True, check=False
    )
    assert found.returncode == 2
