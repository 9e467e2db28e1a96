"""Masks: read, made from words, completed and averaged, against closed forms."""

from __future__ import annotations

import numpy
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from impasto.errors import PictureError, RecipeError
from impasto.imaging import MASK_NAMES, Picture, area_average, complete_masks, ramp, read_mask

STEPS = numpy.arange(48, dtype=numpy.uint8).reshape(6, 8) * 5


def plain(value: float, height: int = 8, width: int = 8) -> torch.Tensor:
    return torch.full((1, 1, height, width), value)


def half(first: int, last: int) -> torch.Tensor:
    """8x8, white in the columns from `first` up to `last`."""
    mask = plain(0.0)
    mask[..., first:last] = 1.0
    return mask


@pytest.mark.parametrize(
    "source",
    [
        STEPS,
        STEPS / numpy.float32(255),
        STEPS.astype(numpy.uint16) * 257,
        torch.from_numpy(STEPS),
        torch.from_numpy(STEPS)[None, None] / 255.0,
        Image.fromarray(STEPS),
        Image.fromarray(STEPS).convert("RGB"),
        Image.fromarray(STEPS).convert("P"),
        Picture(torch.from_numpy(STEPS / numpy.float32(255)).expand(1, 3, 6, 8)),
    ],
    ids=["uint8", "float", "uint16", "tensor", "float tensor", "L", "RGB", "P", "Picture"],
)
def test_values_are_the_grey_values_as_stored(source):
    mask = read_mask(source, 6, 8)
    assert mask.dtype == torch.float32
    assert mask.shape == (1, 1, 6, 8)
    numpy.testing.assert_allclose(mask[0, 0], STEPS / 255, atol=1e-6)


@pytest.mark.parametrize("convert", [lambda a: a, torch.from_numpy, Image.fromarray])
def test_bool_is_black_and_white(convert):
    truth = STEPS % 3 == 0
    numpy.testing.assert_array_equal(read_mask(convert(truth), 6, 8)[0, 0], truth)


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.jpg", "cmyk.jpg", "deep.png"])
def test_files(save, name):
    coarse = numpy.array([[0, 255], [128, 64]], dtype=numpy.uint8).repeat(16, 0).repeat(16, 1)
    image = Image.fromarray(coarse)
    if name.startswith("cmyk"):
        image = Image.merge("CMYK", [Image.new("L", image.size)] * 3 + [Image.fromarray(255 - coarse)])
    elif name.startswith("deep"):
        image = Image.fromarray(coarse.astype(numpy.uint16) * 257)
    mask = read_mask(save(image, name), 32, 32)
    numpy.testing.assert_allclose(mask[0, 0], coarse / 255, atol=4 / 255)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(save, orientation):
    image = Image.fromarray(STEPS)
    exif = Image.Exif()
    exif[274] = orientation
    turn = {
        1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_90,
    }[orientation]  # fmt: skip
    shown = numpy.array(image if turn is None else image.transpose(turn))
    mask = read_mask(save(image, "a.png", exif=exif), *shown.shape)
    numpy.testing.assert_allclose(mask[0, 0], shown / 255, atol=1e-6)


def test_brush_layers_are_value_times_alpha(save, noise):
    layer = noise.copy()
    layer[..., :3] = 255
    seen = read_mask(save(Image.fromarray(layer), "a.png"), 7, 9)
    numpy.testing.assert_allclose(seen[0, 0], layer[..., 3] / 255, atol=1e-6)
    layer[..., :3] = noise[..., :1]
    seen = read_mask(save(Image.fromarray(layer), "b.png"), 7, 9)
    numpy.testing.assert_allclose(seen[0, 0], noise[..., 0] / 255 * (noise[..., 3] / 255), atol=1e-6)


def test_colour_under_alpha_zero_does_not_make_a_mask_coloured():
    layer = numpy.full((8, 8, 4), 255, dtype=numpy.uint8)
    layer[:, 4:] = (255, 0, 0, 0)
    assert torch.equal(read_mask(layer, 8, 8), half(0, 4))


