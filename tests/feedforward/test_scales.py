"""Large pictures scale by scale, and strengths above 1."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest
import torch

import impasto
from impasto.feedforward.network_card import find_model, open_card
from impasto.feedforward.scales import ScaleProgress, paint_scales, paint_strongly, scale_sizes
from impasto.imaging import resize
from impasto.imaging.sizes import resize_array
from impasto.plates import paint


@pytest.mark.parametrize(
    ("size", "sizes"),
    [
        ((300, 512), [(300, 512)]),
        ((576, 400), [(576, 400)]),
        ((640, 640), [(512, 512), (640, 640)]),
        ((512, 1024), [(256, 512), (512, 1024)]),
        ((2048, 1024), [(512, 256), (1024, 512), (2048, 1024)]),
    ],
)
def test_scales_end_at_the_picture_and_differ_by_at_most_2(size, sizes) -> None:
    assert scale_sizes(*size) == sizes


def smooth(height: int, width: int) -> torch.Tensor:
    """A picture without details, which survives being resized."""
    y, x = torch.meshgrid(torch.linspace(0, 3, height), torch.linspace(0, 2, width), indexing="ij")
    return torch.stack([(y + x).sin(), y.cos(), x.sin()])[None] * 0.2 + 0.5


def test_the_coarsest_scale_decides_and_finer_ones_add_details_alone() -> None:
    sizes = scale_sizes(96, 128, base=32)
    dark, bright = (
        {size: smooth(*size) - 0.1 for size in sizes},
        {size: smooth(*size) + 0.1 for size in sizes},
    )
    painted = paint_scales(lambda size: (dark if size == sizes[0] else bright)[size], sizes, resize)
    # The finer pictures are brighter everywhere, which is no detail.
    torch.testing.assert_close(painted, dark[sizes[-1]], rtol=0, atol=0.02)
    stripes = torch.tensor([0.1, -0.1]).repeat(64)
    detailed = paint_scales(lambda size: dark[size] + (stripes if size == sizes[-1] else 0), sizes, resize)
    inside = (slice(None), slice(None), slice(4, -4), slice(4, -4))
    torch.testing.assert_close(
        (detailed - painted)[inside], stripes.expand(1, 3, 96, 128)[inside], atol=0.01, rtol=0
    )


def test_arrays_and_tensors_give_the_same_picture() -> None:
    sizes = scale_sizes(40, 100, base=32)
    generator = torch.Generator().manual_seed(1)
    pictures = {size: torch.rand(1, 3, *size, generator=generator) for size in sizes}
    tensor = paint_scales(pictures.__getitem__, sizes, resize)
    array = paint_scales(lambda size: pictures[size].numpy(), sizes, resize_array)
    numpy.testing.assert_allclose(array, tensor.numpy(), rtol=0, atol=1e-5)


def test_strengths_above_1_paint_what_was_painted() -> None:
    def halve(image: torch.Tensor) -> torch.Tensor:
        return image / 2

    image = torch.ones(1, 3, 4, 4)
    results = [float(paint_strongly(halve, image, strength).mean()) for strength in (0.3, 1.0, 1.5, 2.0)]
    assert results == [0.5, 0.5, 0.375, 0.25]


def test_progress_counts_the_pixels_of_every_scale_and_pass() -> None:
    calls: list[tuple[int, int]] = []
    sizes = [(10, 20), (20, 40)]
    for strength in (0.5, 1.5):
        progress = ScaleProgress(sizes, strength, lambda *done: calls.append(done))
        for size in sizes:
            for _ in range(1 if strength < 1 else 2):
                progress.tell(size, 1, 2)
                progress.tell(size, 2, 2)
    assert calls[:4] == [(100, 1000), (200, 1000), (600, 1000), (1000, 1000)]
    assert [done for done, total in calls[4:] if total == 2000] == [100, 200, 300, 400, 800, 1200, 1600, 2000]


def test_a_picture_at_two_sizes_can_be_stopped_at_the_smaller_one(one_thread: None) -> None:
    del one_thread
    calls: list[tuple[int, int]] = []

    def stop(done: int, total: int) -> None:
        calls.append((done, total))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        impasto.Stylizer("any-live").paint(paint("paper", 600), [paint("ink", 96)], on_progress=stop)
    assert calls[0][0] < calls[0][1] / 2


def test_a_large_picture_looks_like_a_small_one(one_thread: None) -> None:
    del one_thread
    stylizer = impasto.Stylizer()
    photo, style = paint("paper", 700), paint("woodcut", 128)
    small = stylizer.paint(photo, [style], impasto.OnePassSettings(size=512)).pixels
    large = stylizer.paint(photo, [style]).pixels
    assert max(large.shape[2:]) == 700
    assert float((resize(large, tuple(small.shape[2:])) - small).abs().mean()) < 0.01


@pytest.mark.parametrize("network", ["any-live", "two-poplars"])
def test_strengths_from_1_to_2_go_on_changing_the_picture(network: str, one_thread: None) -> None:
    del one_thread
    stylizer = impasto.Stylizer(network)
    photo = impasto.read_picture(paint("paper", 96))
    style = [] if stylizer.styles else [paint("woodcut", 96)]
    calls: list[tuple[int, int]] = []

    def painted(strength: float) -> torch.Tensor:
        settings = impasto.OnePassSettings(strength=strength)
        return stylizer.paint(photo, style, settings, on_progress=lambda *tiles: calls.append(tiles)).pixels

    one, more, two = (painted(strength) for strength in (1.0, 1.5, 2.0))
    assert calls == [(1, 1), (1, 2), (2, 2), (1, 2), (2, 2)]
    distances = [float((picture - one).abs().mean()) for picture in (more, two)]
    assert 0 < distances[0] < distances[1]


def test_a_strength_above_2_is_refused() -> None:
    card = open_card(Path(find_model("any")))
    with pytest.raises(impasto.ImpastoError, match="0 to 2"):
        card.resolve(impasto.OnePassSettings(strength=2.1))
