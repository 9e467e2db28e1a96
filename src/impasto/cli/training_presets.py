"""Published presets of ``impasto train`` for ``impasto presets``."""

from __future__ import annotations

from itertools import chain
from typing import Any

from impasto.cli.console import print_result, wide_console
from impasto.feedforward.style_settings import SETTINGS_OF_ONE_PRESET, GivenStyleSettings
from impasto.feedforward.training_presets import TrainingPreset


def training_preset_json(preset: TrainingPreset) -> dict[str, Any]:
    """Return a preset with all its settings as JSON values."""
    return {
        "name": preset.name,
        "command": "train",
        "summary": preset.summary,
        "source": preset.source,
        "deviations": list(preset.deviations),
        "settings": settings_of(preset).model_dump(),
    }


def show_training_preset(preset: TrainingPreset) -> None:
    """Print source, deviations and those settings of a preset that it uses."""
    from rich.table import Table

    print_result(f"{preset.name}, for impasto train: {preset.summary}")
    print_result(f"Source: {preset.source}")
    for text in preset.deviations:
        print_result(f"Deviation: {text}")
    table = Table("setting", "value", "set by")
    of_others = (names for other, names in SETTINGS_OF_ONE_PRESET.items() if other != preset.name)
    unused = {"preset", *chain.from_iterable(of_others)}
    settings = settings_of(preset).model_dump(exclude=unused)
    for setting, value in settings.items():
        table.add_row(
            setting, "" if value is None else str(value), "preset" if setting in preset.fields else "default"
        )
    wide_console().print(table)


def settings_of(preset: TrainingPreset) -> GivenStyleSettings:
    """Return the settings of a training with this preset."""
    return GivenStyleSettings.make({"preset": preset.name})
