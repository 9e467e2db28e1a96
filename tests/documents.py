"""Python examples of the documents, run as a reader would run them."""

from __future__ import annotations

import re
from pathlib import Path


def python_blocks(path: Path) -> list[str]:
    """Return the ```python blocks of a Markdown file."""
    return re.findall(r"```python\n(.*?)```", path.read_text(encoding="utf-8"), flags=re.S)


def run_python_blocks(path: Path, folder: Path) -> None:
    """Run the blocks in order with shared names, beside the images ``photo.jpg``, ``painting.jpg`` and ``other.jpg``.

    ``folder`` must be the current folder.
    """
    from impasto.plates import paint

    paint("paper", 96).save(folder / "photo.jpg")
    paint("swirls", 96).save(folder / "painting.jpg")
    paint("woodcut", 96).save(folder / "other.jpg")
    names: dict[str, object] = {"__name__": path.stem}
    for block in python_blocks(path):
        exec(compile(block, str(path), "exec", dont_inherit=True), names)
