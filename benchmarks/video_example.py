"""The clip and pictures of docs/video.md: a cat under a slow pan and zoom, with a cup that moves in front of it.

    python benchmarks/video_example.py clip CLIP.mp4            writes the clip
    python benchmarks/video_example.py strip OUT.jpg CLIP...    puts six frames of each clip into one picture

The photographs are those of the studio's samples. The clip was painted with

    impasto video CLIP.mp4 swirls.jpg -o painted.mp4
    impasto video CLIP.mp4 --style 0:swirls.jpg --style 3:woodcut.jpg -o faded.mp4
"""

from __future__ import annotations

import argparse
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from impasto.video.assemble import write_silent
from impasto.video.open_clip import chosen_frames, open_clip
from impasto.video.settings import VideoSettings

SAMPLES = Path(__file__).parents[1] / "src/impasto/studio/samples"
FRAMES, RATE, HEIGHT, WIDTH = 72, Fraction(24), 360, 640
SHOWN, SIDE = 6, 200


def frame(index: int, photo: Image.Image, cup: Image.Image, mask: Image.Image) -> np.ndarray:
    """Return frame ``index`` of the clip, uint8 (H, W, 3)."""
    share = index / FRAMES
    width = int(photo.width * 0.8 * (1 - 0.1 * share))
    height = width * HEIGHT // WIDTH
    left, top = int(photo.width * (0.02 + 0.12 * share)), int((photo.height - height) * 0.4)
    image = photo.crop((left, top, left + width, top + height)).resize(
        (WIDTH, HEIGHT), Image.Resampling.LANCZOS
    )
    image.paste(cup, (20 + 6 * index, 170), mask)
    return np.asarray(image)


def write_clip(path: Path) -> None:
    photo = Image.open(SAMPLES / "chelsea.jpg").convert("RGB")
    cup = Image.open(SAMPLES / "coffee.jpg").convert("RGB").resize((170, 170))
    mask = Image.new("L", cup.size, 0)
    ImageDraw.Draw(mask).ellipse((4, 4, 166, 166), fill=255)
    write_silent(path, (frame(index, photo, cup, mask) for index in range(FRAMES)), RATE)


def write_strip(path: Path, clips: list[Path]) -> None:
    rows = []
    for clip in clips:
        frames = [shown.pixels() for shown in chosen_frames(open_clip(clip), VideoSettings())]
        chosen = [frames[round(i * (len(frames) - 1) / (SHOWN - 1))] for i in range(SHOWN)]
        images = [Image.fromarray((pixels * 255 + 0.5).astype(np.uint8)) for pixels in chosen]
        size = (SIDE, SIDE * HEIGHT // WIDTH)
        rows.append(
            np.concatenate([np.asarray(image.resize(size, Image.Resampling.LANCZOS)) for image in images], 1)
        )
    Image.fromarray(np.concatenate(rows, 0)).save(path, quality=88)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["clip", "strip"])
    parser.add_argument("out", type=Path)
    parser.add_argument("clips", type=Path, nargs="*")
    arguments = parser.parse_args()
    if arguments.what == "clip":
        write_clip(arguments.out)
    else:
        write_strip(arguments.out, arguments.clips)
