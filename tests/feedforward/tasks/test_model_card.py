"""Files of networks: small, nearly lossless, honest about what they hold, and refused when they do not fit."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors import safe_open

from impasto.errors import RecipeError, WeightsError
from impasto.feedforward.model_card import describe, make_card, open_styles, page, write_styles
from impasto.feedforward.modules.johnson import JohnsonNet
from impasto.feedforward.modules.style_embedding import ConditionalInstanceNorm, StyleEmbedding
from impasto.feedforward.modules.transform import TransformNet, initialise
from impasto.feedforward.network_card import KIND_JOHNSON, KIND_STYLES
from impasto.feedforward.style_settings import GivenStyleSettings
from impasto.feedforward.weights import dequantise, quantise, write_network

ORIGIN = {"photos": "holiday", "photographs": "40", "started_from": "any"}


def make_network(kind: str, count: int):
    torch.manual_seed(0)
    if kind == KIND_STYLES:
        network = TransformNet(detail=GivenStyleSettings().detail)
        initialise(network)
        style_embedding = StyleEmbedding(network.modulated_layers, count)
        with torch.no_grad():
            style_embedding.output_layer.weight.normal_(std=0.05)
        return network, style_embedding
    johnson = JohnsonNet()
    return johnson, ConditionalInstanceNorm(johnson.modulated_layers, count)


def weights_of(network, style_embedding):
    named = [("network", network), ("style_embedding", style_embedding)]
    return {
        f"{prefix}.{name}": value for prefix, module in named for name, value in module.state_dict().items()
    }


@pytest.fixture
def records(tmp_path):
    (tmp_path / "deep").mkdir()
    paths = [tmp_path / "night.png", tmp_path / "deep" / "night.png"]
    for number, path in enumerate(paths):
        path.write_bytes(bytes([number]))
    return describe(paths, ["Night | sky", "Night"], ["A. Painter"] * 2, ["CC0"] * 2)


@pytest.mark.parametrize("kind", [KIND_STYLES, KIND_JOHNSON])
def test_a_file_is_small_and_paints_as_before(kind, records, tmp_path):
    network, style_embedding = make_network(kind, 2)
    settings = GivenStyleSettings.make({"preset": "default" if kind == KIND_STYLES else "johnson"})
    card = make_card(kind, "night", settings, records, {"loss": 1.5}, ORIGIN)
    place = tmp_path / "n.safetensors"
    write_styles(place, weights_of(network, style_embedding), card)
    assert place.stat().st_size <= 2_000_000
    again, style_params_list, read = open_styles(place)
    assert read == json.loads(json.dumps(card))
    assert [style["name"] for style in read["styles"]] == ["night", "night-2"]
    image = torch.nn.functional.interpolate(torch.rand(1, 3, 9, 9), (64, 64), mode="bicubic").clamp(0, 1)
    told = (torch.tensor([[0.7, 0.3]]), torch.tensor([0.8]), torch.tensor([1.2]))
    with torch.no_grad():
        before, after = network.eval()(image, style_embedding(*told)), again(image, style_params_list(*told))
    assert before.std() > 0.1  # a trained network's painting has .23, and is off by .4 of 255
    assert float((before - after).abs().mean()) <= 1 / 255
    with safe_open(place, "pt") as file:
        kinds = {file.get_tensor(name).dtype for name in file.keys()}  # noqa: SIM118
    assert kinds == {torch.int8, torch.float16}


def test_ten_styles_stay_below_two_million_bytes(tmp_path):
    network, style_embedding = make_network(KIND_STYLES, 10)
    write_styles(tmp_path / "n.safetensors", weights_of(network, style_embedding), {"kind": KIND_STYLES})
    assert (tmp_path / "n.safetensors").stat().st_size <= 2_000_000


def test_eight_bits_are_off_by_half_a_step_at_most():
    generator = torch.Generator().manual_seed(0)
    rows = torch.randn(64, 16, 3, 3, generator=generator) * torch.logspace(-2, 1, 64).view(-1, 1, 1, 1)
    rows[5] = 0
    state = {"kernel": rows, "bias": torch.ones(7)}
    stored = quantise(state)
    assert stored["kernel"].dtype == torch.int8
    back = dequantise(stored)
    step = rows.flatten(1).abs().amax(1) / 127
    # The scale itself is rounded to float16.
    assert ((back["kernel"] - rows).flatten(1).abs().amax(1) <= step * 0.57 + 1e-7).all()
    torch.testing.assert_close(back["bias"], state["bias"])
    del stored["kernel:scale"]
    with pytest.raises(ValueError, match="no scale"):
        dequantise(stored)


def test_other_files_are_refused(records, tmp_path):
    place = tmp_path / "n.safetensors"
    with pytest.raises(WeightsError):
        open_styles(place)
    write_network(place, {"network.x": torch.ones(3)}, {"kind": "network:any"})
    with pytest.raises(WeightsError, match="network:any"):
        open_styles(place)
    card = make_card(KIND_STYLES, "n", GivenStyleSettings(), records, {}, ORIGIN)
    for damaged in (card, {**card, "styles": 7}, {"kind": KIND_STYLES}, {**card, "widths": [1, 2]}):
        write_network(place, {"network.x": torch.ones(3)}, damaged)
        with pytest.raises(WeightsError, match="fit its own card"):
            open_styles(place)


def test_words_are_for_all_styles_or_none(tmp_path):
    (tmp_path / "a.png").write_bytes(b"1")
    assert describe([tmp_path / "a.png"], [], [], [])[0].title == "a"
    with pytest.raises(RecipeError, match="--credit"):
        describe([tmp_path / "a.png"], [], ["x", "y"], [])


def test_the_page_tells_whose_paintings_they_are(records):
    card = make_card(KIND_STYLES, "n", GivenStyleSettings(seed=7), records, {"loss": 1.25}, ORIGIN)
    text = page(card, "impasto train night.png")
    for words in ("| night | Night \\| sky | A. Painter | CC0 |", "`impasto train night.png`", "| loss | 1.25 |",
                  "`holiday`", "seed 7", "`compact`"):  # fmt: skip
        assert words in text
