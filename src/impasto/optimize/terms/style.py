"""Style terms of an objective: one term per layer for all styles and their regions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from impasto.guidance import Patch
from impasto.imaging.masks import scale_mask
from impasto.losses import STYLE_LOSSES, StyleLoss, StyleTerm, Term
from impasto.optimize.mixing import acts, style_name
from impasto.optimize.terms.scale_inputs import MIN_MASK_SHARE, ScaleInputs
from impasto.optimize.views import View


def style_terms(inputs: ScaleInputs) -> Callable[[View], Sequence[Term]]:
    """Build one term per style layer with a weight, if there are styles."""
    return StyleTermBuilder(inputs).terms


class StyleTermBuilder:
    """Measures the styles at one scale and builds their terms.

    A patch is a style together with the region that it is painted in. Patches with the same mask share a region.
    ``masks`` (K,1,h,w) are the K regions, None if there is one region that covers everything, and ``shares`` is the
    part of the paintable area that each region covers.
    """

    def __init__(self, inputs: ScaleInputs) -> None:
        self.inputs = inputs
        self.recipe = inputs.recipe
        self.losses = {layer: self._loss() for layer, weight in self.recipe.style_layers.items() if weight}
        names = list(inputs.encoder.layers)
        # Layers from the shallowest.
        self.order = sorted(
            self.losses, key=lambda layer: names.index(inputs.encoder.resolve([layer])[layer])
        )
        self.patches = [patch for patch in inputs.placement.patches if inputs.mix[patch.style]]
        # Masks are compared by identity: patches of one colour region share a mask, which is then read once.
        distinct = {id(patch.mask): patch.mask for patch in self.patches}
        self._region_numbers = {key: index for index, key in enumerate(distinct)}
        self.shares: list[float] = []
        self.masks = self._scaled_masks(list(distinct.values()))
        self._measured: dict[tuple[bool, bool], dict[str, list[object]]] = {}

    def terms(self, view: View) -> list[Term]:
        """Return the terms of a view; each style image passes through the encoder once per orientation."""
        if not self.patches:
            return []
        terms = (self._layer_term(layer, view) for layer in self.losses)
        return [term for term in terms if term is not None]

    def _layer_term(self, layer: str, view: View) -> Term | None:
        """Return the term of all styles at one layer, None if none acts there."""
        recipe, count = self.recipe, len(self.inputs.styles)
        measured = self._measure(view)[layer]
        masks = None if self.masks is None else self.inputs.at_layer(view.apply(self.masks), layer)
        chosen: list[int] = []
        for index, patch in enumerate(self.patches):
            visible = masks is None or float(masks[self._region(patch)].mean()) > MIN_MASK_SHARE
            if (
                visible
                and measured[index] is not None
                and acts(recipe, count, patch.style, layer, self.order)
            ):
                chosen.append(index)
        if not chosen:
            return None
        loss = self.losses[layer]
        # Styles on layers of their own never share a layer, so nothing is mixed there.
        if recipe.blend == "statistics" and count > 1 and recipe.share != "layers":
            shares = [self.inputs.mix[self.patches[index].style] for index in chosen]
            mixed = loss.mix([measured[index] for index in chosen], shares)
            return StyleTerm(layer, loss, [mixed], [recipe.style_weight * recipe.style_layers[layer]], masks)
        regions = sorted({self._region(self.patches[index]) for index in chosen})
        return StyleTerm(
            layer,
            loss,
            [measured[index] for index in chosen],
            [self._weight(self.patches[index], layer) for index in chosen],
            None if masks is None else masks[regions],
            names=[self._name(index, layer) for index in chosen],
            regions=None if masks is None else [regions.index(self._region(self.patches[i])) for i in chosen],
        )

    def _measure(self, view: View) -> Mapping[str, list[object]]:
        """Return the target of every patch by layer, None for an empty style mask; shifts do not change them."""
        orientation = (view.mirrored, view.turned)
        if orientation not in self._measured:
            inputs = self.inputs
            targets: dict[str, list[object]] = {layer: [] for layer in self.losses}
            features: dict[int, dict[str, Tensor]] = {}
            for patch in self.patches:
                style = inputs.styles[patch.style]
                if patch.style not in features:
                    features[patch.style] = inputs.encoder(view.orient(style), list(self.losses))
                source = None
                if patch.source is not None:
                    source = view.orient(scale_mask(patch.source, *style.shape[2:]).to(style.device))
                for layer, loss in self.losses.items():
                    weight = None if source is None else inputs.at_layer(source, layer)
                    empty = weight is not None and float(weight.mean()) <= MIN_MASK_SHARE
                    target = None if empty else loss.measure(features[patch.style][layer], weight)
                    targets[layer].append(target)
            self._measured[orientation] = targets
        return self._measured[orientation]

    def _scaled_masks(self, masks: Sequence[Tensor | None]) -> Tensor | None:
        """Return the paintable part of each region (K,1,h,w), None if everything may be painted everywhere."""
        size, unprotected = self.inputs.size, self.inputs.unprotected
        if unprotected is None and all(mask is None for mask in masks):
            return None
        everything = torch.ones(1, 1, *size) if unprotected is None else unprotected
        scaled = [everything if mask is None else scale_mask(mask, *size) * everything for mask in masks]
        self.shares = [float(mask.mean() / everything.mean()) for mask in scaled]
        return torch.cat(scaled).to(self.inputs.device)

    def _region(self, patch: Patch) -> int:
        return self._region_numbers[id(patch.mask)]

    def _weight(self, patch: Patch, layer: str) -> float:
        """Return the weight of a patch: proportional to its area, so that every pixel has the same gradient scale."""
        share = 1.0 if self.masks is None else self.shares[self._region(patch)]
        return self.recipe.style_weight * self.recipe.style_layers[layer] * patch.weight * share

    def _name(self, index: int, layer: str) -> str:
        patch = self.patches[index]
        earlier = sum(other.style == patch.style for other in self.patches[:index])
        name = f"{style_name(patch.style, len(self.inputs.styles))}/{layer}"
        return f"{name}/{earlier + 1}" if earlier else name

    def _loss(self) -> StyleLoss[Any]:
        entry = STYLE_LOSSES.find(self.recipe.style_loss)
        return entry.create(
            entry.options_in(self.recipe), seed=self.recipe.seed, generator=self.inputs.generator
        )
