"""Names of files: every file system takes them, and they survive a second pass."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impasto.imaging.file_names import MOST_BYTES, joined_stem, one_line, safe_stem


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("Sunset", "Sunset"),
        ("../../etc/passwd", "etc-passwd"),
        ("a\\b:c|d", "a-b-c-d"),
        ("what? <b>*</b>", "what b-b"),
        ('Two of "them', "Two of them"),
        ("a - b", "a - b"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("console", "console"),
        (" .hidden. ", "hidden"),
        ("two\n lines", "two lines"),
        ("\n\t", "picture"),
        ("", "picture"),
        ("e\u0301te\u0301 \U0001f3a8", "\u00e9t\u00e9 \U0001f3a8"),
        ("x" * 300, "x" * 200),
        ("\u00e9" * 300, "\u00e9" * 100),
        ("\udcff", "picture"),
    ],
)
def test_stems(name, safe) -> None:
    assert safe_stem(name) == safe


@given(st.text())
def test_every_text_becomes_a_file_name(text) -> None:
    stem = safe_stem(text)
    assert safe_stem(stem) == stem
    assert 0 < len(stem.encode()) <= MOST_BYTES + 1
    assert not set(stem) & set('<>:"/\\|?*\0\n\r\t')
    assert stem == stem.strip(". ")


def test_parts_are_joined() -> None:
    assert joined_stem(["photo", "", "swirls 2"]) == "photo-swirls 2"
    assert joined_stem([]) == "picture"


def test_a_name_for_people_may_have_any_sign() -> None:
    assert one_line(" What?\n<b> \x00 a/b ") == "What? <b> a b"
