"""Files of fine-tuned encoders open as their parent's network, bit for bit, by name or by file alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from impasto.encoders import open_encoder
from impasto.encoders.finetuned import parent_sha256, published_state, read_card
from impasto.errors import RecipeError, WeightsError


def write(path: Path, encoder: torch.nn.Module, name: str) -> Path:
    card = json.dumps({"kind": "finetuned", "encoder": name})
    save_file(published_state(encoder), path, metadata={"impasto": card})
    return path


def shaken(encoder: torch.nn.Module) -> torch.nn.Module:
    """The encoder with every weight moved a little, as training does."""
    generator = torch.Generator().manual_seed(3)
    for parameter in encoder.parameters():
        parameter.data += 0.01 * torch.randn(parameter.shape, generator=generator)
    return encoder


@pytest.mark.parametrize("name", ["compact", "tiny", "vgg19-random", "vgg16", "vgg16-caffe", "resnet50"])
def test_a_file_opens_as_the_encoder_it_was(
    name: str, tmp_path: Path, weights_file: Callable[[str], Path]
) -> None:
    given = None if name in ("compact", "tiny", "vgg19-random") else weights_file(name.removesuffix("-caffe"))
    encoder = shaken(open_encoder(name, weights=given))
    path = write(tmp_path / "mine.safetensors", encoder, name)
    image = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    layers = [next(iter(encoder.layers)), list(encoder.layers)[-1]]
    for opened in (open_encoder(str(path)), open_encoder(name, weights=path)):
        assert (opened.name, opened.layers) == (encoder.name, encoder.layers)
        for one, other in zip(encoder.parameters(), opened.parameters(), strict=True):
            assert torch.equal(one, other)
        for layer, features in opened(image, layers).items():
            assert torch.equal(features, encoder(image, layers)[layer])
        assert not any(parameter.requires_grad for parameter in opened.parameters())


def test_the_compact_trunk_is_what_the_deepest_head_reads() -> None:
    encoder = open_encoder("compact")
    image = torch.rand(2, 3, 48, 32, generator=torch.Generator().manual_seed(1))
    trunk = encoder.trunk_features(image)
    assert trunk.shape == (2, 256, 3, 2)
    assert torch.equal(encoder.heads["relu5_1"](trunk), encoder(image, ["relu5_1"])["relu5_1"])
    with pytest.raises(RecipeError, match="too small"):
        encoder.trunk_features(image[..., :8])


def test_options_apply_to_a_file_as_to_its_parent(tmp_path: Path) -> None:
    tiny = write(tmp_path / "tiny.safetensors", open_encoder("tiny"), "tiny")
    assert open_encoder(str(tiny), pooling="l2").pooling == "l2"
    compact = write(tmp_path / "compact.safetensors", open_encoder("compact"), "compact")
    with pytest.raises(RecipeError, match="of encoder 'compact' are built in"):
        open_encoder(str(compact), pooling="l2")


def test_files_that_are_no_encoder_say_so(tmp_path: Path, weights_file: Callable[[str], Path]) -> None:
    good = write(tmp_path / "good.safetensors", open_encoder("tiny"), "tiny")
    plain, cut, strange = (tmp_path / f"{name}.safetensors" for name in ("plain", "cut", "strange"))
    save_file(load_file(good), plain)
    cut.write_bytes(good.read_bytes()[:300])
    write(strange, open_encoder("tiny"), "nope")
    with pytest.raises(WeightsError, match="does not exist"):
        open_encoder(str(tmp_path / "gone.safetensors"))
    with pytest.raises(WeightsError, match="--encoder NAME --weights"):
        open_encoder(str(plain))
    with pytest.raises(WeightsError, match="damaged"):
        open_encoder(str(cut))
    with pytest.raises(RecipeError, match="Unknown encoder 'nope'"):
        open_encoder(str(strange))
    with pytest.raises(RecipeError, match="leave out --weights"):
        open_encoder(str(good), weights=good)
    caffe = write(
        tmp_path / "caffe.safetensors",
        open_encoder("vgg16-caffe", weights=weights_file("vgg16")),
        "vgg16-caffe",
    )
    with pytest.raises(WeightsError, match="fine-tuned from 'vgg16-caffe'"):
        open_encoder("vgg16", weights=caffe)
    assert read_card(plain) == read_card(cut) == read_card(tmp_path / "gone.safetensors") == {}


def test_the_parent_is_known_by_its_file(tmp_path: Path) -> None:
    import hashlib

    encoder = open_encoder("tiny")
    path = write(tmp_path / "tiny.safetensors", encoder, "tiny")
    expected = hashlib.sha256(path.read_bytes()).hexdigest()
    assert parent_sha256(encoder, str(path), None) == expected
    assert parent_sha256(encoder, "tiny", path) == expected
    assert parent_sha256(encoder, "tiny", None) != expected
    assert parent_sha256(shaken(open_encoder("tiny")), "tiny", None) != parent_sha256(encoder, "tiny", None)
    assert len(parent_sha256(open_encoder("compact"), "compact", None)) == 64
