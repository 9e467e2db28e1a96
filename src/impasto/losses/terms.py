"""Named terms of an objective, which is their weighted sum."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import torch
from torch import Tensor

from impasto.errors import RecipeError
from impasto.losses.bands import Band
from impasto.losses.base import MomentLoss, StyleLoss
from impasto.losses.content import content_loss, content_scale
from impasto.losses.regions import Regions
from impasto.losses.registry import VARIATIONS
from impasto.losses.statistics import MomentSums, moment_sums
from impasto.losses.tile_parts import ContentPart, StylePart
from impasto.losses.variation import check_image


class Term(Protocol):
    """One or more summands of an objective that are computed together: `weights` times the values of a call."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the summands in events and plots, like "style/relu1_1"; unique within an objective."""
        ...

    @property
    def weights(self) -> tuple[float, ...]:
        """The factor of each summand in the objective, 0 or more; the call does not apply it."""
        ...

    @property
    def layer(self) -> str | None:
        """The layer that the term reads, None if it reads the image itself."""
        ...

    def __call__(self, features: Mapping[str, Tensor], image: Tensor) -> Tensor:
        """Return the unweighted values `(len(names),)`.

        `features`, by layer name, belong to `image` or to a view of it; `image` is always the image itself.
        """
        ...


@dataclass(frozen=True, eq=False)
class ContentTerm:
    """`content_loss` at one layer; `mask` `(1, 1, H, W)` at the layer's size weighs the positions.

    Raises RecipeError as `content_loss` does, and on a negative or non-finite weight.
    """

    additive: ClassVar[bool] = True
    layer: str
    weight: float
    target: Tensor
    normalisation: str
    mask: Tensor | None = None
    _scale: Tensor = field(init=False, repr=False)

    def __post_init__(self) -> None:
        check_term_weight(self.weight, self.names[0])
        object.__setattr__(self, "_scale", content_scale(self.target, self.normalisation, self.mask))

    @property
    def names(self) -> tuple[str]:
        """ "content/" and the layer."""
        return (f"content/{self.layer}",)

    @property
    def weights(self) -> tuple[float]:
        """The weight."""
        return (self.weight,)

    def __call__(self, features: Mapping[str, Tensor], image: Tensor) -> Tensor:  # noqa: ARG002
        """Return the unweighted value `(1,)`; see `Term`."""
        value = content_loss(features[self.layer], self.target, self.normalisation, self.mask, self._scale)
        return value.view(1)

    def cut(self, rows: slice, columns: slice) -> ContentPart:
        """Return the term of a tile, whose sum is the value over its positions; see `TiledTerm`."""
        mask = None if self.mask is None else self.mask[:, :, rows, columns]
        return ContentPart(self.target[:, :, rows, columns], self.normalisation, mask, self._scale)

    def total(self, sums: Sequence[Tensor]) -> Tensor:
        """Return the unweighted value `(1,)`; see `TiledTerm`."""
        return sums[0].view(1)


