"""The interface with real processes behind it: what works, and a table of what must not."""

from __future__ import annotations

import asyncio
import io
import json
import time
from urllib.parse import urlsplit

import pytest
from PIL import Image

from impasto.studio.app import create_app
from impasto.studio.service import StudioService

from ..hostile import bomb
from .conftest import TINY, picture

PNG = {"content-type": "image/png"}


@pytest.fixture(scope="module")
def photo(api) -> str:
    return api.post("/api/pictures", content=picture(0), headers=PNG).json()["id"]


@pytest.fixture(scope="module")
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


@pytest.fixture(scope="module")
def done(api, photo, art) -> dict:
    """A job that was painted."""
    body = {"content": photo, "styles": [art], "recipe": TINY, "guides": {"masks": ["left"]}}
    job = api.post("/api/jobs", json=body)
    assert job.status_code == 201, job.text
    return wait(api, job.json()["id"], "done", "failed")


# ---------------------------------------------------------------------------------------------- what works


def test_the_page_comes_with_its_policy(api) -> None:
    page = api.get("/")
    assert page.status_code == 200
    assert "<html" in page.text
    assert page.headers["cache-control"] == "no-cache"
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert "http://" not in page.text.replace("http://www.w3.org", "")
    assert "https://" not in page.text


def test_static_files_are_asked_for_anew(api) -> None:
    icon = api.get("/static/icon.svg")
    assert (icon.status_code, icon.headers["cache-control"]) == (200, "no-cache")
    again = api.get("/static/icon.svg", headers={"if-none-match": icon.headers["etag"]})
    assert again.status_code == 304


def small(api, name: str) -> io.BytesIO:
    return io.BytesIO(api.get(f"/api/pictures/{name}?size=96").content)


def test_info(api) -> None:
    info = api.get("/api/info").json()
    assert info["limits"] == {"bytes": 3_000_000, "pixels": 2_000_000, "styles": 8, "queue": 100}
    fields = info["recipe_schema"]["properties"]
    assert {name for names in info["recipe_schema"]["panels"].values() for name in names} <= set(fields)
    assert "weights" not in fields
    assert set(info["presets"]) == set(info["preset_fields"])
    assert info["preset_fields"]["gatys"]["optimizer"] == "lbfgs"
    assert [sample["kind"] for sample in info["samples"]].count("style") == 6
    for sample in info["samples"]:
        shown = api.get(f"/api/pictures/{sample['id']}?size=192")
        with Image.open(io.BytesIO(shown.content)) as thumb, Image.open(small(api, sample["id"])) as image:
            assert (thumb.format, max(thumb.size)) == ("WEBP", 192)
            ratio = image.width / image.height
            assert thumb.width / thumb.height == pytest.approx(ratio, rel=0.02)
            shrunk = image.convert("L").resize((8, 8), Image.Resampling.BOX)
            pairs = zip(
                shrunk.tobytes(),
                thumb.convert("L").resize((8, 8), Image.Resampling.BOX).tobytes(),
                strict=True,
            )
            assert max(abs(a - b) for a, b in pairs) < 12
    assert len(info["trained_styles"]) == 6
    for style in info["trained_styles"]:
        assert style["credit"]
        assert api.get(style["thumb"]).headers["content-type"] == "image/webp"


