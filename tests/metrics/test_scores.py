"""The judge on a tiny encoder, and its known figures through the real VGG-19."""

from __future__ import annotations

from collections.abc import Collection
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from impasto.encoders import open_encoder
from impasto.errors import PictureError, RecipeError
from impasto.imaging import read_picture, resize
from impasto.metrics import (
    CONTENT_LAYERS,
    MEASURES,
    STYLE5_LAYERS,
    judge,
    judge_pictures,
    judge_with_baselines,
    style_distance,
)


class Tiny(nn.Module):
    """Fixed random convolutions under the names of the judged layers; remembers the sizes it saw."""

    layers = dict.fromkeys(
        (
            "relu1_1",
            "relu1_2",
            "relu2_1",
            "relu2_2",
            "relu3_1",
            "relu3_3",
            "relu4_1",
            "relu4_2",
            "relu4_3",
            "relu5_1",
            "relu5_2",
        )
    )

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(1)
        widths = (3, 6, *(8 for _ in self.layers))
        self.kernels = [
            torch.randn(after, before, 3, 3, generator=generator) / (3 * before**0.5)
            for before, after in pairwise(widths)
        ]
        self.seen: list[tuple[int, int]] = []

    def forward(self, image: Tensor, layers: Collection[str]) -> dict[str, Tensor]:
        self.seen.append((image.shape[2], image.shape[3]))
        found = {}
        for name, kernel in zip(self.layers, self.kernels, strict=False):
            image = functional.conv2d(image, kernel, padding=1).relu()
            found[name] = image
        return {layer: found[layer] for layer in layers}


def draw(generator: torch.Generator, height: int, width: int) -> Tensor:
    return torch.rand(1, 3, height, width, generator=generator)


def test_style_distance_by_hand() -> None:
    # Means (2, 1) against (0, 1); covariances [[1, -1], [-1, 1]] against [[1, 0], [0, 1]] below.
    f = torch.tensor([[[[1.0, 3.0, 1.0, 3.0]], [[2.0, 0.0, 2.0, 0.0]]]])
    s = torch.tensor([[[[1.0, 1.0, -1.0, -1.0]], [[2.0, 0.0, 2.0, 0.0]]]])
    assert style_distance(f, s) == pytest.approx(2 / 2 + 4 / (1 + 2))
    assert style_distance(s, s) == 0


def test_unchanged_pictures_have_zero_where_they_should(generator: torch.Generator) -> None:
    content, style = draw(generator, 24, 32), draw(generator, 30, 20)
    encoder = Tiny()
    unchanged = judge(content, content, style, encoder, longest=32)
    assert unchanged.content == 0
    assert unchanged.ssim == pytest.approx(1)
    assert unchanged.style > 0
    copied = judge(style, content, style, encoder, longest=32)
    assert copied.style == pytest.approx(0, abs=1e-9)
    assert copied.noise == pytest.approx(1)
    assert copied.content > 0.1


def test_scores_are_the_sums_they_claim(generator: torch.Generator) -> None:
    output, content, style = (draw(generator, 32, 24) for _ in range(3))
    scores = judge(output, content, style, Tiny(), longest=32)
    assert tuple(scores.style_by_layer) == STYLE5_LAYERS
    assert scores.style5 == pytest.approx(sum(scores.style_by_layer.values()))
    assert scores.style == pytest.approx(scores.style5 - scores["relu5_1"])
    encoder = Tiny()
    f, s = encoder(output, STYLE5_LAYERS), encoder(style, STYLE5_LAYERS)
    for layer in STYLE5_LAYERS:
        assert scores.style_by_layer[layer] == pytest.approx(style_distance(f[layer], s[layer]))
    f, c = encoder(output, CONTENT_LAYERS), encoder(content, CONTENT_LAYERS)
    expected = [((f[k] - c[k]).square().mean() / c[k].var()).item() for k in CONTENT_LAYERS]
    assert scores.content == pytest.approx(sum(expected) / 2)


