"""The checkerboard index of pictures whose index is known."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from impasto.errors import PictureError
from impasto.imaging import resize
from impasto.metrics import checkerboard_index


def signs(height: int, width: int) -> Tensor:
    down, across = torch.arange(height), torch.arange(width)
    return (1 - 2 * ((down[:, None] + across[None, :]) % 2)).float().expand(1, 3, height, width)


@pytest.mark.parametrize(("levels", "expected"), [(127.5, 127.5), (4, 4), (0, 0)])
def test_a_checkerboard_has_its_amplitude(levels: float, expected: float) -> None:
    board = (127.5 if levels == 127.5 else 100) / 255 + levels / 255 * signs(32, 48)
    assert checkerboard_index(board) == pytest.approx(expected)
    assert checkerboard_index(1 - board) == pytest.approx(expected, abs=0.01)
    # Where it begins does not matter, nor do columns beyond the last block.
    assert checkerboard_index(board[..., 1:, 3:]) == pytest.approx(expected)


def test_a_board_in_part_of_the_picture_counts_by_area() -> None:
    half = torch.full((1, 3, 32, 64), 100 / 255)
    half[..., :32] += 8 / 255 * signs(32, 32)
    assert checkerboard_index(half) == pytest.approx(4)


def test_smooth_pictures_have_none(generator: torch.Generator) -> None:
    blurred = resize(torch.rand(1, 3, 8, 8, generator=generator), (64, 64))
    assert checkerboard_index(blurred) < 0.2  # gradients and rounding
    assert checkerboard_index(signs(64, 64).repeat_interleave(2, 2).repeat_interleave(2, 3) / 2 + 0.5) == 0


def test_bad_input() -> None:
    with pytest.raises(PictureError, match="8x8"):
        checkerboard_index(torch.zeros(1, 3, 7, 20))
    with pytest.raises(PictureError, match="one RGB picture"):
        checkerboard_index(torch.zeros(2, 3, 16, 16))
