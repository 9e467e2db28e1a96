"""An encoder whose layers are projected to fewer channels, so that style targets of many pictures fit into memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import torch
from torch import Tensor, nn

from impasto.encoders import Encoder
from impasto.encoders.base import LayerInfo
from impasto.losses import moments


class ProjectedEncoder(Encoder):
    """`encoder` with each layer's features projected onto K of their principal directions.

    The directions are eigenvectors of the second moments E[x x^T] and not of the covariance, so that the mean is kept
    too. `bases` maps layer -> `(C, K)` with orthonormal columns.
    """

    def __init__(self, encoder: Encoder, bases: Mapping[str, Tensor]) -> None:
        layers = {
            layer: LayerInfo(bases[layer].shape[1], info.stride)
            for layer, info in encoder.layers.items()
            if layer in bases
        }
        super().__init__(f"{encoder.name}, projected", layers, preprocessing=encoder.preprocessing)
        self.encoder = encoder
        self.bases = nn.ParameterDict(
            {
                layer: nn.Parameter(basis.to(encoder.dtype), requires_grad=False)
                for layer, basis in bases.items()
            }
        )

    def forward(self, image: Tensor, layers: Collection[str]) -> dict[str, Tensor]:
        """Return the projected layers `(B, K, h, w)`; see `Encoder.forward`."""
        self.resolve(layers)
        projected = {}
        for layer, features in self.encoder(image, layers).items():
            rows = features.permute(0, 2, 3, 1) @ self.bases[layer]
            projected[layer] = rows.permute(0, 3, 1, 2)
        return projected

    def macs(self, height: int, width: int, layers: Collection[str]) -> int:
        """Return the multiply-adds of `encoder` and of the projections."""
        extra: int = sum(
            self.bases[layer].numel()
            * (height // self.layers[layer].stride)
            * (width // self.layers[layer].stride)
            for layer in layers
        )
        return self.encoder.macs(height, width, layers) + extra

    def activation_floats(self, height: int, width: int, layers: Collection[str]) -> int:
        """Return the estimate of `encoder`."""
        return self.encoder.activation_floats(height, width, layers)


@torch.no_grad()
def project(encoder: Encoder, components: Mapping[str, int], pictures: Iterable[Tensor]) -> ProjectedEncoder:
    """Return `encoder` projected to `components` channels by layer, along the principal directions on `pictures`.

    `pictures` are batches `(B, 3, h, w)` in [0, 1].
    """
    seconds: dict[str, Tensor] = {}
    for picture in pictures:
        for layer, features in encoder(picture, tuple(components)).items():
            second = moments(features.float()).second.mean(0).double()
            seconds[layer] = seconds.get(layer, 0.0) + second
    bases = {}
    for layer, count in components.items():
        _, vectors = torch.linalg.eigh(seconds[layer])
        bases[layer] = vectors[:, -count:].flip(1).float().contiguous()
    return ProjectedEncoder(encoder, bases)
