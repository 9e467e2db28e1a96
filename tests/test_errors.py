"""The sentence about an error that impasto did not expect."""

from __future__ import annotations

from pathlib import Path

import pytest

import impasto
from impasto.batch.painter import _failure
from impasto.cli.failures import explain
from impasto.errors import describe_bug
from impasto.studio.processes import _status_and_message


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero"),
        (ValueError(" two\n lines. "), "ValueError: two lines"),
        (RuntimeError(), "RuntimeError"),
        (KeyError("x" * 999), f"KeyError: '{'x' * 299}"),
    ],
)
def test_every_part_of_impasto_describes_a_bug_in_the_same_words(error, words) -> None:
    sentence = f"impasto hit a bug: {words}"
    assert describe_bug(error) == sentence
    assert explain(error).sentence.startswith(f"{sentence}; run with --debug")
    assert _status_and_message(error)[1] == _failure(error)["error"] == f"{sentence}."


def test_the_words_have_one_home() -> None:
    folder = Path(impasto.__file__).parent
    files = [path for path in folder.rglob("*.py") if "hit a bug" in path.read_text(encoding="utf-8")]
    assert files == [folder / "errors.py"]
