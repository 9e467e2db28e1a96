"""Large pictures are read and written in bands of rows with the pixels and metadata of small ones."""

from __future__ import annotations

import numpy
import pytest
import torch
from PIL import Image

from impasto.imaging import decode, read_embedded_json, read_picture, scratch, write_picture

pytest.importorskip("pyvips")


@pytest.fixture
def everything_is_large(monkeypatch, tmp_path):
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(scratch, "LEAST_BYTES", 1)
    monkeypatch.setenv(scratch.FOLDER_VARIABLE, str(tmp_path / "scratch"))


def values(*shape: int) -> numpy.ndarray:
    return numpy.random.default_rng(5).integers(0, 256, shape, dtype=numpy.uint8)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp", ".jpg"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA"])
def test_a_large_file_is_read_as_a_small_one(tmp_path, monkeypatch, suffix, mode) -> None:
    if (suffix == ".jpg" and "A" in mode) or (suffix == ".webp" and "L" in mode):
        pytest.skip("the format has no such mode")
    path = tmp_path / f"a{suffix}"
    image = Image.fromarray(values(61, 47, 4)).convert(mode)
    image.save(path, **({"lossless": True, "exact": True} if suffix == ".webp" else {}))
    expected = read_picture(path)
    monkeypatch.setattr(scratch, "LEAST_BYTES", 1)
    monkeypatch.setattr(decode, "image_planes", None)  # Pillow's way would fail now
    found = read_picture(path)
    assert torch.equal(found.pixels, expected.pixels)
    assert (found.alpha is None) == (expected.alpha is None)
    if found.alpha is not None and expected.alpha is not None:
        assert torch.equal(found.alpha, expected.alpha)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_large_photograph_is_upright(tmp_path, monkeypatch, orientation) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    Image.fromarray(values(31, 47, 3)).save(tmp_path / "a.png", exif=exif)
    expected = read_picture(tmp_path / "a.png").pixels
    monkeypatch.setattr(scratch, "LEAST_BYTES", 1)
    monkeypatch.setattr(decode, "_BLOCK", 16)
    found = read_picture(tmp_path / "a.png").pixels
    assert torch.equal(found, expected)
    assert found.is_contiguous()


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.jpg"])
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("with_alpha", [False, True])
def test_a_large_picture_is_written_as_a_small_one(tmp_path, monkeypatch, name, bits, with_alpha) -> None:
    if name == "a.jpg" and bits == 16:
        pytest.skip("JPEG has 8 bits")
    generator = torch.Generator().manual_seed(2)
    pixels = torch.rand(1, 3, 47, 61, generator=generator) * 1.2 - 0.1
    alpha = torch.rand(1, 1, 47, 61, generator=generator) if with_alpha else None
    note = {"size": 61, "é": [1.5, None]}
    options = {"alpha": alpha, "bits": bits, "provenance": note, "dpi": 300}
    write_picture(tmp_path / f"small-{name}", pixels, **options)
    monkeypatch.setattr(scratch, "LEAST_BYTES", 1)
    large = write_picture(tmp_path / f"large-{name}", pixels, **options)
    assert read_embedded_json(large) == note
    monkeypatch.setattr(scratch, "LEAST_BYTES", 1 << 30)
    one, other = read_picture(tmp_path / f"small-{name}"), read_picture(large)
    assert (one.pixels - other.pixels).abs().max() <= (2.5 / 255 if name == "a.jpg" else 0)
    if name != "a.jpg" and alpha is not None:
        assert one.alpha is not None
        assert torch.equal(one.alpha, other.alpha)
    with Image.open(tmp_path / f"small-{name}") as small, Image.open(large) as opened:
        assert opened.info["dpi"] == pytest.approx(small.info["dpi"], abs=0.1)
        assert opened.info["icc_profile"] == small.info["icc_profile"]
        assert opened.mode == small.mode
