"""Reports: the format follows the name, and every name of a file can be written."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import pytest

from impasto.batch import BatchRow, report, write_report

ODD = BatchRow("a", "painted", os.fsdecode(b"in/\xff.png"), ("\N{SNOWMAN}.png",), "o/a.png")


def test_a_file_s_name_need_not_be_utf_8(tmp_path: Path) -> None:
    write_report(str(tmp_path / "r.jsonl"), [ODD])
    (line,) = (tmp_path / "r.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line) == ODD.to_json()
    write_report(str(tmp_path / "r.csv"), [ODD])
    with (tmp_path / "r.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["content"], row["styles"]) == ("in/\\udcff.png", "\N{SNOWMAN}.png")


@pytest.mark.parametrize("place", ["r.JSONL", "https://host/r.jsonl?signature=1", "s3://bucket/r%2Ejsonl"])
def test_the_format_is_that_of_the_suffix_of_the_name(place: str, monkeypatch) -> None:
    written: dict[str, bytes] = {}
    monkeypatch.setattr(report, "write_bytes", written.__setitem__)
    write_report(place, [ODD])
    assert json.loads(written[place])["id"] == "a"
