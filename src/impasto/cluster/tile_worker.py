"""What an actor does with the tiles of a large picture, and the messages that it gets and returns."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from impasto.cluster.workers import Work
from impasto.encoders import Encoder, tune_process
from impasto.optimize.machine import available_memory
from impasto.optimize.memory import GRADIENT, KEPT_BYTES
from impasto.optimize.tiles.terms import TileSums, TileTerms, backward, surrogate

# Share of an actor's part of the free memory that activations may fill between the two passes.
KEPT_SHARE = 0.4

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Shared:
    """A value in Ray's object store. Ray does not fetch a reference that is inside of something."""

    reference: Any

    def get(self) -> Any:
        """Return the value, from the store of this machine if it is there."""
        import ray

        return ray.get(self.reference)


@dataclass(frozen=True, eq=False)
class TileOrder:
    """One tile in one pass.

    ``evaluation`` is the number of the objective, and that of its evaluation. ``pixels`` (1,3,h,w) are those that the
    encoder sees. ``terms`` are the tile's `TileTerms`, of which ``numbers`` are summed. In the first pass, ``keep``
    says that a second one follows; in that, ``slopes`` are the derivatives by the number of their term.
    """

    evaluation: tuple[int, int]
    tile: int
    terms: Shared
    pixels: Array
    numbers: tuple[int, ...]
    keep: bool = False
    slopes: Shared | None = None


@dataclass(frozen=True, eq=False)
class TileResult:
    """The sums of a tile by the number of their term, and in the second pass the ``gradient`` of its pixels."""

    sums: dict[int, tuple[Array, ...]]
    gradient: Array


@dataclass(frozen=True, eq=False)
class TileWork:
    """Opens `TileWorker` in an actor; the encoder is sent as it is."""

    encoder: Encoder
    on_gpu: bool

    def __call__(self) -> Work:
        """Return the worker's function."""
        tune_process()
        device = torch.device("cuda" if self.on_gpu else "cpu")
        return TileWorker(self.encoder.to(device), device, _kept_bytes(device))


class TileWorker:
    """Computes tiles; keeps the targets of the tiles of one objective, and graphs of up to ``kept_bytes``."""

    def __init__(self, encoder: Encoder, device: torch.device, kept_bytes: int) -> None:
        self.encoder, self.device, self.kept_bytes = encoder, device, kept_bytes
        self.evaluation = (-1, -1)
        self.terms: dict[int, TileTerms] = {}
        self.kept: dict[int, tuple[Tensor, TileSums]] = {}

    def __call__(self, order: TileOrder) -> TileResult:
        """Return the result of one tile."""
        if order.evaluation[0] != self.evaluation[0]:
            self.terms = {}
        if order.evaluation != self.evaluation:
            self.kept, self.evaluation = {}, order.evaluation
        if order.tile not in self.terms:
            self.terms[order.tile] = changed_tensors(order.terms.get(), lambda tensor: tensor.to(self.device))
        if order.slopes is not None:
            return self._second(order, order.slopes.get())
        if order.keep and self._has_room(order):
            self.kept[order.tile] = self._forward(order, list(self.terms[order.tile].parts))
            return TileResult(_arrays(self.kept[order.tile][1], order.numbers), _NOTHING)
        with torch.no_grad():
            _, sums = self._forward(order, list(order.numbers))
        return TileResult(_arrays(sums, order.numbers), _NOTHING)

    def _second(self, order: TileOrder, slopes: Mapping[int, list[Array]]) -> TileResult:
        if order.tile not in self.kept:
            self.kept[order.tile] = self._forward(order, list(order.numbers))
        pixels, sums = self.kept.pop(order.tile)
        on_device = {number: [self._tensor(slope) for slope in parts] for number, parts in slopes.items()}
        backward([surrogate(parts, on_device[number]) for number, parts in sums.items()])
        gradient = torch.zeros_like(pixels) if pixels.grad is None else pixels.grad
        return TileResult(_arrays(sums, order.numbers), gradient.cpu().numpy())

    def _forward(self, order: TileOrder, numbers: list[int]) -> tuple[Tensor, TileSums]:
        pixels = self._tensor(order.pixels).requires_grad_()
        return pixels, self.terms[order.tile].sums(self.encoder, pixels, numbers)

    def _has_room(self, order: TileOrder) -> bool:
        terms = self.terms[order.tile]
        layers = [layer for layer, _ in terms.parts.values()]
        height, width = order.pixels.shape[2:]
        floats = self.encoder.activation_floats(height, width, layers)
        tile = floats * torch.empty((), dtype=self.encoder.dtype).element_size()
        # The second pass needs the gradients of one tile as well.
        return (len(self.kept) + GRADIENT) * tile <= self.kept_bytes

    def _tensor(self, array: Array) -> Tensor:
        # A copy: arrays from Ray's store cannot be written.
        return torch.tensor(array, device=self.device)


_NOTHING: Array = np.zeros(0, np.float32)


def _arrays(sums: TileSums, numbers: tuple[int, ...]) -> dict[int, tuple[Array, ...]]:
    return {
        number: tuple(part.detach().cpu().numpy() for part in parts)
        for number, parts in sums.items()
        if number in numbers
    }


def _kept_bytes(device: torch.device) -> int:
    """Return the bytes that an actor may keep; on a processor, others share its memory."""
    free = available_memory(device)
    if free is None:
        return 0
    actors = 1 if device.type == "cuda" else max(1, (os.cpu_count() or 1) // torch.get_num_threads())
    return min(KEPT_BYTES, int(KEPT_SHARE * free / actors))


def owned(value: TileTerms) -> TileTerms:
    """Return ``value`` with tensors that are no views of larger ones, which would be sent whole."""
    copied: TileTerms = changed_tensors(
        value, lambda tensor: tensor.cpu().clone(memory_format=torch.preserve_format)
    )
    return copied


def changed_tensors(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """Return ``value`` with every tensor in dataclasses, mappings and tuples replaced by ``change`` of it."""
    if isinstance(value, Tensor):
        return change(value)
    if is_dataclass(value) and not isinstance(value, type):
        found = {field.name: changed_tensors(getattr(value, field.name), change) for field in fields(value)}
        return replace(value, **found)
    if isinstance(value, Mapping):
        return {key: changed_tensors(entry, change) for key, entry in value.items()}
    if isinstance(value, tuple):
        return tuple(changed_tensors(entry, change) for entry in value)
    return value
