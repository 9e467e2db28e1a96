"""Single styles out of a network for several: they paint as it does, share a body, and need it."""

from __future__ import annotations

import pytest
import torch

from impasto.errors import WeightsError
from impasto.feedforward.model_card import describe, make_card, write_styles
from impasto.feedforward.modules.style_embedding import StyleEmbedding
from impasto.feedforward.modules.transform import TransformNet, initialise
from impasto.feedforward.network_card import KIND_STYLES, find_model
from impasto.feedforward.open_network import open_model
from impasto.feedforward.single_styles import write_single_styles
from impasto.feedforward.style_settings import GivenStyleSettings
from impasto.feedforward.weights import body_path
from impasto.training.weights import named_weights

ORIGIN = {"photos": "holiday", "photographs": "40", "started_from": "any"}


@pytest.fixture
def several(tmp_path):
    """A network for three styles with random weights."""
    torch.manual_seed(0)
    settings = GivenStyleSettings()
    network = TransformNet(blocks=(1, 1, 2), detail=settings.detail)
    initialise(network)
    style_embedding = StyleEmbedding(network.modulated_layers, 3)
    with torch.no_grad():
        for parameter in style_embedding.parameters():
            parameter.normal_(std=0.1)
    files = [tmp_path / f"{name}.png" for name in ("dawn", "noon", "dusk")]
    for file in files:
        file.write_text(file.name)
    records = describe(files, (), (), ())
    card = make_card(KIND_STYLES, "day", settings, records, {}, ORIGIN, network.counts)
    path = tmp_path / "day.safetensors"
    write_styles(path, named_weights({"network": network, "style_embedding": style_embedding}), card)
    return path


def test_single_styles_paint_as_the_network_for_all(several, tmp_path):
    folder = tmp_path / "single"
    folder.mkdir()
    files = write_single_styles(several, folder)
    assert [file.stem for file in files] == ["dawn", "noon", "dusk"]
    together = open_model(several)
    image = torch.rand(1, 3, 32, 48)
    for file in files:
        alone = open_model(file)
        assert alone.names == (file.stem,)
        pictures = [
            model.network(image, model.mixed_style_params([file.stem], None, 0.7, 1.2))
            for model in (together, alone)
        ]
        torch.testing.assert_close(*pictures, atol=0, rtol=0)
    body = folder / "day.body"
    assert max(file.stat().st_size for file in files) < body.stat().st_size


def test_a_style_needs_its_body(several, tmp_path):
    first = write_single_styles(several, tmp_path)[0]
    body = tmp_path / "day.body"
    whole = body.read_bytes()
    for change in (lambda: body.write_bytes(whole[:-1] + b"\0\0"), body.unlink):
        change()
        with pytest.raises(WeightsError, match=r"shares the weights of 'day\.body', which is not beside it"):
            open_model(first)
    body.write_bytes(whole)
    open_model(first)


def test_a_body_lies_beside_its_style_whatever_the_card_says(tmp_path):
    path = tmp_path / "n.safetensors"
    card = {"body": {"file": "../../elsewhere/day.body"}}
    assert body_path(path, card) == tmp_path / "day.body"
    for bad in ({"body": {}}, {"body": None}):
        with pytest.raises(WeightsError, match="is damaged"):
            body_path(path, bad)


def test_a_network_for_any_style_has_no_single_styles(tmp_path):
    with pytest.raises(WeightsError, match="only a network for given styles"):
        write_single_styles(find_model("any-live"), tmp_path)
    assert not list(tmp_path.iterdir())
