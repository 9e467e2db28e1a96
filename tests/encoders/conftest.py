"""Oracles for the encoders: VGG and ResNet-50 written plainly, with torchvision's names and layout."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

VGG_CONFIGURATIONS = {
    "vgg16": "64 64 M 128 128 M 256 256 256 M 512 512 512 M 512 512 512 M",
    "vgg19": "64 64 M 128 128 M 256 256 256 256 M 512 512 512 512 M 512 512 512 512 M",
    "small": "4 4 M 6 M 5 5 M",
}
Oracle = Callable[[str], nn.Module]


def randomise(module: nn.Module) -> nn.Module:
    """He initialisation and lively normalisation statistics from a fixed seed; evaluation mode."""
    generator = torch.Generator().manual_seed(7)
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            part.weight.data.normal_(0, math.sqrt(2 / part.weight[0].numel()), generator=generator)
            if part.bias is not None:
                part.bias.data.normal_(0, 0.1, generator=generator)
        if isinstance(part, nn.BatchNorm2d):
            part.weight.data.uniform_(0.3, 0.7, generator=generator)
            part.bias.data.normal_(0, 0.1, generator=generator)
            part.running_mean.normal_(0, 0.1, generator=generator)
            part.running_var.uniform_(0.5, 1.5, generator=generator)
    return module.eval().requires_grad_(False)


class PlainVGG(nn.Module):
    def __init__(self, configuration: str) -> None:
        super().__init__()
        parts: list[nn.Module] = []
        before = 3
        for word in configuration.split():
            if word == "M":
                parts.append(nn.MaxPool2d(2, 2))
            else:
                parts += [nn.Conv2d(before, int(word), 3, padding=1), nn.ReLU()]
                before = int(word)
        self.features = nn.Sequential(*parts)

    def forward(self, x: Tensor) -> Tensor:
        return self.features(x)


class PlainBottleneck(nn.Module):
    def __init__(self, before: int, mid: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, mid, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(mid)
        self.conv2 = nn.Conv2d(mid, mid, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(mid)
        self.conv3 = nn.Conv2d(mid, 4 * mid, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * mid)
        self.downsample: nn.Module | None = None
        if stride != 1 or before != 4 * mid:
            self.downsample = nn.Sequential(
                nn.Conv2d(before, 4 * mid, 1, stride=stride, bias=False), nn.BatchNorm2d(4 * mid)
            )

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu(self.bn1(self.conv1(x)))
        y = torch.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return torch.relu(y + (x if self.downsample is None else self.downsample(x)))


class PlainResNet50(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        before = 64
        for stage, depth in enumerate((3, 4, 6, 3), start=1):
            blocks = []
            for block in range(depth):
                mid = 32 * 2**stage
                blocks.append(PlainBottleneck(before, mid, 2 if stage > 1 and block == 0 else 1))
                before = 4 * mid
            setattr(self, f"layer{stage}", nn.Sequential(*blocks))

    def stages(self, x: Tensor) -> dict[str, Tensor]:
        found = {"stem": torch.relu(self.bn1(self.conv1(x)))}
        x = nn.functional.max_pool2d(found["stem"], 3, stride=2, padding=1)
        for stage in (1, 2, 3, 4):
            x = found[f"stage{stage}"] = getattr(self, f"layer{stage}")(x)
        return found


@pytest.fixture(scope="session")
def oracle() -> Oracle:
    """Maker of the plain network of that name, with random weights that are the same every time."""

    made: dict[str, nn.Module] = {}

    def make(name: str) -> nn.Module:
        if name == "small":  # Cheap, and some tests spoil it.
            return randomise(PlainVGG(VGG_CONFIGURATIONS[name]))
        if name not in made:
            made[name] = randomise(
                PlainResNet50() if name == "resnet50" else PlainVGG(VGG_CONFIGURATIONS[name])
            )
        return made[name]

    return make


@pytest.fixture(scope="session")
def weights_file(tmp_path_factory: pytest.TempPathFactory, oracle: Oracle) -> Callable[[str], Path]:
    """Maker of a safetensors file with the plain network's weights in float16, written once for each name."""
    folder = tmp_path_factory.mktemp("weights")

    def make(name: str) -> Path:
        path = folder / f"{name}.safetensors"
        if not path.exists():
            state = {key: value.half() if value.is_floating_point() else value
                     for key, value in oracle(name).state_dict().items()}  # fmt: skip
            save_file(state, path)
        return path

    return make


@pytest.fixture
def image(generator: torch.Generator) -> Tensor:
    """One picture of 32 x 48 pixels in [0, 1]."""
    return torch.rand(1, 3, 32, 48, generator=generator)
