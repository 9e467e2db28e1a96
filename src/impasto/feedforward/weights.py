"""A network that paints in one pass, as it lies in a file: weights, and a card that says what it is.

Every kind of network is called the same way, ``network(image, code, norms)``; kinds differ in how codes are made.
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

from impasto.errors import WeightsError
from impasto.feedforward.modules.norms import Norms
from impasto.feedforward.modules.transform import ModulatedLayer, StyleParams
from impasto.hashing import file_sha256
from impasto.imaging import atomic_write

KEY = "impasto"
SCALE = ":scale"
FEW = 8192


class Network(Protocol):
    """What paints: pictures `(B, 3, H, W)` in [0, 1] in, pictures of that size out, not yet clamped.

    H and W are multiples of `multiple`, and at least `multiple` times two; who calls it pads and crops.
    """

    multiple: int
    modulated_layers: tuple[ModulatedLayer, ...]

    def __call__(self, image: Tensor, style_params: StyleParams, norms: Norms | None = None) -> Tensor:
        """Return the painted picture."""
        ...


def quantise(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return weights as they are stored small: kernels and matrices in int8, the rest in float16.

    A row (the weights of one output channel) becomes whole numbers from -127 to 127 times one float16 under the
    name and `SCALE`, max |row| / 127; it is off by at most half of that. Tensors of fewer than `FEW` values stay
    in float16: they are not worth it, and the last kernel, whose rows hold a few large weights, alone cost five
    times the error of all others (1.9 of 255 on a trained network, against .4).
    """
    found: dict[str, Tensor] = {}
    for name, value in state.items():
        full = value.detach().float()
        if full.ndim < 2 or full.numel() < FEW:
            found[name] = full.half()
            continue
        # The rounded scale is what will be multiplied by; rows of zeros keep the least one there is.
        scale = (full.flatten(1).abs().amax(1) / 127).half().clamp_min(2.0**-24)
        rows = (full.flatten(1) / scale.float()[:, None]).round().clamp(-127, 127)
        found[name], found[name + SCALE] = rows.to(torch.int8).view(full.shape), scale
    return found


def dequantise(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the float32 weights that `quantise` stored; others become float32.

    Raises ValueError where a scale is missing or does not fit.
    """
    found: dict[str, Tensor] = {}
    for name, value in state.items():
        if name.endswith(SCALE):
            continue
        full = value.float()
        if value.dtype == torch.int8:
            scale = state.get(name + SCALE)
            if scale is None or scale.shape != full.shape[:1]:
                raise ValueError(f"{name} has no scale")
            full = full * scale.float().view(-1, *[1] * (full.ndim - 1))
        found[name] = full
    return found


def write_network(
    path: Path, state: Mapping[str, Tensor], card: Mapping[str, Any], *, small: bool = False
) -> None:
    """Write weights as safetensors with `card` in the header, atomically: float16, or ``small`` as `quantise`."""
    kept = quantise(state) if small else {name: value.detach().half() for name, value in state.items()}
    halves = {name: value.contiguous() for name, value in kept.items()}
    with atomic_write(path) as temporary:
        temporary.write_bytes(save(halves, metadata={KEY: json.dumps(card)}))


def identity(path: Path) -> str:
    """Return what cards call a network's file: its name, how its SHA-256 begins, how long it was trained after what.

    Raises WeightsError as `read_network`.
    """
    card, _ = read_network(path)
    words = f"SHA-256 {file_sha256(path)[:16]}"
    if "steps_done" in card and "began_with" in card:
        words += f"; {card['steps_done']} steps after {card['began_with']}"
    return f"{path.name} ({words})"


def read_network(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Return card and weights (float32) of a network's file, running no code of it.

    Raises WeightsError if it is missing, damaged, or not of a network that paints.
    """
    if not path.is_file():
        raise WeightsError(f"The network {path} is not there; check the path.")
    try:
        with safe_open(path, "pt") as file:
            card = json.loads((file.metadata() or {}).get(KEY, "{}"))
            state = dequantise({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise WeightsError(f"The network {path} is damaged or no safetensors file; make it again.") from error
    if not isinstance(card, dict) or not str(card.get("kind", "")).startswith("network:"):
        raise WeightsError(f"{path} holds no network that paints; `impasto train` makes one.")
    return card, state
