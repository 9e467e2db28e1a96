"""Colour and protection: preparation of the input images, and the finish of the output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from impasto.imaging import fade, match_colors, resize, return_colors, scale_mask

# Rows or columns of an image.
Index = slice | Tensor


@dataclass(frozen=True)
class ColorSettings:
    """Colours of the output: ``content_share`` from 0 (the style's) to 1 (the content image's), and the method.

    ``method`` is "luminance", or the way the style's colours are matched: "cholesky", "pca", "symmetric", "histogram".
    ``space`` is the colour space of the matching, None for the method's default.
    """

    content_share: float = 0.0
    method: str = "luminance"
    space: str | None = None


def prepare_colors(
    colors: ColorSettings, content: Tensor | None, styles: Sequence[Tensor]
) -> tuple[Tensor | None, tuple[Tensor, ...]]:
    """Return content and styles (1,3,H,W) in the colours that the encoder gets, for ``colors.content_share`` = m.

    "luminance": both lose m of their colour (Lab a and b); `RestoreContent` restores the content image's. Other
    methods: the styles move m of the way to the content image's colour distribution, and the content stays. Without a
    content image nothing changes. Source: Gatys et al. 2016, "Preserving Color in Neural Artistic Style Transfer".
    Deviation: the style's lightness is not matched to the content image's, so that its lights and darks are transferred
    too.
    """
    content_share = colors.content_share
    if content is None or not content_share:
        return content, tuple(styles)
    if colors.method == "luminance":
        return fade(content, content_share), tuple(fade(style, content_share) for style in styles)
    matched = (match_colors(style, content, colors.method, colors.space) for style in styles)
    return content, tuple(
        style.lerp(other, content_share) for style, other in zip(styles, matched, strict=True)
    )


class Protection:
    """Keeps the content image where ``mask`` (1,1,H,W) is: ``x + mask (content - x)``, at any size.

    ``content`` (1,3,H,W) is in the same colours as the images that it is applied to.
    """

    def __init__(self, mask: Tensor, content: Tensor) -> None:
        self.mask, self.content = mask, content
        self._sized: tuple[Tensor, Tensor] | None = None

    def resized(self, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """Return mask and content image at ``size`` (height, width)."""
        if self._sized is None or tuple(self._sized[0].shape[2:]) != size:
            self._sized = scale_mask(self.mask, *size), resize(self.content, size)
        return self._sized

    def __call__(self, image: Tensor) -> Tensor:
        """Return ``image`` (1,3,h,w) with the content image where it is protected; differentiable."""
        mask, content = (part.to(image.device) for part in self.resized((image.shape[2], image.shape[3])))
        return image.lerp(content, mask)

    def piece(self, image: Tensor, size: tuple[int, int], rows: Index, columns: Index) -> Tensor:
        """Return ``image``, the ``rows`` and ``columns`` of one of ``size``, as the call returns the whole."""
        mask, content = (part[:, :, rows, columns].to(image.device) for part in self.resized(size))
        return image.lerp(content, mask)

    def unprotected(self, size: tuple[int, int]) -> Tensor:
        """Return the mask of what may be painted, 1 - mask, at ``size``."""
        return 1 - self.resized(size)[0]


class RestoreContent:
    """Turns the optimised image into the output: restores colours, and the content image where it is protected.

    ``content`` (1,3,H,W) is the content image in its own colours.
    """

    def __init__(self, colors: ColorSettings, content: Tensor | None, protect: Tensor | None) -> None:
        self.content = content
        self.content_share = (
            colors.content_share if colors.method == "luminance" and content is not None else 0.0
        )
        self.protection = None if protect is None or content is None else Protection(protect, content)
        self._sized: Tensor | None = None

    def __call__(self, painted: Tensor) -> Tensor:
        """Return the output for ``painted`` (1,3,h,w) on the CPU, at its size."""
        if self.content_share and self.content is not None:
            size = (painted.shape[2], painted.shape[3])
            if self._sized is None or tuple(self._sized.shape[2:]) != size:
                self._sized = resize(self.content, size)
            painted = return_colors(painted, self._sized, self.content_share)
        return painted if self.protection is None else self.protection(painted)
