"""Images to named features: encoders, their weights, and where to run them.

Names are imported when first used, so that listing or fetching weights never loads torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from impasto.encoders.base import Chain, Cost, Encoder, LayerInfo, prepare
    from impasto.encoders.catalogue import CATALOGUE, WeightRecord
    from impasto.encoders.numerics import best_device, best_precision, open_device
    from impasto.encoders.process import tune_process
    from impasto.encoders.registry import ENCODERS, EncoderEntry, Registry, open_encoder
    from impasto.encoders.store import fetch, find, load_state, status, verify, weights_folder

_HOMES = {
    "base": ("Chain", "Cost", "Encoder", "LayerInfo", "prepare"),
    "catalogue": ("CATALOGUE", "WeightRecord"),
    "numerics": ("best_device", "best_precision", "open_device"),
    "process": ("tune_process",),
    "registry": ("ENCODERS", "EncoderEntry", "Registry", "open_encoder"),
    "store": ("fetch", "find", "load_state", "status", "verify", "weights_folder"),
}
_WHERE = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "CATALOGUE",
    "ENCODERS",
    "Chain",
    "Cost",
    "Encoder",
    "EncoderEntry",
    "LayerInfo",
    "Registry",
    "WeightRecord",
    "best_device",
    "best_precision",
    "fetch",
    "find",
    "load_state",
    "open_device",
    "open_encoder",
    "prepare",
    "status",
    "tune_process",
    "verify",
    "weights_folder",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'impasto.encoders' has no attribute '{name}'")
    return getattr(importlib.import_module(f"impasto.encoders.{_WHERE[name]}"), name)
