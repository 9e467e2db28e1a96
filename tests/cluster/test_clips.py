"""Clips on a cluster: chunks, their borders, runs that go on, workers that die, and what cannot be."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("cv2", exc_type=ImportError)
pytest.importorskip("av")

from impasto.cluster import ClusterPainter, RayCluster
from impasto.cluster.clips import ChunkWork, check_chunks
from impasto.errors import RecipeError, ResumeError
from impasto.video import chunks
from impasto.video.chunks import Chunk, plan_chunks
from impasto.video.formats import choose_format
from impasto.video.frame import VideoFrame
from impasto.video.job import VideoJob, open_job
from impasto.video.run import FramePainted, VideoRun, trial_frames
from impasto.video.settings import VideoSettings

from ..video.clips import make_clip
from ..video.moving import moving_square, panned, texture
from .played_ray import Killed, Ray

SIZE = (96, 128)
pytestmark = pytest.mark.usefixtures("one_stylizer")


@pytest.fixture(autouse=True)
def _short_chunks(monkeypatch: pytest.MonkeyPatch, one_thread: None) -> None:
    for name, value in {"LEAST_FRAMES": 6, "MOST_FRAMES": 10, "FADE_FRAMES": 4}.items():
        monkeypatch.setattr(chunks, name, value)
    monkeypatch.setattr(VideoJob, "segment_frames", 7)


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> RayCluster:
    ray = Ray(2)
    monkeypatch.setitem(sys.modules, "ray", ray)
    return RayCluster(ray, local=True)


def pictures(cut: int, frames: int = 34) -> list[np.ndarray]:
    """A pan, and after ``cut`` frames a still of another scene."""
    before = panned(2, cut)
    after = [texture(seed=7)[..., ::-1] * 0.5] * (frames - cut)
    return [(picture * 255 + 0.5).astype(np.uint8) for picture in (*before, *after)]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clip_of(tmp_path_factory.mktemp("clip"), pictures(24))


@pytest.fixture(scope="module")
def whole_clips() -> list[bytes]:
    """The file of a run that nobody stopped, painted by the first test that needs it."""
    return []


def clip_of(folder: Path, shown: list[np.ndarray]) -> Path:
    """Write a clip without loss."""
    options: dict[str, Any] = {"codec": "ffv1", "pixel_format": "bgr0", "matrix": None}
    return make_clip(folder / "clip.mkv", frames=len(shown), size=SIZE, pictures=shown, **options)


def job_of(
    clip: Path, out: Path, style: Path, cluster: RayCluster | None = None, **settings: Any
) -> VideoJob:
    chosen = VideoSettings.make({"network": "any-live", "device": "cpu", **settings})
    job = open_job(clip, [style], chosen, lambda _: choose_format(out), out)
    if cluster is None:
        return job
    return replace(job, open_painter=lambda *_: ClusterPainter(cluster, job), in_chunks=True)


def frames_of(cut: int, frames: int = 34, first: int = 0) -> Iterator[VideoFrame]:
    for index, picture in enumerate(pictures(cut, frames)):
        if index >= first:
            yield VideoFrame(index, Fraction(index, 30), picture.astype(np.float32) / 255)


def test_chunks_begin_at_cuts_and_are_otherwise_warmed_up() -> None:
    planned = list(plan_chunks(frames_of(24)))
    assert [(chunk.first, len(chunk.times), chunk.warm) for chunk in planned] == [
        (0, 10, 0), (10, 10, 4), (20, 10, 4), (30, 4, 4),
    ]  # fmt: skip
    planned = list(plan_chunks(frames_of(17)))
    assert [(chunk.first, len(chunk.times), chunk.warm) for chunk in planned] == [
        (0, 10, 0), (10, 7, 4), (17, 10, 0), (27, 7, 4),
    ]  # fmt: skip
    for before, after in pairwise(planned):
        assert (before.next_warm, before.next_after) == (after.warm, after.after)
        assert after.scene_after == (None if after.first < 17 else Fraction(16, 30))
        assert after.after == Fraction(after.first - after.warm - 1, 30)
    # A scene that began in the chunk before warms up with its own frames only.
    planned = list(plan_chunks(frames_of(3)))
    assert [(chunk.first, chunk.warm) for chunk in planned[:2]] == [(0, 0), (10, 4)]


@pytest.mark.parametrize("cut", [17, 24])
def test_a_run_that_goes_on_has_the_same_chunks(cut: int) -> None:
    planned = list(plan_chunks(frames_of(cut)))
    for done in range(1, 34):
        last = next(chunk for chunk in planned if chunk.first < done <= chunk.end)
        again = list(plan_chunks(frames_of(cut, first=done), Chunk.from_state(last.to_state())))
        assert again == [chunk for chunk in planned if chunk.end > done]


@pytest.mark.parametrize(("camera", "share"), [("panned", 1.0), ("fixed", 1.6)])
def test_borders_do_not_show(
    cluster: RayCluster, tmp_path: Path, style_files: list[Path], monkeypatch, camera: str, share: float
) -> None:
    for name, value in {"LEAST_FRAMES": 14, "MOST_FRAMES": 18, "FADE_FRAMES": 12}.items():
        monkeypatch.setattr(chunks, name, value)
    shown = panned(2, 22) if camera == "panned" else moving_square(1, 22)
    clip = clip_of(tmp_path, [(picture * 255 + 0.5).astype(np.uint8) for picture in shown])
    whole = [f.pixels for f in trial_frames(job_of(clip, tmp_path / "a.mkv", style_files[0]))]
    found = [f.pixels for f in trial_frames(job_of(clip, tmp_path / "b.mkv", style_files[0], cluster))]
    assert len(found) == len(whole) == 22
    assert len(cluster.ray.actors) == 2
    # Until the fade begins, every frame is that of one process, rounded to 8 bits.
    for first, second in zip(whole[:6], found[:6], strict=True):
        assert np.abs(first - second).max() <= 0.51 / 255
    steps, expected = (
        [float(np.abs(a - b).mean()) for a, b in pairwise(painted)] for painted in (found, whole)
    )
    # The difference from frame to frame, over the fade and at the border.
    assert max(steps[5:19]) <= share * max(expected)


def test_a_scene_of_its_own_is_exact(cluster: RayCluster, tmp_path: Path, style_files: list[Path]) -> None:
    clip = clip_of(tmp_path, pictures(8, 16))
    whole = [f.pixels for f in trial_frames(job_of(clip, tmp_path / "a.mkv", style_files[0]))]
    found = [f.pixels for f in trial_frames(job_of(clip, tmp_path / "b.mkv", style_files[0], cluster))]
    for first, second in zip(whole, found, strict=True):
        assert np.abs(first - second).max() <= 0.51 / 255


@pytest.mark.parametrize("stop_after", [3, 9, 13, 20])
def test_a_stopped_run_goes_on_to_the_same_bytes(
    cluster: RayCluster,
    clip: Path,
    tmp_path: Path,
    style_files: list[Path],
    whole_clips: list[bytes],
    stop_after: int,
) -> None:
    if not whole_clips:
        out = tmp_path / "whole.mp4"
        list(VideoRun(job_of(clip, out, style_files[0], cluster)).events())
        whole_clips.append(out.read_bytes())
    out = tmp_path / "a.mp4"
    run = VideoRun(job_of(clip, out, style_files[0], cluster))
    for event in run.events():
        if isinstance(event, FramePainted) and event.done == stop_after:
            break
    assert run.keep_partial() == out
    with pytest.raises(ResumeError, match="painted with --cluster"):
        VideoRun(job_of(clip, out, style_files[0]), resume=True)
    list(VideoRun(job_of(clip, out, style_files[0], cluster), resume=True).events())
    assert [out.read_bytes()] == whole_clips


def test_workers_that_die_change_nothing(
    cluster: RayCluster, clip: Path, tmp_path: Path, style_files: list[Path], monkeypatch
) -> None:
    expected = [f.pixels for f in trial_frames(job_of(clip, tmp_path / "a.mkv", style_files[0], cluster))]
    opened, count = ChunkWork.__call__, iter(range(100))

    def dying(self: ChunkWork) -> Any:
        work = opened(self)

        def paint(chunk: Chunk) -> Any:
            if next(count) == 1:
                raise Killed
            return work(chunk)

        return paint

    monkeypatch.setattr(ChunkWork, "__call__", dying)
    found = [f.pixels for f in trial_frames(job_of(clip, tmp_path / "b.mkv", style_files[0], cluster))]
    assert all(np.array_equal(a, b) for a, b in zip(expected, found, strict=True))


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"loop": True}, "--loop"),
        ({"method": "keyframes", "keyframe_files": ((0.0, "a.png"),)}, "--keyframe"),
    ],
)
def test_what_reaches_over_chunks_is_refused(settings: dict[str, Any], word: str) -> None:
    with pytest.raises(RecipeError, match=f"{word} needs the whole clip in one process"):
        check_chunks(VideoSettings.make(settings))
