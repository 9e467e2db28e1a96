"""Files of networks: kinds, styles, mixtures; nothing in them is run."""

from __future__ import annotations

import math
import pickle

import pytest
import torch

from impasto.errors import RecipeError, WeightsError
from impasto.feedforward import network_card
from impasto.feedforward.modules.johnson import JohnsonNet
from impasto.feedforward.modules.region_modulation import mix_style_params
from impasto.feedforward.modules.style_embedding import ConditionalInstanceNorm, StyleEmbedding
from impasto.feedforward.modules.style_predictor import StylePredictor
from impasto.feedforward.modules.transform import TransformNet
from impasto.feedforward.network_card import find_model
from impasto.feedforward.open_network import identity_style_params, open_model
from impasto.feedforward.pretrained import pretrained_networks
from impasto.feedforward.runner import NetworkRunner
from impasto.feedforward.weights import write_network
from impasto.imaging import Picture

from .conftest import BLOCKS, WIDTHS

NAMES = [{"name": "reed"}, {"name": "wave"}]


def write(path, kind, parts, **card):
    state = {f"{prefix}.{k}": v for prefix, part in parts.items() for k, v in part.state_dict().items()}
    write_network(path, state, {"kind": kind, **card})
    return path


@pytest.fixture
def any_file(network, tmp_path):
    torch.manual_seed(1)
    parts = {"network": network, "style_predictor": StylePredictor(network.modulated_layers, 8)}
    return write(tmp_path / "any.safetensors", "network:any", parts, widths=WIDTHS, blocks=BLOCKS, hidden=8)


@pytest.fixture
def styles_file(network, tmp_path):
    torch.manual_seed(1)
    parts = {"network": network, "style_embedding": StyleEmbedding(network.modulated_layers, 2)}
    return write(
        tmp_path / "two.safetensors", "network:styles", parts, widths=WIDTHS, blocks=BLOCKS, styles=NAMES
    )


def test_any_style_image_has_parameters_that_change_with_strength_and_stroke(any_file) -> None:
    model = open_model(any_file)
    style_image = Picture(torch.rand(1, 3, 40, 50, generator=torch.Generator().manual_seed(0)))
    full = model.mixed_style_params([style_image], strength=1.0)
    assert torch.equal(full.matrices[0], model.style_params([style_image])[0].matrices[0])
    for other in (
        model.mixed_style_params([style_image], strength=0.3),
        model.mixed_style_params([style_image], stroke=0.5),
    ):
        assert (other.matrices[0] - full.matrices[0]).abs().max() > 1e-4
    runner = NetworkRunner(model.network, model.card)
    assert bool(torch.isfinite(runner.paint(torch.rand(1, 3, 20, 30), full)).all())
    second = Picture(torch.rand(1, 3, 30, 30))
    mixed = model.mixed_style_params([style_image, second], [3, 1])
    expected = mix_style_params(model.style_params([style_image, second]), [0.75, 0.25])
    torch.testing.assert_close(mixed.matrices[2], expected.matrices[2])


def test_own_styles_by_name(styles_file) -> None:
    model = open_model(styles_file)
    assert model.names == ("reed", "wave")
    mixed = model.mixed_style_params(["wave", "reed"], [1, 3], 0.5, 1.5)
    rows = model.style_embedding(torch.tensor([[0.75, 0.25]]), torch.tensor([0.5]), torch.tensor([1.5]))
    torch.testing.assert_close(mixed.matrices[0], rows.matrices[0])
    assert len(model.style_params(["reed", "wave", "reed"])) == 3
    for styles, weights, strength, stroke, words in (
        ([], None, 1.0, 1.0, "several"), (["weed"], None, 1.0, 1.0, "reed"), (["reed"], None, 2.1, 1.0, "strength"),
        (["reed"], None, 1.0, 3.0, "stroke"), (["reed"], [1.0, 2.0], 1.0, 1.0, "--mix"),
        (["reed", "wave"], [0.0, 0.0], 1.0, 1.0, "--mix"),
    ):  # fmt: skip
        with pytest.raises(RecipeError, match=words):
            model.mixed_style_params(styles, weights, strength, stroke)


