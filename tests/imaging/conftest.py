"""Pictures with known content, and colour profiles with known matrices."""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable
from pathlib import Path

import numpy
import pytest
from PIL import Image

from impasto.imaging import srgb_profile

# Display P3 primaries adapted to D50 (Bradford), as in Apple's profile.
P3 = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))


@pytest.fixture
def p3_profile() -> bytes:
    """The sRGB profile with the primaries of Display P3 written over its own; the tone curve is the same."""
    data = bytearray(srgb_profile())
    (count,) = struct.unpack_from(">I", data, 128)
    for index in range(count):
        tag, offset, _ = struct.unpack_from(">4sII", data, 132 + 12 * index)
        if tag in (b"rXYZ", b"gXYZ", b"bXYZ"):
            column = P3[b"rgb".index(tag[:1])]
            struct.pack_into(">3i", data, offset + 8, *(round(value * 65536) for value in column))
    return bytes(data)


@pytest.fixture
def blocks() -> numpy.ndarray:
    """(48, 64, 3) uint8, twelve 16-pixel blocks of different colours: survives JPEG, has no symmetry."""
    small = numpy.random.default_rng(1).integers(20, 236, (3, 4, 3), dtype=numpy.uint8)
    return small.repeat(16, axis=0).repeat(16, axis=1)


@pytest.fixture
def noise() -> numpy.ndarray:
    """(7, 9, 4) uint8, every value possible."""
    return numpy.random.default_rng(2).integers(0, 256, (7, 9, 4), dtype=numpy.uint8)


@pytest.fixture
def deep_noise() -> numpy.ndarray:
    """(7, 9, 4) uint16, every value possible."""
    return numpy.random.default_rng(3).integers(0, 65536, (7, 9, 4), dtype=numpy.uint16)


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., Path]:
    """Save a Pillow image under a name in a fresh folder and return the path."""

    def to_file(image: Image.Image, name: str, **options: object) -> Path:
        image.save(tmp_path / name, **options)
        return tmp_path / name

    return to_file


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Make a module look as if it were not installed."""
    return lambda name: monkeypatch.setitem(sys.modules, name, None)
