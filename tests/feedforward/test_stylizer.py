"""The network for any style as it ships: pictures in, pictures out."""

from __future__ import annotations

import pytest
import torch

import impasto
from impasto.errors import RecipeError
from impasto.feedforward.catalogue import find_model, open_model
from impasto.feedforward.pretrained import pretrained_networks
from impasto.guidance import calibrated_strength
from impasto.imaging import read_recipe
from impasto.plates import paint

PHOTO, ART, OTHER = paint("paper", 80), paint("swirls", 96), paint("ink", 96)


@pytest.fixture(scope="module")
def painter() -> impasto.FastPainter:
    return impasto.FastPainter()


def test_styles_and_strength_matter(painter) -> None:
    strong = painter.paint(PHOTO, [ART], impasto.FastSettings(strength=1.0))
    assert strong.pixels.shape[2:] == (PHOTO.height, PHOTO.width)
    weak = painter.paint(PHOTO, [ART], impasto.FastSettings(strength=0.0))
    photo = impasto.read_picture(PHOTO).pixels
    assert (weak.pixels - photo).abs().mean() < (strong.pixels - photo).abs().mean()
    other = painter.paint(PHOTO, [OTHER], impasto.FastSettings(strength=1.0))
    assert (other.pixels - strong.pixels).abs().mean() > 0.02


def test_masks_protection_and_colours(painter) -> None:
    both = painter.paint(PHOTO, [ART, OTHER], impasto.FastSettings(1.0, masks=("left",), protect="top"))
    photo = impasto.read_picture(PHOTO).pixels
    assert torch.allclose(both.pixels[:, :, 0], photo[:, :, 0], atol=0.05)
    kept = painter.paint(PHOTO, [ART], impasto.FastSettings(1.0, colors=1.0)).pixels
    lost = painter.paint(PHOTO, [ART], impasto.FastSettings(1.0)).pixels
    means = [impasto.imaging.rgb_to_lab(p)[:, 1:].mean((2, 3)) for p in (photo, kept, lost)]
    assert (means[1] - means[0]).norm() < (means[2] - means[0]).norm()


def test_a_mixture_lies_between_and_settings_go_into_the_file(painter, tmp_path) -> None:
    half = painter.paint(PHOTO, [ART, OTHER], impasto.FastSettings(1.0, mix=(0.5, 0.5)))
    alone = [painter.paint(PHOTO, [style], impasto.FastSettings(1.0)).pixels for style in (ART, OTHER)]
    apart = (alone[0] - alone[1]).abs().mean()
    assert max((half.pixels - one).abs().mean() for one in alone) < apart
    path = half.save(tmp_path / "out.png")
    assert read_recipe(path)["fast"]["strength"] == 1.0


@pytest.mark.parametrize("name", pretrained_networks())
def test_what_ships_is_small_credited_and_opens(name: str) -> None:
    path = find_model(name)
    model = open_model(path)
    assert path.with_suffix(".md").is_file()
    if model.names:
        assert path.stat().st_size <= 2_000_000
        assert all(style["credit"] and style["licence"] == "CC0" for style in model.card["styles"])


def test_network_and_encoder_stay_within_16_megabytes() -> None:
    from impasto.encoders.compact import shipped_weights

    assert find_model("any").stat().st_size + len(shipped_weights().read_bytes()) <= 16_000_000


def test_strengths_go_straight_between_the_rows_of_the_card() -> None:
    card = {"strengths": [[0.0, 0.0], [0.5, 0.6], [1.0, 1.0]]}
    assert calibrated_strength(0.25, card.get("strengths")) == pytest.approx(0.3)
    assert calibrated_strength(0.75, card.get("strengths")) == pytest.approx(0.8)
    assert calibrated_strength(0.4, {}.get("strengths")) == pytest.approx(0.4)
    with pytest.raises(RecipeError, match="0 to 1"):
        calibrated_strength(1.5, card.get("strengths"))


@pytest.mark.parametrize("changes", [{"colors": 2.0}, {"size": 0}, {"masks": ("left",), "mix": (0.5, 0.5)}])
def test_impossible_settings_are_refused(changes) -> None:
    with pytest.raises(RecipeError):
        impasto.FastSettings(**changes)
