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
# Parts of the perceptron whose rows belong to modulated layers.
_GAINS, _BANK = "style_predictor.perceptron.4.", "style_predictor.bank_weights."


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
    own = named_weights(modules)
    positions = matching_layers(initial.modulated_layers, layers)
    with torch.no_grad():
        for index in range(len(layers)):
            if index in positions:
                continue
            own[f"style_predictor.output_projections.{index}"].zero_()
            if (gain := own.get(f"network.blocks.{index}.gain")) is not None:
                gain.fill_(NEW_GAIN)
        for name, value in initial.weights.items():
            if name.startswith((_GAINS, _BANK)):
                _copy_rows(own[name], value, positions, initial.modulated_layers, layers, name)
            else:
                _copy(own, _renamed(name, positions), value)


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
    if found := _BLOCK.fullmatch(name):
        return f"network.blocks.{positions[int(found[1])]}.{found[2]}"
    if found := _LAYER_LISTS.fullmatch(name):
        return f"style_predictor.{found[1]}.{positions[int(found[2])]}"
    return name


def _copy(own: Mapping[str, Tensor], name: str, value: Tensor) -> None:
    if name not in own or own[name].shape != value.shape:
        raise WeightsError(
            f"The initial network does not fit: its '{name}' has no counterpart; start without it."
        )
    own[name].copy_(value)


def _copy_rows(
    own: Tensor,
    value: Tensor,
    positions: Sequence[int],
    source: Sequence[ModulatedLayer],
    target: Sequence[ModulatedLayer],
    name: str,
) -> None:
    """Copy the rows of each modulated layer: its gains and shifts, or its weights of the bank."""
    if name.startswith(_BANK):
        lengths = [len(value) // len(source)] * len(source), [len(own) // len(target)] * len(target)
    else:
        lengths = [2 * layer.channels for layer in source], [2 * layer.channels for layer in target]
    starts = [sum(lengths[1][:index]) for index in range(len(target))]
    for place, rows in zip(positions, torch.split(value, lengths[0]), strict=True):
        own[starts[place] : starts[place] + len(rows)] = rows
