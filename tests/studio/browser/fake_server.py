"""A small server with the studio's API and simple generated pictures: fast, and without torch.

Run it by hand to work on the page: ``python tests/studio/browser/fake_server.py [port]``.
"""

from __future__ import annotations

import json
import re
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from fake_clips import ClipRoutes, FakeClips
from fake_gallery import FakeGallery
from fake_jobs import FakeJobs
from fake_pictures import FakePictures, encode, fast, samples
from fake_recipe import PRESETS, SCHEMA, full_recipe, painted_size, preset_fields, preset_variants, validate

STATIC = Path(__file__).resolve().parents[3] / "src" / "impasto" / "studio" / "static"
TRAINED = [
    {
        "name": name,
        "title": name.title(),
        "credit": "A painter, 1900; a museum",
        "thumb": f"static/styles/{name}.webp",
    }
    for name in ("two-poplars", "baby-cradle")
]
POLICY = "default-src 'self'; img-src 'self' blob: data:"
KINDS = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
}


class ApiFailure(Exception):
    """An error response: status and message."""

    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.status = status


class FakeStudio:
    """The state of the fake server, and all requests as (method, path, body)."""

    def __init__(self) -> None:
        self.pictures = FakePictures()
        self.samples = samples(self.pictures)
        self.clips = FakeClips(self.pictures)
        self.no_clips: str | None = None
        self.jobs = FakeJobs(self.pictures)
        self.gallery = FakeGallery(self.jobs)
        self.requests: list[tuple[str, str, Any]] = []
        self.fast_seconds = 0.03
        self.step_seconds = 0.25
        self.plan_seconds = 0.0
        self.speed = 2e6  # pixels a second
        self.fitting_side = 6000

    def bodies_of(self, method: str, pattern: str) -> list[Any]:
        """Bodies of the requests whose path matches, oldest first."""
        return [body for verb, path, body in self.requests if verb == method and re.fullmatch(pattern, path)]

    def info(self) -> dict[str, Any]:
        return {
            "version": "0.0-fake",
            "device": "cpu",
            "fast": True,
            "recipe_schema": SCHEMA,
            "presets": PRESETS,
            "limits": {
                "bytes": 20_000_000,
                "pixels": 20_000_000,
                "clip_bytes": 20_000_000,
                "clip_seconds": 600,
                "styles": 4,
                "queue": 20,
            },
            "clips": self.no_clips,
            "preset_fields": preset_fields(),
            "preset_variants": preset_variants(),
            "samples": self.samples,
            "trained_styles": TRAINED,
        }

    def plan(self, body: dict[str, Any]) -> dict[str, Any]:
        time.sleep(self.plan_seconds)
        recipe = full_recipe(body["recipe"])
        if message := validate(recipe):
            raise ApiFailure(422, message)
        width, height = painted_size(recipe, self.pictures[body["content"]].size)
        side, steps = max(width, height), {"draft": 40, "normal": 80, "high": 160}[recipe["quality"]]
        return {
            "width": width,
            "height": height,
            "one_pass_seconds": side * max(64, min(width, height)) / 5e5,
            "tile": 1024 if side > 3000 else None,
            "scales": [[side // 2, side // 2], [side, side]],
            "steps": steps,
            "seconds": steps * side * side / self.speed,
            "memory_bytes": 450_000_000 + side * side * 800,
            "available_bytes": 6_000_000_000,
            "fits": side < self.fitting_side,
            "largest_size": None if side < self.fitting_side else self.fitting_side - 1,
        }

    def start(self, body: dict[str, Any]) -> dict[str, Any]:
        steps = self.plan(body)["steps"]
        return self.jobs.start(body, full_recipe(body["recipe"]), steps, self.step_seconds)

    def start_clip(self, body: dict[str, Any]) -> dict[str, Any]:
        steps = self.clips.plan(body)["frames"]
        return self.jobs.start(body, full_recipe(body["recipe"]), steps, self.step_seconds)

    def replay(self, data: bytes) -> dict[str, Any]:
        settings = self.jobs.embedded_recipe(data)
        if settings is None:
            raise ApiFailure(422, "This picture contains no impasto recipe.")
        return settings


class Handler(ClipRoutes, BaseHTTPRequestHandler):
    """One request; ``server.studio`` holds the state."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        """Log nothing."""

    def answer(self, status: int, kind: str, data: bytes, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Content-Security-Policy", POLICY)
        for name, value in {"Cache-Control": "no-store", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def json(self, value: object, status: int = 200) -> None:
        self.answer(status, "application/json", json.dumps(value).encode())

    def handle_any(self) -> None:
        parts = urlsplit(self.path)
        body: Any = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("Content-Type", "").startswith("application/json"):
            body = json.loads(body)
        path = unquote(parts.path)
        self.studio.requests.append((self.command, path, body))
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        try:
            self.route(path, query, body)
        except ApiFailure as failure:
            self.json({"error": str(failure)}, failure.status)
        except KeyError as error:
            self.json({"error": f"There is no {error}."}, 404)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PATCH = do_DELETE = handle_any

    def route(self, path: str, query: dict[str, str], body: Any) -> None:
        studio = self.studio
        if path == "/" or path.startswith("/static/"):
            self.static(path)
        elif path == "/api/info":
            self.json(studio.info())
        elif path == "/api/pictures":
            self.upload(body)
        elif match := re.fullmatch(r"/api/pictures/(\w+)", path):
            image = studio.pictures.sized(match[1], query.get("size"))
            self.answer(200, "image/png", encode(image, "png"), Cache_Control="max-age=3600")
        elif path == "/api/fast":
            time.sleep(studio.fast_seconds)
            if "at" in body:
                body = {**body, "content": studio.clips.frame_key(body["content"], body["at"])}
            kind = body.get("format") or "webp"
            self.answer(200, f"image/{kind}", encode(fast(studio.pictures, body), kind))
        elif path == "/api/plan":
            self.json(studio.plan(body))
        elif path == "/api/replay":
            self.json(studio.replay(body))
        elif path.startswith("/api/clips"):
            self.clips(path.split("/")[3:], query, body)
        elif re.match("/api/(results|trash|bundles)", path):
            self.gallery(path.removeprefix("/api/"), body)
        elif path.startswith("/api/jobs"):
            self.jobs(path.split("/")[3:], query, body)
        else:
            raise ApiFailure(404, "There is no such address.")

    def static(self, path: str) -> None:
        file = STATIC / ("index.html" if path == "/" else path.removeprefix("/static/"))
        if not file.is_file():
            raise ApiFailure(404, f"There is no {path}.")
        self.answer(200, KINDS[file.suffix], file.read_bytes())

    def upload(self, body: bytes) -> None:
        try:
            picture = self.studio.pictures.add(body, unquote(self.headers.get("X-Name", "picture")))
        except OSError:
            raise ApiFailure(415, "This file is not a picture that the studio can read.") from None
        self.json(picture)

    def gallery(self, path: str, body: Any) -> None:
        gallery = self.studio.gallery
        if path == "results/fast":
            return self.json(gallery.keep(body), 201)
        if path == "results":
            name = unquote(self.headers.get("X-Name", "picture"))
            job = gallery.import_result(body, name)
            if job is None:
                raise ApiFailure(422, f"'{name}' contains no recipe of impasto.")
            return self.json(job, 201)
        if path.startswith("trash"):
            return self.json(gallery.trash(body["ids"], path == "trash"))
        if path == "bundles":
            return self.json(gallery.bundle(body), 201)
        return self.answer(200, "application/zip", gallery.archive(int(path.rpartition("/")[2])))

    def jobs(self, rest: list[str], query: dict[str, str], body: Any) -> None:
        jobs = self.studio.jobs
        if not rest:
            if self.command == "POST":
                return self.json(self.studio.start(body), 201)
            limit, favourites = int(query.get("limit", 50)), "favourites" in query
            page = self.studio.gallery.page
            return self.json(page(query.get("cursor"), limit, query.get("search", ""), favourites))
        job = jobs[rest[0]]
        verb = rest[1] if len(rest) > 1 else ""
        if verb == "events":
            return self.stream(job.events())
        if verb in ("preview", "picture"):
            data, kind = job.picture(verb, query.get("format", "webp"), query.get("size"))
            return self.answer(200, kind, data)
        if verb in ("clip", "original"):
            clips, key = self.studio.clips, job.body["content"]
            return self.ranged("video/mp4", clips.files[key] if verb == "original" else clips.painted(key))
        if verb:
            job.act(verb)
        elif self.command == "PATCH":
            job.change(body)
        elif self.command == "DELETE":
            jobs.delete(rest[0])
            return self.answer(204, "text/plain", b"")
        return self.json(job.json(losses=not verb))

    def stream(self, events: Iterator[tuple[str, Any]]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        for number, (name, data) in enumerate(events):
            self.wfile.write(f"id: {number}\nevent: {name}\ndata: {json.dumps(data)}\n\n".encode())
            self.wfile.flush()


def serve(port: int = 0) -> tuple[ThreadingHTTPServer, FakeStudio]:
    """Start on 127.0.0.1 in a thread; returns the server (its address, `shutdown`) and the state."""
    studio = FakeStudio()
    handler = type("BoundHandler", (Handler,), {"studio": studio})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, studio


if __name__ == "__main__":
    running, state = serve(int(sys.argv[1]) if len(sys.argv) > 1 else 8777)
    state.step_seconds = 0.1
    for argument in sys.argv[2:]:
        kind, _, file = argument.partition("=")
        added = state.pictures.add(Path(file).read_bytes(), Path(file).stem)
        entry = {"id": added["id"], "name": Path(file).stem, "credit": "", "kind": kind}
        state.samples = [entry, *state.samples]
    print(f"http://127.0.0.1:{running.server_port}")
    threading.Event().wait()
