"""Sixteen bits and floats arrive without loss, or with a word about it."""

from __future__ import annotations

import numpy
import pytest
import tifffile
import torch
from PIL import Image

from impasto.errors import PictureError
from impasto.imaging import PictureWarning, read_picture

pyvips = pytest.importorskip("pyvips")


def write_deep(path, values: numpy.ndarray, profile: bytes | None = None) -> None:
    kinds = {1: "grey16", 2: "grey16", 3: "rgb16", 4: "rgb16"}
    image = pyvips.Image.new_from_memory(
        values.tobytes(), values.shape[1], values.shape[0], values.shape[2], "ushort"
    ).copy(interpretation=kinds[values.shape[2]])
    if profile is not None:
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    image.write_to_file(str(path))


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_sixteen_bits_are_exact(tmp_path, deep_noise, name, channels):
    values = numpy.ascontiguousarray(deep_noise[..., :channels])
    write_deep(tmp_path / name, values)
    picture = read_picture(tmp_path / name)
    assert picture.bits == 16
    color = values[..., :1].repeat(3, 2) if channels < 3 else values[..., :3]
    back = (picture.pixels[0].permute(1, 2, 0).double().numpy() * 65535).round()
    assert (back == color).all()
    assert (picture.alpha is None) == (channels in (1, 3))
    if picture.alpha is not None:
        assert ((picture.alpha[0, 0].double().numpy() * 65535).round() == values[..., -1]).all()


def test_sixteen_bit_tiff_of_another_writer(tmp_path, deep_noise):
    tifffile.imwrite(tmp_path / "a.tif", deep_noise[..., :3], photometric="rgb", byteorder=">")
    back = read_picture(tmp_path / "a.tif").pixels[0].permute(1, 2, 0).double().numpy() * 65535
    assert (back.round() == deep_noise[..., :3]).all()


def test_sixteen_bits_without_pyvips_warn_and_give_eight(tmp_path, deep_noise, without):
    write_deep(tmp_path / "a.png", deep_noise)
    write_deep(tmp_path / "grey.png", numpy.ascontiguousarray(deep_noise[..., :1]))
    without("pyvips")
    with pytest.warns(PictureWarning, match=r"impasto\[io\]"):
        picture = read_picture(tmp_path / "a.png")
    assert picture.bits == 8
    numpy.testing.assert_allclose(
        picture.pixels[0].permute(1, 2, 0).numpy(), deep_noise[..., :3] / 65535, atol=1 / 255
    )
    grey = read_picture(tmp_path / "grey.png")  # Pillow keeps 16-bit grey: no warning, no loss
    assert grey.bits == 16
    assert ((grey.pixels[0, 1].double().numpy() * 65535).round() == deep_noise[..., 0]).all()


def test_sixteen_bit_profile(tmp_path, p3_profile):
    values = numpy.full((4, 5, 4), (128 * 257, 160 * 257, 90 * 257, 1234), dtype=numpy.uint16)
    for name in ("a.png", "a.tif"):
        write_deep(tmp_path / name, values, p3_profile)
        picture = read_picture(tmp_path / name)
        numpy.testing.assert_allclose(
            picture.pixels[0, :, 2, 2].numpy() * 255, (119.27, 161.17, 80.06), atol=0.15
        )
        assert picture.alpha is not None
        assert round(picture.alpha[0, 0, 2, 2].item() * 65535) == 1234


def test_sixteen_bit_broken_profile_warns(tmp_path, deep_noise):
    tifffile.imwrite(
        tmp_path / "a.tif", deep_noise[..., :3], photometric="rgb", iccprofile=b"no profile" * 20
    )
    with pytest.warns(PictureWarning, match="damaged"):
        picture = read_picture(tmp_path / "a.tif")
    back = picture.pixels[0].permute(1, 2, 0).double().numpy() * 65535
    assert (back.round() == deep_noise[..., :3]).all()


def test_sixteen_bits_are_shrunk_too(tmp_path):
    values = numpy.full((30, 90, 4), (60000, 1000, 30000, 0), dtype=numpy.uint16)
    write_deep(tmp_path / "a.tif", values)
    picture = read_picture(tmp_path / "a.tif", longest=31)
    assert picture.pixels.shape == (1, 3, 10, 31)
    numpy.testing.assert_allclose(picture.pixels[0, :, 5, 5] * 65535, (60000, 1000, 30000), atol=1)
    assert picture.alpha is not None
    assert picture.alpha.max() == 0