def test_a_slight_tint_is_the_mean_of_the_channels():
    tinted = numpy.broadcast_to(numpy.array([200, 190, 180], dtype=numpy.uint8), (4, 4, 3))
    assert read_mask(tinted, 4, 4).mean().item() == pytest.approx(190 / 255)


def test_shrinking_averages_blocks(generator):
    fine = torch.rand(24, 32, generator=generator)
    expected = fine.view(6, 4, 8, 4).mean((1, 3))
    torch.testing.assert_close(read_mask(fine, 6, 8)[0, 0], expected)


def test_growing_keeps_range_size_and_places():
    grown = read_mask(half(0, 4), 40, 40)[0, 0]
    assert grown.shape == (40, 40)
    assert (grown.min(), grown.max()) == (0.0, 1.0)
    assert (grown[:, :15] > 0.99).all()
    assert (grown[:, 25:] < 0.01).all()
    other = read_mask(1.0 - half(0, 4), 40, 40)[0, 0]
    torch.testing.assert_close(grown + other, torch.ones(40, 40))


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        ((48, 64), (24, 32)),
        ((33, 50), (21, 32)),
        ((21, 32), (33, 50)),
        ((48, 64), (47, 64)),
        ((64, 48), (8, 6)),
    ],
)
def test_other_sizes_of_the_same_proportions(found, wanted):
    assert read_mask(numpy.ones(found), *wanted).shape == (1, 1, *wanted)
    assert read_mask(numpy.ones(found[::-1]), *wanted[::-1]).shape == (1, 1, *wanted[::-1])


@pytest.mark.parametrize(
    ("found", "wanted"), [((32, 32), (24, 32)), ((64, 48), (48, 64)), ((46, 64), (48, 64))]
)
def test_other_proportions_are_refused(found, wanted):
    sizes = f"is {found[1]}x{found[0]} .* {found[1] / found[0]:.3g}, but .* {wanted[1] / wanted[0]:.3g};"
    for turn in (1, -1):
        with pytest.raises(PictureError, match=sizes if turn == 1 else "crop it"):
            read_mask(numpy.ones(found[::turn]), *wanted[::turn], name="sky.png")


def test_ramps_in_closed_form():
    t = torch.linspace(0, 1, 5, dtype=torch.float64)
    rising = (3 * t**2 - 2 * t**3).float()
    torch.testing.assert_close(ramp("right", 3, 5)[0, 0], rising.expand(3, 5))
    torch.testing.assert_close(ramp("bottom", 5, 3)[0, 0], rising[:, None].expand(5, 3))
    torch.testing.assert_close(ramp("left", 3, 5), ramp("right", 3, 5).flip(3))
    torch.testing.assert_close(ramp("top", 5, 3), ramp("bottom", 5, 3).flip(2))
    spot = ramp("centre", 9, 5)[0, 0]
    assert spot[4, 2] == 1.0
    torch.testing.assert_close(spot[4], torch.tensor([0.0, 0.5, 1.0, 0.5, 0.0]))
    torch.testing.assert_close(
        spot[2], torch.tensor([0.0, 0.2071068, 0.5, 0.2071068, 0.0])
    )  # 1 - S(sqrt(1/2))
    assert spot[0].max() == 0.0
    assert spot[:2, 0].max() == 0.0  # outside the ellipse


@given(st.integers(1, 64), st.integers(1, 64))
def test_opposite_ramps_sum_to_one(height, width):
    for first, second in (("left", "right"), ("top", "bottom")):
        total = ramp(first, height, width) + ramp(second, height, width)
        torch.testing.assert_close(total, plain(1.0, height, width), atol=1e-6, rtol=0)
    for word in MASK_NAMES:
        mask = read_mask(word, height, width)
        assert torch.equal(mask, ramp(word, height, width))
        assert mask.shape == (1, 1, height, width)
        assert mask.is_contiguous()
        assert mask.min() >= 0
        assert mask.max() <= 1


