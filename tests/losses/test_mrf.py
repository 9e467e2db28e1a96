"""The MRF loss against a transcription of Li and Wand 2016, equations 2 and 3."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from impasto.errors import RecipeError
from impasto.losses import MRFLoss, mrf


def draw(generator: torch.Generator, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def patches(features: Tensor) -> list[Tensor]:
    """All 3x3 patches of one map `(1, C, H, W)`, row by row."""
    _, _, height, width = features.shape
    return [features[0, :, y : y + 3, x : x + 3] for y in range(height - 2) for x in range(width - 2)]


def published(features: Tensor, style: Tensor) -> Tensor:
    """Equation 2, the sum over the patches, with the nearest neighbours of equation 3."""
    total = features.new_zeros(())
    for patch in patches(features):
        others = patches(style)
        correlations = [
            float((patch * q).sum().detach() / (patch.norm() * q.norm()).detach()) for q in others
        ]
        total = total + (patch - others[correlations.index(max(correlations))]).square().sum()
    return total


@pytest.mark.parametrize("block", [1, 5, mrf.BLOCK])
def test_is_the_published_sum_divided_by_patches_and_energy(
    block: int, generator: torch.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Value and gradient, whatever the size of the blocks."""
    monkeypatch.setattr(mrf, "BLOCK", block)
    loss, s = MRFLoss(), draw(generator, 1, 3, 6, 5)
    f = draw(generator, 1, 3, 5, 7).requires_grad_()
    energy = torch.stack([patch.square().sum() for patch in patches(s)]).mean()
    expected = published(f, s) / (len(patches(f)) * energy)
    value = loss.distance(f, loss.measure(s))
    torch.testing.assert_close(value, expected)
    torch.testing.assert_close(torch.autograd.grad(value, f), torch.autograd.grad(expected, f))


def test_gradient_with_fixed_matches(generator: torch.Generator) -> None:
    loss = MRFLoss()
    (style,) = loss.measure(draw(generator, 1, 2, 4, 5)).maps
    mask = torch.rand(1, 1, 5, 4, generator=generator)
    f = draw(generator, 1, 2, 5, 4)
    (image,) = loss.measure(f, mask).maps
    matches = torch.randint(len(style.corners), (len(image.corners),), generator=generator)

    def of_rows(rows: Tensor) -> Tensor:
        moved = mrf.MapPatches(rows, image.corners, image.offsets, image.weights, image.norms)
        return mrf.matched_distance(moved, style, matches)

    assert torch.autograd.gradcheck(of_rows, (image.rows.clone().requires_grad_(),))


def test_the_order_of_the_styles_patches_does_not_matter(generator: torch.Generator) -> None:
    """Six separate tiles in another arrangement; the mask leaves out the columns between them."""
    tiles, f = [draw(generator, 1, 2, 3, 3) for _ in range(6)], draw(generator, 1, 2, 6, 7)
    mask = torch.ones(1, 1, 3, 24)
    mask[..., 3::4] = 0
    row = [
        torch.cat([torch.nn.functional.pad(t, (0, 1)) for t in order], 3) for order in (tiles, tiles[::-1])
    ]
    loss = MRFLoss()
    first, second = (loss.measure(style, mask) for style in row)
    assert len(first.maps[0].corners) == 6
    torch.testing.assert_close(loss.distance(f, second), loss.distance(f, first))
    assert loss.distance(f, first) > 0.1


def test_matching_ignores_the_length_of_a_patch(generator: torch.Generator) -> None:
    """At half the contrast every patch finds its own place: (1 - 1/2)² of the energy is left."""
    s = draw(generator, 1, 3, 5, 5)
    loss = MRFLoss()
    assert loss.distance(s / 2, loss.measure(s)).item() == pytest.approx(0.25)
    assert loss.distance(9 * s / 2, loss.measure(9 * s)).item() == pytest.approx(0.25)


def test_a_patch_counts_by_its_smallest_weight(generator: torch.Generator) -> None:
    f, s, loss = draw(generator, 1, 2, 3, 4), draw(generator, 1, 2, 5, 5), MRFLoss()
    target = loss.measure(s)
    mask = torch.tensor([0.2, 1.0, 0.8, 0.6]).expand(1, 1, 3, 4)
    left, right = (loss.distance(part, target) for part in (f[..., :3], f[..., 1:]))
    torch.testing.assert_close(loss.distance(f, target, mask), (0.2 * left + 0.6 * right) / 0.8)


def test_what_has_no_patch_or_mixture_is_refused(generator: torch.Generator) -> None:
    loss, s = MRFLoss(), draw(generator, 1, 2, 5, 5)
    with pytest.raises(RecipeError, match="3x3 positions, but a feature map has 2x5"):
        loss.measure(s[:, :, :2])
    mask = torch.zeros(1, 1, 5, 5)
    mask[..., 2:4] = 1
    with pytest.raises(RecipeError, match="a mask leaves none whole"):
        loss.distance(s, loss.measure(s), mask)
    with pytest.raises(RecipeError, match="cannot mix styles"):
        loss.average_targets([loss.measure(s)] * 2, [1, 1])
