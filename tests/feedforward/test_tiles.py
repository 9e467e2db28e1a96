"""Tiles: with frozen statistics they equal the whole picture, and their seams are invisible."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from impasto.errors import RecipeError
from impasto.feedforward.modules.region_modulation import FrozenStatistics, StatisticsRecorder
from impasto.feedforward.modules.transform import TransformNet
from impasto.feedforward.runner import NetworkRunner
from impasto.imaging.frame import DEFAULT_TILING, MARGIN, Frame, TileWindow, Tiling
from impasto.imaging.tiles import paint_tiles, sample_windows, spans

from .conftest import WIDTHS, make_style_params

IMAGE = torch.rand(1, 3, 70, 900, generator=torch.Generator().manual_seed(5))
EXACT = Tiling(side=576, halo=128, feather=16)


def with_frozen_statistics(network, style_params):
    """Return the padded picture's frame and painted whole, and how to paint a window, with one set of statistics."""
    frame = Frame(*IMAGE.shape[2:], 8)
    recorder = StatisticsRecorder()
    with torch.no_grad():
        network(frame.cut(IMAGE, frame.whole), style_params, recorder)
        frozen = FrozenStatistics(recorder.statistics)
        whole = frame.crop(network(frame.cut(IMAGE, frame.whole), style_params, frozen))
    return frame, whole, lambda window: network(frame.cut(IMAGE, window), style_params, frozen)


@torch.no_grad()
def test_with_a_halo_as_wide_as_a_feature_sees_tiles_are_the_whole_picture(network, styles) -> None:
    frame, whole, paint = with_frozen_statistics(network, styles[0])
    on_progress = []
    out = paint_tiles(frame, EXACT, paint, lambda done, total: on_progress.append((done, total)))
    torch.testing.assert_close(out, whole, atol=1e-5, rtol=1e-5)
    assert len(on_progress) == 3
    assert on_progress[-1][0] == on_progress[-1][1]


