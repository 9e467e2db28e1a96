"""Content weights that follow distances: closed forms, bounds, a plant whose distance comes to what is asked."""

from __future__ import annotations

import math

import pytest
import torch

from impasto.feedforward.strength_controller import GAIN, KNOTS, WEIGHT_RANGE, StrengthController


def test_it_begins_with_the_geometric_line():
    strength = torch.tensor([0.0, 0.3, 0.55, 1.0])
    expected = 6.0 ** (1 - strength) * 0.25**strength
    torch.testing.assert_close(StrengthController(6.0, 0.25).weights(strength), expected)


def test_weights_outside_their_bounds_are_cut():
    ends = StrengthController(1e6, 0.0).weights(torch.tensor([0.0, 1.0]))
    torch.testing.assert_close(ends, torch.tensor([WEIGHT_RANGE[1], WEIGHT_RANGE[0]]))


def test_one_picture_moves_the_knots_beside_it_by_their_nearness():
    controller = StrengthController(1.0, 1.0)
    controller.follow(torch.tensor([0.53]), torch.tensor([0.53 * math.exp(0.5)]))
    expected = torch.zeros(KNOTS)
    expected[5], expected[6] = 0.7 * 0.5 * GAIN, 0.3 * 0.5 * GAIN
    torch.testing.assert_close(controller.logs, expected, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("distance", [0.0, 1e9])
def test_no_distance_moves_them_further_than_one_that_is_e_times_off(distance):
    controller = StrengthController(1.0, 1.0)
    controller.follow(torch.tensor([0.5]), torch.tensor([distance]))
    assert float(controller.logs.abs().max()) == pytest.approx(GAIN)


def test_distances_come_to_what_is_asked():
    controller, generator = StrengthController(6.0, 0.25), torch.Generator().manual_seed(0)

    def painted(strength):
        return 1.2 / (1 + controller.weights(strength) ** 0.7)

    for _ in range(3000):
        strength = torch.rand(4, generator=generator)
        controller.follow(strength, painted(strength) * torch.exp(0.2 * torch.randn(4, generator=generator)))
    asked = torch.linspace(0.2, 0.9, 8)
    torch.testing.assert_close(painted(asked), asked, rtol=0.1, atol=0)
    # What cannot be reached gets the largest weight.
    assert float(controller.weights(torch.zeros(1))) == pytest.approx(WEIGHT_RANGE[1])
