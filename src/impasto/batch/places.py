"""Places of pictures: files, and URLs by fsspec (s3://, gs://, https://, memory://; extra `cluster`)."""

from __future__ import annotations

import contextlib
import io
import os
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from impasto.errors import ImpastoError, MissingExtraError, OutputError, PictureError, RecipeError
from impasto.imaging import READABLE, check_file, check_writable, pictures_in

if TYPE_CHECKING:
    from impasto.guidance.result import SavedPicture

# A temporary file that nobody has written to for so long is left over.
STALE_SECONDS = 60.0
# Stores in which a file appears in one step when its upload ends; elsewhere it is renamed.
ATOMIC_UPLOADS = frozenset(("s3", "s3a", "gs", "gcs", "az", "abfs", "memory"))

# What stores say about the content of a file, best first.
STATES = ("ETag", "etag", "md5Hash", "content_md5", "checksum", "LastModified", "mtime", "created")


@dataclass(frozen=True)
class PictureFormat:
    """How pictures are written: the suffix with its dot, bits per channel, and the quality of lossy formats."""

    suffix: str = ".png"
    bits: int = 8
    quality: int = 95


def is_url(place: str) -> bool:
    """Return whether `place` is a URL (scheme://...) and not a file's name."""
    scheme, separator, _ = place.partition("://")
    return bool(separator) and scheme.isascii() and scheme.replace("+", "").isalnum()


def local_path(place: str) -> Path | None:
    """Return the file of a name or a file:// URL, None for other URLs."""
    if not is_url(place):
        return Path(place)
    parts = urlsplit(place)
    return Path(unquote(parts.path)) if parts.scheme == "file" and not parts.netloc else None


def name_of(place: str) -> str:
    """Return the last part of a name or URL."""
    return PurePosixPath(unquote(urlsplit(place).path)).name if is_url(place) else Path(place).name


def join(folder: str, name: str) -> str:
    """Return the place of the file `name` in `folder`."""
    return f"{folder.rstrip('/')}/{name}" if is_url(folder) else str(Path(folder) / name)


def absolute(place: str) -> str:
    """Return a name as an absolute path, and a URL unchanged."""
    return place if is_url(place) else str(Path(place).resolve())


def list_pictures(place: str) -> list[str]:
    """Return a file, or the pictures of a folder, sorted by name; raises PictureError as `pictures_in`."""
    path = local_path(place)
    if path is not None:
        return [str(file) for file in pictures_in([path])]
    system, inside = _filesystem(place)
    with _errors(place, PictureError):
        if not system.isdir(inside):
            if not system.exists(inside):
                raise PictureError(f"'{place}' does not exist; check the URL.")
            return [place]
        entries = [entry for entry in system.ls(inside, detail=True) if entry["type"] == "file"]
    found = []
    for entry in entries:
        name = PurePosixPath(entry["name"])
        if name.suffix.lower() in READABLE and not name.name.startswith("."):
            found.append(system.unstrip_protocol(entry["name"]))
    if not found:
        raise PictureError(
            f"The folder '{place}' contains no pictures; known suffixes are {', '.join(sorted(READABLE))}."
        )
    return sorted(found)


def exists(place: str) -> bool:
    """Return whether there is a file; raises OutputError if the store does not answer."""
    path = local_path(place)
    if path is not None:
        return os.path.lexists(path)
    system, inside = _filesystem(place)
    with _errors(place, OutputError):
        system.invalidate_cache()
        return bool(system.exists(inside))


def fingerprint(place: str) -> tuple[Any, ...]:
    """Return what changes when the file at `place` changes, without reading it; raises PictureError."""
    path = local_path(place)
    if path is not None:
        check_file(path)
        status = path.stat()
        return str(path.resolve()), status.st_mtime_ns, status.st_size
    system, inside = _filesystem(place)
    with _errors(place, PictureError):
        # Not fsspec's `ukey`: it differs between what a listing and what a request for the file says.
        details = system.info(inside)
    states = [str(details[name]).strip('"') for name in STATES if details.get(name) is not None]
    return place, details.get("size"), *states[:1]


def read_bytes(place: str) -> bytes:
    """Return a file's bytes; raises PictureError."""
    path = local_path(place)
    if path is not None:
        check_file(path)
        return path.read_bytes()
    system, inside = _filesystem(place)
    with _errors(place, PictureError):
        return bytes(system.cat_file(inside))


