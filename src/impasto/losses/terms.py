"""Named scalar terms, from which an objective is the weighted sum."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from torch import Tensor

from impasto.errors import RecipeError, unknown
from impasto.losses.base import StyleLoss
from impasto.losses.content import content_loss, content_scale
from impasto.losses.variation import VARIATION_FORMS, total_variation


class Term(Protocol):
    """One summand of an objective: weight times what the call returns."""

    @property
    def name(self) -> str:
        """What events and plots call it, like "style/relu1_1"."""
        ...

    @property
    def weight(self) -> float:
        """The factor in the objective, not applied by the call; 0 or more."""
        ...

    @property
    def layer(self) -> str | None:
        """The layer it reads, None if it reads the image itself."""
        ...

    def __call__(self, features: Mapping[str, Tensor], image: Tensor) -> Tensor:
        """Return the unweighted scalar, from the features of `image` by layer name."""
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
        _check(self.weight, self.name)
        object.__setattr__(self, "_scale", content_scale(self.target, self.normalisation, self.mask))

    @property
    def name(self) -> str:
        """ "content/" and the layer."""
        return f"content/{self.layer}"

    def __call__(self, features: Mapping[str, Tensor], image: Tensor) -> Tensor:  # noqa: ARG002
        """Return the unweighted scalar; see `Term`."""
        return content_loss(features[self.layer], self.target, self.normalisation, self.mask, self._scale)


@dataclass(frozen=True, eq=False)
class StyleTerm:
    """The distance of one layer from `target`, which `loss.measure` gave; `mask` as in `ContentTerm`.

    Raises RecipeError on a negative or non-finite weight.
    """

    layer: str
    weight: float
    loss: StyleLoss[Any]
    target: Any
    mask: Tensor | None = None

    def __post_init__(self) -> None:
        _check(self.weight, self.name)

    @property
    def name(self) -> str:
        """ "style/" and the layer."""
        return f"style/{self.layer}"

    def __call__(self, features: Mapping[str, Tensor], image: Tensor) -> Tensor:  # noqa: ARG002
        """Return the unweighted scalar; see `Term`."""
        return self.loss.distance(features[self.layer], self.target, self.mask)


@dataclass(frozen=True, eq=False)
class VariationTerm:
    """`total_variation` of the image. Raises RecipeError on an unknown form or a weight as above."""

    weight: float
    form: str

    def __post_init__(self) -> None:
        _check(self.weight, self.name)
        if self.form not in VARIATION_FORMS:
            raise RecipeError(unknown("total variation form", self.form, VARIATION_FORMS))

    @property
    def name(self) -> str:
        """Always "variation"."""
        return "variation"

    @property
    def layer(self) -> None:
        """None: it reads pixels."""
        return None

    def __call__(self, features: Mapping[str, Tensor], image: Tensor) -> Tensor:  # noqa: ARG002
        """Return the unweighted scalar; see `Term`."""
        return total_variation(image, self.form)


def _check(weight: float, name: str) -> None:
    if not (math.isfinite(weight) and weight >= 0):
        raise RecipeError(f"The weight of term '{name}' is {weight}; give a finite number, 0 or more.")