def test_trained_styles_are_read_from_cards(tmp_path, monkeypatch) -> None:
    from impasto.studio import instant_styles as trained

    def write(name: str, header: bytes) -> None:
        (tmp_path / "data" / f"{name}.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)

    (tmp_path / "data").mkdir()
    style = {"name": "waves", "title": "Waves", "credit": "Korin", "settings": {}}
    for name, card in (
        ("a", {"styles": [style, {"title": "nameless"}, 5]}),
        ("any", {"kind": "network:any"}),
        ("l", [1]),
    ):
        write(name, json.dumps({"__metadata__": {"impasto": json.dumps(card)}}).encode())
    write("unavailable", b"{")
    (tmp_path / "data" / "short.safetensors").write_bytes(b"\xff" * 9)
    monkeypatch.setattr(
        trained,
        "pretrained_networks",
        lambda: {path.stem: path for path in sorted((tmp_path / "data").glob("*.safetensors"))},
    )
    trained.trained_styles.cache_clear()
    assert trained.trained_styles() == [
        {"name": "waves", "title": "Waves", "credit": "Korin", "thumb": "/static/styles/waves.webp"}
    ]
    trained.trained_styles.cache_clear()


def test_pictures_are_kept_under_their_digest(api, photo) -> None:
    again = api.post("/api/pictures", content=picture(0), headers={**PNG, "X-Name": "other"}).json()
    assert (again["id"], again["width"], again["height"]) == (photo, 48, 36)
    shown = api.get(f"/api/pictures/{photo}?size=24")
    assert (shown.headers["content-type"], "immutable" in shown.headers["cache-control"]) == (
        "image/webp",
        True,
    )
    assert Image.open(io.BytesIO(shown.content)).size == (24, 18)
    assert Image.open(io.BytesIO(api.get(f"/api/pictures/{photo}").content)).size == (48, 36)


@pytest.mark.parametrize(
    ("kind", "mode"), [("JPEG", "L"), ("WEBP", "RGBA"), ("TIFF", "CMYK"), ("GIF", "P"), ("BMP", "RGB")]
)
def test_kinds_of_pictures(api, kind, mode) -> None:
    sent = api.post(
        "/api/pictures",
        content=picture(5, kind=kind, mode=mode),
        headers={"content-type": f"image/{kind.lower()}", "X-Name": "a%20b.x"},
    )
    assert sent.status_code == 200, sent.text
    assert sent.json() | {"id": ""} == {
        "id": "",
        "width": 48,
        "height": 36,
        "name": "a b.x",
        "alpha": mode == "RGBA",
    }


def test_turned_photographs_have_their_upright_size(api) -> None:
    buffer, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 20)).save(buffer, "JPEG", exif=exif)
    sent = api.post("/api/pictures", content=buffer.getvalue(), headers={"content-type": "image/jpeg"}).json()
    assert (sent["width"], sent["height"]) == (20, 40)


def test_a_plan_paints_nothing(api, photo, art) -> None:
    before = api.get("/api/jobs").json()
    plan = api.post("/api/plan", json={"content": photo, "styles": [art], "recipe": TINY}).json()
    assert plan["scales"] == [{"width": 32, "height": 24, "steps": 3}]
    assert (plan["steps"], plan["fits"]) == (3, True)
    assert api.get("/api/jobs").json() == before


def test_a_job_is_painted(api, done, photo) -> None:
    assert (done["state"], done["step"], done["steps"], done["has_picture"]) == ("done", 3, 3, True)
    assert (done["content"], done["guides"], done["position"], done["error"]) == (
        photo,
        {"masks": ["left"]},
        None,
        None,
    )
    assert done["recipe"]["size"] == 32
    assert done["losses"][-1][0] == 3
    whole = api.get(f"/api/jobs/{done['id']}/picture")
    with Image.open(io.BytesIO(whole.content)) as image:
        assert (image.format, image.size) == ("PNG", (32, 24))
        assert json.loads(image.info["impasto"])["recipe"]["size"] == 32
    assert api.get(done["thumb"]).headers["content-type"] == "image/webp"
    preview = api.get(f"/api/jobs/{done['id']}/preview?v=1")
    assert Image.open(io.BytesIO(preview.content)).size == (32, 24)


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_the_picture_in_other_formats_carries_its_recipe(api, done, kind) -> None:
    found = api.get(f"/api/jobs/{done['id']}/picture?format={kind}&size=16")
    assert found.headers["content-type"] == f"image/{kind}"
    assert Image.open(io.BytesIO(found.content)).size == (16, 12)
    replay = api.post("/api/replay", content=found.content, headers={"content-type": f"image/{kind}"}).json()
    assert (replay["content"], replay["styles"], replay["guides"]) == (
        done["content"],
        done["styles"],
        {"masks": ["left"]},
    )
    assert replay["recipe"] == done["recipe"]


def test_what_was_painted_is_what_the_command_line_paints(api, photo, art, tmp_path) -> None:
    import torch

    from impasto import stylize

    body = {"content": photo, "styles": [art], "recipe": {**TINY, "seed": 7}}
    job = wait(api, api.post("/api/jobs", json=body).json()["id"], "done")
    with Image.open(io.BytesIO(api.get(f"/api/jobs/{job['id']}/picture").content)) as image:
        found = torch.tensor(list(image.convert("RGB").tobytes()), dtype=torch.int)
    (tmp_path / "p.png").write_bytes(picture(0))
    (tmp_path / "a.png").write_bytes(picture(1, 40, 40))
    result = stylize(tmp_path / "p.png", tmp_path / "a.png", seed=7, **TINY)
    expected = torch.tensor(list(result.image.tobytes()), dtype=torch.int)
    assert (found - expected).abs().max() <= 1  # threads add up in another order


