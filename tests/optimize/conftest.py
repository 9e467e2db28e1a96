from __future__ import annotations

import pytest
import torch

from impasto.optimize import make_recipe, open_job
from impasto.optimize.job import Job


def picture(height: int, width: int, seed: int) -> torch.Tensor:
    """A smooth random picture (1,3,h,w) in [0,1]."""
    noise = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.interpolate(noise, (height, width), mode="bicubic").clamp(0, 1)


@pytest.fixture
def content() -> torch.Tensor:
    return picture(48, 64, 1)


@pytest.fixture
def style() -> torch.Tensor:
    return picture(56, 40, 2)


def job(content, style, **recipe) -> Job:
    settings = {
        "encoder": "tiny",
        "size": 64,
        "smallest": 32,
        "precision": "float32",
        "steps": 12,
        "hold": False,
    }
    settings |= recipe
    preset = settings.pop("preset", "impasto")
    styles = style if isinstance(style, list) else [style]
    return open_job(make_recipe(preset, **settings), content, styles)
