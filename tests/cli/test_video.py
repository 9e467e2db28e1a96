"""``impasto video``: a clip in and out, bad clips and arguments, Ctrl-C and resuming, and memory."""

import json
import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from impasto.cli import video_progress
from impasto.cli.video_request import parse_seconds, request_from_words, timed_files
from impasto.errors import ImpastoError, MissingExtraError
from impasto.video import extra
from impasto.video import job as job_module

from ..video.clips import TrailPainter, make_clip, read_clip, sound_packets
from .conftest import TINY
from .test_bad_input import assert_one_sentence, contents


@pytest.fixture(scope="module")
def clips(tmp_path_factory) -> Path:
    """A folder with good and bad clips, made once."""
    folder = tmp_path_factory.mktemp("clips")
    make_clip(folder / "clip.mp4", frames=24, size=(48, 64), sound="aac", options={"g": "8", "crf": "14"})
    data = (folder / "clip.mp4").read_bytes()
    (folder / "head.mp4").write_bytes(data[:300])
    (folder / "text.mp4").write_text("no clip at all")
    (folder / "void.mp4").touch()
    (folder / "noise.webm").write_bytes(np.random.default_rng(0).bytes(3000))
    (folder / "list.m3u8").write_text("#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1/a.ts\n")
    (folder / "nothing").mkdir()
    (folder / "full").mkdir()
    (folder / "full" / "notes.txt").write_text("mine")
    (folder / "two.mp4.parts").write_text("a file in the way")
    make_clip(folder / "tall.mkv", frames=2, size=(64, 32), codec="ffv1", pixel_format="bgr0")
    return folder


@pytest.fixture
def here(place: Path, clips: Path) -> Path:
    """The working folder with the clips and pictures."""
    for path in clips.iterdir():
        target = place / path.name
        if path.is_dir():
            target.mkdir()
            for inside in path.iterdir():
                (target / inside.name).write_bytes(inside.read_bytes())
        else:
            target.write_bytes(path.read_bytes())
    return place


@pytest.fixture
def trail(monkeypatch):
    """Paint with a quick painter that has a memory."""
    monkeypatch.setattr(job_module, "open_painter", lambda *_: TrailPainter())