def test_textures_and_reconstructions(api, photo, art) -> None:
    for body in ({"styles": [art]}, {"content": photo, "styles": []}):
        job = api.post("/api/jobs", json={**body, "recipe": TINY}).json()
        assert wait(api, job["id"], "done", "failed")["state"] == "done"


def test_starting_from_a_picture_names_it_by_id(api, photo, art) -> None:
    body = {"content": photo, "styles": [art], "recipe": {**TINY, "start_picture": photo}}
    job = wait(api, api.post("/api/jobs", json=body).json()["id"], "done")
    assert job["recipe"]["start_picture"] == photo
    whole = api.get(f"/api/jobs/{job['id']}/picture").content
    assert api.post("/api/replay", content=whole, headers=PNG).json()["recipe"] == job["recipe"]


def test_pages_of_jobs(api, done, photo, art) -> None:
    for seed in range(3):
        api.post("/api/jobs", json={"content": photo, "styles": [art], "recipe": {**TINY, "seed": seed}})
    whole = [job["id"] for job in api.get("/api/jobs?limit=200").json()["jobs"]]
    found, cursor = [], None
    while True:
        page = api.get("/api/jobs", params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        found += [job["id"] for job in page["jobs"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert found == whole
    assert done["id"] in whole


def test_a_job_that_cannot_be_painted_says_why_with_the_name_of_the_picture(api, photo, art) -> None:
    named = api.post(
        "/api/pictures", content=picture(9, 90, 36, mode="L"), headers={**PNG, "X-Name": "wide.png"}
    ).json()
    body = {"content": photo, "styles": [art], "recipe": TINY, "guides": {"masks": [named["id"]]}}
    job = wait(api, api.post("/api/jobs", json=body).json()["id"], "failed", "done")
    assert job["state"] == "failed"
    assert "'wide.png' is 90x36" in job["error"]
    refused = api.post("/api/plan", json=body)
    assert refused.status_code == 422
    assert "'wide.png' is 90x36" in refused.json()["error"]


def test_the_document_describes_every_error(api) -> None:
    paths = api.get("/api/openapi.json").json()["paths"]
    assert len(paths) >= 14
    for methods in paths.values():
        for operation in methods.values():
            for status, answer in operation["responses"].items():
                if int(status) >= 400:
                    assert answer["content"]["application/json"]["schema"]["$ref"].endswith("/Problem")


# ---------------------------------------------------------------------------------------------- watching


async def stream(app, name: str, pause: float = 0.0, last: str | None = None) -> list[tuple[str, int, dict]]:
    """Read a job's events to their end, by ASGI itself; a slow reader waits before it takes more."""
    headers = [(b"host", b"127.0.0.1")] + ([(b"last-event-id", last.encode())] if last else [])
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": f"/api/jobs/{name}/events",
        "raw_path": b"",
        "query_string": b"",
        "headers": headers,
        "client": ("1.2.3.4", 5),
        "server": ("127.0.0.1", 80),
    }
    text = b""

    async def receive():
        await asyncio.sleep(3600)

    async def send(message) -> None:
        nonlocal text
        text += message.get("body", b"")
        await asyncio.sleep(pause)

    await app(scope, receive, send)
    events = []
    for block in text.decode().replace("\r\n", "\n").split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line and line[0] != ":")
        if "event" in fields:
            events.append((fields["event"], int(fields["id"]), json.loads(fields["data"])))
    return events


def test_a_hundred_clients_watch_one_job_while_twenty_wait(idle_studio) -> None:
    """All see its states and its end; the slow ones fewer steps, and no one's backlog grows."""
    from .test_queue import FakeWorker, body

    async def run() -> None:
        app, worker = create_app(idle_studio), FakeWorker(idle_studio)
        worker.report("ready", "cpu", 1)
        job = idle_studio.submit(body(idle_studio))
        for _ in range(20):
            idle_studio.submit(body(idle_studio))
        readers = [asyncio.create_task(stream(app, job.id, 0.0 if i < 50 else 0.02)) for i in range(100)]
        while len(idle_studio.event_bus) < 100:
            await asyncio.sleep(0.01)
        worker.report("started", job.id, 400, 0)
        most = 0
        for step in range(1, 401):
            worker.report("step", job.id, step, (64, 48), 1.0 / step, 1.0)
            if step % 100 == 0:
                worker.report("preview", job.id, b"webp")
            most = max(most, *(w.unread for w in idle_studio.event_bus._subscribers[job.id]))
            await asyncio.sleep(0.001)
        worker.report("stopped", job.id, "done", None, {"step": 400})
        found = await asyncio.wait_for(asyncio.gather(*readers), 60)
        assert most <= 4
        assert len(idle_studio.event_bus) == 0
        for index, events in enumerate(found):
            kinds = [kind for kind, _, _ in events]
            assert (kinds[0], kinds[-1]) == ("state", "done")
            states = [data["state"] for kind, _, data in events if kind == "state"]
            assert (states[0], states[-1], len(states) <= 3) == ("running", "done", True)
            numbers = [number for _, number, _ in events]
            assert numbers == sorted(set(numbers))
            assert index >= 50 or kinds.count("step") > 100

    asyncio.run(run())


def test_a_finished_job_is_told_at_once(api, done) -> None:
    events = asyncio.run(stream(api.app, done["id"]))
    assert [(kind, data["state"]) for kind, _, data in events] == [("state", "done"), ("done", "done")]


def test_coming_back_begins_with_the_state_and_what_is_new(idle_studio) -> None:
    from .test_queue import FakeWorker, body

    async def run() -> None:
        app, worker = create_app(idle_studio), FakeWorker(idle_studio)
        worker.report("ready", "cpu", 1)
        job = idle_studio.submit(body(idle_studio))
        worker.report("preview", job.id, b"webp")
        for seen, kinds in (
            (None, ["state", "preview"]),
            (str(job.preview_number), ["state"]),
            ("²", ["state", "preview"]),
        ):
            reading = asyncio.create_task(stream(app, job.id, last=seen))
            while not len(idle_studio.event_bus):
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.02)
            idle_studio.event_bus._subscribers[job.id].copy().pop().close()
            assert [kind for kind, _, _ in await reading] == kinds

    asyncio.run(run())


