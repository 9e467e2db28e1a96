"""Grey levels of a picture as an 8-bit file would have them."""

from __future__ import annotations

import torch
from torch import Tensor

from impasto.errors import PictureError

# Weights of red, green and blue in 65536ths, as Pillow converts to "L". Source: ITU-R BT.601.
WEIGHTS = (19595, 38470, 7471)


def grey_levels(image: Tensor) -> Tensor:
    """Return the luma `(H, W)` of one picture `(1, 3, H, W)` in [0, 1] in whole levels from 0 to 255.

    They are float64 on the CPU, whichever device the picture is on: Apple's GPUs have no float64.
    Y' = 0.299 R' + 0.587 G' + 0.114 B' of channels rounded to 8 bits, rounded. Raises PictureError for another shape.
    """
    if image.ndim != 4 or tuple(image.shape[:2]) != (1, 3):
        raise PictureError(
            f"Grey levels are those of one RGB picture (1, 3, H, W), not {tuple(image.shape)}."
        )
    channels = (image.detach()[0].cpu().double().clamp(0, 1) * 255).round()
    weights = torch.tensor(WEIGHTS, dtype=torch.float64).view(3, 1, 1)
    return (((channels * weights).sum(0) + 32768) / 65536).floor()
