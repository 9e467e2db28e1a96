"""Small pictures and an encoder for trainings of a few steps."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from impasto.encoders import Encoder, open_encoder


@pytest.fixture(autouse=True)
def _one_thread(one_thread) -> None:
    """For every test here."""


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure paintings at an eighth of their size."""
    monkeypatch.setattr("impasto.feedforward.style_targets.LONGEST", 64)


@pytest.fixture(scope="session")
def compact() -> Encoder:
    return open_encoder("compact")


@pytest.fixture
def photographs() -> list[Tensor]:
    """Three pictures of bytes (3, h, w)."""
    generator = torch.Generator().manual_seed(5)
    small = [torch.rand(1, 3, 9, 12, generator=generator) for _ in range(3)]
    return [(torch.nn.functional.interpolate(x, (72, 96), mode="bilinear")[0] * 255).byte() for x in small]


@pytest.fixture
def paintings() -> list[Tensor]:
    """Two pictures (1, 3, h, w) of different grain and colour."""
    generator = torch.Generator().manual_seed(6)
    return [
        torch.nn.functional.interpolate(torch.rand(1, 3, n, n, generator=generator), (64, 80), mode="nearest")
        * torch.tensor(tint).view(1, 3, 1, 1)
        for n, tint in ((8, (1.0, 0.6, 0.2)), (20, (0.2, 0.6, 1.0)))
    ]
