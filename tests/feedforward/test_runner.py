"""`NetworkRunner`: finite pictures of the same size, masks, regions and mixtures."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from impasto.errors import PictureError, RecipeError, WeightsError
from impasto.feedforward.margin import LARGEST_MARGIN, card_margin
from impasto.feedforward.modules.modulation import Modulation, apply_matrix
from impasto.feedforward.modules.region_modulation import (
    FrozenStatistics,
    RegionModulation,
    StatisticsRecorder,
    mix_style_params,
)
from impasto.feedforward.modules.transform import StyleParams
from impasto.feedforward.runner import NetworkRunner
from impasto.imaging.frame import MARGIN, Frame, TileWindow

from .conftest import make_style_params


def text_like() -> Tensor:
    """Black strokes on white, one pixel wide."""
    image = torch.ones(1, 3, 40, 61)
    image[:, :, ::5] = 0
    image[:, :, :, ::7] = 0
    return image


PICTURES = {
    "grey": torch.full((1, 3, 33, 47), 0.5),
    "black": torch.zeros(1, 3, 24, 24),
    "white": torch.ones(1, 3, 24, 24),
    "noise": torch.rand(1, 3, 37, 29, generator=torch.Generator().manual_seed(0)),
    "text": text_like(),
    "small": torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(1)),
    "pixel": torch.full((1, 3, 1, 1), 0.2),
    "strip": torch.rand(1, 3, 600, 17, generator=torch.Generator().manual_seed(2)),
}


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("name", PICTURES)
def test_any_picture_comes_back_finite_and_of_its_size(network, styles, name, precision) -> None:
    image = PICTURES[name]
    out = NetworkRunner(network, precision=precision).paint(image, styles[0])
    assert out.shape == image.shape
    assert out.dtype == torch.float32
    assert bool(((out >= 0) & (out <= 1)).all())


def test_a_window_of_the_frame_is_one_of_the_padded_picture() -> None:
    image = torch.rand(1, 3, 21, 35)
    frame = Frame(21, 35, 8)
    height, width = frame.padded
    assert (height, width) == (32, 48)
    pads = (MARGIN, width - 35 - MARGIN, MARGIN, height - 21 - MARGIN)
    padded = torch.nn.functional.pad(image, pads, mode="replicate")
    assert torch.equal(frame.cut(image, frame.whole), padded)
    assert torch.equal(frame.cut(image, TileWindow(8, 16, 24, 32)), padded[:, :, 8:32, 16:48])
    assert torch.equal(frame.crop(padded), image)


@pytest.mark.parametrize(
    "image",
    [
        torch.rand(1, 3, 8, 8).double(), torch.rand(3, 8, 8), torch.rand(2, 3, 8, 8), torch.rand(1, 1, 8, 8),
        torch.empty(1, 3, 0, 8), torch.full((1, 3, 8, 8), 1.5), torch.full((1, 3, 8, 8), float("nan")),
    ],
)  # fmt: skip
def test_other_tensors_are_refused(runner, styles, image) -> None:
    with pytest.raises(PictureError):
        runner.paint(image, styles[0])


def test_style_parameters_and_masks_that_do_not_fit_are_refused(runner, styles) -> None:
    image, mask = torch.rand(1, 3, 20, 20), torch.ones(1, 1, 20, 20)
    with pytest.raises(RecipeError, match="style parameters"):
        runner.paint(image, StyleParams(styles[0].matrices[:-1], styles[0].shifts[:-1]))
    with pytest.raises(RecipeError, match="masks"):
        runner.paint(image, styles, [mask])
    with pytest.raises(RecipeError, match="masks"):
        runner.paint(image, styles)
    with pytest.raises(PictureError):
        runner.paint(image, styles, [mask, mask[:, :, 1:]])


def test_values_that_are_not_finite_are_an_error(runner, styles) -> None:
    broken = StyleParams(styles[0].matrices, tuple(shift * float("inf") for shift in styles[0].shifts))
    with pytest.raises(WeightsError, match="not finite"):
        runner.paint(torch.rand(1, 3, 20, 20), broken)


def test_what_overflows_in_half_precision_is_painted_in_float32(styles) -> None:
    class Overflows:
        """Finite in float32 alone."""

        multiple = 8

        def __init__(self, modulated_layers) -> None:
            self.modulated_layers = modulated_layers

        def __call__(self, image, style_params, modulation=None):
            small = torch.ones(1, 1)
            return image * 0.5 if (small @ small).dtype == torch.float32 else image / 0

    runner = NetworkRunner(Overflows(_modulated_layers(styles[0])), precision="bfloat16")
    image = torch.rand(1, 3, 20, 20)
    torch.testing.assert_close(runner.paint(image, styles[0]), image * 0.5)


def _modulated_layers(style_params):
    from impasto.feedforward.modules.transform import ModulatedLayer

    return [ModulatedLayer(shift.shape[1], 8) for shift in style_params.shifts]


def test_a_region_is_painted_as_by_its_style_alone(network, styles) -> None:
    """With frozen statistics, pixels further from the border than the receptive field are the same."""
    image = torch.rand(1, 3, 32, 512, generator=torch.Generator().manual_seed(4))
    recorder = StatisticsRecorder()
    with torch.no_grad():
        network(image, styles[0], recorder)
        frozen = FrozenStatistics(recorder.statistics)
        left = torch.zeros(1, 1, 32, 512)
        left[..., :256] = 1
        both = network(image, styles[0], RegionModulation(styles, [left, 1 - left], frozen))
        alone = [network(image, style_params, frozen) for style_params in styles]
    torch.testing.assert_close(both[..., :128], alone[0][..., :128], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(both[..., -128:], alone[1][..., -128:], atol=1e-5, rtol=1e-5)
    assert (both[..., -128:] - alone[0][..., -128:]).abs().max() > 0.01


def test_a_mask_of_everything_is_its_style_and_the_photograph_shows_where_nothing_covers(
    runner, styles
) -> None:
    image = torch.rand(1, 3, 30, 40)
    every, none = torch.ones(1, 1, 30, 40), torch.zeros(1, 1, 30, 40)
    alone = runner.paint(image, styles[0])
    torch.testing.assert_close(runner.paint(image, styles, [every, none]), alone)
    half = every.clone()
    half[..., 20:] = 0
    out = runner.paint(image, [styles[0]], [half])
    torch.testing.assert_close(out[..., :20], alone[..., :20])
    torch.testing.assert_close(out[..., 20:], image[..., 20:])


def test_equal_masks_are_the_mixed_style_parameters(runner, styles) -> None:
    image = torch.rand(1, 3, 24, 24)
    mask = torch.full((1, 1, 24, 24), 0.5)
    mixed = runner.paint(image, mix_style_params(styles, [0.5, 0.5]))
    torch.testing.assert_close(runner.paint(image, styles, [mask, mask]), mixed, atol=1e-5, rtol=1e-4)


def test_mixing_is_linear_also_of_diagonal_and_full_matrices(network, styles) -> None:
    diagonal = make_style_params(network.modulated_layers, 3, diagonal=True)
    mixed = mix_style_params([styles[0], diagonal], [0.25, 0.75])
    x = torch.randn(1, network.modulated_layers[0].channels, 3, 4)
    output = apply_matrix(x, mixed.matrices[0], mixed.shifts[0])
    parts = [apply_matrix(x, c.matrices[0], c.shifts[0]) for c in (styles[0], diagonal)]
    torch.testing.assert_close(output, 0.25 * parts[0] + 0.75 * parts[1])
    assert all(m.ndim == 2 for m in mix_style_params([diagonal, diagonal], [0.5, 0.5]).matrices)


def test_pooled_statistics_are_those_of_all_positions() -> None:
    parts = torch.randn(3, 4, 5, 6) * 3 + 2
    recorder = StatisticsRecorder()
    pooled = recorder.normalise(parts, 0)
    joined = parts.permute(1, 0, 2, 3).reshape(1, 4, 15, 6)
    expected = Modulation().normalise(joined, 0).reshape(4, 3, 5, 6).permute(1, 0, 2, 3)
    torch.testing.assert_close(pooled, expected, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(FrozenStatistics(recorder.statistics).normalise(parts, 0), pooled)


@pytest.mark.parametrize("side", [1, 5, 48])
def test_a_wide_margin_mirrors_the_picture(side: int) -> None:
    image = torch.arange(side * side, dtype=torch.float32).view(1, 1, side, side)
    frame = Frame(side, side, 8, margin=20)
    padded = frame.cut(image, frame.whole)
    assert padded.shape[2:] == frame.padded
    assert torch.equal(frame.crop(padded), image)
    expected = np.pad(image[0, 0].numpy(), (20, frame.padded[0] - side - 20), mode="symmetric")
    assert np.array_equal(padded[0, 0].numpy(), expected)
    assert np.array_equal(frame.cut(image.numpy(), frame.whole), padded.numpy())
    part = TileWindow(3, 5, frame.padded[0] - 10, frame.padded[1] - 8)
    assert torch.equal(frame.cut(image, part), padded[:, :, 3:-7, 5:-3])


def test_a_card_asks_for_a_margin_within_limits() -> None:
    assert [card_margin({"margin": value}) for value in (0, 40, 10_000)] == [MARGIN, 40, LARGEST_MARGIN]
    assert card_margin({}) == MARGIN
