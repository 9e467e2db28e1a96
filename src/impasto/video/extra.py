"""The optional part ``video``: PyAV, imported on first use."""

from __future__ import annotations

import contextlib
import importlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from impasto.errors import MissingExtraError, PictureError


def pyav() -> Any:
    """Return the module ``av``; raises `MissingExtraError` if it is not installed."""
    os.environ.setdefault("SVT_LOG", "1")  # the AV1 encoder prints to stderr, errors only from here on
    try:
        importlib.import_module("av.video.reformatter")
        return importlib.import_module("av")
    except (ImportError, OSError) as error:
        raise MissingExtraError("Reading and writing clips", "video") from error


def reason_of(error: BaseException) -> str:
    """Return the reason in an exception of PyAV as a few words."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(text.split())[:200]


@contextlib.contextmanager
def clip_errors(path: Path) -> Iterator[None]:
    """Turn the exceptions of PyAV about the file ``path`` into an `PictureError`."""
    av = pyav()
    try:
        yield
    except av.error.PermissionError as error:
        raise PictureError(f"'{path}' cannot be read (permission denied); change its permissions.") from error
    except av.FFmpegError as error:
        raise PictureError(
            f"'{path}' cannot be read as a clip, it is damaged, cut off or of another kind ({reason_of(error)}); "
            "give an MP4, MOV, MKV, WebM, GIF or WebP file, or a folder of pictures."
        ) from error
