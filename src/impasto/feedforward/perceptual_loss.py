"""The losses of Johnson et al.: features of one layer, Gram matrices of four, total variation.

Source: Johnson, Alahi & Fei-Fei, Perceptual Losses for Real-Time Style Transfer and Super-Resolution, ECCV 2016,
sections 3.2 and 4.1.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from impasto.encoders import Encoder
from impasto.feedforward.style_settings import StyleSettings
from impasto.imaging import fit, resize
from impasto.losses import GramLoss, content_loss, total_variation

# Layer of VGG-16 -> what is nearest to it in the compact encoder, which has heads on four layers only.
NEAREST = {"relu1_2": "relu1_1", "relu2_2": "relu2_1", "relu3_3": "relu3_1", "relu4_3": "relu4_1"}
STYLE_LAYERS = tuple(NEAREST)
CONTENT_LAYER = "relu3_3"


class PerceptualLoss:
    """Content at relu3_3, Gram matrices G / (C H W) at relu1_2, relu2_2, relu3_3, relu4_3, total variation.

    Deviation: features of a layer are divided by their root mean square over the paintings (Gram matrices by that of a
    whole position), since the published weights belong to Caffe's features of 0-255 pixels. The default style weight
    of 20 is about the ratio of the authors' 5 to 1 in those units (between 6 and 55 by layer), the total variation's
    0.02 to 2 are their 1e-6 to 1e-4.
    """

    def __init__(self, encoder: Encoder, paintings: Sequence[Tensor], settings: StyleSettings) -> None:
        self.encoder = encoder
        self.settings = settings
        own = {name: name if name in encoder.layers else near for name, near in NEAREST.items()}
        self.style_layers = [own[name] for name in STYLE_LAYERS]
        self.content_layer = own[CONTENT_LAYER]
        self.gram = GramLoss("d2l")
        features = [self._features(resize(p, fit(p.shape[2], p.shape[3], settings.size))) for p in paintings]
        self.scales = {
            layer: float(torch.stack([one[layer].square().mean() for one in features]).mean().sqrt())
            for layer in self.style_layers
        }
        self.grams = {
            layer: torch.cat([self.gram.measure(self._whole(one[layer], layer)) for one in features])
            for layer in self.style_layers
        }

    def loss(
        self, painted: Tensor, photographs: Tensor, chosen: Sequence[int]
    ) -> tuple[Tensor, dict[str, float]]:
        """Return the loss of a painted batch `(B, 3, h, w)` in the styles `chosen`, and its parts."""
        found = self.encoder(painted, tuple(dict.fromkeys([*self.style_layers, self.content_layer])))
        with torch.no_grad():
            held = self.encoder(photographs, (self.content_layer,))[self.content_layer].float()
        scale = self.scales[self.content_layer]
        content = content_loss(found[self.content_layer].float() / scale, held / scale, "mean")
        style = painted.new_zeros(())
        for layer in self.style_layers:
            measured = self.gram.measure(self._whole(found[layer].float(), layer))
            style = style + self.gram.compare(measured, self.grams[layer][list(chosen)])
        variation = total_variation(painted, "l2")
        settings = self.settings
        loss = content + settings.style_weight * style + settings.variation_weight * variation
        return loss, {
            "loss": float(loss.detach()), "style": float(style.detach()), "content": float(content.detach()),
            "variation": float(variation.detach()),
        }  # fmt: skip

    @torch.no_grad()
    def _features(self, painting: Tensor) -> dict[str, Tensor]:
        found = self.encoder(painting, tuple(self.style_layers))
        return {layer: x.float() for layer, x in found.items()}

    def _whole(self, features: Tensor, layer: str) -> Tensor:
        """Return features of a mean square of 1 a channel, times the root of the channels: G / (C H W) is then of 1."""
        factor = features.shape[1] ** 0.5 / self.scales[layer]
        return features * float(factor)
