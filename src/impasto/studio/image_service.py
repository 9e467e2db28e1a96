"""The process that opens what clients sent: decoding, scaling, plans and recipes. The server never decodes."""

from __future__ import annotations

import io
import tempfile
import warnings
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from impasto.errors import ImpastoError
from impasto.guidance import Guides
from impasto.imaging import (
    Picture,
    fit,
    open_image,
    orientation_of,
    picture_errors,
    read_picture,
    read_recipe,
    resize,
    to_image,
    write_picture,
)
from impasto.optimize import Recipe, plan_only
from impasto.studio.processes import RequestError, answer

# Every picture is decoded once as it arrives, but only so large.
CHECKED_AT = 1024
WEBP_SPEED = 2


def run(pipe: Connection) -> None:
    """Answer until the server is gone."""
    warnings.simplefilter("ignore")
    answer(pipe, {"check": check, "show": show, "export": export, "recipe": recipe_in, "plan": plan})


def check(path: Path, name: str, most_pixels: int) -> dict[str, Any]:
    """Return size (upright) and alpha of a picture that was sent, having decoded it.

    Raises `RequestError` for one of too many pixels, PictureError for what is no picture. ``name`` is how messages
    call it.
    """
    try:
        with picture_errors(path), path.open("rb") as file, open_image(file) as image:
            width, height = image.size
            if orientation_of(image) >= 5:
                width, height = height, width
        if width * height > most_pixels:
            raise RequestError(
                413,
                f"'{name}' is {width}x{height}, {width * height / 1e6:.0f} megapixels; "
                f"this studio takes up to {most_pixels / 1e6:.0f}, so shrink it first.",
            )
        picture = read_picture(path, longest=CHECKED_AT)
    except RequestError:
        raise
    except ImpastoError as error:
        raise _called(error, path, name) from error
    return {"width": width, "height": height, "alpha": picture.alpha is not None}


def show(path: Path, size: int) -> bytes:
    """Return a picture as WebP, its longer side at most ``size``."""
    picture = read_picture(path, longest=size)
    return webp(picture, quality=85)


def export(path: Path, format: str, size: int | None) -> bytes:
    """Return a painted picture in another format or size, with the recipe that is in it."""
    picture = read_picture(path, longest=size)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / f"picture.{format}"
        write_picture(target, picture.pixels, alpha=picture.alpha, recipe=read_recipe(path), quality=92)
        return target.read_bytes()


def recipe_in(path: Path, name: str) -> dict[str, object]:
    """Return what a picture says of how it was made."""
    try:
        return read_recipe(path)
    except ImpastoError as error:
        raise _called(error, path, name) from error


def plan(
    recipe: dict[str, Any], content: str | None, styles: list[str], guides: dict[str, Any]
) -> dict[str, Any]:
    """Return what a job would cost."""
    found = plan_only(Recipe.make(recipe), content, styles, Guides.from_json(guides))
    return {
        "width": found.width,
        "height": found.height,
        "scales": [
            {"width": scale.width, "height": scale.height, "steps": scale.steps} for scale in found.scales
        ],
        "steps": found.steps,
        "seconds": found.seconds,
        "memory_bytes": found.memory,
        "available_bytes": found.available,
        "fits": found.fits,
        "device": found.device,
    }


def _called(error: ImpastoError, path: Path, name: str) -> RequestError:
    """Return the error with the client's own name for the picture."""
    return RequestError(422, str(error).replace(str(path), name))


def webp(picture: Picture, quality: int, longest: int | None = None) -> bytes:
    """Return a picture as WebP, no larger than ``longest``."""
    pixels = picture.pixels
    if longest is not None and max(picture.height, picture.width) > longest:
        pixels = resize(pixels, fit(picture.height, picture.width, longest))
    buffer = io.BytesIO()
    to_image(pixels, picture.alpha).save(buffer, "WEBP", quality=quality, method=WEBP_SPEED)
    return buffer.getvalue()
