"""Settings that all cells of a study share. Importing this module does not import torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

FULL_SIZE, QUICK_SIZE = 320, 192
LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")

Choice = TypeVar("Choice")


@dataclass(frozen=True)
class Setting:
    """Encoder, picture size and effort of a run of studies.

    Attributes:
        encoder: name of the encoder that paints, or that is fine-tuned.
        weights: file with the weights of VGG-19.
        quick: whether to run with fewer steps and smaller pictures.
        longest: longer side of the pictures in pixels; replaces the size that a study chooses.
        most_steps: upper limit of the steps, or epochs, that a study chooses.
        data: folder of class folders to fine-tune on; without it classes are painted by program.
        network: file of a one-pass network trained for the first style.
    """

    encoder: str = "compact"
    weights: str | None = None
    quick: bool = False
    longest: int | None = None
    most_steps: int | None = None
    data: str | None = None
    network: str | None = None

    @property
    def size(self) -> int:
        """The longer side of the pictures: 320 pixels, 192 for a quick run."""
        return self.longest or self.choose(FULL_SIZE, QUICK_SIZE)

    @property
    def vgg(self) -> bool:
        """Whether the encoder is a VGG network with all its layers (`conv4_2`, `relu4_4`, ...)."""
        return self.encoder.startswith("vgg")

    @property
    def layers(self) -> tuple[str, ...]:
        """The first layer of each block, shallowest first; every VGG-like encoder has them."""
        return LAYERS

    def choose(self, full: Choice, quick: Choice) -> Choice:
        """Return ``quick`` for a quick run, else ``full``."""
        return quick if self.quick else full

    def steps(self, full: int, quick: int) -> int:
        """Return `choose` of two numbers of steps, at most ``most_steps``."""
        steps = self.choose(full, quick)
        return steps if self.most_steps is None else min(steps, self.most_steps)