# ---------------------------------------------------------------------------------------------- what must not


ID = "0123456789abcdef" * 2
SIGNED = {"content-type": "application/json"}


def job_with(**changes) -> dict:
    return {"content": "PHOTO", "styles": ["ART"], "recipe": TINY, **changes}


def recipe(**changes) -> dict:
    return job_with(recipe={**TINY, **changes})


JOBS = {
    "no fields": ({}, 422),
    "unknown field": (job_with(more=1), 422),
    "a list": ([], 422),
    "text": ("x", 422),
    "null": (None, 422),
    "nothing to paint": ({"content": None, "styles": []}, 422),
    "missing photo": (job_with(content=ID), 404),
    "missing art": (job_with(styles=[ID]), 404),
    "photo is a path": (job_with(content="/etc/passwd"), 422),
    "photo is a url": (job_with(content="http://a/b.png"), 422),
    "photo climbs": (job_with(content="../" * 10 + "etc/passwd"), 422),
    "photo is a number": (job_with(content=5), 422),
    "photo ends in a line": (job_with(content=ID + "\n"), 422),
    "photo in capitals": (job_with(content=ID.upper()), 422),
    "photo is a word": (job_with(content="left"), 422),
    "style is a path": (job_with(styles=["/etc/passwd"]), 422),
    "styles is an id": (job_with(styles="ART"), 422),
    "10000 styles": (job_with(styles=["ART"] * 10_000), 413),
    "1000 styles": (job_with(styles=["ART"] * 1000), 422),
    "9 styles": (job_with(styles=["ART"] * 9), 422),
    "mask is a path": (job_with(guides={"masks": ["/etc/passwd"]}), 422),
    "mask is missing": (job_with(guides={"masks": [ID]}), 404),
    "mask is another word": (job_with(guides={"masks": ["middle"]}), 422),
    "protect is a path": (job_with(guides={"protect": "../x"}), 422),
    "regions is a word": (job_with(guides={"regions": "left"}), 422),
    "unknown guide": (job_with(guides={"where": "left"}), 422),
    "guides is a list": (job_with(guides=[]), 422),
    "weights": (recipe(weights="/etc/passwd"), 422),
    "encoder is a file": (recipe(encoder="/tmp/x.safetensors"), 422),
    "encoder is a file here": (recipe(encoder="x.safetensors"), 422),
    "encoder is a list": (recipe(encoder=[1]), 422),
    "start is a path": (recipe(start_picture="/etc/passwd"), 422),
    "start is missing": (recipe(start_picture=ID), 404),
    "device": (recipe(device="cuda:5"), 422),
    "preset is a list": (recipe(preset=[]), 422),
    "preset is unknown": (recipe(preset="nope"), 422),
    "preset is odd": (recipe(preset="\ud800"), 422),
    "quality is a mapping": (recipe(quality={}), 422),
    "optimizer is a list": (recipe(optimizer=[]), 422),
    "unknown setting": (recipe(nope=1), 422),
    "setting with an odd name": (recipe(**{"\ud800": 1}), 422),
    "size is negative": (recipe(size=-1), 422),
    "size is huge": (recipe(size=10**9), 422),
    "size is beyond any number": (recipe(size=10**400), 422),
    "strength is text": (recipe(strength="much"), 422),
    "seed is beyond": (recipe(seed=2**63), 422),
    "layers are a list": (recipe(style_layers=[1]), 422),
    "layers are unknown numbers": (recipe(style_layers={"relu1_1": -1}), 422),
    "mix of one": (recipe(mix=[0.5, 0.5]), 422),
    "mix is nested": (recipe(mix=[[0.5]]), 422),
    "steps is a mapping": (recipe(steps={"a": 1}), 422),
    "nested deeply": (recipe(mix=[[[[[[[[[[1]]]]]]]]]]), 422),
    "two many settings": (recipe(**{f"a{i}": 1 for i in range(300)}), 422),
    "betas": (recipe(betas=[2, 2]), 422),
    "scales": (recipe(scales=[[1, 2, 3]]), 422),
}
RAW = {
    "nan": b'{"content": "PHOTO", "styles": ["ART"], "recipe": {"strength": NaN}}',
    "infinity": b'{"content": "PHOTO", "styles": ["ART"], "recipe": {"learning_rate": Infinity}}',
    "minus infinity": b'{"content": "PHOTO", "styles": ["ART"], "recipe": {"betas": [-Infinity, 0.9]}}',
    "too large a number": b'{"content": "PHOTO", "styles": ["ART"], "recipe": {"strength": 1e999}}',
    "unavailable": b'{"content": ',
    "empty": b"",
    "no utf-8": b'{"content": "\xff\xfe"}',
    "zeros": b"\0" * 100,
    "deep": b"[" * 100_000,
    "deep mapping": b'{"recipe":' * 20_000,
    "bom": b"\xef\xbb\xbf{}",
    "not json at all": b"content=1&styles=2",
    "many digits": b'{"content": ' + b"1" * 10_000 + b"}",
}


