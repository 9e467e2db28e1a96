"""``impasto demo``: stylises a photograph with a procedural plate, without a download."""

from __future__ import annotations

from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from impasto.cli.console import print_result, print_status
from impasto.cli.interrupt import Stop
from impasto.cli.naming import free, make_folder, target
from impasto.cli.options import OutputOptions
from impasto.cli.session import Session
from impasto.errors import MissingExtraError, RecipeError, unknown
from impasto.optimize.presets import make_recipe
from impasto.optimize.recipe_fields import Quality

app = typer.Typer(add_completion=False)

# Photographs in the wheels of other packages: package, file, subject.
PHOTOS = {
    "astronaut": ("skimage", "data/astronaut.png", "Eileen Collins (NASA)"),
    "coffee": ("skimage", "data/coffee.png", "a cup of espresso (Pikolo Espresso Bar)"),
    "chelsea": ("skimage", "data/chelsea.png", "a cat (Stefan van der Walt)"),
    "rocket": ("skimage", "data/rocket.jpg", "a Falcon 9 on its pad (SpaceX)"),
    "brick": ("skimage", "data/brick.png", "a brick wall, grey"),
    "gravel": ("skimage", "data/gravel.png", "gravel, grey"),
    "hopper": ("matplotlib", "mpl-data/sample_data/grace_hopper.jpg", "Grace Hopper (US Navy)"),
}


@app.command("demo")
def demo(
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the pictures.")] = Path(
        "impasto-demo"
    ),
    photo: Annotated[str, typer.Option(metavar="NAME", help="Photograph; see --list.")] = "astronaut",
    style: Annotated[str, typer.Option(metavar="NAME", help="Plate; see --list.")] = "swirls",
    size: Annotated[int, typer.Option(help="Longer side of the picture in pixels.")] = 768,
    quality: Annotated[Quality, typer.Option(help="Quality, which sets the number of steps.")] = "normal",
    encoder: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Encoder whose features are compared.", show_default=False),
    ] = None,
    show: Annotated[bool, typer.Option("--list", help="List photographs and plates.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only errors.")] = False,
) -> None:
    """Stylise a photograph with a procedural plate, offline.

    The photograph comes from scikit-image or matplotlib (the extra demo); impasto paints the plate.
    """
    from impasto.encoders import open_encoder
    from impasto.imaging import read_picture, write_picture
    from impasto.painting import open_job
    from impasto.plates import PLATES, paint

    if show:
        _list()
        return
    if style not in PLATES:
        raise RecipeError(unknown("plate", style, PLATES))
    recipe = make_recipe(size=size, quality=quality, encoder=encoder)
    source = photo_path(photo)
    open_encoder(recipe.encoder)  # fails early, because painting the plate takes a while
    make_folder(out)
    with Stop(quiet) as stop:
        if not quiet:
            print_status(f"painting the plate '{style}'")
        content, style_file = free(out / f"{photo}.png"), free(out / f"{style}.png")
        write_picture(content, read_picture(source).pixels)
        write_picture(style_file, read_picture(paint(style, min(4096, max(64, size)))).pixels)
        if not quiet:
            print_result(str(content))
            print_result(str(style_file))
        output = target(None, out, [photo, style])
        session = Session(OutputOptions(quiet=quiet), output, stop, [content, style_file])
        session.paint(partial(open_job, recipe, content, [style_file]))


def photo_path(name: str) -> Path:
    """Return the file of a photograph without importing its package.

    Raises `RecipeError` or `MissingExtraError`.
    """
    if name not in PHOTOS:
        raise RecipeError(unknown("photograph", name, PHOTOS))
    package, file, _ = PHOTOS[name]
    spec = find_spec(package)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / file
        if path.is_file():
            return path
    raise MissingExtraError(
        f"The photograph '{name}' of {package}", "demo" if package == "skimage" else "lab"
    )


def _list() -> None:
    from impasto.plates import PLATES

    print_result("Photographs (--photo):")
    for name, (package, _, subject) in PHOTOS.items():
        print_result(f"  {name:10} {subject}, from {package}")
    print_result("Plates (--style):")
    for name, plate in PLATES.items():
        print_result(f"  {name:10} {plate.title}: {plate.description}")
