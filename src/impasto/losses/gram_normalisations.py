"""Published normalisations of Gram matrices. Importing this module does not import torch."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class GramRule(NamedTuple):
    """Divisors of the Gram matrix, and the factor on the sum (or mean) of squared differences.

    ``formula`` is the loss of Gram matrices G and A of the image and the style, both with C channels and M positions.
    """

    by_positions: bool
    by_channels: bool
    average: bool
    factor: float
    formula: str
    source: str


_MEAN_OF_DIVIDED = GramRule(
    by_positions=True,
    by_channels=True,
    average=True,
    factor=1.0,
    formula="mean of (G - A)^2 / (C M)^2",
    source="d2l.ai, Neural Style Transfer, `gram` and `style_loss`",
)

GRAM_NORMALISATIONS: Mapping[str, GramRule] = MappingProxyType(
    {
        "gatys": GramRule(
            by_positions=True,
            by_channels=False,
            average=True,
            factor=0.25,
            formula="sum of (G - A)^2 / (4 C^2 M^2)",
            source="Gatys, Ecker & Bethge 2016, equations 3 and 4",
        ),
        "d2l": _MEAN_OF_DIVIDED,
        # The same rule under the name by which readers of PyTorch's examples look for it.
        "pytorch": _MEAN_OF_DIVIDED._replace(
            source="pytorch/examples, fast_neural_style; PyTorch's tutorial Neural Transfer Using PyTorch"
        ),
        "johnson": GramRule(
            by_positions=True,
            by_channels=True,
            average=False,
            factor=1.0,
            formula="sum of (G - A)^2 / (C M)^2",
            source="Johnson, Alahi & Fei-Fei 2016, equations 3 and 4",
        ),
        "undivided": GramRule(
            by_positions=False,
            by_channels=False,
            average=True,
            factor=1.0,
            formula="mean of (G - A)^2",
            source="Mixed Neural Style Transfer With Two Style Images",
        ),
    }
)

GRAM_FORMULAS = (
    "Normalisation for the style loss gram, with Gram matrices G of the output and A of the style image, C channels "
    f"and M positions. {'; '.join(f'{name}: {rule.formula}' for name, rule in GRAM_NORMALISATIONS.items())}."
)