VIDEO = ("video", "clip.mp4", "art.png", "-o", "out.mp4")
BAD = {
    # clips
    "nothing": ["video"],
    "no painting": ["video", "clip.mp4", "-o", "out.mp4"],
    "missing clip": ["video", "gone.mp4", "art.png", "-o", "out.mp4"],
    "text as clip": ["video", "text.mp4", "art.png", "-o", "out.mp4"],
    "empty clip": ["video", "void.mp4", "art.png", "-o", "out.mp4"],
    "only a header": ["video", "head.mp4", "art.png", "-o", "out.mp4"],
    "noise": ["video", "noise.webm", "art.png", "-o", "out.mp4"],
    "playlist": ["video", "list.m3u8", "art.png", "-o", "out.mp4"],
    "empty folder": ["video", "nothing", "art.png", "-o", "out.mp4"],
    "no such pattern": ["video", "f%04d.png", "art.png", "-o", "out.mp4"],
    # styles, masks, keyframes
    "missing style": ["video", "clip.mp4", "gone.png", "-o", "out.mp4"],
    "some styles with seconds": [*VIDEO, "--style", "5:art2.png"],
    "style times that fall": [
        "video",
        "clip.mp4",
        "--style",
        "5:art.png",
        "--style",
        "2:art2.png",
        "-o",
        "out.mp4",
    ],
    "a mix of one": [*VIDEO, "--mix", "1,2"],
    "a mix of words": [*VIDEO, "--style", "art2.png", "--mix", "much,little"],
    "missing mask": [*VIDEO, "--mask", "gone.png"],
    "two masks for one style": [*VIDEO, "--mask", "left", "--mask", "right", "--mask", "top"],
    "a mask that is no picture": [*VIDEO, "--mask", "text.mp4"],
    "a mask of another shape": [*VIDEO, "--mask", "tall.mkv"],
    "keyframe without seconds": [*VIDEO, "--method", "keyframes", "--keyframe", "art.png"],
    "keyframes of another method": [*VIDEO, "--keyframes", "3"],
    # settings
    "unknown method": [*VIDEO, "--method", "slow"],
    "unknown option": [*VIDEO, "--flicker", "3"],
    "strength of words": [*VIDEO, "--strength", "much"],
    "strength too high": [*VIDEO, "--strength", "0:.5,3:9"],
    "roughness too high": [*VIDEO, "--roughness", "2"],
    "recipe of the method fast": [*VIDEO, "--encoder", "tiny"],
    "bad recipe": [*VIDEO, "--method", "optimize", "--style-layers", "conv9:x"],
    "time of words": [*VIDEO, "--from", "soon"],
    "an empty part": [*VIDEO, "--from", "3", "--to", "2"],
    "a part after the end": [*VIDEO, "--strength", "0", "--from", "1:00"],
    "no frames a second": [*VIDEO, "--fps", "0"],
    "a tiny size": [*VIDEO, "--size", "3"],
    # outputs
    "output without folder": ["video", "clip.mp4", "art.png", "-o", "gone/out.mp4"],
    "unknown suffix": ["video", "clip.mp4", "art.png", "-o", "out.avi"],
    "the clip itself": ["video", "clip.mp4", "art.png", "-o", "clip.mp4"],
    "the painting itself": ["video", "clip.mp4", "art.png", "-o", "art.png"],
    "a full folder": ["video", "clip.mp4", "art.png", "-o", "full"],
    "a file in the way": ["video", "clip.mp4", "art.png", "-o", "two.mp4"],
    "a codec of another container": ["video", "clip.mp4", "art.png", "-o", "out.webm", "--codec", "h264"],
    "unknown codec": [*VIDEO, "--codec", "divx"],
    "twelve bits": [*VIDEO, "--bits", "12"],
    "crf too high": [*VIDEO, "--crf", "99"],
    "preview over the clip": [*VIDEO, "--preview", "out.mp4"],
    "preview over the photo": [*VIDEO, "--preview", "art.png"],
    # runs
    "nothing to resume": [*VIDEO, "--resume"],
    "resume without output": ["video", "--resume"],
    "resume and restart": [*VIDEO, "--resume", "--restart"],
    "resume with settings": ["video", "--resume", "-o", "out.mp4", "--strength", "1"],
}


def test_the_table_is_long():
    assert len(BAD) >= 30


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_sentence_and_changes_nothing(cli, here, case):
    before = contents(here)
    run = cli(*BAD[case])
    assert_one_sentence(run)
    assert contents(here) == before


def test_a_clip_is_painted_with_its_sound(cli, here, trail):
    run = cli(*VIDEO, "--preview", "now.png")
    assert run.code == 0, run.err
    assert run.out == "out.mp4\n"
    assert "24 frames of 64x48" in run.err
    assert "of disk" in run.err
    assert read_clip(Path("out.mp4"))[0] == read_clip(Path("clip.mp4"))[0]
    assert sound_packets(Path("out.mp4")) == sound_packets(Path("clip.mp4"))
    assert Path("now.png").exists()
    stored = json.loads(Path("out.mp4.json").read_text())
    assert stored["settings"]["method"] == "fast"
    assert Path(stored["inputs"]["styles"][0]).name == "art.png"


def test_without_out_nothing_is_overwritten(cli, here, trail):
    for name in ("clip-art.mp4", "clip-art-2.mp4"):
        assert cli("video", "clip.mp4", "art.png", "--no-sidecar", "--quiet").out == ""
        assert Path(name).exists()


