"""Reading ahead: an iterator that another thread runs, so that its work overlaps with what is done to its items.

OpenCV, FFmpeg, torch and the other runtimes release Python's lock while they compute.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, Queue
from typing import TypeVar

from impasto.ahead import map_in_order

Item = TypeVar("Item")
Result = TypeVar("Result")


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


def map_ahead(function: Callable[[Item], Result], items: Iterable[Item], workers: int) -> Iterator[Result]:
    """Yield `function` of every item in order, computed in `workers` threads; one more item waits for them.

    The workers share torch's threads among them. What `items` or `function` raise is raised here. When the iterator is
    closed, the work that has begun is finished.
    """
    pool = ThreadPoolExecutor(workers, "paint")
    try:
        _share_threads(pool, workers)
        yield from map_in_order(pool, function, items, workers)
    finally:
        pool.shutdown(cancel_futures=True)


def _share_threads(pool: ThreadPoolExecutor, workers: int) -> None:
    """Start the pool's threads, each with its share of torch's threads."""
    import torch

    threads = torch.get_num_threads()
    together = threading.Barrier(workers)

    def begin() -> None:
        torch.get_num_threads()  # torch sets a thread's number at the first question for it, whatever was set before
        torch.set_num_threads(max(1, threads // workers))
        torch.set_flush_denormal(True)  # as `tune_process` does for the main thread
        together.wait()

    for started in [pool.submit(begin) for _ in range(workers)]:
        started.result()
    # The number above also counts for threads that start later, and this one brings the old one back for them.
    torch.set_num_threads(threads)


class _End:
    """What the thread puts after the last item, with the error that ended it."""

    error: BaseException | None = None
