"""What is written reads back, is described, and never costs the old file."""

from __future__ import annotations

import io
import os
import resource

import numpy
import pytest
import torch
from PIL import Image, ImageCms

from impasto.errors import MissingExtraError, OutputError, PictureError, RecipeError
from impasto.imaging import (
    WRITABLE,
    check_writable,
    pictures_in,
    read_embedded_json,
    read_picture,
    srgb_profile,
    to_image,
    write_animation,
    write_picture,
)

RECIPE = {"style": "Sternennacht – 星月夜 🎨", "steps": 300, "weights": [0.5, 1e-7], "deep": {"none": None}}


def planes(values: numpy.ndarray) -> torch.Tensor:
    top = numpy.iinfo(values.dtype).max
    return torch.from_numpy(values.astype(numpy.float64) / top).permute(2, 0, 1)[None].float()


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("suffix", sorted(WRITABLE))
def test_every_format_reads_back_with_profile_and_recipe(tmp_path, blocks, suffix):
    if suffix == ".heic":
        pytest.importorskip("pillow_heif")
    path = write_picture(tmp_path / f"out{suffix.upper()}", planes(blocks), provenance=RECIPE)
    assert names(tmp_path) == [f"out{suffix.upper()}"]
    picture = read_picture(path)
    lossless = suffix in (".png", ".tif", ".tiff")
    difference = (picture.pixels - planes(blocks)).abs() * 255
    assert difference.max() < (1e-3 if lossless else 128 if suffix == ".webp" else 12)
    assert difference[..., 8::16, 8::16].max() < 6  # inside the blocks WebP's coarse chroma does not matter
    assert read_embedded_json(path) == RECIPE
    if suffix != ".heic":  # Pillow itself does not open that
        with Image.open(path) as image:
            profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
        assert "sRGB" in ImageCms.getProfileDescription(profile)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp", ".avif"])
def test_alpha_is_written_where_the_format_has_it(tmp_path, blocks, suffix):
    alpha = torch.linspace(0, 1, 64).expand(1, 1, 48, 64)
    back = read_picture(
        write_picture(tmp_path / f"a{suffix}", planes(blocks), alpha=alpha, provenance=RECIPE)
    )
    assert back.alpha is not None
    assert (back.alpha - alpha).abs().max() < 3 / 255
    exact = suffix in (".png", ".tif")  # colour under alpha 0 is kept as well
    difference = (back.pixels - planes(blocks)).abs()[..., 8::16, 8::16]
    assert difference.max() < (1e-5 if exact else 6 / 255)


def test_jpeg_is_composited_on_white_in_full_chroma(tmp_path):
    pixels = torch.zeros(1, 3, 16, 16)
    alpha = torch.full((1, 1, 4, 4), 0.25)  # of another size
    path = write_picture(tmp_path / "a.jpg", pixels, alpha=alpha)
    back = read_picture(path)
    assert back.alpha is None
    assert (back.pixels - 0.75).abs().max() < 2 / 255
    with Image.open(path) as image:
        assert [layer[1:3] for layer in image.layer] == [(1, 1)] * 3  # 4:4:4


def test_alpha_of_another_size_is_resized(tmp_path, blocks):
    path = write_picture(tmp_path / "a.png", planes(blocks), alpha=torch.full((1, 1, 3, 3), 0.2))
    alpha = read_picture(path).alpha
    assert alpha is not None
    assert alpha.shape == (1, 1, 48, 64)
    assert (alpha - 0.2).abs().max() < 1e-6


