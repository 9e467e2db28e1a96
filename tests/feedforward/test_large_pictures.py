"""A picture that lies in files is painted in one pass as one in memory."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from impasto.feedforward.modules.style_embedding import StyleEmbedding
from impasto.feedforward.settings import OnePassSettings
from impasto.feedforward.stylizer import Stylizer
from impasto.feedforward.weights import write_network
from impasto.imaging import read_picture, scratch
from impasto.plates import paint

from .conftest import BLOCKS, WIDTHS


@pytest.fixture
def network_file(network, tmp_path: Path) -> Path:
    """A small network of one style, which has no trained weights."""
    parts = {"network": network, "style_embedding": StyleEmbedding(network.modulated_layers, 1)}
    state = {
        f"{name}.{key}": value for name, part in parts.items() for key, value in part.state_dict().items()
    }
    card = {"kind": "network:styles", "widths": WIDTHS, "blocks": BLOCKS, "styles": [{"name": "reed"}]}
    write_network(tmp_path / "reed.safetensors", state, card)
    return tmp_path / "reed.safetensors"


def test_a_picture_in_files_is_painted_as_one_in_memory(network_file, tmp_path, monkeypatch) -> None:
    content = tmp_path / "photograph.png"
    paint("paper", 643).crop((0, 100, 643, 343)).save(content)
    stylizer = Stylizer(network_file, tile=384)
    stylizer.runner.precision = "float32"  # bfloat16 enlarges the rounding of the resized pictures
    settings = OnePassSettings(strength=1.3, colors=0.6)
    expected = stylizer.paint(content, ["reed"], settings)
    monkeypatch.setattr(scratch, "LEAST_BYTES", 100_000)
    before = len(scratch._MAPS)
    found = stylizer.paint(content, ["reed"], settings)
    assert len(scratch._MAPS) > before  # the result lies in a file
    assert found.pixels.shape == expected.pixels.shape == (1, 3, 243, 643)
    torch.testing.assert_close(found.pixels, expected.pixels, atol=1e-3, rtol=0)
    assert (found.pixels - expected.pixels).abs().mean() < 1e-5
    saved = found.save(tmp_path / "large.tiff", bits=16)
    assert (read_picture(saved).pixels - found.pixels).abs().max() < 1e-5
