"""The result of painting a picture, whichever way it was painted. Importing this module does not import torch."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from impasto.imaging import to_image, write_picture

if TYPE_CHECKING:
    from PIL import Image
    from torch import Tensor

    from impasto.imaging.planes import Array


class SavedPicture:
    """How a finished picture is saved; subclasses hold it in tensors or in arrays."""

    pixels: Tensor | Array
    alpha: Tensor | Array | None
    provenance: dict[str, Any]
    dpi: float | None

    @property
    def image(self) -> Image.Image:
        """The picture as an 8-bit PIL image, with alpha where the content image had it."""
        return to_image(self.pixels, self.alpha)

    def save(self, path: str | Path, *, bits: int = 8, quality: int = 95) -> Path:
        """Write the picture with its provenance inside; the suffix decides the format.

        Raises `OutputError` where it cannot be written and `RecipeError` for an unknown suffix.
        """
        return write_picture(
            path,
            self.pixels,
            alpha=self.alpha,
            bits=bits,
            provenance=self.provenance,
            quality=quality,
            dpi=self.dpi,
        )


@dataclass(frozen=True)
class Result(SavedPicture):
    """A finished picture: ``pixels`` float32 (1,3,H,W) sRGB in [0,1], ``alpha`` (1,1,H,W) or None.

    ``seconds`` is how long it took and ``provenance`` what `impasto stylize --from` needs to paint it again, as JSON
    values; ``dpi`` is written into the file. A picture painted by optimisation also has its ``losses``, one a step.
    For several styles whose losses were mixed, ``sigmas`` are the factors that balanced them and ``improvements``
    each style's relative improvement, its loss at the start over its loss at the end, both measured at the finest
    scale.
    """

    pixels: Tensor
    alpha: Tensor | None
    seconds: float
    provenance: dict[str, Any] = field(default_factory=dict)
    losses: tuple[float, ...] = ()
    sigmas: tuple[float, ...] = ()
    improvements: tuple[float, ...] = ()
    dpi: float | None = None


@dataclass(frozen=True)
class ArrayResult(SavedPicture):
    """A picture painted without torch: `pixels` float32 `(1, 3, H, W)`, `alpha` `(1, 1, H, W)` or None, in arrays.

    `seconds` and `provenance` are those of `Result`.
    """

    pixels: Array
    alpha: Array | None
    seconds: float
    provenance: dict[str, Any]
    dpi: float | None = None
