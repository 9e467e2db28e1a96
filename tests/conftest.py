"""What every test may use: the shared folder if it is there, a tiny picture maker, quiet threads."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session", autouse=True)
def _threads() -> None:
    # Side by side, tests have a core each.
    torch.set_num_threads(1 if "PYTEST_XDIST_WORKER" in os.environ else 2)


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Compute with one thread: networks and pictures this small are slower on two."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the real VGG-19 and the development pictures; skips where it is absent."""
    folder = Path(os.environ.get("IMPASTO_SHARED", ROOT.parent / "shared"))
    if not (folder / "vgg19_conv.safetensors").exists():
        pytest.skip(f"the real VGG-19 is not at {folder} (set IMPASTO_SHARED)")
    return folder


@pytest.fixture(scope="session", autouse=True)
def _interrupts() -> None:
    """Shells start background jobs with SIGINT ignored, and programs started from here would inherit that."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)
