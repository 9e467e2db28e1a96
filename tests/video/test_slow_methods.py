"""The methods optimize and keyframes: the temporal term, resuming, given pictures, cuts."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

pytest.importorskip("cv2", exc_type=ImportError)

from impasto.video.calm import Calm, Memory, Track
from impasto.video.carried import Carried, Key, blend
from impasto.video.flow import as_bytes
from impasto.video.frame import FramePainter, Pixels
from impasto.video.keyframes import KeyframePainter
from impasto.video.optimised import TemporalTerm
from impasto.video.painters import PAINTERS, open_video_painter
from impasto.video.settings import METHODS, VideoSettings

from .moving import HEIGHT, WIDTH, as_frames, moving_square, panned, texture

pytestmark = pytest.mark.usefixtures("one_thread", "one_stylizer")


def painter(styles: list[Path], method: str, **settings: object) -> FramePainter:
    recipe = {"encoder": "tiny", "precision": "float32"}
    made = VideoSettings.make({"method": method, "device": "cpu", "steps": 2, "recipe": recipe, **settings})
    return open_video_painter(made, styles[:1], (HEIGHT, WIDTH))


def test_every_method_has_a_painter() -> None:
    assert list(PAINTERS) == list(METHODS)


def test_the_temporal_term_is_the_weighted_mean_square() -> None:
    image, target = torch.rand(1, 3, 6, 8), torch.rand(1, 3, 6, 8)
    mask = torch.rand(1, 1, 6, 8)
    value = TemporalTerm(1.0, target, mask).value(image)
    torch.testing.assert_close(value, (mask * (image - target) ** 2).mean())


@pytest.mark.parametrize("method", ["optimize", "keyframes"])
def test_a_resumed_run_equals_an_uninterrupted_one(method: str, style_files: list[Path]) -> None:
    frames = list(as_frames([*moving_square(3, 5), *([1 - texture(seed=4) * 0.6] * 2)]))
    settings = {"keyframes": 3} if method == "keyframes" else {}
    whole = [frame.pixels for frame in painter(style_files, method, **settings).paint(frames)]
    assert len(whole) == len(frames)
    for done in (2, 3, 4):
        first = painter(style_files, method, **settings)
        begun = [frame.pixels for frame in islice(first.paint(frames), done)]
        second = painter(style_files, method, **settings)
        second.restore(first.state())
        resumed = begun + [frame.pixels for frame in second.paint(frames[done:])]
        for one, other in zip(whole, resumed, strict=True):
            np.testing.assert_array_equal(one, other)
        if method == "optimize":
            break


def test_what_stands_still_is_optimised_once(style_files: list[Path]) -> None:
    clip = [frame.pixels for frame in painter(style_files, "optimize").paint(as_frames([texture()] * 3))]
    np.testing.assert_array_equal(clip[1], clip[0])
    np.testing.assert_array_equal(clip[2], clip[0])


def given(folder: Path, pictures: dict[float, Pixels]) -> list[tuple[float, str]]:
    """Write the pictures and return the setting ``keyframe_files``."""
    files = []
    for seconds, picture in pictures.items():
        path = folder / f"{seconds}.png"
        Image.fromarray((picture * 255).round().astype(np.uint8)).save(path)
        files.append((seconds, str(path)))
    return files


def test_a_given_picture_is_shown_at_its_time_and_moves_with_the_clip(
    style_files: list[Path], tmp_path: Path
) -> None:
    source = panned(2, 6)
    picture = np.round(texture(seed=9) * 255) / 255
    files = given(tmp_path, {0.17: picture})  # frame 2 at .2 s is the first to reach it
    clip = [
        frame.pixels
        for frame in painter(style_files, "keyframes", keyframe_files=files).paint(as_frames(source))
    ]
    np.testing.assert_allclose(clip[2], picture, atol=1e-6)
    for t in (1, 3, 4):
        shift = 2 * (t - 2)
        moved = np.roll(picture, -shift, 1)[:, 16:-16]
        assert np.abs(clip[t][:, 16:-16] - moved).mean() < 0.02


def test_two_given_pictures_fade_into_each_other(style_files: list[Path], tmp_path: Path) -> None:
    one, other = (np.full((HEIGHT, WIDTH, 3), value, np.float32) for value in (0.2, 0.8))
    files = given(tmp_path, {0.0: one, 0.4: other})
    settings = {"keyframe_files": files}
    clip = [
        frame.pixels
        for frame in painter(style_files, "keyframes", **settings).paint(as_frames([texture()] * 5))
    ]
    np.testing.assert_allclose([frame.mean() for frame in clip], [0.2, 0.2, 0.5, 0.8, 0.8], atol=0.005)


def test_a_place_takes_the_painting_that_reaches_it() -> None:
    source = np.zeros((2, 2, 3), np.uint8)
    half = np.array([[1, 0], [1, 0]], np.float32)
    forward, backward = (
        Carried(Key(index, painted), Memory(source, source, painted), reach, 1)
        for index, painted, reach in (
            (0, np.zeros((2, 2, 3), np.float32), half),
            (2, np.ones((2, 2, 3), np.float32), 1 - half),
        )
    )
    np.testing.assert_allclose(blend(forward, backward, 0.5)[..., 0], 1 - half, atol=1e-6)


def test_a_fade_keeps_the_contrast_of_the_strokes() -> None:
    one, other = (
        np.random.default_rng(seed).uniform(0.3, 0.7, (64, 64, 3)).astype(np.float32) for seed in (0, 1)
    )
    source = as_bytes(one)
    forward, backward = (
        Carried(Key(index, painted), Memory(source, source, painted), np.ones((64, 64), np.float32), 1)
        for index, painted in ((0, one), (2, other))
    )
    # The mean of two independent pictures has half of their variance.
    np.testing.assert_allclose(blend(forward, backward, 0.5).var(), one.var(), rtol=0.05)


def followed(key: Key, alone: Pixels, shift: float, trust: float, count: int) -> Carried:
    """Return a keyframe carried over `count` frames that each move by `shift` pixels to the right."""
    zeros = np.zeros((HEIGHT, WIDTH), np.float32)
    flow = np.stack([zeros - shift, zeros], 2)
    source = as_bytes(alone)
    track = Track(source, flow, zeros + trust, zeros, source)
    carried = Carried(key, Memory(source, source, key.painted), zeros + 1, 0)
    for frame in islice(as_frames([alone] * (count + 1)), 1, None):
        carried = carried.follow(Calm(), frame, alone, track)
    return carried


def test_carried_strokes_stay_as_sharp_as_in_the_keyframe() -> None:
    painted = texture(seed=9)
    carried = followed(Key(0, painted), texture(), 0.5, 1.0, 16)
    np.testing.assert_allclose(carried.memory.painted[:, 16:], painted[:, 8:-8], atol=1e-4)
    np.testing.assert_allclose(carried.reach, 1)


def test_gaps_get_what_the_keyframe_has_over_a_one_pass_picture() -> None:
    painted, alone = texture(seed=9) / 2, texture() / 2
    carried = followed(Key(0, painted, painted - alone), alone, 0.5, 0.0, 1)
    np.testing.assert_allclose(carried.memory.painted, painted, atol=1e-6)
    np.testing.assert_allclose(carried.reach, 0)


def test_a_loop_of_keyframes_ends_as_it_begins(style_files: list[Path]) -> None:
    loop = painter(style_files, "keyframes", loop=True)
    assert isinstance(loop, KeyframePainter)
    clip = [frame.pixels for frame in loop.paint(as_frames([texture()] * 4))]
    np.testing.assert_array_equal(clip[-1], clip[0])