@torch.no_grad()
def test_tiles_of_a_network_with_full_resolution_are_the_whole_picture_too() -> None:
    torch.manual_seed(0)
    network = TransformNet(WIDTHS, detail=4)
    for part in (network.head, network.detail.out):  # an output that depends on the features
        part.weight.normal_(0, 0.01)
    frame, whole, paint = with_frozen_statistics(network, make_style_params(network.modulated_layers, 1))
    out = paint_tiles(frame, EXACT, paint, lambda done, total: None)
    torch.testing.assert_close(out, whole, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_the_default_halo_differs_by_less_than_an_eighth_of_what_8_bits_show(network, styles) -> None:
    frame, whole, paint = with_frozen_statistics(network, styles[0])
    default = Tiling(side=384)
    out = paint_tiles(frame, default, paint, lambda done, total: None)
    difference = (out - whole).abs()
    assert difference.max() < 0.0005


@pytest.mark.parametrize(("length", "side"), [(392, 384), (800, 384), (5000, 512), (384, 384), (48, 1536)])
def test_weights_of_tiles_sum_to_one_and_leave_the_halo_out(length, side) -> None:
    tiling = Tiling(side=side)
    found = spans(length, tiling, 8)
    total = torch.zeros(length)
    for index, span in enumerate(found):
        assert span.start % 8 == 0
        total[span.start : span.start + len(span.weight)] += span.weight
        if index:
            assert not span.weight[: tiling.halo].any()
        if index < len(found) - 1:
            assert not span.weight[-tiling.halo :].any()
    torch.testing.assert_close(total, torch.ones(length))


@pytest.mark.parametrize(("height", "width"), [(2000, 3000), (100, 9000), (8192, 8192), (1600, 1600)])
def test_samples_lie_in_the_picture_and_at_its_ends(height, width) -> None:
    frame = Frame(height, width, 8)
    found = sample_windows(frame, DEFAULT_TILING)
    assert 1 <= len(found) <= 18
    high, wide = frame.padded
    for window in found:
        assert window.top >= 0
        assert window.left >= 0
        assert window.top + window.height <= high
        assert window.left + window.width <= wide
    if len({w.left for w in found}) > 1:
        assert max(w.left + w.width for w in found) == wide


def test_a_picture_of_one_tile_is_painted_whole(runner, styles) -> None:
    image = torch.rand(1, 3, 60, 60)
    small = runner.paint(image, styles[0], tiling=EXACT)
    assert torch.equal(small, runner.paint(image, styles[0]))


def test_no_seam_is_steeper_than_the_rest(runner, styles) -> None:
    """Across the columns where tiles meet neighbours differ no more than elsewhere."""
    smooth = torch.nn.functional.interpolate(torch.rand(1, 3, 8, 40), (400, 900), mode="bicubic").clamp(0, 1)
    out = runner.paint(smooth, styles[0], tiling=Tiling(side=384))
    steps = (out[..., 1:] - out[..., :-1]).abs().mean((0, 1, 2))
    meet = [
        (a.start + b.start + 384) // 2 - 16
        for a, b in zip(*[spans(936, Tiling(384), 8)[i:] for i in (0, 1)], strict=False)
    ]
    near = torch.cat([steps[at - 20 : at + 20] for at in meet])
    assert near.mean() <= 1.2 * steps.mean()


def test_regions_work_in_tiles(runner, styles) -> None:
    image = torch.rand(1, 3, 400, 700)
    left = torch.zeros(1, 1, 400, 700)
    left[..., :350] = 1
    tiled = runner.paint(image, styles, [left, 1 - left], tiling=Tiling(side=384))
    assert tiled.shape == image.shape
    whole = runner.paint(image, styles, [left, 1 - left])
    assert (tiled - whole).abs().mean() < 0.02


@pytest.mark.parametrize(
    "tiling", [Tiling(side=100), Tiling(side=400, halo=128), Tiling(halo=-1), Tiling(feather=0)]
)
def test_tiles_too_small_are_refused(runner, styles, tiling) -> None:
    with pytest.raises(RecipeError, match="Tiles"):
        runner.paint(torch.rand(1, 3, 8, 8), styles[0], tiling=tiling)


def test_bfloat16_tiles(network, styles) -> None:
    image = torch.rand(1, 3, 300, 600)
    out = NetworkRunner(network, precision="bfloat16").paint(image, styles[0], tiling=Tiling(side=384))
    exact = NetworkRunner(network, precision="float32").paint(image, styles[0], tiling=Tiling(side=384))
    assert (out - exact).abs().mean() < 0.02


@pytest.mark.parametrize("diagonal", [False, True])
def test_frozen_statistics_and_style_parameters_are_one_step(styles, network, diagonal) -> None:
    channels = network.modulated_layers[0].channels
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(2, channels, 5, 7, generator=generator) * 3 + 1
    matrix = torch.randn(1, channels, generator=generator) if diagonal else styles[0].matrices[0]
    shift = torch.randn(1, channels, generator=generator)
    modulation = FrozenStatistics(
        {0: (torch.randn(channels, generator=generator), torch.rand(channels, generator=generator) + 0.1)}
    )
    wanted = modulation.affine(modulation.normalise(x, 0), matrix, shift, 0)
    torch.testing.assert_close(modulation.modulate(x, matrix, shift, 0), wanted, atol=1e-4, rtol=1e-4)


def test_a_window_repeats_the_edges_of_the_picture() -> None:
    image = torch.rand(1, 3, 33, 44)
    frame = Frame(33, 44, 8)
    whole = F.pad(
        image,
        (MARGIN, frame.padded[1] - 44 - MARGIN, MARGIN, frame.padded[0] - 33 - MARGIN),
        mode="replicate",
    )
    assert torch.equal(frame.cut(image, frame.whole), whole)
    for window in (
        TileWindow(0, 8, 24, 16),
        TileWindow(8, 0, 8, 40),
        TileWindow(20, 24, 8, 8),
        TileWindow(40, 48, 8, 8),
        TileWindow(0, 0, 8, 8),
    ):
        wanted = whole[
            :, :, window.top : window.top + window.height, window.left : window.left + window.width
        ]
        assert torch.equal(frame.cut(image, window), wanted), window


def test_a_picture_up_to_the_limit_is_painted_at_once(network, styles) -> None:
    image = torch.rand(1, 3, 400, 460)
    on_progress = []
    whole = NetworkRunner(network).paint(
        image,
        styles[0],
        tiling=Tiling(side=384, whole=496),
        on_progress=lambda *at: on_progress.append(at),
    )
    assert on_progress == [(1, 1)]
    assert torch.equal(whole, NetworkRunner(network).paint(image, styles[0]))
