"""Data-parallel training under torchrun: every process draws the same batch and computes an equal part of it."""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor, nn

from impasto.errors import RecipeError

LOCAL_RANK = "LOCAL_RANK"  # set by torchrun: the number of this process on its machine


def process_device(device: torch.device) -> torch.device:
    """Return the device of this process: under torchrun each process on a machine takes a GPU of its own.

    Raises RecipeError if `device` names one GPU for all processes.
    """
    local_rank = os.environ.get(LOCAL_RANK)
    if device.type != "cuda" or local_rank is None:
        return device
    if device.index is not None:
        raise RecipeError(
            "Under torchrun every process takes its own GPU; give --device cuda, without a number."
        )
    return torch.device("cuda", int(local_rank))


@dataclass(frozen=True)
class DataParallel:
    """This process among `size` processes; rank 0 reports and writes files.

    All processes hold the same random states and weights. Each draws the whole batch, computes its `rows`, and the
    gradients are averaged, so `size` processes take the step that one process takes with the same batch.
    """

    rank: int = 0
    size: int = 1

    @classmethod
    def from_environment(cls, device: torch.device) -> DataParallel:
        """Return this process among those that torchrun started, or a single process without torchrun."""
        size = int(os.environ.get("WORLD_SIZE", "1"))
        if size == 1 or "RANK" not in os.environ:
            return cls()
        if not dist.is_initialized():
            if device.type == "cuda":
                torch.cuda.set_device(device)
            dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
            atexit.register(dist.destroy_process_group)
        return cls(dist.get_rank(), size)

    @property
    def is_main(self) -> bool:
        """Whether this process reports progress and writes files."""
        return self.rank == 0

    def rows(self, batch: int) -> slice:
        """Return the rows of a batch that this process computes; raises RecipeError unless all parts are equal."""
        if batch % self.size:
            raise RecipeError(
                f"A batch of {batch} cannot be split evenly over {self.size} processes; give --batch a multiple of "
                f"{self.size}."
            )
        count = batch // self.size
        return slice(self.rank * count, (self.rank + 1) * count)

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replace every gradient by its mean over the processes."""
        if self.size > 1:
            for parameter in parameters:
                if parameter.grad is not None:
                    dist.all_reduce(parameter.grad)
                    parameter.grad /= self.size

    def gather(self, rows: Tensor) -> Tensor:
        """Return the rows of all processes in the order of the batch."""
        if self.size == 1:
            return rows
        parts = [torch.empty_like(rows) for _ in range(self.size)]
        dist.all_gather(parts, rows.contiguous())
        return torch.cat(parts)

    def mean(self, figures: Mapping[str, float], device: torch.device) -> dict[str, float]:
        """Return the mean of each figure over the processes."""
        if self.size == 1:
            return dict(figures)
        values = torch.tensor(list(figures.values()), dtype=torch.float64, device=device)
        dist.all_reduce(values)
        return dict(zip(figures, (values / self.size).tolist(), strict=True))

    def largest(self, number: int, device: torch.device) -> int:
        """Return the largest `number` of all processes, for example of a signal that only one received."""
        if self.size == 1:
            return number
        value = torch.tensor([number], device=device)
        dist.all_reduce(value, dist.ReduceOp.MAX)
        return int(value.item())


SINGLE = DataParallel()
