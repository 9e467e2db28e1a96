"""Choosing device and number format."""

from __future__ import annotations

import pytest
import torch

from impasto.encoders.numerics import best_device, best_precision, open_device
from impasto.errors import RecipeError


def probes(monkeypatch: pytest.MonkeyPatch, amx: bool, avx: bool) -> None:
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx, raising=False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx, raising=False)


@pytest.mark.parametrize(
    ("amx", "avx", "expected"),
    [(True, False, "bfloat16"), (False, True, "bfloat16"), (False, False, "float32")],
)
def test_processors_use_bfloat16_only_where_they_multiply_it(
    monkeypatch: pytest.MonkeyPatch, amx: bool, avx: bool, expected: str
) -> None:
    probes(monkeypatch, amx, avx)
    assert best_precision(torch.device("cpu")) == expected


def test_a_torch_without_the_probes_means_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    probes(monkeypatch, True, True)
    monkeypatch.delattr(torch.cpu, "_is_amx_tile_supported")
    monkeypatch.delattr(torch.cpu, "_is_avx512_bf16_supported")
    assert best_precision(torch.device("cpu")) == "float32"


@pytest.mark.parametrize(("supported", "expected"), [(True, "bfloat16"), (False, "float16")])
def test_cuda_cards(monkeypatch: pytest.MonkeyPatch, supported: bool, expected: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: supported)
    assert best_precision(torch.device("cuda")) == expected


def test_other_devices_use_float32() -> None:
    assert best_precision(torch.device("mps")) == "float32"


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"), [(True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")]
)
def test_the_best_device(monkeypatch: pytest.MonkeyPatch, cuda: bool, mps: bool, expected: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert best_device() == torch.device(expected)
    assert open_device("auto") == torch.device(expected)


def test_devices_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert open_device("cpu") == torch.device("cpu")
    assert open_device("cuda:1") == torch.device("cuda:1")
    with pytest.raises(
        RecipeError, match=r"'cuda:2' does not exist on this machine, which has 2 of kind 'cuda'"
    ):
        open_device("cuda:2")
    with pytest.raises(RecipeError, match=r"'mps' does not exist on this machine, which has none"):
        open_device("mps")


@pytest.mark.parametrize("name", ["gpu", "", "cuda:", "cuda:x", "cuda:-1", "cpus"])
def test_unknown_devices_are_refused(name: str) -> None:
    with pytest.raises(RecipeError, match="Unknown device"):
        open_device(name)
