"""Images to named features: encoders, their weights, and where to run them.

Names are imported when first used, so that listing or fetching weights never loads torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from impasto._lazy import lazy_exports

if TYPE_CHECKING:
    from impasto.encoders.base import PRECISIONS, Encoder, LayerCost, LayerInfo, SequentialEncoder, prepare
    from impasto.encoders.catalogue import CATALOGUE, WeightRecord
    from impasto.encoders.compact import COMPONENTS, Compact
    from impasto.encoders.finetuned import is_file_name, parent_sha256, published_state, read_card
    from impasto.encoders.imagenet import imagenet_classes, imagenet_crop
    from impasto.encoders.numerics import best_device, best_precision, open_device
    from impasto.encoders.process import release_memory, tune_process
    from impasto.encoders.registry import ENCODERS, EncoderEntry, EncoderRegistry, open_encoder
    from impasto.encoders.resnet import ResNet50
    from impasto.encoders.shipped import SHIPPED, shipped_weights
    from impasto.encoders.state import gather
    from impasto.encoders.store import (
        WeightStatus,
        fetch_weights,
        find_weights,
        load_state,
        require_weights,
        verify_weights,
        weight_record,
        weights_folder,
        weights_status,
    )
    from impasto.encoders.vgg import VGG
    from impasto.encoders.vgg_classifier import VGGClassifier, has_classifier, open_vgg_classifier


__all__ = [
    "CATALOGUE",
    "COMPONENTS",
    "ENCODERS",
    "PRECISIONS",
    "SHIPPED",
    "VGG",
    "Compact",
    "Encoder",
    "EncoderEntry",
    "EncoderRegistry",
    "LayerCost",
    "LayerInfo",
    "ResNet50",
    "SequentialEncoder",
    "VGGClassifier",
    "WeightRecord",
    "WeightStatus",
    "best_device",
    "best_precision",
    "fetch_weights",
    "find_weights",
    "gather",
    "has_classifier",
    "imagenet_classes",
    "imagenet_crop",
    "is_file_name",
    "load_state",
    "open_device",
    "open_encoder",
    "open_vgg_classifier",
    "parent_sha256",
    "prepare",
    "published_state",
    "read_card",
    "release_memory",
    "require_weights",
    "shipped_weights",
    "tune_process",
    "verify_weights",
    "weight_record",
    "weights_folder",
    "weights_status",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "base": (
            "PRECISIONS",
            "SequentialEncoder",
            "LayerCost",
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
        ),
        "finetuned": (
            "is_file_name",
            "parent_sha256",
            "published_state",
            "read_card",
        ),
        "imagenet": (
            "imagenet_classes",
            "imagenet_crop",
        ),
        "numerics": (
            "best_device",
            "best_precision",
            "open_device",
        ),
        "process": ("release_memory", "tune_process"),
        "registry": (
            "ENCODERS",
            "EncoderEntry",
            "EncoderRegistry",
            "open_encoder",
        ),
        "resnet": ("ResNet50",),
        "shipped": (
            "SHIPPED",
            "shipped_weights",
        ),
        "state": ("gather",),
        "store": (
            "WeightStatus",
            "fetch_weights",
            "find_weights",
            "load_state",
            "weight_record",
            "require_weights",
            "weights_status",
            "verify_weights",
            "weights_folder",
        ),
        "vgg": ("VGG",),
        "vgg_classifier": (
            "VGGClassifier",
            "has_classifier",
            "open_vgg_classifier",
        ),
    },
)
