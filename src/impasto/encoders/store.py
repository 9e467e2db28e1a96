"""Weights files on disk: finding, downloading, verifying and reading them.

Only `fetch_weights` downloads anything. Only `load_state` imports torch.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs

from impasto.encoders.catalogue import CATALOGUE, WeightRecord
from impasto.errors import WeightsError, unknown
from impasto.hashing import file_sha256

if TYPE_CHECKING:
    from torch import Tensor

TIMEOUT_SECONDS = 30
CHUNK = 1 << 20
FILE_OR_COMPACT = "or give --weights FILE, or use --encoder compact, which ships with impasto"
SUFFIXES = (".safetensors", ".pth", ".pt")
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class WeightStatus:
    """State of one weights file; `verified` is None if it was not or could not be checked."""

    name: str
    present: bool
    verified: bool | None
    path: Path
    bytes: int | None
    licence: str


def weights_folder() -> Path:
    """Return the folder of downloaded weights: $IMPASTO_WEIGHTS_DIR, or impasto's folder in the user's data."""
    given = os.environ.get("IMPASTO_WEIGHTS_DIR")
    if given:
        return Path(given).expanduser()
    return platformdirs.user_data_path("impasto", appauthor=False) / "weights"


def weight_record(name: str) -> WeightRecord:
    """Return the catalogue's record `name`; raises WeightsError with the known names."""
    if name not in CATALOGUE:
        raise WeightsError(unknown("weights", name, CATALOGUE))
    return CATALOGUE[name]


def find_weights(name: str, folder: Path | None = None) -> Path | None:
    """Return the weights file of record `name` in the weights folder; None if there is none.

    It is the published file or, second, `<name>.safetensors`. Raises WeightsError on an unknown name.
    """
    searched = folder or weights_folder()
    for candidate in (weight_record(name).filename, f"{name}.safetensors"):
        if (searched / candidate).is_file():
            return searched / candidate
    return None


def require_weights(
    name: str, folder: Path | None = None, *, subject: str = "", alternative: str = FILE_OR_COMPACT
) -> Path:
    """Return the weights file of record `name`; raises WeightsError with the command that downloads it.

    The message begins with `subject`, by default the weights themselves, and ends with `alternative`.
    """
    path = find_weights(name, folder)
    if path is None:
        subject = subject or f"Weights of '{name}' are"
        raise WeightsError(
            f"{subject} missing in {folder or weights_folder()}; run "
            f"'impasto weights fetch {name}' ({weight_record(name).megabytes} MB) {alternative}."
        )
    return path


def verify_weights(path: Path, record: WeightRecord) -> None:
    """Raise WeightsError unless `path` has the record's size and SHA-256, as far as they are known."""
    try:
        size = path.stat().st_size
        if record.bytes is not None and size != record.bytes:
            raise WeightsError(
                f"Weights {path} have {size} bytes instead of {record.bytes}; fetch '{record.name}' again."
            )
        digest = file_sha256(path)
    except OSError as error:
        raise WeightsError(f"Weights {path} cannot be read: {error.strerror or error}.") from error
    expected = record.sha256 or record.sha256_prefix
    if not digest.startswith(expected):
        raise WeightsError(
            f"Weights {path} are not the published file: SHA-256 {digest[:16]}... instead of "
            f"{expected[:16]}...; fetch '{record.name}' again."
        )


def weights_status(folder: Path | None = None, *, check: bool = True) -> list[WeightStatus]:
    """Return the status of every known weights file; `check` hashes existing files, some seconds per GB."""
    return [_status(known, folder or weights_folder(), check) for known in CATALOGUE.values()]


def _status(known: WeightRecord, folder: Path, check: bool) -> WeightStatus:
    path = find_weights(known.name, folder)
    if path is None:
        return WeightStatus(known.name, False, None, folder / known.filename, known.bytes, known.licence)
    verified: bool | None = None
    if check and path.name == known.filename:
        try:
            verify_weights(path, known)
            verified = True
        except WeightsError:
            verified = False
    return WeightStatus(known.name, True, verified, path, path.stat().st_size, known.licence)


class _Meter:
    """Progress bar for pooch that reports byte counts and stops a download that grows too large."""

    def __init__(self, record: WeightRecord, progress: Progress | None) -> None:
        self.record, self.progress = record, progress
        self.total = 0
        self.done = 0

    def update(self, count: int) -> None:
        self.done += count
        if self.record.bytes is not None and self.done > self.record.bytes + CHUNK:
            raise WeightsError(
                f"Fetching '{self.record.name}' was stopped: {self.record.url} sends more than the "
                f"{self.record.bytes} bytes expected."
            )
        if self.progress is not None:
            total = self.record.bytes or self.total
            self.progress(min(self.done, total) if total else self.done, total)

    def reset(self) -> None:
        self.done = 0

    def close(self) -> None:
        pass


