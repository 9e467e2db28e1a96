"""``impasto evaluate``: scores of a finished picture beside two baselines."""

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
    output: Annotated[
        Path, typer.Argument(metavar="PICTURE", help="Picture to measure.", show_default=False)
    ],
    content: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Content image. Default: the one in the picture's recipe.",
            show_default=False,
        ),
    ] = None,
    style: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Style image. Default: the one in the picture's recipe.", show_default=False
        ),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Weights of the encoder. Default: the downloaded ones.", show_default=False
        ),
    ] = None,
    encoder: Annotated[
        str, typer.Option(metavar="NAME", help="Encoder that measures; use vgg19 for comparable figures.")
    ] = "vgg19",
    size: Annotated[
        int, typer.Option(min=32, max=4096, help="Longer side in pixels at which pictures are compared.")
    ] = 512,
    device: Annotated[str, typer.Option(metavar="NAME", help="auto, cpu, cuda, mps.")] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure a picture: distances to style and content, noise, structure.

    Lower is better, except for SSIM. The rows "content" and "style" are the unchanged images, for comparison.
    """
    from impasto.encoders import open_device, open_encoder, prepare
    from impasto.imaging import read_picture
    from impasto.metrics import judge_with_baselines

    picture = read_picture(output, longest=size)
    content_path, style_path = _pictures(output, content, style)
    content_image, style_image = read_picture(content_path), read_picture(style_path, longest=size)
    compute_device = open_device(device)
    # The published figures use VGG's zero padding, which changes the style distance by some 2 %.
    padding = "zeros" if encoder.startswith("vgg") else "replicate"
    judge = prepare(open_encoder(encoder, weights=weights, padding=padding), compute_device, "float32")
    output_pixels, content_pixels, style_pixels = (
        image.pixels.to(compute_device) for image in (picture, content_image, style_image)
    )
    rows = judge_with_baselines(output_pixels, content_pixels, style_pixels, judge, longest=size)
    if as_json:
        say_json({"encoder": encoder, "size": size, **{name: asdict(row) for name, row in rows.items()}})
    else:
        _print(rows, encoder, size)


def _pictures(output: Path, content: Path | None, style: Path | None) -> tuple[Path, Path]:
    """Return content and style; those that were not given come from the picture's recipe."""
    if content is not None and style is not None:
        return content, style
    from impasto.imaging import read_embedded_json

    stored = read_embedded_json(output)
    inputs = stored_inputs(stored, [content] if content else [], [style] if style else [], output)
    if inputs.contents[0] is None or not inputs.styles:
        raise RecipeError(f"'{output}' has no content and style in its recipe; give --content and --style.")
    if len(inputs.styles) > 1:
        raise RecipeError(f"'{output}' has {len(inputs.styles)} styles; choose one with --style.")
    return inputs.contents[0], inputs.styles[0]


def _print(rows: Mapping[str, Scores], encoder: str, size: int) -> None:
    from rich.table import Table

    layers = list(rows["output"].style_by_layer)
    table = Table(
        "picture",
        "STYLE",
        *layers,
        "CONTENT",
        "NOISE",
        "SSIM",
        title=f"Measured through {encoder} at {size} pixels",
    )
    for name, row in rows.items():
        values = [row.style, *row.style_by_layer.values(), row.content, row.noise, row.ssim]
        table.add_row(name, *(f"{value:.4f}" for value in values))
    wide_console().print(table)
