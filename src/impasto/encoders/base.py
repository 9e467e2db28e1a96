"""What every encoder promises: named layers, one call, known costs.

`Encoder` is the contract; `Chain` is the common case in which each layer is computed from the one before.
Images come in as float32 `(B, 3, H, W)`, sRGB-encoded, in [0, 1]; normalisation happens inside.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor, nn

from impasto.errors import RecipeError, unknown

# (mean, standard deviation) of RGB pixels in [0, 1]. "torch": torchvision's ImageNet statistics. "caffe": the
# Oxford networks, which saw 0-255 pixels minus the mean; the division by 1/255 is their scale. Their BGR
# order is undone once, in the first convolution, when the weights are loaded.
PREPROCESSING: Mapping[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = MappingProxyType(
    {
        "torch": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        "caffe": ((123.68 / 255, 116.779 / 255, 103.939 / 255), (1 / 255, 1 / 255, 1 / 255)),
    }
)

PRECISIONS = MappingProxyType(
    {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16},
)


class LayerInfo(NamedTuple):
    """How many channels a layer has and how many pixels apart its positions lie."""

    channels: int
    stride: int


class Cost(NamedTuple):
    """What one layer of a chain costs: the size it leaves, its multiply-adds, the floats autograd keeps."""

    height: int
    width: int
    macs: int
    floats: int


class Encoder(nn.Module, ABC):
    """A frozen network that turns images into named feature maps.

    Attributes: `name`, `layers` (name -> `LayerInfo`, ordered by depth), `aliases` (other names of those
    layers) and `preprocessing` ("torch" or "caffe"), whose statistics are the float32 buffers `mean` and
    `std`.
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
        """Return the asked layers of `image`, each `(B, C, H // stride, W // stride)`, computing no deeper.

        Features have the dtype of the convolution weights. Raises RecipeError on an unknown layer, an image
        that is not `(B, 3, H, W)` in floating point, or one smaller than `minimum_side(layers)`.
        """

    @abstractmethod
    def macs(self, height: int, width: int, layers: Collection[str]) -> int:
        """Return the multiply-adds of one forward pass of one `height` x `width` image to `layers`."""

    @abstractmethod
    def activation_floats(self, height: int, width: int, layers: Collection[str]) -> int:
        """Return roughly how many numbers autograd keeps of one pass of one image to `layers`.

        Multiply by the bytes of the compute dtype for a memory estimate; the backward pass needs at most one
        more layer's worth at a time.
        """

    @property
    def dtype(self) -> torch.dtype:
        """The dtype of the convolution weights, in which features are computed and returned."""
        return next(self.parameters()).dtype

    def resolve(self, layers: Collection[str]) -> dict[str, str]:
        """Return asked name -> layer name, raising RecipeError with the allowed names on an unknown one."""
        names = {asked: self.aliases.get(asked, asked) for asked in layers}
        for asked, layer in names.items():
            if layer not in self.layers:
                raise RecipeError(unknown("layer", asked, self.layers))
        return names

    def minimum_side(self, layers: Collection[str]) -> int:
        """Return the smallest picture side at which every asked layer has a position that sees real pixels.

        It is the largest stride asked for: below it a VGG layer has no position left.
        """
        return max((self.layers[layer].stride for layer in self.resolve(layers).values()), default=1)

    def check_image(self, image: Tensor, layers: Collection[str]) -> None:
        """Raise RecipeError unless `image` is floating-point `(B, 3, H, W)` and large enough for `layers`."""
        if image.ndim != 4 or image.shape[1] != 3:
            raise RecipeError(
                f"Encoder '{self.name}' needs images of shape (B, 3, H, W), but got {tuple(image.shape)}."
            )
        if not image.is_floating_point():
            raise RecipeError(
                f"Encoder '{self.name}' needs float32 images in [0, 1], got {image.dtype}; divide by 255."
            )
        height, width = image.shape[-2:]
        least = self.minimum_side(layers)
        if min(height, width) < least:
            raise RecipeError(
                f"A picture of {width} x {height} is too small for layers {', '.join(layers)} of encoder "
                f"'{self.name}'; give at least {least} pixels a side or shallower layers."
            )

    def normalise(self, image: Tensor) -> Tensor:
        """Return `(image - mean) / std` in float32, laid out channels-last; still to be cast to `dtype`."""
        return ((image - self.mean) / self.std).contiguous(memory_format=torch.channels_last)


class Chain(Encoder):
    """An encoder whose layers follow one another; subclasses say how to advance by one and at what cost."""

    @abstractmethod
    def enter(self, image: Tensor) -> Tensor:
        """Return the network's input: `image` normalised, padded where the network asks, cast to `dtype`."""

    @abstractmethod
    def advance(self, layer: str, x: Tensor, overwrite: bool) -> Tensor:
        """Return `layer` computed from `x`, the layer before; `overwrite` allows doing so in place."""

    @abstractmethod
    def measure(self, layer: str, height: int, width: int) -> Cost:
        """Return the cost of `layer` on an input of `height` x `width` positions.

        `floats` is 0 for a layer of which autograd keeps nothing of its own.
        """

    def path(self, wanted: Collection[str]) -> list[str]:
        """Return every layer from the image to the deepest of `wanted` (layer names, not aliases)."""
        order = list(self.layers)
        return order[: max((order.index(layer) for layer in wanted), default=-1) + 1]

    def forward(self, image: Tensor, layers: Collection[str]) -> dict[str, Tensor]:
        """Return the asked layers of `image`; see `Encoder.forward`."""
        names = self.resolve(layers)
        self.check_image(image, layers)
        wanted = set(names.values())
        found: dict[str, Tensor] = {}
        x = self.enter(image)
        # Working in place is right only on values nobody asked for; the input belongs to the caller.
        kept = True
        for layer in self.path(wanted):
            x = self.advance(layer, x, overwrite=not kept)
            kept = layer in wanted
            if kept:
                found[layer] = x
        return {asked: found[layer] for asked, layer in names.items()}

    def macs(self, height: int, width: int, layers: Collection[str]) -> int:
        """Return the multiply-adds of the convolutions down to the deepest asked layer, for one image."""
        total = 0
        for layer in self.path(self.resolve(layers).values()):
            height, width, macs, _ = self.measure(layer, height, width)
            total += macs
        return total

    def activation_floats(self, height: int, width: int, layers: Collection[str]) -> int:
        """Return roughly how many numbers autograd keeps of one pass of one image; see `Encoder`."""
        wanted = set(self.resolve(layers).values())
        total = 3 * height * width
        for layer in self.path(wanted):
            height, width, _, floats = self.measure(layer, height, width)
            if layer in wanted and floats == 0:
                floats = self.layers[layer].channels * height * width
            total += floats
        return total


AnyEncoder = TypeVar("AnyEncoder", bound=Encoder)


def freeze(encoder: AnyEncoder) -> AnyEncoder:
    """Return `encoder` in evaluation mode with no parameter asking for a gradient."""
    encoder.eval()
    encoder.requires_grad_(False)
    return encoder


def prepare(encoder: AnyEncoder, device: torch.device, precision: str = "float32") -> AnyEncoder:
    """Move `encoder` to `device`, cast its weights once, lay them out channels-last, freeze it; return it.

    The buffers (mean, std) stay float32, so that pixels are normalised before they lose digits.
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
