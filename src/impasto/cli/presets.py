"""``impasto presets``: the named recipes and where their numbers come from."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from impasto.cli.console import print_json, print_result, wide_console
from impasto.cli.training_presets import show_training_preset, training_preset_json
from impasto.errors import RecipeError, unknown
from impasto.feedforward.training_presets import PUBLISHED
from impasto.optimize.preset import Preset
from impasto.optimize.presets import PRESETS, make_recipe

app = typer.Typer(add_completion=False)


@app.command("presets")
def presets(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="Preset to show with all settings.", show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the presets, or all settings of one preset."""
    if name is None:
        _list(as_json)
        return
    painting, training = PRESETS.get(name), PUBLISHED.get(name)
    if painting is None and training is None:
        raise RecipeError(unknown("preset", name, {*PRESETS, *PUBLISHED}))
    if as_json:
        presets_of_name = [_as_dict(painting)] if painting else []
        presets_of_name += [training_preset_json(training)] if training else []
        print_json(presets_of_name[0] if len(presets_of_name) == 1 else presets_of_name)
        return
    if painting:
        _show(painting)
    if training:
        show_training_preset(training)


def _as_dict(preset: Preset) -> dict[str, Any]:
    return {
        "name": preset.name,
        "command": "stylize",
        "summary": preset.summary,
        "source": preset.source,
        "published_weights": preset.published_weights,
        "deviations": list(preset.deviations),
        "recipe": make_recipe(preset.name).to_json(),
    }


def _list(as_json: bool) -> None:
    if as_json:
        trainings = [training_preset_json(preset) for preset in PUBLISHED.values()]
        print_json([*(_as_dict(preset) for preset in PRESETS.values()), *trainings])
        return
    from rich.table import Table

    table = Table("preset", "command", "what it is", "source")
    for preset in PRESETS.values():
        table.add_row(preset.name, "stylize", preset.summary, preset.source)
    for training in PUBLISHED.values():
        table.add_row(training.name, "train", training.summary, training.source)
    wide_console().print(table)


def _show(preset: Preset) -> None:
    from rich.table import Table

    print_result(f"{preset.name}, for impasto stylize: {preset.summary}")
    print_result(f"Source: {preset.source}")
    if preset.published_weights:
        print_result(f"Published with the weights of: {preset.published_weights}")
    for deviation in preset.deviations:
        print_result(f"Deviation: {deviation}")
    table = Table("setting", "value", "set by")
    for setting, value in make_recipe(preset.name).to_json().items():
        origin = "preset" if setting in preset.fields else "default"
        table.add_row(setting, "" if value is None else str(value), origin)
    wide_console().print(table)
