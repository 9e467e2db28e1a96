"""Which weights files an encoder is opened with, and how they are told apart."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from impasto.encoders import CATALOGUE, ENCODERS, find, is_file_name, require, shipped_weights
from impasto.errors import WeightsError
from impasto.hashing import file_sha256
from impasto.lab.study import Setting

VGG19 = "vgg19"


def weights_of(encoder: str, setting: Setting) -> Path | None:
    """Return the file with the weights of ``encoder``, None where it has none of its own.

    VGG-19's is the setting's, else the one that was fetched, else ``vgg19_conv.safetensors`` in $IMPASTO_SHARED.
    Raises `WeightsError` with the command that fetches them, and `RecipeError` for an unknown encoder.
    """
    if encoder not in ENCODERS and is_file_name(encoder):
        return None
    ENCODERS[encoder]
    if encoder not in CATALOGUE:
        return None
    if encoder == VGG19:
        if setting.weights is not None:
            return Path(setting.weights)
        shared = Path(os.environ.get("IMPASTO_SHARED", ""), "vgg19_conv.safetensors")
        if find(VGG19) is None and os.environ.get("IMPASTO_SHARED") and shared.is_file():
            return shared
    return require(encoder)


def fingerprint(encoder: str, weights: Path | None) -> str:
    """Return what tells an encoder's weights from others: its name and the SHA-256 of the file, if it has one."""
    if weights is None and encoder == "compact":
        weights = shipped_weights()
    if weights is None and is_file_name(encoder):
        weights = Path(encoder)
    return encoder if weights is None else f"{encoder} {_digest(weights.resolve())}"


@lru_cache(maxsize=32)
def _digest(path: Path) -> str:
    if not path.is_file():
        raise WeightsError(f"Weights {path} are not there; check the path.")
    return file_sha256(path)
