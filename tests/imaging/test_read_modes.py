"""Every Pillow mode, colour profile and orientation arrives as the sRGB picture it shows."""

from __future__ import annotations

import io

import numpy
import pytest
import torch
from PIL import Image, ImageCms

from impasto.errors import MissingExtraError, PictureError, RecipeError
from impasto.imaging import Picture, PictureWarning, read_picture, srgb_profile


def rgb(picture: Picture) -> numpy.ndarray:
    return picture.pixels[0].permute(1, 2, 0).numpy() * 255


def cover(picture: Picture) -> numpy.ndarray:
    assert picture.alpha is not None
    return picture.alpha[0, 0].numpy() * 255


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tif", "a.webp", "a.jpg", "a.avif"])
def test_rgb_in_every_format(save, blocks, name):
    options = {"a.webp": {"lossless": True}, "a.jpg": {"quality": 98, "subsampling": 0}}.get(name, {})
    if name == "a.avif":
        options = {"quality": 98, "subsampling": "4:4:4"}
    picture = read_picture(save(Image.fromarray(blocks), name, **options))
    assert (picture.height, picture.width, picture.bits, picture.name) == (48, 64, 8, "a")
    assert picture.pixels.dtype == torch.float32
    assert picture.alpha is None
    tolerance = 4 if name in ("a.jpg", "a.avif") else 1e-4
    assert numpy.abs(rgb(picture) - blocks).max() <= tolerance


def test_format_is_told_by_content_not_by_suffix(save, noise, tmp_path):
    save(Image.fromarray(noise), "a.png").rename(tmp_path / "a.jpg")
    assert numpy.abs(rgb(read_picture(tmp_path / "a.jpg")) - noise[..., :3]).max() < 1e-4


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.webp"])
def test_colour_under_alpha_zero_is_kept(save, noise, name):
    noise[..., 3] = numpy.where(noise[..., 3] > 128, 255, 0)
    options = {"lossless": True, "exact": True} if name == "a.webp" else {}
    picture = read_picture(save(Image.fromarray(noise), name, **options))
    numpy.testing.assert_allclose(rgb(picture), noise[..., :3], atol=1e-4)
    numpy.testing.assert_allclose(cover(picture), noise[..., 3], atol=1e-4)


def test_colour_under_alpha_zero_survives_shrinking(save):
    picture = read_picture(save(Image.new("RGBA", (64, 32), (200, 100, 50, 0)), "a.png"), longest=16)
    numpy.testing.assert_allclose(rgb(picture), numpy.broadcast_to((200, 100, 50), (8, 16, 3)), atol=1e-4)
    assert cover(picture).max() == 0


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_grey_grey_alpha_and_one_bit(save, noise, name):
    grey = noise[..., 0]
    picture = read_picture(save(Image.fromarray(grey), name))
    numpy.testing.assert_allclose(rgb(picture), grey[..., None].repeat(3, 2), atol=1e-4)
    both = Image.merge("LA", [Image.fromarray(grey), Image.fromarray(noise[..., 3])])
    picture = read_picture(save(both, name))
    numpy.testing.assert_allclose(rgb(picture), grey[..., None].repeat(3, 2), atol=1e-4)
    numpy.testing.assert_allclose(cover(picture), noise[..., 3], atol=1e-4)
    bilevel = Image.fromarray(grey > 128)
    picture = read_picture(save(bilevel, name))
    numpy.testing.assert_allclose(rgb(picture)[..., 0], 255 * (grey > 128), atol=1e-4)


def test_palette_with_one_transparent_colour(save):
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putpixel((1, 0), 1)
    for name in ("a.png", "a.gif"):
        picture = read_picture(save(image, name, transparency=1))
        numpy.testing.assert_allclose(rgb(picture)[0], [[255, 0, 0], [0, 0, 255]], atol=1e-4)
        numpy.testing.assert_allclose(cover(picture)[0], [255, 0], atol=1e-4)
    assert read_picture(save(image, "b.png")).alpha is None
    half = read_picture(save(image, "c.png", transparency=b"\x40\xff"))
    numpy.testing.assert_allclose(cover(half)[0], [64, 255], atol=1e-4)


def test_transparent_grey_and_rgb_key(save):
    grey = Image.fromarray(numpy.array([[10, 20]], dtype=numpy.uint8))
    numpy.testing.assert_allclose(cover(read_picture(save(grey, "a.png", transparency=20)))[0], [255, 0])
    color = read_picture(save(grey.convert("RGB"), "b.png", transparency=(10, 10, 10)))
    numpy.testing.assert_allclose(cover(color)[0], [0, 255])