def test_the_plan_says_frames_time_and_disk_and_writes_nothing(cli, here, trail):
    before = contents(here)
    run = cli(*VIDEO, "--plan", "--from", "0.2")
    assert run.code == 0
    assert "18 frames of 64x48" in run.out
    assert re.search(r"about .* of disk \(.* free\)", run.out)
    assert "in all" in run.out
    assert contents(here) == before


def test_every_option_reaches_the_settings(here):
    painting = {
        "method": "keyframes", "how_strong": "0:.4,10:.8", "network": "any", "roughness": 0.5, "loop": True,
        "keyframe": ["0:art.png", "0.5:art2.png"], "keyframes": 2, "mask": ["left"], "protect": "top",
    }  # fmt: skip
    part = {"first": "0:00.1", "last": ".7", "fps": 12.0, "longest": 32}
    recipe = {
        "encoder": "tiny", "stroke": 1.5, "colors": "content", "steps": 7, "seed": 3, "device": "cpu",
        "quality": "draft",
    }  # fmt: skip
    from impasto.cli.video_request import OutputChoice

    request = request_from_words(
        [Path("clip.mp4")], ["0:art.png", "1.5:art2.png"], painting, part, recipe, OutputChoice(Path("o.mp4"))
    )
    assert request.styles == ("art.png", "art2.png")
    stored = request.settings.to_json()
    assert stored == {
        "method": "keyframes", "network": "any", "style_times": [0.0, 1.5], "mix": None,
        "strength": [[0.0, 0.4], [10.0, 0.8]], "stroke": 1.5, "colors": 1.0, "roughness": 0.5, "loop": True, "steps": 7,
        "keyframes": 2, "keyframe_files": [[0.0, "art.png"], [0.5, "art2.png"]],
        "recipe": {"encoder": "tiny", "quality": "draft"}, "seed": 3, "device": "cpu", "start": 0.1, "stop": 0.7,
        "fps": 12.0, "size": 32,
    }  # fmt: skip
    assert request.guides.masks == ("left",)
    assert request.guides.protect == "top"


@pytest.mark.parametrize("mix", ["1.5", "0.5,nan", "1,2,3", "0,0"])
def test_a_mix_is_read_as_by_the_other_commands(cli, here, mix):
    run = cli(*VIDEO, "--style", "art2.png", "--mix", mix)
    assert (
        f"--mix has a weight from 0 on for each of the 2 styles, as in 1,2 (or 0.3 for two), not '{mix}'."
        in run.err
    )


def test_seconds_and_timed_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert [parse_seconds(text, "--from") for text in ("90", "1:30", "0:01:30", "1.5")] == [90, 90, 90, 1.5]
    assert timed_files(["0:a.jpg", "10.5:b:c.jpg"], "--style") == ((0.0, 10.5), ("a.jpg", "b:c.jpg"))
    Path("0:a.jpg").touch()
    assert timed_files(["0:a.jpg"], "--style") == ((), ("0:a.jpg",))


class Stopping(TrailPainter):
    """A painter that presses Ctrl-C at its tenth frame."""

    def paint(self, frames):
        for frame in super().paint(frames):
            if frame.index == 9:
                os.kill(os.getpid(), 2)
            yield frame


def test_ctrl_c_leaves_a_clip_and_the_command_that_goes_on(cli, here, monkeypatch):
    monkeypatch.setattr(job_module, "open_painter", lambda *_: TrailPainter())
    assert cli("video", "clip.mp4", "art.png", "-o", "whole.mp4").code == 0
    monkeypatch.setattr(job_module, "open_painter", lambda *_: Stopping())
    run = cli(*VIDEO)
    assert run.code == 130
    assert "Stopped after frame 10 of 24." in run.err
    assert len(read_clip(Path("out.mp4"))[0]) == 10
    again = cli(*VIDEO)
    assert_one_sentence(again)
    assert "--resume" in again.err
    command = next(line for line in run.err.splitlines() if line.startswith("go on with: "))
    monkeypatch.setattr(job_module, "open_painter", lambda *_: TrailPainter())
    resumed = cli(*shlex.split(command.removeprefix("go on with: "))[1:])
    assert resumed.code == 0, resumed.err
    assert "going on after frame 10" in resumed.err
    assert Path("out.mp4").read_bytes() == Path("whole.mp4").read_bytes()
    assert not Path("out.mp4.parts").exists()


