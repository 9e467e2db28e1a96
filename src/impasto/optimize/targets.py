"""Targets: what content and styles are like at one scale through one view, as terms of the objective."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from impasto.encoders import Encoder
from impasto.guidance.finish import Protection
from impasto.guidance.guides import Patch, Placement
from impasto.imaging import area_average, resize, scale_mask
from impasto.losses import ContentTerm, SlicedWassersteinLoss, StyleLoss, StyleTerm, Term, style_loss
from impasto.optimize.mixing import acts, style_name
from impasto.optimize.plan import ScalePlan
from impasto.optimize.recipe import Recipe
from impasto.optimize.views import View

# A region that covers less than this share of a layer says nothing there.
LEAST_SHARE = 1e-6


@dataclass
class Targets:
    """Measures content and styles for one scale; `terms` gives those of a view.

    ``mix`` are the weights of the styles at this scale; a style of weight 0 is not looked at. ``generator`` is
    where losses with random parts draw from, so that a checkpoint of its state resumes them exactly.
    """

    recipe: Recipe
    scale: ScalePlan
    encoder: Encoder
    content: Tensor | None
    styles: Sequence[Tensor]
    placement: Placement
    mix: Sequence[float]
    generator: torch.Generator | None = None
    protection: Protection | None = None
    _measured: dict[tuple[bool, bool], dict[str, list[object]]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        size = (self.scale.height, self.scale.width)
        self.content = None if self.content is None else resize(self.content, size)
        self.styles = [resize(s, to) for s, to in zip(self.styles, self.scale.styles, strict=True)]
        self.losses = {layer: self._loss() for layer, weight in self.recipe.style_layers.items() if weight}
        names = list(self.encoder.layers)
        self.order = sorted(self.losses, key=lambda layer: names.index(self.encoder.resolve([layer])[layer]))
        self.open = None if self.protection is None else self.protection.open_part(size)
        self.patches = [patch for patch in self.placement.patches if self.mix[patch.style]]
        # Regions are told apart by identity: patches of one colour share its mask, which is then read once.
        distinct = {id(patch.mask): patch.mask for patch in self.patches}
        self.rows = {key: index for index, key in enumerate(distinct)}
        self.masks = self._masks(list(distinct.values()), size)

    def terms(self, view: View) -> list[Term]:
        """Return the terms of content and styles through ``view``; each picture passes the encoder once."""
        found: list[Term] = []
        if self.content is not None and any(self.recipe.content_layers.values()):
            found += self._content_terms(self.content, view)
        if self.patches and self.losses:
            found += [term for layer in self.losses if (term := self._style_term(layer, view)) is not None]
        return found

    def _content_terms(self, content: Tensor, view: View) -> list[Term]:
        weights = {layer: weight for layer, weight in self.recipe.content_layers.items() if weight}
        features = self.encoder(view.apply(content), list(weights))
        found: list[Term] = []
        for layer, weight in weights.items():
            mask = None if self.open is None else self._at_layer(view.apply(self.open), layer)
            if mask is None or float(mask.mean()) > LEAST_SHARE:
                total = self.recipe.content_weight * weight
                found.append(ContentTerm(layer, total, features[layer], self.recipe.content_loss, mask))
        return found

    def _style_term(self, layer: str, view: View) -> Term | None:
        """Return the term of all styles at one layer, None if none acts there."""
        count = len(self.styles)
        measured = self._measure(view)[layer]
        masks = None if self.masks is None else self._at_layer(view.apply(self.masks), layer)
        chosen: list[int] = []
        for index, patch in enumerate(self.patches):
            there = masks is None or float(masks[self._row(patch)].mean()) > LEAST_SHARE
            if (
                there
                and measured[index] is not None
                and acts(self.recipe, count, patch.style, layer, self.order)
            ):
                chosen.append(index)
        if not chosen:
            return None
        # Styles with layers of their own do not meet, so that nothing is mixed.
        if self.recipe.blend == "statistics" and count > 1 and self.recipe.share != "layers":
            shares = [self.mix[self.patches[index].style] for index in chosen]
            mixed = self.losses[layer].mix([measured[index] for index in chosen], shares)
            weight = self.recipe.style_weight * self.recipe.style_layers[layer]
            return StyleTerm(layer, self.losses[layer], [mixed], [weight], masks)
        rows = sorted({self._row(self.patches[index]) for index in chosen})
        return StyleTerm(
            layer,
            self.losses[layer],
            [measured[index] for index in chosen],
            [self._weight(self.patches[index], layer) for index in chosen],
            None if masks is None else masks[rows],
            names=[self._name(index, layer) for index in chosen],
            regions=None if masks is None else [rows.index(self._row(self.patches[i])) for i in chosen],
        )

    def _measure(self, view: View) -> Mapping[str, list[object]]:
        """Return what is remembered of every patch's style by layer; shifts do not change it."""
        way = (view.mirrored, view.turned)
        if way not in self._measured:
            found: dict[str, list[object]] = {layer: [] for layer in self.losses}
            features: dict[int, dict[str, Tensor]] = {}
            for patch in self.patches:
                style = self.styles[patch.style]
                if patch.style not in features:
                    features[patch.style] = self.encoder(view.orient(style), list(self.losses))
                source = None
                if patch.source is not None:
                    source = view.orient(scale_mask(patch.source, *style.shape[2:]).to(style.device))
                for layer, loss in self.losses.items():
                    weight = None if source is None else self._at_layer(source, layer)
                    empty = weight is not None and float(weight.mean()) <= LEAST_SHARE
                    known = None if empty else loss.measure(features[patch.style][layer], weight)
                    found[layer].append(known)
            self._measured[way] = found
        return self._measured[way]

    def _masks(self, masks: Sequence[Tensor | None], size: tuple[int, int]) -> Tensor | None:
        """Return where each region may be painted (K,1,h,w), None if everything may be everywhere."""
        if self.open is None and all(mask is None for mask in masks):
            return None
        whole = torch.ones(1, 1, *size) if self.open is None else self.open
        scaled = [whole if mask is None else scale_mask(mask, *size) * whole for mask in masks]
        self.shares = [float(mask.mean() / whole.mean()) for mask in scaled]
        return torch.cat(scaled).to(next(self.encoder.parameters()).device)

    def _at_layer(self, mask: Tensor, layer: str) -> Tensor:
        stride = self.encoder.layers[self.encoder.resolve([layer])[layer]].stride
        height, width = mask.shape[2] // stride, mask.shape[3] // stride
        return area_average(mask, height, width, stride)

    def _row(self, patch: Patch) -> int:
        return self.rows[id(patch.mask)]

    def _weight(self, patch: Patch, layer: str) -> float:
        """Return the weight of a patch: in proportion to its area, so that every pixel is pulled alike."""
        share = 1.0 if self.masks is None else self.shares[self._row(patch)]
        return self.recipe.style_weight * self.recipe.style_layers[layer] * patch.weight * share

    def _name(self, index: int, layer: str) -> str:
        patch = self.patches[index]
        earlier = sum(other.style == patch.style for other in self.patches[:index])
        return f"{style_name(patch.style, len(self.styles))}/{layer}" + (f"/{earlier + 1}" if earlier else "")

    def _loss(self) -> StyleLoss[Any]:
        recipe = self.recipe
        if recipe.style_loss == "sliced":
            return SlicedWassersteinLoss(generator=self.generator, seed=recipe.seed)
        return style_loss(
            recipe.style_loss, normalisation=recipe.gram if recipe.style_loss == "gram" else None
        )
