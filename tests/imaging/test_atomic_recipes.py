"""Half-written files never show, and recipes are found or missed with a sentence."""

from __future__ import annotations

import os
import stat

import numpy
import pytest
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from impasto.errors import OutputError, PictureError, RecipeError
from impasto.imaging import (
    atomic_write,
    read_embedded_json,
    to_image,
    write_bytes_atomic,
    write_picture,
    write_text_atomic,
)


def planes(values: numpy.ndarray) -> torch.Tensor:
    top = numpy.iinfo(values.dtype).max
    return torch.from_numpy(values.astype(numpy.float64) / top).permute(2, 0, 1)[None].float()


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, OSError])
def test_a_failing_body_leaves_no_trace(tmp_path, error):
    write_text_atomic(tmp_path / "a.txt", "old")

    def fail_halfway() -> None:
        with atomic_write(tmp_path / "a.txt") as temporary:
            temporary.write_text("half")
            assert temporary.parent == tmp_path
            assert temporary.name.startswith(".")
            raise error("stop")

    with pytest.raises(OutputError if error is OSError else error):
        fail_halfway()
    assert names(tmp_path) == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"


def test_permissions_links_and_long_names(tmp_path):
    before = os.umask(0o027)
    try:
        write_bytes_atomic(tmp_path / "a.bin", b"\0\1")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.bin").stat().st_mode) == 0o640
    (tmp_path / "link.bin").symlink_to("a.bin")
    write_bytes_atomic(tmp_path / "link.bin", b"new")
    assert (tmp_path / "link.bin").is_symlink()
    assert (tmp_path / "a.bin").read_bytes() == b"new"
    longest = tmp_path / ("x" * 251 + ".txt")
    assert write_text_atomic(longest, "ü").read_bytes() == b"\xc3\xbc"


def test_recipes_beside_the_picture_and_in_json(tmp_path, blocks):
    path = write_picture(tmp_path / "a.jpg", planes(blocks))
    with pytest.raises(RecipeError, match="contains no recipe"):
        read_embedded_json(path)
    write_text_atomic(tmp_path / "a.jpg.json", '{"steps": 2}')
    assert read_embedded_json(path) == {"steps": 2}
    write_text_atomic(tmp_path / "a.json", '{"impasto": {"steps": 1}}')
    assert read_embedded_json(path) == read_embedded_json(tmp_path / "a.json") == {"steps": 1}


@pytest.mark.parametrize(
    "text", ["", "{", "[1]", '"a"', '{"a": NaN}', "\xff", "[" * 100_000, '{"a": "' + "x" * 10**6 + '"}']
)
def test_damaged_recipes(tmp_path, blocks, text):
    path = tmp_path / "a.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises((RecipeError, PictureError)) as caught:
        read_embedded_json(path)
    assert isinstance(caught.value, PictureError) == (text == "")
    if text and text.isascii() and len(text) < 10**6:
        image = to_image(planes(blocks))
        info = PngInfo()
        info.add_itxt("impasto", text)
        image.save(tmp_path / "b.png", pnginfo=info)
        with pytest.raises(RecipeError, match="damaged"):
            read_embedded_json(tmp_path / "b.png")


def test_recipes_of_what_is_no_picture(tmp_path):
    (tmp_path / "a.png").write_bytes(b"nothing")
    for name in ("a.png", "missing.png"):
        with pytest.raises(PictureError):
            read_embedded_json(tmp_path / name)
    foreign = Image.Exif()
    foreign[270] = '{"title": "somebody else\'s"}'
    Image.new("RGB", (8, 8)).save(tmp_path / "b.jpg", exif=foreign)
    with pytest.raises(RecipeError, match="contains no recipe"):
        read_embedded_json(tmp_path / "b.jpg")
