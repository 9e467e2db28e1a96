"""The pictures of a studio: received in pieces, decoded elsewhere, kept under the digest of their bytes."""

from __future__ import annotations

import errno
import hashlib
import re
import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Literal
from urllib.parse import unquote

from impasto.hashing import bytes_sha256
from impasto.studio.database import Database, PictureRow
from impasto.studio.folder import Folder
from impasto.studio.processes import Helper, RequestError
from impasto.studio.settings import Limits

TYPES = ("jpeg", "jpg", "png", "webp", "tiff", "avif", "gif", "bmp", "heic", "heif")
LARGEST_SHOWN = 4096
# What the page shows samples at; it need not wait until the process that decodes is there.
THUMB_SIDE = 192
_CACHED_BYTES = 48 << 20
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff/\\]+")


@dataclass(frozen=True)
class SamplePicture:
    """A picture that comes with impasto: file, name, whose it is, and what it is for."""

    file: str
    name: str
    credit: str
    kind: Literal["content", "style"]

    @property
    def thumb(self) -> str:
        """The file of the thumbnail, whose longer side is `THUMB_SIDE`."""
        return f"{Path(self.file).stem}.webp"


_HOME = Path(str(resources.files("impasto.studio"))) / "samples"
_PLATE = "painted by impasto itself, free of rights"
SAMPLES = (
    SamplePicture("astronaut.jpg", "Astronaut", "Eileen Collins, NASA, public domain", "content"),
    SamplePicture("chelsea.jpg", "Cat", "Chelsea, by Stefan van der Walt, CC0", "content"),
    SamplePicture("coffee.jpg", "Coffee", "Pikolo Espresso Bar, by Rachel Michetti, CC0", "content"),
    SamplePicture("rocket.jpg", "Rocket", "Falcon 9, SpaceX, CC0", "content"),
    SamplePicture("swirls.jpg", "Night over the river", _PLATE, "style"),
    SamplePicture("woodcut.jpg", "The breaker", _PLATE, "style"),
    SamplePicture("glass.jpg", "Rose window", _PLATE, "style"),
    SamplePicture("points.jpg", "Sunday by the water", _PLATE, "style"),
    SamplePicture("paper.jpg", "Fronds", _PLATE, "style"),
    SamplePicture("ink.jpg", "Pine above the mist", _PLATE, "style"),
)


class PictureStore:
    """Receives, keeps and shows pictures. ``samples`` are those of the package, by id; they are never forgotten."""

    def __init__(self, folder: Folder, database: Database, desk: Helper, limits: Limits) -> None:
        self.folder, self.database, self.desk, self.limits = folder, database, desk, limits
        self.samples: dict[str, SamplePicture] = {}
        self._shown: OrderedDict[tuple[Path, int, int], bytes] = OrderedDict()

    def add_samples(self) -> None:
        """Put the pictures of the package where those that are sent lie."""
        for sample in SAMPLES:
            data = (_HOME / sample.file).read_bytes()
            name = bytes_sha256(data)[:32]
            self.samples[name] = sample
            target = self.folder.picture(name)
            if not target.is_file() or self.database.picture(name) is None:
                target.write_bytes(data)
                width, height = _jpeg_size(data)
                self.database.save_picture(
                    PictureRow(name, sample.name, width, height, False, len(data), time.time())
                )

    async def receive(self, body: AsyncIterator[bytes], name: str) -> PictureRow:
        """Keep a picture that is being sent; raises `RequestError` for what is too large or no picture."""
        path, digest, size = await self.store(body)
        try:
            found = self.database.picture(digest)
            target = self.folder.picture(digest)
            if found is None or not target.is_file():
                seen = await self.desk.ask(
                    "check", path=path, name=name, most_pixels=self.limits.upload_pixels
                )
                path.replace(target)
                found = PictureRow(
                    digest, name, seen["width"], seen["height"], seen["alpha"], size, time.time()
                )
                self.database.save_picture(found)
            self.database.touch([digest], time.time())
            return found
        finally:
            path.unlink(missing_ok=True)

    async def store(self, body: AsyncIterator[bytes]) -> tuple[Path, str, int]:
        """Write what is being sent into a file; return the file, the id and the number of bytes."""
        path, digest, size = self.folder.upload(), hashlib.sha256(), 0
        try:
            with path.open("wb") as file:
                async for part in body:
                    size += len(part)
                    if size > self.limits.upload_bytes:
                        most = self.limits.upload_bytes
                        raise RequestError(413, f"This is too large; at most {most:,} bytes are taken here.")
                    digest.update(part)
                    file.write(part)
            if size == 0:
                raise RequestError(422, "Nothing was sent; the picture is the body of the request.")
        except OSError as error:
            path.unlink(missing_ok=True)
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise RequestError(413, "The disk is full; forget some pictures, or make room.") from error
            raise
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return path, digest.hexdigest()[:32], size

    async def show(self, path: Path, size: int) -> bytes:
        """Return a picture as WebP of this longer side; the last ones are remembered."""
        sample = self.samples.get(path.name) if size == THUMB_SIDE else None
        if sample is not None and path.parent == self.folder.pictures:
            return (_HOME / sample.thumb).read_bytes()
        try:
            key = (path, size, path.stat().st_mtime_ns)
        except FileNotFoundError:
            raise RequestError(404, "There is no such picture any more.") from None
        if key not in self._shown:
            self._shown[key] = await self.desk.ask("show", path=path, size=size)
        self._shown.move_to_end(key)
        while len(self._shown) > 1 and sum(map(len, self._shown.values())) > _CACHED_BYTES:
            self._shown.popitem(last=False)
        return self._shown[key]

    def path(self, name: str) -> Path:
        """Return the file of a picture; raises `RequestError` where there is none."""
        path = self.folder.picture(name)
        if self.database.picture(name) is None or not path.is_file():
            raise RequestError(404, f"There is no picture {name}; send it to /api/pictures first.")
        return path

    def names_for(self, sentence: str) -> str:
        """Return a sentence with the names of pictures instead of their ids and the paths they lie at."""
        here = re.escape(str(self.folder.pictures))

        def name(found: re.Match[str]) -> str:
            row = self.database.picture(found[1])
            return found[1] if row is None else row.name

        return re.sub(rf"(?:{here}[/\\])?\b([0-9a-f]{{32}})\b", name, sentence)

    def forget(self, name: str) -> None:
        """Remove a picture."""
        self.database.forget_picture(name)
        self.folder.picture(name).unlink(missing_ok=True)


def clean_name(header: str | None) -> str:
    """Return the name that a client gave a picture, url-encoded, without anything that could do harm."""
    text = unquote(header or "", errors="replace")
    return _UNPRINTABLE.sub(" ", text).strip()[:120] or "picture"


def _jpeg_size(data: bytes) -> tuple[int, int]:
    """Return width and height from the frame header of a JPEG file (ITU T.81, B.2.2) of our own."""
    at = 2
    while data[at + 1] not in (0xC0, 0xC1, 0xC2):
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return int.from_bytes(data[at + 7 : at + 9], "big"), int.from_bytes(data[at + 5 : at + 7], "big")
