"""Named terms, from which an objective is the weighted sum."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor

from impasto.errors import RecipeError, unknown
from impasto.losses.base import MomentLoss, StyleLoss
from impasto.losses.content import content_loss, content_scale
from impasto.losses.regions import Regions
from impasto.losses.statistics import moment_sums
from impasto.losses.variation import VARIATION_FORMS, total_variation


class Term(Protocol):
    """One or more summands of an objective that are computed together: weights times what the call returns."""

    @property
    def names(self) -> tuple[str, ...]:
        """What events and plots call the summands, like "style/relu1_1"; none comes twice in an objective."""
        ...

    @property
    def weights(self) -> tuple[float, ...]:
        """The factor of each in the objective, not applied by the call; 0 or more."""
        ...

    @property
    def layer(self) -> str | None:
        """The layer it reads, None if it reads the image itself."""
        ...

    def __call__(self, features: Mapping[str, Tensor], image: Tensor) -> Tensor:
        """Return the unweighted values `(len(names),)`.

        `features` by layer name are of `image` or of a view of it; `image` is always the picture itself.
        """
        ...


@dataclass(frozen=True, eq=False)
class ContentTerm:
    """`content_loss` at one layer; `mask` `(1, 1, H, W)` at the layer's size says where it counts.

    Raises RecipeError as `content_loss` does, and on a negative or non-finite weight.
    """

    layer: str
    weight: float
    target: Tensor
    normalisation: str
    mask: Tensor | None = None
    _scale: Tensor = field(init=False, repr=False)

    def __post_init__(self) -> None:
        _check(self.weight, self.names[0])
        object.__setattr__(self, "_scale", content_scale(self.target, self.normalisation, self.mask))

    @property
    def names(self) -> tuple[str]:
        """ "content/" and the layer."""
        return (f"content/{self.layer}",)

    @property
    def weights(self) -> tuple[float]:
        """The one weight."""
        return (self.weight,)

    def __call__(self, features: Mapping[str, Tensor], image: Tensor) -> Tensor:  # noqa: ARG002
        """Return the unweighted value `(1,)`; see `Term`."""
        found = content_loss(features[self.layer], self.target, self.normalisation, self.mask, self._scale)
        return found.view(1)


class StyleTerm:
    """The distances of one layer from `targets`, which `loss.measure` gave, or of its regions from them.

    `weights` has one number a target. `masks` `(K, 1, H, W)` at the layer's size say where each target counts,
    and `regions` which of them is a target's own, by default the one of its number; several targets may share
    one. Without masks all are compared with the whole picture. A `MomentLoss` measures the picture, or each
    region, once for all targets, with masks as `Regions` does; another loss compares target by target. `names`
    are "style/<layer>", or "style1/<layer>" and so on for several, unless given. Raises RecipeError on
    negative or non-finite weights, on numbers of weights, names or regions that do not fit, and on masks as
    `Regions` does.
    """

    def __init__(
        self,
        layer: str,
        loss: StyleLoss[Any],
        targets: Sequence[Any],
        weights: Sequence[float],
        masks: Tensor | None = None,
        names: Sequence[str] | None = None,
        regions: Sequence[int] | None = None,
    ) -> None:
        self.layer = layer
        self.loss = loss
        self.targets = tuple(targets)
        self.weights = tuple(float(weight) for weight in weights)
        self.names = _style_names(layer, len(self.targets)) if names is None else tuple(names)
        if not self.targets or not len(self.targets) == len(self.weights) == len(self.names):
            raise RecipeError(
                f"The style term of {layer} has {len(self.targets)} targets, {len(self.weights)} weights and "
                f"{len(self.names)} names; give at least one target, and a weight and a name for each."
            )
        for weight, name in zip(self.weights, self.names, strict=True):
            _check(weight, name)
        self._regions: Regions | None = None
        self._places = [0] * len(self.targets)
        if masks is not None:
            chosen = range(len(self.targets)) if regions is None else regions
            _check_regions(chosen, len(self.targets), len(masks), layer)
            used = sorted(set(chosen))
            self._places = [used.index(region) for region in chosen]
            self._regions = Regions(masks[used])
        elif regions is not None:
            raise RecipeError(f"The style term of {layer} has regions but no masks; give both or neither.")

    def __call__(self, features: Mapping[str, Tensor], image: Tensor) -> Tensor:  # noqa: ARG002
        """Return the unweighted distances, one a target; see `Term`."""
        seen = features[self.layer]
        pairs = list(zip(self.targets, self._places, strict=True))
        if isinstance(self.loss, MomentLoss):
            sums = [moment_sums(seen)] if self._regions is None else self._regions.sums(seen)
            measured = [self.loss.from_sums(region) for region in sums]
            found = [self.loss.compare(measured[region], target) for target, region in pairs]
        elif self._regions is None:
            found = [self.loss.distance(seen, target) for target in self.targets]
        else:
            masks = self._regions.weights
            found = [self.loss.distance(seen, target, masks[[region]]) for target, region in pairs]
        return torch.stack(found)


@dataclass(frozen=True, eq=False)
class VariationTerm:
    """`total_variation` of the image. Raises RecipeError on an unknown form or a weight as above."""

    weight: float
    form: str

    def __post_init__(self) -> None:
        _check(self.weight, self.names[0])
        if self.form not in VARIATION_FORMS:
            raise RecipeError(unknown("total variation form", self.form, VARIATION_FORMS))

    @property
    def names(self) -> tuple[str]:
        """Always "variation"."""
        return ("variation",)

    @property
    def weights(self) -> tuple[float]:
        """The one weight."""
        return (self.weight,)

    @property
    def layer(self) -> None:
        """None: it reads pixels."""
        return None

    def __call__(self, features: Mapping[str, Tensor], image: Tensor) -> Tensor:  # noqa: ARG002
        """Return the unweighted value `(1,)`; see `Term`."""
        return total_variation(image, self.form).view(1)


def _style_names(layer: str, count: int) -> tuple[str, ...]:
    if count == 1:
        return (f"style/{layer}",)
    return tuple(f"style{number}/{layer}" for number in range(1, count + 1))


def _check_regions(regions: Sequence[int], targets: int, masks: int, layer: str) -> None:
    if len(regions) != targets or not set(regions) <= set(range(masks)):
        raise RecipeError(
            f"The style term of {layer} has {targets} targets, {masks} masks and regions {list(regions)}; "
            f"give each target the number of a mask, from 0 to {masks - 1}."
        )


def _check(weight: float, name: str) -> None:
    if not (math.isfinite(weight) and weight >= 0):
        raise RecipeError(f"The weight of term '{name}' is {weight}; give a finite number, 0 or more.")