def test_only_what_was_asked_for_is_computed(generator: torch.Generator) -> None:
    output, content, style = (draw(generator, 32, 24) for _ in range(3))
    every = judge(output, content, style, Tiny(), longest=32)
    encoder = Tiny()
    two = judge(output, content, style, encoder, longest=32, measures=("ssim", "checkerboard"))
    assert dict(two) == {name: every[name] for name in ("ssim", "checkerboard")}
    assert encoder.seen == []
    with pytest.raises(RecipeError, match=r"Unknown measure 'styles'\. Did you mean 'style'"):
        judge(output, content, style, encoder, longest=32, measures=("styles",))
    with pytest.raises(RecipeError, match="No measure was named"):
        judge(output, content, style, encoder, longest=32, measures=())


def test_a_measure_that_the_encoder_does_not_allow_has_a_reason(generator: torch.Generator) -> None:
    output, content, style = (draw(generator, 32, 24) for _ in range(3))
    scores = judge(output, content, style, open_encoder("tiny"), longest=32)
    assert set(scores) | set(scores.missing) == set(MEASURES)
    assert "relu1_2" in scores.missing["sliced"]
    assert "Oxford" in scores.missing["Ls"]
    assert "does not apply" in scores.missing["repetition"]  # nothing in noise is flat


def test_everything_is_judged_at_the_longest_side(generator: torch.Generator) -> None:
    encoder = Tiny()
    judge(draw(generator, 40, 60), draw(generator, 50, 70), draw(generator, 60, 30), encoder, longest=48)
    # The content takes the very shape of the output, the style keeps its own.
    assert encoder.seen == [(32, 48), (48, 24), (32, 48)]


def test_baselines(generator: torch.Generator) -> None:
    output, content = draw(generator, 32, 24), draw(generator, 32, 24)
    style = resize(draw(generator, 3, 4), (20, 32))  # smooth, so that stretching hardly changes it
    rows = judge_with_baselines(output, content, style, Tiny(), longest=32)
    assert list(rows) == ["output", "content", "style"]
    assert rows["output"] == judge(output, content, style, Tiny(), longest=32)
    assert rows["content"] == judge(content, content, style, Tiny(), longest=32)
    assert rows["style"] == judge(resize(style, (32, 24)), content, style, Tiny(), longest=32)
    assert rows["content"].content == 0
    assert rows["style"].style < rows["content"].style


def test_several_pictures_share_their_references(generator: torch.Generator) -> None:
    one, two, content, style = (draw(generator, 32, 24) for _ in range(4))
    encoder = Tiny()
    names = ("style5", "content", "sliced")
    rows = judge_pictures({"one": one, "two": two}, content, style, encoder, 32, names)
    assert len(encoder.seen) == 4
    for name, picture in (("one", one), ("two", two)):
        assert rows[name] == judge(picture, content, style, Tiny(), 32, names)


def test_any_encoder_will_do(generator: torch.Generator) -> None:
    content, style = draw(generator, 32, 48), draw(generator, 48, 32)
    scores = judge(content, content, style, open_encoder("tiny"), longest=48)
    assert scores.content == 0
    assert scores.style > 0


def test_bad_input(generator: torch.Generator) -> None:
    good = draw(generator, 16, 16)
    for wrong in (good[0], good[:, :1], torch.cat([good, good])):
        with pytest.raises(PictureError, match="one RGB picture"):
            judge(wrong, good, good, Tiny(), longest=16)
        with pytest.raises(PictureError, match="one RGB picture"):
            judge(good, wrong, good, Tiny(), longest=16)
        with pytest.raises(PictureError, match="one RGB picture"):
            judge(good, good, wrong, Tiny(), longest=16)


@pytest.mark.shared
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("padding", "known"), [("zeros", 4.20), ("replicate", 4.29)])
def test_known_figures_through_vgg19(shared: Path, padding: str, known: float) -> None:
    """An independent loop over Pillow-resized pictures gave 4.19 with zeros around the first convolution."""
    encoder = open_encoder("vgg19", weights=shared / "vgg19_conv.safetensors", padding=padding)
    content = read_picture(shared / "eval" / "content_golden_gate.jpg").pixels
    style = read_picture(shared / "eval" / "style_starry_night.jpg").pixels
    names = ("style", "content", "ssim")
    rows = judge_with_baselines(content, content, style, encoder, measures=names)
    assert rows["content"].content == 0
    assert rows["content"].ssim == pytest.approx(1)
    assert rows["content"].style == pytest.approx(known, abs=0.03)
    assert rows["style"].style < 0.2
    assert rows["style"].content > 0.9
