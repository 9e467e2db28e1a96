"""Twenty tasks of an artist in the painting view. Tasks of one device follow each other on one page."""

from __future__ import annotations

import pytest
from actions import PREVIEW, asked, choose, hurry, newest, painted, stroke, title, until, walk
from tasks import DEVICES, Tasks

TASKS = Tasks()
STYLES = "#sources .tile:not(.tile-photo) img"
FIRST_STEP = "img.after.shown[src*='/preview?v=']"


def drag(page, label, share):
    """Drag a slider's thumb to a fraction of its length."""
    control = page.get_by_label(label, exact=True)
    control.scroll_into_view_if_needed()
    box = control.bounding_box()
    middle = box["y"] + box["height"] / 2
    now = float(control.evaluate("(node) => (node.value - node.min) / (node.max - node.min)"))
    page.mouse.move(box["x"] + 9 + now * (box["width"] - 18), middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 9 + share * (box["width"] - 18), middle, steps=4)
    page.mouse.up()


@TASKS.by("mouse", "Try an example with one click")
def _(page, stage):
    page.click("#tour-try")
    page.wait_for_selector(PREVIEW)
    assert page.locator("#sources .tile img").count() == 2


@TASKS.by("mouse", "Bring my own photo and keep the style")
def _(page, stage):
    old = newest(stage)
    choose(page, "#sources .tile-photo .tile-button", stage.photo)
    body = asked(page, stage, lambda body: body["content"] != old["content"])
    assert body["styles"] == old["styles"]


@TASKS.by("mouse", "Make the style stronger and see it")
def _(page, stage):
    before = painted(page)
    drag(page, "Strength", 0.7)
    asked(page, stage, lambda body: body["strength"] > 1.2)
    page.wait_for_timeout(300)
    assert painted(page) != before


@TASKS.by("mouse", "Use broader brush marks and the photo's own colours")
def _(page, stage):
    drag(page, "Stroke", 0.6)
    drag(page, "Colour", 1)
    body = asked(page, stage, lambda body: body["colors"] == 1)
    assert body["stroke"] > 1.5


@TASKS.by("mouse", "Mix in a second style, more of it than of the first")
def _(page, stage):
    choose(page, "[aria-label='Add another style']", stage.painting)
    until(page, f"document.querySelectorAll({STYLES!r}).length === 2")
    drag(page, "Cross-fade", 0.75)
    asked(page, stage, lambda body: len(body["styles"]) == 2 and body["mix"][1] > 0.6)


@TASKS.by("mouse", "Paint where the second style goes, and protect a face")
def _(page, stage):
    page.click("#brush")
    page.click("#brush-layers >> text=Style 2 >> visible=true")
    stroke(page, [(0.1, 0.8), (0.9, 0.8)])
    page.click("#brush-layers >> text=Protect >> visible=true")
    stroke(page, [(0.4, 0.3), (0.6, 0.3)])
    asked(page, stage, lambda body: body["masks"] and body["protect"])


@TASKS.by("mouse", "Take the last strokes back, and put one on again")
def _(page, stage):
    page.keyboard.press("Control+z")
    asked(page, stage, lambda body: body["masks"] and not body["protect"])
    page.click("#brush-undo")
    asked(page, stage, lambda body: not body["masks"])
    page.click("#brush-redo")
    asked(page, stage, lambda body: body["masks"])
    page.click("#brush-done")


@TASKS.by("mouse", "Look closely, and compare with the photo")
def _(page, stage):
    page.click("#zoom-value")
    assert page.inner_text("#zoom-value") == "100 %"
    page.click("#zoom-fit")
    page.click("#compare")
    grip = page.locator(".split-grip >> visible=true").bounding_box()
    page.mouse.move(grip["x"] + 19, grip["y"] + 19)
    page.mouse.down()
    page.mouse.move(grip["x"] - 60, grip["y"] + 19, steps=4)
    page.mouse.up()
    assert int(page.get_attribute("#split", "aria-valuenow")) < 50
    page.click("#compare")


@TASKS.by("mouse", "Order the largest picture that this computer can paint")
def _(page, stage):
    stage.studio.fitting_side = 1300
    drag(page, "Size", 1)
    page.wait_for_selector("#estimate:has-text('of memory')")
    assert page.is_disabled("#paint")
    page.click("#fit-size")
    page.wait_for_selector("#estimate:has-text('About')")
    assert newest(stage, "/api/plan")["recipe"]["size"] == 1280


@TASKS.by("mouse", "Paint it, watch it grow out of the preview, and save it")
def _(page, stage):
    page.click("#paint")
    page.wait_for_selector(FIRST_STEP)
    hurry(stage)
    title(page, "Finished")
    with page.expect_download() as download:
        page.click("text=Download >> visible=true")
    assert download.value.suggested_filename == "My photo, Dawn, painting.png"


