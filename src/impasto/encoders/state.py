"""Checked weights, and frozen convolutions made from them."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from impasto.errors import WeightsError


def gather(
    state: Mapping[str, Tensor], layout: Mapping[str, tuple[int, ...]], source: str
) -> dict[str, Tensor]:
    """Return the tensors named in `layout` (name -> shape) as float32; other entries of `state` are ignored.

    `source` says where the weights come from, for messages. Raises WeightsError if entries are missing, have
    another shape, are not floating-point numbers, or contain NaN or infinity.
    """
    missing = [name for name in layout if name not in state]
    if missing:
        shown = ", ".join(missing[:4]) + (f" and {len(missing) - 4} more" if len(missing) > 4 else "")
        raise WeightsError(
            f"Weights {source} lack {shown}; they belong to another network, or to a part of this one."
        )
    return {name: _checked(name, state[name], shape, source) for name, shape in layout.items()}


def _checked(name: str, value: Tensor, shape: tuple[int, ...], source: str) -> Tensor:
    if tuple(value.shape) != shape:
        raise WeightsError(
            f"Weights {source} have {name} of shape {tuple(value.shape)} where {shape} is needed; "
            "they belong to another network."
        )
    if not value.is_floating_point():
        raise WeightsError(
            f"Weights {source} have {name} as {value.dtype}; floating-point numbers are needed."
        )
    number = value.detach().to(device="cpu", dtype=torch.float32)
    # NaN and infinity survive in the extremes, which need no memory; torch.isfinite copies fc6 (411 MB) twice.
    if not bool(torch.isfinite(torch.stack(number.aminmax())).all()):
        raise WeightsError(f"Weights {source} are damaged: {name} holds NaN or infinity; fetch them again.")
    return number


def convolution(weight: Tensor, bias: Tensor, *, stride: int = 1, padding: int = 0) -> nn.Conv2d:
    """Return a frozen convolution with a `(C_out, C_in, k, k)` weight and a `(C_out,)` bias."""
    after, before, kernel, _ = weight.shape
    # The "meta" device skips the random initialisation, whose result would be replaced at once.
    conv = nn.Conv2d(before, after, kernel, stride=stride, padding=padding, device="meta")
    conv.weight = nn.Parameter(weight.contiguous(memory_format=torch.channels_last), requires_grad=False)
    conv.bias = nn.Parameter(bias.clone(), requires_grad=False)
    return conv
