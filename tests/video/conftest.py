"""Fixtures of the painters' tests."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from .moving import texture


@pytest.fixture(scope="session")
def style_files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two small style images in files, whose statistics a stylizer remembers."""
    folder, files = tmp_path_factory.mktemp("styles"), []
    for name, style in (("one", texture(64, 64, seed=7)), ("other", 1 - texture(64, 64, seed=8) ** 2)):
        Image.fromarray((style * 255).astype(np.uint8)).save(folder / f"{name}.png")
        files.append(folder / f"{name}.png")
    return files


@pytest.fixture(scope="session")
def one_stylizer() -> Iterator[None]:
    """Open each network once for all tests: it keeps nothing between clips but the statistics of style files."""
    pytest.importorskip("cv2", exc_type=ImportError)
    from impasto.video import one_pass

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(one_pass, "Stylizer", cache(one_pass.Stylizer))
        yield
