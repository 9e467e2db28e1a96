"""Learning-rate schedules: closed forms on each piece, joints without a jump, no rise after the warm-up."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from impasto.training.schedules import (
    SMALLEST_FACTOR,
    warmup_constant_cosine,
    warmup_constant_linear,
    warmup_cosine,
)

STEPS = 1000


@pytest.mark.parametrize(
    ("done", "wanted"),
    [
        (0.05, 0.5),
        (0.1, 1.0),
        (0.299, 1.0),
        (0.3, 1.0),
        (0.3 + 0.7 / 3, 0.75),
        (0.65, 0.5),
        (0.3 + 0.7 * 2 / 3, 0.25),
        (0.99, SMALLEST_FACTOR),
        (1.0, SMALLEST_FACTOR),
    ],
)
def test_warmup_constant_cosine_is_its_closed_form(done: float, wanted: float) -> None:
    assert warmup_constant_cosine(done, 0.1, 0.3) == pytest.approx(wanted, abs=2e-5)


@pytest.mark.parametrize(
    ("step", "wanted"), [(0, 0.01), (49, 0.5), (99, 1.0), (100, 1.0), (400, 0.75), (550, 0.5), (700, 0.25)]
)
def test_warmup_cosine_is_its_closed_form(step: int, wanted: float) -> None:
    assert warmup_cosine(step, STEPS, 0.1) == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("step", "wanted"),
    [
        (0, 0.01),
        (49, 0.5),
        (99, 1.0),
        (300, 1.0),
        (600, 1.0),
        (700, 0.75),
        (800, 0.5),
        (999, 0.0025),
        (1000, 0),
    ],
)
def test_warmup_constant_linear_is_its_closed_form(step: int, wanted: float) -> None:
    assert warmup_constant_linear(step, STEPS, 100, 0.6) == pytest.approx(wanted)


SCHEDULES = {
    "constant cosine": (lambda step: warmup_constant_cosine(step / STEPS, 0.1, 0.3), 100),
    "constant cosine, no warmup": (lambda step: warmup_constant_cosine(step / STEPS, 0.0, 0.3), 0),
    "constant cosine, no constant": (lambda step: warmup_constant_cosine(step / STEPS, 0.0, 0.0), 0),
    "cosine": (lambda step: warmup_cosine(step, STEPS, 0.1), 100),
    "cosine, no warmup": (lambda step: warmup_cosine(step, STEPS, 0.0), 0),
    "constant linear": (lambda step: warmup_constant_linear(step, STEPS, 100, 0.6), 100),
    "constant linear, no warmup": (lambda step: warmup_constant_linear(step, STEPS, 1, 0.0), 0),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_rises_to_1_once_and_then_only_falls(name: str) -> None:
    schedule, top = SCHEDULES[name]
    factors = [schedule(step) for step in range(STEPS + 1)]
    assert all(0 < factor <= 1 for factor in factors[:-1])
    assert max(factors) == pytest.approx(1)
    assert factors[top] == pytest.approx(1)
    assert all(later >= earlier for earlier, later in pairwise(factors[: top + 1]))
    assert all(later <= earlier for earlier, later in pairwise(factors[top:]))
    assert factors[-1] <= SMALLEST_FACTOR


@pytest.mark.parametrize("name", SCHEDULES)
def test_no_two_steps_are_further_apart_than_the_steepest_piece(name: str) -> None:
    schedule, top = SCHEDULES[name]
    factors = [schedule(step) for step in range(STEPS + 1)]
    steepest = max(1 / top if top else 0, math.pi / 2 / (0.7 * STEPS), 1 / (0.4 * STEPS))
    assert max(abs(later - earlier) for earlier, later in pairwise(factors)) <= steepest * 1.01


def test_the_mean_factor_is_the_area_of_the_pieces() -> None:
    """A ramp has half its width, half a cosine too."""
    cosine = sum(warmup_cosine(step, STEPS, 0.1) for step in range(STEPS)) / STEPS
    assert cosine == pytest.approx(0.1 / 2 + 0.9 / 2, abs=2e-3)
    linear = sum(warmup_constant_linear(step, STEPS, 100, 0.6) for step in range(STEPS)) / STEPS
    assert linear == pytest.approx(0.1 / 2 + 0.5 + 0.4 / 2, abs=2e-3)
