"""Names of masks. Importing this module does not import torch."""

from __future__ import annotations

MASK_NAMES = ("left", "right", "top", "bottom", "centre")
"""Names that `read_mask` accepts instead of a picture; see `ramp`."""
