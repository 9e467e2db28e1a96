"""Sizes as people say them, and what they mean for a photograph."""

from __future__ import annotations

import numpy
import pytest
from PIL import Image

import impasto
from impasto.errors import PictureError, RecipeError
from impasto.imaging import read_picture, write_picture
from impasto.imaging.framing import crop_guide, on_canvas, read_sized_planes
from impasto.imaging.print_sizes import (
    OutputFrame,
    PrintSize,
    canonical_size,
    crop_box,
    output_frame,
    parse_size,
)
from impasto.optimize.pictures import sized
from impasto.optimize.presets import make_recipe

LYING, STANDING, SQUARE = (400, 600), (600, 400), (500, 500)
A3, INCH = (297, 420), 25.4
PARSED = {
    "2048": PrintSize(side=2048), "4961x3508": PrintSize(pixels=(3508, 4961)),
    " 4961 × 3508 px": PrintSize(pixels=(3508, 4961)), "A3": PrintSize(paper=A3), "a3": PrintSize(paper=A3),
    "letter": PrintSize(paper=(8.5 * INCH, 11 * INCH)), "60x90cm": PrintSize(paper=(600, 900)),
    "90 x 60 cm": PrintSize(paper=(600, 900)), "60cm x 900mm": PrintSize(paper=(600, 900)),
    "24x36in": PrintSize(paper=(24 * INCH, 36 * INCH)), '24x36"': PrintSize(paper=(24 * INCH, 36 * INCH)),
    "40cm": PrintSize(length=400), "1.5m": PrintSize(length=1500), "24MP": PrintSize(area=24e6),
    "0.5 megapixels": PrintSize(area=0.5e6), "original": PrintSize(), "Original": PrintSize(),
}  # fmt: skip
NONSENSE = ["", "A9", "A3x2", "-5", "12x", "x12", "0", "15", "65536", "100000x20", "60x90", "1e3", "60x90mile", "0cm",
            "0x5cm", "0MP", "MP", "²", "9" * 500, "nan", "4961×"]  # fmt: skip
NONSENSE.remove("60x90")  # pixels


@pytest.mark.parametrize("text", PARSED)
def test_a_size_means_what_people_mean(text):
    assert parse_size(text) == PARSED[text]
    assert parse_size(canonical_size(text)) == PARSED[text]


@pytest.mark.parametrize("text", NONSENSE)
def test_nonsense_is_refused_in_one_sentence(text):
    with pytest.raises(RecipeError) as caught:
        make_recipe(size=text)
    assert str(caught.value).startswith("size is ")
    assert str(caught.value).count("\n") == 0


FRAMES = [
    ("A3", LYING, {}, OutputFrame(4961, box=(3508, 4961))),
    ("A3", STANDING, {}, OutputFrame(4961, box=(4961, 3508))),
    ("A3", SQUARE, {}, OutputFrame(4961, box=(4961, 3508))),
    ("A3", LYING, {"framing": "fit"}, OutputFrame(4961)),
    ("A3", SQUARE, {"framing": "fit"}, OutputFrame(3508)),
    ("A3", SQUARE, {"framing": "pad"}, OutputFrame(3508, canvas=(4961, 3508))),
    ("A6", LYING, {"dpi": 72}, OutputFrame(420, box=(298, 420))),
    ("60x90cm", LYING, {"dpi": 100}, OutputFrame(3543, box=(2362, 3543))),
    ("40cm", STANDING, {"dpi": 254}, OutputFrame(4000)),
    ("4961x3508", STANDING, {}, OutputFrame(4961, box=(3508, 4961))),
    ("24MP", LYING, {}, OutputFrame(6000)),
    ("original", STANDING, {}, OutputFrame(600)),
    ("1024", LYING, {}, OutputFrame(1024)),
    ("A4", None, {}, OutputFrame(3508, box=(3508, 2480))),
]


@pytest.mark.parametrize(("text", "photo", "options", "frame"), FRAMES)
def test_a_size_becomes_pixels(text, photo, options, frame):
    assert output_frame(parse_size(text), photo, **options) == frame


@pytest.mark.parametrize(
    ("text", "photo", "options"),
    [("A0", LYING, {"dpi": 5000}), ("original", None, {}), ("original", (4, 4), {}), ("9999MP", LYING, {})],
)
def test_sizes_out_of_range_are_refused(text, photo, options):
    with pytest.raises(RecipeError):
        output_frame(parse_size(text), photo, **options)


@pytest.mark.parametrize("photo", [LYING, STANDING, SQUARE, (16, 16), (1000, 17)])
@pytest.mark.parametrize("box", [(3508, 4961), (20, 20), (10, 31)])
def test_a_crop_is_central_has_the_shape_and_touches_two_sides(photo, box):
    rows, columns = crop_box(photo, box)
    height, width = rows.stop - rows.start, columns.stop - columns.start
    assert (height, width) >= (1, 1)
    assert height == photo[0] or width == photo[1]
    assert abs(rows.start - (photo[0] - rows.stop)) <= 1
    assert abs(columns.start - (photo[1] - columns.stop)) <= 1
    # Within half a pixel of the exact shape.
    assert min(abs(height - width * box[0] / box[1]), abs(width - height * box[1] / box[0])) <= 0.5


