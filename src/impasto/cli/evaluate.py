"""``impasto evaluate``: scores of a finished picture beside two baselines."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from impasto.cli.console import print_json, print_note, wide_console
from impasto.cli.inputs import stored_inputs
from impasto.errors import RecipeError

if TYPE_CHECKING:
    from impasto.metrics import Scores

app = typer.Typer(add_completion=False)


def _file(text: str) -> Any:
    return typer.Option(metavar="FILE", help=text, show_default=False)


Against = Annotated[
    Path | None, _file("The same picture painted at another size: also measure how far the two are apart.")
]
Measures = Annotated[
    str | None, typer.Option(metavar="NAMES", help="Measures, separated by commas.", show_default="all")
]
EncoderName = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Encoder that measures; use vgg19 for comparable figures.",
        show_default="vgg19 if its weights are here, else compact",
    ),
]
Size = Annotated[
    int, typer.Option(min=32, max=4096, help="Longer side in pixels at which pictures are compared.")
]


@app.command("evaluate")
def evaluate(
    output: Annotated[
        Path, typer.Argument(metavar="PICTURE", help="Picture to measure.", show_default=False)
    ],
    content: Annotated[Path | None, _file("Content image. Default: the one in the picture's recipe.")] = None,
    style: Annotated[Path | None, _file("Style image. Default: the one in the picture's recipe.")] = None,
    against: Against = None,
    measures: Measures = None,
    weights: Annotated[Path | None, _file("Weights of the encoder. Default: the downloaded ones.")] = None,
    encoder: EncoderName = None,
    size: Size = 512,
    device: Annotated[str, typer.Option(metavar="NAME", help="auto, cpu, cuda, mps.")] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure a picture: distances to style and content, artifacts, noise, structure.

    Lower is better, except for SSIM. The columns "content" and "style" are the unchanged images, for comparison.
    docs/judging.md explains every measure.
    """
    from impasto.encoders import open_device
    from impasto.imaging import read_picture
    from impasto.metrics import (
        choose_judging_encoder,
        judge_with_baselines,
        select_measures,
        size_consistency,
    )

    names = None if measures is None else [name.strip() for name in measures.split(",") if name.strip()]
    select_measures(names)  # reports an unknown name before anything is computed
    content_path, style_path = _pictures(output, content, style)
    picture, style_image = read_picture(output, longest=size), read_picture(style_path, longest=size)
    content_image = read_picture(content_path)
    other = None if against is None else read_picture(against)
    chosen, target = choose_judging_encoder(encoder, weights), open_device(device)
    network = chosen.open(target)
    if chosen.fallback:
        print_note(chosen.fallback)
    painted, content_pixels, style_pixels = (
        image.pixels.to(target) for image in (picture, content_image, style_image)
    )
    rows = judge_with_baselines(painted, content_pixels, style_pixels, network, size, names)
    consistency = (
        {}
        if other is None
        else size_consistency(painted, other.pixels.to(target), style_pixels, network, size)
    )
    if as_json:
        report = {"encoder": chosen.name, "fallback": chosen.fallback or None, "size": size, **_values(rows)}
        print_json(report | ({"against": consistency} if consistency else {}))
        return
    _print(rows, f"Measured through {chosen.name} at {size} pixels")
    if against is not None:
        _print_consistency(consistency, f"{output.name} against {against.name}")


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


def _values(rows: Mapping[str, Scores]) -> dict[str, Any]:
    """Return the scores by row and measure, and the reason for each measure without a value."""
    return {**{name: dict(row) for name, row in rows.items()}, "missing": dict(rows["output"].missing)}


def _print(rows: Mapping[str, Scores], title: str) -> None:
    """Print one row per measure; a measure that has no value for the picture is noted on stderr."""
    from rich.table import Table

    from impasto.metrics import MEASURES

    names = [name for name in MEASURES if any(name in row for row in rows.values())]
    table = Table("measure", *rows, "meaning", title=title)
    for name in names:
        values = (f"{row[name]:.4f}" if name in row else "-" for row in rows.values())
        table.add_row(MEASURES[name].heading, *values, MEASURES[name].summary)
    wide_console().print(table)
    reasons: dict[str, list[str]] = {}
    for name, reason in rows["output"].missing.items():
        reasons.setdefault(reason, []).append(MEASURES[name].heading)
    for reason, headings in reasons.items():
        print_note(f"{', '.join(headings)}: {reason}.")


def _print_consistency(values: Mapping[str, float], title: str) -> None:
    from rich.table import Table

    from impasto.metrics.sizes import CONSISTENCY

    table = Table(*(CONSISTENCY[name] for name in values), title=title)
    table.add_row(*(f"{value:.4f}" for value in values.values()))
    wide_console().print(table)