@pytest.mark.parametrize("suffix", [".png", ".tif", ".tiff"])
@pytest.mark.parametrize("channels", [3, 4])
def test_sixteen_bits_round_trip_exactly(tmp_path, deep_noise, suffix, channels):
    pytest.importorskip("pyvips")
    pixels = planes(deep_noise)
    alpha = pixels[:, 3:] if channels == 4 else None
    path = write_picture(tmp_path / f"a [1]{suffix}", pixels[:, :3], alpha=alpha, bits=16, provenance=RECIPE)
    picture = read_picture(path)
    assert picture.bits == 16
    back = (picture.pixels[0].permute(1, 2, 0).double().numpy() * 65535).round()
    assert (back == deep_noise[..., :3]).all()
    assert (picture.alpha is None) == (channels == 3)
    if picture.alpha is not None:
        assert ((picture.alpha[0, 0].double().numpy() * 65535).round() == deep_noise[..., 3]).all()
    assert read_embedded_json(path) == RECIPE
    with Image.open(path) as image:
        assert image.info["icc_profile"] == srgb_profile()
    assert names(tmp_path) == [f"a [1]{suffix}"]


def test_every_level_of_sixteen_bits(tmp_path):
    pytest.importorskip("pyvips")
    levels = numpy.arange(65536, dtype=numpy.uint16).reshape(256, 256, 1).repeat(3, axis=2)
    picture = read_picture(write_picture(tmp_path / "a.png", planes(levels), bits=16))
    assert ((picture.pixels[0, 0].double().numpy() * 65535).round() == levels[..., 0]).all()


def test_rounding_is_to_the_nearest_without_wrapping():
    levels = torch.arange(256) / 255
    values = torch.cat(
        (levels, torch.tensor([-3.0, 7.0, 0.4999 / 255, 0.5 / 255, 254.5 / 255, 254.49 / 255]))
    )
    image = to_image(values.expand(1, 3, 1, -1))
    seen = [image.getpixel((x, 0)) for x in range(image.width)]
    expected = [*range(256), 0, 255, 0, 1, 255, 254]
    assert seen == [(value,) * 3 for value in expected]
    assert to_image(values.expand(3, 1, -1), values[None]).mode == "RGBA"


def test_sixteen_bits_need_a_format_and_pyvips(tmp_path, blocks, without):
    with pytest.raises(RecipeError, match=r"\.png or \.tiff"):
        write_picture(tmp_path / "a.jpg", planes(blocks), bits=16)
    without("pyvips")
    with pytest.raises(MissingExtraError, match=r"impasto\[io\]"):
        write_picture(tmp_path / "a.png", planes(blocks), bits=16)
    without("pillow_heif")
    with pytest.raises(MissingExtraError, match=r"impasto\[heif\]"):
        check_writable(tmp_path / "a.heic")
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"pixels": torch.full((1, 3, 4, 4), torch.nan)}, PictureError),
        ({"pixels": torch.zeros(1, 1, 4, 4)}, PictureError),
        ({"pixels": torch.zeros(2, 3, 4, 4)}, PictureError),
        ({"pixels": torch.zeros(1, 3, 0, 4)}, PictureError),
        ({"pixels": torch.zeros(1, 3, 4, 4, dtype=torch.uint8)}, PictureError),
        ({"alpha": torch.zeros(1, 3, 4, 4)}, PictureError),
        ({"bits": 12}, RecipeError),
        ({"quality": 0}, RecipeError),
        ({"quality": 101}, RecipeError),
        ({"provenance": {"a": object()}}, RecipeError),
        ({"provenance": {"a": float("nan")}}, RecipeError),
        ({"provenance": {"a": "x" * 1_000_001}}, RecipeError),
    ],
)
def test_impossible_orders_leave_the_old_file(tmp_path, options, error):
    (tmp_path / "a.png").write_bytes(b"old")
    with pytest.raises(error):
        write_picture(tmp_path / "a.png", **({"pixels": torch.zeros(1, 3, 4, 4)} | options))
    assert names(tmp_path) == ["a.png"]
    assert (tmp_path / "a.png").read_bytes() == b"old"


def test_a_recipe_too_long_for_jpeg_is_said_so(tmp_path, blocks):
    (tmp_path / "a.jpg").write_bytes(b"old")
    with pytest.raises(RecipeError, match="64 kB"):
        write_picture(tmp_path / "a.jpg", planes(blocks), provenance={"a": "x" * 70_000})
    assert (tmp_path / "a.jpg").read_bytes() == b"old"
    for name in ("a.png", "a.webp", "a.avif", "a.tif"):
        path = write_picture(tmp_path / name, planes(blocks), provenance={"a": "x" * 70_000})
        assert read_embedded_json(path) == {"a": "x" * 70_000}


