"""A finished picture beside its content and its style image: the input of every measure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from impasto.metrics.encoded import LayerSummary


@dataclass(frozen=True, eq=False)
class JudgedPicture:
    """Pixels `(1, 3, H, W)` in [0, 1] and their layers, by name.

    ``layers`` are those of the judge's encoder, ``published`` those of `PublishedVgg`, which is padded otherwise. Both
    hold only what the requested measures need.
    """

    pixels: Tensor
    layers: Mapping[str, LayerSummary]
    published: Mapping[str, LayerSummary]


@dataclass(frozen=True, eq=False)
class Comparison:
    """Output, content and style image of one judgement.

    The output has the size of the content image; the style image keeps its aspect ratio and has the same longer side.
    ``mean_activation`` `(C,)` by layer is the mean of each filter on photographs (`impasto.metrics.published`); empty
    where no measure needs it.
    """

    output: JudgedPicture
    content: JudgedPicture
    style: JudgedPicture
    mean_activation: Mapping[str, Tensor]
