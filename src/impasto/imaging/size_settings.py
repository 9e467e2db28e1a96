"""Types and descriptions of settings for the size of the output. Importing this module does not import torch."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from impasto.imaging.print_sizes import DEFAULT_DPI, canonical_canvas, canonical_size


def _size(value: object) -> object:
    return canonical_size(value) if isinstance(value, str | int) and not isinstance(value, bool) else value


def _canvas(value: object) -> object:
    return canonical_canvas(value) if isinstance(value, str) else value


SizeSetting = Annotated[int | str, BeforeValidator(_size)]
Framing = Literal["crop", "fit", "pad"]
Dpi = Annotated[float, Field(ge=1, le=10_000, allow_inf_nan=False)]
Canvas = Annotated[str, BeforeValidator(_canvas)]
FRAMING_HELP = (
    "Where size has two sides of another shape than the photograph: crop cuts the photograph, fit keeps it whole "
    "within them, pad puts it whole on a white sheet of that size."
)
DPI_HELP = f"Dots per inch, written into the file; paper and lengths need them ({DEFAULT_DPI:g} by default)."
CANVAS_HELP = "Width and height in pixels of a white sheet around the picture (framing pad sets it)."
