"""``impasto evaluate``: the judge's figures for a finished picture, beside two baselines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from impasto.cli.console import say_json, wide_console
from impasto.cli.inputs import stored_inputs
from impasto.errors import RecipeError

if TYPE_CHECKING:
    from impasto.metrics import Scores

app = typer.Typer(add_completion=False)


@app.command("evaluate")
def evaluate(
    output: Annotated[Path, typer.Argument(metavar="PICTURE", help="Picture to judge.", show_default=False)],
    content: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Its photograph; else the one it remembers.", show_default=False),
    ] = None,
    style: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Its painting; else the one it remembers.", show_default=False),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Weights of the judge; else those fetched.", show_default=False),
    ] = None,
    encoder: Annotated[
        str, typer.Option(metavar="NAME", help="Network that judges; figures need vgg19.")
    ] = "vgg19",
    size: Annotated[int, typer.Option(min=32, max=4096, help="Longer side at which is judged.")] = 512,
    device: Annotated[str, typer.Option(metavar="NAME", help="auto, cpu, cuda, mps.")] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Judge a picture: closeness to style and content, grain, structure.

    Lower is better but for SSIM. The rows "content" and "style" are the unchanged pictures, for comparison.
    """
    from impasto.encoders import open_device, open_encoder, prepare
    from impasto.imaging import read_picture
    from impasto.metrics import judge_with_baselines

    picture = read_picture(output, longest=size)
    content_path, style_path = _pictures(output, content, style)
    photo, art = read_picture(content_path), read_picture(style_path, longest=size)
    where = open_device(device)
    # The published figures were taken with VGG's own padding; it moves STYLE by some 2 %.
    padding = "zeros" if encoder.startswith("vgg") else "replicate"
    judge = prepare(open_encoder(encoder, weights=weights, padding=padding), where, "float32")
    output_pixels, content_pixels, style_pixels = (part.pixels.to(where) for part in (picture, photo, art))
    rows = judge_with_baselines(output_pixels, content_pixels, style_pixels, judge, longest=size)
    if as_json:
        say_json({"encoder": encoder, "size": size, **{name: asdict(row) for name, row in rows.items()}})
    else:
        _print(rows, encoder, size)


def _pictures(output: Path, content: Path | None, style: Path | None) -> tuple[Path, Path]:
    """Return content and style, from the picture's own recipe where they were not given."""
    if content is not None and style is not None:
        return content, style
    from impasto.imaging import read_recipe

    stored = read_recipe(output)
    found = stored_inputs(stored, [content] if content else [], [style] if style else [], output)
    if found.contents[0] is None or not found.styles:
        raise RecipeError(f"'{output}' does not remember a content and a style; give --content and --style.")
    if len(found.styles) > 1:
        raise RecipeError(
            f"'{output}' has {len(found.styles)} styles; choose the one to judge by with --style."
        )
    return found.contents[0], found.styles[0]


def _print(rows: Mapping[str, Scores], encoder: str, size: int) -> None:
    from rich.table import Table

    layers = list(rows["output"].style_by_layer)
    table = Table(
        "picture", "STYLE", *layers, "CONTENT", "NOISE", "SSIM", title=f"Judged by {encoder} at {size} pixels"
    )
    for name, row in rows.items():
        values = [row.style, *row.style_by_layer.values(), row.content, row.noise, row.ssim]
        table.add_row(name, *(f"{value:.4f}" for value in values))
    wide_console().print(table)
