"""The registry is the matrix: every plate is held to size, mode, determinism, texture and its own hand."""

from __future__ import annotations

from functools import cache
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from impasto.errors import RecipeError
from impasto.plates import PLATES, paint

NAMES = sorted(PLATES)
SIZE = 128


@cache
def plate(name: str, size: int = SIZE, seed: int = 0) -> Image.Image:
    return paint(name, size, seed)


def pixels(name: str, size: int = SIZE, seed: int = 0) -> NDArray[np.float64]:
    return np.asarray(plate(name, size, seed), dtype=np.float64)


def hand(picture: NDArray[np.float64]) -> NDArray[np.float64]:
    """Colour means and deviations, direction of the gradients and share of fine detail of a picture."""
    grey = picture.mean(axis=-1)
    dy, dx = np.gradient(grey)
    energy, angle = np.hypot(dx, dy), 2 * np.arctan2(dy, dx)
    direction = [(energy * np.cos(angle)).sum() / energy.sum(), (energy * np.sin(angle)).sum() / energy.sum()]
    colours = np.concatenate([picture.mean(axis=(0, 1)), picture.std(axis=(0, 1))]) / 255
    return np.concatenate([colours, direction, [fine_share(grey)]])


def fine_share(grey: NDArray[np.float64]) -> float:
    """Share of the spectral energy above half the Nyquist frequency; white noise has about 0.8."""
    power = np.abs(np.fft.fft2(grey - grey.mean())) ** 2
    fy, fx = np.fft.fftfreq(grey.shape[0])[:, None], np.fft.fftfreq(grey.shape[1])[None]
    return float(power[np.hypot(fx, fy) > 0.25].sum() / power.sum())


def test_the_registry_lists_the_plates_with_titles() -> None:
    assert set(PLATES) == {"swirls", "woodcut", "glass", "points", "paper", "ink", "vaporwave"}
    assert len({entry.title for entry in PLATES.values()}) == len(PLATES)
    assert all(entry.title and len(entry.description.splitlines()) == 1 for entry in PLATES.values())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [96, SIZE])
def test_the_longer_side_is_the_size_and_the_mode_is_rgb(name: str, size: int) -> None:
    image = plate(name, size)
    assert isinstance(image, Image.Image)
    assert image.mode == "RGB"
    assert image.width == max(image.size) == size
    assert 0.6 * size <= image.height <= size


@pytest.mark.parametrize("name", NAMES)
def test_a_seed_gives_the_same_bytes_and_another_seed_others(name: str) -> None:
    assert plate(name, 96).tobytes() == paint(name, 96, 0).tobytes()
    assert plate(name).tobytes() != plate(name, SIZE, 1).tobytes()


@pytest.mark.parametrize("name", NAMES)
def test_the_composition_stays_when_the_size_changes(name: str) -> None:
    """Two sizes of one seed, averaged to a small mosaic, are the same picture."""
    mosaics = [plate(name, size).resize((24, 16), Image.Resampling.BOX) for size in (96, SIZE)]
    small, large = (np.asarray(mosaic, dtype=np.float64).ravel() for mosaic in mosaics)
    assert np.corrcoef(small, large)[0, 1] > 0.985


@pytest.mark.parametrize("name", NAMES)
def test_every_part_of_the_picture_has_texture(name: str) -> None:
    """No empty areas: each of 6 x 4 patches varies, and fine detail carries energy."""
    grey = pixels(name).mean(axis=-1)
    patches = [patch for row in np.array_split(grey, 4) for patch in np.array_split(row, 6, axis=1)]
    assert min(patch.std() for patch in patches) > 2.5
    assert fine_share(grey) > 0.01
    assert np.ptp(grey) > 120


@pytest.mark.parametrize(("first", "second"), list(combinations(NAMES, 2)))
def test_the_hands_differ_more_than_the_seeds(first: str, second: str) -> None:
    """Two plates lie much further apart in their statistics than two seeds of either."""
    between = np.linalg.norm(hand(pixels(first)) - hand(pixels(second)))
    within = max(np.linalg.norm(hand(pixels(n)) - hand(pixels(n, SIZE, 1))) for n in (first, second))
    assert between > 2 * within
    assert between > 0.15


def test_each_plate_has_its_own_character() -> None:
    """The night is blue, ink is nearly grey, glass is saturated, the river bank lies in full light."""
    means = {name: pixels(name).mean(axis=(0, 1)) for name in NAMES}
    chroma = {name: float(np.ptp(pixels(name), axis=-1).mean()) for name in NAMES}
    assert means["swirls"][2] > 1.5 * means["swirls"][0]
    assert min(chroma, key=chroma.__getitem__) == "ink"
    assert chroma["glass"] > 2 * chroma["ink"]
    assert means["points"].mean() > means["glass"].mean() + 40


def test_an_unknown_name_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(RecipeError, match="Did you mean 'swirls'"):
        paint("swirl")


@pytest.mark.parametrize("size", [63, 4097, 0, -1, 100.0, True, "768"])
def test_a_size_outside_the_range_is_refused(size: object) -> None:
    with pytest.raises(RecipeError, match="64 to 4096"):
        paint("ink", size)  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", [-1, 0.5, True, None])
def test_an_impossible_seed_is_refused(seed: object) -> None:
    with pytest.raises(RecipeError, match="0 or more"):
        paint("ink", 64, seed)  # type: ignore[arg-type]
