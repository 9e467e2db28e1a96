"""The table of losses that the book prints: preset d2l against a plain transcription of the book's training loop."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from impasto.encoders import registry
from impasto.encoders.untrained import random_state
from impasto.encoders.vgg import BLOCKS
from impasto.imaging import read_picture, resize
from impasto.optimize import Painter, Stepped
from impasto.optimize.context import RunContext
from tests.optimize.conftest import job, picture
from tests.optimize.test_published import MEAN, NARROW, STD, channels, gram

EPOCHS = (1, 50, 100, 150)
Blocks = tuple[tuple[int, ...], ...]


def book(
    content: Tensor, style: Tensor, state: Mapping[str, Tensor], blocks: Blocks
) -> dict[int, tuple[float, ...]]:
    """Train as the book does at its first size; return epoch -> content, style and TV loss before its step."""
    layers: list[torch.nn.Module] = []
    for before, width in zip([3, *sum(blocks, ())], sum(blocks, ()), strict=False):
        layers += [torch.nn.Conv2d(before, width, 3, padding=1), torch.nn.ReLU(inplace=True)]
        if len(layers) in (4, 9, 18, 27):
            layers.append(torch.nn.MaxPool2d(2))
    net = torch.nn.Sequential(*layers[:29]).double()
    net.load_state_dict(
        {key.removeprefix("features."): state[key] for key in state if int(key.split(".")[1]) < 29}
    )
    net.requires_grad_(False)

    def extract(x: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        contents, styles = [], []
        for i in range(len(net)):
            x = net[i](x)
            if i in (0, 5, 10, 19, 28):
                styles.append(x)
            if i == 25:
                contents.append(x)
        return contents, styles

    content, style = content.double(), style.double()
    mean, std = channels(MEAN), channels(STD)
    with torch.no_grad():
        contents_y, _ = extract((content - mean) / std)
        grams_y = [gram(y) / y.numel() for y in extract((style - mean) / std)[1]]
    x = torch.nn.Parameter((content - mean) / std)
    trainer = torch.optim.Adam([x], lr=0.01)
    scheduler = torch.optim.lr_scheduler.StepLR(trainer, 200)
    table = {}
    for epoch in range(1, EPOCHS[-1] + 1):
        trainer.zero_grad()
        contents, styles = extract(x)
        content_loss = torch.square(contents[0] - contents_y[0]).mean()
        grams = zip(styles, grams_y, strict=True)
        style_loss = 1e3 * sum(torch.square(gram(y) / y.numel() - target).mean() for y, target in grams)
        rows, columns = (x[:, :, 1:] - x[:, :, :-1]).abs().mean(), (x[..., 1:] - x[..., :-1]).abs().mean()
        tv_loss = 10 * 0.5 * (rows + columns)
        (content_loss + style_loss + tv_loss).backward()
        trainer.step()
        scheduler.step()
        table[epoch] = tuple(loss.item() for loss in (content_loss, style_loss, tv_loss))
    return table


def ours(content: Tensor, style: Tensor, weights: Path) -> dict[int, tuple[float, ...]]:
    """Return the same losses of preset d2l, in float64."""
    run = job(
        content,
        style,
        preset="d2l",
        encoder="vgg19",
        weights=str(weights),
        size=150,
        smallest=None,
        steps=None,
        hold=None,
        scales=((150, EPOCHS[-1]),),
    )
    run.encoder.double()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RunContext, "initial_image", lambda *_: content.double())
        painter = Painter(run)
    table = {}
    for event in painter.events():
        if isinstance(event, Stepped):
            parts = ("content/", "style/", "variation")
            terms = event.terms.items()
            table[event.total] = tuple(sum(v for k, v in terms if k.startswith(part)) for part in parts)
    return table


def test_losses_follow_the_book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "BLOCKS", NARROW)
    weights, blocks = tmp_path / "narrow.safetensors", NARROW["vgg19"]
    save_file(random_state(blocks, seed=3, gain=2.2, bias=0.1), weights)
    # Adam turns rounding errors of flat areas into whole steps, so that the pictures have a texture everywhere.
    grain = torch.Generator().manual_seed(5)
    content = 0.1 + 0.7 * picture(100, 150, 1) + 0.1 * torch.rand(1, 3, 100, 150, generator=grain)
    style = (picture(100, 150, 2) + 0.2 * torch.rand(1, 3, 100, 150, generator=grain)).clamp(0, 1)
    check(content, style, weights, blocks)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.shared
def test_losses_of_the_real_network_follow_the_book(shared: Path, tmp_path: Path) -> None:
    files = (shared / "eval" / "content_golden_gate.jpg", shared / "eval" / "style_starry_night.jpg")
    content, style = (resize(read_picture(file).pixels, (100, 150)) for file in files)
    weights = tmp_path / "vgg19.safetensors"
    state = {key: value.float() for key, value in load_file(shared / "vgg19_conv.safetensors").items()}
    save_file(with_unit_activations(state, torch.cat([content, style])), weights)
    for epoch, (found, expected) in check(content, style, weights, BLOCKS["vgg19"]).items():
        print(epoch, *(f"{a:.4f}/{b:.4f}" for a, b in zip(found, expected, strict=True)))


def with_unit_activations(state: Mapping[str, Tensor], images: Tensor) -> dict[str, Tensor]:
    """Return the same network with a mean activation of 1 in every layer, over ``images``.

    Oxford's activations are hundreds of times as large as those of torchvision's weights, which the book uses.
    """
    scaled, previous, index = {}, torch.ones(()), 0
    x = (images - channels(MEAN).float()) / channels(STD).float()
    for block in BLOCKS["vgg19"]:
        for _ in block:
            weight, bias = state[f"features.{index}.weight"] * previous, state[f"features.{index}.bias"]
            x = torch.relu(torch.nn.functional.conv2d(x, weight, bias, padding=1))
            previous = x.mean()
            scaled[f"features.{index}.weight"], scaled[f"features.{index}.bias"] = (
                weight / previous,
                bias / previous,
            )
            x, index = x / previous, index + 2
        x, index = torch.nn.functional.max_pool2d(x, 2), index + 1
    return scaled


def check(
    content: Tensor, style: Tensor, weights: Path, blocks: Blocks
) -> dict[int, tuple[tuple[float, ...], ...]]:
    """Assert that the losses agree to 1 % at every epoch of the table; return both by epoch."""
    state = load_file(weights)
    expected, found = book(content, style, state, blocks), ours(content, style, weights)
    for epoch in EPOCHS:
        assert found[epoch] == pytest.approx(expected[epoch], rel=0.01), f"epoch {epoch}"
    return {epoch: (found[epoch], expected[epoch]) for epoch in EPOCHS}
