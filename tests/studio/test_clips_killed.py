"""A server and its worker, killed while they paint a clip: it goes on from the kept frames, to the same bytes."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

pytest.importorskip("cv2", exc_type=ImportError)

from ..video.clips import make_clip
from .conftest import Running, picture

pytestmark = pytest.mark.timeout(900)
# Enough to be interrupted twice.
FRAMES = 140


def test_a_killed_clip_goes_on_to_the_same_bytes(running: Running, tmp_path: Path) -> None:
    client = running.client
    source = make_clip(tmp_path / "long.mp4", frames=FRAMES, size=(32, 48)).read_bytes()
    clip = client.ask("POST", "/api/clips", source, content_type="video/mp4", x_name="long.mp4").json
    order = {"content": clip["id"], "styles": [client.send(picture(1))], "recipe": {"size": 48}}

    def queue() -> str:
        answer = client.ask("POST", "/api/clips/jobs", order)
        assert answer.status == 201, answer.body
        return answer.json["id"]

    job = queue()
    client.wait(job, "running", step=20, seconds=300)
    paused = client.ask("POST", f"/api/jobs/{job}/pause").json
    assert (paused["state"], paused["steps"]) == ("paused", FRAMES)
    before = paused["step"]
    client.ask("POST", f"/api/jobs/{job}/resume")
    client.wait(job, "running", step=before + 1, seconds=300)
    os.kill(running.painter_pid(), signal.SIGKILL)
    assert client.wait(job, "running", "done", step=before + 1, seconds=300)["steps"] == FRAMES
    running.kill()
    assert not (running.data / "jobs" / job / "picture.png").exists()
    running.start()
    client = running.client
    assert client.job(job)["step"] >= before
    assert client.wait(job, "done", seconds=600)["step"] == FRAMES
    whole = queue()
    client.wait(whole, "done", seconds=600)
    clips = [client.ask("GET", f"/api/jobs/{name}/clip").body for name in (job, whole)]
    assert clips[0] == clips[1]
