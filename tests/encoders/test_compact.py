"""The shipped encoder: its file, its cost, its contract, and its likeness to the teacher."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from impasto.encoder_training.distill.task import r_squared
from impasto.encoder_training.distill.teacher import Teacher
from impasto.encoders import open_encoder, prepare
from impasto.encoders.compact import BLOCKS, COMPONENTS, Compact, layout, teacher_projections
from impasto.encoders.vgg import BLOCKS as VGG_BLOCKS
from impasto.errors import WeightsError
from impasto.training.crops import centre_crops, read_folder

FILE = Path(__file__).resolve().parents[2] / "src/impasto/encoders/pretrained/compact.safetensors"


def vgg19_macs_per_pixel() -> float:
    """Multiply-adds a pixel of VGG-19 to relu5_1, from its channel list."""
    total, before = 0.0, 3
    for depth, block in enumerate(VGG_BLOCKS["vgg19"]):
        for index, channels in enumerate(block):
            total += 9 * before * channels / 4**depth
            before = channels
            if depth == 4 and index == 0:
                return total
    raise AssertionError


def test_file_is_small_and_the_network_a_sixth_of_the_teacher():
    assert FILE.stat().st_size <= 8_000_000
    macs = open_encoder("compact").macs(512, 512, list(COMPONENTS))
    assert macs / 512**2 <= vgg19_macs_per_pixel() / 6


def test_macs_are_those_of_the_convolutions():
    counted = []
    encoder = Compact()
    for module in encoder.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.register_forward_hook(
                lambda m, x, y: counted.append(m.weight.numel() * y.shape[2] * y.shape[3])
            )
    taps = {"relu1_1", "relu3_1"}
    # The trunk's convolutions are called functionally; count them from the layout.
    encoder(torch.rand(1, 3, 32, 48), taps)
    trunk = 0
    before = 3
    for depth, block in enumerate(BLOCKS[:3]):
        for conv in block[: 1 if depth == 2 else None]:
            trunk += 9 * before * conv.channels * (32 >> depth) * (48 >> depth)
            before = conv.channels
    assert encoder.macs(32, 48, taps) == trunk + sum(counted)


def test_only_what_is_asked_is_computed_and_agrees():
    encoder = open_encoder("compact")
    image = torch.rand(1, 3, 64, 80, generator=torch.Generator().manual_seed(1))
    everything = encoder(image, list(COMPONENTS))
    for name, channels in COMPONENTS.items():
        alone = encoder(image, [name])
        assert list(alone) == [name]
        assert torch.equal(alone[name], everything[name])
        stride = encoder.layers[name].stride
        assert alone[name].shape == (1, channels, 64 // stride, 80 // stride)


def test_gradient_reaches_the_picture_and_bfloat16_is_close():
    encoder = open_encoder("compact")
    image = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(2)).requires_grad_(True)
    encoder(image, ["relu4_1"])["relu4_1"].square().sum().backward()
    assert image.grad is not None
    assert float(image.grad.abs().sum()) > 0
    exact = encoder(image.detach(), list(COMPONENTS))
    half = prepare(open_encoder("compact"), torch.device("cpu"), "bfloat16")(image.detach(), list(COMPONENTS))
    for name in COMPONENTS:
        error = (half[name].float() - exact[name]).square().mean() / exact[name].var()
        assert float(error) < 1e-3


def test_damaged_files_are_refused(tmp_path):
    data = FILE.read_bytes()
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(data[: len(data) // 2])
    with pytest.raises(WeightsError):
        open_encoder("compact", weights=cut)
    other = tmp_path / "other.safetensors"
    from safetensors.torch import save_file

    state = {name: torch.zeros(shape) for name, shape in layout().items()}
    state["trunk.0.bias"][0] = torch.nan
    save_file(state, other)
    with pytest.raises(WeightsError, match="NaN"):
        open_encoder("compact", weights=other)


R2 = {"relu1_1": 0.985, "relu2_1": 0.94, "relu3_1": 0.89, "relu4_1": 0.85, "relu5_1": 0.68}


@pytest.mark.shared
@pytest.mark.parametrize("kind", ["photos", "art"])
def test_held_out_r2_against_the_real_teacher(kind, shared):
    teacher = prepare(
        open_encoder("vgg19", weights=shared / "vgg19_conv.safetensors"), torch.device("cpu"), "bfloat16"
    )
    encoder = prepare(open_encoder("compact"), torch.device("cpu"), "bfloat16")
    images = centre_crops(read_folder(shared / kind, train=False).held_out[:12], 192)
    found = r_squared(lambda x: encoder(x, list(COMPONENTS)), Teacher(teacher, teacher_projections()), images)
    for layer, least in R2.items():
        assert found[layer] >= least - 0.01, layer
