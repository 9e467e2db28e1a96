"""The style losses by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from impasto.errors import RecipeError, unknown
from impasto.losses.base import StyleLoss
from impasto.losses.gram import GRAM_NORMALISATIONS, GramLoss
from impasto.losses.relative import RelativeMomentLoss
from impasto.losses.sliced import SlicedWassersteinLoss
from impasto.losses.wasserstein import WassersteinLoss

STYLE_LOSSES: Mapping[str, type[StyleLoss[Any]]] = MappingProxyType(
    {
        "gram": GramLoss,
        "moments": RelativeMomentLoss,
        "sliced": SlicedWassersteinLoss,
        "wasserstein": WassersteinLoss,
    }
)


def style_loss(name: str, *, normalisation: str | None = None, seed: int = 0) -> StyleLoss[Any]:
    """Return a new style loss by `name`: "gram", "moments", "sliced" or "wasserstein".

    `normalisation` is for "gram" alone ("gatys" if left out), `seed` is where "sliced" starts its random
    directions. Raises RecipeError on an unknown name or normalisation, or one given to another loss.
    """
    if name not in STYLE_LOSSES:
        raise RecipeError(unknown("style loss", name, STYLE_LOSSES))
    if name == "gram":
        return GramLoss(normalisation or "gatys")
    if normalisation is not None:
        raise RecipeError(
            f"Style loss '{name}' has no normalisations (got '{normalisation}'); leave it out, or use "
            f"'gram' with one of {', '.join(GRAM_NORMALISATIONS)}."
        )
    return SlicedWassersteinLoss(seed=seed) if name == "sliced" else STYLE_LOSSES[name]()
