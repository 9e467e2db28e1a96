"""Colour spaces: sRGB, linear light, relative luminance, CIE L*a*b*.

Functions take and return `(..., 3, H, W)` tensors (transfer curves: any shape), keep dtype and device, and are
differentiable everywhere.
"""

from __future__ import annotations

import torch

from impasto.errors import PictureError

# IEC 61966-2-1, the linear sRGB primaries to CIE XYZ with white D65; digits of Bruce Lindbloom,
# "RGB/XYZ Matrices", brucelindbloom.com.
_RGB_TO_XYZ = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
# Weights of red, green and blue in luminance and luma. Source: ITU-R BT.709.
LUMA = (0.2126, 0.7152, 0.0722)
# CIE 15:2004 with the exact fractions, Bruce Lindbloom, "A Continuity Study of the CIE L* Function".
_EPSILON = 216.0 / 24389.0
_KAPPA = 24389.0 / 27.0


def srgb_to_linear(encoded: torch.Tensor) -> torch.Tensor:
    """Undo the sRGB transfer curve: c/12.92 below 0.04045, ((c + 0.055)/1.055)^2.4 above (IEC 61966-2-1)."""
    # The clamp keeps the unused branch of `where` finite, so that its zero gradient is not 0 * inf = NaN.
    power = ((encoded.clamp_min(0.04045) + 0.055) / 1.055) ** 2.4
    return torch.where(encoded <= 0.04045, encoded / 12.92, power)


def linear_to_srgb(linear: torch.Tensor) -> torch.Tensor:
    """Apply the sRGB transfer curve: 12.92 c to 0.0031308, 1.055 c^(1/2.4) - 0.055 above (IEC 61966-2-1)."""
    power = 1.055 * linear.clamp_min(0.0031308) ** (1.0 / 2.4) - 0.055
    return torch.where(linear <= 0.0031308, 12.92 * linear, power)


def luminance(pixels: torch.Tensor) -> torch.Tensor:
    """Return relative luminance Y `(..., 1, H, W)` of sRGB-encoded `(..., 3, H, W)`, in [0, 1].

    Y = 0.2126 R + 0.7152 G + 0.0722 B on linear light (Rec. 709, CIE Y with white = 1): the physical
    quantity, not the luma of the encoded values. Raises PictureError unless there are three channels.
    """
    _need_three(pixels)
    weights = pixels.new_tensor(LUMA).view(3, 1, 1)
    return (srgb_to_linear(pixels) * weights).sum(dim=-3, keepdim=True)


def luma(pixels: torch.Tensor) -> torch.Tensor:
    """Return Y' = 0.2126 R' + 0.7152 G' + 0.0722 B' `(..., 1, H, W)` of sRGB-encoded `(..., 3, H, W)`.

    Luma weights the encoded values. It is closer than `luminance` to what the eye sees as grain. Raises
    PictureError unless there are three channels. Source: ITU-R BT.709.
    """
    _need_three(pixels)
    return (pixels * pixels.new_tensor(LUMA).view(3, 1, 1)).sum(dim=-3, keepdim=True)


def rgb_to_lab(pixels: torch.Tensor) -> torch.Tensor:
    """Convert sRGB-encoded `(..., 3, H, W)` to CIE L*a*b* (D65): L in [0, 100], a and b about [-128, 128].

    White (1, 1, 1) is exactly (100, 0, 0) because the reference white is the sum of the matrix's columns.
    Raises PictureError unless there are three channels. Source: CIE 15:2004, section 8.2.1.
    """
    _need_three(pixels)
    xyz = _mix(_matrix(pixels), srgb_to_linear(pixels))
    root = xyz.clamp_min(_EPSILON) ** (1.0 / 3.0)
    f = torch.where(xyz > _EPSILON, root, (_KAPPA * xyz + 16.0) / 116.0)
    x, y, z = f.unbind(dim=-3)
    return torch.stack((116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)), dim=-3)


def lab_to_rgb(lab: torch.Tensor) -> torch.Tensor:
    """Convert CIE L*a*b* (D65) `(..., 3, H, W)` to sRGB-encoded RGB, the inverse of `rgb_to_lab`.

    Colours outside sRGB have values outside [0, 1]; clamp them if necessary. Raises PictureError unless there
    are three channels. Source: CIE 15:2004, annex D.
    """
    _need_three(lab)
    lightness, a, b = lab.unbind(dim=-3)
    y = (lightness + 16.0) / 116.0
    f = torch.stack((y + a / 500.0, y, y - b / 200.0), dim=-3)
    cube = f**3
    xyz = torch.where(cube > _EPSILON, cube, (116.0 * f - 16.0) / _KAPPA)
    return linear_to_srgb(_mix(torch.linalg.inv(_matrix(lab)), xyz))


def _matrix(like: torch.Tensor) -> torch.Tensor:
    """Linear sRGB to XYZ relative to its own white, so that each row sums to 1; float64."""
    matrix = torch.tensor(_RGB_TO_XYZ, dtype=torch.float64, device=like.device)
    return matrix / matrix.sum(dim=1, keepdim=True)


def _mix(matrix: torch.Tensor, image: torch.Tensor) -> torch.Tensor:
    """Multiply the channel axis of `(..., 3, H, W)` by a 3x3 matrix."""
    return torch.einsum("ij,...jhw->...ihw", matrix.to(image.dtype), image)


def _need_three(image: torch.Tensor) -> None:
    if image.ndim < 3 or image.shape[-3] != 3:
        raise PictureError(f"Colour conversion takes (..., 3, H, W) tensors, not {tuple(image.shape)}.")
