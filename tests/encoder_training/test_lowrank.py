"""Low-rank factorisation: ranks against a search, fits against closed forms, and a tiny distillation."""

from __future__ import annotations

import itertools

import pytest
import torch
import torch.nn.functional as F

from impasto.encoder_training.distill.lowrank import (
    LayerChoice,
    PatchMoments,
    allocate_ranks,
    choices,
    factorise,
    patches_at,
    spectrum,
)
from impasto.encoder_training.distill.teacher import measure_bases
from impasto.encoders.lowrank import LowRankConv, conv_channels
from impasto.encoders.vgg import VGG, layout
from impasto.errors import RecipeError

pytestmark = pytest.mark.usefixtures("one_thread")

BLOCKS = ((8, 8), (12,), (16, 16))
DEEPEST = "relu3_2"


def small_vgg() -> VGG:
    generator = torch.Generator().manual_seed(0)
    state = {
        name: torch.randn(shape, generator=generator) * (2 / (9 * shape[1])) ** 0.5
        if name.endswith("weight")
        else torch.randn(shape, generator=generator) * 0.1
        for name, shape in layout(BLOCKS).items()
    }
    return VGG("small", BLOCKS, state)


def pictures(seed: int, count: int = 4) -> list[torch.Tensor]:
    """Batches of smooth random colour with some noise."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(count, 2, 3, 6, 6, generator=generator)
    return [
        (
            F.interpolate(batch, (36, 36), mode="bicubic")
            + 0.1 * torch.randn(2, 3, 36, 36, generator=generator)
        ).clamp(0, 1)
        for batch in coarse
    ]


def full_ranks() -> dict[str, int]:
    return {name: after for name, (_, after) in conv_channels(BLOCKS, DEEPEST).items() if name != "conv1_1"}


def test_full_rank_is_the_network_itself():
    vgg = small_vgg()
    student = factorise(vgg, full_ranks(), pictures(1), name="x", blocks=BLOCKS, deepest=DEEPEST)
    image = pictures(2)[0]
    layers = list(student.layers)
    expected = vgg(image, layers)
    for layer, features in student(image, layers).items():
        torch.testing.assert_close(features, expected[layer], rtol=1e-4, atol=1e-4)


def test_patches_are_those_of_unfold():
    x = torch.rand(2, 3, 5, 7)
    chosen = torch.tensor([0, 6, 17, 34])
    assert torch.equal(patches_at(x, chosen), F.unfold(x, 3, padding=1)[:, :, chosen])


def test_a_fit_explains_as_much_as_the_leading_components_and_no_more():
    """On exact inputs, the regression of rank r leaves exactly the variance of the dropped eigenvalues."""
    vgg = small_vgg()
    batches = pictures(3)
    kernel = vgg.convolutions["conv1_2"]
    inputs = [vgg(images, ["relu1_1"])["relu1_1"] for images in batches]
    moments = PatchMoments.measure(
        kernel, inputs, inputs, torch.Generator().manual_seed(0), positions=36 * 36
    )
    conv = LowRankConv(8, 3, 8)
    with torch.no_grad():
        moments.fit(kernel, conv)
        responses = torch.cat([kernel(x) for x in inputs]).transpose(0, 1).flatten(1)
        errors = torch.cat([conv(x) for x in inputs]).transpose(0, 1).flatten(1) - responses
    values = spectrum(torch.cov(responses, correction=0))
    assert float(errors.square().sum(0).mean()) == pytest.approx(float(values[3:].sum()), rel=1e-3)
    assert torch.allclose(errors.mean(1), torch.zeros(8), atol=1e-4)
    filters, mixer = conv.filters.weight.detach().flatten(1), conv.mixer.weight.detach().flatten(1)
    assert torch.allclose(filters.norm(dim=1), mixer.norm(dim=0), rtol=1e-4)


def test_a_fit_on_its_own_inputs_is_better_than_the_same_kernel_on_them():
    vgg = small_vgg()
    batches = pictures(4)
    kernel = vgg.convolutions["conv2_1"]
    exact = [vgg(images, ["pool1"])["pool1"] for images in batches]
    # The compressed network's inputs lack a channel and are weaker.
    poor = [x * torch.tensor([0.0, *[0.8] * 7]).view(1, 8, 1, 1) for x in exact]
    conv = LowRankConv(8, 12, 12)
    with torch.no_grad():
        PatchMoments.measure(kernel, poor, exact, torch.Generator()).fit(kernel, conv)
        target = torch.cat([kernel(x) for x in exact])
        fitted = (torch.cat([conv(x) for x in poor]) - target).square().mean()
        unfitted = (torch.cat([kernel(x) for x in poor]) - target).square().mean()
    assert float(fitted) < 0.5 * float(unfitted)


def test_ranks_meet_the_budget_with_nearly_the_best_product_of_energies():
    generator = torch.Generator().manual_seed(5)
    layers = {
        f"conv{block}_1": LayerChoice(
            torch.rand(8, generator=generator).pow(4).sort(descending=True).values, 300.0, 10.0 * block
        )
        for block in (1, 2, 3)
    }
    ranks = allocate_ranks(layers, 300 + 200, multiple=1)

    def energy(found: tuple[int, int]) -> float:
        shares = [
            layers[name].values[:rank].sum() / layers[name].values.sum()
            for name, rank in zip(("conv2_1", "conv3_1"), found, strict=True)
        ]
        return float(shares[0] * shares[1])

    allowed = [
        pair for pair in itertools.product(range(1, 9), repeat=2) if 20 * pair[0] + 30 * pair[1] <= 200
    ]
    assert (ranks["conv2_1"], ranks["conv3_1"]) in allowed
    assert energy((ranks["conv2_1"], ranks["conv3_1"])) >= 0.97 * max(map(energy, allowed))
    assert "conv1_1" not in ranks


def test_ranks_are_multiples_and_dear_splits_stay_exact():
    vgg = small_vgg()
    layers = conv_channels(BLOCKS, DEEPEST)
    bases = measure_bases(vgg, dict.fromkeys(layers, 1), pictures(6))
    offered = choices({name: spectrum(bases[name].covariance) for name in layers}, BLOCKS, DEEPEST)
    exact = sum(choice.exact for choice in offered.values())
    assert exact * 36 * 36 == vgg.macs(36, 36, [DEEPEST])
    assert allocate_ranks(offered, exact) == {}
    ranks = allocate_ranks(offered, 0.6 * exact, multiple=4)
    assert ranks
    assert all(rank % 4 == 0 and rank < layers[name][1] for name, rank in ranks.items())
    with pytest.raises(RecipeError, match="larger share"):
        allocate_ranks(offered, 0.01 * exact)
