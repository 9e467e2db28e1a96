"""The mask brush: where styles go and what is protected."""

from __future__ import annotations

import io

import numpy as np
from actions import begin, idle, settle, stroke, title
from PIL import Image


def mask(stage, key):
    return np.asarray(Image.open(io.BytesIO(stage.studio.pictures.raw[key])).convert("L"))


def last(stage):
    return stage.studio.bodies_of("POST", "/api/fast")[-1]


def protected(page, stage, before=None):
    """The protecting mask of the newest preview, once it is another than ``before``."""
    for _ in range(200):
        if last(stage)["protect"] != before:
            break
        idle(page, 50)
    return last(stage)["protect"]


def test_a_mask_by_mouse_reaches_preview_and_job(stage):
    page = stage.tab()
    begin(page, 2)
    page.click("#brush")
    stroke(page, [(0.1, 0.25), (0.4, 0.25)])
    settle(page)
    first, rest = (mask(stage, key) for key in last(stage)["masks"])
    height, width = first.shape
    assert abs(width / height - 480 / 320) < 0.01
    assert first[height // 4, width // 4] == 255
    assert first[height * 3 // 4, width * 3 // 4] == 0
    assert np.abs(first.astype(int) + rest - 255).max() <= 1  # the unpainted style gets what is left
    page.click("#brush-done")
    page.click("#paint")
    title(page, "Painting")
    assert stage.studio.bodies_of("POST", "/api/jobs")[0]["guides"]["masks"] == last(stage)["masks"]


def test_a_mask_that_could_not_be_uploaded_is_sent_again_by_paint(stage):
    page = stage.tab()
    begin(page, 2)
    page.click("#brush")
    full = {"status": 507, "json": {"error": "The disk is full."}}
    page.route("**/api/pictures", lambda route: route.fulfill(**full))
    stroke(page, [(0.1, 0.25), (0.4, 0.25)])
    page.wait_for_selector(".notice:has-text('The disk is full')")
    page.click("#brush-done")
    page.click("#paint")
    idle(page)
    page.wait_for_selector("#paint:enabled")  # it does not wait for ever
    assert not stage.studio.bodies_of("POST", "/api/jobs")
    page.unroute("**/api/pictures")
    page.click("#paint")
    title(page, "Painting")
    assert len(stage.studio.bodies_of("POST", "/api/jobs")[0]["guides"]["masks"]) == 2


def test_protect_undo_redo_eraser_invert_clear(stage):
    page = stage.tab()
    begin(page)
    page.click("#brush")
    page.click("text=Protect >> visible=true")
    stroke(page, [(0.2, 0.5), (0.8, 0.5)])
    key = protected(page, stage)
    whole = mask(stage, key).mean()
    assert whole > 10
    page.click("#brush-erase")
    stroke(page, [(0.5, 0.5), (0.8, 0.5)])
    erased = protected(page, stage, key)
    less = mask(stage, erased).mean()
    assert less < 0.8 * whole
    page.keyboard.press("Control+z")
    assert protected(page, stage, erased) == key
    page.keyboard.press("Control+Shift+z")
    assert protected(page, stage, key) == erased
    page.click("#brush-invert")
    turned = protected(page, stage, erased)
    assert abs(mask(stage, turned).mean() - (255 - less)) < 1
    page.click("#brush-clear")
    assert protected(page, stage, turned) is None


def test_strokes_outlive_a_reload_with_their_undo(stage):
    page = stage.tab()
    begin(page)
    page.click("#brush")
    stroke(page, [(0.2, 0.2), (0.8, 0.8)])
    settle(page)
    before = last(stage)["masks"]
    page.reload()
    page.wait_for_selector("img.after.shown[src^='blob:']")
    settle(page)
    assert last(stage)["masks"] == before
    page.click("#brush")
    page.click("#brush-undo")
    settle(page)
    assert last(stage)["masks"] is None


def test_the_brush_works_with_keys_alone(stage):
    page = stage.tab()
    begin(page)
    page.focus("#viewport")
    page.keyboard.press("b")
    page.keyboard.press("Enter")
    for _ in range(5):
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Enter")
    settle(page)
    drawn = mask(stage, last(stage)["masks"][0])
    height, width = drawn.shape
    assert drawn[height // 2, int(width * 0.55)] == 255
    assert drawn[height // 2, int(width * 0.2)] == 0
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.id") == "brush"


def test_a_finger_draws(stage):
    page = stage.tab(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    begin(page)
    page.tap("#brush")
    box = page.locator("#frame").bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    settle(page)
    drawn = mask(stage, last(stage)["masks"][0])
    assert drawn[drawn.shape[0] // 2, drawn.shape[1] // 2] == 255
    assert drawn[2, 2] == 0


def test_the_last_stroke_wins_and_unmasked_styles_share_the_rest(stage):
    page = stage.tab()
    begin(page, 4)
    page.click("#brush")
    for name in ("Style 1", "Style 2"):
        page.click(f"#brush-layers >> text={name} >> visible=true")
        stroke(page, [(0.2, 0.25), (0.8, 0.25)])
    settle(page)
    first, second, third, fourth = (mask(stage, key).astype(int) for key in last(stage)["masks"])
    height, width = first.shape
    centre = height // 4, width // 2
    # The second stroke covers the first one: style 1 has no mask any more and shares the rest with 3 and 4.
    assert second[centre] == 255
    assert first[centre] == third[centre] == fourth[centre] == 0
    assert first[-1, -1] == third[-1, -1] == fourth[-1, -1] == 85
    assert (first + second + third + fourth).max() <= 255
    page.click("#brush-undo")
    settle(page)
    first, second, third, _ = (mask(stage, key).astype(int) for key in last(stage)["masks"])
    assert first[centre] == 255  # what the stroke had covered
    assert second[-1, -1] == third[-1, -1] == 85


def test_a_style_without_any_area_is_left_out(stage):
    page = stage.tab()
    begin(page, 3)
    page.click("#brush")
    page.click("#brush-layers >> text=Style 2 >> visible=true")
    page.click("#brush-invert")
    settle(page)
    body = last(stage)
    assert (len(body["styles"]), body["mix"]) == (1, None)
    assert mask(stage, body["masks"][0]).min() == 255
    page.click("#brush-done")
    page.click("#paint")
    title(page, "Painting")
    job = stage.studio.bodies_of("POST", "/api/jobs")[0]
    assert job["styles"] == body["styles"]
    assert "mix" not in job["recipe"]
