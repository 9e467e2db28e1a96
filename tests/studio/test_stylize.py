"""`POST /api/stylize`, the OpenAPI document, and a client that is generated from it."""

from __future__ import annotations

import asyncio
import io
import json
from types import SimpleNamespace

import pytest
from PIL import Image
from starlette.requests import Request

from impasto.optimize.recipe import Recipe
from impasto.studio.errors import RequestError
from impasto.studio.models import FastBody
from impasto.studio.settings import Limits
from impasto.studio.stylize_routes import _parse, _read_request

from .conftest import PNG, picture, wait
from .generated_client import GeneratedClient

FILES = [
    ("content", ("photo.png", picture(0), "image/png")),
    ("style", ("art.png", picture(1, 40, 40), "image/png")),
]
TINY_FIELDS = {"encoder": "tiny", "steps": "3", "precision": "float32", "size": "32"}
ASYNC = {"prefer": "respond-async"}


@pytest.fixture(scope="module")
def document(api) -> dict:
    return api.get("/api/openapi.json").json()


@pytest.fixture(scope="module")
def client(api, document) -> GeneratedClient:
    return GeneratedClient(api, document)


def opened(response) -> Image.Image:
    assert response.status_code == 200, response.text
    return Image.open(io.BytesIO(response.content))


def test_a_form_is_answered_with_the_picture(api) -> None:
    answer = api.post("/api/stylize", files=FILES, data={"strength": "0.7", "size": "64", "colors": "0.5"})
    with opened(answer) as image:
        assert (image.format, image.size) == ("PNG", (64, 48))
        stored = json.loads(image.info["impasto"])["recipe"]
    assert (stored["strength"], stored["colors"]) == (0.7, 0.5)
    with opened(api.post("/api/stylize", files=FILES, data={"format": "jpeg", "size": "64"})) as image:
        assert image.format == "JPEG"


def test_ids_words_and_raw_bodies(api, photo, art) -> None:
    """The three ways of sending the same pictures give the same pixels."""
    form = api.post("/api/stylize", files=FILES, data={"size": "64", "protect": "left"})
    ids = api.post(
        "/api/stylize",
        files={
            "content": (None, photo),
            "styles": (None, art),
            "size": (None, "64"),
            "protect": (None, "left"),
        },
    )
    raw = api.post(f"/api/stylize?style={art}&size=64&protect=left", content=picture(0), headers=PNG)
    pixels = [opened(answer).tobytes() for answer in (form, ids, raw)]
    assert pixels[0] == pixels[1] == pixels[2]
    plain = api.post("/api/stylize", files=FILES, data={"size": "64"})
    assert opened(plain).tobytes() != pixels[0]


def test_eight_styles_with_a_mix(api) -> None:
    styles = [("style", (f"{n}.png", picture(n, 40, 40), "image/png")) for n in range(1, 9)]
    mix = ",".join(["0.3", *["0.1"] * 7])
    with opened(
        api.post("/api/stylize", files=[FILES[0], *styles], data={"mix": mix, "size": "48"})
    ) as image:
        assert json.loads(image.info["impasto"])["recipe"]["mix"] == pytest.approx([0.3, *[0.1] * 7])
    ninth = ("style", ("9.png", picture(9, 40, 40), "image/png"))
    refused = api.post("/api/stylize", files=[FILES[0], *styles, ninth], data={"size": "48"})
    assert (refused.status_code, "limit of this studio, 8" in refused.json()["error"]) == (422, True)


def test_a_job_with_prefer(api) -> None:
    answer = api.post(
        "/api/stylize", files=FILES, data={**TINY_FIELDS, "content_layers": '{"relu2_1": 1}'}, headers=ASYNC
    )
    assert answer.status_code == 202, answer.text
    job = answer.json()
    assert answer.headers["location"] == f"jobs/{job['id']}"
    assert answer.headers["preference-applied"] == "respond-async"
    assert (job["recipe"]["steps"], job["recipe"]["content_layers"]) == (3, {"relu2_1": 1.0})
    done = wait(api, job["id"], "done", "failed")
    assert (done["state"], done["has_picture"]) == ("done", True)


@pytest.mark.parametrize(
    ("changes", "headers", "status", "message"),
    [
        ({"quality": "high"}, {}, 422, "quality is a setting of paintings in many steps"),
        ({"strength": "5"}, {}, 422, "strength: input should be less than or equal to 2."),
        ({"strength": "bold"}, {}, 422, "strength: input should be a valid number"),
        ({"sharpness": "1"}, {}, 422, "sharpness: extra inputs are not permitted."),
        ({"protect": "/etc/passwd"}, {}, 422, "protect must be a file or the id of a picture"),
        ({"style": "../../x"}, {}, 422, "styles must be a file or the id of a picture"),
        ({"style": "0" * 32}, {}, 404, "There is no picture"),
        ({"trained": "two-poplars"}, {}, 422, "either styles or the name of a trained style"),
        ({"format": "png"}, ASYNC, 422, "format is for pictures in one pass"),
        ({"weights": "/etc/passwd"}, ASYNC, 422, "weights is a file"),
        ({"sharpness": "1"}, ASYNC, 422, "sharpness"),
        ({"size": "30000", "style_loss": "sliced"}, ASYNC, 422, "choose a size of at most"),
    ],
)
def test_wrong_requests_are_one_sentence(api, changes, headers, status, message) -> None:
    answer = api.post("/api/stylize", files=FILES, data=changes, headers=headers)
    assert answer.status_code == status, answer.text
    assert message in answer.json()["error"]


