"""The process that opens uploaded pictures: decoding, scaling, plans and recipes. The server itself never decodes."""

from __future__ import annotations

import io
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import asdict
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch

from impasto.encoders import best_precision, open_device
from impasto.errors import ImpastoError
from impasto.guidance import Guides
from impasto.imaging import (
    Picture,
    fit,
    open_image,
    orientation_of,
    picture_errors,
    read_embedded_json,
    read_picture,
    resize,
    to_image,
    write_picture,
)
from impasto.optimize import Recipe
from impasto.optimize.checkpoint import read_checkpoint
from impasto.optimize.machine import measure_macs_per_second
from impasto.optimize.run import plan_with_limit
from impasto.studio.depth import png_bits
from impasto.studio.errors import RequestError
from impasto.studio.estimates import work_of
from impasto.studio.processes import answer

# Each upload is decoded once at this size, to prove that it can be read.
CHECK_SIDE = 1024
WEBP_METHOD = 2


def run(pipe: Connection) -> None:
    """Answer requests until the server is gone."""
    warnings.simplefilter("ignore")
    answer(
        pipe,
        {
            "check": check,
            "scale": scale,
            "export": export,
            "embedded_recipe": embedded_recipe,
            "checkpoint_settings": checkpoint_settings,
            "plan": plan,
            "speed": speed,
            "check_clip": _clips("check_clip"),
            "frame": frame,
            "plan_clip": _clips("plan"),
        },
    )


def check(path: Path, name: str, max_pixels: int) -> dict[str, Any]:
    """Decode an uploaded picture; return its upright size and whether it has alpha.

    ``name`` is the picture's name in messages. Raises `RequestError` if it has too many pixels or cannot be read.
    """
    try:
        with picture_errors(path), path.open("rb") as file, open_image(file) as image:
            width, height = image.size
            if orientation_of(image) >= 5:
                width, height = height, width
        if width * height > max_pixels:
            raise RequestError(
                413,
                f"'{name}' is {width}x{height}, {width * height / 1e6:.0f} megapixels; "
                f"the limit is {max_pixels / 1e6:.0f}, so scale it down first.",
            )
        picture = read_picture(path, longest=CHECK_SIDE)
    except RequestError:
        raise
    except ImpastoError as error:
        raise _with_name(error, path, name) from error
    return {"width": width, "height": height, "alpha": picture.alpha is not None}


def scale(path: Path, size: int) -> bytes:
    """Return a picture as WebP with a longer side of at most ``size``."""
    picture = read_picture(path, longest=size)
    return webp(picture, quality=85)


def frame(path: Path, size: int, at: float) -> bytes:
    """Return the frame of a clip at the second ``at`` as WebP with a longer side of at most ``size``."""
    from impasto.studio.clip_process import frame_picture

    return webp(frame_picture(path, at, size), quality=85)


def _clips(name: str) -> Callable[..., Any]:
    """Return a function of `impasto.studio.clip_process`, which is imported when the first clip arrives."""

    def call(**request: Any) -> Any:
        from impasto.studio import clip_process

        return getattr(clip_process, name)(**request)

    return call


def export(path: Path, format: str, size: int | None) -> bytes:
    """Return a painted picture in another format or size, with its recipe and its dots per inch inside.

    A TIFF has 16 bits a channel if the picture has.
    """
    picture, stored = read_picture(path, longest=size), read_embedded_json(path)
    recipe = stored.get("recipe")
    dpi = recipe.get("dpi") if isinstance(recipe, dict) and size is None else None
    bits = 16 if format == "tiff" and png_bits(path) == 16 else 8
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / f"picture.{format}"
        write_picture(
            target,
            picture.pixels,
            alpha=picture.alpha,
            bits=bits,
            provenance=stored,
            quality=92,
            dpi=dpi,
        )
        return target.read_bytes()


def embedded_recipe(path: Path, name: str) -> dict[str, object]:
    """Return the recipe inside a picture."""
    try:
        return read_embedded_json(path)
    except ImpastoError as error:
        raise _with_name(error, path, name) from error


def checkpoint_settings(path: Path) -> dict[str, object]:
    """Return the settings in a checkpoint in the form of those in a picture, and its ``step``."""
    checkpoint = read_checkpoint(path)
    step = int(checkpoint.state["steps_done"])
    return {"recipe": checkpoint.recipe.to_json(), **checkpoint.input_names, "step": step}


def plan(
    recipe: dict[str, Any], content: str | None, styles: list[str], guides: dict[str, Any]
) -> dict[str, Any]:
    """Return the sizes, steps and memory that a job would need, and its ``work``, from which the time follows."""
    job_plan, largest = plan_with_limit(Recipe.make(recipe), content, styles, Guides.from_json(guides))
    return {
        "width": job_plan.width,
        "height": job_plan.height,
        "scales": [
            {"width": scale.width, "height": scale.height, "steps": scale.steps} for scale in job_plan.scales
        ],
        "steps": job_plan.steps,
        "memory_bytes": job_plan.memory,
        "available_bytes": job_plan.available,
        "fits": job_plan.fits,
        "largest_size": largest,
        "tile": job_plan.scales[-1].tile,
        "device": job_plan.device,
        "work": asdict(work_of(job_plan)),
    }


def speed() -> float:
    """Return the multiply-adds per second of the device that paints."""
    device = open_device("auto")
    dtype = {"bfloat16": torch.bfloat16, "float16": torch.float16}.get(best_precision(device), torch.float32)
    return max(measure_macs_per_second(device, dtype) for _ in range(5))


def _with_name(error: ImpastoError, path: Path, name: str) -> RequestError:
    """Return the error with the picture's name instead of its path."""
    return RequestError(422, str(error).replace(str(path), name))


def webp(picture: Picture, quality: int, longest: int | None = None) -> bytes:
    """Return a picture as WebP, its longer side at most ``longest``."""
    pixels = picture.pixels
    if longest is not None and max(picture.height, picture.width) > longest:
        pixels = resize(pixels, fit(picture.height, picture.width, longest))
    buffer = io.BytesIO()
    to_image(pixels, picture.alpha).save(buffer, "WEBP", quality=quality, method=WEBP_METHOD)
    return buffer.getvalue()
