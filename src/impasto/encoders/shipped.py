"""The encoders whose weights ship inside the package."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

COMPACT = "compact"
COMPACT_LARGE = "compact-large"
SHIPPED = (COMPACT, COMPACT_LARGE)


def shipped_weights(name: str = COMPACT) -> Path:
    """Return the path of the shipped weights of the encoder `name`, one of `SHIPPED`."""
    return Path(str(resources.files("impasto.encoders"))) / "pretrained" / f"{name}.safetensors"
