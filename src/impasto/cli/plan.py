"""``impasto plan``: what a run would do and cost, without starting it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from impasto.cli.console import duration, say, say_json, wide_console
from impasto.cli.inputs import typed_inputs
from impasto.cli.options import takes_recipe
from impasto.errors import RecipeError
from impasto.optimize.presets import make_recipe

if TYPE_CHECKING:
    from rich.table import Table

    from impasto.optimize import Plan

app = typer.Typer(add_completion=False)


@app.command("plan")
@takes_recipe(painting=False)
def plan(
    pictures: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PHOTO [PAINTING]", help="As for stylize.", show_default=False),
    ] = None,
    style: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Painting; without a PHOTO the plan is that of a texture.",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    *,
    settings: dict[str, Any],
) -> None:
    """Print sizes, steps, cost and memory of a run without starting it.

    The exit code is 0 also for a run that would not fit into memory; the plan says so.
    """
    from impasto.optimize import plan_only

    words, styles = list(pictures or []), list(style or [])
    recipe = make_recipe(**settings)
    if styles and not words:
        made = plan_only(recipe, None, styles)
    else:
        inputs = typed_inputs(words, styles)
        if len(inputs.contents) > 1:
            raise RecipeError(f"A plan is made for one photograph, not {len(inputs.contents)}; name one.")
        made = plan_only(recipe, inputs.contents[0], inputs.styles)
    if as_json:
        say_json(as_dict(made))
        return
    console = wide_console()
    console.print(_facts(made))
    console.print(_scales(made))
    if not made.fits:
        say("This does not fit into memory: choose a smaller --size.")


def as_dict(plan: Plan) -> dict[str, Any]:
    """Return a plan as plain JSON values."""
    values = asdict(plan)
    values["recipe"] = plan.recipe.to_json()
    values["steps"], values["fits"] = plan.steps, plan.fits
    return values


def _facts(plan: Plan) -> Table:
    from rich.table import Table

    recipe = plan.recipe
    table = Table(title=f"{plan.width}x{plan.height} with preset {recipe.preset}", show_header=False)
    memory = f"{plan.memory / 1e9:.2f} GB"
    free = "unknown" if plan.available is None else f"{plan.available / 1e9:.2f} GB"
    for name, value in (
        ("encoder", recipe.encoder),
        ("device", plan.device),
        ("precision", plan.precision),
        ("content layers", _layers(recipe.content_layers)),
        ("style layers", _layers(recipe.style_layers)),
        ("optimiser", f"{recipe.optimizer}, learning rate {recipe.learning_rate:g}"),
        ("memory", f"{memory} of {free} free{'' if plan.fits else ': does not fit'}"),
        ("time", f"about {duration(plan.seconds)}"),
    ):
        table.add_row(name, value)
    return table


def _scales(plan: Plan) -> Table:
    from rich.table import Table

    table = Table(title="Scales", show_footer=True)
    steps, total = plan.steps, plan.macs / 1e9
    table.add_column("scale", footer="total")
    table.add_column("size")
    table.add_column("styles at")
    table.add_column("steps", footer=str(steps), justify="right")
    table.add_column("GMAC a pass", justify="right")
    table.add_column("GMAC", footer=f"{total:.4g}", justify="right")
    # The plan's total counts a pass and its gradient, each scale has its part of it.
    whole = sum(scale.macs * scale.steps for scale in plan.scales)
    for index, scale in enumerate(plan.scales):
        part = total * scale.macs * scale.steps / max(whole, 1)
        styles = ", ".join(f"{width}x{height}" for height, width in scale.styles)
        size = f"{scale.width}x{scale.height}"
        table.add_row(
            str(index + 1), size, styles, str(scale.steps), f"{scale.macs / 1e9:.3f}", f"{part:.4g}"
        )
    return table


def _layers(weights: dict[str, float]) -> str:
    return ", ".join(f"{layer} {weight:g}" for layer, weight in weights.items() if weight) or "none"
