"""The device and number format of a training."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from impasto.encoders import PRECISIONS, best_precision, open_device
from impasto.errors import RecipeError
from impasto.training.distributed import process_device


@dataclass(frozen=True)
class ComputeDevice:
    """Where a training computes and in which number format; weights and optimizer states stay float32."""

    device: torch.device
    precision: str

    @classmethod
    def open(cls, name: str = "auto", precision: str = "auto") -> ComputeDevice:
        """Return the device called `name`, such as "auto", "cpu", "cuda:1", and the format "auto" chooses there.

        Training has no loss scaling, so "auto" never chooses float16. The targets need float64, which MPS lacks, so
        "auto" takes the CPU there. Raises RecipeError for a device that cannot be used.
        """
        device = process_device(open_device(name))
        if device.type == "mps":
            if name != "auto":
                raise RecipeError("Training needs float64, which mps does not have; give --device cpu.")
            device = torch.device("cpu")
        if precision == "auto":
            precision = "bfloat16" if best_precision(device) == "bfloat16" else "float32"
        return cls(device, precision)

    def autocast(self) -> torch.autocast:
        """Return the context in which a network runs in this number format."""
        return torch.autocast(
            self.device.type, dtype=PRECISIONS[self.precision], enabled=self.precision != "float32"
        )
