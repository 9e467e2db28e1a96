"""Python examples of the documents, run as a reader would run them."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from PIL import Image


def python_blocks(path: Path) -> list[str]:
    """Return the ```python blocks of a Markdown file."""
    return re.findall(r"```python\n(.*?)```", path.read_text(encoding="utf-8"), flags=re.S)


@cache
def _plate(name: str) -> Image.Image:
    """Return a plate, painted once for all documents."""
    from impasto.plates import paint

    return paint(name, 96)


def run_python_blocks(path: Path, folder: Path) -> None:
    """Run the blocks in order with shared names, beside the images ``photo.jpg``, ``painting.jpg`` and ``other.jpg``.

    ``folder`` must be the current folder.
    """
    for plate, name in (("paper", "photo"), ("swirls", "painting"), ("woodcut", "other")):
        _plate(plate).save(folder / f"{name}.jpg")
    names: dict[str, object] = {"__name__": path.stem}
    for block in python_blocks(path):
        exec(compile(block, str(path), "exec", dont_inherit=True), names)