def filled(value, photo: str, art: str):
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return text.replace(b'"PHOTO"', f'"{photo}"'.encode()).replace(b'"ART"', f'"{art}"'.encode())


def assert_refused(answer, *statuses: int) -> None:
    """One of these statuses, and one sentence that gives nothing of this machine away."""
    assert answer.status_code in statuses, (answer.status_code, answer.text[:300])
    sentence = answer.json()["error"]
    assert 0 < len(sentence) <= 420
    assert "\n" not in sentence
    assert "Traceback" not in sentence
    assert "/studio0" not in sentence
    assert "bug" not in sentence, sentence


@pytest.mark.parametrize("path", ["/api/jobs", "/api/plan"])
@pytest.mark.parametrize("case", JOBS)
def test_bad_jobs(api, photo, art, case, path) -> None:
    given, status = JOBS[case]
    answer = api.post(path, content=filled(given, photo, art), headers=SIGNED)
    assert_refused(answer, status)


@pytest.mark.parametrize("path", ["/api/jobs", "/api/plan", "/api/fast"])
@pytest.mark.parametrize("case", RAW)
def test_bad_json(api, photo, art, case, path) -> None:
    assert_refused(api.post(path, content=filled(RAW[case], photo, art), headers=SIGNED), 400, 422)


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
)
def test_json_under_another_name(api, photo, art, kind) -> None:
    """What a form of another site could send is not taken for JSON."""
    answer = api.post("/api/jobs", content=filled(job_with(), photo, art), headers={"content-type": kind})
    assert_refused(answer, 400, 415, 422)


