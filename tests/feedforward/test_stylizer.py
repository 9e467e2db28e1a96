"""The network for any style as it ships: pictures in, pictures out."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import impasto
from impasto.errors import RecipeError
from impasto.feedforward.network_card import find_model
from impasto.feedforward.open_network import open_model
from impasto.feedforward.pretrained import pretrained_networks
from impasto.guidance import calibrated_strength
from impasto.imaging import read_embedded_json
from impasto.plates import paint

PHOTO, ART, OTHER = paint("paper", 80), paint("woodcut", 96), paint("ink", 96)
FULL = impasto.OnePassSettings(strength=1.0)


@pytest.fixture(scope="module")
def stylizer() -> impasto.Stylizer:
    return impasto.Stylizer()


def test_styles_and_strength_matter(stylizer) -> None:
    strong = stylizer.paint(PHOTO, [ART], FULL)
    assert strong.pixels.shape[2:] == (PHOTO.height, PHOTO.width)
    weak = stylizer.paint(PHOTO, [ART], impasto.OnePassSettings(strength=0.0))
    photo = impasto.read_picture(PHOTO).pixels
    assert (weak.pixels - photo).abs().mean() < (strong.pixels - photo).abs().mean()
    other = stylizer.paint(PHOTO, [OTHER], FULL)
    assert (other.pixels - strong.pixels).abs().mean() > 0.02


def test_masks_protection_and_colours(stylizer) -> None:
    both = stylizer.paint(PHOTO, [ART, OTHER], FULL, impasto.Guides(("left",), protect="top"))
    photo = impasto.read_picture(PHOTO).pixels
    assert torch.allclose(both.pixels[:, :, 0], photo[:, :, 0], atol=0.05)
    kept = stylizer.paint(PHOTO, [ART], impasto.OnePassSettings(strength=1.0, colors=1.0)).pixels
    lost = stylizer.paint(PHOTO, [ART], FULL).pixels
    means = [impasto.imaging.rgb_to_lab(p)[:, 1:].mean((2, 3)) for p in (photo, kept, lost)]
    assert (means[1] - means[0]).norm() < (means[2] - means[0]).norm()


def test_a_mixture_lies_between_and_settings_go_into_the_file(stylizer, tmp_path) -> None:
    half = stylizer.paint(PHOTO, [ART, OTHER], impasto.OnePassSettings(strength=1.0, mix=(0.5, 0.5)))
    alone = [stylizer.paint(PHOTO, [style], FULL).pixels for style in (ART, OTHER)]
    apart = (alone[0] - alone[1]).abs().mean()
    assert max((half.pixels - one).abs().mean() for one in alone) < apart
    path = half.save(tmp_path / "out.png")
    assert read_embedded_json(path)["recipe"]["strength"] == 1.0


@pytest.mark.parametrize("name", pretrained_networks())
def test_what_ships_is_small_credited_and_opens(name: str) -> None:
    path = find_model(name)
    model = open_model(path)
    assert path.with_suffix(".md").is_file()
    if model.names:
        assert path.stat().st_size <= 2_000_000
        assert all(style["credit"] and style["licence"] in ("CC0", "MIT") for style in model.card["styles"])


def test_all_weights_stay_within_40_megabytes() -> None:
    package = Path(impasto.__file__).parent
    weights = [path for path in package.rglob("*") if path.suffix in (".safetensors", ".body")]
    assert len(weights) > len(pretrained_networks())
    assert sum(path.stat().st_size for path in weights) <= 40_000_000


def test_network_and_encoder_stay_within_16_megabytes() -> None:
    from impasto.encoders import shipped_weights

    assert find_model("any").stat().st_size + len(shipped_weights().read_bytes()) <= 16_000_000


def test_strengths_go_straight_between_the_rows_of_the_card() -> None:
    card = {"strengths": [[0.0, 0.0], [0.5, 0.6], [1.0, 1.0]]}
    assert calibrated_strength(0.25, card.get("strengths")) == pytest.approx(0.3)
    assert calibrated_strength(0.75, card.get("strengths")) == pytest.approx(0.8)
    assert calibrated_strength(0.4, {}.get("strengths")) == pytest.approx(0.4)
    assert calibrated_strength(1.5, card.get("strengths")) == 1.0
    with pytest.raises(RecipeError, match="0 to 2"):
        calibrated_strength(2.5, card.get("strengths"))


@pytest.mark.parametrize(
    "changes", [{"colors": 2.0}, {"size": 0}, {"strength": -1}, {"stroke": 0}, {"steps": 3}]
)
def test_impossible_settings_are_refused(changes) -> None:
    with pytest.raises(RecipeError):
        impasto.OnePassSettings.make(changes)


@pytest.mark.parametrize(
    ("settings", "guides", "words"),
    [
        ({"strength": 2.2}, {}, "0 to 2"),
        ({"stroke": 9}, {}, "stroke"),
        ({"mix": (0.5, 0.5)}, {"masks": ("left", "right")}, "place"),
        ({}, {"style_masks": ("left",)}, "style masks"),
        ({}, {"masks": ("left", "right", "top")}, "mask"),
    ],
)
def test_a_contract_is_enforced(stylizer, settings, guides, words) -> None:
    with pytest.raises(RecipeError, match=words):
        stylizer.paint(PHOTO, [ART, OTHER], impasto.OnePassSettings(**settings), impasto.Guides(**guides))


def test_a_trained_network_has_its_own_range_and_styles() -> None:
    stylizer = impasto.Stylizer("two-poplars")
    assert stylizer.styles == ("two-poplars",)
    assert stylizer.resolve(impasto.OnePassSettings()).strength == stylizer.model.default_strength
    with pytest.raises(RecipeError, match="stroke"):
        stylizer.paint(PHOTO, settings=impasto.OnePassSettings(stroke=3))
    with pytest.raises(RecipeError, match="two-poplars"):
        stylizer.paint(PHOTO, ["two-poplar"])
    assert torch.equal(stylizer.paint(PHOTO).pixels, impasto.fast(PHOTO, network="two-poplars").pixels)


def test_progress_is_reported(stylizer) -> None:
    calls = []
    stylizer.paint(PHOTO, [ART], on_progress=lambda done, total: calls.append((done, total)))
    assert calls == [(1, 1)]
