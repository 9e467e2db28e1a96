"""Colour-coded maps come back as the regions they were painted from."""

from __future__ import annotations

import dataclasses
import io

import numpy
import pytest
import torch
from PIL import Image

from impasto.errors import PictureError, RecipeError
from impasto.imaging import Region, read_regions

RED, GREEN, BLUE, BLACK, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (0, 0, 0), (255, 255, 255)
GREY = (97, 97, 97)
LABELS = numpy.array([[0, 0, 1, 1], [0, 2, 2, 1], [3, 3, 2, 1], [3, 3, 3, 0]]).repeat(16, 0).repeat(16, 1)


def painted(labels: numpy.ndarray, *colours: tuple[int, int, int]) -> numpy.ndarray:
    return numpy.array(colours, dtype=numpy.uint8)[labels]


def as_jpeg(array: numpy.ndarray, **options: object) -> Image.Image:
    file = io.BytesIO()
    Image.fromarray(array).save(file, "JPEG", **options)
    return Image.open(file)


def regions(content, *styles, size=(64, 64), style_sizes=None, names=None) -> tuple[Region, ...]:
    return read_regions(
        content,
        styles,
        content_size=size,
        style_sizes=[size] * len(styles) if style_sizes is None else style_sizes,
        names=["content.png", *(f"style{n}.png" for n in range(1, 1 + len(styles)))]
        if names is None
        else names,
    )


def by_colour(found: tuple[Region, ...]) -> dict[str, Region]:
    return {region.colour: region for region in found}


def truth(labels: numpy.ndarray, *wanted: int) -> torch.Tensor:
    return torch.from_numpy(numpy.isin(labels, wanted)).float()[None, None]


def sum_is_exactly_one(found: tuple[Region, ...]) -> bool:
    total = sum(region.content for region in found)
    return bool((total == 1.0).all())


def test_the_same_colour_is_the_same_region(save):
    content = save(Image.fromarray(painted(LABELS, RED, GREEN, BLUE, BLACK)), "c.png")
    first = painted(LABELS.T, BLUE, BLUE, RED, WHITE)  # white is nowhere in the content
    second = painted(LABELS[:32], GREEN, BLACK, RED, RED)
    found = regions(content, first, Image.fromarray(second), style_sizes=[(64, 64), (32, 64)])
    assert sum_is_exactly_one(found)
    named = by_colour(found)
    for index, colour in enumerate(["#ff0000", "#00ff00", "#0000ff", "#000000"]):
        assert torch.equal(named[colour].content, truth(LABELS, index))
    assert torch.equal(named["#0000ff"].styles[0], truth(LABELS.T, 0, 1))
    assert torch.equal(named["#ff0000"].styles[0], truth(LABELS.T, 2))
    assert named["#00ff00"].styles[0] is None
    assert named["#000000"].styles[0] is None
    assert torch.equal(named["#00ff00"].styles[1], truth(LABELS[:32], 0))
    assert torch.equal(named["#000000"].styles[1], truth(LABELS[:32], 1))
    assert named["#ff0000"].styles[1].shape == (1, 1, 32, 64)
    assert named["#ff0000"].content.dtype == torch.float32
    with pytest.raises(dataclasses.FrozenInstanceError):
        found[0].colour = "#123456"


def test_regions_come_from_the_largest_to_the_smallest():
    labels = numpy.repeat([0, 1, 1, 2, 2, 2], 2)[None].repeat(12, 0)
    content = painted(labels, RED, GREEN, BLUE)
    assert [r.colour for r in regions(content, content, size=(12, 12))] == ["#0000ff", "#00ff00", "#ff0000"]


def like(found: tuple[Region, ...], colour: tuple[int, int, int]) -> Region:
    """The region whose colour is nearest, for noise may move it by a few steps."""
    distances = [
        sum((a - b) ** 2 for a, b in zip(bytes.fromhex(r.colour[1:]), colour, strict=True)) for r in found
    ]
    assert min(distances) < 300
    return found[distances.index(min(distances))]


# Edges off the 8-pixel blocks of JPEG, so that every block they cross rings. Where the file halves the colour
# (4:2:0), pixels at a junction of three regions no longer say whose they are: a few of them may be lost.
LABELS_21 = numpy.array([[0, 0, 1], [0, 2, 1], [3, 2, 1]]).repeat(21, 0).repeat(21, 1)


