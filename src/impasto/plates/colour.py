"""Colours of the plates: hexadecimal palettes, ramps, blends and small random variations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.floating[Any]]


def palette(*codes: str) -> Field:
    """Return hexadecimal colours ("#rrggbb") as rows of a float32 `(n, 3)` array in [0, 255]."""
    rows = [[int(code[i : i + 2], 16) for i in (1, 3, 5)] for code in codes]
    return np.asarray(rows, dtype=np.float32)


def ramp(t: Field, stops: Sequence[float], colours: Field) -> Field:
    """Interpolate `colours` `(n, 3)` placed at rising `stops` `(n,)`; returns `t.shape + (3,)`.

    Values of `t` outside the stops take the colour of the nearest end.
    """
    channels = [np.interp(t, stops, colours[:, c]) for c in range(3)]
    return np.stack(channels, axis=-1).astype(np.float32)


def mix(a: Field, b: Field, t: Field | float) -> Field:
    """Blend `a` towards `b` by `t` in [0, 1]; a `t` without channel axis applies to all three channels."""
    share = np.asarray(t, dtype=np.float32)
    if share.ndim and share.shape[-1:] != (1,):
        share = share[..., None]
    return np.asarray(a + (b - a) * share, dtype=np.float32)


def jitter(rng: np.random.Generator, colours: Field, light: float, tint: float) -> Field:
    """Vary each row of `(n, 3)` colours by a common amount `light` and per channel by `tint` (std, 0-255)."""
    n = len(colours)
    varied = colours + rng.normal(0, light, (n, 1)) + rng.normal(0, tint, (n, 3))
    return np.clip(varied, 0, 255).astype(np.float32)
