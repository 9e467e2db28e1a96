"""Manifests: both formats say the same, and a damaged one is refused with its line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from impasto.batch import BatchItem, read_manifest
from impasto.errors import ImpastoError

CSV = """\
id,content,styles,strength,mix,fast,masks,protect,seed
one,in/a.png,art.png; art2.png,0.7,"0.3,0.7",,,left,
two,s3://bucket/b.png,/abs/art.png,,,true,left;sky.png,,5

three,in/a.png,,,,no,,,
"""
ROWS = [
    {"id": "one", "content": "in/a.png", "styles": ["art.png", "art2.png"], "strength": "0.7",
     "mix": ["0.3", "0.7"], "protect": "left"},
    {"id": "two", "content": "s3://bucket/b.png", "styles": "/abs/art.png", "fast": True,
     "masks": ["left", "sky.png"], "seed": "5"},
    {"id": "three", "content": "in/a.png", "fast": False, "strength": None},
]  # fmt: skip


def test_csv_and_json_lines_are_the_same_items(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text(CSV, encoding="utf-8-sig")
    (tmp_path / "m.jsonl").write_text("\n".join(json.dumps(row) for row in ROWS))
    common = {"settings": {"strength": 0.1, "size": 64}, "styles": ["/art/default.png"]}
    items = read_manifest(str(tmp_path / "m.csv"), **common)
    here = str(tmp_path)
    assert items == [
        BatchItem(
            "one", f"{here}/in/a.png", (f"{here}/art.png", f"{here}/art2.png"),
            {"strength": "0.7", "size": 64, "mix": ["0.3", "0.7"]}, None, {"protect": "left"},
        ),
        BatchItem(
            "two", "s3://bucket/b.png", ("/abs/art.png",), {"strength": 0.1, "size": 64, "seed": "5"}, "fast",
            {"masks": ["left", f"{here}/sky.png"]},
        ),
        BatchItem("three", f"{here}/in/a.png", ("/art/default.png",), common["settings"]),
    ]  # fmt: skip
    assert read_manifest(str(tmp_path / "m.jsonl"), **common) == items


def test_the_id_is_by_default_the_name_of_the_picture(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("content\nin/a.png\nb.jpg\n")
    assert [item.id for item in read_manifest(str(tmp_path / "m.csv"))] == ["a", "b"]


def test_a_network_s_own_style_is_a_name_and_a_network_may_be_a_file(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text(
        "id,content,network,styles\na,a.png,two-poplars,waves\nb,a.png,my.safetensors,art.png\n"
    )
    first, second = read_manifest(str(tmp_path / "m.csv"))
    assert (first.network, first.styles) == ("two-poplars", ("waves",))
    assert (second.network, second.styles) == (f"{tmp_path}/my.safetensors", (f"{tmp_path}/art.png",))


BAD = {
    "m.txt": ("content\na.png", ".csv or .jsonl"),
    "empty.csv": ("", "empty"),
    "header.csv": ("id,content\n", "no rows"),
    "no-content.csv": ("id,styles\na,b.png", "no column 'content'"),
    "unknown.csv": ("content,strenght\na.png,1", "Did you mean 'strength'"),
    "twice.csv": ("content,id,id\na.png,1,2", "a column twice"),
    "cells.csv": ("content,seed\na.png,1,2", "Line 2 of 'cells.csv' has 3 cells"),
    "quote.csv": ('content\n"a.png"x\n', "is not valid CSV"),
    "blank.csv": ("id,content\none,", "Line 2 of 'blank.csv' has no content"),
    "ids.csv": ("id,content\na,a.png\nA,b.png", "2 pictures would have the id 'a'"),
    "slash.csv": ("id,content\n../a,a.png", "cannot be a file's name"),
    "dot.csv": ("id,content\n.a,a.png", "cannot be a file's name"),
    "long.csv": (f"id,content\n{'x' * 300},a.png", "cannot be a file's name"),
    "fast.csv": ("content,fast\na.png,maybe", "give true or false"),
    "nul.csv": ("content\na\0.png", "cannot be a file's name"),
    "cut.jsonl": ('{"content": "a.png"', "Line 1 of 'cut.jsonl' is not valid JSON"),
    "list.jsonl": ("[1]", "is a list and not an object"),
    "nan.jsonl": ('{"content": "a.png", "strength": NaN}', "is not valid JSON"),
    "number.jsonl": ('{"content": 7}', "has no content"),
    "styles.jsonl": ('{"content": "a.png", "styles": [1]}', "give names of files"),
    "id.jsonl": ('{"content": "a.png", "id": [1]}', "give text or a whole number"),
    "network.jsonl": ('{"content": "a.png", "network": 1}', "give its name or file"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_damaged_manifest_is_refused(tmp_path: Path, name: str) -> None:
    text, words = BAD[name]
    (tmp_path / name).write_text(text)
    with pytest.raises(ImpastoError) as error:
        read_manifest(str(tmp_path / name))
    assert words in str(error.value)


def test_a_line_of_json_may_contain_other_line_separators(tmp_path: Path) -> None:
    names = ["a\u2028b.png", "c\x85d.png", "e.png"]
    lines = [json.dumps({"id": str(i), "content": name}, ensure_ascii=False) for i, name in enumerate(names)]
    (tmp_path / "m.jsonl").write_bytes("\r\n".join(lines).encode())
    items = read_manifest(str(tmp_path / "m.jsonl"))
    assert [item.content for item in items] == [f"{tmp_path}/{name}" for name in names]


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_bytes(b"content\n\xff\xfe.png")
    with pytest.raises(ImpastoError, match="not text in UTF-8"):
        read_manifest(str(tmp_path / "m.csv"))
