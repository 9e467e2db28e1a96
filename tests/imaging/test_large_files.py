"""Very large files become small pictures without being held whole."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest
from PIL import Image

from impasto.imaging import decode, read_picture

RAMP = numpy.linspace(0, 255, 20_000).astype(numpy.uint8)


def test_a_wide_jpeg_is_decoded_small(tmp_path, monkeypatch):
    Image.fromarray(RAMP[None, :, None].repeat(300, 0).repeat(3, 2)).save(tmp_path / "a.jpg", quality=95)
    decoded = []
    convert = decode.image_planes
    monkeypatch.setattr(
        decode, "image_planes", lambda image, *rest: decoded.append(image.size) or convert(image, *rest)
    )
    picture = read_picture(tmp_path / "a.jpg", longest=512)
    assert picture.pixels.shape == (1, 3, 8, 512)
    assert decoded == [(2500, 38)]  # an eighth, by libjpeg itself
    expected = (numpy.arange(512) + 0.5) / 512
    assert numpy.abs(picture.pixels[0, 0, 4].numpy() - expected).max() < 0.01


def peak_memory() -> int:
    """The most bytes this process has held since the last reset."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def test_more_pixels_than_may_be_held_are_streamed(tmp_path):
    """200 megapixels of grey, which Pillow alone refuses as a bomb, in less memory than their bytes."""
    pytest.importorskip("pyvips")
    ramp = Image.fromarray(numpy.broadcast_to(RAMP, (10_000, 20_000)).copy())
    ramp.save(tmp_path / "a.tif", compression="packbits")
    del ramp
    try:
        Path("/proc/self/clear_refs").write_text("5")  # sets the peak back to what is held now
        before = peak_memory()
    except OSError:
        before = None
    picture = read_picture(tmp_path / "a.tif", longest=64)
    assert picture.pixels.shape == (1, 3, 32, 64)
    expected = (numpy.arange(64) + 0.5) / 64
    assert numpy.abs(picture.pixels[0, 0, 16].numpy() - expected).max() < 0.02
    assert before is None or peak_memory() - before < 150_000_000


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.webp", "alpha.png", "palette.png", "grey.tif"])
def test_streamed_is_what_pillow_gives(tmp_path, monkeypatch, name):
    pytest.importorskip("pyvips")
    # Smooth, because libvips halves by boxes first: on noise the two filters differ, on pictures they do not.
    rows, columns, shift = numpy.ogrid[:301, :407, :4]
    values = (127.5 + 127.5 * numpy.sin(rows / 20 + shift) * numpy.cos(columns / 25 - shift)).astype(
        numpy.uint8
    )
    mode = {"alpha.png": "RGBA", "palette.png": "P", "grey.tif": "L"}.get(name, "RGB")
    image = Image.fromarray(values).convert("RGB") if mode != "RGBA" else Image.fromarray(values)
    image.convert(mode, dither=Image.Dither.NONE).save(
        tmp_path / name, **({"lossless": True} if name == "a.webp" else {})
    )
    held = read_picture(tmp_path / name, longest=100)
    monkeypatch.setattr(decode, "_WORTH_STREAMING", 1000)
    monkeypatch.setattr(decode, "image_planes", None)  # Pillow's way would fail now
    streamed = read_picture(tmp_path / name, longest=100)
    assert streamed.pixels.shape == (1, 3, 74, 100)
    # The few colours of a palette make hard edges even here.
    assert (held.pixels - streamed.pixels).abs().max() < (12 if mode == "P" else 3) / 255
    assert (held.alpha is None) == (streamed.alpha is None) == (mode != "RGBA")
    if held.alpha is not None and streamed.alpha is not None:
        assert (held.alpha - streamed.alpha).abs().max() < 3 / 255
