"""Images to named features: encoders, their weights, and where to run them.

Names are imported when first used, so that listing or fetching weights never loads torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from impasto._lazy import lazy_exports

if TYPE_CHECKING:
    from impasto.encoders.base import Chain, Cost, Encoder, LayerInfo, prepare
    from impasto.encoders.catalogue import CATALOGUE, WeightRecord
    from impasto.encoders.numerics import best_device, best_precision, open_device
    from impasto.encoders.process import tune_process
    from impasto.encoders.registry import ENCODERS, EncoderEntry, Registry, open_encoder
    from impasto.encoders.store import fetch, find, load_state, status, verify, weights_folder


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

__getattr__ = lazy_exports(
    __name__,
    {
        "base": ("Chain", "Cost", "Encoder", "LayerInfo", "prepare"),
        "catalogue": ("CATALOGUE", "WeightRecord"),
        "numerics": ("best_device", "best_precision", "open_device"),
        "process": ("tune_process",),
        "registry": ("ENCODERS", "EncoderEntry", "Registry", "open_encoder"),
        "store": ("fetch", "find", "load_state", "status", "verify", "weights_folder"),
    },
)
