"""Parts of a batch tile it; a single process changes nothing; tables of batches that cannot be split."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from impasto.errors import RecipeError
from impasto.training.distributed import SINGLE, DataParallel

CPU = torch.device("cpu")


@pytest.mark.parametrize(("batch", "size"), [(1, 1), (8, 1), (8, 2), (12, 3), (6, 6), (256, 8)])
def test_the_parts_of_all_processes_are_the_batch_in_order(batch: int, size: int) -> None:
    rows = list(range(batch))
    parts = [rows[DataParallel(rank, size).rows(batch)] for rank in range(size)]
    assert [row for part in parts for row in part] == rows
    assert {len(part) for part in parts} == {batch // size}


@pytest.mark.parametrize(("batch", "size"), [(7, 2), (1, 2), (10, 4), (9, 6)])
def test_a_batch_that_does_not_split_is_named_with_the_remedy(batch: int, size: int) -> None:
    for rank in range(size):
        with pytest.raises(RecipeError) as error:
            DataParallel(rank, size).rows(batch)
        assert str(error.value) == (
            f"A batch of {batch} cannot be split evenly over {size} processes; give --batch a multiple of {size}."
        )


def test_mean_losses_of_equal_parts_have_the_gradient_of_the_whole_batch() -> None:
    """The identity on which data parallelism rests, with the parts computed one after the other."""
    torch.manual_seed(0)
    net, images = nn.Linear(4, 3), torch.randn(12, 4)
    (whole,) = torch.autograd.grad(net(images).square().mean(), [net.weight])
    parts = []
    for rank in range(3):
        part = images[DataParallel(rank, 3).rows(len(images))]
        parts += torch.autograd.grad(net(part).square().mean(), [net.weight])
    torch.testing.assert_close(sum(parts) / 3, whole)


def test_a_single_process_changes_nothing() -> None:
    rows, weight = torch.randn(3, 2), nn.Parameter(torch.ones(2))
    weight.grad = torch.tensor([1.0, -2.0])
    SINGLE.average_gradients([weight, nn.Parameter(torch.ones(1))])
    assert torch.equal(weight.grad, torch.tensor([1.0, -2.0]))
    assert SINGLE.gather(rows) is rows
    figures = {"loss": 0.1, "other": -3.0}
    found = SINGLE.mean(figures, CPU)
    assert found == figures
    assert found is not figures
    assert SINGLE.largest(-5, CPU) == -5
    assert SINGLE.is_main


def test_only_rank_0_reports() -> None:
    assert [DataParallel(rank, 3).is_main for rank in range(3)] == [True, False, False]


@pytest.mark.parametrize(
    "variables", [{}, {"WORLD_SIZE": "1", "RANK": "0"}, {"WORLD_SIZE": "4"}, {"RANK": "2"}], ids=str
)
def test_without_torchrun_there_is_one_process(monkeypatch, variables: dict[str, str]) -> None:
    for name in ("WORLD_SIZE", "RANK"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert DataParallel.from_environment(CPU) == SINGLE