def test_animations_give_their_first_frame(save):
    frames = [Image.new("RGB", (8, 6), color) for color in ((250, 0, 0), (0, 250, 0))]
    for name in ("a.gif", "a.webp", "a.png", "a.tif"):
        options = {"lossless": True} if name == "a.webp" else {}
        path = save(frames[0], name, save_all=True, append_images=frames[1:], **options)
        numpy.testing.assert_allclose(rgb(read_picture(path))[3, 3], (250, 0, 0), atol=1e-4)


def test_cmyk_without_profile(save):
    image = Image.new("CMYK", (16, 16), (200, 40, 0, 51))
    expected = [(255 - ink) * (255 - 51) / 255 for ink in (200, 40, 0)]
    for name in ("a.jpg", "a.tif"):  # Pillow writes, as Adobe does, inverted CMYK into JPEG
        options = {"quality": 100} if name == "a.jpg" else {}
        numpy.testing.assert_allclose(rgb(read_picture(save(image, name, **options)))[8, 8], expected, atol=3)


def test_cmyk_goes_through_its_profile(save):
    pyvips = pytest.importorskip("pyvips")
    profile = pyvips.Operation.call("profile_load", "cmyk")
    path = save(Image.new("CMYK", (8, 8), (200, 40, 0, 51)), "a.tif", icc_profile=bytes(profile))
    seen = pyvips.Image.new_from_file(str(path)).icc_transform("srgb", embedded=True, intent="perceptual")
    assert numpy.abs(rgb(read_picture(path))[4, 4] - seen.numpy()[4, 4]).max() <= 3
    assert numpy.abs(seen.numpy()[4, 4] - (44, 172, 204)).max() > 10  # so the naive formula would not pass


def test_lab_tiff(save):
    path = save(Image.new("LAB", (4, 4), (128, 128, 128)), "a.tif")  # L* = 50.2, neutral
    expected = 255 * (1.055 * (((50.2 + 16) / 116) ** 3) ** (1 / 2.4) - 0.055)
    numpy.testing.assert_allclose(rgb(read_picture(path))[2, 2], [expected] * 3, atol=1.5)


def test_ycbcr_and_hsv_images(blocks):
    image = Image.fromarray(blocks)
    for mode in ("YCbCr", "HSV"):
        assert numpy.abs(rgb(read_picture(image.convert(mode))) - blocks).max() <= 6


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_display_p3_becomes_srgb(save, p3_profile, mode):
    image = Image.new("RGB", (5, 4), (128, 160, 90)).convert(mode, palette=Image.Palette.ADAPTIVE)
    for name in ("a.png", "a.tif"):
        picture = read_picture(save(image, name, icc_profile=p3_profile))
        numpy.testing.assert_allclose(rgb(picture)[1, 1], (119, 161, 80), atol=1.01)
    assert (picture.alpha is not None) == (mode == "RGBA")


def test_srgb_profile_changes_nothing(save, noise):
    picture = read_picture(save(Image.fromarray(noise), "a.png", icc_profile=srgb_profile()))
    numpy.testing.assert_allclose(rgb(picture), noise[..., :3], atol=1e-4)


def test_unusable_profiles_are_ignored_with_a_warning(save, noise):
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    for data, word in ((b"no profile at all" * 20, "damaged"), (lab, "LAB")):
        with pytest.warns(PictureWarning, match=word):
            picture = read_picture(save(Image.fromarray(noise), "a.png", icc_profile=data))
        numpy.testing.assert_allclose(rgb(picture), noise[..., :3], atol=1e-4)


def test_rgb_profile_on_a_grey_picture_is_used(save, p3_profile):
    picture = read_picture(save(Image.new("L", (3, 3), 77), "a.png", icc_profile=p3_profile))
    numpy.testing.assert_allclose(rgb(picture)[1, 1], [77] * 3, atol=1.01)  # same curve, same white


# EXIF 2.32, tag 274: which visual side the stored row 0 and column 0 are; S[i][j] in terms of the visual V.
STORED = {
    1: lambda v, i, j: v[i][j],
    2: lambda v, i, j: v[i][len(v[0]) - 1 - j],
    3: lambda v, i, j: v[len(v) - 1 - i][len(v[0]) - 1 - j],
    4: lambda v, i, j: v[len(v) - 1 - i][j],
    5: lambda v, i, j: v[j][i],
    6: lambda v, i, j: v[j][len(v[0]) - 1 - i],
    7: lambda v, i, j: v[len(v) - 1 - j][len(v[0]) - 1 - i],
    8: lambda v, i, j: v[len(v) - 1 - j][i],
}


def stored(visual: numpy.ndarray, orientation: int) -> numpy.ndarray:
    height, width = visual.shape[:2]
    rows, columns = (height, width) if orientation < 5 else (width, height)
    cells = [[STORED[orientation](visual, i, j) for j in range(columns)] for i in range(rows)]
    return numpy.array(cells, dtype=visual.dtype)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.webp", "a.jpg", "a.avif"])
