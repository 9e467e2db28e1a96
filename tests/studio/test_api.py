"""The API with real processes: valid requests."""

from __future__ import annotations

import io
import json
from urllib.parse import quote

import pytest
from PIL import Image

from impasto.optimize import make_recipe

from .conftest import PNG, TINY, picture, wait


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
    limits = {"bytes": 3_000_000, "pixels": 2_000_000, "clip_bytes": 5_000_000, "clip_seconds": 60}
    assert info["limits"] == {**limits, "styles": 8, "queue": 100}
    fields = info["recipe_schema"]["properties"]
    assert {name for names in info["recipe_schema"]["panels"].values() for name in names} <= set(fields)
    assert "weights" not in fields
    assert set(info["presets"]) == set(info["preset_fields"])
    assert info["preset_fields"]["gatys"]["optimizer"] == "lbfgs"
    for quality in ("draft", "normal", "high"):  # what the page computes is what the server would paint
        fields = dict(info["preset_fields"]["impasto"])
        for variant in info["preset_variants"]["impasto"]:
            if all({**fields, "quality": quality}[name] == value for name, value in variant["when"].items()):
                fields.update(variant["fields"])
        assert {**fields, "quality": quality} == make_recipe(quality=quality).to_json()
    assert [sample["kind"] for sample in info["samples"]].count("style") == 7
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
    assert len(info["trained_styles"]) == 12
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
        {"name": "waves", "title": "Waves", "credit": "Korin", "thumb": "static/styles/waves.webp"}
    ]
    trained.trained_styles.cache_clear()


def test_the_longest_name_of_a_file_is_taken(api) -> None:
    headers = {**PNG, "X-Name": quote("\u6d77" * 255)}
    assert api.post("/api/pictures", content=picture(77), headers=headers).json()["name"] == "\u6d77" * 120


def test_pictures_are_kept_under_their_digest(api, photo) -> None:
    again = api.post("/api/pictures", content=picture(0), headers={**PNG, "X-Name": "other"}).json()
    assert (again["id"], again["width"], again["height"]) == (photo, 48, 36)
    assert again["name"] == "other"  # the sender knows the picture by this name
    nameless = api.post("/api/pictures", content=picture(0), headers=PNG).json()
    assert nameless["name"] == "other"
    shown = api.get(f"/api/pictures/{photo}?size=24")
    assert (shown.headers["content-type"], "immutable" in shown.headers["cache-control"]) == (
        "image/webp",
        True,
    )
    assert Image.open(io.BytesIO(shown.content)).size == (24, 18)
    assert Image.open(io.BytesIO(api.get(f"/api/pictures/{photo}").content)).size == (48, 36)


def test_head_answers_as_get_does(api, done, photo) -> None:
    job = f"/api/jobs/{done['id']}"
    for path in ("/", f"/api/pictures/{photo}", f"{job}/picture", f"{job}/preview"):
        head, get = api.head(path), api.get(path)
        assert (head.status_code, head.headers["content-length"]) == (200, get.headers["content-length"])
    assert api.head(f"/api/pictures/{'0' * 32}").status_code == 404


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
    results = api.get(f"/api/jobs/{done['id']}/picture?format={kind}&size=16")
    assert results.headers["content-type"] == f"image/{kind}"
    assert Image.open(io.BytesIO(results.content)).size == (16, 12)
    replay = api.post(
        "/api/replay", content=results.content, headers={"content-type": f"image/{kind}"}
    ).json()
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
        results = torch.tensor(list(image.convert("RGB").tobytes()), dtype=torch.int)
    (tmp_path / "p.png").write_bytes(picture(0))
    (tmp_path / "a.png").write_bytes(picture(1, 40, 40))
    result = stylize(tmp_path / "p.png", tmp_path / "a.png", seed=7, **TINY)
    expected = torch.tensor(list(result.image.tobytes()), dtype=torch.int)
    assert (results - expected).abs().max() <= 1  # threads add up in another order


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
    results, cursor = [], None
    while True:
        page = api.get("/api/jobs", params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        results += [job["id"] for job in page["jobs"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert results == whole
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
    for path, methods in paths.items():
        for operation in methods.values():
            for status, answer in operation["responses"].items():
                if int(status) >= 400:
                    # Monitors read the same fields of a healthy and of an unhealthy studio.
                    model = "/HealthInfo" if (path, status) == ("/health", "503") else "/Problem"
                    assert answer["content"]["application/json"]["schema"]["$ref"].endswith(model)
