"""Images to named features: encoders, their weights, and where to run them.

Names are imported when first used, so that listing or fetching weights never loads torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from impasto._lazy import lazy_exports

if TYPE_CHECKING:
    from impasto.encoders.base import Chain, Cost, Encoder, LayerInfo, prepare
    from impasto.encoders.catalogue import CATALOGUE, WeightRecord
    from impasto.encoders.compact import COMPONENTS, Compact, shipped_weights
    from impasto.encoders.finetuned import is_file_name, parent_digest, published_state, read_card
    from impasto.encoders.numerics import best_device, best_precision, open_device
    from impasto.encoders.process import tune_process
    from impasto.encoders.registry import ENCODERS, EncoderEntry, Registry, open_encoder
    from impasto.encoders.resnet import ResNet50
    from impasto.encoders.state import gather
    from impasto.encoders.store import (
        WeightStatus,
        fetch,
        find,
        load_state,
        record_of,
        require,
        status,
        verify,
        weights_folder,
    )
    from impasto.encoders.vgg import VGG


__all__ = [
    "CATALOGUE",
    "COMPONENTS",
    "ENCODERS",
    "VGG",
    "Chain",
    "Compact",
    "Cost",
    "Encoder",
    "EncoderEntry",
    "LayerInfo",
    "Registry",
    "ResNet50",
    "WeightRecord",
    "WeightStatus",
    "best_device",
    "best_precision",
    "fetch",
    "find",
    "gather",
    "is_file_name",
    "load_state",
    "open_device",
    "open_encoder",
    "parent_digest",
    "prepare",
    "published_state",
    "read_card",
    "record_of",
    "require",
    "shipped_weights",
    "status",
    "tune_process",
    "verify",
    "weights_folder",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "base": (
            "Chain",
            "Cost",
            "Encoder",
            "LayerInfo",
            "prepare",
        ),
        "catalogue": (
            "CATALOGUE",
            "WeightRecord",
        ),
        "compact": (
            "COMPONENTS",
            "Compact",
            "shipped_weights",
        ),
        "finetuned": (
            "is_file_name",
            "parent_digest",
            "published_state",
            "read_card",
        ),
        "numerics": (
            "best_device",
            "best_precision",
            "open_device",
        ),
        "process": ("tune_process",),
        "registry": (
            "ENCODERS",
            "EncoderEntry",
            "Registry",
            "open_encoder",
        ),
        "resnet": ("ResNet50",),
        "state": ("gather",),
        "store": (
            "WeightStatus",
            "fetch",
            "find",
            "load_state",
            "record_of",
            "require",
            "status",
            "verify",
            "weights_folder",
        ),
        "vgg": ("VGG",),
    },
)
