"""Colour matching against the moments and quantiles it promises."""

from __future__ import annotations

import pytest
import torch

from impasto.errors import PictureError, RecipeError
from impasto.imaging import DEFAULT_SPACE, MATCHES, SPACES, match_colors, rgb_to_lab
from impasto.imaging.match import match_quantiles, matched_values, transfer_matrix

LINEAR = ("cholesky", "pca", "symmetric")
LEAST = (1 / 255) ** 2


def colours(seed: int, count: int) -> torch.Tensor:
    """(3, count) float64 within [0, 1], correlated and skewed."""
    generator = torch.Generator().manual_seed(seed)
    mix = torch.rand(3, 3, dtype=torch.float64, generator=generator)
    free = torch.rand(3, count, dtype=torch.float64, generator=generator) ** 2
    return mix @ free / mix.sum(dim=1, keepdim=True)


def image(seed: int, height: int, width: int) -> torch.Tensor:
    return colours(seed, height * width).view(1, 3, height, width).float()


@pytest.mark.parametrize("method", LINEAR)
@pytest.mark.parametrize("unit", [1.0, 100.0])
def test_linear_transfers_reach_mean_and_covariance(method, unit):
    style, content = colours(1, 500) * unit, colours(2, 333) * unit
    found = matched_values(style, content, method, unit) / unit
    torch.testing.assert_close(found.mean(1), content.mean(1) / unit, atol=1e-10, rtol=0)
    torch.testing.assert_close(
        found.cov(correction=0), content.cov(correction=0) / unit**2, atol=1e-10, rtol=0
    )


def test_matrices_are_the_papers_matrices():
    style, content = (colours(seed, 400).cov(correction=0) for seed in (3, 4))
    chol = torch.linalg.cholesky(content) @ torch.linalg.inv(torch.linalg.cholesky(style))
    torch.testing.assert_close(transfer_matrix(style, content, "cholesky", LEAST), chol)
    pca = transfer_matrix(style, content, "pca", LEAST)
    # Sigma_c^½ = A Sigma_s^½ is symmetric and squares to Sigma_c; Sigma_s^½ by Newton's iteration.
    root, other = style, torch.eye(3, dtype=torch.float64)
    for _ in range(40):  # Denman and Beavers 1976
        root, other = (root + torch.linalg.inv(other)) / 2, (other + torch.linalg.inv(root)) / 2
    product = pca @ root
    torch.testing.assert_close(product, product.T)
    torch.testing.assert_close(product @ product, content)
    symmetric = transfer_matrix(style, content, "symmetric", LEAST)
    torch.testing.assert_close(symmetric, symmetric.T)
    assert torch.linalg.eigvalsh(symmetric)[0] > 0
    # Of all maps with these moments the symmetric one moves colours least: maximal trace(A Sigma_s).
    assert (symmetric @ style).trace() > max((chol @ style).trace(), (pca @ style).trace())


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("method", MATCHES)
def test_matching_to_itself_changes_nothing(method, space):
    picture = image(5, 6, 7)
    torch.testing.assert_close(match_colors(picture, picture, method, space), picture, atol=1e-6, rtol=0)


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("method", MATCHES)
def test_sizes_may_differ_and_the_result_is_a_picture(method, space):
    picture = torch.rand(1, 3, 9, 5, generator=torch.Generator().manual_seed(6))
    reference = image(7, 4, 8)
    found = match_colors(picture, reference, method, space)
    assert found.shape == picture.shape
    assert found.dtype == torch.float32
    assert found.min() >= 0
    assert found.max() <= 1
    before = (picture.mean((2, 3)) - reference.mean((2, 3))).abs().max()
    assert (found.mean((2, 3)) - reference.mean((2, 3))).abs().max() < before / 3


@pytest.mark.parametrize("method", MATCHES)
def test_default_space(method):
    picture, reference = image(8, 5, 5), image(9, 5, 6)
    wanted = match_colors(picture, reference, method, DEFAULT_SPACE[method])
    assert torch.equal(match_colors(picture, reference, method), wanted)
    assert set(DEFAULT_SPACE) == set(MATCHES)


def test_histogram_gives_the_sorted_values_of_the_reference():
    values, reference = colours(10, 300)[0], colours(11, 300)[1]
    found = match_quantiles(values, reference, 2.0**-32)
    torch.testing.assert_close(found.sort().values, reference.sort().values, atol=1e-12, rtol=0)
    assert torch.equal(found.argsort(), values.argsort())


def test_histogram_ties_and_other_sizes_by_hand():
    values = torch.tensor([3.0, 1.0, 3.0, 2.0], dtype=torch.float64)
    reference = torch.tensor([10.0, 40.0, 20.0, 30.0], dtype=torch.float64)
    found = match_quantiles(values, reference, 1e-6)
    torch.testing.assert_close(found, torch.tensor([35.0, 10.0, 35.0, 20.0], dtype=torch.float64))
    # Two values share three: the lower takes 10 and half of 20, the upper the other half and 60.
    two, three = torch.tensor([0.9, 0.1]).double(), torch.tensor([20.0, 60.0, 10.0]).double()
    torch.testing.assert_close(match_quantiles(two, three, 1e-6) * 3, torch.tensor([140.0, 40.0]).double())
    # Rounding of a colour space is not a difference.
    noisy = torch.tensor([0.0, 1e-15, -1e-15], dtype=torch.float64)
    assert match_quantiles(noisy, three, 1e-9).unique().tolist() == [30.0]


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("method", MATCHES)
def test_flat_and_grey_pictures(method, space):
    reference = image(12, 8, 8)
    flat = torch.tensor([0.2, 0.5, 0.7]).view(1, 3, 1, 1)
    # A flat style takes the reference's mean in the space of the matching: one colour, not noise.
    found = match_colors(flat.expand(1, 3, 5, 4), reference, method, space)
    assert (found - found[..., :1, :1]).abs().max() < 1e-6
    if space == "srgb":
        torch.testing.assert_close(found[0, :, 0, 0], reference.mean((2, 3))[0], atol=1e-6, rtol=0)
    # A flat reference makes everything its one colour.
    for one in (flat, flat.expand(1, 3, 4, 4)):
        found = match_colors(reference, one, method, space)
        torch.testing.assert_close(found, flat.expand_as(found), atol=1e-5, rtol=0)
    # A grey style keeps its order of tones, and equal greys get equal colours.
    tones = torch.linspace(0, 1, 32).repeat(2).view(1, 1, 8, 8).expand(1, 3, 8, 8)
    found = match_colors(tones, reference, method, space)
    assert torch.isfinite(found).all()
    torch.testing.assert_close(found[..., :4, :], found[..., 4:, :], atol=1e-6, rtol=0)
    lightness = rgb_to_lab(found)[0, 0, :4].flatten()
    assert (lightness.diff() > -1e-3).all()


def test_bad_input():
    picture = image(13, 3, 3)
    with pytest.raises(RecipeError, match="Did you mean 'cholesky'"):
        match_colors(picture, picture, "cholesk")
    with pytest.raises(RecipeError, match="Allowed: lab, linear, srgb"):
        match_colors(picture, picture, "pca", "hsv")
    for bad in (picture[0], picture[:, :1], picture.expand(2, 3, 3, 3), picture[..., :0]):
        with pytest.raises(PictureError, match="1, 3, H, W"):
            match_colors(picture, bad, "pca")
    with pytest.raises(PictureError, match="finite"):
        match_colors(picture * torch.nan, picture, "pca")
