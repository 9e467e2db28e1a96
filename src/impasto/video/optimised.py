"""Frames painted by the optimiser from a given start, with one job for a whole clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch
from torch import Tensor

from impasto.guidance import Guides
from impasto.imaging import from_channels_last, resize, to_channels_last
from impasto.losses.terms import PixelTerm
from impasto.optimize import DEFAULT_TERMS, Finished, Job, Painter, Recipe
from impasto.optimize import open_job as open_optimisation
from impasto.optimize.pictures import PicturesByScale
from impasto.optimize.presets import make_recipe
from impasto.optimize.terms import ScaleInputs, TermsOfView, style_terms
from impasto.video.frame import Pixels, VideoFrame
from impasto.video.one_pass import Style

if TYPE_CHECKING:
    from impasto.imaging import PictureLike
    from impasto.video.settings import VideoSettings

# Weight of the squared difference from what is carried on.
TEMPORAL_WEIGHT = 200.0


@dataclass(frozen=True, eq=False)
class TemporalTerm(PixelTerm):
    """Mean of ``mask (x - target)^2``: the image x stays at ``target`` (1,3,h,w) where ``mask`` (1,1,h,w) is.

    Ruder et al., GCPR 2016, eq. 5: the temporal consistency loss with per-pixel weights.
    """

    name: ClassVar[str] = "temporal"
    target: Tensor
    mask: Tensor

    def value(self, image: Tensor) -> Tensor:
        """Return the weighted mean squared difference."""
        size = (image.shape[2], image.shape[3])
        target, mask = (resize(part.to(image.device), size) for part in (self.target, self.mask))
        return (mask * (image - target).square()).mean()


class FrameOptimiser:
    """Optimises frames of one size; the encoder is opened and the styles are measured once.

    Raises what `impasto.painting.open_job` raises, at the first frame.
    """

    def __init__(self, settings: VideoSettings, styles: Sequence[PictureLike]) -> None:
        self.settings, self.styles = settings, list(styles)
        self._job: Job | None = None
        self._style: Style | None = None
        self._style_terms: TermsOfView | None = None

    def paint(
        self,
        frame: VideoFrame,
        style: Style,
        start: Pixels,
        steps: int,
        carried: tuple[Pixels, Pixels] | None = None,
    ) -> Pixels:
        """Return the frame `(H, W, 3)` after some steps from `start`.

        `carried` is a picture that the result must stay close to and where, `(H, W, 3)` and `(H, W)`.
        """
        recipe = self._recipe(frame, style, steps)
        masks = tuple(torch.from_numpy(np.ascontiguousarray(mask))[None, None] for mask in frame.masks)
        if self._job is None or self._style != style or masks or self._job.plan.recipe != recipe:
            self._job = open_optimisation(
                recipe,
                from_channels_last(frame.pixels),
                self.styles,
                Guides(masks),
                start=from_channels_last(start),
            )
            self._style, self._style_terms = style, None
        content = from_channels_last(frame.pixels)
        pictures = replace(
            self._job.pictures.full, content=content, original=content, start=from_channels_last(start)
        )
        factories = [self._styles_once if factory is style_terms else factory for factory in DEFAULT_TERMS]
        if carried is not None:
            target, mask = from_channels_last(carried[0]), torch.from_numpy(carried[1])[None, None]
            temporal = [TemporalTerm(TEMPORAL_WEIGHT, target, mask)]
            factories.append(lambda inputs: lambda view: temporal)  # noqa: ARG005 (for every scale and view)
        job = replace(self._job, pictures=PicturesByScale(pictures), term_factories=tuple(factories))
        result = next(event.result for event in Painter(job).events() if isinstance(event, Finished))
        return to_channels_last(result.pixels)

    def _styles_once(self, inputs: ScaleInputs) -> TermsOfView:
        """Return the terms of the styles, which do not depend on the frame: masks open another job."""
        if self._style_terms is None:
            self._style_terms = style_terms(inputs)
        return self._style_terms

    def _recipe(self, frame: VideoFrame, style: Style, steps: int) -> Recipe:
        """Return the recipe: one scale of the frame's size, from a picture like that of one pass."""
        settings, side = self.settings, max(frame.pixels.shape[:2])
        total = sum(style.weights)
        fields: dict[str, object] = {
            "seed": settings.seed,
            "device": settings.device,
            "quality": "draft",
            **settings.recipe,
            "start": "fast",
            "size": side,
            "base": side,
            "scales": ((side, steps),),
            "balance": False,
        }
        if style.strength is not None:
            fields["strength"] = style.strength
        if settings.stroke is not None:
            fields["stroke"] = settings.stroke
        if len(self.styles) > 1 and not frame.masks:
            fields["mix"] = tuple(weight / total for weight in style.weights)
        return make_recipe(str(fields.pop("preset", "impasto")), **fields)
