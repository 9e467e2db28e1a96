"""The low-rank VGG: its cost against a count, its files, and the shipped encoder against its teacher."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from impasto.encoder_training.distill.student import r_squared
from impasto.encoder_training.distill.teacher import FullTeacher
from impasto.encoders import open_encoder, prepare, shipped_weights
from impasto.encoders.lowrank import (
    DEEPEST,
    LowRankConv,
    LowRankVGG,
    conv_channels,
    from_state,
    ranks_in,
)
from impasto.encoders.shipped import COMPACT_LARGE
from impasto.encoders.vgg import BLOCKS, VGG, layout
from impasto.errors import WeightsError
from impasto.training.crops import centre_crops, read_folder

SMALL = ((4, 4), (6,), (8, 8))
RANKS = {"conv1_2": 2, "conv3_1": 3, "conv3_2": 5}


def small_encoder() -> LowRankVGG:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        return LowRankVGG("small", RANKS, blocks=SMALL, deepest="relu3_2")


def test_macs_equal_a_count_of_the_convolutions_that_ran() -> None:
    encoder, counted = small_encoder(), []
    for module in encoder.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.register_forward_hook(lambda m, _, y: counted.append(m.weight.numel() * y[0, 0].numel()))
    encoder(torch.rand(1, 3, 24, 36), ["relu3_2"])
    assert len(counted) == 5 + len(RANKS)
    assert encoder.macs(24, 36, ["relu3_2"]) == sum(counted)
    # conv1_2 by hand: 2 filters over 4 channels, then 1x1 to 4 channels.
    assert encoder.macs(24, 36, ["conv1_2"]) == 24 * 36 * (27 * 4 + 2 * (9 * 4 + 4))


def test_exact_layers_only_are_vgg() -> None:
    generator = torch.Generator().manual_seed(1)
    weights = {name: torch.randn(shape, generator=generator) * 0.2 for name, shape in layout(SMALL).items()}
    vgg = VGG("plain", SMALL, weights)
    encoder = LowRankVGG("small", {}, blocks=SMALL, deepest="relu3_2")
    encoder.load_state_dict(vgg.state_dict())
    image = torch.rand(1, 3, 24, 36, generator=generator)
    layers = list(encoder.layers)
    assert layers == [layer for layer in vgg.layers if layer != "pool3"]
    for layer, expected in vgg(image, layers).items():
        torch.testing.assert_close(encoder(image, [layer])[layer], expected)


def test_a_split_convolution_is_the_product_of_its_parts() -> None:
    conv = LowRankConv(3, 2, 5)
    x = torch.rand(1, 3, 6, 7)
    kernel = torch.einsum("or,rcij->ocij", conv.mixer.weight[:, :, 0, 0], conv.filters.weight)
    expected = torch.nn.functional.conv2d(x, kernel, conv.mixer.bias, padding=1)
    torch.testing.assert_close(conv(x), expected)


def test_names_channels_and_ranks_are_vgg19s() -> None:
    with torch.device("meta"):
        encoder = LowRankVGG(COMPACT_LARGE, {"conv2_1": 8})
    assert [encoder.layers[f"relu{block}_1"].channels for block in range(1, 6)] == [64, 128, 256, 512, 512]
    assert list(encoder.layers)[-1] == DEEPEST
    assert encoder.resolve(["block4_conv2"]) == {"block4_conv2": "relu4_2"}
    assert conv_channels(BLOCKS["vgg19"], DEEPEST)["conv5_1"] == (512, 512)
    assert ranks_in(encoder.state_dict()) == {"conv2_1": 8}
    with pytest.raises(ValueError, match="conv1_1"):
        LowRankVGG("bad", {"conv1_1": 2})


def test_unfit_and_damaged_files_are_refused_in_one_sentence(tmp_path: Path) -> None:
    state = {
        name: value.half() for name, value in LowRankVGG(COMPACT_LARGE, {"conv2_1": 8}).state_dict().items()
    }
    good = tmp_path / "good.safetensors"
    save_file(state, good)
    assert open_encoder(COMPACT_LARGE, weights=good).macs(32, 32, [DEEPEST]) > 0
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(good.read_bytes()[:5000])
    with pytest.raises(WeightsError, match=r"cut\.safetensors are damaged") as error:
        open_encoder(COMPACT_LARGE, weights=cut)
    assert "\n" not in str(error.value)
    mixer = "convolutions.conv2_1.mixer.weight"
    with pytest.raises(WeightsError, match=f"lack {mixer}"):
        from_state(COMPACT_LARGE, {name: value for name, value in state.items() if name != mixer}, "here")
    with pytest.raises(WeightsError, match=r"mixer\.weight of shape \(128, 7, 1, 1\)"):
        from_state(COMPACT_LARGE, {**state, mixer: torch.zeros(128, 7, 1, 1)}, "here")
    with pytest.raises(WeightsError, match="NaN"):
        from_state(COMPACT_LARGE, {**state, mixer: torch.full((128, 8, 1, 1), torch.nan)}, "here")
    filters = "convolutions.conv1_1.filters.weight"
    other = {name: value for name, value in state.items() if "conv1_1" not in name}
    with pytest.raises(WeightsError, match=r"lack convolutions\.conv1_1\.weight"):
        from_state(COMPACT_LARGE, {**other, filters: torch.zeros(2, 3, 3, 3)}, "here")


needs_file = pytest.mark.skipif(
    not shipped_weights(COMPACT_LARGE).exists(), reason="the weights are not built in"
)


@needs_file
def test_the_shipped_file_is_small_and_a_third_of_vgg19() -> None:
    assert shipped_weights(COMPACT_LARGE).stat().st_size <= 12_000_000
    with torch.device("meta"):
        exact = LowRankVGG("exact", {}).macs(512, 512, [DEEPEST])
    assert exact == 361_152 * 512**2
    assert open_encoder(COMPACT_LARGE).macs(512, 512, [DEEPEST]) <= exact / 3


R2 = {"relu2_1": 0.95, "relu3_1": 0.93, "relu4_1": 0.92, "relu5_1": 0.80}


@needs_file
@pytest.mark.shared
@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", ["photos", "art"])
def test_held_out_r2_of_the_full_features(kind: str, shared: Path) -> None:
    teacher = prepare(
        open_encoder("vgg19", weights=shared / "vgg19_conv.safetensors"), torch.device("cpu"), "bfloat16"
    )
    encoder = prepare(open_encoder(COMPACT_LARGE), torch.device("cpu"), "bfloat16")
    images = centre_crops(read_folder(shared / kind, train=False).held_out[:16], 192)
    found = r_squared(lambda x: encoder(x, list(R2)), FullTeacher(teacher, R2), images)
    for layer, least in R2.items():
        assert found[layer] >= least, layer
