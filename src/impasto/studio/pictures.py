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
from urllib.parse import unquote

from impasto.hashing import bytes_sha256
from impasto.studio.database import Database, PictureRow
from impasto.studio.errors import RequestError
from impasto.studio.folder import StudioFolder
from impasto.studio.processes import HelperProcess
from impasto.studio.sample_pictures import SAMPLES, THUMB_SIDE, SamplePicture
from impasto.studio.settings import Limits

TYPES = ("jpeg", "jpg", "png", "webp", "tiff", "avif", "gif", "bmp", "heic", "heif")
MAX_SHOWN_SIDE = 4096
NO_NAME = "picture"
_CACHED_BYTES = 48 << 20
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff/\\]+")


class PictureStore:
    """Receives, stores and scales pictures. ``samples`` are those of the package, by id; they are never pruned."""

    def __init__(
        self, folder: StudioFolder, database: Database, image_service: HelperProcess, limits: Limits
    ) -> None:
        self.folder, self.database = folder, database
        self.image_service, self.limits = image_service, limits
        self.samples: dict[str, SamplePicture] = {}
        self._cache: OrderedDict[tuple[Path, int, int], bytes] = OrderedDict()

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

    async def receive(self, body: AsyncIterator[bytes], name: str) -> PictureRow:
        """Store an uploaded picture under the name that was given last.

        Raises `RequestError` if it is too large or not a picture.
        """
        path, picture_id, size = await self.save_upload(body)
        try:
            row = self.database.picture(picture_id)
            target = self.folder.picture(picture_id)
            if row is None or not target.is_file():
                info = await self.image_service.call(
                    "check", path=path, name=name, max_pixels=self.limits.upload_pixels
                )
                path.replace(target)
                row = PictureRow(
                    picture_id, name, info["width"], info["height"], info["alpha"], size, time.time()
                )
            row = replace(row, name=row.name if name == NO_NAME else name, used=time.time())
            self.database.save_picture(row)
            return row
        finally:
            path.unlink(missing_ok=True)

    async def save_upload(self, body: AsyncIterator[bytes]) -> tuple[Path, str, int]:
        """Write an upload to a temporary file; return the file, the picture's id and the number of bytes."""
        path, digest, size = self.folder.new_upload(), hashlib.sha256(), 0
        try:
            with path.open("wb") as file:
                async for part in body:
                    size += len(part)
                    if size > self.limits.upload_bytes:
                        max_bytes = self.limits.upload_bytes
                        raise RequestError(
                            413, f"The picture is too large; the limit is {max_bytes:,} bytes."
                        )
                    digest.update(part)
                    file.write(part)
            if size == 0:
                raise RequestError(422, "The request is empty; send the picture as its body.")
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return path, digest.hexdigest()[:32], size

    async def scaled(self, path: Path, size: int) -> bytes:
        """Return a picture as WebP with a longer side of at most ``size``; recent results are cached."""
        sample = self.samples.get(path.name) if size == THUMB_SIDE else None
        if sample is not None and path.parent == self.folder.pictures:
            return sample.thumb.read_bytes()
        try:
            key = (path, size, path.stat().st_mtime_ns)
        except FileNotFoundError:
            raise RequestError(404, "The picture no longer exists.") from None
        if key not in self._cache:
            self._cache[key] = await self.image_service.call("scale", path=path, size=size)
        self._cache.move_to_end(key)
        while len(self._cache) > 1 and sum(map(len, self._cache.values())) > _CACHED_BYTES:
            self._cache.popitem(last=False)
        return self._cache[key]

    def path(self, picture_id: str) -> Path:
        """Return the file of a picture; raises `RequestError` if there is none."""
        path = self.folder.picture(picture_id)
        if self.database.picture(picture_id) is None or not path.is_file():
            raise RequestError(404, f"There is no picture {picture_id}; upload it to /api/pictures first.")
        return path

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
    return " ".join(_UNPRINTABLE.sub(" ", text).split())[:120].strip()


def _jpeg_size(data: bytes) -> tuple[int, int]:
    """Return width and height from the frame header (ITU T.81, B.2.2) of one of the sample JPEG files."""
    offset = 2
    while data[offset + 1] not in (0xC0, 0xC1, 0xC2):
        offset += 2 + int.from_bytes(data[offset + 2 : offset + 4], "big")
    height = int.from_bytes(data[offset + 5 : offset + 7], "big")
    width = int.from_bytes(data[offset + 7 : offset + 9], "big")
    return width, height
