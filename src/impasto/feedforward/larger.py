"""Initial weights of the network for any style: those of another network, which may have fewer blocks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from impasto.errors import WeightsError
from impasto.feedforward.modules.transform import ModulatedLayer
from impasto.training.weights import named_weights

# Gain of a residual block that the source lacks: nearly no effect, but a gradient for its kernels.
NEW_GAIN = 0.1
_BLOCK = re.compile(r"network\.blocks\.(\d+)\.(.+)")
_LAYER_LISTS = re.compile(r"style_predictor\.(input_projections|output_projections|bank)\.(\d+)")
# Weights of the perceptron whose rows belong to modulated layers.
_GAINS, _BANK = (
    tuple(f"style_predictor.{layer}.{part}" for part in ("weight", "bias"))
    for layer in ("perceptron.4", "bank_weights")
)


@dataclass(frozen=True, eq=False)
class InitialWeights:
    """Weights of another network, named ``module.name``, and its modulated layers."""

    weights: Mapping[str, Tensor]
    modulated_layers: Sequence[ModulatedLayer]


def load_initial(
    modules: Mapping[str, nn.Module], initial: InitialWeights, layers: Sequence[ModulatedLayer]
) -> None:
    """Copy the weights of another network into `modules`, whose network has the modulated `layers`.

    Blocks that the other network lacks keep their random kernels, begin with a small gain, and are not shaped by the
    style yet. Raises WeightsError if a weight has no counterpart of the same shape.
    """
    weights = named_weights(modules)
    positions = matching_layers(initial.modulated_layers, layers)
    with torch.no_grad():
        for index in range(len(layers)):
            if index in positions:
                continue
            weights[f"style_predictor.output_projections.{index}"].zero_()
            if (gain := weights.get(f"network.blocks.{index}.gain")) is not None:
                gain.fill_(NEW_GAIN)
        for name, value in initial.weights.items():
            rows = _rows_by_layer(name, value, initial.modulated_layers)
            if rows is None:
                _copy(weights.get(_renamed(name, positions)), value, name)
                continue
            targets = _rows_by_layer(name, weights[name], layers)
            assert targets is not None  # the name decides
            for place, part in zip(positions, rows, strict=True):
                _copy(targets[place], part, name)


def matching_layers(source: Sequence[ModulatedLayer], target: Sequence[ModulatedLayer]) -> list[int]:
    """Return for each modulated layer of `source` its place in `target`: the first free one of the same shape."""
    free = list(range(len(target)))
    positions = []
    for layer in source:
        place = next((index for index in free if target[index] == layer), None)
        if place is None:
            raise WeightsError(
                f"The initial network has more layers of {layer.channels} channels at 1/{layer.stride} of the"
                " resolution; start without it, or train with more blocks."
            )
        free.remove(place)
        positions.append(place)
    return positions


def _renamed(name: str, positions: Sequence[int]) -> str:
    """Return the name in the larger network."""
    if match := _BLOCK.fullmatch(name):
        return f"network.blocks.{positions[int(match[1])]}.{match[2]}"
    if match := _LAYER_LISTS.fullmatch(name):
        return f"style_predictor.{match[1]}.{positions[int(match[2])]}"
    return name


def _rows_by_layer(name: str, weight: Tensor, layers: Sequence[ModulatedLayer]) -> tuple[Tensor, ...] | None:
    """Return the views of `weight` that belong to each modulated layer, None for a weight without such rows.

    They are a layer's gains and shifts, or its weights of the bank. Raises WeightsError if the rows do not fit.
    """
    if name in _GAINS:
        lengths = [2 * layer.channels for layer in layers]
    elif name in _BANK:
        lengths = [len(weight) // len(layers)] * len(layers)
    else:
        return None
    if sum(lengths) != len(weight):
        raise _unfit(name)
    return torch.split(weight, lengths)


def _copy(target: Tensor | None, value: Tensor, name: str) -> None:
    if target is None or target.shape != value.shape:
        raise _unfit(name)
    target.copy_(value)


def _unfit(name: str) -> WeightsError:
    return WeightsError(
        f"The initial network does not fit: its '{name}' has no counterpart; start without it."
    )