def test_ctrl_c_before_the_first_frame_leaves_nothing(cli, here, monkeypatch):
    class AtOnce(TrailPainter):
        def paint(self, frames):
            os.kill(os.getpid(), 2)
            time.sleep(0.01)
            yield from super().paint(frames)

    monkeypatch.setattr(job_module, "open_painter", lambda *_: AtOnce())
    run = cli(*VIDEO)
    assert run.code == 130
    # The signal came while the first frame was painted; that frame is kept.
    assert "Stopped after frame 1 of 24." in run.err


def test_without_pyav_one_sentence_names_the_command_that_installs_it(cli, here, monkeypatch):
    def missing():
        raise MissingExtraError("Reading and writing clips", "video")

    monkeypatch.setattr(extra, "pyav", missing)
    for module in ("container_clip", "encode", "assemble"):
        monkeypatch.setattr(f"impasto.video.{module}.pyav", missing)
    run = cli(*VIDEO)
    assert_one_sentence(run)
    assert "pip install 'impasto[video]'" in run.err


def test_a_time_lapse_of_stylize_is_a_clip(cli, here):
    run = cli("stylize", "photo.png", "art.png", *TINY, "--timelapse", "how.mp4", "--out", "o.png")
    assert run.code == 0, run.err
    times, images = read_clip(Path("how.mp4"))
    assert len(times) == 4
    assert [float(time) for time in times] == pytest.approx([0, 0.08, 0.16, 0.24])
    assert images[0].shape == (24, 32, 3)


MEMORY = """
import sys
from pathlib import Path
import torch  # as every painter
from impasto.cli.main import main
from impasto.video import job
from tests.video.clips import TrailPainter
job.open_painter = lambda *_: TrailPainter()
assert main(["video", sys.argv[1], "art.png", "-o", sys.argv[2], "--quiet"]) == 0
# Not ru_maxrss, which a process inherits from the one that started it.
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from Linux's /proc")
@pytest.mark.parametrize("suffix", ["mp4", "gif"])
def test_memory_does_not_grow_with_the_length(here, suffix):
    peaks = []
    root = str(Path(__file__).parents[2])
    for frames in (10, 300):
        make_clip(Path(f"{frames}.mp4"), frames=frames, size=(270, 480), sound="aac")
        environment = {**os.environ, "PYTHONPATH": f"{root}/src:{root}"}
        run = subprocess.run(
            [sys.executable, "-c", MEMORY, f"{frames}.mp4", f"out{frames}.{suffix}"],
            env=environment, check=True, capture_output=True, encoding="utf-8",
        )  # fmt: skip
        peaks.append(int(run.stdout))
    assert peaks[1] < 1.05 * peaks[0], peaks


def test_errors_of_the_api_are_the_same(here):
    import impasto

    with pytest.raises(ImpastoError, match="at least one painting"):
        impasto.paint_video("clip.mp4", [], "out.mp4")


@pytest.mark.parametrize(("frames", "count", "total"), [(0, "12", None), (24, "12/24", 24)])
def test_the_bar_counts_to_the_end_only_where_that_is_known(monkeypatch, frames, count, total):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr(video_progress, "plan_line", lambda _: "a plan")
    progress = video_progress.VideoProgress("painted.mp4", quiet=False)
    progress.start(SimpleNamespace(frames=frames), 0)
    progress.show(12)
    (task,) = progress._bar.tasks
    assert (task.fields["count"], task.total, task.completed) == (count, total, 12)
    progress.close()
