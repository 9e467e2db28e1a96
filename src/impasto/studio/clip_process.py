"""Clips in the image and preview processes: the check of an upload, single frames, and plans."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import Any

import torch

from impasto.encoders import open_device
from impasto.errors import ImpastoError, MissingExtraError, PictureError
from impasto.guidance import Guides
from impasto.imaging import Picture, fit, resize
from impasto.studio.errors import RequestError
from impasto.studio.estimates import Workload
from impasto.video.clip import Clip, ClipInfo, DecodedFrame
from impasto.video.extra import pyav
from impasto.video.formats import ClipFormat, choose_format
from impasto.video.job import VideoJob, open_job, plan_clip
from impasto.video.open_clip import open_clip
from impasto.video.settings import VideoSettings

# Multiply-adds for each pixel of a frame, from which the first estimates of time follow.
MACS_PER_PIXEL = {"fast": 30_000.0, "optimize": 800_000.0, "keyframes": 150_000.0}
# Decoders whose streams browsers play, in the containers below.
_WEB_CODECS = ("h264", "vp8", "libvpx", "vp9", "libvpx-vp9", "av1", "libdav1d")
_WEB_PIXELS = ("yuv420p", "yuvj420p")


def check_clip(path: Path, name: str, max_pixels: int, max_seconds: float) -> dict[str, Any]:
    """Open a clip, read its first and last frame, and return the fields of its row; ``name`` is for messages.

    Raises `RequestError` if it cannot be read, is a single picture, or is larger or longer than allowed.
    """
    try:
        clip = open_clip(path)
        info = clip.info
        _check_limits(info, name, max_pixels, max_seconds)
        frames, seconds = measure(clip)
        if frames < 2:
            raise RequestError(
                422, f"'{name}' is a single picture, not a clip; upload it to /api/pictures as a photograph."
            )
        _check_seconds(seconds, name, max_seconds)
        frame_at(clip, seconds)
    except (RequestError, MissingExtraError):
        raise
    except ImpastoError as error:
        raise RequestError(422, str(error).replace(str(path), name)) from error
    notes = [note.replace(path.name, name) for note in clip.problems.sentences(info)]
    return {
        "width": info.width,
        "height": info.height,
        "alpha": False,
        "clip": {
            "seconds": round(seconds, 3),
            "frames": frames,
            "fps": round(frames / seconds, 3) if seconds else float(info.rate),
            "sound": bool(info.audio),
            "codec": info.codec,
            "notes": notes,
        },
    }


def measure(clip: Clip) -> tuple[int, float]:
    """Return the frames and the seconds that are really in a clip, from its packets, without decoding them."""
    info = clip.info
    if info.kind != "container":
        return info.frames, float(info.duration)
    from impasto.video.container_clip import open_container, video_stream

    frames, end = 0, Fraction(0)
    with open_container(info.path) as container:
        stream = video_stream(container, info.path)
        for packet in _packets(container, stream):
            stamp = packet.pts if packet.pts is not None else packet.dts
            if stamp is None or not packet.size:
                continue
            frames += 1
            duration = packet.duration * stream.time_base if packet.duration else 1 / info.rate
            end = max(end, stamp * stream.time_base - info.origin + duration)
    return frames, float(end)


def frame_at(clip: Clip, seconds: float) -> DecodedFrame:
    """Return the frame that is shown at ``seconds``: the last one that begins before, or the first one.

    Raises `PictureError` if there is none.
    """
    wanted = Fraction(max(0.0, seconds))
    shown: DecodedFrame | None = None
    for frame in clip.frames(wanted):
        if shown is not None and frame.time > wanted:
            break
        shown = frame
    if shown is None:
        raise PictureError(f"'{clip.info.path}' has no frame that can be read; give another clip.")
    return shown


def frame_picture(path: Path, seconds: float, longest: int) -> Picture:
    """Return the frame shown at ``seconds``, scaled down to a longer side of at most ``longest``."""
    pixels = torch.from_numpy(frame_at(open_clip(path), seconds).pixels()).permute(2, 0, 1)[None]
    height, width = pixels.shape[2:]
    if max(height, width) > longest:
        pixels = resize(pixels, fit(height, width, longest)).clamp(0, 1)
    return Picture(pixels.contiguous())


def open_clip_job(
    content: str, styles: list[str], settings: VideoSettings, guides: Mapping[str, Any], output: Path
) -> VideoJob:
    """Return the job that paints a clip into ``output``; raises an `ImpastoError`."""
    files, chosen = [Path(style) for style in styles], Guides.from_json(guides)

    def clip_format(bits: int) -> ClipFormat:
        return choose_format(output, source_bits=bits)

    return open_job(Path(content), files, settings, clip_format, output, chosen)


def plan(
    content: str, styles: list[str], settings: dict[str, Any], guides: dict[str, Any], output: Path
) -> dict[str, Any]:
    """Return frames, size, length and disk need of a clip's job, and its ``work``, from which the time follows."""
    job = open_clip_job(content, styles, VideoSettings.make(settings), guides, output)
    planned = asdict(plan_clip(job))
    work = work_of_clip(job, str(open_device("auto")))
    names = ("frames", "height", "width", "seconds", "fps", "disk", "free")
    return {**{name: planned[name] for name in names}, "work": asdict(work)}


def work_of_clip(job: VideoJob, device: str) -> Workload:
    """Return what the painting of a clip needs."""
    planned = plan_clip(job)
    pixels, frames = float(planned.height * planned.width), float(planned.frames)
    return Workload(
        kind=f"{device} clip {planned.method} {job.settings.network}",
        macs=pixels * frames * MACS_PER_PIXEL[planned.method],
        pixel_steps=pixels * frames,
        pixels=pixels,
    )


def plays_in_browsers(path: Path) -> bool:
    """Return whether browsers play a clip as it is: MP4 or WebM, 8 bits, 4:2:0, in one of their codecs."""
    from impasto.video.container_clip import open_container, video_stream

    with path.open("rb") as file:
        head = file.read(64)
    if head[4:8] != b"ftyp" and b"webm" not in head:
        return False
    with open_container(path) as container:
        context = video_stream(container, path).codec_context
        return context.name in _WEB_CODECS and context.pix_fmt in _WEB_PIXELS


def _packets(container: Any, stream: Any) -> Iterator[Any]:
    """Yield the packets of a stream up to where the file is cut off."""
    packets = container.demux(stream)
    while True:
        try:
            yield next(packets)
        except (StopIteration, pyav().FFmpegError):
            return


def _check_limits(info: ClipInfo, name: str, max_pixels: int, max_seconds: float) -> None:
    if info.width * info.height > max_pixels:
        raise RequestError(
            413,
            f"The frames of '{name}' have {info.width}x{info.height} pixels; the limit is "
            f"{max_pixels / 1e6:.0f} megapixels, so scale the clip down first.",
        )
    _check_seconds(float(info.duration), name, max_seconds)


def _check_seconds(seconds: float, name: str, max_seconds: float) -> None:
    if seconds > max_seconds:
        raise RequestError(
            413,
            f"'{name}' lasts {seconds:.0f} seconds; the limit of this studio is {max_seconds:.0f}, "
            "so cut the clip first.",
        )
