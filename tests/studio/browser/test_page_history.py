"""Undo and redo of everything in a draft, past looks, and remembered groups of settings."""

from __future__ import annotations

import pytest
from actions import PREVIEW, begin, drop_sample, hurry, idle, slide, stroke, title, until

DRAFT = """async () => {
  const m = await import(new URL('static/js/state.js', document.baseURI));
  return m.draftOf(m.store.state);
}"""


def draft(page):
    return page.evaluate(DRAFT)


def test_every_kind_of_change_is_undone_and_redone(stage):
    page = stage.tab()
    begin(page, 2)
    idle(page, 1100)
    states, words = [draft(page)], []

    def changed(word):
        until(page, "(word) => document.getElementById('undo').title.startsWith(`Undo: ${word} `)", word)
        states.append(draft(page))
        words.append(word)
        assert states[-1] != states[-2]

    slide(page, "Strength", 1.2)
    changed("strength")
    slide(page, "Colour", 0.5)
    changed("colour")
    slide(page, "Cross-fade", 0.9)
    changed("mix")
    page.get_by_label("Size", exact=True).press("ArrowRight")
    changed("size")
    page.get_by_label("High").check(force=True)
    changed("quality")
    page.click("#more summary")
    page.uncheck("#field-balance")
    changed("settings")
    page.fill("#seed", "9")
    page.press("#seed", "Tab")
    changed("seed")
    page.click("#brush")
    stroke(page, [(0.2, 0.3), (0.7, 0.3)])
    changed("mask")
    page.click("#brush-done")
    page.click("#sources [aria-label='Remove style 1']")
    changed("styles")
    page.click("#trained-styles .sample >> nth=0")
    changed("style")
    page.click("#sources [aria-label='Remove photo']")
    changed("photo")

    for before in reversed(states[:-1]):
        page.keyboard.press("Control+z")
        assert draft(page) == before
    for after in states[1:]:
        page.click("#redo")
        assert draft(page) == after
    assert page.get_attribute("#redo", "aria-disabled") == "true"
    for _ in words:
        page.click("#undo")
    assert draft(page) == states[0]
    slide(page, "Stroke", 2)  # a change after an undo: there is nothing to redo any more
    until(page, "document.getElementById('redo').getAttribute('aria-disabled') === 'true'")


def test_a_dragged_slider_is_one_step(stage):
    page = stage.tab()
    begin(page)
    idle(page, 1100)
    before = draft(page)
    box = page.get_by_label("Strength", exact=True).bounding_box()
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 2)
    page.mouse.down()
    for share in (0.4, 0.5, 0.6, 0.7):
        page.mouse.move(box["x"] + share * box["width"], box["y"] + box["height"] / 2)
        idle(page, 400)
    page.mouse.up()
    assert draft(page)["look"]["strength"] > 1
    page.keyboard.press("Control+z")
    assert draft(page) == before


def test_the_photo_comes_back_with_its_masks_and_after_a_reload(stage):
    page = stage.tab()
    begin(page, 2)
    page.click("#brush")
    stroke(page, [(0.2, 0.3), (0.7, 0.3)])
    page.click("#brush-done")
    idle(page, 900)
    sent = stage.studio.bodies_of("POST", "/api/fast")[-1]
    page.click("#sources [aria-label='Remove photo']")
    page.wait_for_selector("#welcome:not([hidden])")
    idle(page)
    page.reload()
    page.wait_for_selector("#welcome:not([hidden])")
    page.keyboard.press("Control+z")
    page.wait_for_selector(PREVIEW)
    idle(page, 900)
    assert stage.studio.bodies_of("POST", "/api/fast")[-1]["masks"] == sent["masks"]
    page.click("#sources [aria-label='Remove photo']")
    page.click(".notice >> text=Undo")
    page.wait_for_selector(PREVIEW)


def test_undo_in_a_text_field_is_the_fields_own(stage):
    page = stage.tab()
    begin(page)
    slide(page, "Strength", 1.5)
    page.click("#more summary")
    page.focus("#seed")
    page.keyboard.press("Control+z")
    assert draft(page)["look"]["strength"] == 1.5


