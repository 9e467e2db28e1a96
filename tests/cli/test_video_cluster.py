"""``impasto video --cluster``: the same files, and a stop while the workers paint."""

from __future__ import annotations

import signal
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("cv2", exc_type=ImportError)
pytest.importorskip("av")

from impasto.cluster.clips import ChunkWork
from impasto.video import chunks

from ..cluster.played_ray import play
from ..video.clips import make_clip, read_clip
from ..video.moving import panned
from .conftest import Cli, make_picture


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a clip of 30 frames and a painting, and a played cluster of two workers."""
    play(monkeypatch)
    monkeypatch.setattr(chunks, "LEAST_FRAMES", 6)
    monkeypatch.setattr(chunks, "MOST_FRAMES", 10)
    monkeypatch.setattr(chunks, "FADE_FRAMES", 4)
    monkeypatch.chdir(tmp_path)
    shown = [(picture * 255 + 0.5).astype(np.uint8) for picture in panned(2, 30)]
    make_clip(tmp_path / "clip.mp4", frames=30, size=(96, 128), sound="aac", pictures=shown)
    make_picture(tmp_path / "art.png", 64, 64, 2)
    return tmp_path


def test_a_stop_while_workers_paint_leaves_a_clip_that_goes_on(cli: Cli, place: Path, monkeypatch) -> None:
    words = ("video", "clip.mp4", "art.png", "--cluster", "local", "--device", "cpu")
    run = cli(*words, "-o", "whole.mp4")
    assert run.code == 0, run.err
    assert len(read_clip(place / "whole.mp4")[0]) == 30
    opened, painted = ChunkWork.__call__, []

    def stopping(self: ChunkWork):
        work = opened(self)

        def paint(chunk):
            painted.append(chunk)
            if len(painted) == 3:
                signal.raise_signal(signal.SIGINT)
            return work(chunk)

        return paint

    monkeypatch.setattr(ChunkWork, "__call__", stopping)
    run = cli(*words, "-o", "a.mp4")
    assert run.code == 130, run.err
    assert "--cluster=local" in run.err
    assert 0 < len(read_clip(place / "a.mp4")[0]) < 30
    monkeypatch.setattr(ChunkWork, "__call__", opened)
    assert cli("video", "--resume", "--out=a.mp4").code != 0
    run = cli("video", "--resume", "--out=a.mp4", "--cluster=local")
    assert run.code == 0, run.err
    assert (place / "a.mp4").read_bytes() == (place / "whole.mp4").read_bytes()


def test_a_loop_is_refused(cli: Cli, place: Path) -> None:
    run = cli("video", "clip.mp4", "art.png", "--loop", "--cluster", "local", "-o", "a.mp4")
    assert run.code == 2
    assert "--loop needs the whole clip in one process" in run.err
