"""Pictures for print: sizes on paper, dots per inch and 16 bits, painted and in one pass."""

from __future__ import annotations

import io

import pytest

from .conftest import TINY, wait

pytest.importorskip("pyvips")

from PIL import Image

from impasto.errors import RecipeError
from impasto.studio.depth import png_bits
from impasto.studio.requests import ordered_size

# 20 x 12 mm: 47 x 28 pixels at 60 dots per inch, turned as the photograph, which is wider than high.
PRINT = {"size": "12x20mm", "dpi": 60}


@pytest.mark.parametrize(
    ("size", "framing", "expected"),
    [
        ("A3", "crop", (4961, 3508)),
        ("A3", "fit", (4677, 3508)),
        ("A3", "pad", (4961, 3508)),
        ("3508x4961", "crop", (3508, 4961)),
        ("10cm", "crop", (1181, 886)),
        (2000, "crop", (2000, 1500)),
        (None, "crop", (1024, 768)),
    ],
)
def test_sizes_in_pixels(size, framing, expected):
    assert ordered_size(size, 1600, 1200, dpi=300, framing=framing) == expected


def test_paper_that_is_too_large_is_refused():
    with pytest.raises(RecipeError, match="another --dpi or size"):
        ordered_size("A0", 1600, 1200, dpi=10_000)


@pytest.fixture(scope="module")
def printed(api, photo, art) -> dict:
    job = api.post("/api/jobs", json={"content": photo, "styles": [art], "recipe": {**TINY, **PRINT}})
    assert job.status_code == 201, job.text
    assert job.json()["scale"] == [47, 28]
    return wait(api, job.json()["id"], "done", "failed")


@pytest.mark.parametrize("kind", ["png", "tiff", "jpeg"])
def test_downloads_have_the_dots_per_inch(api, printed, kind, tmp_path):
    assert printed["state"] == "done", printed["error"]
    answer = api.get(f"/api/jobs/{printed['id']}/picture?format={kind}")
    assert answer.headers["content-type"] == f"image/{kind}"
    with Image.open(io.BytesIO(answer.content)) as image:
        assert image.size == (47, 28)
        assert image.info["dpi"] == pytest.approx((60, 60), abs=0.02)


def test_a_print_has_16_bits_and_a_picture_for_the_screen_8(api, printed, done, tmp_path):
    import pyvips

    for job, formats in ((printed, ("ushort", 16)), (done, ("uchar", 8))):
        data = api.get(f"/api/jobs/{job['id']}/picture?format=tiff").content
        assert pyvips.Image.new_from_buffer(data, "").format == formats[0]
        path = tmp_path / "picture.png"
        path.write_bytes(api.get(f"/api/jobs/{job['id']}/picture?format=png").content)
        assert png_bits(path) == formats[1]


def test_one_pass_paints_the_same_size(api, photo, art):
    """Also as a result in the gallery, whose settings come back."""
    body = {"content": photo, "styles": [art], **PRINT}
    data = api.post("/api/fast", json={**body, "format": "png"})
    assert data.status_code == 200, data.text
    with Image.open(io.BytesIO(data.content)) as image:
        assert image.size == (47, 28)
        assert image.info["dpi"] == pytest.approx((60, 60), abs=0.02)
    job = api.post("/api/results/fast", json=body).json()
    assert job["scale"] == [47, 28]
    assert {name: job["recipe"][name] for name in PRINT} == PRINT


def test_a_large_picture_has_a_process_of_its_own(api, photo, art, monkeypatch):
    """So that previews go on meanwhile; it ends with the picture."""
    studio = api.app.state.studio
    monkeypatch.setattr("impasto.studio.one_pass.LARGE_PIXELS", 1000)
    answer = api.post("/api/fast", json={"content": photo, "styles": [art], **PRINT, "format": "png"})
    assert answer.status_code == 200, answer.text
    assert studio.large_process.seconds > 0
    assert studio.large_process.pid is None


@pytest.mark.parametrize("format", ["png", None])
def test_more_pixels_than_one_pass_may_paint_are_refused(api, photo, art, format):
    body = {"content": photo, "styles": [art], "size": "A0", "dpi": 300, "format": format}
    answer = api.post("/api/fast", json=body)
    assert answer.status_code == 422
    assert "fewer dots per inch" in answer.json()["error"]


def test_times_are_learned_from_the_pixels_that_are_painted(api, photo, art):
    """A picture to look at is not enlarged, so the times of a small photograph say nothing."""
    one_pass = api.app.state.studio.planner.estimates.one_pass
    before = list(one_pass._last)
    answer = api.post("/api/fast", json={"content": photo, "styles": [art], "size": 1024})
    assert answer.status_code == 200, answer.text
    assert list(one_pass._last) == before


def test_a_plan_says_how_long_one_pass_takes(api, photo, art):
    body = {"content": photo, "styles": [art], "recipe": {**TINY, **PRINT}}
    plan = api.post("/api/plan", json=body).json()
    assert (plan["width"], plan["height"], plan["tile"]) == (47, 28, None)
    studio = api.app.state.studio
    assert plan["one_pass_seconds"] == studio.planner.estimates.one_pass.seconds(47 * 28)
    tiled = {**body, "recipe": {**TINY, "size": 300, "tile": 128}}
    assert api.post("/api/plan", json=tiled).json()["tile"] == 128