def test_all_eight_orientations(save, blocks, name, orientation):
    exif = Image.Exif()
    exif[274] = orientation
    options = {"a.webp": {"lossless": True}, "a.jpg": {"quality": 98, "subsampling": 0}}.get(name, {})
    path = save(Image.fromarray(stored(blocks, orientation)), name, exif=exif, **options)
    picture = read_picture(path)
    assert (picture.height, picture.width) == (48, 64)
    assert numpy.abs(rgb(picture)[8::16, 8::16] - blocks[8::16, 8::16]).max() <= 10
    small = read_picture(path, longest=32)
    assert (small.height, small.width) == (24, 32)
    assert numpy.abs(rgb(small)[4::8, 4::8] - blocks[8::16, 8::16]).max() <= 12
    with Image.open(path) as image:
        assert numpy.abs(rgb(read_picture(image))[8::16, 8::16] - blocks[8::16, 8::16]).max() <= 10


@pytest.mark.parametrize("orientation", range(1, 9))
def test_all_eight_orientations_of_sixteen_bits(tmp_path, deep_noise, orientation):
    pyvips = pytest.importorskip("pyvips")
    image = pyvips.Image.new_from_array(stored(deep_noise, orientation), interpretation="rgb16").copy()
    image.set_type(pyvips.GValue.gint_type, "orientation", orientation)
    for name in ("a.png", "a.tif"):
        image.write_to_file(str(tmp_path / name))
        picture = read_picture(tmp_path / name)
        numpy.testing.assert_allclose(rgb(picture), deep_noise[..., :3] / 257, atol=1e-3)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF:UserWarning")  # Pillow's own word about it
def test_damaged_exif_costs_nothing(save, blocks):
    path = save(Image.fromarray(blocks), "a.jpg", exif=b"Exif\0\0II*\0\xff\xff\xff\x7fgarbage")
    assert read_picture(path).width == 64


def test_heic(save, blocks, tmp_path, without):
    heif = pytest.importorskip("pillow_heif")
    heif.from_pillow(Image.fromarray(blocks)).save(tmp_path / "a.bin", quality=95, chroma=444)
    picture = read_picture(tmp_path / "a.bin")
    assert numpy.abs(rgb(picture)[8::16, 8::16] - blocks[8::16, 8::16]).max() <= 6
    without("pillow_heif")
    with pytest.raises(MissingExtraError, match=r"impasto\[heif\]"):
        read_picture(tmp_path / "a.bin")


def test_heic_orientation_is_applied_once(blocks, tmp_path):
    heif = pytest.importorskip("pillow_heif")
    exif = Image.Exif()
    exif[274] = 6
    image = Image.fromarray(stored(blocks, 6))
    heif.from_pillow(image).save(tmp_path / "a.heic", quality=95, chroma=444, exif=exif.tobytes())
    picture = read_picture(tmp_path / "a.heic")
    assert (picture.height, picture.width) == (48, 64)
    assert numpy.abs(rgb(picture)[8::16, 8::16] - blocks[8::16, 8::16]).max() <= 6


def test_one_pixel_and_odd_names(save):
    picture = read_picture(save(Image.new("RGB", (1, 1), (1, 2, 3)), "a [n=2], ü.png"))
    numpy.testing.assert_allclose(rgb(picture)[0, 0], (1, 2, 3), atol=1e-4)
    assert picture.name == "a [n=2], ü"


def test_longest_shrinks_exactly_and_never_grows(save, blocks):
    path = save(Image.fromarray(blocks), "a.png")
    assert read_picture(path, longest=33).pixels.shape == (1, 3, 25, 33)
    assert read_picture(path, longest=64).pixels.shape == (1, 3, 48, 64)
    assert read_picture(path, longest=500).pixels.shape == (1, 3, 48, 64)
    picture = read_picture(path)
    assert read_picture(picture) is picture
    assert read_picture(picture, longest=16).pixels.shape == (1, 3, 12, 16)
    for bad in (0, -3, 1.5, True):
        with pytest.raises(RecipeError, match="of at least 1"):
            read_picture(path, longest=bad)


def test_a_pillow_image_is_left_as_it_was(blocks):
    buffer = io.BytesIO()
    Image.fromarray(blocks).save(buffer, "PNG")
    image = Image.open(buffer)
    picture = read_picture(image, longest=16)
    assert (picture.name, picture.path, image.size) == ("picture", None, (64, 48))


def test_something_else_is_refused():
    with pytest.raises(PictureError, match="not list"):
        read_picture([1, 2, 3])
