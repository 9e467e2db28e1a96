"""Pictures classified with the classes of ImageNet, or with VGG's fully connected layers after fine-tuning."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from impasto.encoder_training.finetune.painted import paint_picture
from impasto.encoders import imagenet_classes, imagenet_crop, open_vgg_classifier, registry, vgg_classifier
from impasto.encoders.untrained import random_state
from impasto.encoders.vgg import BLOCKS, classifier_layout
from impasto.imaging import read_picture

from .test_bad_input import assert_one_sentence

NARROW, HIDDEN = ((3,), (4,), (4,), (5,), (6,)), 8


@pytest.fixture
def vgg16(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of vgg16, which is small and random in this test, in the weights folder."""
    monkeypatch.setattr(registry, "BLOCKS", {**BLOCKS, "vgg16": NARROW})
    monkeypatch.setattr(vgg_classifier, "HIDDEN", HIDDEN)
    monkeypatch.setenv("IMPASTO_WEIGHTS_DIR", str(place / "weights"))
    (place / "weights").mkdir()
    generator = torch.Generator().manual_seed(4)
    shapes = classifier_layout(6, HIDDEN)
    fc = {name: 0.3 * torch.randn(shape, generator=generator) for name, shape in shapes.items()}
    save_file({**random_state(NARROW, 3, gain=2.0, bias=0.1), **fc}, place / "weights" / "vgg16.safetensors")
    return place / "weights" / "vgg16.safetensors"


def test_vgg_names_the_classes_of_imagenet(cli, vgg16: Path) -> None:
    run = cli("classify", "vgg16", "photo.png", "art.png", "--json")
    assert run.code == 0, run.err
    found = json.loads(run.out)
    assert list(found) == ["photo.png", "art.png"]
    for name, shares in found.items():
        logits = open_vgg_classifier("vgg16")(imagenet_crop(read_picture(name).pixels))["fc8"][0]
        expected = dict(zip(imagenet_classes(), logits.softmax(0).tolist(), strict=True))
        assert shares == pytest.approx(expected, abs=1e-6)
        assert list(shares.values()) == sorted(shares.values(), reverse=True)
    said = cli("classify", "vgg16", "photo.png", "--weights", vgg16)
    best = list(found["photo.png"].items())[:3]
    assert said.out == "photo.png: " + ", ".join(f"{name} {share:.3f}" for name, share in best) + "\n"


def test_caffe_weights_see_other_pixels(cli, vgg16: Path) -> None:
    one, other = (
        cli("classify", name, "photo.png", "--weights", vgg16, "--json") for name in ("vgg16", "vgg16-caffe")
    )
    assert one.code == other.code == 0
    assert json.loads(one.out) != json.loads(other.out)


def test_a_file_of_convolutions_paints_and_does_not_classify(cli, vgg16: Path, place: Path) -> None:
    save_file(random_state(NARROW, 3, gain=2.0, bias=0.1), vgg16)
    layers = ("--content-layers", "relu4_1:1", "--style-layers", "relu1_1:1")
    painted = cli(
        "stylize", "photo.png", "art.png", "--encoder", "vgg16", "--size", "32", "--steps", "2", *layers
    )
    assert painted.code == 0, painted.err
    run = cli("classify", "vgg16", "photo.png")
    assert_one_sentence(run)
    assert "hold only convolutions" in run.err
    assert "'impasto weights fetch vgg16'" in run.err
    run = cli(
        "stylize", "photo.png", "art.png", "--encoder", "vgg16", "--size", "32", "--content-layers", "fc6:1"
    )
    assert_one_sentence(run)
    assert "'fc6' is fully connected" in run.err


def test_a_new_fc8_names_the_classes_of_its_pictures(cli, place: Path) -> None:
    for name in ("checks", "rings"):
        (place / "data" / name).mkdir(parents=True)
        for index in range(3):
            paint_picture(name, index, size=40).save(place / "data" / name / f"{index}.png")
    words = ("--encoder", "tiny", "--head", "fc", "--size", "32", "--side", "32", "--epochs", "1")
    run = cli(
        "finetune", "data", *words, "--scope", "top", "--freeze-to", "block2", "--out", "mine.safetensors"
    )
    assert run.code == 0, run.err
    assert "tiny, head fc, scope top" in run.err
    assert "new fc8. Trained part: top above block2." in Path("mine.md").read_text(encoding="utf-8")
    said = cli("classify", "mine.safetensors", "photo.png", "--json")
    assert set(json.loads(said.out)["photo.png"]) == {"checks", "rings"}
    painted = cli(
        "stylize", "photo.png", "art.png", "--encoder", "mine.safetensors", "--size", "32", "--steps", "2"
    )
    assert painted.code == 0, painted.err


def test_weights_of_other_classes_are_refused(cli, vgg16: Path, place: Path) -> None:
    few = {name: value[:2] if ".6." in name else value for name, value in load_file(vgg16).items()}
    few |= {name: value for name, value in load_file(vgg16).items() if name.startswith("features")}
    card = json.dumps({"kind": "finetuned", "encoder": "vgg16", "classes": ["a", "b"]})
    save_file(few, place / "mine.safetensors", metadata={"impasto": card})
    run = cli("classify", "vgg16", "photo.png", "--weights", "mine.safetensors")
    assert_one_sentence(run)
    assert "2 classes instead of the 1000 of ImageNet; run 'impasto classify mine.safetensors" in run.err