def test_what_is_not_a_picture(api) -> None:
    text = [("content", ("notes.png", b"no picture", "image/png")), FILES[1]]
    answer = api.post("/api/stylize", files=text)
    assert (answer.status_code, "notes.png" in answer.json()["error"]) == (422, True)
    assert (
        api.post("/api/stylize", content=b"{}", headers={"content-type": "application/json"}).status_code
        == 415
    )
    assert api.post("/api/stylize", files=[FILES[1]]).json()["error"] == "content: field required."
    large = [("content", ("large.png", b"x" * 3_000_001, "image/png")), FILES[1]]
    assert api.post("/api/stylize", files=large).status_code == 413


def test_the_document_is_readable(document) -> None:
    operations = [item for path in document["paths"].values() for item in path.values()]
    ids = [operation["operationId"] for operation in operations]
    assert len(set(ids)) == len(ids)
    assert all(name.isidentifier() and "api" not in name for name in ids)
    assert all(operation["tags"] for operation in operations)
    names = {tag["name"] for tag in document["tags"]}
    assert {tag for operation in operations for tag in operation["tags"]} <= names
    schemas = document["components"]["schemas"]
    assert set(schemas["Recipe"]["properties"]) == set(Recipe.model_fields)
    assert schemas["JobInfo"]["properties"]["recipe"]["$ref"] == "#/components/schemas/Recipe"
    form = document["paths"]["/api/stylize"]["post"]["requestBody"]["content"]["multipart/form-data"]
    assert set(form["example"]) <= set(form["schema"]["properties"])
    # The others are for viewing only.
    assert set(FastBody.model_fields) - {"styles", "at", "network"} <= set(form["schema"]["properties"])


def test_the_document_is_valid(document) -> None:
    pytest.importorskip("openapi_spec_validator").validate(document)


def test_the_generated_client_paints(client) -> None:
    with Image.open(io.BytesIO(client.stylize(form=[*FILES, ("size", (None, "48"))]).content)) as image:
        assert image.size == (48, 36)
    content = client.upload_picture(body=picture(0))["id"]
    style = client.upload_picture(body=picture(1, 40, 40), x_name="art.png")["id"]
    recipe = {"encoder": "tiny", "size": 32, "steps": 3, "precision": "float32"}
    order = {"content": content, "styles": [style], "recipe": recipe}
    assert client.plan(body=order)["steps"] == 3
    job = client.queue_job(body=order)
    events = client.events(client.follow_job(id=job["id"]))
    assert events[0][0] == "state"
    assert events[-1][0] == "done"
    assert client.show_job(id=job["id"])["state"] == "done"
    assert client.show_result(id=job["id"]).headers["content-type"] == "image/png"
    assert any(item["id"] == job["id"] for item in client.list_jobs(limit=50)["jobs"])
    assert client.health()["status"] == "ok"
    with pytest.raises(AssertionError):
        client.queue_job(body={**order, "colour": 1})


def form_request(*parts: bytes, ends: bool = True) -> Request:
    """A form in chunks, without a length; the client is gone after it unless it ``ends``."""
    messages = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    messages.append({"type": "http.request", "body": b""} if ends else {"type": "http.disconnect"})

    async def receive() -> dict:
        return messages.pop(0)

    headers = [(b"content-type", b"multipart/form-data; boundary=x")]
    return Request({"type": "http", "method": "POST", "headers": headers, "query_string": b""}, receive)


HEAD = b'--x\r\ncontent-disposition: form-data; name="content"; filename="a.png"\r\n\r\n'


@pytest.mark.parametrize(
    ("parts", "ends", "status"), [([HEAD, *[b"x" * 500] * 9], True, 413), ([HEAD, b"x" * 500], False, 408)]
)
def test_a_form_without_a_length_has_limits(parts, ends, status) -> None:
    studio = SimpleNamespace(settings=SimpleNamespace(limits=Limits(upload_bytes=2000)))
    with pytest.raises(RequestError) as error:
        asyncio.run(_read_request(form_request(*parts, ends=ends), studio))
    assert error.value.status == status


def test_thousands_of_brackets_are_a_text() -> None:
    assert _parse("[" * 200_000, False) == "[" * 200_000