def test_a_path_is_a_file_even_if_it_is_called_left(save):
    path = save(Image.fromarray(STEPS), "left.png")
    path = path.rename(path.with_name("left"))
    numpy.testing.assert_allclose(read_mask(path, 6, 8)[0, 0], STEPS / 255, atol=1e-6)


@pytest.mark.parametrize(
    ("kind", "source", "size", "words"),
    [
        (PictureError, numpy.full((8, 8, 3), (255, 0, 0), dtype=numpy.uint8), (8, 8), "'m' is coloured.*--regions"),
        (PictureError, numpy.ones((8, 8, 2)), (8, 8), "shape"),
        (PictureError, numpy.full((8, 8), numpy.nan), (8, 8), "finite"),
        (PictureError, numpy.full((8, 8), 2.0), (8, 8), "scale it"),
        (PictureError, numpy.ones((8, 8), dtype=numpy.int64), (8, 8), "convert it"),
        (PictureError, "nowhere.png", (8, 8), "does not exist"),
        (PictureError, "Left", (8, 8), "does not exist"),
        (PictureError, 7, (8, 8), "not int"),
        (PictureError, numpy.ones((8, 16)), (8, 8), "'m' is 16x8 with an aspect ratio"),
        (RecipeError, numpy.ones((8, 8)), (0, 8), "8x0"),
        (RecipeError, "left", (8, 0), "0x8"),
    ],
)  # fmt: skip
def test_bad_masks(kind, source, size, words):
    with pytest.raises(kind, match=words) as caught:
        read_mask(source, *size, name="m")
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")


def test_a_mask_without_a_name_and_a_word_that_is_none():
    with pytest.raises(PictureError, match=r"^The mask is 16x8"):
        read_mask(numpy.ones((8, 16)), 8, 8)
    with pytest.raises(RecipeError, match="Did you mean 'left'"):
        ramp("lefft", 8, 8)


def test_as_many_masks_as_styles_are_taken_as_they_are():
    masks = (half(0, 3), half(5, 8) * 0.4)
    for given_mask, mask in zip(masks, complete_masks(masks, 2, ("a", "b")), strict=True):
        assert torch.equal(given_mask, mask)


def test_the_last_style_gets_what_the_others_leave():
    masks = (half(0, 3), half(3, 6) * 0.25)
    done = complete_masks(masks, 3, ("a", "b"))
    assert len(done) == 3
    expected = torch.tensor([0.0, 0, 0, 0.75, 0.75, 0.75, 1, 1]).expand(1, 1, 8, 8)
    torch.testing.assert_close(done[2], expected)


def test_a_small_excess_is_divided_away():
    done = complete_masks((plain(0.5), half(0, 4) * 0.59), 2, ("a", "b"))
    torch.testing.assert_close(done[0][..., :4], plain(0.5 / 1.09)[..., :4])
    torch.testing.assert_close(done[1][..., :4], plain(0.59 / 1.09)[..., :4])
    assert torch.equal(done[0][..., 4:], plain(0.5)[..., 4:])
    one_pixel = plain(0.0, 16, 16)
    one_pixel[..., 3, 5] = 1.0
    done = complete_masks((plain(0.6, 16, 16), one_pixel), 3, ("a", "b"))  # 1 of 256 pixels is under 1 %
    assert done[0][..., 3, 5].item() == pytest.approx(0.6 / 1.6)
    assert done[2][..., 3, 5].item() == 0.0
    torch.testing.assert_close(sum(done), plain(1.0, 16, 16))


@given(
    st.lists(st.floats(0.02, 1, allow_subnormal=False), min_size=1, max_size=3),
    st.integers(0, 10_000),
    st.booleans(),
)
def test_the_sum_is_at_most_one(levels, seed, one_fewer):
    generator = torch.Generator().manual_seed(seed)
    scale = 1.1 / max(1.1, sum(levels))
    masks = [torch.rand(1, 1, 6, 5, generator=generator) * level * scale for level in levels]
    names = [str(index) for index in range(len(masks))]
    done = complete_masks(masks, len(masks) + one_fewer, names)
    total = torch.stack(done).sum(0)
    assert total.max() <= 1 + 1e-6
    assert min(mask.min() for mask in done) >= 0
    if one_fewer:
        torch.testing.assert_close(total, torch.ones_like(total))


