"""Graphs of the networks of a large batch: built first, because every picture is then painted faster."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from impasto.cli.picture_progress import build_notice
from impasto.errors import ImpastoError

if TYPE_CHECKING:
    from impasto.batch import BatchItem

# Building takes 10 to 20 seconds, so that it pays off for so many pictures.
WORTH_GRAPHS = 50


def build_graphs(items: Sequence[BatchItem], quiet: bool) -> None:
    """Build the missing graphs of networks that paint many of the items, where a runtime is installed."""
    from impasto.feedforward.open_stylizer import keep_graphs
    from impasto.feedforward.pretrained import DEFAULT_NETWORK

    networks = Counter(
        (
            DEFAULT_NETWORK if item.network == "fast" else item.network,
            str(item.settings.get("device", "auto")),
        )
        for item in items
        if item.network is not None
    )
    for (network, device), count in networks.items():
        if count >= WORTH_GRAPHS and network is not None:
            with suppress(ImpastoError):  # the pictures' rows say what is wrong with a network
                keep_graphs(network, device=device, on_build=build_notice(network, quiet))
