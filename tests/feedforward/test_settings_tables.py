"""Settings of one-pass trainings: bounds from both sides with their sentences, presets, a round trip as JSON."""

from __future__ import annotations

import math

import pytest
from pydantic import ValidationError

from impasto.errors import RecipeError
from impasto.feedforward.settings import OnePassSettings
from impasto.feedforward.style_settings import GivenStyleSettings
from impasto.feedforward.training_presets import PRESETS
from impasto.feedforward.training_settings import AnyStyleSettings

TRAININGS = (AnyStyleSettings, GivenStyleSettings)

# Muon, averaged weights, strengths, strokes and mixtures are ours; a Gram loss and variation are the paper's.
ONE_PRESET = {
    "default": (
        "styles_only", "kernel_learning_rate", "style_learning_rate", "warmup", "constant", "ema_decay",
        "spread_weight",
        "hold_strength", "content_weight_at_0", "content_weight_at_1", "default_share", "mixture_share",
    ),
    "johnson": ("style_weight", "variation_weight"),
}  # fmt: skip

# Field, the smallest and the largest value, and values just outside.
BOUNDS = [
    ("steps", 1, 10_000_000, (0, -1, 10_000_001, 1.5, "many", None)),
    ("batch", 1, 256, (0, 257)),
    ("reuse", 1, 100, (0, 101)),
    ("size", 64, 1024, (48, 1040, 72, 65)),
    ("kernel_learning_rate", 1e-9, 1, (0, -0.1, 1.01, math.nan, math.inf)),
    ("style_learning_rate", 1e-9, 1, (0, 1.01, math.nan)),
    ("learning_rate", 1e-9, 1, (0, 1.01, math.nan)),
    ("warmup", 0, 0.999, (-0.01, 1, math.nan)),
    ("constant", 0, 0.999, (-0.01, 1, math.nan)),
    ("ema_decay", 0, 0.999, (-0.01, 1, math.nan)),
    ("spread_weight", 0, 1e6, (-1, 2e6, math.inf)),
    ("content_weight_at_0", 0, 1e6, (-1, 2e6, math.nan)),
    ("content_weight_at_1", 1e-9, 1e6, (0, -1, 2e6, math.nan)),
    ("seed", 0, 2**63 - 1, (-1, 2**63)),
    ("precision", "float32", "bfloat16", ("float16", "", None)),
]
OUTSIDE = [(name, value) for name, *_, values in BOUNDS for value in values]


@pytest.mark.parametrize("kind", TRAININGS)
def test_minutes_take_the_place_of_steps(kind) -> None:
    timed = kind.make({"minutes": 0.5})
    assert (timed.minutes, timed.steps) == (0.5, None)
    assert kind.model_validate_json(timed.model_dump_json()) == timed
    assert kind.make({}).minutes is None
    with pytest.raises(RecipeError, match=r"^steps is 7: leave it out, because minutes are given\.$"):
        kind.make({"minutes": 5, "steps": 7})
    for value in (0, -1, math.nan, math.inf, "long", 2e6):
        with pytest.raises(RecipeError, match=r"^minutes is .*: input should be"):
            kind.make({"minutes": value})
    assert GivenStyleSettings.make({"preset": "johnson", "minutes": 5}).steps is None


@pytest.mark.parametrize("kind", TRAININGS)
@pytest.mark.parametrize(("name", "least", "most", "_"), BOUNDS, ids=lambda value: str(value)[:20])
def test_both_ends_of_a_range_belong_to_it(kind, name, least, most, _) -> None:
    for value in (least, most):
        assert getattr(kind.make({name: value}), name) == value


@pytest.mark.parametrize("kind", TRAININGS)
@pytest.mark.parametrize(("name", "value"), OUTSIDE)
def test_outside_a_range_is_one_sentence_with_name_and_value(kind, name: str, value) -> None:
    with pytest.raises(RecipeError) as error:
        kind.make({name: value})
    sentence = str(error.value)
    assert sentence.startswith(f"{name} is {value!r}: input should be")
    assert sentence.endswith(".")
    assert "\n" not in sentence


