"""Style terms of an objective: one term per layer for all styles and their regions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from impasto.guidance import StyleRegion
from impasto.imaging.masks import scale_mask
from impasto.losses import STYLE_LOSSES, StyleLoss, StyleTerm, Term
from impasto.optimize.mixing import acts, style_name
from impasto.optimize.terms.scale_inputs import MIN_MASK_MEAN, ScaleInputs, TermsOfView
from impasto.optimize.views import View


def style_terms(inputs: ScaleInputs) -> TermsOfView:
    """Build one term per style layer with a weight, if there are styles."""
    return StyleTermBuilder(inputs).terms


class StyleTermBuilder:
    """Measures the styles at one scale and builds their terms.

    Style regions may have the same mask. ``masks`` (K,1,h,w) are the K different masks, None if one region covers
    everything, and ``area_fractions`` is the part of the paintable area that each mask covers.
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
        self.style_regions = [
            region for region in inputs.placement.regions if inputs.style_weights[region.style_index]
        ]
        # Masks are compared by identity: styles of one colour region share a mask, which is then read once.
        distinct = {id(region.mask): region.mask for region in self.style_regions}
        self._mask_indices = {key: index for index, key in enumerate(distinct)}
        self.area_fractions: list[float] = []
        self.masks = self._scaled_masks(list(distinct.values()))
        self._measured: dict[tuple[bool, bool], dict[str, list[object]]] = {}

    def terms(self, view: View) -> list[Term]:
        """Return the terms of a view; each style image passes through the encoder once per orientation."""
        if not self.style_regions:
            return []
        terms = (self._layer_term(layer, view) for layer in self.losses)
        return [term for term in terms if term is not None]

    def _layer_term(self, layer: str, view: View) -> Term | None:
        """Return the term of all styles at one layer, None if none acts there."""
        recipe, count = self.recipe, len(self.inputs.styles)
        measured = self._measure(view)[layer]
        masks = None if self.masks is None else self.inputs.at_layer(view.apply(self.masks), layer)
        chosen: list[int] = []
        for index, style_region in enumerate(self.style_regions):
            visible = masks is None or float(masks[self._mask_index(style_region)].mean()) > MIN_MASK_MEAN
            if (
                visible
                and measured[index] is not None
                and acts(recipe, count, style_region.style_index, layer, self.order)
            ):
                chosen.append(index)
        if not chosen:
            return None
        loss = self.losses[layer]
        # Styles on layers of their own never share a layer, so nothing is mixed there.
        if recipe.blend == "statistics" and count > 1 and recipe.share != "layers":
            style_weights = [
                self.inputs.style_weights[self.style_regions[index].style_index] for index in chosen
            ]
            mixed = loss.average_targets([measured[index] for index in chosen], style_weights)
            return StyleTerm(layer, loss, [mixed], [recipe.style_weight * recipe.style_layers[layer]], masks)
        regions = sorted({self._mask_index(self.style_regions[index]) for index in chosen})
        return StyleTerm(
            layer,
            loss,
            [measured[index] for index in chosen],
            [self._weight(self.style_regions[index], layer) for index in chosen],
            None if masks is None else masks[regions],
            names=[self._name(index, layer) for index in chosen],
            regions=None
            if masks is None
            else [regions.index(self._mask_index(self.style_regions[i])) for i in chosen],
        )

    def _measure(self, view: View) -> Mapping[str, list[object]]:
        """Return the target of every style region by layer, None for an empty style mask; shifts do not change them."""
        orientation = (view.mirrored, view.transposed)
        if orientation not in self._measured:
            inputs = self.inputs
            targets: dict[str, list[object]] = {layer: [] for layer in self.losses}
            features: dict[int, dict[str, Tensor]] = {}
            for style_region in self.style_regions:
                style = inputs.styles[style_region.style_index]
                if inputs.scale.tile is None and style_region.style_index not in features:
                    features[style_region.style_index] = inputs.encoder(view.orient(style), list(self.losses))
                style_mask = None
                if style_region.style_mask is not None:
                    style_mask = view.orient(
                        scale_mask(style_region.style_mask, *style.shape[2:]).to(style.device)
                    )
                masks = {
                    layer: None if style_mask is None else inputs.at_layer(style_mask, layer)
                    for layer in self.losses
                }
                if inputs.scale.tile is None:
                    seen = features[style_region.style_index]
                    found = {
                        layer: loss.measure(seen[layer], masks[layer])
                        for layer, loss in self.losses.items()
                        if not _is_empty(masks[layer])
                    }
                else:
                    found = inputs.measure_tiled(view.orient(style), self.losses, masks)
                for layer in self.losses:
                    empty = _is_empty(masks[layer])
                    targets[layer].append(None if empty else found[layer])
            self._measured[orientation] = targets
        return self._measured[orientation]

    def _scaled_masks(self, masks: Sequence[Tensor | None]) -> Tensor | None:
        """Return the paintable part of each region (K,1,h,w), None if everything may be painted everywhere."""
        size, unprotected = self.inputs.size, self.inputs.unprotected
        if unprotected is None and all(mask is None for mask in masks):
            return None
        everything = torch.ones(1, 1, *size) if unprotected is None else unprotected
        scaled = [everything if mask is None else scale_mask(mask, *size) * everything for mask in masks]
        self.area_fractions = [float(mask.mean() / everything.mean()) for mask in scaled]
        return torch.cat(scaled).to(self.inputs.device)

    def _mask_index(self, style_region: StyleRegion) -> int:
        return self._mask_indices[id(style_region.mask)]

    def _weight(self, style_region: StyleRegion, layer: str) -> float:
        """Return the weight of a style region.

        It is proportional to the area of the region, so that every pixel has the same gradient scale.
        """
        area_fraction = 1.0 if self.masks is None else self.area_fractions[self._mask_index(style_region)]
        return (
            self.recipe.style_weight * self.recipe.style_layers[layer] * style_region.weight * area_fraction
        )

    def _name(self, index: int, layer: str) -> str:
        style_region = self.style_regions[index]
        earlier = sum(other.style_index == style_region.style_index for other in self.style_regions[:index])
        name = f"{style_name(style_region.style_index, len(self.inputs.styles))}/{layer}"
        return f"{name}/{earlier + 1}" if earlier else name

    def _loss(self) -> StyleLoss[Any]:
        entry = STYLE_LOSSES.find(self.recipe.style_loss)
        return entry.create(
            entry.options_in(self.recipe), seed=self.recipe.seed, generator=self.inputs.generator
        )


def _is_empty(mask: Tensor | None) -> bool:
    return mask is not None and float(mask.mean()) <= MIN_MASK_MEAN
