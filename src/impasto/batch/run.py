"""A batch in this process: one item after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from impasto.batch.items import BatchItem
from impasto.batch.painter import BatchPainter
from impasto.batch.report import BatchRow


def paint_items(
    painter: BatchPainter,
    items: Iterable[BatchItem],
    on_progress: Callable[[BatchItem, float], None] | None = None,
) -> Iterator[BatchRow]:
    """Paint the items and yield a row for each. ``on_progress`` is told the item and its painted share.

    Raises `DiskFullError`, and the `StopBatch` of ``on_progress``; the rows so far are valid.
    """
    for item in items:

        def tell(share: float, current: BatchItem = item) -> None:
            if on_progress is not None:
                on_progress(current, share)

        tell(0.0)
        yield painter.paint(item, tell)
