"""The encoder of the losses of one-pass networks, projected to as few channels as the compact encoder has."""

from __future__ import annotations

import random
from collections.abc import Sequence

from torch import Tensor

from impasto.encoders import COMPONENTS, Encoder
from impasto.feedforward.objective import CONTENT_WEIGHTS, STYLE_LAYERS
from impasto.feedforward.projected_encoder import ProjectedEncoder, project
from impasto.training.crops import random_crop

LOSS_LAYERS = tuple(dict.fromkeys((*STYLE_LAYERS, *CONTENT_WEIGHTS)))
# Pictures on which the principal directions of the losses' encoder are measured, half photographs, half style images.
PROJECTION_PICTURES = 96
PROJECTION_SIDE = 256


def loss_encoder(
    encoder: Encoder, photographs: Sequence[Tensor], style_images: Sequence[Tensor], seed: int
) -> ProjectedEncoder:
    """Return `encoder` projected to as many channels as the compact encoder has, for style and content losses."""
    rng = random.Random(seed)
    components = {layer: COMPONENTS[layer] for layer in LOSS_LAYERS}
    device = next(encoder.parameters()).device
    crops = (
        random_crop(rng.choice(pictures), PROJECTION_SIDE, rng).to(device)
        for pictures in (photographs, style_images)
        for _ in range(PROJECTION_PICTURES // 2)
    )
    return project(encoder, components, crops)
