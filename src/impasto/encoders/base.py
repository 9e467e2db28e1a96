"""Base classes of encoders: named layers, a single forward call, known costs.

`Encoder` is the interface; `SequentialEncoder` is the common case in which each layer is computed from the one
before. Images are float32 `(B, 3, H, W)`, sRGB-encoded, in [0, 1]; encoders normalise them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor, nn

from impasto.errors import RecipeError, unknown
from impasto.imaging.imagenet import IMAGENET_MEAN, IMAGENET_STD

# (mean, standard deviation) of RGB pixels in [0, 1]. "torch": torchvision's ImageNet statistics. "caffe": the
# Oxford networks, trained on 0-255 pixels minus the mean; a deviation of 1/255 restores that range. Their BGR
# order is undone once, in the first convolution, when the weights are loaded.
PREPROCESSING: Mapping[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = MappingProxyType(
    {
        "torch": (IMAGENET_MEAN, IMAGENET_STD),
        "caffe": ((123.68 / 255, 116.779 / 255, 103.939 / 255), (1 / 255, 1 / 255, 1 / 255)),
    }
)

PRECISIONS = MappingProxyType(
    {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16},
)


class LayerInfo(NamedTuple):
    """Channels of a layer, and its stride in pixels."""

    channels: int
    stride: int


class LayerCost(NamedTuple):
    """Cost of one layer: its output size, its multiply-adds, and the numbers that autograd stores."""

    height: int
    width: int
    macs: int
    floats: int


class Encoder(nn.Module, ABC):
    """A frozen network that maps images to named feature maps.

    Attributes:
        name: name of the encoder.
        layers: layer name -> `LayerInfo`, ordered by depth.
        aliases: alternative name -> layer name.
        preprocessing: "torch" or "caffe"; the float32 buffers `mean` and `std` hold its statistics.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        name: str,
        layers: Mapping[str, LayerInfo],
        *,
        aliases: Mapping[str, str] | None = None,
        preprocessing: str = "torch",
    ) -> None:
        super().__init__()
        if preprocessing not in PREPROCESSING:
            raise RecipeError(unknown("preprocessing", preprocessing, PREPROCESSING))
        self.name = name
        self.layers: Mapping[str, LayerInfo] = MappingProxyType(dict(layers))
        self.aliases: Mapping[str, str] = MappingProxyType(dict(aliases or {}))
        self.preprocessing = preprocessing
        mean, std = PREPROCESSING[preprocessing]
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1), persistent=False)

    @abstractmethod
    def forward(self, image: Tensor, layers: Collection[str]) -> dict[str, Tensor]:
        """Return the requested layers of `image`, each `(B, C, H // stride, W // stride)`.

        Nothing deeper is computed. Features have the dtype of the convolution weights. Raises RecipeError on an
        unknown layer, an image that is not `(B, 3, H, W)` in floating point, or one smaller than
        `minimum_side(layers)`.
        """

    @abstractmethod
    def macs(self, height: int, width: int, layers: Collection[str]) -> int:
        """Return the multiply-adds of one forward pass of one `height` x `width` image to `layers`."""

    @abstractmethod
    def activation_floats(self, height: int, width: int, layers: Collection[str]) -> int:
        """Estimate how many numbers autograd stores in one pass of one image to `layers`.

        Multiply by the bytes of the compute dtype for a memory estimate. The backward pass needs at most the size of
        one more layer at a time.
        """

    @property
    def dtype(self) -> torch.dtype:
        """The dtype of the convolution weights, in which features are computed and returned."""
        return next(self.parameters()).dtype

    def resolve(self, layers: Collection[str]) -> dict[str, str]:
        """Return requested name -> layer name; raises RecipeError with the allowed names on an unknown one."""
        names = {requested: self.aliases.get(requested, requested) for requested in layers}
        for requested, layer in names.items():
            if layer not in self.layers:
                raise RecipeError(unknown("layer", requested, self.layers))
        return names

    def minimum_side(self, layers: Collection[str]) -> int:
        """Return the smallest side of an image for which every requested layer has at least one position.

        It is the largest stride of these layers.
        """
        return max((self.layers[layer].stride for layer in self.resolve(layers).values()), default=1)

    def check_image(self, image: Tensor, layers: Collection[str]) -> None:
        """Raise RecipeError unless `image` is floating-point `(B, 3, H, W)` and large enough for `layers`."""
        if image.ndim != 4 or image.shape[1] != 3:
            raise RecipeError(
                f"Encoder '{self.name}' needs images of shape (B, 3, H, W), got {tuple(image.shape)}."
            )
        if not image.is_floating_point():
            raise RecipeError(
                f"Encoder '{self.name}' needs float32 images in [0, 1], got {image.dtype}; divide by 255."
            )
        height, width = image.shape[-2:]
        least = self.minimum_side(layers)
        if min(height, width) < least:
            raise RecipeError(
                f"A picture of {width} x {height} pixels is too small for layers {', '.join(layers)} of encoder "
                f"'{self.name}'; use at least {least} pixels a side, or shallower layers."
            )

    def normalise(self, image: Tensor) -> Tensor:
        """Return `(image - mean) / std` in float32 and channels-last memory format; not yet cast to `dtype`."""
        return ((image - self.mean) / self.std).contiguous(memory_format=torch.channels_last)


