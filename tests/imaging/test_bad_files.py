"""Whatever is not a picture gets one sentence, soon, and nothing else happens."""

from __future__ import annotations

import contextlib
import io
import os
import socket
import struct
import warnings
import zlib
from pathlib import Path

import numpy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from impasto.errors import PictureError
from impasto.imaging import PictureWarning, decode, read_picture

PICTURE = Image.fromarray(numpy.random.default_rng(5).integers(0, 256, (24, 20, 3), dtype=numpy.uint8))


def encoded(kind: str, image: Image.Image = PICTURE, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png_of_size(width: int, height: int, interlaced: bool = False) -> bytes:
    """A PNG that only claims its size."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, int(interlaced))
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def jpeg_of_size(width: int, height: int, progressive: bool = False) -> bytes:
    """A small JPEG whose frame header claims another size."""
    data = bytearray(encoded("JPEG", progressive=progressive))
    at = data.index(b"\xff\xc2" if progressive else b"\xff\xc0")
    struct.pack_into(">HH", data, at + 5, height, width)
    return bytes(data)


def refused(path: Path, **options: int) -> str:
    with pytest.raises(PictureError) as caught:
        read_picture(path, **options)
    message = str(caught.value)
    assert path.name in message
    assert "\n" not in message
    assert message.endswith(".")
    return message


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "AVIF"])
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_truncated(tmp_path, kind, part):
    data = encoded(kind)
    path = tmp_path / f"cut.{kind.lower()}"
    path.write_bytes(data[: int(len(data) * part)])
    refused(path)


@pytest.mark.parametrize("part", [0.3, 0.9])
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_truncated_sixteen_bits(tmp_path, suffix, part, deep_noise):
    pyvips = pytest.importorskip("pyvips")
    image = pyvips.Image.new_from_array(deep_noise, interpretation="rgb16")
    data = image.write_to_buffer(suffix)
    path = tmp_path / f"cut{suffix}"
    path.write_bytes(data[: int(len(data) * part)])
    refused(path)


def test_no_content_and_other_content(tmp_path):
    for name, data, word in (
        ("empty.png", b"", "0 bytes"),
        ("text.jpg", b"This is a letter, not a picture.\n" * 20, "not a readable picture"),
        ("page.png", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a readable picture"),
        ("print.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a readable picture"),
        ("fake.heic", b"\0\0\0\x18ftypheic\0\0\0\0heicmif1" + bytes(50), "damaged"),
    ):
        path = tmp_path / name
        path.write_bytes(data)
        assert word in refused(path)


def test_what_is_no_file_at_all(tmp_path, monkeypatch):
    assert "does not exist" in refused(tmp_path / "missing.png")
    assert "folder" in refused(tmp_path)
    os.mkfifo(tmp_path / "pipe.png")
    assert "not a regular file" in refused(tmp_path / "pipe.png")
    monkeypatch.chdir(tmp_path)  # the address of a socket may have 107 bytes only
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket.png")
        assert "not a regular file" in refused(tmp_path / "socket.png")
    (tmp_path / "link.png").symlink_to(tmp_path / "nowhere.png")
    assert "does not exist" in refused(tmp_path / "link.png")
    refused(tmp_path / ("x" * 300))
    with pytest.raises(PictureError, match="null byte"):
        read_picture("a\0b.png")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_permission_denied(tmp_path):
    path = tmp_path / "secret.png"
    path.write_bytes(encoded("PNG"))
    path.chmod(0)
    assert "permission" in refused(path).lower()


def test_declared_sizes_beyond_the_limits(tmp_path, without):
    path = tmp_path / "bomb"
    for data in (
        png_of_size(50_000, 50_000),
        jpeg_of_size(60_000, 60_000),
        png_of_size(2**31 - 1, 2**31 - 1),
    ):
        path.write_bytes(data)
        assert "the limit is 2116" in refused(path, longest=64)
    path.write_bytes(png_of_size(20_000, 20_000))
    assert "damaged" in refused(path)  # libvips reads rows until they end
    path.write_bytes(png_of_size(20_000, 20_000, interlaced=True))
    assert "shrink it first" in refused(path, longest=64)
    path.write_bytes(jpeg_of_size(20_000, 20_000, progressive=True))
    assert "shrink it first" in refused(path, longest=64)
    without("pyvips")
    path.write_bytes(png_of_size(20_000, 20_000))
    assert "impasto[io]" in refused(path, longest=64)
    assert "impasto[io]" in refused(path)
    path.write_bytes(jpeg_of_size(20_000, 20_000))
    assert "impasto[io]" in refused(path)


def test_empty_promises_within_the_limits_are_damaged(tmp_path):
    pytest.importorskip("pyvips")
    path = tmp_path / "bomb"
    path.write_bytes(png_of_size(20_000, 20_000))  # streamed by libvips until the data end
    assert "damaged" in refused(path, longest=64)
    # Decoded at an eighth by libjpeg, which takes an early end mark for the end: without the mark.
    path.write_bytes(jpeg_of_size(30_000, 30_000)[:-2])
    assert "damaged" in refused(path, longest=64)


def test_pillow_keeps_its_own_limit(tmp_path):
    before = Image.MAX_IMAGE_PIXELS
    path = tmp_path / "bomb"
    path.write_bytes(png_of_size(40_000, 40_000))
    refused(path)
    assert before == Image.MAX_IMAGE_PIXELS


SAMPLES = [
    encoded("JPEG"),
    encoded("JPEG", PICTURE.convert("CMYK")),
    encoded("PNG", PICTURE.convert("P")),
    encoded("PNG", Image.fromarray(numpy.arange(200, dtype=numpy.uint16).reshape(10, 20) * 300)),
    encoded("WEBP"),
    encoded("TIFF"),
    encoded("TIFF", compression="tiff_lzw"),
    encoded("GIF"),
    encoded("BMP"),
    encoded("AVIF", speed=10),
]


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scratch") / "picture"


@pytest.fixture
def small_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Headers that claim 100 megapixels would only cost time here: the limit has its own tests."""
    monkeypatch.setattr(decode, "MOST_HELD", 1_000_000)


def picture_or_sentence(path: Path, data: bytes) -> None:
    """Any exception but PictureError fails the test."""
    path.write_bytes(data)
    with warnings.catch_warnings(), contextlib.suppress(PictureError):
        warnings.simplefilter("ignore", PictureWarning)
        picture = read_picture(path, longest=16)
        assert max(picture.height, picture.width) <= 16
        assert 0 <= picture.pixels.min() <= picture.pixels.max() <= 1


# Pillow speaks of some damage in warnings of its own; here only exceptions count.
quiet = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
searching = settings(deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)


@quiet
@settings(searching, max_examples=100)
@given(st.sampled_from([b"", *(sample[:12] for sample in SAMPLES)]), st.binary(min_size=1, max_size=200))
def test_random_bytes(scratch, small_limit, start, rest):
    picture_or_sentence(scratch, start + rest)


@quiet
@settings(searching, max_examples=400)
@given(st.data())
def test_randomly_damaged_pictures(scratch, small_limit, data):
    sample = bytearray(data.draw(st.sampled_from(SAMPLES)))
    # Most damage goes to the front, where sizes, tables and tags are.
    reach = data.draw(st.sampled_from([64, 256, len(sample)]))
    places = st.integers(0, min(reach, len(sample)) - 1)
    for place, value in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), max_size=6)):
        sample[place] = value
    end = data.draw(st.one_of(st.just(len(sample)), st.integers(1, len(sample))))
    picture_or_sentence(scratch, bytes(sample[:end]))
