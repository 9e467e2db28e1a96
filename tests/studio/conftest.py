"""Three kinds of studio for tests: with real worker processes, without any, and as a server that can be killed."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy
import pytest
from PIL import Image

pytest.importorskip("fastapi")
pytest.importorskip("sse_starlette")

from impasto.studio.processes import ChildProcess
from impasto.studio.service import StudioService
from impasto.studio.settings import Limits, StudioSettings

SOURCE = str(Path(__file__).resolve().parents[2] / "src")
OPEN = Limits(rate=1e9, burst=10**9)
LIMITS = Limits(
    rate=1e9,
    burst=10**9,
    upload_bytes=3_000_000,
    upload_pixels=2_000_000,
    clip_bytes=5_000_000,
    clip_seconds=60.0,
)
PNG = {"content-type": "image/png"}
TINY = {"encoder": "tiny", "size": 32, "steps": 3, "precision": "float32"}


def picture(seed: int = 0, width: int = 48, height: int = 36, kind: str = "PNG", mode: str = "RGB") -> bytes:
    """Return the file of a picture of soft blotches."""
    rng = numpy.random.default_rng(seed)
    small = Image.fromarray((rng.random((6, 8, 4)) * 255).astype("uint8")).convert(mode)
    buffer = io.BytesIO()
    small.resize((width, height), Image.Resampling.BICUBIC).save(buffer, kind)
    return buffer.getvalue()


@dataclass
class ApiResponse:
    """A response."""

    status: int
    body: bytes
    headers: Any

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """A client for the API, with the standard library only."""

    def __init__(self, url: str) -> None:
        self.url = url.partition("?")[0].rstrip("/")

    def ask(self, method: str, path: str, data: object = None, **headers: str) -> ApiResponse:
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if data is not None and not isinstance(data, bytes):
            data, headers = json.dumps(data).encode(), {"content-type": "application/json", **headers}
        request = urllib.request.Request(f"{self.url}{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=300) as answer:
                return ApiResponse(answer.status, answer.read(), answer.headers)
        except urllib.error.HTTPError as error:
            return ApiResponse(error.code, error.read(), error.headers)

    def send(self, data: bytes) -> str:
        """Send a PNG; return its id."""
        answer = self.ask("POST", "/api/pictures", data, content_type="image/png")
        assert answer.status == 200, answer.body
        return answer.json["id"]

    def queue(self, content: str, styles: list[str], **recipe: object) -> str:
        """Queue a small job; return its id."""
        body = {"content": content, "styles": styles, "recipe": {**TINY, **recipe}}
        answer = self.ask("POST", "/api/jobs", body)
        assert answer.status == 201, answer.body
        return answer.json["id"]

    def job(self, name: str) -> dict[str, Any]:
        return self.ask("GET", f"/api/jobs/{name}").json

    def wait(self, name: str, *states: str, step: int = 0, seconds: float = 90) -> dict[str, Any]:
        """Return the job as soon as it has one of the states and reached the step."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            job = self.job(name)
            if job["state"] in states and job["step"] >= step:
                return job
            assert job["state"] not in {"failed"} - set(states), job
            time.sleep(0.02)
        raise AssertionError(f"still {job}")


class Running:
    """A server in its own process."""

    def __init__(self, data: Path, *words: str) -> None:
        self.data, self.words = data, words
        self.start()

    def start(self) -> None:
        command = [
            sys.executable,
            "-m",
            "impasto",
            "studio",
            "--no-open",
            "--port",
            "0",
            "--data",
            str(self.data),
        ]
        environment = {**os.environ, "PYTHONPATH": SOURCE, "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [*command, *self.words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env=environment,
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        assert self.url.startswith("http://"), self.process.communicate()[1]
        self.client = Client(self.url)

    def worker_pids(self) -> list[int]:
        """The ids of the processes that work for the server, forks of one that it started, from /proc."""
        parents = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        return sorted(pid for pid, parent in parents.items() if parents.get(parent) == self.process.pid)

    def painter_pid(self) -> int:
        """The id of the process that paints, which has a lower priority than the others."""
        return max(self.worker_pids(), key=lambda pid: os.getpriority(os.PRIO_PROCESS, pid))

    def kill(self) -> None:
        """Kill the server."""
        self.process.kill()
        self.close()

    def stop(self) -> int:
        """Stop the server as Ctrl-C does; return the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.close()

    def close(self) -> int:
        self.process.communicate(timeout=60)
        return self.process.returncode


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One server for all tests that kill or call it, because it starts slowly; each leaves it running and idle."""
    server = Running(tmp_path_factory.mktemp("running") / "data")
    yield server
    assert server.stop() == 0


@pytest.fixture(scope="session")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The API with real processes."""
    from fastapi.testclient import TestClient

    from impasto.studio.app import create_app

    studio = StudioService(StudioSettings(tmp_path_factory.mktemp("studio"), limits=LIMITS))
    app = create_app(studio)
    with TestClient(app, base_url="http://127.0.0.1:7878", raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def idle_studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StudioService]:
    """A studio whose processes never start; tests report in their place, through `FakeWorker`."""
    monkeypatch.setattr(ChildProcess, "start", lambda self: None)
    studio = StudioService(StudioSettings(tmp_path / "data", limits=OPEN))
    studio.pictures.add_samples()
    yield studio
    studio.database.close()


@pytest.fixture
def worker(idle_studio: StudioService) -> Any:
    """The fake worker of ``idle_studio``, ready to paint."""
    from .fake_worker import FakeWorker

    worker = FakeWorker(idle_studio)
    worker.report("ready", "cpu", 1)
    return worker


@pytest.fixture(scope="session")
def photo(api) -> str:
    return api.post("/api/pictures", content=picture(0), headers=PNG).json()["id"]


@pytest.fixture(scope="session")
def art(api) -> str:
    return api.post("/api/pictures", content=picture(1, 40, 40), headers=PNG).json()["id"]


def wait(api, name: str, *states: str, seconds: float = 90) -> dict:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        job = api.get(f"/api/jobs/{name}").json()
        if job["state"] in states:
            return job
        time.sleep(0.02)
    raise AssertionError(job)


@pytest.fixture(scope="session")
def done(api, photo, art) -> dict:
    """A job that was painted."""
    body = {"content": photo, "styles": [art], "recipe": TINY, "guides": {"masks": ["left"]}}
    job = api.post("/api/jobs", json=body)
    assert job.status_code == 201, job.text
    return wait(api, job.json()["id"], "done", "failed")
