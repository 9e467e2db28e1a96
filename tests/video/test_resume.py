"""Runs that are stopped and killed: a resumed clip equals the uninterrupted one, frame for frame."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from impasto.errors import OutputError, ResumeError
from impasto.video.formats import choose_format
from impasto.video.job import VideoJob, open_job
from impasto.video.run import FramePainted, VideoRun
from impasto.video.run_file import journal_path
from impasto.video.settings import VideoSettings

from .clips import TrailPainter, make_clip, read_clip, sound_packets

# Paints with a memory that reaches back to the first frame, slowly enough to be killed, and keeps its state often.
PROGRAM = """
import sys, time
from pathlib import Path
from impasto.video.job import VideoJob, open_job
from impasto.video.run import VideoRun
from impasto.video.formats import choose_format
from impasto.video.settings import VideoSettings
from tests.video.clips import TrailPainter
source, output, mode = sys.argv[1:]
VideoJob.segment_frames = 10
class Slow(TrailPainter):
    def paint(self, frames):
        for frame in super().paint(frames):
            time.sleep(0.01)
            yield frame
form = choose_format(Path(output))
job = open_job(source, [], VideoSettings(), lambda bits: form, Path(output), None, lambda *_: Slow())
for event in VideoRun(job, resume=mode == "resume", keep_seconds=0.03).events():
    print(type(event).__name__, flush=True)