@pytest.mark.parametrize(("changes", "expected"), [({}, 1.0), ({"default_strength": 0.6}, 0.6)])
def test_the_default_strength_is_the_cards(network, tmp_path, changes, expected) -> None:
    parts = {"network": network, "style_embedding": StyleEmbedding(network.modulated_layers, 2)}
    card = {"widths": WIDTHS, "blocks": BLOCKS, "styles": NAMES, **changes}
    assert (
        open_model(write(tmp_path / "u.safetensors", "network:styles", parts, **card)).default_strength
        == expected
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("default_strength", value) for value in ("much", 7, -0.1, None, [])),
        *(("margin", value) for value in ("wide", 1.5, None, [], math.inf)),
        *(("grain", value) for value in ("fine", -0.1, 2, [1], math.nan)),
        *(("strengths", value) for value in ("ab", 1, [[0]], [[0, 0]], [[0, "a"], [1, 1]], [[0, 0], [1, 9]])),
        ("strengths", [[0, 0], [0, 0.5], [1, 1]]),
    ],
)
def test_a_number_of_the_card_that_is_invalid(network, tmp_path, name, value) -> None:
    parts = {"network": network, "style_embedding": StyleEmbedding(network.modulated_layers, 2)}
    card = {"widths": WIDTHS, "blocks": BLOCKS, "styles": NAMES, name: value}
    with pytest.raises(WeightsError, match="do not fit"):
        open_model(write(tmp_path / "u.safetensors", "network:styles", parts, **card))


def test_the_published_network_paints_and_its_one_style_needs_no_name(tmp_path) -> None:
    torch.manual_seed(2)
    network = JohnsonNet()
    parts = {"network": network, "style_embedding": ConditionalInstanceNorm(network.modulated_layers, 1)}
    model = open_model(write(tmp_path / "j.safetensors", "network:johnson", parts, styles=NAMES[:1]))
    style_params = model.mixed_style_params([])
    assert all(matrix.ndim == 2 for matrix in style_params.matrices)
    image = torch.rand(1, 3, 21, 33)
    assert NetworkRunner(model.network).paint(image, style_params).shape == image.shape


def test_files_that_are_none(tmp_path, any_file, network) -> None:
    with pytest.raises(WeightsError, match="not there"):
        open_model(tmp_path / "gone.safetensors")
    (tmp_path / "p.safetensors").write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(WeightsError, match="damaged"):
        open_model(tmp_path / "p.safetensors")
    with pytest.raises(WeightsError, match="kind"):
        open_model(write(tmp_path / "x.safetensors", "network:x", {"network": network}))
    with pytest.raises(WeightsError, match="do not fit"):
        open_model(write(tmp_path / "y.safetensors", "network:any", {"network": TransformNet((4, 4, 4))}))


def test_names_of_networks_that_ship(tmp_path, monkeypatch) -> None:
    assert all(path.is_file() for path in pretrained_networks().values())
    monkeypatch.setattr(
        network_card, "pretrained_networks", lambda: {"delft": tmp_path / "delft.safetensors"}
    )
    assert find_model("delft") == tmp_path / "delft.safetensors"
    assert find_model("folder/own") == tmp_path.__class__("folder/own")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "delft").mkdir()  # a folder of that name is no network
    assert find_model("delft") == tmp_path / "delft.safetensors"
    with pytest.raises(RecipeError, match="delft"):
        find_model("delfd")


def test_the_identity_style_parameters_change_nothing(network) -> None:
    x = torch.randn(1, network.modulated_layers[0].channels, 2, 3)
    style_params = identity_style_params(network)
    torch.testing.assert_close(
        mix_style_params([style_params], [1.0]).matrices[0] @ x.flatten(2), x.flatten(2)
    )