def fetch_weights(record: WeightRecord, progress: Progress | None = None, folder: Path | None = None) -> Path:
    """Download `record` into the weights folder, verify it, and return its path.

    An existing verified file is not downloaded again. `progress(done, total)` receives byte counts. The file appears
    only when it is complete and verified; a failure leaves nothing behind. Raises WeightsError if the server cannot
    be reached or refuses, the file is not the published one, or it cannot be written.
    """
    from impasto.imaging import atomic_write

    target_folder = folder or weights_folder()
    path = target_folder / record.filename
    if path.is_file():
        try:
            verify_weights(path, record)
            return path
        except WeightsError:
            pass  # A damaged file is replaced by a good one below.
    try:
        target_folder.mkdir(parents=True, exist_ok=True)
        _check_free_space(target_folder, record)
        with atomic_write(path) as temporary:
            _download(record, temporary, progress)
            _verify_download(temporary, record)
    except OSError as error:
        raise WeightsError(
            f"Fetching '{record.name}' failed: {error.strerror or str(error).rstrip('.')} (in {target_folder}); set "
            "IMPASTO_WEIGHTS_DIR to a writable folder with enough space."
        ) from error
    return path


def _check_free_space(folder: Path, record: WeightRecord) -> None:
    from impasto.imaging.atomic import free_bytes

    free = free_bytes(folder)
    needed = record.bytes or record.megabytes * 1_000_000
    if free < needed:
        raise WeightsError(
            f"Fetching '{record.name}' needs {record.megabytes} MB, but {folder} has {free // 1_000_000} MB "
            "free; free some space, or set IMPASTO_WEIGHTS_DIR to another folder."
        )


def _download(record: WeightRecord, path: Path, progress: Progress | None) -> None:
    import pooch
    import requests

    get = pooch.HTTPDownloader(
        progressbar=_Meter(record, progress), chunk_size=CHUNK, timeout=TIMEOUT_SECONDS
    )
    try:
        get(record.url, str(path), None)
    except requests.HTTPError as error:
        code = error.response.status_code if error.response is not None else "an error"
        raise WeightsError(
            f"Fetching '{record.name}' failed: {record.url} answered {code}; download the file elsewhere "
            "and give --weights FILE."
        ) from error
    except requests.Timeout as error:
        raise WeightsError(
            f"Fetching '{record.name}' failed: {record.url} did not answer within {TIMEOUT_SECONDS} seconds; "
            "try again later."
        ) from error
    except requests.RequestException as error:
        # Must come before OSError, its base class, which stands for disk errors.
        raise WeightsError(
            f"Fetching '{record.name}' failed: the connection to {record.url} was refused or broke off; "
            "check the network and try again, or give --weights FILE."
        ) from error


def _verify_download(path: Path, record: WeightRecord) -> None:
    try:
        verify_weights(path, record)
    except WeightsError as error:
        raise WeightsError(
            f"Fetching '{record.name}' failed: {record.url} sent {path.stat().st_size} bytes that are not the "
            "published file; nothing was saved."
        ) from error


def load_state(path: Path, prefix: str = "") -> dict[str, Tensor]:
    """Return the tensors of a `.safetensors`, `.pth` or `.pt` file whose names begin with `prefix`, on the CPU.

    Only these are read from a `.safetensors` file; a `.pth` file can only be read whole. `.pth` files are read with
    `weights_only=True`, so that they cannot run code. A dictionary under the key "state_dict" is unpacked. Raises
    WeightsError if the file is missing, damaged or not a dictionary of tensors.
    """
    if path.is_dir():
        raise WeightsError(f"Weights {path} are a folder; give the file itself ({', '.join(SUFFIXES)}).")
    if not path.is_file():
        raise WeightsError(f"Weights {path} do not exist; check the path.")
    if path.suffix.lower() not in SUFFIXES:
        raise WeightsError(f"Weights {path} have an unknown format; allowed are {', '.join(SUFFIXES)}.")
    try:
        if path.suffix.lower() == ".safetensors":
            return _read_safetensors(path, prefix)
        table = _tensors(_read_pickle(path), path)
    except OSError as error:
        raise WeightsError(f"Weights {path} cannot be read: {error.strerror or error}.") from error
    return {name: value for name, value in table.items() if name.startswith(prefix)}


def _read_safetensors(path: Path, prefix: str) -> dict[str, Tensor]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            return {name: file.get_tensor(name) for name in file.keys() if name.startswith(prefix)}  # noqa: SIM118
    except SafetensorError as error:
        raise WeightsError(
            f"Weights {path} are damaged or not a safetensors file; fetch them again."
        ) from error


def _read_pickle(path: Path) -> Any:
    import torch

    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, MemoryError):
        raise
    except pickle.UnpicklingError as error:
        if "GLOBAL" in str(error) or "Unsupported class" in str(error):
            raise WeightsError(
                f"Weights {path} contain program code, which impasto does not run; save only the state_dict, "
                "or convert the file to safetensors."
            ) from error
        raise WeightsError(f"Weights {path} are damaged or not a PyTorch weights file.") from error
    except Exception as error:
        # For truncated or foreign files torch's reader raises nearly any exception.
        raise WeightsError(f"Weights {path} are damaged or not a PyTorch weights file.") from error


def _tensors(table: Any, path: Path) -> dict[str, Tensor]:
    import torch

    if isinstance(table, Mapping) and isinstance(table.get("state_dict"), Mapping):
        table = table["state_dict"]
    if not isinstance(table, Mapping) or not table:
        raise WeightsError(f"Weights {path} are not a dictionary of named tensors; save a state_dict.")
    if not all(isinstance(key, str) and isinstance(value, torch.Tensor) for key, value in table.items()):
        raise WeightsError(
            f"Weights {path} contain other values than named tensors; save a plain state_dict."
        )
    return dict(table)
