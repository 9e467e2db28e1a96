"""Files of one-pass networks: safetensors with a model card in the header.

Every kind of network is called as ``network(image, style_params, modulation)``. Kinds differ in where their style
parameters come from.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from impasto.encoders.header import CARD_KEY
from impasto.errors import WeightsError
from impasto.feedforward.modules.modulation import Modulation
from impasto.feedforward.modules.transform import ModulatedLayer, StyleParams
from impasto.feedforward.network_card import damaged, read_network_card
from impasto.hashing import file_sha256
from impasto.imaging import atomic_write

SCALE_SUFFIX = ":scale"
# The card's entry about a file of shared weights: its name and SHA-256.
BODY_KEY = "body"
# Tensors with fewer values are stored as float16.
SMALLEST_QUANTISED = 8192


class Network(Protocol):
    """A transformation network: images `(B, 3, H, W)` in [0, 1] in, images of the same size out, not clamped.

    H and W are multiples of `multiple`, at least twice that. The caller pads and crops.
    """

    multiple: int
    modulated_layers: tuple[ModulatedLayer, ...]

    def __call__(
        self, image: Tensor, style_params: StyleParams, modulation: Modulation | None = None
    ) -> Tensor:
        """Return the stylised image."""
        ...


def quantise(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return weights in their small form: large kernels and matrices as int8, the rest as float16.

    Each row (the weights of one output channel) is stored as integers from -127 to 127 and one float16 scale,
    max |row| / 127, under the tensor's name with `SCALE_SUFFIX`. The error is at most half the scale. Tensors of
    fewer than `SMALLEST_QUANTISED` values stay float16: they save little, and the head, whose rows hold a few large
    weights, alone caused five times the error of all others (1.9 of 255 on a trained network, against .4).
    """
    stored: dict[str, Tensor] = {}
    for name, value in state.items():
        full = value.detach().float()
        if full.ndim < 2 or full.numel() < SMALLEST_QUANTISED:
            stored[name] = full.half()
            continue
        # Divide by the rounded scale, which is the one that is stored. Rows of zeros get the smallest positive one.
        scale = (full.flatten(1).abs().amax(1) / 127).half().clamp_min(2.0**-24)
        rows = (full.flatten(1) / scale.float()[:, None]).round().clamp(-127, 127)
        stored[name], stored[name + SCALE_SUFFIX] = rows.to(torch.int8).view(full.shape), scale
    return stored


def dequantise(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return float32 weights from those that `quantise` returned.

    Raises ValueError where a scale is missing or does not fit.
    """
    weights: dict[str, Tensor] = {}
    for name, value in state.items():
        if name.endswith(SCALE_SUFFIX):
            continue
        full = value.float()
        if value.dtype == torch.int8:
            scale = state.get(name + SCALE_SUFFIX)
            if scale is None or scale.shape != full.shape[:1]:
                raise ValueError(f"{name} has no scale")
            full = full * scale.float().view(-1, *[1] * (full.ndim - 1))
        weights[name] = full
    return weights


def write_network(
    path: Path, state: Mapping[str, Tensor], card: Mapping[str, Any], *, small: bool = False
) -> None:
    """Write weights as safetensors with `card` in the header, atomically: as float16, or ``small`` as `quantise`."""
    stored = quantise(state) if small else {name: value.detach().half() for name, value in state.items()}
    contiguous = {name: value.contiguous() for name, value in stored.items()}
    with atomic_write(path) as temporary:
        temporary.write_bytes(save(contiguous, metadata={CARD_KEY: json.dumps(card)}))


def identity(path: Path) -> str:
    """Return a description of a network's file for other cards: name, SHA-256 prefix, steps and initial weights.

    Raises WeightsError as `read_network`.
    """
    card, _ = read_network(path)
    details = f"SHA-256 {file_sha256(path)[:16]}"
    if "steps_done" in card and "started_from" in card:
        details += f"; {card['steps_done']} steps after {card['started_from']}"
    return f"{path.name} ({details})"


def read_network(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Return card and weights (float32) of a network's file, running no code of it.

    A card may name a body: a file beside this one with the weights that several networks share, and its SHA-256.
    Raises WeightsError if it is missing, damaged, or no one-pass network, or if its body is not there.
    """
    card = read_network_card(path)
    state = read_tensors(path)
    if BODY_KEY in card:
        body = body_path(path, card)
        if not body.is_file() or file_sha256(body) != card[BODY_KEY].get("sha256"):
            raise WeightsError(
                f"The network {path} shares the weights of '{body.name}', which is not beside it or is another file;"
                " copy both."
            )
        state |= read_tensors(body)
    return card, state


def body_path(path: Path, card: Mapping[str, Any]) -> Path:
    """Return the file with the weights that the network of `path` shares with others; raises WeightsError."""
    try:
        return path.parent / Path(str(card[BODY_KEY]["file"])).name
    except (KeyError, TypeError) as error:
        raise damaged(path) from error


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Return the weights (float32) in a file of a network or a body; raises WeightsError if it is damaged."""
    try:
        with safe_open(path, "pt") as file:
            return dequantise({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise damaged(path) from error
