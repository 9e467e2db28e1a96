"""The fully connected layers of VGG against torchvision's layout, and files that lack them or are damaged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from impasto.encoders import (
    VGG,
    VGGClassifier,
    open_encoder,
    open_vgg_classifier,
    registry,
    tiny,
    vgg_classifier,
)
from impasto.encoders.untrained import random_state
from impasto.encoders.vgg import BLOCKS, classifier_layout
from impasto.encoders.vgg_classifier import fully_connected, has_classifier
from impasto.errors import RecipeError, WeightsError

NARROW = ((3,), (4,), (4,), (5,), (6,))
HIDDEN, CLASSES = 8, 5
LAYERS = ("fc6", "relu6", "fc7", "relu7", "fc8")


def plain_classifier() -> nn.Sequential:
    """torchvision's `classifier`, in evaluation mode."""
    torch.manual_seed(5)
    layers = [
        nn.Linear(6 * 49, HIDDEN),
        nn.ReLU(),
        nn.Dropout(),
        nn.Linear(HIDDEN, HIDDEN),
        nn.ReLU(),
        nn.Dropout(),
    ]
    return nn.Sequential(*layers, nn.Linear(HIDDEN, CLASSES)).eval().requires_grad_(False)


@pytest.fixture
def plain() -> nn.Sequential:
    return plain_classifier()


def whole_state() -> dict[str, Tensor]:
    """A whole file of the narrow network."""
    fc = {f"classifier.{name}": value for name, value in plain_classifier().state_dict().items()}
    return {**random_state(NARROW, 3, gain=2.0, bias=0.1), **fc}


def narrow(state: dict[str, Tensor] | None = None, **options: object) -> VGGClassifier:
    state = whole_state() if state is None else state
    encoder = VGG("narrow", NARROW, state, padding="zeros", **options)
    return VGGClassifier(encoder, state, source="FILE", hidden=HIDDEN, classes=CLASSES)


@pytest.mark.parametrize("size", [(224, 224), (32, 32), (64, 96), (260, 300)])
def test_the_layers_are_torchvisions_for_every_size(
    plain: nn.Sequential, generator: torch.Generator, size: tuple[int, int]
) -> None:
    image = torch.rand(2, 3, *size, generator=generator)
    found = narrow()(image, ["pool5", "conv1_1", *LAYERS])
    assert list(found) == ["pool5", "conv1_1", *LAYERS]
    x = nn.AdaptiveAvgPool2d(7)(found["pool5"]).flatten(1)
    expected = {}
    for layer, part in zip(("fc6", "relu6", "", "fc7", "relu7", "", "fc8"), plain, strict=True):
        x = expected[layer] = part(x)
    for layer in LAYERS:
        torch.testing.assert_close(found[layer], expected[layer])
    assert found["fc8"].shape == (2, CLASSES)
    assert torch.equal(found["conv1_1"], narrow().encoder(image, ["conv1_1"])["conv1_1"])


def test_fc6_of_224_pixels_is_a_convolution_of_7x7(plain: nn.Sequential, generator: torch.Generator) -> None:
    found = narrow()(torch.rand(1, 3, 224, 224, generator=generator), ["pool5", "fc6"])
    kernels = plain[0].weight.view(HIDDEN, 6, 7, 7)
    expected = nn.functional.conv2d(found["pool5"].contiguous(), kernels, plain[0].bias)
    assert expected.shape == (1, HIDDEN, 1, 1)
    torch.testing.assert_close(found["fc6"], expected[:, :, 0, 0])


def test_a_position_is_counted_by_channel_then_row_then_column() -> None:
    pool5 = torch.zeros(1, 6, 7, 7).contiguous(memory_format=torch.channels_last)
    pool5[0, 4, 2, 5] = 1
    weight = torch.arange(6.0 * 49).expand(HIDDEN, -1)  # input n contributes n
    linear = nn.Linear(6 * 49, HIDDEN, bias=False)
    linear.weight.data = weight
    assert fully_connected(pool5, {"fc6": linear}, "fc6")["fc6"].tolist() == [[4 * 49 + 2 * 7 + 5] * HIDDEN]