DARK = plain(1 / 255)
ONE_DOT = torch.nn.functional.pad(torch.ones(1, 1, 1, 1), (127, 0, 127, 0))


@pytest.mark.parametrize(
    ("kind", "masks", "styles", "words"),
    [
        (RecipeError, [], 1, "1 styles, but 0 masks"),
        (RecipeError, [half(0, 4)], 3, "3 styles, but 1 masks"),
        (RecipeError, [half(0, 4), half(4, 8)], 1, "1 styles, but 2 masks"),
        (PictureError, [half(0, 4), DARK], 2, "'B' is empty: nothing in it is white"),
        (PictureError, [ONE_DOT], 2, "'A' is empty"),
        (PictureError, [half(0, 4), plain(1.0, 4, 4)], 2, "of one size"),
        (PictureError, [torch.ones(8, 8)], 1, "of one size"),
        (PictureError, [half(0, 4), half(2, 8)], 2, r"'A' and 'B' overlap: on 25.0% .* above white"),
        (PictureError, [half(0, 4), half(4, 6), half(5, 8)], 3, r"'B' and 'C' overlap: on 12.5%"),
        (PictureError, [plain(0.45), plain(0.35), half(0, 4) * 0.4], 3, r"'A' and 'C' overlap: on 50.0%"),
        (
            PictureError,
            [half(0, 4), half(4, 8)],
            3,
            "Nothing is left for the last style, because 'A' and 'B'",
        ),
        (PictureError, [plain(1.0)], 2, "Nothing is left for the last style, because 'A' cover"),
    ],
)
def test_bad_sets_of_masks(kind, masks, styles, words):
    with pytest.raises(kind, match=words) as caught:
        complete_masks(masks, styles, "ABC"[: len(masks)])
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")


def test_each_mask_needs_a_name():
    with pytest.raises(RecipeError, match="2 masks, but 1 names"):
        complete_masks([half(0, 4), half(4, 8)], 2, ["a"])


def test_area_average_is_the_mean_of_blocks_and_crops_the_rest(generator):
    mask = torch.rand(2, 1, 11, 14, generator=generator)
    found = area_average(mask, 2, 3, 4)
    assert found.shape == (2, 1, 2, 3)
    for row in range(2):
        for column in range(3):
            block = mask[:, :, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4]
            torch.testing.assert_close(found[:, :, row, column], block.mean((2, 3)))
    assert torch.equal(area_average(mask, 11, 14, 1), mask)
    pooled = torch.nn.functional.max_pool2d(torch.nn.functional.max_pool2d(mask, 2), 2)
    assert pooled.shape == found.shape


@given(st.integers(1, 5), st.integers(1, 5), st.integers(1, 8), st.integers(0, 1000))
def test_area_average_keeps_the_mean_when_sizes_divide(height, width, stride, seed):
    generator = torch.Generator().manual_seed(seed)
    mask = torch.rand(1, 1, height * stride, width * stride, generator=generator)
    found = area_average(mask, height, width, stride)
    torch.testing.assert_close(found.mean(), mask.mean())


@pytest.mark.parametrize(
    ("kind", "shape", "size", "stride", "words"),
    [
        (RecipeError, (1, 1, 8, 8), (8, 8), 0, "stride"),
        (PictureError, (1, 1, 8, 8), (5, 4), 2, "4x4 blocks of stride 2, not 5x4"),
        (PictureError, (1, 1, 8, 8), (0, 0), 16, "larger picture"),
        (PictureError, (8, 8), (4, 4), 2, "B, 1, H, W"),
    ],
)
def test_bad_area_averages(kind, shape, size, stride, words):
    with pytest.raises(kind, match=words):
        area_average(torch.ones(shape), *size, stride)
