"""Published normalisations of Gram matrices. Importing this module does not import torch."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class GramRule(NamedTuple):
    """Divisors of the Gram matrix, and the factor on the sum (or mean) of squared differences."""

    by_positions: bool
    by_channels: bool
    average: bool
    factor: float


GRAM_NORMALISATIONS: Mapping[str, GramRule] = MappingProxyType(
    {
        "gatys": GramRule(by_positions=True, by_channels=False, average=True, factor=0.25),
        "d2l": GramRule(by_positions=True, by_channels=True, average=True, factor=1.0),
        "johnson": GramRule(by_positions=True, by_channels=True, average=False, factor=1.0),
        "undivided": GramRule(by_positions=False, by_channels=False, average=True, factor=1.0),
    }
)
