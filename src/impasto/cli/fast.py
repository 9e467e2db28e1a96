"""``impasto stylize --fast``: the same pictures and places, painted in one pass by the network for any style."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from impasto.cli.console import one_line, say, tell
from impasto.cli.failures import BAD_INPUT
from impasto.cli.inputs import Inputs
from impasto.cli.interrupt import Stop
from impasto.cli.naming import check_distinct, make_folder, target
from impasto.cli.options import OutputOptions
from impasto.cli.session import write_sidecar
from impasto.errors import ImpastoError, OutputError, PictureError, RecipeError
from impasto.optimize.presets import make_recipe
from impasto.optimize.recipe import Recipe

if TYPE_CHECKING:
    from impasto.feedforward.stylizer import FastPainter, FastSettings
    from impasto.guidance import Guides
USED = ("size", "strength", "stroke", "mix", "colors", "device")
SHOWN = ("out", "bits", "jpeg_quality", "sidecar", "quiet")


def paint_fast(
    inputs: Inputs,
    guides: Guides,
    how: OutputOptions,
    out_dir: Path | None,
    settings: Mapping[str, Any],
    stop: Stop,
) -> None:
    """Paint every photograph of `inputs`; what is wrong with one of several is said at the end, with exit code 2."""
    recipe = make_recipe(**settings)
    _check(settings, guides, how, inputs)
    from impasto.feedforward.stylizer import FastPainter
    from impasto.imaging import check_file

    for style in inputs.styles:
        check_file(style)
    chosen = fast_settings(recipe, guides)
    painter = FastPainter(device=recipe.device)
    failed: list[tuple[Path, ImpastoError]] = []
    for content in [path for path in inputs.contents if path is not None]:
        stop.check()
        try:
            _paint(painter, chosen, content, inputs, guides, how, out_dir)
        except (PictureError, OutputError) as error:
            if len(inputs.contents) == 1:
                raise
            failed.append((content, error))
    if failed:
        for content, why in failed:
            tell(f"impasto: {content}: {one_line(str(why))}")
        raise typer.Exit(BAD_INPUT)


def fast_settings(recipe: Recipe, guides: Guides) -> FastSettings:
    """Return what a recipe and guides say to the network for any style."""
    from impasto.feedforward.stylizer import FastSettings

    mix = recipe.mix
    if mix is not None and len(mix) == 1:
        mix = (mix[0], 1 - mix[0])
    return FastSettings(
        recipe.strength, recipe.stroke, mix, tuple(guides.masks), guides.protect, recipe.colors, recipe.size
    )


def _check(settings: Mapping[str, Any], guides: Guides, how: OutputOptions, inputs: Inputs) -> None:
    for name in settings:
        if name not in USED:
            raise RecipeError(
                f"--fast paints in one pass and has no --{name.replace('_', '-')}; leave one of them out "
                f"(it knows {', '.join(f'--{used}' for used in USED)}, --mask, --protect)."
            )
    if guides.style_masks or guides.regions is not None:
        raise RecipeError("--fast takes --mask and --protect, but no --style-mask and no --regions.")
    default = OutputOptions()
    for field in fields(OutputOptions):
        if field.name not in SHOWN and getattr(how, field.name) != getattr(default, field.name):
            raise RecipeError(
                f"--fast is over before there is anything to watch; leave --{field.name.replace('_', '-')} out."
            )
    if not inputs.styles or None in inputs.contents:
        raise RecipeError("--fast needs a photograph and at least one painting.")


def _paint(
    painter: FastPainter,
    settings: FastSettings,
    content: Path,
    inputs: Inputs,
    guides: Guides,
    how: OutputOptions,
    out_dir: Path | None,
) -> None:
    from impasto.imaging import check_writable

    if out_dir is not None:
        make_folder(out_dir)
    place = target(how.out, out_dir, [content.stem, *(style.stem for style in inputs.styles)])
    outputs = {"--out": check_writable(place.path, bits=how.bits)}
    if how.sidecar:
        outputs["--sidecar"] = place.sidecar
    check_distinct([content, *inputs.styles, *guides.files], outputs)
    result = painter.paint(content, inputs.styles, settings)
    place = place.settled()
    result.save(place.path, bits=how.bits, quality=how.jpeg_quality)
    if how.sidecar:
        write_sidecar(place.sidecar, result.provenance)
    if not how.quiet:
        say(str(place.path))
