"""What can be measured of a painted cell, by name: each measure gives one or several named values.

To add one, write a function of a `Sight` and put it into `MEASURES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor

from impasto.encoders import Encoder
from impasto.errors import RecipeError, unknown
from impasto.imaging import fit, resize
from impasto.lab.paint import PaintedCell
from impasto.losses.content import relative_error
from impasto.metrics import judge, ssim, style_distance


@dataclass(frozen=True)
class Sight:
    """What a measure sees: the painted cell, the pictures it was painted from, its encoder and the judge.

    ``content`` (1,3,h,w) has the size of the picture, None if the cell has none; ``styles`` are as long as it is.
    """

    painted: PaintedCell
    content: Tensor | None
    styles: Sequence[Tensor]
    encoder: Encoder
    judge: Encoder

    @property
    def pixels(self) -> Tensor:
        """The picture (1,3,h,w)."""
        return self.painted.result.pixels

    @property
    def longest(self) -> int:
        """The picture's longer side."""
        return max(self.pixels.shape[2:])

    def weighted(self, kind: str) -> list[str]:
        """Return the layers that "content" or "style" was painted through."""
        layers: Mapping[str, float] = getattr(self.painted.recipe, f"{kind}_layers")
        return [layer for layer, weight in layers.items() if weight]


def see(
    painted: PaintedCell, content: Tensor | None, styles: Sequence[Tensor], encoder: Encoder, judging: Encoder
) -> Sight:
    """Return what measures see, with the pictures at the size of what was painted."""
    height, width = painted.result.pixels.shape[2:]
    arts = [resize(style, fit(style.shape[2], style.shape[3], max(height, width))) for style in styles]
    photo = None if content is None else resize(content, (height, width))
    return Sight(painted, photo, arts, encoder, judging)


def content_error(sight: Sight) -> dict[str, float]:
    """Return the error of the content layers at the start and the end, and how many times it fell.

    Mean over the layers of the squared difference over the variance of the photograph's features, through the
    encoder that was painted through: 0 for equal features, 1 for a flat picture.
    """
    layers = sight.weighted("content")
    if sight.content is None or not layers:
        return {}
    target = _features(sight.encoder, sight.content, layers)
    first, last = (
        sum(relative_error(found[layer], target[layer]) for layer in layers) / len(layers)
        for found in (_features(sight.encoder, p, layers) for p in (sight.painted.start, sight.pixels))
    )
    return {"error at start": first, "error": last, "error fell": first / max(last, 1e-12)}


def style_layers(sight: Sight) -> dict[str, float]:
    """Return the STYLE distance at every style layer that was painted through, and the largest of them.

    Through the encoder that was painted through, to the first style; see `impasto.metrics.style_distance`.
    """
    layers = sight.weighted("style")
    if not sight.styles or not layers:
        return {}
    ours, theirs = (_features(sight.encoder, p, layers) for p in (sight.pixels, sight.styles[0]))
    found = {f"style {layer}": style_distance(ours[layer], theirs[layer]) for layer in layers}
    return {**found, "worst style": max(found.values())}


def structure(sight: Sight) -> dict[str, float]:
    """Return the structural similarity with the photograph, in [-1, 1]."""
    return {} if sight.content is None else {"SSIM": ssim(sight.pixels, sight.content)}


def judged(sight: Sight) -> dict[str, float]:
    """Return STYLE, CONTENT and NOISE through the judge; of several styles STYLE 1, STYLE 2, ... as well.

    STYLE and NOISE are those of the first style. Without a photograph there is no CONTENT.
    """
    found: dict[str, float] = {}
    for index, style in enumerate(sight.styles):
        against = sight.pixels if sight.content is None else sight.content
        scores = judge(sight.pixels, against, style, sight.judge, sight.longest)
        if index == 0:
            found |= {"STYLE": scores.style, "NOISE": scores.noise}
            found |= {} if sight.content is None else {"CONTENT": scores.content}
        if len(sight.styles) > 1:
            found[f"STYLE {index + 1}"] = scores.style
    return found


def losses(sight: Sight) -> dict[str, float]:
    """Return the loss at the first and at the last step, and its weighted terms at the last."""
    first, last = sight.painted.trace[0], sight.painted.trace[-1]
    terms = {f"loss {name}": value for name, value in last.items() if "/" in name or name == "variation"}
    return {"loss at start": first["loss"], "loss": last["loss"], **terms}


def cost(sight: Sight) -> dict[str, float]:
    """Return seconds, steps, and passes of the encoder with a gradient."""
    last = sight.painted.trace[-1]
    return {
        "seconds": sight.painted.result.seconds,
        "steps": float(len(sight.painted.trace)),
        "passes": float(last["passes"]),
    }


def improvements(sight: Sight) -> dict[str, float]:
    """Return RI of every style, its loss at the start over that at the end, and the sigmas that balanced them."""
    result = sight.painted.result
    found = {f"RI {index + 1}": value for index, value in enumerate(result.improvements)}
    if len(result.improvements) == 2:
        found["RI 1 / RI 2"] = result.improvements[0] / max(result.improvements[1], 1e-12)
    return found | {f"sigma {index + 1}": value for index, value in enumerate(result.sigmas)}


def _features(encoder: Encoder, picture: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
    device = next(encoder.parameters()).device
    with torch.no_grad():
        return {name: found.cpu() for name, found in encoder(picture.to(device), layers).items()}


MEASURES: Mapping[str, Callable[[Sight], dict[str, float]]] = MappingProxyType(
    {
        "content_error": content_error,
        "style_layers": style_layers,
        "ssim": structure,
        "judge": judged,
        "loss": losses,
        "cost": cost,
        "improvements": improvements,
    }
)
"""Every measure by its name; a study names those it wants."""


def measure(names: Sequence[str], sight: Sight) -> dict[str, float]:
    """Return the values of these measures together; raises `RecipeError` for an unknown one."""
    found: dict[str, float] = {}
    for name in names:
        if name not in MEASURES:
            raise RecipeError(unknown("measure", name, MEASURES))
        found |= MEASURES[name](sight)
    return found
