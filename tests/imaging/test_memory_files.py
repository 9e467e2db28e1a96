"""Bytes and file objects are pictures, and read as the file that they come from."""

from __future__ import annotations

import io
from pathlib import Path

import numpy
import pytest
import torch
from PIL import Image

import impasto
from impasto.errors import PictureError
from impasto.imaging import picture_size, read_picture, write_picture


@pytest.fixture(params=["p.png", "p.jpg", "deep.tiff"])
def file(request, tmp_path: Path) -> Path:
    torch.manual_seed(0)
    path = tmp_path / request.param
    bits = 16 if request.param.startswith("deep") else 8
    return write_picture(path, torch.rand(1, 3, 30, 44), alpha=None, bits=bits)


@pytest.mark.parametrize("longest", [None, 16])
def test_bytes_and_file_objects_read_as_the_file(file: Path, longest: int | None) -> None:
    expected = read_picture(file, longest=longest)
    data = file.read_bytes()
    for source in (data, io.BytesIO(data)):
        picture = read_picture(source, longest=longest)
        assert torch.equal(picture.pixels, expected.pixels)
        assert (picture.bits, picture.path, picture.name) == (expected.bits, None, "picture")
        assert picture_size(source) == (30, 44)
    with file.open("rb") as opened:
        opened.seek(7)
        assert torch.equal(read_picture(opened, longest=longest).pixels, expected.pixels)
        assert read_picture(opened).name == file.stem


def test_a_picture_is_painted_from_memory(tmp_path: Path) -> None:
    paths = [tmp_path / "photo.png", tmp_path / "art.png"]
    for seed, path in enumerate(paths):
        torch.manual_seed(seed)
        write_picture(path, torch.rand(1, 3, 24, 32))
    settings = {"encoder": "tiny", "size": 32, "steps": 2}
    expected = numpy.asarray(impasto.stylize(*paths, **settings).image)
    photo, art = (path.read_bytes() for path in paths)
    for content, style in ((photo, art), (io.BytesIO(photo), [io.BytesIO(art)])):
        assert numpy.array_equal(numpy.asarray(impasto.stylize(content, style, **settings).image), expected)


class Pipe(io.RawIOBase):
    def readable(self) -> bool:
        return True


def closed() -> io.BytesIO:
    file = io.BytesIO(b"x")
    file.close()
    return file


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (b"", "empty"),
        (b"no picture at all", "not a readable picture"),
        (io.BytesIO(), "empty"),
        (io.StringIO("text"), "mode 'rb'"),
        (Pipe(), "give its bytes"),
        (closed(), "give its bytes"),
        (7, "not int"),
        (Image, "not module"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_what_is_no_picture_in_memory_is_refused(source: object, words: str) -> None:
    with pytest.raises(PictureError, match=words):
        read_picture(source)  # type: ignore[arg-type]