PICTURES = {
    "empty": (b"", "image/png", (422,)),
    "text": (b"hello" * 20, "image/png", (422,)),
    "cut": (picture(3)[:200], "image/png", (422,)),
    "bomb": (bomb(100_000, 100_000), "image/png", (413, 422)),
    "large": (bomb(20_000, 20_000), "image/png", (413,)),
    "a little too large": (bomb(1001, 2000), "image/png", (413,)),
    "no pixels in it": (bomb(1000, 1000), "image/png", (422,)),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml", (415,)),
    "pdf": (b"%PDF-1.7", "application/pdf", (415,)),
    "json": (b"{}", "application/json", (415,)),
    "no type": (picture(3), "", (415,)),
    "a type with a parameter": (b"x", "image/png; charset=x", (422,)),
    "eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n", "image/png", (422,)),
    "too many bytes": (b"\0" * 3_000_001, "image/png", (413,)),
}


@pytest.mark.parametrize("path", ["/api/pictures", "/api/replay"])
@pytest.mark.parametrize("case", PICTURES)
def test_bad_pictures(api, case, path) -> None:
    data, kind, statuses = PICTURES[case]
    answer = api.post(path, content=data, headers={"content-type": kind, "X-Name": "x.png"})
    if path == "/api/replay":
        statuses = (*statuses, 422)
    assert_refused(answer, *statuses)
    studio = api.app.state.studio
    assert not list(studio.folder.uploads.iterdir())


def test_more_bytes_than_announced_are_not_waited_for(api) -> None:
    def endless():
        for _ in range(100):
            yield b"\0" * 100_000

    assert_refused(api.post("/api/pictures", content=endless(), headers=PNG), 413)
    assert_refused(api.post("/api/jobs", content=endless(), headers=SIGNED), 413)


RECIPES = {
    "no recipe": {"a": 1},
    "recipe is a list": {"recipe": [1]},
    "unknown preset": {"recipe": {"preset": "nope"}},
    "preset is a list": {"recipe": {"preset": []}},
    "odd encoder": {"recipe": {"encoder": 5}},
    "styles is text": {"recipe": {}, "styles": "x"},
    "guides is text": {"recipe": {}, "guides": "x"},
    "quality": {"recipe": {"quality": {}}},
    "unknown": {"recipe": {"nope": 1}},
}


@pytest.mark.parametrize("case", RECIPES)
def test_bad_recipes_in_pictures(api, case) -> None:
    from PIL.PngImagePlugin import PngInfo

    info, buffer = PngInfo(), io.BytesIO()
    info.add_text("impasto", json.dumps(RECIPES[case]))
    Image.new("RGB", (8, 8)).save(buffer, "PNG", pnginfo=info)
    assert_refused(api.post("/api/replay", content=buffer.getvalue(), headers=PNG), 422)


def test_a_recipe_does_not_bring_pictures_of_this_machine(api) -> None:
    """Paths in a picture are looked at for ids that are here, and for nothing else."""
    from PIL.PngImagePlugin import PngInfo

    stored = {
        "recipe": {
            "weights": "/etc/passwd",
            "start_picture": "/etc/passwd",
            "start": "picture",
            "device": "cuda:9",
        },
        "content": "/etc/passwd",
        "styles": ["../../x", 5, None, f"/elsewhere/{ID}"],
        "guides": {"masks": ["/etc/passwd"], "protect": "left", "regions": 5},
    }
    info, buffer = PngInfo(), io.BytesIO()
    info.add_text("impasto", json.dumps(stored))
    Image.new("RGB", (8, 8)).save(buffer, "PNG", pnginfo=info)
    found = api.post("/api/replay", content=buffer.getvalue(), headers=PNG).json()
    assert (found["content"], found["styles"], found["guides"]) == (None, [None] * 4, {"protect": "left"})
    assert [found["recipe"][name] for name in ("weights", "start_picture", "start", "device")] == [
        None,
        None,
        "content",
        "auto",
    ]


