"""Grain: its spectrum, its deviation, and that it lies at absolute positions."""

from __future__ import annotations

import numpy as np
import torch

from impasto.feedforward.grain import LONGEST, SIDE, grain
from impasto.feedforward.modules.transform import ModulatedLayer, StyleParams
from impasto.feedforward.runner import NetworkRunner


class Copies:
    """A network that returns its input."""

    multiple = 8
    modulated_layers: tuple[ModulatedLayer, ...] = ()

    def __call__(self, image, style_params, modulation=None):
        return image


def test_every_octave_has_the_same_power_and_longer_waves_have_none() -> None:
    tile = grain(SIDE, SIDE)
    assert abs(tile.mean()) < 1e-5
    assert abs(tile.std() - 1) < 1e-5
    power = np.abs(np.fft.fft2(tile)) ** 2
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(SIDE), np.fft.fftfreq(SIDE)))
    assert power[frequency < 0.99 / LONGEST].sum() < 1e-6 * power.sum()
    octaves = [power[(frequency >= 2.0**-k / 2) & (frequency < 2.0**-k)].sum() for k in range(1, 6)]
    assert max(octaves) < 1.3 * min(octaves)


def test_the_grain_repeats_after_a_tile_and_has_absolute_positions() -> None:
    whole = grain(40, SIDE + 30)
    assert np.array_equal(whole[:, :30], whole[:, SIDE:])
    assert np.array_equal(whole[5:25, 100:160], grain(20, 60, 5, 100))


def test_a_network_gets_the_grain_that_its_card_names() -> None:
    image = torch.full((1, 3, 32, 48), 0.5)
    params = StyleParams((), ())
    assert torch.equal(NetworkRunner(Copies(), {}).paint(image, params), image)
    painted = NetworkRunner(Copies(), {"grain": 0.03}).paint(image, params)
    expected = 0.5 + 0.03 * torch.from_numpy(grain(32, 48))
    torch.testing.assert_close(painted, expected.expand(1, 3, -1, -1))
