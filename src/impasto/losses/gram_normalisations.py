"""Published normalisations of Gram matrices. Importing this module does not import torch."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class GramRule(NamedTuple):
    """How a Gram matrix of C channels and M positions is divided, and its squared differences summed.

    It is divided by ``M^positions C^channels``. ``average`` divides the sum of squared differences by C^2, and
    ``factor`` multiplies it.
    """

    positions: float
    channels: float
    average: bool
    factor: float

    @property
    def same_size(self) -> bool:
        """Whether the divided matrix still grows with the image, so that only images of one size can be compared."""
        return self.positions != 1


GRAM_NORMALISATIONS: Mapping[str, GramRule] = MappingProxyType(
    {
        "gatys": GramRule(positions=1, channels=0, average=True, factor=0.25),
        "d2l": GramRule(positions=1, channels=1, average=True, factor=1.0),
        "johnson": GramRule(positions=1, channels=1, average=False, factor=1.0),
        "undivided": GramRule(positions=0, channels=0, average=True, factor=1.0),
        "tutorial": GramRule(positions=0.5, channels=0.5, average=True, factor=1.0),
    }
)
