"""State files: nested tensors and plain values in one file, written atomically and read without running any code.

A file with large tensors begins with `_START` and the length of its header. The header is what `torch.save` writes of
everything else, with a place in the file for each large tensor; their values follow. They are copied in bands of rows,
so that a checkpoint of a picture that lies in files needs no memory.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from io import BufferedReader
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from impasto.errors import ImpastoError, ResumeError
from impasto.imaging import atomic_write
from impasto.imaging.scratch import in_order, large_empty, lies_in_file

_START = b"impasto state 1\n"
_PLACE = "tensor at"


def write_state(path: Path, content: Mapping[str, Any]) -> None:
    """Write `content` to `path` in one step; raises OutputError where that is impossible."""
    large: list[Tensor] = []
    rest = _without_large(dict(content), large)
    # torch.save refuses a hidden file name without a suffix, so it gets an open file.
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        if not large:
            torch.save(rest, file)
            return
        header = io.BytesIO()
        torch.save(rest, header)
        file.write(_START + len(header.getvalue()).to_bytes(8, "little") + header.getvalue())
        for tensor in large:
            for piece in in_order(tensor.detach()):
                file.write(piece.view(torch.uint8).numpy().data)


def read_state(path: Path, what: str = "a checkpoint") -> dict[str, Any]:
    """Return the content of a state file; no code in it is run. Large tensors lie in files.

    Raises ResumeError if the file is missing, damaged or not `what`, and OutputError where there is no room for its
    large tensors.
    """
    if not path.is_file():
        raise ResumeError(f"{path} is not a checkpoint: there is no such file.")
    try:
        with path.open("rb") as file:
            if file.read(len(_START)) != _START:
                return dict(torch.load(path, map_location="cpu", weights_only=True))
            header = io.BytesIO(file.read(int.from_bytes(file.read(8), "little")))
            content = torch.load(header, map_location="cpu", weights_only=True)
            return dict(_with_large(content, file))
    except ImpastoError:
        raise
    except Exception as error:  # torch.load raises whatever pickle, zipfile and its own checks raise
        raise ResumeError(f"{path} is damaged or not {what}; start afresh.") from error


def _without_large(part: Any, large: list[Tensor]) -> Any:
    """Return nested mappings with a place instead of every large tensor, which is added to `large`."""
    if isinstance(part, Tensor) and part.ndim >= 2 and lies_in_file(part):
        large.append(part)
        return {
            _PLACE: len(large) - 1,
            "shape": list(part.shape),
            "dtype": str(part.dtype).removeprefix("torch."),
        }
    if isinstance(part, Mapping):
        return {name: _without_large(value, large) for name, value in part.items()}
    return part


def _with_large(part: Any, file: BufferedReader) -> Any:
    """Return nested mappings with the large tensors read from `file`, in the order in which they were written."""
    if not isinstance(part, Mapping):
        return part
    if _PLACE not in part:
        return {name: _with_large(value, file) for name, value in part.items()}
    dtype = getattr(torch, part["dtype"])
    tensor = large_empty(tuple(part["shape"]), dtype, torch.device("cpu"))
    for piece in in_order(tensor):
        if file.readinto(piece.view(torch.uint8).numpy().data) != piece.numel() * piece.element_size():
            raise EOFError("the file ends within a tensor")
    return tensor
