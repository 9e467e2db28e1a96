"""Previews of the network for any style are what the finished network paints."""

from __future__ import annotations

import pytest
import torch

from impasto.feedforward.network_card import find_model
from impasto.feedforward.previews import preview_any
from impasto.feedforward.stylizer import Stylizer
from impasto.feedforward.weights import read_network
from impasto.training.crops import centre_crops

SIDE = 64


def pictures(seed: int, *sizes: tuple[int, int]) -> list[torch.Tensor]:
    """Return soft pictures (3, h, w) of bytes."""
    noise = torch.Generator().manual_seed(seed)
    small = (torch.rand(1, 3, 9, 9, generator=noise) for _ in sizes)
    return [
        (torch.nn.functional.interpolate(image, size, mode="bilinear")[0] * 255).byte()
        for image, size in zip(small, sizes, strict=True)
    ]


@pytest.mark.parametrize(("network", "rows"), [("any-live", 2), ("any", 1)])
def test_a_row_is_a_photograph_a_style_image_and_the_painting(monkeypatch, one_thread, network, rows) -> None:
    monkeypatch.setattr("impasto.feedforward.previews.SQUARE_SIDE", SIDE)
    card, weights = read_network(find_model(network))
    photographs = pictures(0, (70, 90), (64, 64), (80, 70))
    style_images = pictures(1, *[(72, 66)] * rows)
    preview = preview_any(card, weights, photographs, style_images)
    assert preview.shape == (1, 3, rows * SIDE, 3 * SIDE)
    stylizer = Stylizer(network, device="cpu")
    squares = (centre_crops(images[:rows], SIDE) for images in (photographs, style_images))
    for index, (photograph, style) in enumerate(zip(*squares, strict=True)):
        tiles = preview[0, :, index * SIDE : (index + 1) * SIDE].split(SIDE, dim=2)
        assert torch.equal(tiles[0], photograph)
        assert torch.equal(tiles[1], style)
        assert torch.equal(tiles[2], stylizer.paint(photograph, [style]).pixels[0])
