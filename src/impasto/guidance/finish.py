"""Colour and protection: what happens to the pictures before they are compared, and to the painting after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from impasto.imaging import fade, match_colors, resize, return_colors, scale_mask


@dataclass(frozen=True)
class ColorSettings:
    """Whose colours the picture gets: ``share`` from 0 (the style's) to 1 (the content image's), and how.

    ``method`` is "luminance", or how the style's colours are matched: "cholesky", "pca", "symmetric", "histogram";
    ``space`` is where they are matched, None for the method's own.
    """

    share: float = 0.0
    method: str = "luminance"
    space: str | None = None


def prepare_colors(
    colors: ColorSettings, content: Tensor | None, styles: Sequence[Tensor]
) -> tuple[Tensor | None, tuple[Tensor, ...]]:
    """Return content and styles (1,3,H,W) as they are compared, for ``colors.share`` = m of the photograph's.

    "luminance": both lose m of their colour (Lab a and b), which `Finish` puts back from the photograph alone.
    The others: the styles go m of the way to the photograph's colour distribution; the content stays. Without
    a photograph nothing changes. Source: Gatys et al. 2016, "Preserving Color in Neural Artistic Style
    Transfer". Deviation: the style's lightness is not matched to the photograph's, so that its lights and darks
    are painted too.
    """
    share = colors.share
    if content is None or not share:
        return content, tuple(styles)
    if colors.method == "luminance":
        return fade(content, share), tuple(fade(style, share) for style in styles)
    matched = (match_colors(style, content, colors.method, colors.space) for style in styles)
    return content, tuple(style.lerp(other, share) for style, other in zip(styles, matched, strict=True))


class Protection:
    """Keeps the photograph where ``mask`` (1,1,H,W) is: ``x + mask (photo - x)``, at any size.

    ``photo`` (1,3,H,W) is the photograph in the colours that are compared.
    """

    def __init__(self, mask: Tensor, photo: Tensor) -> None:
        self.mask, self.photo = mask, photo
        self._sized: tuple[Tensor, Tensor] | None = None

    def at(self, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """Return mask and photograph at ``size`` (height, width)."""
        if self._sized is None or tuple(self._sized[0].shape[2:]) != size:
            self._sized = scale_mask(self.mask, *size), resize(self.photo, size)
        return self._sized

    def __call__(self, image: Tensor) -> Tensor:
        """Return ``image`` (1,3,h,w) with the photograph put in; differentiable."""
        mask, photo = (part.to(image.device) for part in self.at((image.shape[2], image.shape[3])))
        return image.lerp(photo, mask)

    def open_part(self, size: tuple[int, int]) -> Tensor:
        """Return what may be painted, 1 - mask, at ``size``."""
        return 1 - self.at(size)[0]


class Finish:
    """Turns the picture that is compared into the one that is shown: colours back, photograph where protected.

    ``photo`` (1,3,H,W) has its own colours.
    """

    def __init__(self, colors: ColorSettings, photo: Tensor | None, protect: Tensor | None) -> None:
        self.photo = photo
        self.share = colors.share if colors.method == "luminance" and photo is not None else 0.0
        self.protection = None if protect is None or photo is None else Protection(protect, photo)
        self._sized: Tensor | None = None

    def __call__(self, painted: Tensor) -> Tensor:
        """Return the picture to show for ``painted`` (1,3,h,w) on the CPU, at its size."""
        if self.share and self.photo is not None:
            size = (painted.shape[2], painted.shape[3])
            if self._sized is None or tuple(self._sized.shape[2:]) != size:
                self._sized = resize(self.photo, size)
            painted = return_colors(painted, self._sized, self.share)
        return painted if self.protection is None else self.protection(painted)
