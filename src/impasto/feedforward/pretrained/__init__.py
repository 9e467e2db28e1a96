"""The one-pass networks that ship with impasto; importing this module does not import torch."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

SUFFIX = ".safetensors"
# The network for any style, and a smaller one that is faster.
DEFAULT_NETWORK = "any"
LIVE_NETWORK = "any-live"
# Networks that paint in the style of given images.
ANY_STYLE_NETWORKS = (DEFAULT_NETWORK, LIVE_NETWORK)


def pretrained_networks() -> dict[str, Path]:
    """Return the networks that ship with impasto: name -> file."""
    folder = Path(str(resources.files(__name__)))
    return {path.stem: path for path in sorted(folder.glob(f"*{SUFFIX}"))}
