"""Codes of trained styles: their equation, mixtures, and a start that is another network's code."""

from __future__ import annotations

import torch

from impasto.feedforward.modules.style_embedding import ConditionalInstanceNorm, StyleEmbedding
from impasto.feedforward.modules.transform import ModulatedLayer, StyleParams

SITES = (ModulatedLayer(5, 8), ModulatedLayer(3, 2))
ONE = torch.ones(1)


def filled(count: int) -> StyleEmbedding:
    torch.manual_seed(1)
    style_embedding = StyleEmbedding(SITES, count)
    with torch.no_grad():
        for parameter in style_embedding.parameters():
            parameter.normal_(std=0.5)
    return style_embedding


def test_the_code_is_that_of_its_equation():
    style_embedding = filled(2)
    strength, stroke = 0.3, 0.8
    style_params = style_embedding(
        torch.tensor([[0.0, 1.0]]), torch.tensor([strength]), torch.tensor([stroke])
    )
    told = torch.tensor([strength, (1 - strength) ** 2, torch.tensor(stroke).log()])
    found = style_embedding.perceptron(torch.cat([told, style_embedding.embedding[1]]))
    g, h = found[10:13], found[13:16]  # the second site's, after 2 * 5 values of the first
    torch.testing.assert_close(
        style_params.matrices[1][0], torch.diag(1 + g) + strength * style_embedding.style_matrices[3]
    )
    torch.testing.assert_close(style_params.shifts[1][0], h + strength * style_embedding.shifts[1][1])


def test_at_strength_0_the_style_only_shows_through_gains():
    style_embedding = filled(1)
    style_params = style_embedding(torch.ones(1, 1), torch.zeros(1), ONE)
    matrix = style_params.matrices[0][0].detach()
    torch.testing.assert_close(matrix, torch.diag(matrix.diagonal()))


def test_a_mixture_has_the_average_of_the_matrices():
    style_embedding = filled(3)
    with torch.no_grad():
        style_embedding.output_layer.weight.zero_()
    weights = torch.tensor([[0.2, 0.5, 0.3]])
    mixed = style_embedding(weights, ONE, ONE)
    single = style_embedding(torch.eye(3), torch.ones(3), torch.ones(3))
    for site in range(2):
        torch.testing.assert_close(
            mixed.matrices[site][0], torch.einsum("n,nij->ij", weights[0], single.matrices[site])
        )
        torch.testing.assert_close(mixed.shifts[site][0], weights[0] @ single.shifts[site])


def test_strength_and_stroke_and_style_change_the_code():
    style_embedding = filled(2)
    first, second = torch.eye(2)[:1], torch.eye(2)[1:]
    base = style_embedding(first, ONE, ONE).matrices[0]
    for other in (
        style_embedding(second, ONE, ONE),
        style_embedding(first, ONE / 2, ONE),
        style_embedding(first, ONE, ONE / 2),
    ):
        assert (other.matrices[0] - base).abs().max() > 1e-3


def random_code(seed: int, count: int) -> StyleParams:
    generator = torch.Generator().manual_seed(seed)
    return StyleParams(
        tuple(torch.randn(count, s.channels, s.channels, generator=generator) for s in SITES),
        tuple(torch.randn(count, s.channels, generator=generator) for s in SITES),
    )


def test_a_start_with_given_codes_gives_them_back():
    full, none = random_code(0, 2), random_code(1, 2)
    style_embedding = filled(2)
    style_embedding.begin_with(full, none)
    for stroke in (0.5, 1.0):
        style_params = style_embedding(torch.eye(2), torch.ones(2), torch.full((2,), stroke))
        for site in range(2):
            torch.testing.assert_close(style_params.matrices[site], full.matrices[site])
            torch.testing.assert_close(style_params.shifts[site], full.shifts[site])
    one = filled(1)
    one.begin_with(random_code(0, 1), random_code(1, 1))
    style_params = one(torch.ones(1, 1), torch.zeros(1), ONE)
    wanted = random_code(1, 1)
    torch.testing.assert_close(style_params.matrices[1][0].diagonal(), wanted.matrices[1][0].diagonal())
    torch.testing.assert_close(style_params.shifts[1], wanted.shifts[1])


def test_gains_are_diagonal_and_mix():
    gains = ConditionalInstanceNorm(SITES, 2)
    with torch.no_grad():
        gains.gains[0][1] = 3.0
    style_params = gains(torch.tensor([[0.5, 0.5]]), ONE, ONE)
    torch.testing.assert_close(style_params.matrices[0], torch.full((1, 5), 2.0))
    torch.testing.assert_close(style_params.shifts[1], torch.zeros(1, 3))