class SequentialEncoder(Encoder):
    """An encoder whose layers form a sequence; subclasses define each layer and its cost."""

    @abstractmethod
    def prepare_input(self, image: Tensor) -> Tensor:
        """Return the network's input: `image` normalised, padded if the network needs it, cast to `dtype`."""

    @abstractmethod
    def apply_layer(self, layer: str, x: Tensor, overwrite: bool) -> Tensor:
        """Return `layer` computed from `x`, the previous layer; `overwrite` allows working in place."""

    @abstractmethod
    def layer_cost(self, layer: str, height: int, width: int) -> LayerCost:
        """Return the cost of `layer` on an input of `height` x `width` positions.

        `floats` is 0 for a layer of which autograd stores nothing.
        """

    def layers_up_to(self, deepest: Collection[str]) -> list[str]:
        """Return every layer from the image to the deepest of `deepest` (layer names, not aliases)."""
        order = list(self.layers)
        return order[: max((order.index(layer) for layer in deepest), default=-1) + 1]

    def forward(self, image: Tensor, layers: Collection[str]) -> dict[str, Tensor]:
        """Return the requested layers of `image`; see `Encoder.forward`."""
        names = self.resolve(layers)
        self.check_image(image, layers)
        requested = set(names.values())
        features: dict[str, Tensor] = {}
        x = self.prepare_input(image)
        # Only values that are not returned may be overwritten; the first input belongs to the caller.
        returned = True
        for layer in self.layers_up_to(requested):
            x = self.apply_layer(layer, x, overwrite=not returned)
            returned = layer in requested
            if returned:
                features[layer] = x
        return {name: features[layer] for name, layer in names.items()}

    def macs(self, height: int, width: int, layers: Collection[str]) -> int:
        """Return the multiply-adds of the convolutions down to the deepest requested layer, for one image."""
        total = 0
        for layer in self.layers_up_to(self.resolve(layers).values()):
            height, width, macs, _ = self.layer_cost(layer, height, width)
            total += macs
        return total

    def activation_floats(self, height: int, width: int, layers: Collection[str]) -> int:
        """Estimate how many numbers autograd stores in one pass of one image; see `Encoder`."""
        requested = set(self.resolve(layers).values())
        total = 3 * height * width
        for layer in self.layers_up_to(requested):
            height, width, _, floats = self.layer_cost(layer, height, width)
            if layer in requested and floats == 0:
                floats = self.layers[layer].channels * height * width
            total += floats
        return total


AnyEncoder = TypeVar("AnyEncoder", bound=Encoder)


def freeze(encoder: AnyEncoder) -> AnyEncoder:
    """Return `encoder` in evaluation mode, with `requires_grad` off for every parameter."""
    encoder.eval()
    encoder.requires_grad_(False)
    return encoder


def prepare(encoder: AnyEncoder, device: torch.device, precision: str = "float32") -> AnyEncoder:
    """Move `encoder` to `device`, cast its weights to `precision` in channels-last format, and freeze it.

    Returns the same encoder. The buffers `mean` and `std` stay float32, so that pixels are normalised before they lose
    precision.
    Raises RecipeError on a precision other than "float32", "bfloat16", "float16".
    """
    if precision not in PRECISIONS:
        raise RecipeError(unknown("precision", precision, PRECISIONS))
    encoder.to(device=device)
    for module in encoder.modules():
        for key, weight in module.named_parameters(recurse=False):
            cast = weight.detach().to(PRECISIONS[precision])
            if cast.ndim == 4:
                cast = cast.contiguous(memory_format=torch.channels_last)
            setattr(module, key, nn.Parameter(cast, requires_grad=False))
    return freeze(encoder)
