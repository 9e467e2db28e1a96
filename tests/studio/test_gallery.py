"""The gallery's API: names, favourites, search, pictures without a job, archives, and the trash."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from types import SimpleNamespace

import pytest
from PIL import Image

from impasto.studio import archive as archives
from impasto.studio.bundles import MISSING, Bundle, Bundles, file_names
from impasto.studio.job_words import query_words, stem
from impasto.studio.trash import TRASH_SECONDS

from .conftest import PNG, TINY, picture, wait
from .fake_worker import body, states

JPEG = {"content-type": "image/jpeg"}


@pytest.fixture(scope="module")
def two(api, photo, art) -> list[dict]:
    """Two finished jobs with the same name."""
    jobs = []
    for strength in (0.25, 1.75):
        recipe = {**TINY, "strength": strength}
        job = api.post("/api/jobs", json={"content": photo, "styles": [art], "recipe": recipe}).json()
        jobs.append(wait(api, job["id"], "done", "failed"))
        api.patch(f"/api/jobs/{job['id']}", json={"name": "Two/of *them?"})
    return jobs


def found(api, search: str, **query) -> set[str]:
    answer = api.get("/api/jobs", params={"search": search, "limit": 200, **query})
    return {job["id"] for job in answer.json()["jobs"]}


def test_a_job_is_named_after_its_pictures_until_it_gets_a_name(api) -> None:
    ids = [
        api.post("/api/pictures", content=picture(seed), headers={**PNG, "x-name": name}).json()["id"]
        for seed, name in ((11, "My%20harbour.png"), (12, "Dawn.v2"))
    ]
    job = api.post("/api/jobs", json={"content": ids[0], "styles": [ids[1]], "recipe": TINY}).json()
    assert job["name"] == "My harbour, Dawn"
    url = f"/api/jobs/{job['id']}"
    wait(api, job["id"], "done", "failed")
    named = api.patch(url, json={"name": "  Sea\x00 / sky  ", "favourite": True}).json()
    assert (named["name"], named["favourite"], named["state"]) == ("Sea sky", True, "done")
    assert api.get(url).json()["name"] == "Sea sky"
    assert job["id"] in found(api, "", favourites=True)
    assert api.patch(url, json={"name": "", "favourite": False}).json()["name"] == "My harbour, Dawn"
    assert job["id"] not in found(api, "", favourites=True)
    assert api.patch(url, json={"name": "x" * 121}).status_code == 422
    assert api.patch(url, json={"strength": 1}).status_code == 409


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"network": "any-live"}, "network any-live is only for viewing; files are painted by network any."),
        ({"at": 1.0}, "a frame of a clip is only for viewing, not for a file."),
        ({"format": "jpeg"}, "format: input should be 'png'."),
    ],
)
def test_only_files_of_the_fine_network_are_kept(api, photo, art, fields, message) -> None:
    answer = api.post("/api/results/fast", json={"content": photo, "styles": [art], "size": 32, **fields})
    assert (answer.status_code, answer.json()["error"].removeprefix("body: ")) == (422, message)


def test_search_looks_in_names_styles_and_settings(api, two) -> None:
    first, second = (job["id"] for job in two)
    assert {first, second} <= found(api, "THEM two")
    assert first in found(api, "strength 0.25")
    assert second not in found(api, "0.25")
    assert second in found(api, "strength 1.75")
    assert {first, second} <= found(api, "tiny")  # the encoder differs from the preset's
    assert found(api, "two nowhere") == set()
    assert found(api, "100%_") == set()  # not a pattern
    assert query_words("A  b c d e f g h i j") == list("abcdefgh")
    page = api.get("/api/jobs", params={"search": "them", "limit": 1}).json()
    following = api.get("/api/jobs", params={"search": "them", "limit": 1, "cursor": page["next"]}).json()
    assert {page["jobs"][0]["id"], following["jobs"][0]["id"]} == {first, second}
    assert following["next"] is None


def test_a_picture_of_one_pass_is_kept_with_its_recipe(api, photo, art) -> None:
    request = {"content": photo, "styles": [art], "strength": 0.75, "size": 64}
    answer = api.post("/api/results/fast", json=request)
    assert answer.status_code == 201, answer.text
    job = answer.json()
    assert (job["state"], job["one_pass"], job["has_picture"]) == ("done", True, True)
    assert (job["content"], job["styles"], job["scale"]) == (photo, [art], [64, 48])
    assert (job["recipe"]["strength"], job["recipe"]["size"]) == (0.75, 64)
    data = api.get(f"/api/jobs/{job['id']}/picture").content
    same = api.post("/api/fast", json={**request, "format": "png"}).content
    assert Image.open(io.BytesIO(data)).tobytes() == Image.open(io.BytesIO(same)).tobytes()
    assert json.loads(Image.open(io.BytesIO(data)).info["impasto"])["recipe"]["strength"] == 0.75
    assert job["id"] in found(api, "one pass")
    events = api.get(f"/api/jobs/{job['id']}/events").text
    assert "event: done" in events


def test_an_instant_style_is_kept_by_name(api, photo) -> None:
    style = api.get("/api/info").json()["trained_styles"][0]
    job = api.post("/api/results/fast", json={"content": photo, "trained": style["name"], "size": 64}).json()
    assert (job["trained"], job["styles"]) == (style["name"], [])
    assert style["title"] in job["name"]
    assert job["id"] in found(api, style["title"])


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_a_picture_with_its_recipe_comes_back_as_a_result(api, done, kind) -> None:
    data = api.get(f"/api/jobs/{done['id']}/picture?format={kind}").content
    headers = {"content-type": f"image/{kind}", "x-name": f"Evening%20sea-impasto.{kind}"}
    answer = api.post("/api/results", content=data, headers=headers)
    assert answer.status_code == 201, answer.text
    job = answer.json()
    assert (job["name"], job["state"], job["one_pass"]) == ("Evening sea", "done", False)
    same = ("recipe", "content", "styles", "guides", "scale")
    assert {name: job[name] for name in same} == {name: done[name] for name in same}
    stored = api.get(f"/api/jobs/{job['id']}/picture")
    assert stored.headers["content-type"] == "image/png"
    if kind == "png":
        assert stored.content == data
    assert json.loads(Image.open(io.BytesIO(stored.content)).info["impasto"])["recipe"]["encoder"] == "tiny"


@pytest.mark.parametrize(
    ("data", "headers", "status", "words"),
    [
        (picture(3), {**PNG, "x-name": "holiday.png"}, 422, "'holiday.png' contains no recipe of impasto"),
        (b"no picture", {**PNG, "x-name": "notes.png"}, 422, "notes.png"),
        (b"", PNG, 422, "empty"),
        (picture(3), {"content-type": "text/plain"}, 415, "content type"),
        (picture(3, 2000, 1500), PNG, 413, "megapixels"),
    ],
)
def test_what_is_not_a_result_is_refused_in_one_sentence(api, data, headers, status, words) -> None:
    before = len(found(api, ""))
    answer = api.post("/api/results", content=data, headers=headers)
    assert answer.status_code == status, answer.text
    assert words in answer.json()["error"]
    assert "/" not in answer.json()["error"].replace("image/...", "").replace("API", "")
    assert len(found(api, "")) == before


@pytest.mark.parametrize("kind", ["png", "jpeg"])
def test_an_archive_has_safe_unique_names_and_the_pictures(api, two, kind) -> None:
    ids = [job["id"] for job in two]
    answer = api.post("/api/bundles", json={"ids": [*ids, ids[0], "f" * 32], "format": kind, "name": "a/b"})
    assert answer.status_code == 201, answer.text
    assert answer.json()["count"] == 2
    response = api.get("/" + answer.json()["url"])
    assert response.headers["content-type"] == "application/zip"
    assert response.headers["content-disposition"] == "attachment; filename*=UTF-8''a-b.zip"
    archive = zipfile.ZipFile(io.BytesIO(response.content))
    assert archive.testzip() is None
    suffix = {"png": "png", "jpeg": "jpg"}[kind]
    assert archive.namelist() == [f"Two of them.{suffix}", f"Two of them-2.{suffix}"]
    for job_id, name in zip(ids, archive.namelist(), strict=True):
        assert archive.read(name) == api.get(f"/api/jobs/{job_id}/picture?format={kind}").content


def test_a_client_that_leaves_an_archive_causes_no_error(monkeypatch, tmp_path) -> None:
    (tmp_path / "picture.png").write_bytes(bytes(3_000_000))  # more than one part
    job = SimpleNamespace(name="a", clip=None, ended=1e9)
    monkeypatch.setattr(archives, "pictures_of", lambda *_: [job])
    monkeypatch.setattr(archives, "file_of", lambda *_: tmp_path / "picture.png")

    async def leave() -> None:
        parts = archives.archive(SimpleNamespace(), Bundle(("id",), "png", "name"))
        assert await anext(parts)
        await parts.aclose()

    asyncio.run(leave())


def test_an_archive_says_how_many_pictures_were_deleted_meanwhile(api, two) -> None:
    ids = [job["id"] for job in two]
    bundle = api.post("/api/bundles", json={"ids": ids}).json()
    api.post("/api/trash", json={"ids": ids[:1]})
    archive = zipfile.ZipFile(io.BytesIO(api.get("/" + bundle["url"]).content))
    api.post("/api/trash/restore", json={"ids": ids[:1]})
    assert len(archive.namelist()) == 2
    assert "1 that were deleted meanwhile" in archive.read(MISSING).decode()


def test_an_archive_names_the_pictures_that_are_gone(api, two) -> None:
    studio = api.app.state.studio
    url = api.post("/api/bundles", json={"ids": [job["id"] for job in two]}).json()["url"]
    path = studio.folder.result(two[0]["id"])
    data = path.read_bytes()
    path.write_bytes(b"damaged")
    try:
        jpeg = api.post("/api/bundles", json={"ids": [job["id"] for job in two], "format": "jpeg"}).json()
        archive = zipfile.ZipFile(io.BytesIO(api.get("/" + jpeg["url"]).content))
        assert archive.namelist() == ["Two of them-2.jpg", MISSING]
        assert "Two of them.jpg" in archive.read(MISSING).decode()
        assert str(studio.folder.root) not in archive.read(MISSING).decode()
        path.unlink()
        names = zipfile.ZipFile(io.BytesIO(api.get(f"/{url}").content)).namelist()
        assert names == ["Two of them.png", MISSING]
    finally:
        path.write_bytes(data)


@pytest.mark.parametrize(
    ("request_body", "status"),
    [
        ({"ids": []}, 422),
        ({"ids": ["../x"]}, 422),
        ({"ids": ["f" * 32]}, 404),
        ({"ids": ["f" * 32] * 1001}, 422),
    ],
)
def test_bad_requests_for_archives(api, request_body, status) -> None:
    assert api.post("/api/bundles", json=request_body).status_code == status
    assert api.get(f"/api/bundles/{'f' * 32}").status_code == 404


def test_unique_names_ignore_case_and_keep_the_order() -> None:
    names = ["a", "A", "b", "a-2", "a"]
    assert file_names(names, [".png"] * len(names)) == ["a.png", "A-2.png", "b.png", "a-2-2.png", "a-3.png"]
    assert [stem(name) for name in ("a.png", "3.5 apples", "b", "v1.2")] == ["a", "3.5 apples", "b", "v1"]


def test_only_the_newest_bundles_stay() -> None:
    bundles = Bundles()
    ids = [bundles.add(Bundle((), "png", "x")) for _ in range(201)]
    assert bundles.get(ids[-1]).name == "x"
    with pytest.raises(Exception, match="no longer available"):
        bundles.get(ids[0])


def test_deleted_jobs_are_hidden_and_restored(idle_studio, worker) -> None:
    async def check() -> None:
        running, queued, last = (idle_studio.submit(body(idle_studio)) for _ in range(3))
        idle_studio.folder.result(last.id).write_bytes(b"x")

        async def stop(job, request):
            worker.report("stopped", job.id, "paused", None, {"step": 1})

        idle_studio.stop_job = stop
        deleted = await idle_studio.trash.put([running.id, queued.id, "f" * 32, queued.id])
        assert [job.id for job in deleted] == [running.id, queued.id]
        assert [job.id for job in idle_studio.database.page(None, 10)] == [last.id]
        assert states(idle_studio, last) == ["running"]  # it was its turn
        assert [job.id for job in idle_studio.database.active()] == [last.id]
        restored = idle_studio.trash.restore([running.id, queued.id, last.id])
        assert {job.id for job in restored} == {running.id, queued.id}
        assert states(idle_studio, running, queued) == ["paused", "queued"]
        assert idle_studio.job_store.to_json(queued)["position"] == 1
        idle_studio.trash.close()

    asyncio.run(check())


def test_the_trash_makes_room_first_and_favourites_last(idle_studio, worker) -> None:
    async def check() -> None:
        jobs = [idle_studio.submit(body(idle_studio)) for _ in range(4)]
        for job in jobs:
            idle_studio.folder.result(job.id).write_bytes(b"x" * 1000)
            worker.report("stopped", job.id, "done", None, {})
        oldest, trashed, favourite, normal = jobs
        oldest.favourite = True
        idle_studio.job_store.save_and_publish(oldest)
        await idle_studio.trash.put([trashed.id])
        order = []
        for _ in range(4):
            kind, job_id = idle_studio.database.oldest(idle_studio.pictures.samples, 0.0)
            order.append(job_id)
            idle_studio.database.delete(job_id)
            assert kind == "job"
        assert order == [trashed.id, favourite.id, normal.id, oldest.id]
        idle_studio.trash.close()

    asyncio.run(check())


def test_the_trash_is_emptied_in_time(idle_studio, worker, monkeypatch) -> None:
    async def expire() -> None:
        job = idle_studio.submit(body(idle_studio))
        worker.report("stopped", job.id, "done", None, {})
        await idle_studio.trash.put([job.id])
        assert idle_studio.folder.job(job.id).is_dir()
        now = idle_studio.database.trashed()[0].deleted + TRASH_SECONDS
        monkeypatch.setattr("impasto.studio.trash.time.time", lambda: now)
        idle_studio.trash.empty()
        assert not idle_studio.folder.job(job.id).exists()
        assert idle_studio.trash.restore([job.id]) == []
        assert idle_studio.trash._timer is None

    asyncio.run(expire())