@contextlib.contextmanager
def opened(place: str) -> Iterator[Any]:
    """Open a file to read parts of it; raises PictureError."""
    path = local_path(place)
    if path is not None:
        check_file(path)
        with path.open("rb") as file:
            yield file
        return
    system, inside = _filesystem(place)
    with _errors(place, PictureError), system.open(inside, "rb", block_size=1 << 16) as file:
        yield file


def picture_source(place: str) -> Path | io.BytesIO:
    """Return what `read_picture` reads: the file, or the bytes of a URL as a file of its name."""
    path = local_path(place)
    if path is not None:
        return path
    source = io.BytesIO(read_bytes(place))
    source.name = name_of(place)
    return source


def check_output(folder: str, form: PictureFormat) -> None:
    """Create the folder of the pictures; raise what would make writing them fail later."""
    with TemporaryDirectory() as scratch:
        check_writable(Path(scratch) / f"picture{form.suffix}", bits=form.bits)
    path = local_path(folder)
    if path is None:
        _filesystem(folder)
        return
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"The folder '{path}' cannot be created ({error.strerror}); choose another."
        ) from error
    check_writable(path / f"picture{form.suffix}", bits=form.bits)


def remove_remains(folder: str) -> None:
    """Delete temporary files in a local folder that a killed process left; those of running ones are younger."""
    path = local_path(folder)
    if path is None or not path.is_dir():
        return
    for file in path.glob(".impasto-*"):
        with contextlib.suppress(OSError):
            if time.time() - file.stat().st_mtime > STALE_SECONDS:
                file.unlink()


def save_picture(picture: SavedPicture, place: str, form: PictureFormat) -> None:
    """Write a picture in one step: nobody ever sees half of it. Raises OutputError."""
    path = local_path(place)
    if path is not None:
        picture.save(path, bits=form.bits, quality=form.quality)
        return
    with TemporaryDirectory(prefix="impasto-") as scratch:
        file = Path(scratch) / f"picture{form.suffix}"
        picture.save(file, bits=form.bits, quality=form.quality)
        write_bytes(place, file.read_bytes())


def write_bytes(place: str, data: bytes) -> None:
    """Write a file in one step; raises OutputError."""
    from impasto.imaging import write_bytes_atomic

    path = local_path(place)
    if path is not None:
        write_bytes_atomic(path, data)
        return
    system, inside = _filesystem(place)
    with _errors(place, OutputError):
        if urlsplit(place).scheme in ATOMIC_UPLOADS:
            system.pipe_file(inside, data)
            return
        folder, _, _ = inside.rpartition("/")
        temporary = f"{folder}/.impasto-{secrets.token_hex(8)}"
        system.makedirs(folder, exist_ok=True)
        system.pipe_file(temporary, data)
        system.mv(temporary, inside)


def _filesystem(place: str) -> tuple[Any, str]:
    """Return the file system of a URL, and the path in it."""
    try:
        import fsspec
    except ImportError as error:
        raise MissingExtraError("A picture by URL", "cluster") from error
    try:
        system, inside = fsspec.core.url_to_fs(place)
    except ImportError as error:
        raise RecipeError(f"'{place}' needs another Python package: {error}") from error
    except Exception as error:  # fsspec raises ValueError for unknown protocols, others for bad addresses
        raise RecipeError(
            f"'{place}' is not a URL that can be read ({_reason(error)}); give a file, s3://, gs:// or https://."
        ) from error
    if not inside.strip("/"):
        raise RecipeError(f"'{place}' names no file or folder; give one, as in s3://bucket/folder.")
    return system, str(inside)


@contextlib.contextmanager
def _errors(place: str, kind: type[ImpastoError]) -> Iterator[None]:
    """Turn a store's exceptions into `kind` about `place`."""
    try:
        yield
    except ImpastoError:
        raise
    except FileNotFoundError as error:
        raise kind(f"'{place}' does not exist; check the URL.") from error
    except PermissionError as error:
        raise kind(f"'{place}' is not allowed ({_reason(error)}); check the credentials.") from error
    except Exception as error:  # every store has its own
        raise kind(f"'{place}' could not be reached ({_reason(error)}); check URL and network.") from error


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__
