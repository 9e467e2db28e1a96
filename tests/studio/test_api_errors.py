"""The API with invalid and hostile requests: each gets the right status and one sentence."""

from __future__ import annotations

import io
import json
from urllib.parse import urlsplit

import pytest
from PIL import Image

from impasto.studio.service import StudioService

from ..hostile import bomb
from .conftest import PNG, TINY, picture

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
    results = api.post("/api/replay", content=buffer.getvalue(), headers=PNG).json()
    assert (results["content"], results["styles"], results["guides"]) == (
        None,
        [None] * 4,
        {"protect": "left"},
    )
    assert [results["recipe"][name] for name in ("weights", "start_picture", "start", "device")] == [
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
