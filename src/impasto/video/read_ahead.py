"""Reading ahead: an iterator that another thread runs, so that its work overlaps with what is done to its items.

OpenCV, FFmpeg, torch and the other runtimes release Python's lock while they compute.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from queue import Empty, Queue
from typing import TypeVar

Item = TypeVar("Item")


def read_ahead(source: Iterable[Item], count: int) -> Iterator[Item]:
    """Yield the items of `source` in their order; another thread makes up to `count` of them ahead.

    What `source` raises is raised here, after the items before it. When the iterator is closed, the thread ends after
    the item in work, and `source` is closed if it is a generator.
    """
    ready: Queue[tuple[Item] | _End] = Queue(count)
    stopped = threading.Event()

    def work() -> None:
        end = _End()
        try:
            for item in source:
                ready.put((item,))
                if stopped.is_set():
                    break
        except BaseException as error:  # raised again by the reader
            end.error = error
        try:
            close = getattr(source, "close", None)
            if close is not None:
                close()
        finally:
            ready.put(end)

    thread = threading.Thread(target=work, name="read ahead", daemon=True)
    thread.start()
    try:
        while not isinstance(entry := ready.get(), _End):
            yield entry[0]
        if entry.error is not None:
            raise entry.error
    finally:
        stopped.set()
        while thread.is_alive():
            # The thread may wait for room.
            try:
                ready.get(timeout=0.01)
            except Empty:
                continue
        thread.join()


class _End:
    """What the thread puts after the last item, with the error that ended it."""

    error: BaseException | None = None
