"""Statistics of several regions of an image, measured in one pass."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from torch import Tensor

from impasto.errors import RecipeError
from impasto.losses.position_blocks import PositionBlocks, position_weights, sorted_blocks, unsorted_blocks
from impasto.losses.statistics import MomentSums, check_features, check_mask_values
from impasto.losses.sums import block_sums, dense_sums, is_channels_last, working_dtype


class Regions:
    """K masks `(K, 1, H, W)`, checked and sorted once and measured at every step.

    Positions with the same weights in all regions are measured together, so regions with hard edges, or two that
    fade into each other, cost about as much as the whole image. Deviation from the exact sums of `moment_sums`: in
    soft edges, positions whose weights differ by less than a tenth of a mask's largest count by their mean. Each region
    keeps its total; weights that are 0, equal or rare stay exact. Raises RecipeError on another shape, a negative or
    non-finite value, or a mask without a positive value.
    """

    def __init__(self, masks: Tensor) -> None:
        self.masks = _check(masks)
        self._totals = self.masks.sum((1, 2, 3))
        self._blocks = sorted_blocks(self.masks.flatten(1))

    def __len__(self) -> int:
        return len(self.masks)

    def sums(self, features: Tensor) -> list[MomentSums]:
        """Return the sums of each region of `features` `(B, C, H, W)`; raises RecipeError on other shapes."""
        return _sums(features, self.masks, self._totals, self._blocks)

    def cut(self, rows: slice, columns: slice) -> RegionPart:
        """Return the regions of a tile, at ``rows`` and ``columns`` of the map.

        The sums of all tiles add up to those of `sums`, up to rounding.
        """
        return RegionPart(self.masks[:, :, rows, columns], self._weights[:, :, rows, columns])

    @cached_property
    def _weights(self) -> Tensor:
        """The weights `(K, 1, H, W)` that positions have in `sums`."""
        weights = position_weights(self._blocks)
        return weights.T.reshape(self.masks.shape)


@dataclass(frozen=True, eq=False)
class RegionPart:
    """A tile of `Regions`: its part of the ``masks`` `(K, 1, h, w)`, and of the ``weights`` that their blocks have."""

    masks: Tensor
    weights: Tensor

    def sums(self, features: Tensor) -> list[MomentSums]:
        """Return the sums of each region of ``features`` `(B, C, h, w)`."""
        dtype, batch = working_dtype(features), len(features)
        if is_channels_last(features):
            sums = block_sums(features, unsorted_blocks(self.weights.flatten(1).to(features.device)))
        else:
            maps = self.masks.to(features.device, dtype).unsqueeze(1).expand(-1, batch, -1, -1, -1)
            sums = [dense_sums(features, mask) for mask in maps]
        counts = self.masks.sum((1, 2, 3)).to(features.device, dtype)
        return [
            MomentSums(count.expand(batch), first, second)
            for count, (first, second) in zip(counts, sums, strict=True)
        ]


def _sums(features: Tensor, masks: Tensor, totals: Tensor, blocks: PositionBlocks) -> list[MomentSums]:
    batch, _, height, width = check_features(features).shape
    if masks.shape[2:] != features.shape[2:]:
        raise RecipeError(
            f"Regions of features {tuple(features.shape)} have shape (K, 1, {height}, {width}), "
            f"not {tuple(masks.shape)}; resize the masks to the layer first."
        )
    dtype = working_dtype(features)
    if is_channels_last(features):
        sums = block_sums(features, blocks)
    else:
        maps = masks.to(dtype).unsqueeze(1).expand(-1, batch, -1, -1, -1)
        sums = [dense_sums(features, mask) for mask in maps]
    return [
        MomentSums(total.to(dtype).expand(batch), first, second)
        for total, (first, second) in zip(totals, sums, strict=True)
    ]


def _check(masks: Tensor) -> Tensor:
    if masks.ndim != 4 or masks.shape[1] != 1 or not masks.numel():
        raise RecipeError(
            f"The masks of regions are a non-empty tensor (K, 1, H, W), not {tuple(masks.shape)}."
        )
    return check_mask_values(masks.detach().to(working_dtype(masks)))
