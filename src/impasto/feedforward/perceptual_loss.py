"""The losses of Johnson et al.: features of one layer, Gram matrices of four, total variation.

Source: Johnson, Alahi & Fei-Fei, Perceptual Losses for Real-Time Style Transfer and Super-Resolution, ECCV 2016,
sections 3.2 and 4.1.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from impasto.encoders import Encoder
from impasto.feedforward.style_settings import GivenStyleSettings
from impasto.imaging import fit, resize
from impasto.losses import GramLoss, content_loss, total_variation

# Published layer of VGG-16 -> the layer nearest to it in the compact encoder.
NEAREST = {"relu1_2": "relu1_1", "relu2_2": "relu2_1", "relu3_3": "relu3_1", "relu4_3": "relu4_1"}
STYLE_LAYERS = tuple(NEAREST)
CONTENT_LAYER = "relu3_3"


def published_layers(encoder: Encoder) -> dict[str, str]:
    """Return the layer of ``encoder`` that serves as each published layer: the layer itself, or the nearest.

    Deviation: only VGG networks have the published layers.
    """
    return {name: name if name in encoder.layers else near for name, near in NEAREST.items()}


class PerceptualLoss:
    """Content at relu3_3, Gram matrices G / (C H W) at relu1_2, relu2_2, relu3_3, relu4_3, total variation.

    Deviation: features of a layer are divided by their root mean square over the style images (Gram matrices by that
    of a whole position), since the published weights belong to Caffe's features of 0-255 pixels. The default style
    weight of 20 is about the ratio of the authors' 5 to 1 in those units (between 6 and 55 by layer), the total
    variation's 0.02 to 2 are their 1e-6 to 1e-4.
    Deviation: the style loss is the mean over the entries of a Gram matrix ("d2l"), as in the authors' code; the paper
    sums them ("johnson").
    Deviation: total variation is a mean over pixels of 0 to 1; the authors' is half the sum over pixels of -150 to 150.
    Deviation: the weights of VGG-16 are torchvision's; the authors use Caffe's.
    """

    def __init__(
        self, encoder: Encoder, style_images: Sequence[Tensor], settings: GivenStyleSettings
    ) -> None:
        self.encoder = encoder
        self.settings = settings
        self.layers = published_layers(encoder)
        self.style_layers = [self.layers[name] for name in STYLE_LAYERS]
        self.content_layer = self.layers[CONTENT_LAYER]
        self.gram = GramLoss("d2l")
        resized = (
            resize(image, fit(image.shape[2], image.shape[3], settings.size)) for image in style_images
        )
        features = [self._features(image) for image in resized]
        self.scales = {
            layer: float(torch.stack([f[layer].square().mean() for f in features]).mean().sqrt())
            for layer in self.style_layers
        }
        self.grams = {
            layer: torch.cat([self.gram.measure(self._scaled(f[layer], layer)) for f in features])
            for layer in self.style_layers
        }

    def loss(
        self, painted: Tensor, photographs: Tensor, styles: Sequence[int]
    ) -> tuple[Tensor, dict[str, float]]:
        """Return the loss of a painted batch `(B, 3, h, w)`, one of the `styles` for each picture, and its parts."""
        features = self.encoder(painted, tuple(dict.fromkeys([*self.style_layers, self.content_layer])))
        with torch.no_grad():
            target = self.encoder(photographs, (self.content_layer,))[self.content_layer].float()
        scale = self.scales[self.content_layer]
        content = content_loss(features[self.content_layer].float() / scale, target / scale, "mean")
        style = painted.new_zeros(())
        for layer in self.style_layers:
            measured = self.gram.measure(self._scaled(features[layer].float(), layer))
            style = style + self.gram.compare(measured, self.grams[layer][list(styles)])
        variation = total_variation(painted, "l2")
        settings = self.settings
        loss = content + settings.style_weight * style + settings.variation_weight * variation
        figures = {
            "style": float(style.detach()),
            "content": float(content.detach()),
            "variation": float(variation.detach()),
        }
        return loss, figures

    @torch.no_grad()
    def _features(self, style_image: Tensor) -> dict[str, Tensor]:
        features = self.encoder(style_image, tuple(self.style_layers))
        return {layer: x.float() for layer, x in features.items()}

    def _scaled(self, features: Tensor, layer: str) -> Tensor:
        """Return features scaled to a mean square of C a channel, so that G / (C H W) is near 1."""
        factor = features.shape[1] ** 0.5 / self.scales[layer]
        return features * float(factor)
