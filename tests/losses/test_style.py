"""What all style losses share, and the Gram and relative losses against closed forms."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from impasto.errors import RecipeError
from impasto.losses import (
    GRAM_NORMALISATION,
    STYLE_LOSSES,
    GramLoss,
    MomentLoss,
    RelativeMomentLoss,
    SlicedWassersteinLoss,
    StyleLoss,
    moment_sums,
)

CASES = [("gram", kind) for kind in GRAM_NORMALISATION.choices] + [
    (name, None) for name in STYLE_LOSSES if name != "gram"
]
SUMMABLE = [case for case in CASES if issubclass(STYLE_LOSSES[case[0]].load(), MomentLoss)]
MIXED = [case for case in CASES if STYLE_LOSSES[case[0]].mixes]
STEADY = [case for case in CASES if not STYLE_LOSSES[case[0]].random]
# Losses that compare patches depend on which positions are neighbours.
POINTWISE = [case for case in CASES if STYLE_LOSSES[case[0]].patch == 1]
# Relative to the style, so not symmetric.
SYMMETRIC = [case for case in CASES if case[0] not in {"moments", "mrf"}]


def draw(generator: torch.Generator, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=generator, dtype=torch.float64).abs() + 0.1


def fresh(case: tuple[str, str | None]) -> StyleLoss[Any]:
    return STYLE_LOSSES.find(case[0]).create({"normalisation": case[1]}, seed=3)


def between(case: tuple[str, str | None], f: Tensor, s: Tensor, weight: Tensor | None = None) -> Tensor:
    """The distance along the same directions every time."""
    loss = fresh(case)
    return loss.distance(f, loss.measure(s), weight)


@pytest.mark.parametrize("case", CASES)
def test_identical_is_zero_and_different_is_not(
    case: tuple[str, str | None], generator: torch.Generator
) -> None:
    f, s = draw(generator, 1, 4, 5, 6), draw(generator, 1, 4, 5, 6)
    assert between(case, s, s).item() == pytest.approx(0, abs=1e-12)
    assert between(case, f, s).item() > 1e-4
    flat = torch.full((1, 4, 5, 6), 0.7)
    assert between(case, flat, flat).item() == pytest.approx(0, abs=1e-6)
    assert torch.isfinite(between(case, f, flat.double()))


@pytest.mark.parametrize("case", SYMMETRIC)
def test_symmetric(case: tuple[str, str | None], generator: torch.Generator) -> None:
    f, s = draw(generator, 1, 4, 5, 6), draw(generator, 1, 4, 5, 6)
    torch.testing.assert_close(between(case, f, s), between(case, s, f))


@pytest.mark.parametrize("case", POINTWISE)
def test_position_does_not_matter(case: tuple[str, str | None], generator: torch.Generator) -> None:
    f, s = draw(generator, 1, 4, 5, 6), draw(generator, 1, 4, 5, 6)
    shuffled = f.flatten(2)[:, :, torch.randperm(30, generator=generator)].view_as(f)
    torch.testing.assert_close(between(case, shuffled, s), between(case, f, s))


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_gradient(
    case: tuple[str, str | None], layout: torch.memory_format, generator: torch.Generator
) -> None:
    f, s = draw(generator, 2, 3, 3, 4), draw(generator, 1, 3, 3, 4)
    weight = torch.rand(1, 1, 3, 4, generator=generator, dtype=torch.float64) + 0.1
    f = f.contiguous(memory_format=layout).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: between(case, x, s), (f,))
    assert torch.autograd.gradcheck(lambda x: between(case, x, s, weight), (f,))


@pytest.mark.parametrize("case", CASES)
def test_layouts_and_precisions(case: tuple[str, str | None], generator: torch.Generator) -> None:
    f, s = draw(generator, 1, 4, 6, 6), draw(generator, 1, 4, 6, 6)
    exact = between(case, f, s)
    last = between(case, f.contiguous(memory_format=torch.channels_last), s)
    torch.testing.assert_close(last, exact)
    single = between(case, f.float(), s.float())
    assert single.dtype == torch.float32
    torch.testing.assert_close(single.double(), exact, rtol=1e-4, atol=1e-6)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        cast = between(case, f.float(), s.float())
    torch.testing.assert_close(cast, single, rtol=1e-5, atol=1e-6)
    assert between(case, f.bfloat16(), s.bfloat16()).dtype == torch.float32


@pytest.mark.parametrize("case", STEADY)
def test_batch_is_the_mean_of_its_images(case: tuple[str, str | None], generator: torch.Generator) -> None:
    f, s = draw(generator, 3, 4, 5, 6), draw(generator, 3, 4, 5, 6)
    own = torch.stack([between(case, f[i : i + 1], s[i : i + 1]) for i in range(3)])
    torch.testing.assert_close(between(case, f, s), own.mean())
    shared = torch.stack([between(case, f[i : i + 1], s[:1]) for i in range(3)])
    torch.testing.assert_close(between(case, f, s[:1]), shared.mean())


@pytest.mark.parametrize("case", CASES)
def test_mask_equals_slice(case: tuple[str, str | None], generator: torch.Generator) -> None:
    f, s = draw(generator, 1, 4, 5, 6), draw(generator, 1, 4, 5, 6)
    mask = torch.zeros(1, 1, 5, 6)
    mask[..., 1:4, 2:5] = 1
    part = f[..., 1:4, 2:5]
    torch.testing.assert_close(between(case, f, s, mask), between(case, part, s))
    first, second = fresh(case), fresh(case)
    masked = first.distance(s, first.measure(f, mask))
    torch.testing.assert_close(masked, second.distance(s, second.measure(part)))


@pytest.mark.parametrize("case", SUMMABLE)
def test_tiles_give_the_distance_and_gradient_of_the_whole(
    case: tuple[str, str | None], generator: torch.Generator
) -> None:
    loss = fresh(case)
    assert isinstance(loss, MomentLoss)
    f, target = draw(generator, 1, 4, 6, 7).requires_grad_(), loss.measure(draw(generator, 1, 4, 5, 5))
    whole = loss.distance(f, target)
    tiles = moment_sums(f[..., :4]) + moment_sums(f[..., 4:])
    summed = loss.compare(loss.from_sums(tiles), target)
    torch.testing.assert_close(summed, whole)
    torch.testing.assert_close(torch.autograd.grad(summed, f), torch.autograd.grad(whole, f))


@pytest.mark.parametrize("case", MIXED)
def test_mixing(case: tuple[str, str | None], generator: torch.Generator) -> None:
    loss = fresh(case)
    f, a, b = (draw(generator, 1, 4, 5, 6) for _ in range(3))
    measured = [loss.measure(a), loss.measure(b)]
    torch.testing.assert_close(
        loss.distance(f, loss.average_targets(measured, [2, 0])), loss.distance(f, measured[0])
    )
    if case[1] not in (
        "undivided",
        "tutorial",
    ):  # the concatenation has twice the positions, which that one counts
        half = loss.average_targets(measured, [1, 1])
        torch.testing.assert_close(loss.distance(f, half), between(case, f, torch.cat([a, b], dim=3)))
    with pytest.raises(RecipeError, match="ixing weights"):
        loss.average_targets(measured, [1, -1])


def test_gram_of_pytorchs_example(generator: torch.Generator) -> None:
    """A transcription of `gram_matrix` and the style loss of pytorch/examples, fast_neural_style."""

    def gram_matrix(y: Tensor) -> Tensor:
        b, c, h, w = y.shape
        return y.view(b, c, h * w) @ y.view(b, c, h * w).mT / (c * h * w)

    f, s = draw(generator, 2, 4, 5, 6), draw(generator, 1, 4, 7, 3)
    expected = torch.nn.functional.mse_loss(gram_matrix(f), gram_matrix(s).expand(2, -1, -1))
    torch.testing.assert_close(between(("gram", "pytorch"), f, s), expected)
    # The paper's equation 4 sums over the C² entries.
    torch.testing.assert_close(between(("gram", "johnson"), f, s), 4**2 * expected)


def test_gram_by_hand() -> None:
    f = torch.tensor([[[[1.0, 2.0]], [[0.0, 1.0]]]])  # G = [[5, 2], [2, 1]], C = 2, M = 2
    s = torch.tensor([[[[1.0, 0.0]], [[1.0, 1.0]]]])  # A = [[1, 1], [1, 2]], sum (G - A)² = 16 + 1 + 1 + 1
    expected = {
        "gatys": 19 / (4 * 2**2 * 2**2),
        "d2l": 19 / (2 * 2) ** 2 / 4,
        "pytorch": 19 / (2 * 2) ** 2 / 4,
        "johnson": 19 / (2 * 2) ** 2,
        "undivided": 19 / 4,
        "tutorial": 19 / 4 / (2 * 2),
    }
    for kind, value in expected.items():
        loss = GramLoss(kind)
        assert loss.distance(f, loss.measure(s)).item() == pytest.approx(value), kind
    assert set(expected) == set(GRAM_NORMALISATION.choices)


@pytest.mark.parametrize("kind", ["gatys", "d2l", "pytorch", "johnson"])
def test_divided_gram_ignores_the_size_of_the_style(kind: str, generator: torch.Generator) -> None:
    s = draw(generator, 1, 3, 4, 4)
    loss = GramLoss(kind)
    assert loss.distance(s, loss.measure(s.repeat(1, 1, 2, 3))).item() == pytest.approx(0, abs=1e-20)


def test_relative_is_free_of_scale_and_known_for_an_empty_picture(generator: torch.Generator) -> None:
    loss = RelativeMomentLoss()
    f, s = draw(generator, 1, 4, 5, 6), draw(generator, 1, 4, 5, 6)
    torch.testing.assert_close(loss.distance(9 * f, loss.measure(9 * s)), loss.distance(f, loss.measure(s)))
    target = loss.measure(s)
    empty = loss.distance(torch.zeros_like(s), target)
    expected = 1 + target.mean.square().sum() / target.energy[0]
    torch.testing.assert_close(empty, expected)
    centred = loss.measure(s - s.mean((2, 3), keepdim=True))
    doubled = loss.distance(2 * (s - s.mean((2, 3), keepdim=True)), centred)
    assert doubled.item() == pytest.approx(9)  # covariance 4 times as large: (4 - 1)²


def test_registry() -> None:
    for entry in STYLE_LOSSES.values():
        assert type(entry.create()) is entry.load()
    with pytest.raises(RecipeError, match="Did you mean 'moments'"):
        STYLE_LOSSES.find("moment")
    with pytest.raises(RecipeError, match="Gram normalisation"):
        STYLE_LOSSES.find("gram").create({"normalisation": "gaty"})
    with pytest.raises(RecipeError, match="has no normalisation"):
        STYLE_LOSSES.find("moments").create({"normalisation": "gatys"})


def test_entries_declare_what_their_losses_do(generator: torch.Generator) -> None:
    for entry in STYLE_LOSSES.values():
        loss = entry.create()
        f = draw(generator, 1, 6, 9, 8)
        target = loss.measure(draw(generator, 1, 6, 8, 7))
        first, second = loss.distance(f, target), loss.distance(f, target)
        assert torch.equal(first, second) == (not entry.random)
        rearranged = entry.create().distance(torch.cat([f[:, :, ::2], f[:, :, 1::2]], 2), target)
        assert torch.isclose(rearranged, first) == (entry.patch == 1)
        if entry.mixes:
            loss.average_targets([target, target], [1, 1])
        else:
            with pytest.raises(RecipeError, match="cannot mix"):
                loss.average_targets([target, target], [1, 1])


def test_sliced_is_refused_where_it_has_no_meaning(generator: torch.Generator) -> None:
    loss = SlicedWassersteinLoss()
    with pytest.raises(RecipeError, match="cannot mix"):
        loss.average_targets([loss.measure(draw(generator, 1, 2, 2, 2))] * 2, [1, 1])
    with pytest.raises(RecipeError, match="at least 1 projection"):
        SlicedWassersteinLoss(0)