@pytest.mark.parametrize(
    ("kind", "name", "meant"),
    [
        (AnyStyleSettings, "step", "steps"),
        (AnyStyleSettings, "learning_rates", "learning_rate"),
        (GivenStyleSettings, "mixture", "mixture_share"),
        (GivenStyleSettings, "hold_strenght", "hold_strength"),
        (OnePassSettings, "strenght", "strength"),
    ],
)
def test_a_misspelt_setting_is_met_with_what_was_meant(kind, name: str, meant: str) -> None:
    with pytest.raises(RecipeError, match=f"Unknown setting '{name}'. Did you mean '{meant}'"):
        kind.make({name: 1})


@pytest.mark.parametrize("kind", [*TRAININGS, OnePassSettings])
def test_settings_are_frozen_and_come_back_from_json(kind) -> None:
    settings = kind.make({})
    with pytest.raises(ValidationError, match="frozen"):
        settings.size = 128
    assert kind.model_validate_json(settings.model_dump_json()) == settings
    assert all(field.description for field in kind.model_fields.values())


def test_a_preset_fills_in_and_what_is_given_wins() -> None:
    plain, published = GivenStyleSettings.make({}), GivenStyleSettings.make({"preset": "johnson"})
    changed = {
        name
        for name in GivenStyleSettings.model_fields
        if name != "preset" and getattr(published, name) != getattr(plain, name)
    }
    assert changed == set(PRESETS["johnson"].fields)
    for name, value in PRESETS["johnson"].fields.items():
        assert getattr(published, name) == value
    mine = GivenStyleSettings.make({"preset": "johnson", "steps": 5, "learning_rate": 0.5})
    assert (mine.steps, mine.learning_rate, mine.encoder) == (5, 0.5, "vgg16")


@pytest.mark.parametrize(
    ("preset", "other", "name"),
    [(p, o, n) for o, names in ONE_PRESET.items() for n in names for p in PRESETS if p != o],
)
def test_what_only_the_other_preset_uses_is_refused_whatever_its_value(preset, other, name) -> None:
    default = GivenStyleSettings.model_fields[name].default
    with pytest.raises(RecipeError) as error:
        GivenStyleSettings.make({"preset": preset, name: default})
    assert str(error.value) == (
        f"{name} is for the preset {other}, not for {preset}; leave it out, or change the preset."
    )
    assert getattr(GivenStyleSettings.make({"preset": other, name: default}), name) == default


@pytest.mark.parametrize("start", ["any", "random"])
def test_only_the_default_preset_has_a_choice_of_start(start: str) -> None:
    assert GivenStyleSettings.make({"start": start}).start == start
    given = {"preset": "johnson", "start": start}
    if start == "random":
        assert GivenStyleSettings.make(given).start == "random"
    else:
        with pytest.raises(RecipeError, match="johnson cannot start from any; leave start out"):
            GivenStyleSettings.make(given)


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"strength": -0.1}, "strength"),
        ({"strength": math.inf}, "strength"),
        ({"stroke": 0}, "stroke"),
        ({"stroke": math.nan}, "stroke"),
        ({"mix": (1, -1)}, "mix.1"),
        ({"mix": (1, 2, math.nan)}, "mix.2"),
        ({"mix": "half"}, "mix"),
        ({"colors": 1.01}, "colors"),
        ({"colors": -1e-9}, "colors"),
        ({"size": 0}, "size"),
        ({"size": 65536}, "size"),
        ({"size": 10.5}, "size"),
    ],
)
def test_a_bad_setting_of_a_picture_is_named_with_its_place(fields, where: str) -> None:
    with pytest.raises(RecipeError) as error:
        OnePassSettings.make(fields)
    assert str(error.value).startswith(f"{where} is ")