class StyleTerm:
    """Distances of one layer, or of its regions, from several `targets` (results of `loss.measure`).

    `weights` has one number per target. `masks` `(K, 1, H, W)` at the layer's size define regions, and `regions` gives
    the index of each target's mask; by default target k has mask k, and targets may share a mask. Without masks every
    target is compared with the whole image. A `MomentLoss` measures the image, or each region, once for all targets
    (masks as in `Regions`); other losses compare target by target. `names` default to "style/<layer>", or
    "style1/<layer>" and so on for several. Raises RecipeError on negative or non-finite weights, on numbers of weights,
    names or regions that do not fit, and on masks as `Regions` does.
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
        self.additive = False
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
            check_term_weight(weight, name)
        self._regions: Regions | None = None
        self._region_indices = [0] * len(self.targets)
        if masks is not None:
            chosen = range(len(self.targets)) if regions is None else regions
            _check_regions(chosen, len(self.targets), len(masks), layer)
            used = sorted(set(chosen))
            self._region_indices = [used.index(region) for region in chosen]
            self._regions = Regions(masks[used])
        elif regions is not None:
            raise RecipeError(f"The style term of {layer} has regions but no masks; give both or neither.")

    def __call__(self, features: Mapping[str, Tensor], image: Tensor) -> Tensor:  # noqa: ARG002
        """Return the unweighted distances, one per target; see `Term`."""
        layer_features = features[self.layer]
        pairs = list(zip(self.targets, self._region_indices, strict=True))
        if isinstance(self.loss, MomentLoss):
            return self._compare(
                [moment_sums(layer_features)] if self._regions is None else self._regions.sums(layer_features)
            )
        if self._regions is None:
            distances = [self.loss.distance(layer_features, target) for target in self.targets]
        else:
            masks = self._regions.masks
            distances = [
                self.loss.distance(layer_features, target, masks[[region]]) for target, region in pairs
            ]
        return torch.stack(distances)

    def cut(self, rows: slice, columns: slice) -> StylePart:
        """Return the sums over the positions of a tile as a function; see `TiledTerm`. The loss is a `MomentLoss`."""
        return StylePart(None if self._regions is None else self._regions.cut(rows, columns))

    def total(self, sums: Sequence[Tensor]) -> Tensor:
        """Return the unweighted distances, one per target; see `TiledTerm`."""
        return self._compare([MomentSums(*sums[i : i + 3]) for i in range(0, len(sums), 3)])

    def _compare(self, regions: Sequence[MomentSums]) -> Tensor:
        assert isinstance(self.loss, MomentLoss)
        measured = [self.loss.from_sums(region) for region in regions]
        pairs = zip(self.targets, self._region_indices, strict=True)
        return torch.stack([self.loss.compare(measured[region], target) for target, region in pairs])


@dataclass(frozen=True, eq=False)
class PixelTerm(ABC):
    """A single summand that reads the image itself. Raises RecipeError on a negative or non-finite weight."""

    name: ClassVar[str]
    weight: float

    def __post_init__(self) -> None:
        check_term_weight(self.weight, self.name)

    @property
    def names(self) -> tuple[str, ...]:
        """The name alone."""
        return (self.name,)

    @property
    def weights(self) -> tuple[float, ...]:
        """The weight alone."""
        return (self.weight,)

    @property
    def layer(self) -> None:
        """None: the term reads pixels."""
        return None

    @abstractmethod
    def value(self, image: Tensor) -> Tensor:
        """Return the unweighted value of `image` `(B, C, H, W)`, a scalar."""

    @property
    def additive(self) -> bool:
        """Whether the value is the sum of the bands' parts; see `BandedTerm`."""
        return True

    def __call__(self, features: Mapping[str, Tensor], image: Tensor) -> Tensor:  # noqa: ARG002
        """Return the unweighted value `(1,)`; see `Term`."""
        return self.value(image).reshape(1)


@dataclass(frozen=True, eq=False)
class VariationTerm(PixelTerm):
    """`total_variation` of the image. Raises RecipeError on an unknown form, and as `PixelTerm` does."""

    name: ClassVar[str] = "variation"
    form: str
    _variation: Callable[[Tensor], Tensor] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "_variation", VARIATIONS.find(self.form).load())

    def value(self, image: Tensor) -> Tensor:
        """Return the total variation of `image`."""
        check_image(image)
        return self._variation(image)

    def part(self, band: Band) -> tuple[Tensor, ...]:
        """Return the total variation within a band; see `BandedTerm`."""
        return (VARIATIONS[self.form].load_band()(band),)

    def total(self, sums: Sequence[Tensor]) -> Tensor:
        """Return the total variation `(1,)`; see `BandedTerm`."""
        return sums[0].view(1)


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


def check_term_weight(weight: float, name: str) -> None:
    """Raise RecipeError unless the ``weight`` of the term ``name`` is finite and 0 or more."""
    if not (math.isfinite(weight) and weight >= 0):
        raise RecipeError(f"The weight of term '{name}' is {weight}; give a finite number, 0 or more.")