def test_a_recipe_keeps_what_replays_it(tmp_path):
    file = tmp_path / "photo.png"
    Image.new("RGB", (90, 60)).save(file)
    crop = sized(make_recipe(size="A6", dpi=72), file)
    assert (crop.size, crop.box, crop.side, crop.dpi) == ("420x298", (298, 420), 420, 72)
    assert sized(crop, file) == crop
    assert sized(make_recipe(size="A6"), file).dpi == 300
    pad = sized(make_recipe(size="60x60", framing="pad"), file)
    assert (pad.size, pad.canvas, pad.dpi) == (60, "60x60", None)
    assert sized(make_recipe(size="original"), file).size == 90
    with pytest.raises(RecipeError, match="aspect"):
        make_recipe(size="60x60", aspect=2.0)


def test_a_photograph_and_its_mask_are_cropped_alike(tmp_path):
    values = numpy.zeros((60, 100, 3), numpy.uint8)
    values[:, 40:60] = 255
    file = tmp_path / "photo.png"
    Image.fromarray(values).save(file)
    planes = read_sized_planes(file, None, (60, 60), (120, 120))
    assert planes.pixels.shape == (1, 3, 120, 120)
    assert planes.pixels[0, 0, :, 45:75].min() > 0.9
    mask = crop_guide(file, (120, 120), (60, 100))
    assert mask.pixels.shape == (1, 3, 60, 60)
    assert (mask.pixels[0, 0, :, 20:40] == 1).all()
    assert mask.name == "photo.png"
    assert crop_guide("left", (120, 120), (60, 100)) == "left"
    assert crop_guide(file, (60, 100), (120, 60)) == file  # has the shape already


def test_a_rotated_photograph_counts_as_it_is_read(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (90, 60)).save(tmp_path / "turned.jpg", exif=exif)
    assert impasto.imaging.picture_size(tmp_path / "turned.jpg") == (90, 60)


def test_a_canvas_is_white_around_the_picture():
    image = numpy.zeros((1, 3, 4, 6), numpy.float32)
    sheet = on_canvas(image, (10, 9))
    assert sheet.shape == (1, 3, 10, 9)
    assert sheet.sum() == (10 * 9 - 4 * 6) * 3
    assert (sheet[:, :, 3:7, 1:7] == 0).all()
    with pytest.raises(RecipeError, match="canvas"):
        on_canvas(image, (3, 9))


@pytest.mark.parametrize(("size", "shape"), [("48x32", (48, 32)), ("A6", (42, 30)), ("40", (40, 27))])
def test_paintings_have_the_size_and_the_dots_per_inch(tmp_path, size, shape):
    Image.effect_noise((64, 43), 80).convert("RGB").save(tmp_path / "photo.png")
    dpi = 7.2
    result = impasto.stylize(
        tmp_path / "photo.png", tmp_path / "photo.png", preset="gatys", encoder="tiny", optimizer="adam",
        size=size, dpi=dpi, steps=1, start="content",
    )  # fmt: skip
    assert result.image.size == shape
    result.save(tmp_path / "out.png")
    with Image.open(tmp_path / "out.png") as image:
        assert image.info["dpi"] == pytest.approx((dpi, dpi), abs=0.02)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("suffix", ["png", "tiff", "jpg"])
@pytest.mark.parametrize("dpi", [300, 72])
def test_files_store_the_dots_per_inch(tmp_path, suffix, bits, dpi):
    if bits == 16:
        pytest.importorskip("pyvips")
        if suffix == "jpg":
            pytest.skip("JPEG has 8 bits")
    file = tmp_path / f"out.{suffix}"
    write_picture(file, numpy.full((1, 3, 5, 7), 0.5, numpy.float32), dpi=dpi, bits=bits)
    with Image.open(file) as image:
        assert tuple(map(float, image.info["dpi"])) == pytest.approx((dpi, dpi), abs=0.02)
        if suffix == "jpg":
            assert image.getexif()[0x011A] == dpi


def test_masks_of_another_shape_are_refused_as_before(tmp_path):
    Image.new("RGB", (64, 43)).save(tmp_path / "photo.png")
    Image.new("L", (10, 40), 255).save(tmp_path / "mask.png")
    styles = [tmp_path / "photo.png"] * 2
    guides = impasto.Guides(masks=(tmp_path / "mask.png",))
    with pytest.raises(PictureError, match="aspect"):
        impasto.stylize(tmp_path / "photo.png", styles, guides=guides, encoder="tiny", size="32x32", steps=1)


@pytest.mark.parametrize(("size", "shape"), [("100x80", (100, 80)), ("30", (30, 20)), ("90", (60, 40))])
def test_one_pass_enlarges_to_an_exact_size_only(tmp_path, size, shape):
    Image.effect_noise((60, 40), 80).convert("RGB").save(tmp_path / "photo.png")
    result = impasto.fast(tmp_path / "photo.png", tmp_path / "photo.png", size=size, dpi=200)
    assert result.image.size == shape
    assert result.dpi == 200
    assert read_picture(result.save(tmp_path / "out.tiff")).width == shape[0]
