"""Servers and workers that are killed, stopped and restarted: no job is lost."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import torch
from PIL import Image

from impasto.optimize.checkpoint import read_checkpoint

from .conftest import Running, picture

pytestmark = pytest.mark.timeout(400)
# A job that never ends, and one that is long enough to be interrupted.
ENDLESS = {"steps": 1_000_000, "size": 48}
LONG = {"steps": 300, "size": 48}


def values(path) -> torch.Tensor:
    with Image.open(path) as image:
        return torch.tensor(list(image.convert("RGB").tobytes()), dtype=torch.int)


def begun(running: Running, **recipe) -> str:
    client = running.client
    photo, art = client.send(picture(0)), client.send(picture(1, 40, 40))
    name = client.queue(photo, [art], **{**ENDLESS, **recipe})
    client.wait(name, "running", step=1, seconds=300)
    return name


def kill_worker(running: Running) -> int:
    """Kill the worker; return its process id."""
    pid = running.painter_pid()
    os.kill(pid, signal.SIGKILL)
    return pid


def painted(running: Running, name: str) -> int:
    """The number of steps in a job's checkpoint."""
    return int(read_checkpoint(running.data / "jobs" / name / "checkpoint").state["steps_done"])


def paused(running: Running, name: str) -> int:
    """Pause a job, which writes its checkpoint; return the checkpoint's steps."""
    assert running.client.ask("POST", f"/api/jobs/{name}/pause").status == 200
    running.client.wait(name, "paused")  # the answer does not wait longer for a busy machine
    return painted(running, name)


def assert_resumes(running: Running, name: str, before: int) -> None:
    """The job continues from its checkpoint, and its picture can be kept."""
    client = running.client
    client.wait(name, "running", step=before + 1, seconds=300)
    assert paused(running, name) >= before  # a restarted job would have fewer steps
    client.ask("POST", f"/api/jobs/{name}/resume")
    client.wait(name, "running", seconds=100)
    stopped = client.ask("POST", f"/api/jobs/{name}/keep").json
    assert (stopped["state"], stopped["has_picture"], stopped["error"]) == ("stopped", True, None)


def sources(running: Running, name: str) -> tuple[str, list[str]]:
    job = running.client.job(name)
    return job["content"], job["styles"]


def alive(pid: int) -> bool:
    """Whether a process still has open files; a zombie has none."""
    try:
        return any(Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return False


def wait_for(true, seconds: float = 100) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_second_studio_in_the_same_folder_is_refused(running: Running) -> None:
    with pytest.raises(AssertionError, match="Another studio runs"):
        Running(running.data)


def test_live_control_keep_and_forget(running: Running) -> None:
    client = running.client
    name = begun(running)
    changed = client.ask("PATCH", f"/api/jobs/{name}", {"strength": 1.2}).json
    assert (changed["state"], changed["recipe"]["strength"]) == ("running", 1.2)
    stopped = client.ask("POST", f"/api/jobs/{name}/keep").json
    assert (stopped["state"], stopped["has_picture"]) == ("stopped", True)
    whole = client.ask("GET", f"/api/jobs/{name}/picture").body
    replay = client.ask("POST", "/api/replay", whole, content_type="image/png").json
    assert replay["recipe"]["strength"] == 1.2
    other = client.queue(*sources(running, name), steps=1_000_000)
    client.wait(other, "running", step=1, seconds=100)
    assert client.ask("DELETE", f"/api/jobs/{other}").status == 204
    assert client.ask("GET", f"/api/jobs/{other}").status == 404
    assert not (running.data / "jobs" / other).exists()
    third = client.queue(*sources(running, name))
    assert client.wait(third, "done", seconds=100)["has_picture"]


def test_ctrl_c_saves_and_the_next_start_ends_in_the_same_picture(running: Running) -> None:
    client = running.client
    name = begun(running, **LONG)
    photo, art = sources(running, name)
    client.wait(name, "running", step=30, seconds=200)
    assert running.stop() == 0
    assert running.worker_pids() == []
    assert (running.data / "jobs" / name / "checkpoint").is_file()
    running.start()
    client = running.client
    assert client.job(name)["step"] >= 30
    client.wait(name, "done", seconds=300)
    whole = client.queue(photo, art, **LONG)
    client.wait(whole, "done", seconds=300)
    pictures = [values(running.data / "jobs" / job / "picture.png") for job in (name, whole)]
    assert torch.equal(*pictures)


def test_a_killed_job_resumes_from_its_checkpoint(running: Running) -> None:
    """Kill the worker, then the server: queue, order, history and progress survive."""
    client = running.client
    name = begun(running)
    photo, art = sources(running, name)
    before = paused(running, name)  # pausing writes a checkpoint at once
    client.ask("POST", f"/api/jobs/{name}/resume")
    client.wait(name, "running", step=before + 1)
    second = client.queue(photo, art, seed=2)
    third = client.queue(photo, art, seed=3)
    assert client.ask("PATCH", f"/api/jobs/{name}", {"strength": 0.9}).status == 200
    killed = kill_worker(running)
    wait_for(lambda: killed not in running.worker_pids())
    client.wait(name, "queued", seconds=100)  # until there is another worker
    client.wait(name, "running", step=before + 1, seconds=300)
    orphans = running.worker_pids()
    running.kill()
    wait_for(lambda: not any(alive(pid) for pid in orphans))
    before = max(before, painted(running, name))
    running.start()
    client = running.client
    jobs = client.ask("GET", "/api/jobs").json["jobs"]
    assert [job["id"] for job in jobs[:3]] == [third, second, name]
    assert client.job(name)["recipe"]["strength"] == 0.9
    assert_resumes(running, name, before)
    assert [client.wait(job, "done", seconds=300)["error"] for job in (second, third)] == [None] * 2


def test_the_end_in_the_middle_of_everything(running: Running) -> None:
    """SIGTERM during an upload, a slow head, a stream and a job: an end in order, and no file is half there."""
    client, address = running.client, ("127.0.0.1", urlsplit(running.url).port)
    job = begun(running)
    upload, head = (socket.create_connection(address, 60) for _ in range(2))
    begin = f"POST /api/pictures HTTP/1.1\r\nHost: 127.0.0.1:{address[1]}\r\nContent-Type: image/png\r\n"
    upload.sendall(f"{begin}Content-Length: 100000\r\n\r\n".encode() + b"x" * 500)
    head.sendall(b"GET / HTTP/1.1\r\nHost: ")
    streams: list[bytes] = []
    follower = threading.Thread(
        target=lambda: streams.append(client.ask("GET", f"/api/jobs/{job}/events").body), daemon=True
    )
    follower.start()
    time.sleep(0.5)
    running.process.send_signal(signal.SIGTERM)
    _, said = running.process.communicate(timeout=60)
    assert "Traceback" not in said
    assert running.process.returncode in (0, -signal.SIGTERM)
    assert upload.recv(100).startswith(b"HTTP/1.1 503")
    upload.close()
    head.close()
    follower.join(30)
    assert b"event: state" in streams[0]
    assert list((running.data / "uploads").iterdir()) == []
    running.start()
    running.client.wait(job, "running", step=1, seconds=200)
    assert running.client.ask("DELETE", f"/api/jobs/{job}").status == 204
