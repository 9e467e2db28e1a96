"""Small fine-tunings on pictures that differ in colour."""

from __future__ import annotations

from collections.abc import Iterator

import numpy
import pytest
import torch
from PIL import Image

from impasto.encoder_training.finetune.class_folders import find_classes, read_classes
from impasto.encoder_training.finetune.classifier import open_parent
from impasto.encoder_training.finetune.settings import FinetuneSettings
from impasto.encoder_training.finetune.task import FinetuneTask
from impasto.training.device import ComputeDevice
from impasto.training.trainer import Trainer

SMALL = {
    "encoder": "tiny",
    "size": 32,
    "side": 32,
    "batch": 6,
    "epochs": 3,
    "patience": 0,
    "precision": "float32",
}


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """Networks this small are slower with two threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory):
    """Three classes that differ in colour."""
    folder = tmp_path_factory.mktemp("colours")
    for name, colour in (("blue", (40, 40, 190)), ("green", (40, 190, 40)), ("red", (190, 40, 40))):
        (folder / name).mkdir()
        rng = numpy.random.default_rng(sum(colour))
        for index in range(8):
            noise = rng.integers(-30, 31, (32, 40, 3))
            Image.fromarray((noise + colour).astype("uint8")).save(folder / name / f"{index}.png")
    return read_classes(find_classes(folder), side=32, limit=10**9, share=0.25, seed=0)


def tuning(pictures, **changes: object) -> Trainer:
    settings = FinetuneSettings.make({**SMALL, **changes})
    compute = ComputeDevice.open("cpu", settings.precision)
    model = open_parent(settings, None, len(pictures.classes), compute.device)
    return Trainer(FinetuneTask(model, pictures, settings, compute))


def bits(run: Trainer) -> list[torch.Tensor]:
    return [value.clone() for value in run.task.model.state_dict().values()]


def same(one: list[torch.Tensor], other: list[torch.Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))
