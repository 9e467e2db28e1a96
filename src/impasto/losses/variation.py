"""Total variation: how much a picture changes from pixel to pixel."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from impasto.errors import PictureError, RecipeError, unknown

VARIATION_FORMS = ("l1", "l2", "nine_point")


def total_variation(image: Tensor, form: str) -> Tensor:
    """Return the total variation of `image` `(B, C, H, W)`, H, W >= 2: a scalar, 0 for one flat colour.

    With dx, dy the differences of horizontal and vertical neighbours, d1, d2 those of diagonal ones:

    * "l1": (mean |dx| + mean |dy|) / 2 (d2l.ai 14.12.5).
    * "l2": mean dx² + mean dy², each over its own pairs (Mahendran and Vedaldi 2015, section 3, beta = 2,
      as means).
    * "nine_point": 2 ((mean dx² + mean dy²) / 3 + (mean d1² + mean d2²) / 12) with the border repeated by
      one pixel (K. Crowson, style-transfer-pytorch, `TVLoss`).

    All are means over pixels, yet depend on the resolution: the same smooth picture with twice the pixels a
    side has half the "l1" and a quarter of the others. Raises RecipeError on an unknown form and
    PictureError on a smaller picture.
    """
    if form not in VARIATION_FORMS:
        raise RecipeError(unknown("total variation form", form, VARIATION_FORMS))
    if image.ndim != 4 or min(image.shape[2:]) < 2:
        raise PictureError(
            f"Total variation takes images (B, C, H, W) of at least 2x2 pixels, not {tuple(image.shape)}."
        )
    if form == "nine_point":
        return _nine_point(image)
    dx = image[..., :, 1:] - image[..., :, :-1]
    dy = image[..., 1:, :] - image[..., :-1, :]
    if form == "l1":
        return (dx.abs().mean() + dy.abs().mean()) / 2
    return dx.square().mean() + dy.square().mean()


def _nine_point(image: Tensor) -> Tensor:
    padded = functional.pad(image, (1, 1, 1, 1), mode="replicate")
    centre = padded[..., 1:-1, 1:-1]
    dx = padded[..., 1:-1, 2:] - centre
    dy = padded[..., 2:, 1:-1] - centre
    # The source takes diagonals over all 2x2 cells of the padded picture, one more each way than pixels.
    down = padded[..., 1:, 1:] - padded[..., :-1, :-1]
    up = padded[..., 1:, :-1] - padded[..., :-1, 1:]
    straight = dx.square().mean() + dy.square().mean()
    diagonal = down.square().mean() + up.square().mean()
    return 2 * (straight / 3 + diagonal / 12)
