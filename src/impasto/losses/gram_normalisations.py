"""Published normalisations of Gram matrices. Importing this module does not import torch."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class GramRule(NamedTuple):
    """How a Gram matrix of C channels and M positions is divided, and its squared differences summed.

    It is divided by ``M^positions C^channels``. ``average`` divides the sum of squared differences by C^2, and
    ``factor`` multiplies it. ``formula`` is the loss of undivided Gram matrices G and A of the image and the style.
    """

    positions: float
    channels: float
    average: bool
    factor: float
    formula: str
    source: str

    @property
    def same_size(self) -> bool:
        """Whether the divided matrix still grows with the image, so that only images of one size can be compared."""
        return self.positions != 1


_MEAN_OF_DIVIDED = GramRule(
    positions=1,
    channels=1,
    average=True,
    factor=1.0,
    formula="mean of (G - A)^2 / (C M)^2",
    source="d2l.ai, Neural Style Transfer, `gram` and `style_loss`",
)

GRAM_NORMALISATIONS: Mapping[str, GramRule] = MappingProxyType(
    {
        "gatys": GramRule(
            positions=1,
            channels=0,
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
            positions=1,
            channels=1,
            average=False,
            factor=1.0,
            formula="sum of (G - A)^2 / (C M)^2",
            source="Johnson, Alahi & Fei-Fei 2016, equations 3 and 4",
        ),
        "undivided": GramRule(
            positions=0,
            channels=0,
            average=True,
            factor=1.0,
            formula="mean of (G - A)^2",
            source="Mixed Neural Style Transfer With Two Style Images",
        ),
        "tutorial": GramRule(
            positions=0.5,
            channels=0.5,
            average=True,
            factor=1.0,
            formula="mean of (G - A)^2 / (C M)",
            source="a script that many introductions share",
        ),
    }
)

GRAM_FORMULAS = (
    "Normalisation for the style loss gram, with Gram matrices G of the output and A of the style image, C channels "
    f"and M positions. {'; '.join(f'{name}: {rule.formula}' for name, rule in GRAM_NORMALISATIONS.items())}."
)
