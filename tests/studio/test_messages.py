"""Messages name pictures as their owners do, never by a path of the server."""

from __future__ import annotations

import logging
import re
from types import SimpleNamespace

import pytest

from impasto.errors import RecipeError
from impasto.studio import clip_process
from impasto.studio.errors import RequestError
from impasto.studio.logs import Sentences
from impasto.studio.requests import replay_settings

from .conftest import TINY, picture, wait


def send(api, seed: int, name: str, **shape) -> str:
    headers = {"content-type": "image/png", "x-name": name}
    return api.post("/api/pictures", content=picture(seed, **shape), headers=headers).json()["id"]


@pytest.fixture(scope="module")
def folder(api):
    return api.app.state.studio.folder


@pytest.fixture(scope="module")
def damaged(api, folder) -> str:
    """A picture whose file was damaged after the upload."""
    picture_id = send(api, 50, "harbour.png")
    folder.picture(picture_id).write_bytes(b"\x89PNG\r\n\x1a\nnot a picture")
    return picture_id


def check(message: str, folder, *names: str) -> None:
    assert str(folder.root) not in message
    assert not re.search("[0-9a-f]{32}", message)
    assert all(name in message for name in names), message


@pytest.mark.parametrize("path", ["fast", "plan"])
@pytest.mark.parametrize("place", ["content", "styles", "masks", "protect"])
def test_a_damaged_picture_is_named(api, photo, art, damaged, folder, path, place) -> None:
    value = [damaged] if place in ("styles", "masks") else damaged
    guides = {place: value} if place in ("masks", "protect") else {}
    body = {"content": photo, "styles": [art], **({place: value} if not guides else {})}
    if path == "fast":
        body |= {"size": 64, **guides}
    else:
        body |= {"recipe": TINY, "guides": guides}
    answer = api.post(f"/api/{path}", json=body)
    if answer.status_code != 200:  # a plan opens only what it needs to
        check(answer.json()["error"], folder, "'harbour.png'")
    else:
        assert path == "plan"


def test_a_damaged_picture_is_named_where_it_is_shown_and_by_jobs(api, art, damaged, folder) -> None:
    check(api.get(f"/api/pictures/{damaged}?size=64").json()["error"], folder, "'harbour.png'")
    job = api.post("/api/jobs", json={"content": damaged, "styles": [art], "recipe": TINY}).json()
    check(wait(api, job["id"], "failed")["error"], folder, "'harbour.png'")


def test_a_mask_of_another_aspect_is_named(api, photo, art, folder) -> None:
    mask = send(api, 51, "wide mask.png", width=90, height=30, mode="L")
    body = {"content": photo, "styles": [art], "masks": [mask], "size": 64}
    check(api.post("/api/fast", json=body).json()["error"], folder, "The mask 'wide mask.png' is 90x30")


def test_a_damaged_painting_is_called_picture(api, photo, art, folder) -> None:
    job = api.post("/api/jobs", json={"content": photo, "styles": [art], "recipe": TINY}).json()
    wait(api, job["id"], "done")
    folder.result(job["id"]).write_bytes(b"nothing")
    for query in ("size=64", "format=jpeg"):
        answer = api.get(f"/api/jobs/{job['id']}/picture?{query}")
        assert answer.status_code == 422
        check(answer.json()["error"], folder, "'picture.png'")


def test_a_clip_without_frames_is_named(tmp_path, monkeypatch) -> None:
    path = tmp_path / ("a" * 32)
    info = SimpleNamespace(path=path, width=8, height=8, duration=1)
    monkeypatch.setattr(
        clip_process, "open_clip", lambda _: SimpleNamespace(info=info, frames=lambda _: iter(()))
    )
    monkeypatch.setattr(clip_process, "measure", lambda _: (5, 1.0))
    with pytest.raises(RequestError, match=r"'harbour\.mp4' has no frame") as error:
        clip_process.check_clip(path, "harbour.mp4", 100, 60)
    assert error.value.status == 422


@pytest.mark.parametrize("stored", [{"recipe": {}, "trained": [1]}, {"recipe": {"network": [1]}}])
def test_settings_of_a_picture_that_make_no_sense_are_refused(idle_studio, stored) -> None:
    with pytest.raises(RecipeError):
        replay_settings(idle_studio.pictures, stored)


def test_a_path_with_a_line_feed_is_one_line_of_the_log() -> None:
    record = logging.makeLogRecord({"msg": "request", "fields": {"path": "/a\nimpasto: request \N{SNOWMAN}"}})
    assert Sentences().format(record) == "impasto: request path=/a\\nimpasto: request \N{SNOWMAN}"
