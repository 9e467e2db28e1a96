"""The registry of encoders and the ways open_encoder says no."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from impasto.encoders import tiny
from impasto.encoders.catalogue import CATALOGUE
from impasto.encoders.registry import ENCODERS, EncoderEntry, EncoderRegistry, open_encoder
from impasto.errors import RecipeError, WeightsError


def entry(name: str) -> EncoderEntry:
    return EncoderEntry(name, lambda weights, options: tiny.build(), "for this test")


def test_adding_is_all_or_nothing() -> None:
    registry = EncoderRegistry()
    registry.add(entry("a"), entry("b"))
    with pytest.raises(RecipeError, match="'b' is already registered"):
        registry.add(entry("c"), entry("b"))
    assert list(registry) == ["a", "b"]
    assert len(registry) == 2
    assert "c" not in registry
    assert registry["a"].summary == "for this test"


def test_an_unknown_encoder_is_guessed_at() -> None:
    with pytest.raises(RecipeError, match=r"Unknown encoder 'vgg91'\. Did you mean 'vgg19'\?"):
        open_encoder("vgg91")


def test_the_registered_names() -> None:
    assert {"compact", "vgg16", "vgg19", "resnet50", "tiny"} <= set(ENCODERS)
    assert set(CATALOGUE) <= set(ENCODERS)


def test_missing_weights_say_where_how_large_and_what_instead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMPASTO_WEIGHTS_DIR", str(tmp_path))
    with pytest.raises(WeightsError) as error:
        open_encoder("vgg19")
    assert str(error.value) == (
        f"Weights of 'vgg19' are missing in {tmp_path}; run 'impasto weights fetch vgg19' (574 MB) or "
        "give --weights FILE, or use --encoder compact, which ships with impasto."
    )


def test_weights_in_the_folder_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, weights_file: Callable[[str], Path]
) -> None:
    monkeypatch.setenv("IMPASTO_WEIGHTS_DIR", str(tmp_path))
    (tmp_path / "vgg16.safetensors").symlink_to(weights_file("vgg16"))
    encoder = open_encoder("vgg16", pooling="average")
    assert encoder.pooling == "average"
    assert encoder.scale == 2.0
    assert open_encoder("vgg16", pooling="average", rescale=False).scale == 1.0


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("tiny", {"pooling": "avg"}, "Unknown pooling 'avg'.*average"),
        ("tiny", {"padding": "reflect"}, "Unknown padding 'reflect'"),
        ("tiny", {"weights": Path("x.pth")}, "'tiny' has no weights file"),
        ("vgg19-random", {"weights": Path("x.pth")}, "'vgg19-random' has no weights file"),
        ("resnet50", {"pooling": "average"}, "of encoder 'resnet50' are built in"),
        ("resnet50", {"padding": "zeros"}, "built in"),
        ("compact", {"pooling": "l2"}, "of encoder 'compact' are built in"),
    ],
)
def test_impossible_options_are_refused(name: str, options: dict[str, object], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        open_encoder(name, **options)


def test_weights_known_to_expect_other_pixels_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "vgg19-d01eb7cb.pth"
    path.write_bytes(b"")
    with pytest.raises(WeightsError, match="use --encoder vgg19-caffe"):
        open_encoder("vgg19", weights=path)


def test_weights_of_another_network_are_refused(weights_file: Callable[[str], Path]) -> None:
    with pytest.raises(WeightsError, match=r"features\.16\.weight.*another network|lack"):
        open_encoder("vgg19", weights=weights_file("vgg16"))


def test_listing_weights_does_not_import_torch() -> None:
    code = (
        "import sys; from impasto.encoders import weights_status; weights_status(check=False); "
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, encoding="utf-8")
    assert done.stdout.strip() == "False"
