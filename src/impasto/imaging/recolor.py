"""Colour preservation: lightness of the output, colour of the content image.

To mix by a share m, paint with `fade(style, m)` as the style, then apply `return_colors(painted, photograph, m)`.
m = 0 keeps the style's colours, m = 1 gives the content image's, and between them both add up in CIE L*a*b*.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from impasto.errors import PictureError, RecipeError
from impasto.imaging.color import lab_to_rgb, rgb_to_lab
from impasto.imaging.row_bands import large_image, map_rows

_STRIP = 2**18  # pixels processed at once: about 50 MB of temporaries
_HALVINGS = 12
# Values this near to the cube count as inside: a round trip through L*a*b* in float32 has errors of 1e-5.
_ROUNDING = 1e-4
# At constant lightness and hue the gamut of sRGB is an interval of chroma, except in a dent beside yellow:
# pure yellow is inside and half as much chroma has R = 1.0132, the deepest point.
_DENT = 0.0133
_DENT_FROM, _DENT_TO = 8.0, 16.0  # chroma that staying out of the dent may cost, from which and until


def fade(pixels: torch.Tensor, share: float) -> torch.Tensor:
    """Take `share` of the colour out of `(..., 3, H, W)` in [0, 1]: a, b times (1 - share), lightness kept.

    share 0 returns the pixels themselves, share 1 a grey picture of the same L. Raises RecipeError for a share
    outside [0, 1] and PictureError unless there are three channels. Source: the luminance-only style transfer
    of Gatys, Bethge, Hertzmann, Shechtman 2016, "Preserving Color in Neural Artistic Style Transfer".
    Deviation: CIE L*a*b* instead of YIQ, and the style's L is not shifted and scaled to the photograph's.
    """
    _check_share(share)

    def less(strip: torch.Tensor) -> torch.Tensor:
        lab = rgb_to_lab(strip)
        return into_gamut(lab * lab.new_tensor((1.0, 1.0 - share, 1.0 - share)).view(3, 1, 1))

    return pixels if share == 0 else _by_strips(less, pixels)


def return_colors(painted: torch.Tensor, photograph: torch.Tensor, share: float) -> torch.Tensor:
    """Add `share` of the content image's colour to the output; both `(..., 3, H, W)` of one size, in [0, 1].

    L = L_painted, (a, b) = f (a, b)_painted + share (a, b)_photograph, then `into_gamut`; f = 1 up to a share of
    3/4 and falls to 0 at 1, because an optimiser leaves a little colour even in a picture that is compared
    without any (measured: 5 units of a, b). `painted` is meant to come from a style through
    `fade(style, share)`; share 0 returns it as it is. Measured on 20 photographs:
    fading one completely and returning its colours moves (a, b) by 0.00002 units on average, the rounding
    of float32, because every L still goes with its own chroma; where the paint is much lighter or darker than
    the photograph, sRGB does not hold the chroma and less of it comes back. Raises RecipeError for a share
    outside [0, 1] and PictureError for different sizes. Source: as `fade`.
    """
    _check_share(share)
    _check_same(painted, photograph)

    def more(paint: torch.Tensor, photo: torch.Tensor) -> torch.Tensor:
        remaining = min(1.0, 4.0 * (1.0 - share))
        paint_weights = paint.new_tensor((1.0, remaining, remaining)).view(3, 1, 1)
        photo_weights = paint.new_tensor((0.0, share, share)).view(3, 1, 1)
        return into_gamut(paint_weights * rgb_to_lab(paint) + photo_weights * rgb_to_lab(photo.to(paint)))

    return painted if share == 0 else _by_strips(more, painted, photograph)


def into_gamut(lab: torch.Tensor) -> torch.Tensor:
    """Convert L*a*b* `(..., 3, H, W)` to sRGB-encoded RGB in [0, 1], with less chroma where sRGB ends.

    RGB(L, t a, t b) with the largest t in [0, 1] for which it lies in [0, 1], found by bisection to 2^-12; L is
    clamped to [0, 100] first. L and hue stay, where clipping channels would turn skin and sky to other hues;
    colours inside come back as `lab_to_rgb` gives them. Deviation: beside pure yellow the gamut has a dent, R
    up to 1.0132 between grey and a yellow that is inside. There the exact t would take up to three quarters of
    the chroma away, so t passes over the dent and R is clipped (at most 1.7 units of L*a*b*), blended over
    losses of 8 to 16 units of chroma so that no edge appears. Not differentiable. Raises PictureError unless
    there are three channels. Source: chroma reduction at constant lightness and hue, Morovič 2008, "Color Gamut
    Mapping".
    """
    return _by_strips(_into_gamut, lab)


def color_difference(one: torch.Tensor, other: torch.Tensor) -> float:
    """Return the mean over all pixels of sqrt(da² + db²) in L*a*b* between `(..., 3, H, W)` of one size.

    Lightness does not count. A difference of about 2 is just visible.
    Raises PictureError for different sizes.
    """
    _check_same(one, other)

    def distance(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return (rgb_to_lab(x) - rgb_to_lab(y))[..., 1:, :, :].square().sum(dim=-3, keepdim=True).sqrt()

    return _by_strips(distance, one, other).double().mean().item()


@torch.no_grad()
def _into_gamut(lab: torch.Tensor) -> torch.Tensor:
    lab = torch.cat((lab[..., :1, :, :].clamp(0.0, 100.0), lab[..., 1:, :, :]), dim=-3)
    rgb = lab_to_rgb(lab)
    outside = ~_inside(rgb, -3, 0.0)
    if outside.any():
        # Channels first, so that the few pixels outside can be indexed.
        some = lab.movedim(-3, 0)[:, outside]
        strict, lenient = _largest(some, 0.0), _largest(some, _DENT)
        loss = (lenient - strict) * some[1:].square().sum(dim=0).sqrt()
        over = ((loss - _DENT_FROM) / (_DENT_TO - _DENT_FROM)).clamp(0.0, 1.0)
        rgb.movedim(-3, 0)[:, outside] = _scaled(some, strict + over * (lenient - strict))
    return rgb.clamp(0.0, 1.0)


def _largest(lab: torch.Tensor, slack: float) -> torch.Tensor:
    """Bisect the largest factor `(N,)` on the chroma of `(3, N)` with every channel in [0, 1 + slack]."""
    low = torch.zeros_like(lab[0])
    step = 0.5
    for _ in range(_HALVINGS):
        low = torch.where(_inside(_scaled(lab, low + step), 0, slack), low + step, low)
        step /= 2
    return low


def _scaled(lab: torch.Tensor, factor: torch.Tensor) -> torch.Tensor:
    """Return the RGB `(3, N)` of `(3, N)` L*a*b* with a and b times `factor`."""
    scaled = torch.stack((lab[0], lab[1] * factor, lab[2] * factor))
    return lab_to_rgb(scaled[:, None, :])[:, 0]


def _inside(rgb: torch.Tensor, channels: int, slack: float) -> torch.Tensor:
    return (rgb.amin(channels) >= -_ROUNDING) & (rgb.amax(channels) <= 1.0 + slack + _ROUNDING)


def _by_strips(function: Callable[..., torch.Tensor], *images: torch.Tensor) -> torch.Tensor:
    """Apply a function of single pixels to `(..., 3, H, W)` in strips of rows, so that memory stays small."""
    if images[0].ndim == 4 and large_image(*images):
        return map_rows(lambda *bands: _strips(function, *bands), *images)
    return _strips(function, *images)


def _strips(function: Callable[..., torch.Tensor], *images: torch.Tensor) -> torch.Tensor:
    if images[0].ndim < 3 or images[0].numel() <= 3 * _STRIP:
        return function(*images)
    rows = max(1, _STRIP // images[0].shape[-1])
    strips = zip(*(torch.split(image, rows, dim=-2) for image in images), strict=True)
    return torch.cat([function(*strip) for strip in strips], dim=-2)


def _check_share(share: float) -> None:
    if not 0.0 <= share <= 1.0:
        raise RecipeError(f"The share of colour is a number from 0 to 1, not {share}.")


def _check_same(one: torch.Tensor, other: torch.Tensor) -> None:
    if one.shape != other.shape:
        raise PictureError(
            f"Colours are compared between pictures of one size, not {tuple(one.shape)} and {tuple(other.shape)}; "
            "resize one of them first."
        )
