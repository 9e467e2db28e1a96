"""The method fast: calm, still parts, resuming, cross-fades, loops, protection."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("cv2", exc_type=ImportError)

from impasto.video.fast import FastPainter
from impasto.video.flow import MotionSearch, as_bytes, warp
from impasto.video.frame import Pixels, VideoFrame
from impasto.video.painters import PAINTERS, open_video_painter
from impasto.video.settings import METHODS, VideoSettings

from .moving import as_frames, moving_square, panned, texture

STYLES: list[Path] = []
pytestmark = pytest.mark.usefixtures("one_thread", "one_stylizer")


@pytest.fixture(autouse=True)
def _styles(style_files: list[Path]) -> None:
    STYLES[:] = style_files


def painter(styles: int = 1, **settings: object) -> FastPainter:
    made = VideoSettings.make({"network": "any-live", "device": "cpu", **settings})
    return FastPainter(made, STYLES[:styles], backend="torch")


def painted(pictures: list[Pixels], styles: int = 1, **settings: object) -> list[Pixels]:
    return [frame.pixels for frame in painter(styles, **settings).paint(as_frames(pictures))]


def mean_change(pictures: list[Pixels], source: list[Pixels]) -> float:
    """Return the mean squared change along the motion of the source."""
    total = 0.0
    for earlier, later, first, second in zip(pictures, pictures[1:], source, source[1:], strict=False):
        motion = MotionSearch().motion(as_bytes(first), as_bytes(second))
        total += float(((warp(earlier, motion.flow) - later) ** 2)[12:-12, 12:-12].mean())
    return total


def test_every_method_has_a_painter() -> None:
    assert set(PAINTERS) <= set(METHODS)
    settings = VideoSettings.make({"network": "any-live", "device": "cpu"})
    assert isinstance(open_video_painter(settings, STYLES[:1], (96, 128)), FastPainter)


def test_a_still_clip_stays_bit_for_bit_and_is_the_picture_painted_alone() -> None:
    noise = np.random.default_rng(0).normal(0, 1 / 255, (3, 96, 128, 3))
    pictures = [(texture() + part).clip(0, 1).astype(np.float32) for part in noise]
    clip = painted(pictures)
    for frame in clip[1:]:
        np.testing.assert_array_equal(frame, clip[0])
    alone = painted(pictures[:1], roughness=1)[0]
    assert np.abs(clip[0] - alone).mean() < 0.02  # frozen statistics are rounded elsewhere in bfloat16


def test_what_stands_still_beside_something_moving_stays_bit_for_bit() -> None:
    clip = painted(moving_square(5, 4))
    for frame in clip[1:]:
        np.testing.assert_array_equal(frame[:16], clip[0][:16])
        assert not np.array_equal(frame[30:66], clip[0][30:66])


def test_a_pan_is_calmer_than_frames_painted_alone_and_roughness_lies_between() -> None:
    source = panned(2, 4)
    calm, rough, alone = (mean_change(painted(source, roughness=r), source) for r in (0, 0.5, 1))
    assert calm < 0.5 * alone
    assert calm < rough < alone


def test_a_cut_begins_afresh() -> None:
    other = (1 - texture(seed=4)) * 0.4
    clip = painted([*panned(2, 2), other])
    np.testing.assert_array_equal(clip[2], painted([other])[0])


@pytest.mark.parametrize("settings", [{}, {"loop": True}, {"strength": "0:.4,.3:.9"}], ids=str)
def test_a_resumed_run_equals_an_uninterrupted_one(settings: dict[str, object]) -> None:
    frames = list(as_frames(moving_square(3, 6)))
    whole = [frame.pixels for frame in painter(**settings).paint(frames)]
    first = painter(**settings)
    begun = list(islice(first.paint(frames), 3))
    second = painter(**settings)
    second.restore(first.state())
    resumed = [frame.pixels for frame in second.paint(frames[3:])]
    for one, other in zip(whole, [frame.pixels for frame in begun] + resumed, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_cross_fade_ends_in_the_pure_styles() -> None:
    pictures = [texture()] * 4
    clip = painted(pictures, 2, style_times=(0.0, 0.2))
    one = painted(pictures[:1], 2, mix=(1, 0))[0]
    other = painted(pictures[:1], 2, mix=(0, 1))[0]
    assert np.abs(clip[0] - one).mean() < 0.02
    assert np.abs(clip[-1] - other).mean() < 0.02
    assert np.abs(one - other).mean() > 0.05
    np.testing.assert_array_equal(clip[-1], clip[-2])
    middle = painted(pictures[:1], 2, mix=(1, 1))[0]
    assert np.abs(clip[1] - middle).mean() < 0.02


def test_frames_painted_at_once_equal_those_painted_one_after_the_other() -> None:
    source = [*moving_square(3, 4), *panned(2, 3)]
    alone = painter()
    steps = [
        alone._join(*alone._paint_alone(alone._begin(item))) for item in alone._tracked(as_frames(source))
    ]
    threaded = painter()
    threaded.network.at_once = 3
    clip = list(threaded.paint(as_frames(source)))
    assert [frame.index for frame in clip] == list(range(7))
    for frame, step in zip(clip, steps, strict=True):
        np.testing.assert_array_equal(frame.pixels, step.memory.painted)


def test_strength_0_leaves_the_frame() -> None:
    source = panned(2, 3)
    clip = painted(source, strength="0:.6,.2:0")
    np.testing.assert_array_equal(clip[-1], source[-1])
    assert np.abs(clip[0] - source[0]).mean() > 0.02


def test_a_loop_ends_where_it_begins() -> None:
    order = [0, 1, 2, 3, 4, 3, 2, 1]
    source = [panned(2, 5)[t] for t in order]
    ends = {}
    for loop in (False, True):
        clip = painted(source, loop=loop)
        ends[loop] = mean_change([clip[-1], clip[0]], [source[-1], source[0]])
        np.testing.assert_array_equal(clip[0], painted(source[:1])[0])
    assert ends[True] < ends[False]


def test_protection_masks_and_colours_reach_the_frame() -> None:
    source = panned(2, 2)
    protect = np.zeros((96, 128), np.float32)
    protect[:, :40] = 1
    left = np.zeros((96, 128), np.float32)
    left[:, :64] = 1
    frames = [replace(frame, protect=protect, masks=(left, 1 - left)) for frame in as_frames(source)]
    result: list[VideoFrame] = list(painter(2).paint(frames))
    assert result[1].protect is protect
    np.testing.assert_array_equal(result[1].pixels[:, :40], source[1][:, :40])
    grey = painter(1, colors=1.0).paint(
        as_frames([0.3 + 0.4 * frame[..., :1].repeat(3, 2) for frame in source])
    )
    assert max(float(np.ptp(frame.pixels, axis=2).max()) for frame in grey) < 0.02