@pytest.mark.parametrize(
    ("quality", "subsampling", "wrong"), [(95, 0, 0), (85, 0, 0), (80, 0, 0), (95, 2, 8), (85, 2, 8)]
)
@pytest.mark.parametrize(
    "colours",
    [
        (RED, GREEN, BLUE, BLACK),
        (RED, BLUE, (128, 0, 128), WHITE),
        ((128, 0, 0), (192, 64, 0), GREY, (0, 128, 128)),
    ],
)
def test_noise_of_jpeg_is_no_region(colours, quality, subsampling, wrong):
    clean = painted(LABELS_21, *colours)
    noisy = as_jpeg(clean, quality=quality, subsampling=subsampling)
    assert len(numpy.unique(numpy.array(noisy).reshape(-1, 3), axis=0)) > 100
    for content, style in ((noisy, clean), (clean, noisy)):
        found = regions(content, style, size=(63, 63))
        assert len(found) == 4
        assert sum_is_exactly_one(found)
        for index, colour in enumerate(colours):
            region = like(found, colour)
            for mask, source in ((region.content, content), (region.styles[0], style)):
                missed = (mask != truth(LABELS_21, index)).sum()
                assert missed <= (0 if source is clean else wrong)  # of 3969


def disc(factor: int) -> numpy.ndarray:
    """64 * factor wide: a disc of label 1 on label 0, a bar of label 2 at the bottom."""
    y, x = numpy.mgrid[: 64 * factor, : 64 * factor] / factor
    return numpy.where(y >= 48, 2, numpy.hypot(x - 30.3, y - 24.7) < 17.2)


@pytest.mark.parametrize("factor", [2, 3])
def test_antialiased_edges_are_shared_out_between_their_neighbours(factor):
    # White on black mixes to greys like the bar's, but a rim of it around the disc was never painted.
    fine = Image.fromarray(painted(disc(factor).astype(int), BLACK, WHITE, GREY))
    smooth = numpy.array(fine.resize((64, 64), Image.Resampling.BOX))
    found = regions(smooth, smooth)
    assert {r.colour for r in found} == {"#000000", "#ffffff", "#616161"}
    assert sum_is_exactly_one(found)
    named = by_colour(found)
    assert torch.equal(named["#616161"].content, truth(disc(1), 2))
    exact = disc(factor)[: 48 * factor].mean() * 48 / 64
    assert named["#ffffff"].content.mean().item() == pytest.approx(exact, rel=0.03)


def test_a_mixture_on_a_straight_edge_is_no_region_but_a_thin_line_is():
    stripe = numpy.full((64, 64, 3), RED, dtype=numpy.uint8)
    stripe[:, 33:] = BLUE
    stripe[:, 32] = (128, 0, 128)  # 1.6 % of the map, between red and blue
    assert {r.colour for r in regions(stripe, stripe)} == {"#ff0000", "#0000ff"}
    stripe[:, 32] = GREEN
    assert {r.colour for r in regions(stripe, stripe)} == {"#ff0000", "#0000ff", "#00ff00"}


@pytest.mark.parametrize(("pixels", "kept"), [(20, False), (21, True)])
def test_half_a_percent_makes_a_region(pixels, kept):
    labels = numpy.zeros((64, 64), dtype=int)
    labels[10:13, 10:17].flat = 1
    labels[10, 16] = int(pixels == 21)
    assert labels.sum() == pixels
    content = painted(labels, RED, BLUE)
    found = regions(content, content)
    assert len(found) == 1 + kept
    assert sum_is_exactly_one(found)


def test_slightly_different_paint_is_the_same_colour():
    content, style = painted(LABELS, RED, RED, BLUE, BLUE), painted(LABELS, BLUE, BLUE, (236, 12, 10), RED)
    content[:32, :16] = (250, 6, 4)
    found = by_colour(regions(content, style))
    assert set(found) == {"#ff0000", "#0000ff"}
    assert torch.equal(found["#ff0000"].content, truth(LABELS, 0, 1))
    assert torch.equal(found["#ff0000"].styles[0], truth(LABELS, 2, 3))


@pytest.mark.parametrize("size", [(16, 16), (24, 24), (64, 64), (40, 40), (100, 100)])
def test_maps_of_other_sizes(size):
    content = painted(LABELS, RED, GREEN, BLUE, BLACK)
    found = regions(content, content, size=size, style_sizes=[(32, 32)])
    assert sum_is_exactly_one(found)
    scaled = Image.fromarray(LABELS.astype(numpy.uint8)).resize(size[::-1], Image.Resampling.NEAREST)
    named = by_colour(found)
    for index, colour in enumerate(["#ff0000", "#00ff00", "#0000ff", "#000000"]):
        expected = truth(numpy.array(scaled), index)
        assert (named[colour].content - expected).abs().mean() < 0.03
        assert torch.equal(named[colour].styles[0], truth(LABELS[::2, ::2], index))


