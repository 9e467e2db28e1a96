"""Build the objectives of a scale, whole or in tiles."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import torch

from impasto.encoders.halo import halo_of
from impasto.losses import Term
from impasto.optimize.objective import Objective
from impasto.optimize.terms import ScaleInputs, TermFactory
from impasto.optimize.tiles.grid import make_grid
from impasto.optimize.tiles.objective import TiledObjective
from impasto.optimize.views import View

# Makes an objective in tiles, as `TiledObjective` does.
MakeTiled = Callable[..., TiledObjective]


@torch.no_grad()
def build_objectives(
    inputs: ScaleInputs,
    factories: Sequence[TermFactory],
    views: Iterable[View] = (View(),),
    tiled: MakeTiled = TiledObjective,
) -> dict[View, Objective]:
    """Return the objective of one scale for every view, with the terms of all ``factories`` in their order.

    ``tiled`` makes those of scales that the plan paints in tiles.
    """
    builders = [factory(inputs) for factory in factories]
    return {
        view: make_objective(inputs, [t for terms in builders for t in terms(view)], view, tiled)
        for view in views
    }


def make_objective(
    inputs: ScaleInputs, terms: Sequence[Term], view: View, tiled: MakeTiled = TiledObjective
) -> Objective:
    """Return the objective of ``terms`` through ``view``, in tiles if the plan of the scale says so."""
    scale = inputs.scale
    if scale.tile is None:
        return Objective(inputs.encoder, terms, view, inputs.protection)
    layers = sorted({term.layer for term in terms if term.layer is not None})
    grid = make_grid(*view.size(inputs.size), scale.tile, halo_of(inputs.encoder, layers))
    return tiled(inputs.encoder, terms, view, inputs.protection, grid=grid, kept=scale.kept)
