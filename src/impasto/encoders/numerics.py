"""Choice of device and number format."""

from __future__ import annotations

import torch

from impasto.errors import RecipeError, unknown

DEVICES = ("cpu", "cuda", "mps")


def best_device() -> torch.device:
    """Return the fastest device of this machine: a CUDA GPU, Apple's GPU, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def open_device(name: str) -> torch.device:
    """Return the device called `name`: "auto", "cpu", "cuda", "cuda:1", "mps".

    Raises RecipeError if the name is unknown or this machine has no such device.
    """
    if name == "auto":
        return best_device()
    kind, _, index = name.partition(":")
    if kind not in DEVICES or (index and not index.isdecimal()) or (":" in name and not index):
        raise RecipeError(unknown("device", name, ("auto", *DEVICES, "cuda:N")))
    if kind == "cpu":
        return torch.device("cpu")
    count = torch.cuda.device_count() if kind == "cuda" else int(torch.backends.mps.is_available())
    if int(index or 0) >= count:
        available = "none" if count == 0 else f"{count}"
        raise RecipeError(
            f"Device '{name}' does not exist on this machine, which has {available} of kind '{kind}'. "
            f"Use '{best_device()}' or 'auto'."
        )
    return torch.device(name)


def best_precision(device: torch.device) -> str:
    """Return the fastest number format on `device` that is accurate enough for features.

    "bfloat16" where the hardware supports it (CPUs with AMX or AVX512-BF16, recent CUDA GPUs), "float16" on older
    CUDA GPUs, "float32" everywhere else.
    """
    if device.type == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float16"
    if device.type == "cpu" and _processor_multiplies_bf16():
        return "bfloat16"
    return "float32"


def _processor_multiplies_bf16() -> bool:
    # These functions are private in torch and may disappear; without them the answer is float32.
    probes = (
        getattr(torch.cpu, name, None) for name in ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    )
    return any(bool(probe()) for probe in probes if callable(probe))
