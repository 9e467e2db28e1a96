"""ResNet-50 against a plain network with its batch normalisations."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from impasto.encoders.resnet import ResNet50, fold, layout
from impasto.errors import WeightsError


@pytest.fixture(scope="module")
def plain(oracle: Callable[[str], nn.Module]) -> nn.Module:
    return oracle("resnet50")


@pytest.fixture(scope="module")
def encoder(plain: nn.Module) -> ResNet50:
    return ResNet50("resnet50", plain.state_dict())


def test_the_layout_is_torchvisions_without_the_classifier(plain: nn.Module) -> None:
    state = {key: tuple(value.shape) for key, value in plain.state_dict().items()}
    assert layout() == {key: shape for key, shape in state.items() if not key.endswith("num_batches_tracked")}
    learned = [torch.Size(shape) for key, shape in layout().items() if "running" not in key]
    assert sum(shape.numel() for shape in learned) == 23_508_032


def test_every_stage_equals_the_network_with_unfolded_normalisation(
    encoder: ResNet50, plain: nn.Module, image: Tensor
) -> None:
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    expected = plain.stages((image - mean) / std)
    found = encoder(image, list(expected))
    assert list(found) == ["stem", "stage1", "stage2", "stage3", "stage4"]
    for layer, features in expected.items():
        torch.testing.assert_close(found[layer], features, rtol=1e-3, atol=1e-3, msg=layer)


def test_stage_is_its_last_block_and_blocks_differ(encoder: ResNet50, image: Tensor) -> None:
    found = encoder(image, ["stage3", "stage3_2", "stage3_6"])
    assert torch.equal(found["stage3"], found["stage3_6"])
    assert not torch.allclose(found["stage3_2"], found["stage3_6"])
    assert encoder.layers["stage3_2"] == (1024, 16)


def test_folding_equals_convolution_then_normalisation(generator: torch.Generator) -> None:
    conv = nn.Conv2d(3, 5, 3, bias=False).double()
    norm = nn.BatchNorm2d(5).double().eval()
    with torch.no_grad():
        for value in (norm.weight, norm.bias, norm.running_mean):
            value.normal_(generator=generator)
        norm.running_var.uniform_(0.1, 2.0, generator=generator)
        weight, bias = fold(conv.weight, norm.weight, norm.bias, norm.running_mean, norm.running_var)
        x = torch.randn(2, 3, 8, 8, dtype=torch.float64, generator=generator)
        torch.testing.assert_close(nn.functional.conv2d(x, weight, bias), norm(conv(x)))


def test_multiply_adds_are_the_published_ones(encoder: ResNet50) -> None:
    # torchvision states 4.09 GMAC with the classifier, which is 2048 * 1000 of 4,089,184,256.
    assert encoder.macs(224, 224, ["stage4"]) == 4_089_184_256 - 2048 * 1000


def test_a_vgg_file_is_refused(oracle: Callable[[str], nn.Module]) -> None:
    with pytest.raises(WeightsError, match=r"lack conv1\.weight.*and \d+ more"):
        ResNet50("resnet50", oracle("small").state_dict(), source="x.pth")
