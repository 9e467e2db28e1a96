"""Statistics of several regions of a picture, measured together."""

from __future__ import annotations

from torch import Tensor

from impasto.errors import RecipeError
from impasto.losses.position_blocks import PositionBlocks, read_sorted, read_weighted
from impasto.losses.statistics import MomentSums, check_features, check_values
from impasto.losses.sums import is_channels_last, plain_sums, read_sums, working_dtype


class Regions:
    """K weight maps `(K, 1, H, W)` that are checked and sorted once, to be measured at every step.

    Positions that count for the regions alike are measured together, so that regions with hard edges, and also
    two that fade into each other, cost about what the whole picture does. Deviation from the exact sums of
    `moment_sums`: where weights fade, positions whose weights differ by less than a tenth of a map's largest
    count by their mean; each region keeps its total, and weights that are 0, equal or rare stay as they are.
    Raises RecipeError on another shape, a negative or non-finite value, or a map without a positive one.
    """

    def __init__(self, weights: Tensor) -> None:
        self.weights = _check(weights)
        self._totals = self.weights.sum((1, 2, 3))
        self._reading = read_sorted(self.weights.flatten(1))

    def __len__(self) -> int:
        return len(self.weights)

    def sums(self, features: Tensor) -> list[MomentSums]:
        """Return the sums of each region of `features` `(B, C, H, W)`; raises RecipeError on other shapes."""
        return _sums(features, self.weights, self._totals, self._reading)


def region_sums(features: Tensor, weights: Tensor) -> list[MomentSums]:
    """Return `moment_sums(features, weight)` for each of `weights` `(K, 1, H, W)`, in one pass where it can.

    `features` are `(B, C, H, W)`; channels-last ones are read once and without float32 copies of a whole
    layer. Raises RecipeError on features or weights of another shape, and on weights as `moment_sums` does.
    """
    weights = _check(weights.to(features.device))
    return _sums(features, weights, weights.sum((1, 2, 3)), read_weighted(weights.flatten(1)))


def _sums(features: Tensor, weights: Tensor, totals: Tensor, reading: PositionBlocks) -> list[MomentSums]:
    batch, _, height, width = check_features(features).shape
    if weights.shape[2:] != features.shape[2:]:
        raise RecipeError(
            f"Regions of features {tuple(features.shape)} have shape (K, 1, {height}, {width}), "
            f"not {tuple(weights.shape)}; resize the masks to the layer first."
        )
    dtype = working_dtype(features)
    if is_channels_last(features):
        found = read_sums(features, reading)
    else:
        maps = weights.to(dtype).unsqueeze(1).expand(-1, batch, -1, -1, -1)
        found = [plain_sums(features, weight) for weight in maps]
    return [
        MomentSums(total.to(dtype).expand(batch), first, second)
        for total, (first, second) in zip(totals, found, strict=True)
    ]


def _check(weights: Tensor) -> Tensor:
    if weights.ndim != 4 or weights.shape[1] != 1 or not weights.numel():
        raise RecipeError(
            f"The weight maps of regions are a non-empty tensor (K, 1, H, W), not {tuple(weights.shape)}."
        )
    return check_values(weights.detach().to(working_dtype(weights)))
