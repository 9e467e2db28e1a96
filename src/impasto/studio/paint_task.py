"""What a worker is asked to paint."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class PaintTask:
    """A job for the worker, with files instead of picture ids. With ``keep`` it only saves the picture so far.

    ``clip`` holds the fields of `ClipSettings` where ``content`` is a clip; ``trained`` is the network of an instant
    style, which paints clips.
    """

    id: str
    folder: Path
    recipe: dict[str, Any]
    content: str | None
    styles: list[str]
    guides: dict[str, Any]
    keep: bool = False
    clip: dict[str, Any] | None = None
    trained: str | None = None
