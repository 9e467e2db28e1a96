"""Configuration files: files are relative to the folder of the configuration, names of networks and styles are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from impasto.batch.config import read_config


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("style", "art.png", "{here}/art.png"),
        ("style", ["paintings", "waves", "art.png"], ["{here}/paintings", "waves", "{here}/art.png"]),
        ("style", "https://host/art.png", "https://host/art.png"),
        ("network", "two-poplars", "two-poplars"),
        ("network", "my.safetensors", "{here}/my.safetensors"),
        ("out_dir", "out", "{here}/out"),
        ("mask", ["left", "sky.png"], ["left", "{here}/sky.png"]),
    ],
)
def test_files_are_relative_to_the_configuration(tmp_path: Path, option: str, value, expected) -> None:
    (tmp_path / "paintings").mkdir()
    words = [f'"{word}"' for word in (value if isinstance(value, list) else [value])]
    (tmp_path / "c.toml").write_text(f"{option} = [{', '.join(words)}]")
    expected = expected if isinstance(expected, list) else [expected]
    stored = read_config(tmp_path / "c.toml", [option])
    assert stored == {option: [word.format(here=tmp_path) for word in expected]}
