"""Total variation: differences between neighbouring pixels."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from impasto.errors import PictureError
from impasto.imaging.imagenet import IMAGENET_STD
from impasto.losses.registry import VARIATIONS


def total_variation(image: Tensor, form: str) -> Tensor:
    """Return the total variation of `image` `(B, C, H, W)`, H, W >= 2: a scalar, 0 for an image of one colour.

    Forms are "l1" (`l1_variation`), "l1_normalised" (`l1_normalised_variation`), "l2" (`l2_variation`), "nine_point"
    (`nine_point_variation`) and "half_sum" (`half_sum_variation`). All but the last are means over pixels, yet depend
    on the resolution: the same smooth image with twice the pixels a side has half the "l1" and a quarter of "l2" and
    "nine_point". Raises RecipeError on an unknown form and PictureError on a smaller image.
    """
    variation = VARIATIONS.find(form).load()
    check_image(image)
    value: Tensor = variation(image)
    return value


def check_image(image: Tensor) -> None:
    """Raise PictureError unless `image` is `(B, C, H, W)` with H, W >= 2."""
    if image.ndim != 4 or min(image.shape[2:]) < 2:
        raise PictureError(
            f"Total variation takes images (B, C, H, W) of at least 2x2 pixels, not {tuple(image.shape)}."
        )


def l1_variation(image: Tensor) -> Tensor:
    """Return (mean |dx| + mean |dy|) / 2 of the differences of neighbours (d2l.ai 14.12.5)."""
    dx, dy = _differences(image)
    return (dx.abs().mean() + dy.abs().mean()) / 2


def l1_normalised_variation(image: Tensor) -> Tensor:
    """Return `l1_variation` of pixels divided by ImageNet's standard deviations, (.229, .224, .225).

    Source: d2l.ai 14.12.5, which optimises normalised pixels.
    """
    return l1_variation(image / image.new_tensor(IMAGENET_STD).view(1, 3, 1, 1))


def l2_variation(image: Tensor) -> Tensor:
    """Return mean dx² + mean dy², each over its own pairs.

    Source: Mahendran and Vedaldi 2015, section 3, beta = 2, as means.
    """
    dx, dy = _differences(image)
    return dx.square().mean() + dy.square().mean()


def nine_point_variation(image: Tensor) -> Tensor:
    """Return 2 ((mean dx² + mean dy²) / 3 + (mean d1² + mean d2²) / 12) with the border repeated by one pixel.

    d1 and d2 are differences of diagonal neighbours. Source: K. Crowson, style-transfer-pytorch, `TVLoss`.
    """
    padded = functional.pad(image, (1, 1, 1, 1), mode="replicate")
    centre = padded[..., 1:-1, 1:-1]
    dx = padded[..., 1:-1, 2:] - centre
    dy = padded[..., 2:, 1:-1] - centre
    # The source takes diagonals over all 2x2 cells of the padded image, one more in each direction than pixels.
    down = padded[..., 1:, 1:] - padded[..., :-1, :-1]
    up = padded[..., 1:, :-1] - padded[..., :-1, 1:]
    straight = dx.square().mean() + dy.square().mean()
    diagonal = down.square().mean() + up.square().mean()
    return 2 * (straight / 3 + diagonal / 12)


def half_sum_variation(image: Tensor) -> Tensor:
    """Return 1/2 sum (dx² + dy²) of pixels from 0 to 255, over pixels that have a right and a lower neighbour.

    Unlike the other forms it is a sum, so it grows with the number of pixels; it is averaged over the batch. Source:
    J. Johnson, neural-style, `TVLoss`, whose gradient this is.
    """
    dx = image[..., :-1, 1:] - image[..., :-1, :-1]
    dy = image[..., 1:, :-1] - image[..., :-1, :-1]
    return 255**2 / 2 * (dx.square() + dy.square()).sum((1, 2, 3)).mean()


def _differences(image: Tensor) -> tuple[Tensor, Tensor]:
    """Return the differences of horizontal and of vertical neighbours."""
    return image[..., :, 1:] - image[..., :, :-1], image[..., 1:, :] - image[..., :-1, :]