def test_places_that_cannot_be_written(tmp_path):
    (tmp_path / "folder.png").mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    for name, error, word in (
        ("a.xyz", RecipeError, "Allowed"),
        ("a.pngg", RecipeError, "Did you mean '.png'"),
        ("a", RecipeError, "Allowed"),
        ("missing/a.png", OutputError, "does not exist"),
        ("folder.png", OutputError, "folder"),
        ("pipe.png", OutputError, "not a regular file"),
        ("x" * 300 + ".png", OutputError, "name"),
        ("a\0.png", OutputError, "name"),
    ):
        with pytest.raises(error, match=word):
            check_writable(tmp_path / name)
        with pytest.raises(error, match=word):
            write_picture(tmp_path / name, torch.zeros(1, 3, 2, 2))
    assert names(tmp_path) == ["folder.png", "pipe.png"]
    assert check_writable(str(tmp_path / "a.png")) == tmp_path / "a.png"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_closed_for_writing(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(OutputError, match="not open for writing"):
            check_writable(tmp_path / "a.png")
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.tif", "a.avif", "deep.png", "deep.tif"])
def test_a_full_disk_leaves_the_old_file(tmp_path, generator, name):
    if name.startswith("deep"):
        pytest.importorskip("pyvips")
    pixels = torch.rand(1, 3, 90, 90, generator=generator)
    (tmp_path / name).write_bytes(b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard))  # to the programs the same as no space left
    try:
        with pytest.raises(OutputError, match="could not be written"):
            write_picture(tmp_path / name, pixels, bits=16 if name.startswith("deep") else 8)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert names(tmp_path) == [name]
    assert (tmp_path / name).read_bytes() == b"old"


def test_too_wide_for_the_format_is_an_output_error(tmp_path):
    with pytest.raises(OutputError, match="could not be written"):
        write_picture(tmp_path / "a.webp", torch.zeros(1, 3, 1, 17_000))
    assert names(tmp_path) == []


@pytest.mark.parametrize("name", ["a.webp", "a.gif"])
def test_animation(tmp_path, name):
    frames = [Image.new("RGB", (12, 8), (shade, 0, 0)) for shade in (0, 120, 240)]
    path = write_animation(tmp_path / name, iter(frames), milliseconds=120)
    with Image.open(path) as image:
        assert image.n_frames == 3
        for index, shade in enumerate((0, 120, 240)):
            image.seek(index)
            assert abs(image.convert("RGB").getpixel((5, 5))[0] - shade) <= 6
            assert image.info["duration"] == 120
    assert names(tmp_path) == [name]


def test_impossible_animations(tmp_path):
    frame = Image.new("RGB", (4, 4))
    for name, frames, milliseconds, error in (
        ("a.webp", [], 80, PictureError),
        ("a.webp", [frame, Image.new("RGB", (5, 4))], 80, PictureError),
        ("a.png", [frame], 80, RecipeError),
        ("a.gif", [frame], 0, RecipeError),
        ("no/a.gif", [frame], 80, OutputError),
    ):
        with pytest.raises(error):
            write_animation(tmp_path / name, frames, milliseconds=milliseconds)
    assert names(tmp_path) == []


def test_pictures_in_folders(tmp_path):
    folder = tmp_path / "photos"
    (folder / "deeper.png").mkdir(parents=True)
    for name in ("b.PNG", "a.jpg", "notes.txt", ".hidden.png"):
        (folder / name).write_bytes(b"x")
    single = tmp_path / "odd.name"
    single.write_bytes(b"x")
    assert pictures_in([single, str(folder)]) == [single, folder / "a.jpg", folder / "b.PNG"]
    for bad, word in (
        ([folder / "deeper.png"], "no pictures"),
        ([], "No pictures"),
        ([tmp_path / "no"], "exist"),
    ):
        with pytest.raises(PictureError, match=word):
            pictures_in(bad)
