"""Settings of one image painted in one pass; importing this module does not import torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import BeforeValidator, Field

from impasto.imaging.print_sizes import (
    EXACT_SIZE_HELP,
    LARGEST_SIDE,
    Size,
    box_of,
    canonical_size,
    size_changes,
)
from impasto.imaging.size_settings import CANVAS_HELP, DPI_HELP, FRAMING_HELP, Canvas, Dpi, Framing
from impasto.settings import FrozenSettings

Weight = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]


def _size(value: object) -> object:
    """Return a size as stored; unlike a painting's, a longer side may be as short as 1 pixel."""
    if isinstance(value, str) and not value.strip().isdecimal():
        return canonical_size(value)
    side = int(value) if isinstance(value, str) else value
    if isinstance(side, int) and not isinstance(side, bool) and not 1 <= side <= LARGEST_SIDE:
        raise ValueError(f"a side has 1 to {LARGEST_SIDE:,} pixels, not {side}")
    return side


OnePassSize = Annotated[int | str, BeforeValidator(_size)]


class OnePassSettings(FrozenSettings):
    """Everything that decides a one-pass image apart from the network and the images.

    A network may know only some of ``strength``, ``stroke`` and ``mix``; `Stylizer` enforces its ranges. Raises
    `RecipeError` through `OnePassSettings.make` for unknown names and impossible values.
    """

    strength: float | None = Field(
        default=None,
        ge=0,
        allow_inf_nan=False,
        description="0 keeps the content image, up to 2 for more style; None: the network's default.",
    )
    stroke: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="Size of the brush marks, a ratio to the trained size: below 1 finer, above 1 broader; None is 1.",
    )
    mix: tuple[Weight, ...] | None = Field(
        default=None, description="Weights of several styles; equal ones if not given."
    )
    colors: float = Field(
        default=0.0,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="Whose colours: style (0), content (1), or a number between.",
    )
    size: OnePassSize | None = Field(
        default=None,
        description="Longest side in pixels, to which larger content images are shrunk; or an exact size: "
        + EXACT_SIZE_HELP,
    )
    framing: Framing = Field(default="crop", description=FRAMING_HELP)
    dpi: Dpi | None = Field(default=None, description=DPI_HELP)
    canvas: Canvas | None = Field(default=None, description=CANVAS_HELP)

    def frame(self, photo: Size) -> OnePassFrame:
        """Return what the settings of size mean for a content image of the height and width ``photo``.

        Raises `RecipeError` as `impasto.imaging.print_sizes.output_frame`.
        """
        from impasto.imaging.sizes import fit  # imports numpy, which options do not need

        canvas = box_of(self.canvas)
        if self.size is None or isinstance(self.size, int):
            return OnePassFrame(self.size, None, None, canvas, self.dpi)
        changes = size_changes(self.size, photo, dpi=self.dpi, framing=self.framing)
        box, side = box_of(changes["size"]), changes["size"]
        return OnePassFrame(
            max(box) if box else side,
            box,
            box or fit(*photo, side),
            box_of(changes.get("canvas")) or canvas,
            changes.get("dpi", self.dpi),
        )


@dataclass(frozen=True)
class OnePassFrame:
    """How a content image is read and put out: all sizes are heights and widths in pixels.

    ``longest`` is its longer side at most, ``box`` the shape that it is cropped to, ``size`` its exact size, ``canvas``
    the white sheet around it, and ``dpi`` is written into the file. None means unchanged.
    """

    longest: int | None
    box: Size | None
    size: Size | None
    canvas: Size | None
    dpi: float | None
