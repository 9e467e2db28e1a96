"""SHA-256 of files, bytes and pixels."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def bytes_sha256(data: bytes) -> str:
    """Return the SHA-256 of `data` as 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's content, which is read in blocks; raises `OSError`."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def pixels_sha256(pixels: Tensor) -> str:
    """Return the SHA-256 of a CPU tensor's values in index order (C order); the shape is not part of it."""
    from impasto.imaging.scratch import in_order  # it imports numpy, which hashing a file does not need

    digest = hashlib.sha256()
    for piece in in_order(pixels):
        digest.update(piece.numpy().tobytes())
    return digest.hexdigest()
