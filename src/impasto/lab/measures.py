"""Measures of a painted cell, by name; each returns one or several named values.

To add a measure, write a function of a `MeasureInput` and add it to `MEASURES`.
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
from impasto.lab.paint import PaintRun
from impasto.losses import relative_error
from impasto.metrics import MEASURES as JUDGE_MEASURES
from impasto.metrics import FeatureExtractor, judge, ssim, style_distance

JUDGED = ("style5", "style", "Ls", "sliced", "checkerboard", "noise")
JUDGED_CONTENT = ("content", "Lc", "repetition")


@dataclass(frozen=True)
class MeasureInput:
    """Input of a measure: the finished run, its content and style images, its encoder and the judge.

    ``content`` (1,3,h,w) has the size of the output; it is None for a cell without one. Each of ``styles`` has the
    longer side of the output.
    """

    run: PaintRun
    content: Tensor | None
    styles: Sequence[Tensor]
    encoder: Encoder
    judge: Encoder

    @property
    def output(self) -> Tensor:
        """The painted picture (1,3,h,w)."""
        return self.run.result.pixels

    @property
    def longest(self) -> int:
        """The longer side of the output."""
        return max(self.output.shape[2:])

    def layers(self, kind: str) -> list[str]:
        """Return the layers of the "content" or "style" loss that have a weight."""
        weights: Mapping[str, float] = getattr(self.run.recipe, f"{kind}_layers")
        return [layer for layer, weight in weights.items() if weight]


def measure_input(
    run: PaintRun, content: Tensor | None, styles: Sequence[Tensor], encoder: Encoder, judging: Encoder
) -> MeasureInput:
    """Return the input of the measures, with content and styles resized to match the output."""
    height, width = run.result.pixels.shape[2:]
    resized_styles = [
        resize(style, fit(style.shape[2], style.shape[3], max(height, width))) for style in styles
    ]
    resized_content = None if content is None else resize(content, (height, width))
    return MeasureInput(run, resized_content, resized_styles, encoder, judging)


def content_error(data: MeasureInput) -> dict[str, float]:
    """Return the error of the content layers at the start and the end, and their ratio.

    Mean over the layers of the squared difference divided by the variance of the content image's features, through
    the encoder that painted: 0 for equal features, 1 for a flat picture.
    """
    layers = data.layers("content")
    if data.content is None or not layers:
        return {}
    target = _features(data.encoder, data.content, layers)
    first, last = (
        sum(relative_error(features[layer], target[layer]) for layer in layers) / len(layers)
        for features in (
            _features(data.encoder, picture, layers) for picture in (data.run.start, data.output)
        )
    )
    return {"error at start": first, "error": last, "error fell": first / max(last, 1e-12)}


def style_layers(data: MeasureInput) -> dict[str, float]:
    """Return the STYLE distance at every style layer, and the largest of them.

    Through the encoder that painted, to the first style; see `impasto.metrics.style_distance`.
    """
    layers = data.layers("style")
    if not data.styles or not layers:
        return {}
    output, style = (_features(data.encoder, picture, layers) for picture in (data.output, data.styles[0]))
    distances = {f"style {layer}": style_distance(output[layer], style[layer]) for layer in layers}
    return {**distances, "worst style": max(distances.values())}


def structure(data: MeasureInput) -> dict[str, float]:
    """Return the structural similarity with the content image, in [-1, 1]."""
    return {} if data.content is None else {"SSIM": ssim(data.output, data.content)}


def judged(data: MeasureInput) -> dict[str, float]:
    """Return `judge_values` of the output; with several styles also STYLE 1, STYLE 2, ..."""
    values = judge_values(data.output, data.content, data.styles[0], data.judge) if data.styles else {}
    if len(data.styles) > 1:
        for index, style in enumerate(data.styles):
            scores = judge(data.output, data.output, style, data.judge, data.longest, ("style",))
            values[f"STYLE {index + 1}"] = scores.style
    return values


def judge_values(
    output: Tensor, content: Tensor | None, style: Tensor, judging: FeatureExtractor
) -> dict[str, float]:
    """Return the scores of `JUDGED`, and of `JUDGED_CONTENT` where there is a content image, by their headings.

    Measured at the size of the output. A measure that the judge does not allow is left out.
    """
    names = JUDGED if content is None else (*JUDGED, *JUDGED_CONTENT)
    scores = judge(
        output, output if content is None else content, style, judging, max(output.shape[2:]), names
    )
    return {JUDGE_MEASURES[name].heading: value for name, value in scores.items()}


def losses(data: MeasureInput) -> dict[str, float]:
    """Return the loss at the first and at the last step, and its weighted terms at the last."""
    first, last = data.run.trace[0], data.run.trace[-1]
    terms = {
        f"loss {name}": value
        for name, value in last.items()
        if "/" in name or name in ("variation", "value_range")
    }
    return {"loss at start": first["loss"], "loss": last["loss"], **terms}


def cost(data: MeasureInput) -> dict[str, float]:
    """Return seconds, steps, and the number of encoder passes with a gradient."""
    return {
        "seconds": data.run.result.seconds,
        "steps": float(len(data.run.trace)),
        "passes": float(data.run.trace[-1]["passes"]),
    }


def improvements(data: MeasureInput) -> dict[str, float]:
    """Return each style's relative improvement RI, its loss at the start over that at the end, and its sigma.

    The sigmas are the factors that balanced the styles.
    """
    result = data.run.result
    values = {f"RI {index + 1}": value for index, value in enumerate(result.improvements)}
    if len(result.improvements) == 2:
        values["RI 1 / RI 2"] = result.improvements[0] / max(result.improvements[1], 1e-12)
    return values | {f"sigma {index + 1}": value for index, value in enumerate(result.sigmas)}


def style_losses(data: MeasureInput) -> dict[str, float]:
    """Return each style's loss at the start and at the end, without its factors gamma and sigma.

    Their ratio, start over end, is the style's relative improvement RI.
    """
    values: dict[str, float] = {}
    losses = zip(data.run.start_losses, data.run.result.improvements, strict=True)
    for index, (start, improvement) in enumerate(losses, start=1):
        values |= {f"style {index} at start": start, f"style {index} at end": start / improvement}
    return values


def _features(encoder: Encoder, picture: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
    device = next(encoder.parameters()).device
    with torch.no_grad():
        return {name: features.cpu() for name, features in encoder(picture.to(device), layers).items()}


MEASURES: Mapping[str, Callable[[MeasureInput], dict[str, float]]] = MappingProxyType(
    {
        "content_error": content_error,
        "style_layers": style_layers,
        "ssim": structure,
        "judge": judged,
        "loss": losses,
        "cost": cost,
        "improvements": improvements,
        "style_losses": style_losses,
    }
)
"""Every measure by name; a study lists the names it needs."""


def measure(names: Sequence[str], data: MeasureInput) -> dict[str, float]:
    """Return the values of these measures; raises `RecipeError` for an unknown name."""
    values: dict[str, float] = {}
    for name in names:
        if name not in MEASURES:
            raise RecipeError(unknown("measure", name, MEASURES))
        values |= MEASURES[name](data)
    return values
