"""Batches on a cluster: every actor paints items with its own open models."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from impasto.batch import BatchItem, BatchPainter, BatchRow
from impasto.batch.finished import FILE_FIELDS
from impasto.batch.places import absolute
from impasto.cluster.connection import RayCluster
from impasto.cluster.pool import Lost, WorkPool
from impasto.cluster.workers import Work


@dataclass(frozen=True)
class ItemWork:
    """What an actor does: paint an item."""

    painter: BatchPainter

    def __call__(self) -> Work:
        """Return the function that paints; called in the actor."""
        worker = f"{socket.gethostname()}:{os.getpid()}"

        def paint(item: BatchItem) -> BatchRow:
            return replace(self.painter.paint(item), worker=worker)

        return paint


def paint_on_cluster(
    cluster: RayCluster,
    painter: BatchPainter,
    items: Sequence[BatchItem],
    *,
    workers: int | None = None,
    cpus: int = 1,
    on_wait: Callable[[], None] = lambda: None,
) -> Iterator[BatchRow]:
    """Yield a row for each item, as `impasto.batch.paint_items` does, painted by actors of the cluster.

    Files have to be where all machines see them. A picture is found finished when it is painted a second time, because
    its worker was lost after it was written. Raises `DiskFullError`, and what ``on_wait`` raises.
    """
    remote = BatchPainter(absolute(painter.out), painter.form, painter.repaint, painter.sidecar)
    pool = WorkPool(cluster, ItemWork(remote), workers=workers, cpus=cpus)
    by_id = {item.id: item for item in items}
    try:
        work = ((item.id, _located(item)) for item in items)
        for item_id, row in pool.map(work, on_wait):
            if isinstance(row, Lost):
                item = by_id[item_id]
                row = BatchRow(
                    item_id, "failed", item.content, item.styles, painter.place(item), error_kind="Lost",
                    error=f"This picture could not be painted: {row.reason}; it may be too large for a worker.",
                )  # fmt: skip
            yield replace(row, out=painter.place(by_id[item_id]))
    finally:
        pool.close()


def _located(item: BatchItem) -> BatchItem:
    """Return the item with absolute names of files: workers run in other folders."""
    own = item.network is not None and item.network != "fast"
    styles = tuple(
        style if own and "/" not in style and "." not in style else absolute(style) for style in item.styles
    )
    settings = {
        name: absolute(str(value)) if name in FILE_FIELDS and value is not None else value
        for name, value in item.settings.items()
    }
    network = item.network
    if network is not None and Path(network).is_file():  # otherwise the name of one that ships
        network = absolute(network)
    return replace(item, content=absolute(item.content), styles=styles, settings=settings, network=network)
