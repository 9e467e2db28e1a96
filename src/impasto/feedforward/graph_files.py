"""The cache of ONNX graphs. Importing this module does not import torch."""

from __future__ import annotations

import contextlib
import hashlib
import os
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import platformdirs

from impasto.encoders import shipped_weights
from impasto.feedforward.network_card import NetworkCard
from impasto.hashing import file_sha256
from impasto.imaging import write_bytes_atomic

LAYOUT = 6
"""Version of cached graphs; raise it when what a network or an export computes changes."""


@dataclass(frozen=True)
class StylizerGraphs:
    """The files of the graphs that paint with a network; they need not exist.

    `network` maps a padded image and style parameters to the painted one, `style` what is known of a style to its
    parameters, and `moments`, of a network for any style, a style image to the moments of its features.
    """

    network: Path
    style: Path
    moments: Path | None

    @property
    def missing(self) -> dict[str, Path]:
        """Those that do not exist yet, by name."""
        files = {"network": self.network, "style": self.style, "moments": self.moments}
        return {name: path for name, path in files.items() if path is not None and not path.is_file()}


def stylizer_graphs(model: NetworkCard) -> StylizerGraphs:
    """Return the files of the graphs of a network."""
    weights = file_sha256(model.path)
    moments = None if model.names else graph_file("moments", file_sha256(shipped_weights()))
    return StylizerGraphs(graph_file("network", weights), graph_file("style", weights), moments)


def graph_folder() -> Path:
    """Return the folder of graphs in the user's cache folder."""
    return platformdirs.user_cache_path("impasto") / "graphs"


def graph_file(kind: str, weights_sha256: str) -> Path:
    """Return the file in the cache of the graph of a kind that is made from weights; it need not exist."""
    key = repr((LAYOUT, version("torch"), kind, weights_sha256))
    return graph_folder() / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.onnx"


def keep_graph(path: Path, graph: bytes) -> None:
    """Write a graph into the cache; without effect where that cannot be written."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes_atomic(path, graph)


def can_keep_graphs() -> bool:
    """Return whether the cache can be written."""
    folder = graph_folder()
    while not folder.exists():
        folder = folder.parent
    return os.access(folder, os.W_OK)
