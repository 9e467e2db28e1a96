"""Jobs of the fake server: threads count steps with falling losses and previews, one job at a time."""

from __future__ import annotations

import io
import json
import math
import threading
import time
from collections.abc import Iterator
from typing import Any

from fake_pictures import MEDIA, FakePictures, encode, fast
from fake_recipe import painted_size
from PIL import Image, PngImagePlugin

ENDED = ("done", "stopped", "failed")


class FakeJob:
    """One job."""

    def __init__(
        self,
        number: int,
        store: FakePictures,
        body: dict[str, Any],
        recipe: dict[str, Any],
        steps: int,
        pace: float,
    ):
        self.id = f"job{number:04d}"
        self.store, self.body, self.recipe, self.steps, self.pace = store, body, recipe, steps, pace
        self.state, self.step = "queued", 0
        self.position: int | None = None
        self.created = time.time()
        self.losses: list[tuple[int, float]] = []
        self.has_picture = False
        self.error: str | None = None
        self.changed = threading.Condition()
        self.favourite = self.one_pass = self.deleted = False
        self.trained: str | None = body.get("trained")
        self.name = self.default_name()

    def default_name(self) -> str:
        """Return the names of photo and styles."""
        ids = [self.body["content"], *self.body["styles"], self.trained]
        return ", ".join(self.store.names.get(key, key) for key in ids if key)

    def json(self, losses: bool = False) -> dict[str, Any]:
        """Return the job in the API's format."""
        photo = self.store[self.body["content"]]
        scale = self.recipe["size"] and painted_size(self.recipe, photo.size)
        fields = {
            "id": self.id,
            "name": self.name,
            "favourite": self.favourite,
            "one_pass": self.one_pass,
            "trained": self.trained,
            "clip": self.body.get("clip"),
            "speed": 1 / self.pace if self.body.get("clip") and self.state == "running" else None,
            "state": self.state,
            "position": self.position,
            "created": self.created,
            "error": self.error,
            "recipe": self.recipe,
            "guides": self.body.get("guides") or {},
            "content": self.body["content"],
            "styles": self.body["styles"],
            "step": self.step,
            "steps": self.steps,
            "scale": scale,
            "loss": self.losses[-1][1] if self.losses else None,
            "has_picture": self.has_picture,
            "seconds_left": (self.steps - self.step) * self.pace,
            "thumb": f"api/jobs/{self.id}/picture?size=256",
        }
        return {**fields, "losses": self.losses} if losses else fields

    def _set(self, **values: Any) -> None:
        with self.changed:
            self.__dict__.update(values)
            self.changed.notify_all()

    def run(self) -> None:
        """Count the steps until the end or a stop request."""
        if self.state == "queued":
            self._set(state="running", position=None)
        while self.state not in ENDED and self.step < self.steps:
            time.sleep(self.pace)
            if self.state == "running":
                loss = 10 * math.exp(-3 * self.step / self.steps) + 0.5
                self._set(step=self.step + 1, losses=[*self.losses, (self.step + 1, loss)])
        if self.state not in ENDED:
            self._set(state="done", has_picture=True)

    def act(self, verb: str) -> None:
        """Pause, resume, cancel or keep the job."""
        if self.state not in ENDED:
            new = {"pause": "paused", "resume": "running", "cancel": "stopped", "keep": "stopped"}[verb]
            self._set(state=new, has_picture=verb == "keep")

    def change(self, values: dict[str, Any]) -> None:
        """Change name, favourite, strength or mix."""
        if "name" in values:
            self.name = values.pop("name") or self.default_name()
        self.favourite = values.pop("favourite", self.favourite)
        self._set(recipe={**self.recipe, **values})

    def events(self) -> Iterator[tuple[str, Any]]:
        """Yield the state, then all events until the end."""
        yield "state", self.json()
        state, step, shown = self.state, self.step, -1
        while True:
            with self.changed:
                self.changed.wait(0.5)
            if self.step != step:
                step = self.step
                job = self.json()
                yield (
                    "step",
                    {name: job[name] for name in ("step", "steps", "loss", "scale", "seconds_left", "speed")},
                )
            if step != shown and step:
                shown = step
                yield "preview", {"url": f"api/jobs/{self.id}/preview?v={step}"}
            if self.state != state:
                state = self.state
                yield "state", self.json()
            if state in ENDED:
                yield "done", self.json()
                return

    def _image(self) -> Image.Image:
        size = min(640, self.recipe["size"] if isinstance(self.recipe["size"], int) else 640)
        body = {**self.body, **(self.body.get("guides") or {}), "size": size, "mix": self.recipe["mix"]}
        body["trained"] = self.trained
        share = 0.3 + 0.7 * self.step / self.steps
        return fast(
            self.store, {**body, "strength": self.recipe["strength"] * share, "colors": self.recipe["colors"]}
        )

    def picture(self, verb: str, kind: str, size: str | None) -> tuple[bytes, str]:
        """Return the picture so far or the finished one; a PNG contains the recipe."""
        image = self._image()
        if size:
            image.thumbnail((int(size), int(size)))
        if kind != "png":
            return encode(image, kind), MEDIA[kind]
        info = PngImagePlugin.PngInfo()
        info.add_text("impasto", json.dumps({**self.body, "recipe": self.recipe}))
        return encode(image, "png", pnginfo=info), MEDIA["png"]


class FakeJobs:
    """All jobs, and one worker."""

    def __init__(self, store: FakePictures):
        self._store = store
        self._jobs: dict[str, FakeJob] = {}
        self._worker = threading.Lock()

    def __getitem__(self, key: str) -> FakeJob:
        return self._jobs[key]

    def start(self, body: dict[str, Any], recipe: dict[str, Any], steps: int, pace: float) -> dict[str, Any]:
        """Queue a job."""
        job = FakeJob(len(self._jobs) + 1, self._store, body, recipe, steps, pace)
        job.position = 1 + sum(other.state == "queued" for other in self._jobs.values())
        self._jobs[job.id] = job
        threading.Thread(target=self._work, args=(job,), daemon=True).start()
        return job.json()

    def _work(self, job: FakeJob) -> None:
        with self._worker:
            job.run()

    def all(self) -> list[FakeJob]:
        """Return all jobs, oldest first."""
        return list(self._jobs.values())

    def finished(
        self, body: dict[str, Any], recipe: dict[str, Any], one_pass: bool = False, trained: str | None = None
    ) -> FakeJob:
        """Add a finished job."""
        job = FakeJob(len(self._jobs) + 1, self._store, body, recipe, 1, 0.0)
        job.state, job.step, job.has_picture = "done", 1, True
        job.one_pass, job.trained = one_pass, trained
        job.name = job.default_name()
        self._jobs[job.id] = job
        return job

    def delete(self, key: str) -> None:
        """Cancel and delete a job."""
        self._jobs.pop(key).act("cancel")

    @staticmethod
    def embedded_recipe(data: bytes) -> dict[str, Any] | None:
        """Return the recipe inside a picture, None if there is none."""
        text = Image.open(io.BytesIO(data)).info.get("impasto")
        return json.loads(text) if text else None
