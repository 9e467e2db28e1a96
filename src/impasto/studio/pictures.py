"""The store of uploaded pictures. Files are named by a digest of their bytes and decoded in another process."""

from __future__ import annotations

import hashlib
import re
import tempfile
import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from impasto.hashing import bytes_sha256
from impasto.imaging.file_names import one_line
from impasto.studio.database import Database, PictureRow
from impasto.studio.errors import RequestError
from impasto.studio.folder import StudioFolder
from impasto.studio.processes import HelperProcess
from impasto.studio.sample_pictures import SAMPLES, THUMB_SIDE, SamplePicture
from impasto.studio.settings import Limits

TYPES = ("jpeg", "jpg", "png", "webp", "tiff", "avif", "gif", "bmp", "heic", "heif")
MAX_SHOWN_SIDE = 4096
# Clips that are pictures too.
ANIMATIONS = ("gif", "webp", "png")
NO_NAME = "picture"
# The check of a clip reads the whole file, and a frame may be far from the key frame before it.
CLIP_SECONDS = 300.0
# The conversion of a hundred megapixels on a busy machine.
EXPORT_SECONDS = 600.0
_CACHED_BYTES = 48 << 20


class PictureStore:
    """Receives, stores and scales pictures. ``samples`` are those of the package, by id; they are never pruned."""

    def __init__(
        self, folder: StudioFolder, database: Database, image_service: HelperProcess, limits: Limits
    ) -> None:
        self.folder, self.database = folder, database
        self.image_service, self.limits = image_service, limits
        self.samples: dict[str, SamplePicture] = {}
        self._cache: OrderedDict[tuple[Path, int, int, float | None], bytes] = OrderedDict()

    def add_samples(self) -> None:
        """Add the sample pictures to the store."""
        for sample in SAMPLES:
            data = sample.path.read_bytes()
            sample_id = bytes_sha256(data)[:32]
            self.samples[sample_id] = sample
            target = self.folder.picture(sample_id)
            if not target.is_file() or self.database.picture(sample_id) is None:
                target.write_bytes(data)
                width, height = _jpeg_size(data)
                self.database.save_picture(
                    PictureRow(sample_id, sample.name, width, height, False, len(data), time.time())
                )

    async def receive(self, body: AsyncIterator[bytes], name: str, *, clip: bool = False) -> PictureRow:
        """Store an uploaded picture or clip under the name that was given last.

        Raises `RequestError` if it is too large, too long, or not a picture or clip.
        """
        path, picture_id, size = await self.save_upload(body, clip=clip)
        try:
            row = self.database.picture(picture_id)
            target = self.folder.picture(picture_id)
            # An animated GIF may be both: it is checked again as what it was not before.
            if row is None or not target.is_file() or clip != (row.clip is not None):
                info = await (self._check_clip if clip else self._check_picture)(path, name)
                path.replace(target)
                info = {"clip": row and row.clip, **info}
                row = PictureRow(id=picture_id, name=name, bytes=size, used=time.time(), **info)
            row = replace(row, name=row.name if name == NO_NAME else name, used=time.time())
            self.database.save_picture(row)
            return row
        finally:
            path.unlink(missing_ok=True)

    async def _check_picture(self, path: Path, name: str) -> dict[str, Any]:
        limit = self.limits.upload_pixels
        info: dict[str, Any] = await self.image_service.call("check", path=path, name=name, max_pixels=limit)
        return info

    async def _check_clip(self, path: Path, name: str) -> dict[str, Any]:
        info: dict[str, Any] = await self.image_service.call(
            "check_clip",
            CLIP_SECONDS,
            path=path,
            name=name,
            max_pixels=self.limits.upload_pixels,
            max_seconds=self.limits.clip_seconds,
        )
        return info

    async def save_upload(self, body: AsyncIterator[bytes], *, clip: bool = False) -> tuple[Path, str, int]:
        """Write an upload to a temporary file; return the file, the picture's id and the number of bytes."""
        path, digest, size = self.folder.new_upload(), hashlib.sha256(), 0
        what = "clip" if clip else "picture"
        max_bytes = self.limits.clip_bytes if clip else self.limits.upload_bytes
        try:
            with path.open("wb") as file:
                async for part in body:
                    size += len(part)
                    if size > max_bytes:
                        raise RequestError(413, f"The {what} is too large; the limit is {max_bytes:,} bytes.")
                    digest.update(part)
                    file.write(part)
            if size == 0:
                raise RequestError(422, f"The request is empty; send the {what} as its body.")
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return path, digest.hexdigest()[:32], size

    async def scaled(self, path: Path, size: int, at: float | None = None) -> bytes:
        """Return a picture as WebP with a longer side of at most ``size``; recent results are cached.

        Of a clip it is the frame at the second ``at``.
        """
        sample = self.samples.get(path.name) if size == THUMB_SIDE else None
        if sample is not None and path.parent == self.folder.pictures:
            return sample.thumb.read_bytes()
        try:
            key = (path, size, path.stat().st_mtime_ns, at)
        except FileNotFoundError:
            raise RequestError(404, "The picture no longer exists.") from None
        if key not in self._cache:
            if at is None:
                data = await self.image_service.call("scale", path=path, size=size)
            else:
                data = await self.image_service.call("frame", CLIP_SECONDS, path=path, size=size, at=at)
            self._cache[key] = data
        self._cache.move_to_end(key)
        while len(self._cache) > 1 and sum(map(len, self._cache.values())) > _CACHED_BYTES:
            self._cache.popitem(last=False)
        return self._cache[key]

    def path(self, picture_id: str, *, clip: bool = False) -> Path:
        """Return the file of a picture, with ``clip`` also of a clip; raises `RequestError` if there is none."""
        path, row = self.folder.picture(picture_id), self.database.picture(picture_id)
        if row is None or not path.is_file():
            raise RequestError(404, f"There is no picture {picture_id}; upload it to /api/pictures first.")
        if not clip and row.clip is not None and row.clip["codec"] not in ANIMATIONS:
            raise RequestError(
                422, f"'{row.name}' is a clip; paint it with POST /api/clips/jobs, or give a picture."
            )
        return path

    def is_clip(self, picture_id: str) -> bool:
        """Return whether a picture was uploaded as a clip."""
        row = self.database.picture(picture_id)
        return row is not None and row.clip is not None

    def with_names(self, message: str) -> str:
        """Return a message with ids and paths of pictures replaced by the names their owners gave them.

        Any other path in the studio's folder, or in that for temporary files, is replaced by the name of its file.
        """

        def name(match: re.Match[str]) -> str:
            row = self.database.picture(match[1])
            return match[1] if row is None else row.name

        folders = {str(self.folder.root), str(self.folder.root.resolve()), tempfile.gettempdir()}
        for folder in sorted(folders, key=len, reverse=True):  # the studio's folder may be a temporary one
            message = re.sub(rf"{re.escape(folder)}(?:[/\\][^'\"/\\\s]*)*[/\\](?=[^'\"/\\\s])", "", message)
        return re.sub(r"\b([0-9a-f]{32})\b", name, message)

    def delete(self, picture_id: str) -> None:
        """Delete a picture."""
        self.database.delete_picture(picture_id)
        self.folder.picture(picture_id).unlink(missing_ok=True)


def clean_name(header: str | None) -> str:
    """Return a picture's name from its url-encoded header, without control characters and path separators."""
    return clean_text(unquote(header or "", errors="replace")) or NO_NAME


def clean_text(text: str) -> str:
    """Return a name of at most 120 characters without control characters and path separators; it may be empty."""
    return one_line(text)[:120].strip()


def _jpeg_size(data: bytes) -> tuple[int, int]:
    """Return width and height from the frame header (ITU T.81, B.2.2) of one of the sample JPEG files."""
    offset = 2
    while data[offset + 1] not in (0xC0, 0xC1, 0xC2):
        offset += 2 + int.from_bytes(data[offset + 2 : offset + 4], "big")
    height = int.from_bytes(data[offset + 5 : offset + 7], "big")
    width = int.from_bytes(data[offset + 7 : offset + 9], "big")
    return width, height
