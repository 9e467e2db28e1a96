"""Rules for the page's files, and the arithmetic of its pure modules.

Biome checks the rest (biome.json): format, imports, unused names, and the length of functions.
"""

from __future__ import annotations

import re

import pytest
from fake_server import STATIC

MODULES = sorted((STATIC / "js").glob("*.js"))
SHEETS = sorted((STATIC / "css").glob("*.css"))


@pytest.mark.parametrize("path", [*MODULES, *SHEETS], ids=lambda p: p.name)
def test_files_stay_small(path):
    assert path.read_text(encoding="utf-8").count("\n") < 300


def test_no_inline_script_or_style_and_no_external_address():
    text = (STATIC / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|https?://", text)
    for path in [*MODULES, *SHEETS]:
        addresses = set(re.findall(r"https?://[\w.]+", path.read_text(encoding="utf-8")))
        assert addresses <= {"http://www.w3.org"}, path.name


def test_landmarks_have_names_of_their_own():
    text = (STATIC / "index.html").read_text(encoding="utf-8")
    names = re.findall(r'<(?:section|nav|div)\b[^>]*\baria-label="([^",]+)', text)
    for heading in re.findall(r'<section\b[^>]*\baria-labelledby="([^"]+)"', text):
        names += re.findall(rf'id="{heading}"[^>]*>([^<]+)<', text)
    stems = [name.lower().rstrip("s") for name in names]
    assert len(stems) > 8
    assert len(stems) == len(set(stems)), names


def call(page, module, expression):
    return page.evaluate(
        f"async () => {{ const m = await import(new URL('static/js/{module}.js', document.baseURI)); "
        f"return {expression}; }}"
    )


def test_weights_always_add_up_to_one(stage):
    page = stage.tab()
    assert call(page, "weights", "m.withWeight([.2, .3, .5], 0, .6)") == pytest.approx([0.6, 0.15, 0.25])
    assert call(page, "weights", "m.withWeight([1, 0, 0], 0, .4)") == pytest.approx([0.4, 0.3, 0.3])
    assert call(page, "weights", "m.without([.2, .3, .5], 2)") == pytest.approx([0.4, 0.6])
    assert call(page, "weights", "m.withNewWeight([.5, .5])") == pytest.approx([1 / 3] * 3)
    corners = "[[0, 0], [1, 0], [0, 1]]"
    assert call(page, "weights", f"m.barycentric(.25, .25, {corners})") == pytest.approx([0.5, 0.25, 0.25])
    assert call(page, "weights", f"m.barycentric(-3, -3, {corners})") == pytest.approx([1, 0, 0])


def test_zoom_keeps_the_point_under_the_pointer(stage):
    page = stage.tab()
    view = "m.fit({ ...m.emptyView(), picture: [1000, 500], stage: [800, 600], margin: [0, 0, 0, 0] })"
    assert call(page, "geometry", f"{view}.scale") == pytest.approx(0.8)
    assert call(page, "geometry", f"[{view}.x, {view}.y]") == pytest.approx([0, 100])
    point = call(
        page, "geometry", f"m.toPicture(m.zoomAt(m.zoomAt({view}, 300, 300, 4), 300, 300, 2), 300, 300)"
    )
    assert point == pytest.approx([0.375, 0.5])
    assert call(page, "geometry", f"m.zoomAt({view}, 0, 0, 1e9).scale") == 16
    assert call(page, "geometry", f"m.pan(m.zoomAt({view}, 0, 300, 4), 1e5, 0).x") == 0


def test_durations_are_rounded_before_they_are_split(stage):
    page = stage.tab()
    seconds = [0.2, 59.4, 75, 120, 3569, 3599, 3600, 7169, 7199, 9000]
    texts = [
        "1 s",
        "59 s",
        "1 min 15 s",
        "2 min",
        "59 min",
        "1 h 0 min",
        "1 h 0 min",
        "1 h 59 min",
        "2 h 0 min",
    ]
    assert call(page, "format", f"{seconds}.map(m.duration)") == [*texts, "2 h 30 min"]


def test_curve_falls_from_top_left_to_bottom_right(stage):
    page = stage.tab()
    points = call(page, "curve", "m.curvePoints([[0, 100], [50, 10], [100, 1]], 100)")
    assert points == "0.0,3.0 150.0,22.0 300.0,41.0"
    assert call(page, "curve", "m.curvePoints([[1, 5]], 100)") == ""


def test_fields_of_the_schema_are_read_and_written(stage):
    page = stage.tab()
    optional = "m.fieldOf({ anyOf: [{ type: 'integer', minimum: 1 }, { type: 'null' }] }, {})"
    field = call(page, "schema_fields", optional)
    assert (field["kind"], field["optional"], field["minimum"], field["whole"]) == ("number", True, 1, True)
    assert call(page, "schema_fields", "m.toText([[128, 200], [256, 100]])") == "128:200, 256:100"
    assert call(page, "schema_fields", "m.toText({ relu1_1: 1, relu2_1: .5 })") == "relu1_1:1, relu2_1:0.5"
    assert call(page, "schema_fields", "m.fromText('100, 50', { kind: 'list' })") == [100, 50]
    assert (
        call(page, "schema_fields", "m.fromText('128:200, 256:100', { kind: 'list' })") == "128:200,256:100"
    )
    assert call(page, "schema_fields", f"m.fromText(' ', {optional})") is None
