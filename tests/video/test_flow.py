"""Optical flow, visibility, warping, still places and cuts, against known motion."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("cv2", exc_type=ImportError)

from impasto.video.flow import MotionSearch, agreement, as_bytes, enlarge_flow, warp
from impasto.video.scenes import CutDetector
from impasto.video.still import still_mask

from .moving import HEIGHT, WIDTH, moving_square, panned, texture

INSIDE = np.s_[12:-12, 12:-12]


def test_the_flow_of_a_pan_is_the_shift_and_the_warp_is_the_later_frame() -> None:
    earlier, later = panned(3, 2)
    motion = MotionSearch().motion(as_bytes(earlier), as_bytes(later))
    assert np.abs(motion.flow[INSIDE] - [3, 0]).max() < 0.25
    assert np.abs(warp(earlier, motion.flow) - later)[INSIDE].mean() < 0.004
    assert motion.visible[INSIDE].mean() > 0.99


def test_a_whole_shift_is_warped_exactly() -> None:
    picture = texture()
    flow = np.zeros((HEIGHT, WIDTH, 2), np.float32)
    flow[..., 0] = 5
    np.testing.assert_allclose(warp(picture, flow)[:, :-9], picture[:, 5:-4], atol=1e-6)


def test_a_flow_grows_with_the_frame() -> None:
    flow = np.full((20, 30, 2), (1.0, 2.0), np.float32)
    np.testing.assert_allclose(enlarge_flow(flow, (40, 90)), np.full((40, 90, 2), (3.0, 4.0)), rtol=1e-6)


def test_what_a_square_uncovers_is_not_visible() -> None:
    earlier, later = moving_square(6, 2)
    visible = MotionSearch().motion(as_bytes(earlier), as_bytes(later)).visible
    uncovered = visible[36:60, 17:21]
    assert uncovered.mean() < 0.2
    far = np.concatenate([visible[4:20].ravel(), visible[76:92].ravel()])
    assert far.mean() > 0.99


def test_agreement_needs_a_reverse_flow_that_leads_back() -> None:
    flow = np.zeros((8, 8, 2), np.float32)
    flow[..., 0] = 2
    assert agreement(flow, -flow)[:, :5].all()
    assert not agreement(flow, -flow)[:, 6:].any()  # outside the earlier frame
    assert not agreement(flow, flow).any()


def test_only_what_stands_still_is_still() -> None:
    frames = moving_square(6, 2)
    earlier, later = (as_bytes(frame) for frame in frames)
    still = still_mask(earlier, later, MotionSearch().motion(earlier, later).flow, noise=0.0)
    assert (still[4:20] == 1).all()
    assert still[34:62, 24:52].max() < 0.5


def test_nothing_is_still_while_the_camera_pans() -> None:
    earlier, later = (as_bytes(frame) for frame in panned(1, 2))
    still = still_mask(earlier, later, MotionSearch().motion(earlier, later).flow, noise=0.0)
    assert still.mean() < 0.02


@pytest.mark.parametrize(
    ("later", "cut"),
    [
        (texture(seed=5) * 0.5, True),
        (texture(), False),
        (np.roll(texture(), 8, 1), False),
        (texture() * 0.8, False),  # a darker light
    ],
    ids=["other scene", "same", "pan", "darker"],
)
def test_a_cut_is_another_scene(later: np.ndarray, cut: bool) -> None:
    assert CutDetector().is_cut(as_bytes(texture()), as_bytes(later.astype(np.float32))) is cut


def test_a_flat_wall_behind_something_moving_is_still_despite_noise() -> None:
    rng, frames = np.random.default_rng(1), []
    for frame in moving_square(6, 2):
        frame[:, 96:] = 0.7
        frames.append(as_bytes((frame + rng.normal(0, 1.5 / 255, frame.shape)).clip(0, 1).astype(np.float32)))
    earlier, later = frames
    still = still_mask(earlier, later, MotionSearch().motion(earlier, later).flow, noise=2.4)
    assert (still[:, 102:] == 1).all()