def test_caffe_weights_see_blue_green_red_bytes_less_the_mean(generator: torch.Generator) -> None:
    image = torch.rand(1, 3, 32, 32, generator=generator)
    bgr = image.flip(1) * 255 - torch.tensor([103.939, 116.779, 123.68]).view(1, 3, 1, 1)
    found = narrow(preprocessing="caffe")(image, ["fc8"])["fc8"]
    plain = narrow()
    plain.encoder.mean.zero_()
    plain.encoder.std.fill_(1)
    torch.testing.assert_close(found, plain(bgr, ["fc8"])["fc8"], rtol=1e-4, atol=1e-3)


def test_the_numbers_of_the_oxford_conversion_are_known(generator: torch.Generator) -> None:
    theirs = {"classifier.0.": "classifier.1.", "classifier.3.": "classifier.4."}
    state = {theirs.get(name[:13], name[:13]) + name[13:]: value for name, value in whole_state().items()}
    assert {"classifier.1.weight", "classifier.4.bias", "classifier.6.weight"} <= set(state)
    image = torch.rand(1, 3, 32, 32, generator=generator)
    assert torch.equal(narrow(state)(image)["fc8"], narrow()(image)["fc8"])


def test_dropout_keeps_half_and_the_mean_and_follows_the_generator() -> None:
    linears = {"fc6": nn.Linear(49, 4000), "fc7": nn.Linear(4000, 4000)}
    for linear in linears.values():
        linear.requires_grad_(False)
        linear.weight.zero_()
        linear.bias.fill_(3)
    pool5 = torch.zeros(1, 1, 7, 7)
    one, same, other = (
        fully_connected(pool5, linears, "relu7", torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)
    )
    for layer in ("relu6", "relu7"):
        assert set(one[layer].unique().tolist()) == {0, 6}
        assert float(one[layer].mean()) == pytest.approx(3, abs=0.2)
        assert torch.equal(one[layer], same[layer])
        assert not torch.equal(one[layer], other[layer])
    assert not torch.equal(one["relu6"], one["relu7"])
    assert set(fully_connected(pool5, linears, "relu7")["relu7"].unique().tolist()) == {3}


@pytest.mark.parametrize(
    ("damage", "match"),
    [
        (lambda state: state.pop("classifier.6.bias"), r"FILE lack classifier\.6\.bias"),
        (
            lambda state: state.update({"classifier.0.weight": torch.zeros(8, 6)}),
            r"classifier\.0\.weight of shape",
        ),
        (
            lambda state: state["classifier.3.weight"].fill_(torch.nan),
            r"damaged: classifier\.3\.weight holds NaN",
        ),
        (
            lambda state: state.update({"classifier.3.bias": torch.zeros(HIDDEN, dtype=torch.int8)}),
            "floating-point",
        ),
    ],
)
def test_weights_that_do_not_fit_are_refused(
    damage: Callable[[dict[str, Tensor]], object], match: str
) -> None:
    state = whole_state()
    damage(state)
    with pytest.raises(WeightsError, match=match):
        narrow(state)


def test_layers_that_are_not_there_are_refused() -> None:
    model, image = narrow(), torch.rand(1, 3, 32, 32)
    with pytest.raises(RecipeError, match=r"Unknown layer 'fc9'.*Did you mean 'fc8'"):
        model(image, ["fc9"])
    with pytest.raises(RecipeError, match="use at least 32 pixels"):
        model(image[..., :31], ["fc6"])
    with pytest.raises(RecipeError, match=r"'fc6' is fully connected.*'narrow', at most pool5"):
        model.encoder(image, ["relu1_1", "fc6"])
    assert model(image, ["block1_conv1"])["block1_conv1"].shape == (1, 3, 32, 32)


