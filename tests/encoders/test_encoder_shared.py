"""The real VGG-19."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from impasto.encoders.registry import open_encoder


@pytest.mark.shared
def test_the_real_vgg19_answers_and_keeps_its_size_under_every_pooling(shared: Path) -> None:
    ramp = torch.linspace(0, 1, 96)
    stripes = (ramp * 20).sin().abs()
    picture = torch.stack([ramp.expand(96, 96), ramp.expand(96, 96).T, stripes.expand(96, 96)])
    means = {}
    for pooling in ("max", "average", "l2"):
        encoder = open_encoder("vgg19", weights=shared / "vgg19_conv.safetensors", pooling=pooling)
        means[pooling] = float(encoder(picture[None], ["relu5_1"])["relu5_1"].mean())
    assert means["max"] > 0
    for pooling in ("average", "l2"):
        assert 0.2 < means[pooling] / means["max"] < 5
