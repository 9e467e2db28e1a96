"""The judge: scores of a finished picture by the registered measures.

Fair figures are measured through the real VGG-19, never only through the encoder that was optimised, and compared with
two baselines: the unchanged content image and the unchanged style image.

Padding of VGG-19's first convolution and resampling change the figures by some percent (an unchanged photograph's STYLE
is 4.20 with zero padding and 4.29 with replication), so compare only figures of one encoder.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from torch import Tensor

from impasto.encoders.vgg import VGG
from impasto.errors import PictureError
from impasto.imaging import fit, resize
from impasto.metrics.comparison import Comparison, JudgedPicture
from impasto.metrics.encoded import FeatureExtractor, encode
from impasto.metrics.published import LEAST_SIDE, PublishedVgg, mean_activation
from impasto.metrics.registry import STYLE5_LAYERS, MeasureEntry, select_measures

LONGEST = 512


@dataclass(frozen=True)
class Scores(Mapping[str, float]):
    """Scores of one picture by the name of the measure, such as ``scores["Lc"]``.

    ``missing`` has the reason for each requested measure without a value. Names, ranges and meanings are those of
    `impasto.metrics.MEASURES`; lower is better, except for ``ssim``.
    """

    measured: Mapping[str, float]
    missing: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> float:
        return self.measured[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.measured)

    def __len__(self) -> int:
        return len(self.measured)

    @property
    def style5(self) -> float:
        """STYLE5: the distance from the style image over relu1_1 to relu5_1."""
        return self["style5"]

    @property
    def style(self) -> float:
        """STYLE: the distance from the style image over relu1_1 to relu4_1."""
        return self["style"]

    @property
    def style_by_layer(self) -> dict[str, float]:
        """The summands of STYLE5 by layer."""
        return {layer: self[layer] for layer in STYLE5_LAYERS}

    @property
    def content(self) -> float:
        """CONTENT: the distance from the content image."""
        return self["content"]

    @property
    def noise(self) -> float:
        """NOISE: fine grain relative to the style image."""
        return self["noise"]

    @property
    def ssim(self) -> float:
        """Structural similarity with the content image."""
        return self["ssim"]


def judge(
    output: Tensor,
    content: Tensor,
    style: Tensor,
    encoder: FeatureExtractor | None,
    longest: int = LONGEST,
    measures: Collection[str] | None = None,
) -> Scores:
    """Return the scores of `output` for a content and a style image, all `(1, 3, H, W)` in [0, 1].

    All are resized to the longer side `longest` first, the content image to the exact size of the output. `measures`
    are names of `impasto.metrics.MEASURES`, by default all. Without an encoder, only measures of pixels have a value.
    Raises PictureError unless each is one RGB picture, and RecipeError for an unknown measure.
    """
    return judge_pictures({"output": output}, content, style, encoder, longest, measures)["output"]


def judge_with_baselines(
    output: Tensor,
    content: Tensor,
    style: Tensor,
    encoder: FeatureExtractor | None,
    longest: int = LONGEST,
    measures: Collection[str] | None = None,
) -> dict[str, Scores]:
    """Return `judge` for "output" and for both baselines: "content" unchanged and "style" unchanged.

    The style baseline is the style image stretched to the size of the content. Errors as in `judge`.
    """
    pictures = {"output": output, "content": content, "style": style}
    return judge_pictures(pictures, content, style, encoder, longest, measures)


def judge_pictures(
    outputs: Mapping[str, Tensor],
    content: Tensor,
    style: Tensor,
    encoder: FeatureExtractor | None,
    longest: int = LONGEST,
    measures: Collection[str] | None = None,
) -> dict[str, Scores]:
    """Return `judge` for several pictures of one content and one style image, which are encoded once.

    All are judged at the size of the first. Errors as in `judge`.
    """
    chosen = select_measures(measures)
    first = _resized(next(iter(outputs.values())), longest)
    size = (first.shape[2], first.shape[3])
    judging = _Judging(encoder, chosen, resize(_single(content), size), _resized(style, longest))
    return {name: judging.score(resize(_single(picture), size)) for name, picture in outputs.items()}


class _Judging:
    """Content and style image of one size, encoded once, and the measures that the encoder allows."""

    def __init__(
        self,
        encoder: FeatureExtractor | None,
        measures: Sequence[MeasureEntry],
        content: Tensor,
        style: Tensor,
    ) -> None:
        self.encoder = encoder
        self.published = PublishedVgg(encoder) if isinstance(encoder, VGG) else None
        self.mean_activation = mean_activation(encoder) or {}
        least = min(*content.shape[2:], *style.shape[2:])
        reasons = {entry.name: self._reason(entry, least) for entry in measures}
        self.missing = {name: reason for name, reason in reasons.items() if reason}
        self.measures = [entry for entry in measures if entry.name not in self.missing]
        self.content, self.style = self._encode(content), self._encode(style)

    def _reason(self, entry: MeasureEntry, least: int) -> str:
        """Return why this encoder or size does not allow a measure; "" if it does."""
        if not entry.layers:
            return ""
        if self.encoder is None:
            return "needs an encoder"
        missing = [layer for layer in entry.layers if layer not in self.encoder.layers]
        if missing:
            return f"the encoder has no layer {', '.join(missing)}; judge through VGG-19"
        if entry.published and not self.mean_activation:
            return "needs the Oxford weights of VGG-19 (encoder vgg19-caffe, or a conversion of them)"
        if entry.published and least < LEAST_SIDE:
            return f"needs pictures of at least {LEAST_SIDE} pixels a side, not {least}"
        return ""

    def _encode(self, picture: Tensor) -> JudgedPicture:
        plain, published = (
            [entry for entry in self.measures if entry.published is flag] for flag in (False, True)
        )
        return JudgedPicture(
            picture,
            encode(picture, self.encoder, _layers(plain), _whole(plain)),
            encode(picture, self.published, _layers(published), _whole(published)),
        )

    def score(self, picture: Tensor) -> Scores:
        """Score a picture of the size of the content image."""
        comparison = Comparison(self._encode(picture), self.content, self.style, self.mean_activation)
        measured: dict[str, float] = {}
        missing = dict(self.missing)
        for entry in self.measures:
            function = entry.load()
            value = function(comparison, entry.layers) if entry.layers else function(comparison)
            if value is None:
                missing[entry.name] = "does not apply to this content image"
            else:
                measured[entry.name] = value
        return Scores(measured, missing)


def _layers(measures: Sequence[MeasureEntry]) -> list[str]:
    return list(dict.fromkeys(layer for entry in measures for layer in entry.layers))


def _whole(measures: Sequence[MeasureEntry]) -> set[str]:
    return {layer for entry in measures if entry.whole for layer in entry.layers}


def _single(image: Tensor) -> Tensor:
    if image.ndim != 4 or tuple(image.shape[:2]) != (1, 3):
        raise PictureError(
            f"The judge scores one RGB picture (1, 3, H, W) at a time, not {tuple(image.shape)}."
        )
    return image.detach()


def _resized(image: Tensor, longest: int) -> Tensor:
    return resize(_single(image), fit(image.shape[2], image.shape[3], longest))