@pytest.fixture
def small_vgg16(monkeypatch: pytest.MonkeyPatch) -> dict[str, Tensor]:
    """A whole file of vgg16, which is small in this test."""
    monkeypatch.setattr(registry, "BLOCKS", {**BLOCKS, "vgg16": NARROW})
    monkeypatch.setattr(vgg_classifier, "HIDDEN", HIDDEN)
    fc = {name: torch.full(shape, 0.01) for name, shape in classifier_layout(6, HIDDEN).items()}
    return {**whole_state(), **fc}


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_a_file_gives_fc_layers_only_to_who_asks(
    small_vgg16: dict[str, Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    path = tmp_path / f"w{suffix}"
    save_file(small_vgg16, path) if suffix == ".safetensors" else torch.save(small_vgg16, path)
    read: list[str] = []

    def load_state(*words: object) -> dict[str, Tensor]:
        state = original(*words)
        read.extend(state)
        return state

    original = registry.load_state
    monkeypatch.setattr(registry, "load_state", load_state)
    encoder = open_encoder("vgg16", weights=path)
    assert len(read) == 10
    assert all(name.startswith("features.") for name in read)
    model = open_vgg_classifier("vgg16", weights=path)
    assert (model.encoder.padding, model.encoder.pooling) == ("zeros", "max")
    image = torch.rand(1, 3, 40, 40)
    assert model(image)["fc8"].shape == (1, 1000)
    assert torch.equal(
        encoder(image, ["pool1"])["pool1"][..., 1:-1, 1:-1], model(image, ["pool1"])["pool1"][..., 1:-1, 1:-1]
    )
    assert not any(parameter.requires_grad for parameter in model.parameters())


def test_files_without_a_whole_classifier_say_so(small_vgg16: dict[str, Tensor], tmp_path: Path) -> None:
    paths = {name: tmp_path / f"{name}.safetensors" for name in ("convolutions", "part", "cut")}
    save_file({k: v for k, v in small_vgg16.items() if k.startswith("features")}, paths["convolutions"])
    save_file({k: v for k, v in small_vgg16.items() if "classifier.6" not in k}, paths["part"])
    save_file(small_vgg16, paths["cut"])
    paths["cut"].write_bytes(paths["cut"].read_bytes()[:-1000])
    assert open_encoder("vgg16", weights=paths["convolutions"]).name == "vgg16"
    for name, match in (
        ("convolutions", r"only convolutions and no classifier fc6, fc7, fc8.*impasto weights fetch vgg16"),
        ("part", r"lack classifier\.6\.weight, classifier\.6\.bias"),
        ("cut", "damaged"),
    ):
        with pytest.raises(WeightsError, match=match):
            open_vgg_classifier("vgg16", weights=paths[name])


def test_encoders_without_a_classifier_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMPASTO_WEIGHTS_DIR", str(tmp_path))
    assert {name for name in registry.ENCODERS if has_classifier(name)} == {
        "vgg16",
        "vgg19",
        "vgg16-caffe",
        "vgg19-caffe",
    }
    for name in ("compact", "resnet50", "vgg19-random"):
        with pytest.raises(RecipeError, match="no classifier fc6, fc7, fc8; use vgg16, vgg19, vgg16-caffe"):
            open_vgg_classifier(name)
    with pytest.raises(RecipeError, match="Unknown encoder 'vgg91'"):
        open_vgg_classifier("vgg91")
    with pytest.raises(
        WeightsError, match=r"'impasto weights fetch vgg19' \(574 MB\) or give --weights FILE\.$"
    ):
        open_vgg_classifier("vgg19")


def test_the_tiny_encoder_has_random_layers_that_are_always_the_same() -> None:
    image = torch.rand(1, 3, 64, 64)
    one, other = open_vgg_classifier("tiny"), open_vgg_classifier("tiny")
    found = one(image, ["fc6", "fc8"])
    assert {layer: value.shape for layer, value in found.items()} == {
        "fc6": (1, tiny.HIDDEN),
        "fc8": (1, tiny.CLASSES),
    }
    assert torch.equal(found["fc8"], other(image)["fc8"])
    assert 0.3 < float(found["fc6"].std()) < 10
