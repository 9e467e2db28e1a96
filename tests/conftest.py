"""Fixtures of all tests: the shared folder, the number of threads, a seeded generator."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:
    # Parallel test processes use one core each, and so do the processes that they start.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch

from .schedule import (  # noqa: F401
    pytest_collection_modifyitems,
    pytest_xdist_auto_num_workers,
    pytest_xdist_make_scheduler,
)

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session", autouse=True)
def _threads() -> None:
    torch.set_num_threads(1 if "PYTEST_XDIST_WORKER" in os.environ else 2)


@pytest.fixture(scope="session", autouse=True)
def _styles_measured_once() -> Iterator[None]:
    """Measure each style image once in all tests: it takes longer than the rest of a small picture in one pass."""
    from impasto.feedforward import open_network
    from impasto.imaging import read_picture

    measure, measured = open_network.AnyStyle._measure, {}

    def recall(self: open_network.AnyStyle, style, longest: int):
        pixels = read_picture(style).pixels
        precision = open_network.best_precision(torch.device("cpu"))
        key = (pixels.shape, pixels.numpy().tobytes(), longest, precision, torch.get_num_threads())
        if key not in measured:
            measured[key] = measure(self, style, longest)
        return measured[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(open_network.AnyStyle, "_measure", recall)
        yield


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Compute with one thread: networks and pictures this small are slower on two."""
    previous = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(previous)


@pytest.fixture(scope="session", autouse=True)
def _no_fsync() -> Iterator[None]:
    """Leave written files to the page cache, which survives everything that a test does to a process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the real VGG-19 and the development pictures; skips the test if it is missing."""
    folder = Path(os.environ.get("IMPASTO_SHARED", ROOT.parent / "shared"))
    if not (folder / "vgg19_conv.safetensors").exists():
        pytest.skip(f"the real VGG-19 is not in {folder} (set IMPASTO_SHARED)")
    return folder


@pytest.fixture(scope="session", autouse=True)
def _interrupts() -> None:
    """Restore SIGINT, which shells ignore for background jobs and child processes would inherit."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)
