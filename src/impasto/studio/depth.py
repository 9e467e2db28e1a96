"""Bits a channel of finished pictures: 16 for print, 8 for the screen."""

from __future__ import annotations

from pathlib import Path

from impasto.imaging.deep import vips


def print_bits(dpi: float | None) -> int:
    """Return the bits a channel that a result with ``dpi`` is kept with; 16 need pyvips."""
    return 16 if dpi is not None and vips() is not None else 8


def png_bits(path: Path) -> int:
    """Return the bits a channel of a PNG file (ISO 15948, 11.2.2); 8 for other files."""
    with path.open("rb") as file:
        head = file.read(25)
    return head[24] if head.startswith(b"\x89PNG") else 8
