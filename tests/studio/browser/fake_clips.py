"""Clips of the fake server: real small files, so that the browser can play them."""

from __future__ import annotations

import hashlib
import io
import re
import time
from fractions import Fraction
from typing import Any
from urllib.parse import unquote

from fake_pictures import FakePictures, encode
from PIL import Image, ImageOps

RATE = 12


def make_clip(seconds: float = 1.0, size: tuple[int, int] = (64, 48), seed: int = 0) -> bytes:
    """Return an MP4 of a bar that moves from left to right over a ground of its own colour."""
    count = round(seconds * RATE)
    frames = []
    for index in range(count):
        ground = ((40 + 60 * seed) % 256, 90, 160)
        frame = Image.new("RGB", size, ground)
        left = round((size[0] - 8) * index / max(1, count - 1))
        frame.paste((250, 240, 200), (left, 0, left + 8, size[1]))
        frames.append(frame)
    return encode_clip(frames)


def encode_clip(frames: list[Image.Image]) -> bytes:
    """Return frames as an MP4 with H.264."""
    import av

    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as output:
        stream = output.add_stream("libx264", rate=RATE, options={"crf": "12", "g": "6"})
        stream.width, stream.height = frames[0].size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, RATE)
        for index, image in enumerate(frames):
            frame = av.VideoFrame.from_image(image)
            frame.pts = index
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return buffer.getvalue()


class FakeClips:
    """Clips by id, and the painted clips of jobs, which show the colours inverted."""

    def __init__(self, pictures: FakePictures) -> None:
        self._pictures = pictures
        self.files: dict[str, bytes] = {}
        self.infos: dict[str, dict[str, Any]] = {}
        self._frames: dict[str, list[Image.Image]] = {}
        self.upload_seconds = 0.0

    def add(self, data: bytes, name: str) -> dict[str, Any]:
        """Store a clip; raises OSError if it cannot be read."""
        import av

        time.sleep(self.upload_seconds)
        try:
            with av.open(io.BytesIO(data)) as container:
                frames = [frame.to_image() for frame in container.decode(video=0)]
        except av.FFmpegError as error:
            raise OSError(str(error)) from error
        key = hashlib.sha256(data).hexdigest()[:32]
        first = io.BytesIO()
        frames[0].save(first, "png")
        known = self._pictures.add(first.getvalue(), name)["id"]
        self._pictures.rename(known, key, name)
        for index, frame in enumerate(frames):
            self._pictures.put(f"{key}@{index}", frame)
        self.files[key], self._frames[key] = data, frames
        self.infos[key] = {
            "id": key,
            "name": name,
            "width": frames[0].width,
            "height": frames[0].height,
            "bytes": len(data),
            "seconds": len(frames) / RATE,
            "frames": len(frames),
            "fps": float(RATE),
            "sound": False,
            "codec": "h264",
            "notes": [],
            "posters": [],
        }
        return self.infos[key]

    def frame_key(self, key: str, at: float) -> str:
        """Return the picture of the frame at a second of a clip."""
        index = min(len(self._frames[key]) - 1, int(at * RATE + 1e-3))
        return f"{key}@{index}"

    def plan(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return the plan of an order."""
        info = self.infos[body["content"]]
        clip = body["clip"]
        seconds = (clip["stop"] or info["seconds"]) - clip["start"]
        frames = round(seconds * RATE)
        return {
            "width": info["width"],
            "height": info["height"],
            "frames": frames,
            "fps": info["fps"],
            "duration": seconds,
            "seconds": 2.0 + frames / 10 * {"fast": 1, "optimize": 20, "keyframes": 4}[clip["method"]],
            "disk_bytes": 3_000_000,
            "free_bytes": 60_000_000_000,
            "fits": True,
        }

    def painted(self, key: str) -> bytes:
        """Return the painted clip."""
        return encode_clip([ImageOps.invert(frame) for frame in self._frames[key]])


class ClipRoutes:
    """The clips' part of the handler of requests."""

    studio: Any
    headers: Any
    answer: Any
    json: Any

    def clips(self, rest: list[str], query: dict[str, str], body: Any) -> None:
        clips = self.studio.clips
        if not rest:
            try:
                return self.json(clips.add(body, unquote(self.headers.get("X-Name", "clip"))))
            except OSError:
                return self.json({"error": "The file cannot be read as a clip, it is cut off."}, 422)
        if rest[0] in ("plan", "jobs"):
            if rest[0] == "plan":
                return self.json(clips.plan(body))
            return self.json(self.studio.start_clip(body), 201)
        if len(rest) == 1:
            return self.json(clips.infos[rest[0]])
        image = self.studio.pictures.sized(clips.frame_key(rest[0], float(query["at"])), query.get("size"))
        return self.answer(200, "image/png", encode(image, "png"), Cache_Control="max-age=3600")

    def ranged(self, kind: str, data: bytes) -> None:
        """Answer with a file, or the range of it that was asked for."""
        match = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if match is None:
            return self.answer(200, kind, data, Accept_Ranges="bytes")
        begin, end = int(match[1]), min(int(match[2] or len(data) - 1), len(data) - 1)
        headers = {"Content_Range": f"bytes {begin}-{end}/{len(data)}", "Accept_Ranges": "bytes"}
        return self.answer(206, kind, data[begin : end + 1], **headers)
