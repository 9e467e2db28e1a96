"""What a batch is drawn as: shares, strengths, strokes, and the moments of mixtures."""

from __future__ import annotations

import math
import random

import pytest
import torch

from impasto.feedforward.modules.style_embedding import DEFAULT_STRENGTH
from impasto.feedforward.modules.style_predictor import LAYERS
from impasto.feedforward.style_targets import (
    MEASURED_STROKES,
    at_stroke,
    draw_batch,
    measure_strokes,
    nearest_stroke,
)
from impasto.losses import moments


@pytest.mark.parametrize(
    ("stroke", "nearest"), [(0.5, 0.5), (0.7, 0.63), (0.72, 0.8), (1.0, 1.0), (1.4, 1.5)]
)
def test_the_nearest_stroke_is_nearest_in_ratio(stroke, nearest):
    assert MEASURED_STROKES[nearest_stroke(stroke)] == nearest


def test_a_draw_is_what_it_says(compact, paintings):
    styles = measure_strokes(compact, paintings)
    plain = draw_batch(random.Random(0), styles, 6, 0.5, 0.0)
    assert (plain.strength[:3] == DEFAULT_STRENGTH).all()
    assert (plain.stroke[:3] == 1).all()
    assert (plain.strength[3:] != DEFAULT_STRENGTH).all()
    assert (plain.mixture.max(1).values == 1).all()
    for number in range(6):
        style, stroke = int(plain.mixture[number].argmax()), float(plain.stroke[number])
        assert min(abs(stroke - known) for known in MEASURED_STROKES) < 1e-6
        picture = at_stroke(paintings[style], stroke)
        assert max(picture.shape[2:]) == round(64 * stroke)
        with torch.no_grad():
            wanted = moments(compact(picture, LAYERS)["relu3_1"])
        torch.testing.assert_close(plain.targets.moments["relu3_1"].mean[number], wanted.mean[0])


def test_the_target_of_a_mixture_is_the_mixture_of_the_moments(compact, paintings):
    styles = measure_strokes(compact, paintings)
    mixed = draw_batch(random.Random(1), styles, 4, 0.5, 1.0)
    torch.testing.assert_close(mixed.mixture.sum(1), torch.ones(4))
    assert ((mixed.mixture > 0).sum(1) == 2).all()
    for number in range(4):
        size = nearest_stroke(float(mixed.stroke[number]))
        parts = [row[size].moments["relu2_1"] for row in styles]
        second = sum(float(w) * p.second[0] for w, p in zip(mixed.mixture[number], parts, strict=True))
        found = mixed.targets.moments["relu2_1"]
        torch.testing.assert_close(found.second[number], second, atol=1e-5, rtol=1e-4)
        vectors = mixed.targets.vectors["relu2_1"][number]
        values = mixed.targets.values["relu2_1"][number]
        torch.testing.assert_close(
            (vectors * values) @ vectors.T, found.covariance[number], atol=1e-5, rtol=1e-3
        )


def test_strokes_are_log_uniform(compact, paintings):
    styles = measure_strokes(compact, paintings[:1])
    rng = random.Random(2)
    strokes = torch.cat([draw_batch(rng, styles, 50, 0.0, 0.5).stroke for _ in range(8)])
    middle = math.sqrt(0.5 * 1.5)
    assert 0.4 < float((strokes < middle).float().mean()) < 0.6
