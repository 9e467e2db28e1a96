"""``impasto plan``: sizes, steps, cost and memory of a run, without starting it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from impasto.cli.console import duration, print_json, print_note, print_result, wide_console
from impasto.cli.everyday_help import EverydayCommand
from impasto.cli.guide_options import GuideOptions, check_guides, names_of
from impasto.cli.inputs import typed_inputs
from impasto.cli.options import takes_recipe
from impasto.cli.progress import encoder_words, numbers
from impasto.errors import RecipeError
from impasto.optimize.mixing import mix_of
from impasto.optimize.presets import make_recipe
from impasto.painting import default_start

if TYPE_CHECKING:
    from rich.table import Table

    from impasto.guidance import Guides
    from impasto.optimize import Plan
    from impasto.optimize.recipe import Recipe

app = typer.Typer(add_completion=False)


@app.command("plan", cls=EverydayCommand)
@takes_recipe()
def plan(
    pictures: Annotated[
        list[Path] | None,
        typer.Argument(metavar="CONTENT [STYLE]", help="As for stylize.", show_default=False),
    ] = None,
    style: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Style image; without CONTENT the plan is that of a texture.",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    *,
    guide_options: GuideOptions,
    settings: dict[str, Any],
) -> None:
    """Print sizes, steps, cost and memory of a run without starting it.

    The exit code is 0 even if the run would not fit into memory; the output says so.
    """
    from impasto.optimize import plan_only

    pictures, styles = list(pictures or []), list(style or [])
    if "start_picture" not in settings:
        settings = {**default_start(bool(pictures), True), **settings}
    recipe, guides = make_recipe(**settings), guide_options.guides()
    check_guides(guides)
    if styles and not pictures:
        planned = plan_only(recipe, None, styles, guides)
    else:
        inputs = typed_inputs(pictures, styles)
        if len(inputs.contents) > 1:
            raise RecipeError(f"A plan is for one content image, not {len(inputs.contents)}; give one.")
        planned = plan_only(recipe, inputs.contents[0], inputs.styles, guides)
    if as_json:
        print_json({**as_dict(planned), "guides": guides.to_json()})
        return
    console = wide_console()
    console.print(_facts(planned, guides))
    console.print(_scales(planned))
    for note in planned.notes:
        print_note(note)
    if not planned.fits:
        print_result("This does not fit into memory: choose a smaller --size.")


def as_dict(plan: Plan) -> dict[str, Any]:
    """Return a plan as plain JSON values."""
    values = asdict(plan)
    values["recipe"] = plan.recipe.to_json()
    values["steps"], values["fits"] = plan.steps, plan.fits
    return values


def _facts(plan: Plan, guides: Guides) -> Table:
    from rich.table import Table

    recipe = plan.recipe
    table = Table(title=f"{plan.width}x{plan.height} with preset {recipe.preset}", show_header=False)
    memory = f"{plan.memory / 1e9:.2f} GB"
    free = "unknown" if plan.available is None else f"{plan.available / 1e9:.2f} GB"
    for name, value in (
        ("encoder", encoder_words(plan)),
        ("device", plan.device),
        ("precision", plan.precision),
        ("content layers", _layers(recipe.content_layers)),
        ("style layers", _layers(recipe.style_layers)),
        *_strength(recipe),
        *_control(recipe, len(plan.scales[-1].styles)),
        *names_of(guides).items(),
        ("optimiser", f"{recipe.optimizer}, learning rate {recipe.learning_rate:g}"),
        ("memory", f"{memory} of {free} free{'' if plan.fits else ': does not fit'}"),
        *_tiles(plan),
        ("time", f"about {duration(plan.seconds)}"),
    ):
        table.add_row(name, value)
    return table


def _tiles(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield the tiles of the scales that are painted in tiles."""
    tiled = [scale for scale in plan.scales if scale.tile is not None]
    if tiled:
        sizes = ", ".join(f"{scale.width}x{scale.height}" for scale in tiled)
        yield "tiles", f"{tiled[-1].tile} pixels a side, exact, at {sizes}"


def _strength(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """Yield the meaning of the strength, if there is a content image."""
    from impasto.guidance import content_distance, content_factor

    if not any(recipe.content_layers.values()):
        return
    if recipe.hold and recipe.style_layers and recipe.start == "fast":
        meaning = "held at the distance that the picture of one pass has from the content image"
    elif recipe.hold and recipe.style_layers:
        meaning = (
            f"held at a distance of {content_distance(recipe.strength):g} from the content image "
            "(0 is the content image, 1 its mean, 2 nothing of it)"
        )
    else:
        meaning = f"content weight times {content_factor(recipe.strength):.3g}"
    yield "strength", f"{recipe.strength:g}: {meaning}"


def _control(recipe: Recipe, styles: int) -> Iterator[tuple[str, str]]:
    """Yield the settings of several styles, colours, stroke and tiling that are not the default."""
    if styles > 1:
        if recipe.mix is not None:
            yield "mix", numbers(mix_of(recipe, styles)) + (" of statistics" * (recipe.blend == "statistics"))
        if recipe.share != "everywhere":
            yield "styles act", f"by {recipe.share}, coarse to fine"
        if recipe.sigmas is not None:
            yield "balance", f"given: {numbers(recipe.sigmas)}"
        elif not recipe.balance:
            yield "balance", "none"
    if recipe.colors:
        space = f" in {recipe.color_space}" if recipe.color_space else ""
        yield "colours", f"{recipe.colors:.0%} the content image's, by {recipe.color_method}{space}"
    if recipe.stroke != 1:
        yield (
            "stroke",
            f"{recipe.stroke:g}: style images have {recipe.stroke:g} times the output's size",
        )
    if recipe.seamless:
        yield "seamless", "tiles along both axes"


def _scales(plan: Plan) -> Table:
    from rich.table import Table

    table = Table(title="Scales", show_footer=True)
    steps, total = plan.steps, plan.total_macs / 1e9
    table.add_column("scale", footer="total")
    table.add_column("size")
    table.add_column("styles at")
    table.add_column("steps", footer=str(steps), justify="right")
    table.add_column("GMAC a pass", justify="right")
    table.add_column("GMAC", footer=f"{total:.4g}", justify="right")
    # The total counts forward and backward passes; it is divided among the scales.
    passes = sum(scale.macs_per_pass * scale.steps for scale in plan.scales)
    for index, scale in enumerate(plan.scales):
        part = total * scale.macs_per_pass * scale.steps / max(passes, 1)
        styles = ", ".join(f"{width}x{height}" for height, width in scale.styles)
        size = f"{scale.width}x{scale.height}"
        table.add_row(
            str(index + 1), size, styles, str(scale.steps), f"{scale.macs_per_pass / 1e9:.3f}", f"{part:.4g}"
        )
    return table


def _layers(weights: dict[str, float]) -> str:
    return ", ".join(f"{layer} {weight:g}" for layer, weight in weights.items() if weight) or "none"
