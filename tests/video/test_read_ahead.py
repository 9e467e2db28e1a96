"""Reading ahead and writing behind: order, errors, and ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from impasto.errors import OutputError
from impasto.video.frame import VideoFrame
from impasto.video.journal import Position
from impasto.video.read_ahead import map_ahead, read_ahead
from impasto.video.segment_writer import SegmentWriter


def threads() -> int:
    return sum(thread.name == "read ahead" for thread in threading.enumerate())


def test_items_keep_their_order_and_come_from_another_thread() -> None:
    items = list(read_ahead(((n, threading.current_thread().name) for n in range(50)), 2))
    assert items == [(n, "read ahead") for n in range(50)]
    assert threads() == 0


def test_no_more_are_made_than_asked_for() -> None:
    made = []

    def source() -> Iterator[int]:
        for n in range(100):
            made.append(n)
            yield n

    ahead = read_ahead(source(), 2)
    assert next(ahead) == 0
    time.sleep(0.05)
    assert len(made) <= 4  # one taken, two waiting, one that waits for room
    ahead.close()  # type: ignore[attr-defined]
    assert threads() == 0
    assert len(made) <= 6


def test_an_error_comes_after_the_items_before_it() -> None:
    def source() -> Iterator[int]:
        yield 1
        raise OutputError("no room")

    ahead = read_ahead(source(), 4)
    assert next(ahead) == 1
    with pytest.raises(OutputError, match="no room"):
        next(ahead)
    assert threads() == 0


def test_an_interrupt_of_the_reader_closes_the_source() -> None:
    closed = []

    def source() -> Iterator[int]:
        try:
            yield from range(100)
        finally:
            closed.append(True)

    def read() -> None:
        for _ in read_ahead(source(), 2):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read()
    assert closed == [True]
    assert threads() == 0


def test_results_come_in_order_and_torch_keeps_its_threads() -> None:
    torch = pytest.importorskip("torch")
    before, together = torch.get_num_threads(), threading.Barrier(2)

    def work(number: int) -> tuple[int, int]:
        together.wait(10)  # two are in work at once
        time.sleep(0.01 if number % 2 else 0)
        return number, torch.get_num_threads()

    results = list(map_ahead(work, range(6), 2))
    assert results == [(number, max(1, before // 2)) for number in range(6)]
    assert torch.get_num_threads() == before


def test_an_error_of_a_worker_is_raised_in_its_place() -> None:
    pytest.importorskip("torch")
    results = map_ahead(lambda number: 1 / (2 - number), range(6), 2)
    assert [next(results), next(results)] == [0.5, 1.0]
    with pytest.raises(ZeroDivisionError):
        next(results)


class FailingJournal:
    """A journal whose disk is full from the third frame on."""

    def __init__(self) -> None:
        self.position, self.added = Position(), list[Fraction]()

    def kept_frames(self) -> Iterator[Any]:
        return iter(())

    def add_frame(self, samples: np.ndarray, time: Fraction, duration: Fraction) -> None:
        del samples, duration
        if len(self.added) == 2:
            raise OutputError("full")
        self.added.append(time)


def test_a_full_disk_ends_the_run_and_nothing_is_written_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("av", exc_type=ImportError)
    monkeypatch.setattr(SegmentWriter, "_encode", lambda *_: None)
    journal: Any = FailingJournal()
    job: Any = SimpleNamespace(deep=False, segment_frames=48, output=Path("a.mp4"))
    writer = SegmentWriter(job, journal)
    pixels = np.zeros((4, 4, 3), np.float32)

    def add_all() -> None:
        for index in range(20):
            writer.add(VideoFrame(index, Fraction(index), pixels), Fraction(1), dict)

    with pytest.raises(OutputError, match="full"):
        add_all()
    writer.close()
    assert journal.added == [0, 1]
