"""Initial image of a run."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from impasto.imaging import resize
from impasto.optimize.recipe import Recipe


def initial_image(
    recipe: Recipe,
    size: tuple[int, int],
    content: Tensor | None,
    styles: Sequence[Tensor],
    start_picture: Tensor | None,
    generator: torch.Generator,
) -> Tensor:
    """Return the initial image (1,3,h,w) in [0,1] of ``size`` (height, width) for the recipe's ``start``.

    ``noise`` is normal with mean .5 and standard deviation .25. ``style`` is normal noise with the mean and 3x3 colour
    covariance of the style images (averaged over them). Both are clipped to [0,1].
    """
    if recipe.start == "content" and content is not None:
        return resize(content, size)
    if recipe.start in ("fast", "picture") and start_picture is not None:
        return resize(start_picture, size)
    noise = torch.randn(1, 3, *size, generator=generator)
    if recipe.start == "style" and styles:
        pixels = [style.flatten(2)[0] for style in styles]  # (3, N) each
        mean = torch.stack([p.mean(1) for p in pixels]).mean(0)
        covariance = torch.stack([torch.cov(p, correction=0) for p in pixels]).mean(0)
        values, vectors = torch.linalg.eigh(covariance)
        root = vectors @ torch.diag(values.clamp(min=0).sqrt()) @ vectors.T
        return (torch.einsum("ij,bjhw->bihw", root, noise) + mean.view(1, 3, 1, 1)).clamp(0, 1)
    return (0.5 + 0.25 * noise).clamp(0, 1)