@TASKS.by("touch", "Choose a photo and a style with a finger")
def _(page, stage):
    page.tap("#content-samples .sample >> nth=1")
    page.tap("#style-samples .sample >> nth=1")
    page.wait_for_selector(PREVIEW)


@TASKS.by("touch", "Set strength and colour with a finger")
def _(page, stage):
    for label, share in (("Strength", 0.75), ("Colour", 0.5)):
        control = page.get_by_label(label, exact=True)
        control.scroll_into_view_if_needed()
        box = control.bounding_box()
        page.touchscreen.tap(box["x"] + share * box["width"], box["y"] + box["height"] / 2)
    asked(page, stage, lambda body: body["strength"] > 1.3 and 0.4 <= body["colors"] <= 0.6)


@TASKS.by("touch", "Protect a spot with a finger")
def _(page, stage):
    page.evaluate("scrollTo(0, 0)")
    page.tap("#brush")
    page.tap("#brush-layers [role=radio] >> nth=1")
    box = page.locator("#frame").bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    asked(page, stage, lambda body: body["protect"])
    page.tap("#brush-done")


@TASKS.by("touch", "Take everything back to the first preview")
def _(page, stage):
    while page.get_attribute("#undo", "title").split(" (")[0] not in ("Undo: styles", "Nothing to undo"):
        page.tap("#undo")
    asked(page, stage, lambda body: body["strength"] == 0.5 and not body["protect"])


@TASKS.by("touch", "Paint, stop when it is good enough, and keep that")
def _(page, stage):
    page.tap("#paint")
    page.wait_for_selector(FIRST_STEP)
    page.tap("text=Stop and keep >> visible=true")
    title(page, "Stopped, picture kept")
    page.wait_for_selector("text=Download >> visible=true")
    page.tap("text=Paint again >> visible=true")


@TASKS.by("keyboard", "Choose a photo and an instant style")
def _(page, stage):
    walk(page, "#content-samples .sample")
    page.keyboard.press("Enter")
    walk(page, "#trained-styles .sample")
    page.keyboard.press("Space")
    page.wait_for_selector(PREVIEW)
    assert newest(stage)["trained"] == "two-poplars"


@TASKS.by("keyboard", "Try another style and go back to the first look")
def _(page, stage):
    page.wait_for_timeout(2500)  # the look is noted once the preview rests
    page.locator("#style-samples .sample").first.focus()
    page.keyboard.press("Enter")
    asked(page, stage, lambda body: body.get("styles"))
    walk(page, "#looks [aria-label^='Go back']")
    page.keyboard.press("Enter")
    asked(page, stage, lambda body: body.get("trained"))
    page.keyboard.press("Control+z")
    asked(page, stage, lambda body: body.get("styles"))


@TASKS.by("keyboard", "Change strength and draw a mask")
def _(page, stage):
    walk(page, "#look input")
    page.keyboard.press("End")
    asked(page, stage, lambda body: body["strength"] == 2)
    page.focus("#viewport")
    page.keyboard.press("b")
    page.keyboard.press("Enter")
    for _press in range(4):
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Enter")
    asked(page, stage, lambda body: body["masks"])
    page.keyboard.press("Escape")


@TASKS.by("keyboard", "Set another seed among the folded settings")
def _(page, stage):
    walk(page, "#more summary")
    page.keyboard.press("Enter")
    walk(page, "#seed")
    page.keyboard.type("5")
    page.keyboard.press("Tab")
    page.wait_for_selector("#estimate:has-text('About')")


@TASKS.by("keyboard", "Paint, and compare the finished picture with the photo")
def _(page, stage):
    walk(page, "#paint")
    page.keyboard.press("Enter")
    title(page, "Painting")
    hurry(stage)
    title(page, "Finished")
    assert newest(stage, "/api/jobs")["recipe"]["seed"] in (5, 50)
    page.focus("#viewport")
    page.keyboard.press("c")
    page.focus("#split")
    page.keyboard.press("End")
    assert page.get_attribute("#split", "aria-valuenow") == "100"


@pytest.mark.parametrize("device", DEVICES)
def test_tasks(stage, files, device):
    stage.photo, stage.painting = files("My photo.png", 1), files("painting.jpg", 2)
    stage.studio.samples[0]["name"], stage.studio.samples[2]["name"] = "Astronaut", "Night over the river"
    page = stage.tab(**DEVICES[device])
    assert TASKS.run(device, page, stage) >= 5


def test_there_are_twenty_tasks():
    assert len(TASKS) == 20
    assert len({task.words for task in TASKS}) == 20
