"""Muon against the iteration and the update written out, and against the singular values it promises."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from impasto.training.muon import Muon, orthogonalise

pytestmark = pytest.mark.usefixtures("one_thread")

A, B, C = 3.4445, -4.7750, 2.0315
SHAPES = [(12, 12), (40, 8), (8, 40), (1, 9), (9, 1), (16, 8, 3, 3), (32, 2, 3, 3), (5, 7, 1, 1)]


def random_matrix(rows: int, columns: int, seed: int = 0) -> Tensor:
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed))


def on_singular_values(matrix: Tensor) -> Tensor:
    """Return U p(p(p(p(p(S))))) V^T with p(s) = a s + b s^3 + c s^5: the iteration in exact arithmetic."""
    left, values, right = torch.linalg.svd(matrix.double(), full_matrices=False)
    values = values / values.norm()
    for _ in range(5):
        values = A * values + B * values**3 + C * values**5
    return (left * values) @ right


@pytest.mark.parametrize(("rows", "columns"), [(12, 12), (40, 8), (8, 40), (1, 9), (9, 1)])
def test_the_iteration_is_its_polynomial_of_the_singular_values(rows: int, columns: int) -> None:
    matrix = random_matrix(rows, columns)
    found = orthogonalise(matrix)
    assert found.dtype == torch.float32
    assert found.shape == matrix.shape
    wanted = on_singular_values(matrix)
    # bfloat16 keeps 8 bits, and small singular values are magnified by up to a^5.
    assert float((found - wanted).norm() / wanted.norm()) < 0.06


@pytest.mark.parametrize(("rows", "columns"), [(24, 24), (64, 16), (16, 64)])
@pytest.mark.parametrize("seed", [1, 2])
def test_singular_values_end_where_they_are_promised(rows: int, columns: int, seed: int) -> None:
    left, _ = torch.linalg.qr(random_matrix(rows, min(rows, columns), seed))
    right, _ = torch.linalg.qr(random_matrix(columns, min(rows, columns), seed + 10))
    spread = torch.logspace(0, -1, min(rows, columns))
    values = torch.linalg.svdvals(orthogonalise((left * spread) @ right.T))
    assert float(values.min()) > 0.65
    assert float(values.max()) < 1.25


def test_the_directions_stay_those_of_the_matrix() -> None:
    matrix = random_matrix(20, 6)
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    turned = left.T @ orthogonalise(matrix) @ right.T
    assert float((turned - turned.diagonal().diag()).abs().max()) < 0.06


@pytest.mark.parametrize("size", [1e-4, 1e6])
def test_the_size_of_the_matrix_does_not_matter(size: float) -> None:
    matrix = random_matrix(10, 6)
    torch.testing.assert_close(orthogonalise(size * matrix), orthogonalise(matrix), atol=0.06, rtol=0.06)


def test_a_matrix_of_zeros_stays_zero() -> None:
    assert torch.equal(orthogonalise(torch.zeros(4, 3)), torch.zeros(4, 3))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_three_steps_are_the_docstrings_equation(shape: tuple[int, ...]) -> None:
    generator = torch.Generator().manual_seed(4)
    start = torch.randn(shape, generator=generator)
    gradients = [torch.randn(shape, generator=generator) for _ in range(3)]
    kernel = nn.Parameter(start.clone())
    muon = Muon([kernel], lr=0.05, momentum=0.9)
    wanted, m = start.double(), torch.zeros(shape, dtype=torch.float64)
    rows, columns = shape[0], start[0].numel()
    for gradient in gradients:
        kernel.grad = gradient.clone()
        muon.step()
        m = 0.9 * m + gradient
        step = on_singular_values((gradient + 0.9 * m).reshape(rows, columns)).reshape(shape)
        wanted = wanted - 0.05 * max(1, rows / columns) ** 0.5 * step
        assert torch.equal(kernel.grad, gradient)  # the gradient is not changed
    moved = float((wanted - start).norm())
    assert float((kernel.detach() - wanted).norm()) < 0.06 * moved


def test_a_step_goes_downhill_whatever_the_size_of_the_gradient() -> None:
    target = random_matrix(6, 4)
    for size in (1e-3, 1e3):
        kernel = nn.Parameter(torch.zeros(6, 4))
        muon = Muon([kernel], lr=0.02)
        losses = []
        for _ in range(60):
            loss = (kernel - target).square().sum()
            losses.append(float(loss.detach()))
            muon.zero_grad()
            (size * loss).backward()
            muon.step()
        assert losses[-1] < 0.5 * losses[0]


def test_memory_order_does_not_change_a_step() -> None:
    generator = torch.Generator().manual_seed(5)
    start, gradient = (torch.randn(6, 4, 3, 3, generator=generator) for _ in range(2))
    stepped = []
    for order in (torch.contiguous_format, torch.channels_last):
        kernel = nn.Parameter(start.clone(memory_format=order))
        kernel.grad = gradient.clone(memory_format=order)
        Muon([kernel], lr=0.1).step()
        stepped.append(kernel.detach().contiguous())
    torch.testing.assert_close(*stepped, atol=2e-3, rtol=0)