def test_tiny_maps_one_colour_and_transparency():
    tiny = numpy.array([[RED, GREEN], [BLUE, WHITE]], dtype=numpy.uint8)
    assert len(regions(tiny, tiny, size=(8, 8))) == 4
    whole = regions(Image.new("RGB", (8, 8), GREEN), Image.new("RGB", (8, 8), GREEN), size=(8, 8))
    assert [r.colour for r in whole] == ["#00ff00"]
    clear = numpy.dstack([painted(LABELS, RED, WHITE, RED, WHITE), 255 * (LABELS % 2 == 0)]).astype(
        numpy.uint8
    )
    assert {r.colour for r in regions(clear, painted(LABELS, RED, BLACK, RED, BLACK))} == {
        "#ff0000",
        "#000000",
    }


def test_a_map_is_turned_as_its_exif_says(save):
    content = painted(LABELS, RED, GREEN, BLUE, BLACK)
    exif = Image.Exif()
    exif[274] = 6
    path = save(Image.fromarray(content), "a.png", exif=exif)
    named = by_colour(regions(path, content))
    assert torch.equal(named["#ff0000"].content, truth(numpy.rot90(LABELS, -1).copy(), 0))
    assert torch.equal(named["#ff0000"].styles[0], truth(LABELS, 0))


def test_a_colour_no_style_has():
    content = painted(LABELS, RED, GREEN, BLUE, BLACK)
    style = painted(LABELS, RED, GREEN, RED, BLACK)
    with pytest.raises(PictureError, match=r"#0000ff on 18.8% .* #000000, #00ff00, #ff0000:") as caught:
        regions(content, style)
    assert "content.png" in str(caught.value)
    found = by_colour(regions(content, style, content))
    assert found["#0000ff"].styles[0] is None
    assert found["#0000ff"].styles[1] is not None


FLAT = painted(LABELS, RED, GREEN, BLUE, BLACK)
NOISE = numpy.random.default_rng(4).integers(0, 256, (64, 64, 3), dtype=numpy.uint8)
RAINBOW = numpy.stack(numpy.meshgrid(numpy.arange(64) * 4, numpy.arange(64) * 4, [90]), -1)[:, :, 0].astype(
    numpy.uint8
)
SEVENTEEN = (numpy.arange(17 * 4) // 4 * 15)[None].repeat(17 * 4, 0)
CUBE = numpy.stack([SEVENTEEN, SEVENTEEN.T // 120 * 120, 255 - SEVENTEEN], -1).astype(numpy.uint8)
HALF_SKY = numpy.where(numpy.arange(64)[:, None, None] < 20, numpy.array([90, 140, 230]), NOISE).astype(
    numpy.uint8
)


@pytest.mark.parametrize(
    ("kind", "content", "styles", "options", "words"),
    [
        (RecipeError, None, [FLAT], {}, "one for each of the 1 styles, not 0 and 1"),
        (RecipeError, FLAT, [], {}, "0 styles"),
        (RecipeError, FLAT, [FLAT], {"style_sizes": [(64, 64)] * 2}, "2 styles, not 1 and 1"),
        (RecipeError, FLAT, [FLAT], {"names": ["a"]}, "2 colour maps, but 1 names"),
        (RecipeError, FLAT, [FLAT], {"size": (0, 4)}, "at least 1"),
        (PictureError, FLAT, [FLAT[:32]], {}, "'style1.png' is 64x32 with an aspect ratio .* is 1;"),
        (PictureError, FLAT[:, :40], [FLAT], {}, "'content.png' is 40x64 with an aspect ratio .* is 1;"),
        (PictureError, "nowhere.png", [FLAT], {}, "does not exist"),
        (PictureError, NOISE, [FLAT], {}, "'content.png' .* photograph"),
        (PictureError, RAINBOW, [FLAT], {}, "'content.png' has more than 16 colours .* photograph"),
        (PictureError, FLAT, [CUBE], {}, "'style1.png' has more than 16 colours .* photograph"),
        (PictureError, FLAT, [HALF_SKY], {}, "'style1.png' has its main colours on only 3.% .* photograph"),
    ],
)
def test_bad_maps(kind, content, styles, options, words):
    with pytest.raises(kind, match=words) as caught:
        regions(content, *styles, **options)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")
