"""A network that paints in one pass, as it lies in a file: weights, and a card that says what it is.

Every kind of network is called the same way, ``network(image, code, norms)``; kinds differ in how codes are made.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from impasto.errors import WeightsError
from impasto.imaging import atomic_write
from impasto.networks.fast.body import Code, SiteInfo
from impasto.networks.fast.norms import Norms

KEY = "impasto"


class Network(Protocol):
    """What paints: pictures `(B, 3, H, W)` in [0, 1] in, pictures of that size out, not yet clamped.

    H and W are multiples of `multiple`, and at least `multiple` times two; who calls it pads and crops.
    """

    multiple: int
    sites: tuple[SiteInfo, ...]

    def __call__(self, image: Tensor, code: Code, norms: Norms | None = None) -> Tensor:
        """Return the painted picture."""
        ...


def write_network(path: Path, state: Mapping[str, Tensor], card: Mapping[str, Any]) -> None:
    """Write weights as float16 safetensors with `card` in the header, atomically."""
    halves = {name: value.detach().half().contiguous() for name, value in state.items()}
    with atomic_write(path) as temporary:
        temporary.write_bytes(save(halves, metadata={KEY: json.dumps(card)}))


def read_network(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Return card and weights (float32) of a network's file, running no code of it.

    Raises WeightsError if it is missing, damaged, or not of a network that paints.
    """
    if not path.is_file():
        raise WeightsError(f"The network {path} is not there; check the path.")
    try:
        with safe_open(path, "pt") as file:
            card = json.loads((file.metadata() or {}).get(KEY, "{}"))
            state = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise WeightsError(f"The network {path} is damaged or no safetensors file; make it again.") from error
    if not isinstance(card, dict) or not str(card.get("kind", "")).startswith("network:"):
        raise WeightsError(f"{path} holds no network that paints; `impasto train` makes one.")
    return card, state
