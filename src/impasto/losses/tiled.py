"""Terms whose values follow from sums over the tiles of an image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from torch import Tensor

from impasto.errors import RecipeError
from impasto.losses.bands import Band
from impasto.losses.base import MomentLoss
from impasto.losses.registry import STYLE_LOSSES, VARIATIONS
from impasto.losses.terms import StyleTerm, Term, VariationTerm
from impasto.losses.tile_parts import TilePart


@runtime_checkable
class TiledTerm(Term, Protocol):
    """A term of features. The sums of the parts of all tiles give its value.

    ``additive``: the one sum is the value itself, so that it needs no pass over all tiles before the gradient.
    """

    additive: bool

    def cut(self, rows: slice, columns: slice) -> TilePart:
        """Return the function that gives the sums over the tile at ``rows`` and ``columns`` of the map."""
        ...

    def total(self, sums: Sequence[Tensor]) -> Tensor:
        """Return the unweighted values `(len(names),)` from the sums over everything."""
        ...


@runtime_checkable
class BandedTerm(Term, Protocol):
    """A term of pixels. The sums of `part` over all bands of rows give its value; ``additive`` as in `TiledTerm`."""

    additive: bool

    def part(self, band: Band) -> tuple[Tensor, ...]:
        """Return the sums over a band."""
        ...

    def total(self, sums: Sequence[Tensor]) -> Tensor:
        """Return the unweighted value `(1,)` from the sums over everything."""
        ...


def untileable(term: Term) -> str | None:
    """Return why ``term`` cannot be computed in tiles, None if it can."""
    if isinstance(term, StyleTerm) and not isinstance(term.loss, MomentLoss):
        return f"the style loss of {term.names[0]} is no function of sums over the positions"
    if isinstance(term, VariationTerm) and VARIATIONS[term.form].band is None:
        return f"the total variation '{term.form}' has no form for bands"
    if not (hasattr(term, "cut" if term.layer is not None else "part") and hasattr(term, "total")):
        return f"the term '{term.names[0]}' has no form for tiles"
    return None


def style_loss_tiles(name: str) -> bool:
    """Return whether the style loss called ``name`` is a function of sums over positions."""
    implementation = STYLE_LOSSES.find(name).load()
    return isinstance(implementation, type) and issubclass(implementation, MomentLoss)


def refuse_tiles(name: str) -> RecipeError:
    """Return the error for a style loss that cannot be painted in tiles."""
    able = " or ".join(f"'{other}'" for other in STYLE_LOSSES if style_loss_tiles(other))
    return RecipeError(
        f"The style loss '{name}' compares the whole picture at once and cannot be painted in tiles; choose {able}, or "
        "a size that fits into memory."
    )