def test_undo_of_other_pictures_leaves_a_running_job(stage):
    page = stage.tab()
    page.click("#content-samples .sample >> nth=0")
    page.wait_for_selector(".tile-photo img")
    page.click("#style-samples .sample >> nth=0")
    page.wait_for_selector(PREVIEW)
    page.click("#paint")
    title(page, "Painting")
    page.keyboard.press("Control+z")
    page.wait_for_selector("#estimate:has-text('Choose a style')")
    assert stage.studio.gallery.page(None, 5, "", False)["jobs"][0]["state"] == "running"
    page.wait_for_selector("#busy:has-text('1 painting')")


def test_past_looks_bring_styles_and_settings_back(stage):
    page = stage.tab()
    begin(page)
    slide(page, "Strength", 1.4)
    idle(page, 1300)
    assert page.locator("#looks .sample").count() == 1  # only "Keep this look"
    page.click("#style-samples .sample >> nth=1")
    page.wait_for_selector("#looks [aria-label='Go back to Dawn, strength 1.4']")
    slide(page, "Strength", 0.3)
    idle(page, 1300)
    page.click("[aria-label='Keep this look']")
    page.wait_for_selector("#looks [aria-label='Go back to Moss, strength 0.3']")
    drop_sample(page, 1)
    idle(page, 1300)
    page.click("#paint")  # a painted look is kept as well
    page.wait_for_selector("#looks [aria-label^='Go back to Moss, style-1']")
    hurry(stage)
    title(page, "Finished")
    page.reload()
    page.click("#looks [aria-label='Go back to Dawn, strength 1.4']")
    page.wait_for_selector(PREVIEW)
    idle(page)
    request = stage.studio.bodies_of("POST", "/api/fast")[-1]
    names = {entry["id"]: entry["name"] for entry in stage.studio.samples}
    assert ([names[key] for key in request["styles"]], request["strength"]) == (["Dawn"], 1.4)
    page.keyboard.press("Control+z")
    until(page, "document.querySelectorAll('#sources .tile:not(.tile-photo) img').length === 2")
    moss = next(entry["id"] for entry in stage.studio.samples if entry["name"] == "Moss")
    del stage.studio.pictures._images[moss]
    page.click("#looks [aria-label='Go back to Moss, strength 0.3']")
    page.wait_for_selector(".notice:has-text('no longer has a style')")
    assert page.locator("#looks [aria-label='Go back to Moss, strength 0.3']").count() == 0
    page.click("#looks-clear")
    assert page.locator("#looks [aria-label^='Go back']").count() == 0


def test_three_tiers_of_settings_and_open_ones_are_remembered(stage):
    page = stage.tab()
    begin(page)
    for label in ("Strength", "Stroke", "Colour", "Size"):
        control = page.get_by_label(label, exact=True)
        assert control.is_visible()
        help_id = control.get_attribute("aria-describedby")
        assert len(page.inner_text(f"#{help_id}")) > 20
    assert not page.is_visible("#seed")
    assert not page.is_visible("#field-learning_rate")
    page.click("#more summary")
    until(page, "Object.values(localStorage).some((value) => value.includes('more'))")
    page.reload()
    page.wait_for_selector("#seed", state="visible")
    assert not page.is_visible("#field-learning_rate")
    words = page.evaluate("document.body.textContent")
    assert "color" not in words.lower().replace("colour", "")


@pytest.mark.parametrize("value", [{"a": [1, {"b": None}], "c": "x"}, [], {"$": 3}])
def test_a_packed_history_is_the_same(stage, value):
    page = stage.tab()
    code = """async (value) => { const m = await import(new URL('static/js/history_store.js', document.baseURI));
      const packed = JSON.parse(JSON.stringify(m.pack({ first: value, again: value })));
      const { first, again } = m.unpack(packed); return [first, first === again]; }"""
    assert page.evaluate(code, value) == [value, isinstance(value, dict | list)]