"""
ROOT = Path(__file__).parents[2]


def job_for(source: Path, output: Path, painter=TrailPainter, **settings) -> VideoJob:
    chosen = VideoSettings.make(settings)
    return open_job(source, [], chosen, lambda _: choose_format(output), output, None, lambda *_: painter())


@pytest.fixture
def short_segments(monkeypatch):
    monkeypatch.setattr(VideoJob, "segment_frames", 10)


@pytest.fixture
def source(tmp_path):
    times = [512 * i + 100 * (i % 3) for i in range(33)]
    return make_clip(
        tmp_path / "source.mp4", frames=33, times=times, sound="aac", options={"g": "8", "crf": "12"}
    )


def whole(source, output, **settings):
    events = list(VideoRun(job_for(source, output, **settings)).events())
    assert len([event for event in events if isinstance(event, FramePainted)]) > 0
    return output.read_bytes()


@pytest.mark.parametrize("suffix", ["mp4", "webm", "gif"])
@pytest.mark.parametrize("stop_after", [1, 10, 17])
def test_a_stopped_run_leaves_a_playable_clip_and_goes_on_to_the_same_bytes(
    tmp_path, source, short_segments, suffix, stop_after
):
    expected = whole(source, tmp_path / f"whole.{suffix}")
    output = tmp_path / f"a.{suffix}"
    run = VideoRun(job_for(source, output))
    events = run.events()
    for event in events:
        if isinstance(event, FramePainted) and event.done == stop_after:
            break
    assert run.keep_partial() == output
    events.close()
    times, images = read_clip(output)
    all_times, all_images = read_clip(tmp_path / f"whole.{suffix}")
    assert len(times) == stop_after
    assert times == all_times[:stop_after]
    if suffix == "mp4":
        assert np.abs(images[-1].astype(int) - all_images[stop_after - 1]).mean() < 3
        assert len(sound_packets(output)) <= len(sound_packets(source))
    done = [
        event.done
        for event in VideoRun(job_for(source, output), resume=True).events()
        if isinstance(event, FramePainted)
    ]
    assert done == list(range(stop_after + 1, 34))
    assert output.read_bytes() == expected
    assert not journal_path(output).exists()


def test_an_error_of_the_painter_keeps_what_was_painted(tmp_path, source, short_segments):
    expected = whole(source, tmp_path / "whole.mp4")
    output = tmp_path / "a.mp4"

    class Failing(TrailPainter):
        def paint(self, frames):
            for frame in super().paint(frames):
                if frame.index == 25:
                    raise MemoryError
                yield frame

    with pytest.raises(MemoryError):
        list(VideoRun(job_for(source, output, Failing)).events())
    assert not output.exists()
    started, *_ = VideoRun(job_for(source, output), resume=True).events()
    assert started.resumed == 20
    assert output.read_bytes() == expected


def kill_at_random_moments(tmp_path, count, seed):
    source = make_clip(
        tmp_path / "source.mp4", frames=60, size=(32, 48), sound="aac", options={"g": "9", "crf": "12"}
    )
    expected = subprocess.run(
        [sys.executable, "-c", PROGRAM, source, tmp_path / "whole.mp4", "new"], cwd=ROOT, check=True,
        capture_output=True, encoding="utf-8",
    )  # fmt: skip
    assert expected.stdout.count("FramePainted") == 60
    rng = np.random.default_rng(seed)
    output, mode, kills = tmp_path / "a.mp4", "new", 0
    for _ in range(count):
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, source, output, mode],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        assert process.stdout is not None
        assert "ClipStarted" in process.stdout.readline()
        time.sleep(float(rng.uniform(0.0, 0.9 / count)))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        kills += process.returncode == -signal.SIGKILL
        mode = "resume"
        if not journal_path(output).exists():
            break
    if journal_path(output).exists():
        subprocess.run(
            [sys.executable, "-c", PROGRAM, source, output, mode], cwd=ROOT, check=True, capture_output=True
        )
    assert kills > 0
    assert output.read_bytes() == (tmp_path / "whole.mp4").read_bytes()


def test_a_killed_run_goes_on_to_the_same_bytes(tmp_path):
    kill_at_random_moments(tmp_path, 2, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_ten_kills_at_random_moments(tmp_path, seed):
    kill_at_random_moments(tmp_path, 10, seed)


def stopped(source, output, after=12, **settings):
    run = VideoRun(job_for(source, output, **settings))
    events = run.events()
    for event in events:
        if isinstance(event, FramePainted) and event.done == after:
            break
    run.keep_partial()
    events.close()


def test_an_unfinished_run_is_not_thrown_away_unasked(tmp_path, source, short_segments):
    output = tmp_path / "a.mp4"
    stopped(source, output)
    with pytest.raises(OutputError, match="--resume"):
        VideoRun(job_for(source, output))
    with pytest.raises(ResumeError, match="other settings"):
        VideoRun(job_for(source, output, size=48), resume=True)
    other = make_clip(tmp_path / "other.mp4", frames=33)
    with pytest.raises(ResumeError, match="other clip"):
        VideoRun(job_for(other, output), resume=True)
    expected = whole(source, tmp_path / "whole.mp4")
    list(VideoRun(job_for(source, output), restart=True).events())
    assert output.read_bytes() == expected


def test_nothing_to_resume_and_damaged_journals_are_one_sentence(tmp_path, source, short_segments):
    output = tmp_path / "a.mp4"
    with pytest.raises(ResumeError, match="no unfinished clip"):
        VideoRun(job_for(source, output), resume=True)
    stopped(source, output)
    folder = journal_path(output)
    for name in ("state.npz", "frames-00001.raw", "segment-00000.npz"):
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: len(content) // 2])
        with pytest.raises(ResumeError, match="--restart"):
            list(VideoRun(job_for(source, output), resume=True).events())
        (folder / name).write_bytes(content)
    list(VideoRun(job_for(source, output), resume=True).events())
    assert len(read_clip(output)[0]) == 33


def test_decoding_times_grow_across_segments_of_variable_rate(tmp_path, short_segments):
    import av

    times = [index * 700 + (index * 7919) % 600 for index in range(40)]
    source = make_clip(tmp_path / "source.mp4", frames=40, times=times)
    whole(source, tmp_path / "a.mp4")
    with av.open(str(tmp_path / "a.mp4")) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    decoding = [packet.dts for packet in packets]
    assert decoding == sorted(set(decoding))
    assert all(packet.dts <= packet.pts for packet in packets)
    assert sorted(float(packet.pts * packet.time_base) for packet in packets) == [
        time / 15360 for time in times
    ]
