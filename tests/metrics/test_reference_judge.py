"""Agreement with the reference judge, an independent program, on the same pixels."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from impasto.imaging import read_picture
from impasto.metrics import choose_judging_encoder, judge

SIDE = 128
OTHER_NAMES = {"lattice": "checkerboard"}


def reference(file: Path) -> Any:
    spec = importlib.util.spec_from_file_location("reference_judge", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.shared
def test_all_measures_agree_with_the_reference(shared: Path, tmp_path: Path) -> None:
    if not (shared / "judge.py").exists():
        pytest.skip("the reference judge is not in the shared folder")
    program = reference(shared / "judge.py")
    files = [tmp_path / name for name in ("content.png", "style.png", "output.png")]
    sources = ("content_golden_gate", "style_starry_night", "content_stata")
    shape = None
    for file, source in zip(files, sources, strict=True):
        # The output has the size of the content, so that neither judge resizes anything.
        picture = program.picture(
            shared / "eval" / f"{source}.jpg", SIDE, shape if file.stem == "output" else None
        )
        shape = shape or picture.size
        picture.save(file)
    blended = Image.blend(Image.open(files[0]), Image.open(files[2]), 0.4)
    blended.save(files[2])
    expected = program.Judge().judge(*map(str, files), SIDE)
    content, style, output = (read_picture(file).pixels for file in files)
    encoder = choose_judging_encoder("vgg19", shared / "vgg19_conv.safetensors").open()
    found = judge(output, content, style, encoder, SIDE)
    for name, value in expected.items():
        if name != "lattice_photo":
            # The reference rounds to four digits.
            assert found[OTHER_NAMES.get(name, name)] == pytest.approx(value, rel=0.01, abs=6e-5), name
    photo = judge(content, content, style, encoder, SIDE, ("checkerboard",))
    assert photo["checkerboard"] == pytest.approx(expected["lattice_photo"], rel=0.01, abs=6e-5)
