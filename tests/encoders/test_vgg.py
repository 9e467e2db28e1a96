"""VGG against a plain torchvision-layout network, its poolings, padding, preprocessing and costs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.encoders import tiny, untrained
from impasto.encoders.base import prepare
from impasto.encoders.vgg import BLOCKS, VGG, feature_indices
from impasto.errors import RecipeError

SMALL = ((4, 4), (6,), (5, 5))
# Position of every layer of SMALL in the plain network: conv, relu, conv, relu, pool, ...
POSITIONS = ["conv1_1", "relu1_1", "conv1_2", "relu1_2", "pool1", "conv2_1", "relu2_1", "pool2"]
POSITIONS += ["conv3_1", "relu3_1", "conv3_2", "relu3_2", "pool3"]
MEAN = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
CPU = torch.device("cpu")


@pytest.fixture
def plain(oracle: Callable[[str], nn.Module]) -> nn.Module:
    return oracle("small")


def small(plain: nn.Module, **options: object) -> VGG:
    return VGG("small", SMALL, plain.state_dict(), **options)


def test_every_layer_equals_the_plain_network(plain: nn.Module, image: Tensor) -> None:
    found = small(plain, padding="zeros")(image, POSITIONS)
    x = (image - MEAN) / STD
    for layer, part in zip(POSITIONS, plain.features, strict=True):
        x = part(x)
        torch.testing.assert_close(found[layer], x, msg=layer)


@pytest.mark.parametrize("name", ["vgg16", "vgg19"])
def test_feature_indices_are_torchvisions(name: str, oracle: Callable[[str], nn.Module]) -> None:
    convolutions = [n for n, part in enumerate(oracle(name).features) if isinstance(part, nn.Conv2d)]
    assert list(feature_indices(BLOCKS[name]).values()) == convolutions


def test_known_indices() -> None:
    # crowsonkb/style-transfer-pytorch: 22 is relu4_2 and 1, 6, 11, 20, 29 are relu1_1 ... relu5_1, one after
    # conv.
    indices = feature_indices(BLOCKS["vgg19"])
    assert [indices[f"conv{b}_1"] + 1 for b in (1, 2, 3, 4, 5)] == [1, 6, 11, 20, 29]
    assert indices["conv4_2"] + 1 == 22


def test_a_tapped_convolution_is_not_overwritten_by_its_relu(plain: nn.Module, image: Tensor) -> None:
    found = small(plain)(image, ["conv1_2", "relu1_2"])
    assert float(found["conv1_2"].min()) < 0
    assert torch.equal(found["conv1_2"].relu(), found["relu1_2"])


def test_keras_names_mean_the_layer_after_its_activation(plain: nn.Module, image: Tensor) -> None:
    found = small(plain)(image, ["block3_conv2", "relu3_2"])
    assert torch.equal(found["block3_conv2"], found["relu3_2"])
    assert small(plain).minimum_side(["block3_conv2"]) == 4


def windows(x: Tensor) -> Tensor:
    """The four values of every 2x2 window, (B, C, H / 2, W / 2, 4)."""
    return x.unfold(2, 2, 2).unfold(3, 2, 2).flatten(4)


@pytest.mark.parametrize(
    ("pooling", "rescale", "rule"),
    [
        ("max", True, lambda w: w.amax(-1)),
        ("max", False, lambda w: w.amax(-1)),
        ("average", True, lambda w: 2.0 * w.mean(-1)),
        ("average", False, lambda w: w.mean(-1)),
        ("l2", True, lambda w: 0.78 * w.square().sum(-1).sqrt()),
        ("l2", False, lambda w: w.square().sum(-1).sqrt()),
    ],
)
def test_poolings_are_what_they_say(
    plain: nn.Module, image: Tensor, pooling: str, rescale: bool, rule: Callable[[Tensor], Tensor]
) -> None:
    found = small(plain, pooling=pooling, rescale=rescale)(image, ["relu1_2", "pool1"])
    torch.testing.assert_close(found["pool1"], rule(windows(found["relu1_2"])))


@pytest.mark.parametrize("pooling", ["average", "l2"])
def test_rescaling_keeps_activations_about_as_large_as_max_pooling_does(image: Tensor, pooling: str) -> None:
    largest = tiny.build()(image, ["pool1"])["pool1"].mean()
    same = tiny.build(pooling=pooling)(image, ["pool1"])["pool1"].mean()
    assert float(same / largest) == pytest.approx(1.0, abs=0.35)


def test_l2_pooling_of_black_features_has_a_finite_gradient(plain: nn.Module) -> None:
    x = torch.zeros(1, 4, 4, 4, requires_grad=True)
    small(plain, pooling="l2").pool(x).sum().backward()
    assert torch.equal(x.grad, torch.zeros_like(x))


def test_the_first_convolution_pads_by_replication(plain: nn.Module, image: Tensor) -> None:
    pixels = (image - MEAN) / STD
    padded = torch.cat([pixels[:, :, :1], pixels, pixels[:, :, -1:]], dim=2)
    padded = torch.cat([padded[..., :1], padded, padded[..., -1:]], dim=3)
    first = plain.features[0]
    expected = F.conv2d(padded, first.weight, first.bias)
    torch.testing.assert_close(small(plain)(image, ["conv1_1"])["conv1_1"], expected)


def test_caffe_weights_see_blue_green_red_bytes_less_the_mean(plain: nn.Module, image: Tensor) -> None:
    bgr = image.flip(1) * 255 - torch.tensor([103.939, 116.779, 123.68]).view(1, 3, 1, 1)
    expected = plain.features[:4](bgr)
    found = small(plain, padding="zeros", preprocessing="caffe")(image, ["relu1_2"])["relu1_2"]
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("option", ["pooling", "padding", "preprocessing"])
def test_unknown_options_are_refused(plain: nn.Module, option: str) -> None:
    with pytest.raises(RecipeError, match=f"Unknown {option} 'mex'"):
        small(plain, **{option: "mex"})


def test_multiply_adds_of_vgg19_by_hand(oracle: Callable[[str], nn.Module]) -> None:
    encoder = VGG("vgg19", BLOCKS["vgg19"], oracle("vgg19").state_dict())
    first = 3 * 64 * 9 * 224 * 224
    # conv1_2, and 2_2, 3_2-3_4, 4_2-4_4 likewise: a quarter of the positions, four times as many weights.
    full = 64 * 64 * 9 * 224 * 224
    # Those that double the channels (2_1, 3_1, 4_1) cost half of that, conv5_1 a quarter.
    assert encoder.macs(224, 224, ["relu5_1"]) == first + 8 * full + 3 * full // 2 + full // 4
    assert encoder.macs(224, 224, ["relu5_1"]) == 18_121_162_752
    assert encoder.macs(224, 224, ["conv1_1"]) == first


@pytest.mark.parametrize("pooling", ["max", "average"])
def test_activation_floats_are_what_autograd_keeps(image: Tensor, pooling: str) -> None:
    encoder = tiny.build(pooling=pooling, padding="zeros")
    own = {p.data_ptr() for p in encoder.parameters()} | {encoder.mean.data_ptr(), encoder.std.data_ptr()}
    kept: dict[int, int] = {}

    def note(saved: Tensor) -> Tensor:
        if saved.data_ptr() not in own:
            kept[saved.untyped_storage().data_ptr()] = saved.untyped_storage().nbytes()
        return saved

    held = []  # Nothing is freed in between, so no address is used twice.
    with torch.autograd.graph.saved_tensors_hooks(lambda t: (held.append(t), note(t))[1], lambda t: t):
        encoder(image.requires_grad_(True), ["relu5_1"])["relu5_1"].sum()
    assert encoder.activation_floats(32, 48, ["relu5_1"]) == pytest.approx(sum(kept.values()) / 4, rel=0.05)


def test_prepare_casts_weights_keeps_buffers_and_refuses_unknown_precisions(image: Tensor) -> None:
    encoder = prepare(tiny.build(), CPU, "float16")
    assert {p.dtype for p in encoder.parameters()} == {torch.float16}
    assert encoder.mean.dtype == torch.float32
    assert all(not p.requires_grad for p in encoder.parameters())
    assert encoder.convolutions["conv4_1"].weight.is_contiguous(memory_format=torch.channels_last)
    with pytest.raises(RecipeError, match="Unknown precision 'bf16'"):
        prepare(encoder, CPU, "bf16")


def test_tiny_is_the_same_every_time_and_keeps_activations_of_order_one(image: Tensor) -> None:
    wanted = ["relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu4_2", "relu5_1"]
    found, again = tiny.build()(image, wanted), tiny.build()(image, wanted)
    assert [found[layer].shape[1] for layer in wanted] == [8, 12, 16, 16, 16, 16]
    for layer in wanted:
        assert torch.equal(found[layer], again[layer])
        assert 0.3 < float(found[layer].square().mean().sqrt()) < 3.5


def test_the_random_vgg19_is_the_same_every_time_and_keeps_activations_of_order_one(image: Tensor) -> None:
    encoder = untrained.build(pooling="average")
    wanted = ["relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"]
    found, again = encoder(image, wanted), untrained.build(pooling="average")(image, wanted)
    assert [found[layer].shape[1] for layer in wanted] == [64, 128, 256, 512, 512]
    for layer in wanted:
        assert torch.equal(found[layer], again[layer])
        assert 0.3 < float(found[layer].square().mean().sqrt()) < 10
    for conv in encoder.convolutions.values():
        assert float(conv.weight.var() * conv.weight[0].numel()) == pytest.approx(2, rel=0.1)
        assert not conv.bias.any()