def test_float_tiff(tmp_path):
    values = numpy.random.default_rng(0).random((6, 5, 3)).astype(numpy.float32)
    tifffile.imwrite(tmp_path / "rgb.tif", values, photometric="rgb")
    tifffile.imwrite(tmp_path / "grey.tif", values[..., 0])
    rgb = read_picture(tmp_path / "rgb.tif")
    assert rgb.bits == 16
    assert (rgb.pixels[0].permute(1, 2, 0).numpy() == values).all()
    assert (read_picture(tmp_path / "grey.tif").pixels[0, 2].numpy() == values[..., 0]).all()
    for bad, word in ((2.0, r"\[0, 1\]"), (numpy.nan, "not finite")):
        broken = values.copy()
        broken[1, 1] = bad
        for name, data in (("rgb.tif", broken), ("grey.tif", broken[..., 0])):
            tifffile.imwrite(tmp_path / name, data, photometric="rgb" if data.ndim == 3 else "minisblack")
            with pytest.raises(PictureError, match=word):
                read_picture(tmp_path / name)


def test_pillow_modes_with_more_than_eight_bits(deep_noise):
    grey = deep_noise[..., 0]
    for image in (Image.fromarray(grey), Image.fromarray(grey.astype(numpy.int32))):
        picture = read_picture(image)
        assert picture.bits == 16
        assert ((picture.pixels[0, 0].double().numpy() * 65535).round() == grey).all()
    with pytest.raises(PictureError, match="0 to 65535"):
        read_picture(Image.fromarray(grey.astype(numpy.int32) + 70000))


@pytest.mark.parametrize("shape", [(7, 9), (7, 9, 1), (7, 9, 3), (7, 9, 4)])
def test_arrays(deep_noise, shape):
    values = numpy.resize(deep_noise, shape)
    for dtype, top, bits in ((numpy.uint8, 255, 8), (numpy.uint16, 65535, 16)):
        picture = read_picture((values // (65535 // top)).astype(dtype))
        assert picture.bits == bits
        assert (picture.alpha is not None) == (shape[-1] == 4)
        seen = picture.pixels[0, 0].double().numpy() * top
        assert (seen.round() == (values // (65535 // top)).reshape(7, 9, -1)[..., 0]).all()
    floats = values / 65535
    picture = read_picture(floats)
    numpy.testing.assert_allclose(picture.pixels[0, 0], floats.reshape(7, 9, -1)[..., 0], atol=1e-7)


def test_an_array_or_tensor_is_copied():
    array = numpy.zeros((2, 2, 3), dtype=numpy.float32)
    tensor = torch.zeros(1, 3, 2, 2, requires_grad=True)
    pictures = read_picture(array), read_picture(tensor)
    array += 1
    with torch.no_grad():
        tensor += 1
    assert all(picture.pixels.max() == 0 and not picture.pixels.requires_grad for picture in pictures)


@pytest.mark.parametrize(
    "shape", [(3, 5, 4), (1, 3, 5, 4), (4, 5, 4), (1, 4, 5, 4), (1, 5, 4), (1, 1, 5, 4), (5, 4)]
)
def test_tensors(shape, generator):
    floats = torch.rand(shape, generator=generator, dtype=torch.float64)
    picture = read_picture(floats)
    planes = floats.reshape(-1, 5, 4).float()
    channels = planes.shape[0]
    assert (picture.bits, picture.pixels.shape) == (16, (1, 3, 5, 4))
    assert torch.equal(picture.pixels[0], planes[:3] if channels >= 3 else planes.expand(3, -1, -1))
    assert (picture.alpha is not None) == (channels == 4)
    assert read_picture((floats * 255).to(torch.uint8)).bits == 8


@pytest.mark.parametrize(
    "given",
    [
        numpy.zeros((0, 3, 3), numpy.uint8),
        numpy.zeros((2, 2, 2), numpy.uint8),
        numpy.zeros((3, 4, 4, 3), numpy.uint8),
        numpy.zeros(5, numpy.uint8),
        numpy.zeros((2, 2, 3), numpy.int64),
        numpy.zeros((2, 2, 3), bool),
        numpy.zeros((2, 2, 3), complex),
        numpy.array([["a"]]),
        numpy.full((2, 2, 3), numpy.nan),
        numpy.full((2, 2, 3), numpy.inf),
        numpy.full((2, 2, 3), 1.01),
        numpy.full((2, 2, 3), -0.01),
        torch.zeros(2, 3, 4, 4),
        torch.zeros(3, 0, 4),
        torch.zeros(2, 4, 4),
        torch.zeros(4),
        torch.zeros(1, 1, 3, 4, 4),
        torch.zeros(3, 4, 4, dtype=torch.int64),
        torch.full((3, 4, 4), torch.nan),
        torch.full((3, 4, 4), 255.0),
    ],
    ids=lambda given: f"{type(given).__name__}{tuple(given.shape)}{given.dtype}",
)
def test_impossible_arrays_get_one_sentence(given):
    with pytest.raises(PictureError) as caught:
        read_picture(given)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)
