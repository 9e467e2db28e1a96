"""Tensors in files behave as tensors in memory."""

from __future__ import annotations

import errno
import os

import pytest
import torch

from impasto.errors import OutputError
from impasto.imaging import scratch
from impasto.imaging.blur import blur
from impasto.imaging.scratch import whole_or_bands

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _everything_is_large(monkeypatch, tmp_path):
    monkeypatch.setattr(scratch, "LEAST_BYTES", 1)
    monkeypatch.setenv(scratch.FOLDER_VARIABLE, str(tmp_path))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_a_copy_keeps_its_values_when_it_leaves_memory(dtype, tmp_path):
    source = torch.rand(1, 3, 50, 70).to(dtype)
    copy = scratch.large_copy(source)
    scratch.forget()
    assert torch.equal(copy, source)
    copy[:, :, 3] += 1
    scratch.forget()
    assert torch.equal(copy[:, :, 3], source[:, :, 3] + 1)
    assert list(tmp_path.iterdir()) == []  # the file has no name


def test_the_file_goes_with_the_tensor():
    before = len(scratch._MAPS)
    tensor = scratch.large_empty((1000,), torch.float32, CPU)
    assert len(scratch._MAPS) == before + 1
    del tensor
    assert len(scratch._MAPS) == before


def test_small_tensors_stay_in_memory(monkeypatch):
    monkeypatch.setattr(scratch, "LEAST_BYTES", 1 << 20)
    before = len(scratch._MAPS)
    assert scratch.large_empty((10,), torch.float32, CPU).shape == (10,)
    assert len(scratch._MAPS) == before


def test_a_full_disk_and_a_missing_folder_are_one_sentence(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OutputError, match="no room for"):
        scratch.large_empty((10,), torch.float32, CPU)
    monkeypatch.setenv(scratch.FOLDER_VARIABLE, str(tmp_path / "missing"))
    with pytest.raises(OutputError, match="missing"):
        scratch.large_empty((10,), torch.float32, CPU)


def full(*given: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("size", [(50, 70), (1, 9), (97, 3)])
def test_a_blur_in_bands_is_that_of_the_whole(monkeypatch, size):
    image = torch.rand(1, 3, *size)
    banded = blur(image)
    monkeypatch.setattr(scratch, "LEAST_BYTES", 1 << 30)
    assert torch.equal(banded, blur(image))


@pytest.mark.parametrize("least", [1, 5000, 10**9])
def test_bands_cover_every_row_once(monkeypatch, least):
    monkeypatch.setattr(scratch, "LEAST_BYTES", least)
    rows = [row for first, last in whole_or_bands(torch.zeros(1, 3, 50, 7)) for row in range(first, last)]
    assert rows == list(range(50))
