"""Settings of a training: presets, and settings that a preset has no use for."""

from __future__ import annotations

import subprocess
import sys

import pytest

from impasto.errors import RecipeError
from impasto.feedforward.style_settings import SETTINGS_OF_ONE_PRESET, GivenStyleSettings
from impasto.feedforward.training_presets import PRESETS


def test_the_published_preset_has_the_papers_numbers():
    settings = GivenStyleSettings.make({"preset": "johnson"})
    assert (settings.encoder, settings.learning_rate, settings.batch, settings.size) == (
        "vgg16",
        1e-3,
        4,
        256,
    )
    assert settings.steps * settings.batch == 2 * 80_000
    assert GivenStyleSettings.make({"preset": "johnson", "encoder": "compact"}).encoder == "compact"


@pytest.mark.parametrize(
    "fields",
    [
        {"preset": "gatys"},
        {"steps": 0},
        {"sizes": 3},
        {"preset": "johnson", "start": "any"},
        {"style_weight": 2},
    ]
    + [{"preset": "johnson", name: 0.5} for name in SETTINGS_OF_ONE_PRESET["default"]],
)
def test_what_makes_no_sense_is_one_sentence(fields):
    with pytest.raises(RecipeError) as error:
        GivenStyleSettings.make(fields)
    assert str(error.value).endswith(".")


def test_every_name_in_a_preset_is_a_setting():
    of_presets = (preset.fields for preset in PRESETS.values())
    for names in (*SETTINGS_OF_ONE_PRESET.values(), *of_presets):
        assert set(names) <= set(GivenStyleSettings.model_fields)


def test_settings_do_not_import_torch():
    code = "import sys, impasto.feedforward.style_settings; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