PATHS = [
    "/api/pictures/..%2f..%2fetc%2fpasswd",
    "/api/pictures/%2e%2e",
    "/api/pictures/" + "a" * 31,
    f"/api/pictures/{ID}%00",
    f"/api/pictures/{ID}%0a",
    f"/api/pictures/{ID}/x",
    "/api/pictures/" + "a" * 5000,
    f"/api/pictures/{ID}?size=0",
    f"/api/pictures/{ID}?size=99999999999999999999999",
    f"/api/pictures/{ID}?size=nan",
    f"/api/pictures/{ID}?size=-1",
    f"/api/pictures/{ID}?size=64",
    f"/api/jobs/{ID}",
    f"/api/jobs/{ID}/picture",
    f"/api/jobs/{ID}/events",
    f"/api/jobs/{ID}/preview",
    "/api/jobs/nope",
    "/api/jobs/nope/events",
    "/api/jobs?limit=0",
    "/api/jobs?limit=9999999999",
    "/api/jobs?cursor=x",
    "/api/jobs?cursor=99999999999999999999",
    "/api/jobs?cursor=-1",
    "/api/nope",
    "/nope",
    "/static/",
    "/static/../app.py",
    "/static/..%2fapp.py",
    "/static/%2e%2e/app.py",
    "/static/%00",
    "/static/" + "a" * 3000,
    "/static//etc/passwd",
    "/api/openapi.json/..",
    "/docs",
]


@pytest.mark.parametrize("path", PATHS)
def test_bad_addresses(api, path) -> None:
    assert_refused(api.get(path), 404, 422)


@pytest.mark.parametrize("method", ["PUT", "TRACE", "OPTIONS", "PROPFIND", "CONNECT"])
@pytest.mark.parametrize("path", ["/", "/api/jobs", "/api/pictures", f"/api/jobs/{ID}", "/static/icon.svg"])
def test_bad_methods(api, method, path) -> None:
    assert api.request(method, path).status_code in (404, 405)


@pytest.mark.parametrize(
    "query", ["format=bmp", "format=../x", "size=0", "size=1e3", "format=png&size=99999"]
)
def test_bad_formats(api, done, query) -> None:
    assert_refused(api.get(f"/api/jobs/{done['id']}/picture?{query}"), 422)


@pytest.mark.parametrize("how", ["pause", "cancel", "keep", "resume"])
def test_a_finished_job_stays(api, done, how) -> None:
    assert_refused(api.post(f"/api/jobs/{done['id']}/{how}"), 409)
    assert_refused(api.patch(f"/api/jobs/{done['id']}", json={"strength": 0.3}), 409)


@pytest.mark.parametrize(
    "body", [{"strength": 3}, {"strength": "x"}, {"mix": []}, {"mix": [-1]}, {"size": 5}, [], {"mix": "x"}]
)
def test_bad_changes(api, done, body) -> None:
    assert_refused(api.patch(f"/api/jobs/{done['id']}", json=body), 422)


def test_no_network_for_previews_is_a_sentence(api, photo, art, monkeypatch) -> None:
    monkeypatch.setattr(StudioService, "can_preview", False)
    assert api.get("/api/info").json()["fast"] is False
    assert_refused(api.post("/api/fast", json={"content": photo, "styles": [art]}), 503)


def test_the_decoder_dies_and_comes_back(api) -> None:
    """Whatever a picture does to the process that opens it, the next one is opened."""
    import os
    import signal

    pid = api.app.state.studio.image_service.pid
    os.kill(pid, signal.SIGKILL)
    sent = [api.post("/api/pictures", content=picture(seed), headers=PNG).status_code for seed in (70, 71)]
    assert sent[-1] == 200
    assert api.app.state.studio.image_service.pid != pid


def test_hosts_and_sites(api, photo, art) -> None:
    body = job_with(content=photo, styles=[art])
    assert_refused(api.get("/api/info", headers={"host": "evil.example"}), 403)
    assert_refused(api.post("/api/jobs", json=body, headers={"origin": "http://evil.example"}), 403)
    assert (
        "access-control-allow-origin"
        not in api.get("/api/info", headers={"origin": "http://evil.example"}).headers
    )
    assert urlsplit(str(api.base_url)).hostname == "127.0.0.1"
