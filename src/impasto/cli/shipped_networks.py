"""The networks that ship with impasto, as a table and as a contact sheet: ``impasto apply --list``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from impasto.cli.console import print_result, wide_console
from impasto.errors import OutputError, RecipeError

if TYPE_CHECKING:
    from impasto.feedforward.open_network import OnePassModel

SAMPLE = "astronaut.jpg"
# Of the contact sheet: pictures in a row, and inches.
ACROSS, WIDTH = 4, 2.4


ListOption = Annotated[bool, typer.Option("--list", help="List the networks that ship with impasto.")]
SheetOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE.png", help="With --list: also paint a photograph in every style that ships."),
]


def check_request(model: str, pictures: Sequence[Path] | None, listed: bool, sheet: Path | None) -> None:
    """Raise RecipeError unless there are a network and photographs to paint, or the list is asked for alone."""
    if sheet is not None and not listed:
        raise RecipeError("--sheet is for --list; give both.")
    if listed and (model or pictures):
        raise RecipeError(
            "--list paints none of your photographs; leave it out, or leave the network and photographs out."
        )
    if not listed and not (model and pictures):
        raise RecipeError(
            "Give a network and photographs, as in 'impasto apply two-poplars photo.jpg'; --list shows the networks."
        )


def list_networks(sheet: Path | None) -> None:
    """Print a table of the networks that ship; with `sheet` write their contact sheet there, a PNG.

    Raises OutputError, or MissingExtraError without matplotlib, before anything is printed.
    """
    from impasto.feedforward.open_network import open_model
    from impasto.feedforward.pretrained import pretrained_networks

    if sheet is not None:
        _check_sheet(sheet)
    models = {name: open_model(path) for name, path in sorted(pretrained_networks().items())}
    _print_table(models)
    if sheet is not None:
        _write_sheet(sheet, [name for name, model in models.items() if model.names])
        print_result(str(sheet))


def _print_table(models: Mapping[str, OnePassModel]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Column, Table

    # Names are typed, so they are not cut. 80 characters are enough.
    first, last = Column("network and style", no_wrap=True), Column("controls", min_width=14)
    table = Table(
        first, "MB", "default\nstrength", last, box=SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0)
    )
    for name, model in models.items():
        megabytes = f"{model.path.stat().st_size / 1e6:.1f}"
        table.add_row(
            f"{name}\n  {_style(model)}", megabytes, f"{model.default_strength:g}", _controls(model)
        )
    wide_console().print(table)


def _style(model: OnePassModel) -> str:
    """Return title and artist of the style of a network, or which style images it takes."""
    if not model.names:
        return f"any style image{', in full detail' if model.card.get('detail') else ''}: --style FILE"
    (style,) = model.card["styles"]
    # A credit is the artist, the year and the museum.
    return f"{style['title']}, {str(style['credit']).partition(',')[0]}"


def _controls(model: OnePassModel) -> str:
    """Return the controls of a network: "strength, stroke 0.5-1.5"; a single style has nothing to mix."""
    low, high = model.strokes
    texts = {"strength": "strength", "mix": "mix", "stroke": f"stroke {low:g}-{high:g}"}
    if len(model.names) == 1:
        del texts["mix"]
    return ", ".join(text for control, text in texts.items() if control in model.controls)


def _check_sheet(sheet: Path) -> None:
    from impasto.imaging import check_place
    from impasto.lab.figure import need_matplotlib

    if sheet.suffix != ".png":
        raise OutputError(f"The contact sheet is a PNG, not '{sheet.suffix}'; give --sheet another suffix.")
    check_place(sheet)
    need_matplotlib()


def _write_sheet(sheet: Path, names: Sequence[str]) -> None:
    """Paint a sample photograph with the networks `names` and write all pictures with the names below."""
    import numpy

    from impasto.feedforward.stylizer import Stylizer
    from impasto.imaging import read_picture, to_image
    from impasto.lab.figure import Panel, draw, save
    from impasto.studio.sample_pictures import SAMPLES

    (sample,) = (sample for sample in SAMPLES if sample.file == SAMPLE)
    photograph = read_picture(sample.path)
    images = {"the photograph": to_image(photograph.pixels)}
    images |= {name: Stylizer(name).paint(photograph).image for name in names}
    panels = [Panel(numpy.asarray(image), name) for name, image in images.items()]
    rows = [panels[start : start + ACROSS] for start in range(0, len(panels), ACROSS)]
    save(draw(rows, width=WIDTH), sheet.with_suffix(""), kinds=("png",))
