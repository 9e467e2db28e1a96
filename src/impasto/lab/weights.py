"""Weights files of the encoders in a study, and their identity."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from impasto.encoders import (
    CATALOGUE,
    ENCODERS,
    SHIPPED,
    is_file_name,
    require_weights,
    shipped_weights,
)
from impasto.encoders.store import FILE_OR_COMPACT
from impasto.errors import WeightsError
from impasto.hashing import file_sha256
from impasto.lab.setting import Setting
from impasto.metrics import find_vgg19

VGG19 = "vgg19"


def weights_of(encoder: str, setting: Setting, *, alternative: str = FILE_OR_COMPACT) -> Path | None:
    """Return the weights file of ``encoder``; None for an encoder that needs no separate file.

    For VGG-19 it is the setting's file, else the fetched one, else ``vgg19_conv.safetensors`` in $IMPASTO_SHARED.
    Raises `WeightsError` with the command that fetches the weights, and `RecipeError` for an unknown encoder.
    """
    if encoder not in ENCODERS and is_file_name(encoder):
        return None
    ENCODERS[encoder]  # raises RecipeError for an unknown name
    if encoder not in CATALOGUE:
        return None
    if encoder == VGG19:
        if setting.weights is not None:
            return Path(setting.weights)
        file = find_vgg19()
        if file is not None:
            return file
    return require_weights(encoder, alternative=alternative)


def fingerprint(encoder: str, weights: Path | None) -> str:
    """Return the identity of an encoder's weights: its name and, if it has a file, the SHA-256 of the file."""
    if weights is None and encoder in SHIPPED:
        weights = shipped_weights(encoder)
    if weights is None and is_file_name(encoder):
        weights = Path(encoder)
    return encoder if weights is None else f"{encoder} {_cached_sha256(weights.resolve())}"


@lru_cache(maxsize=32)
def _cached_sha256(path: Path) -> str:
    if not path.is_file():
        raise WeightsError(f"Weights {path} do not exist; check the path.")
    return file_sha256(path)
