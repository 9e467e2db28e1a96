"""An artist's tasks with two results and with sheets: compare them, and take a look from a sheet."""

from __future__ import annotations

import io

import pytest
from actions import PHONE, begin, idle, slide, until, violations
from PIL import Image
from test_page_gallery import fill, shown


def frame(page, index):
    return page.locator(".compare-frame").nth(index).bounding_box()


def test_two_results_are_compared_with_linked_zoom_and_a_divider(stage):
    fill(stage, 3)
    page = stage.tab(path="/#/gallery")
    shown(page, 3)
    page.click(".card-check input >> nth=0", force=True)
    assert page.is_disabled("#selection-compare")
    page.click(".card-check input >> nth=1", force=True)
    page.click("#selection-compare")
    until(page, "document.querySelectorAll('.compare-frame img').length === 2")
    until(page, "[...document.querySelectorAll('.compare-frame img')].every((image) => image.naturalWidth)")
    assert "strength 0.4 and 0.3" in page.inner_text("#compare-words")
    assert "styles" in page.inner_text("#compare-words")
    page.click("#compare-zoom")
    assert page.inner_text("#compare-zoom") == "100 %"
    stage_box = page.locator(".compare-stage").nth(1).bounding_box()
    page.mouse.move(stage_box["x"] + 80, stage_box["y"] + 80)
    page.mouse.wheel(0, -500)
    before = [frame(page, index) for index in (0, 1)]
    assert before[0]["width"] == before[1]["width"] > 512
    page.mouse.down()
    page.mouse.move(stage_box["x"] + 50, stage_box["y"] + 70, steps=4)
    page.mouse.up()
    after = [frame(page, index) for index in (0, 1)]
    moved = [after[index]["x"] - before[index]["x"] for index in (0, 1)]
    assert moved[0] == moved[1] == pytest.approx(-30, abs=1)
    page.click("#compare-slider")
    assert frame(page, 0) == frame(page, 1)
    page.focus("#compare-split")
    page.keyboard.press("End")
    assert page.get_attribute("#compare-split", "aria-valuenow") == "100"
    page.keyboard.press("ArrowLeft")
    assert page.get_attribute("#compare-split", "aria-valuenow") == "98"
    assert "inset" in page.locator(".compare-frame").nth(1).evaluate("(node) => node.style.clipPath")
    page.keyboard.press("Tab")
    page.click("text=Use this look >> nth=1")
    page.wait_for_selector("#paint:enabled")
    assert page.get_by_label("Strength", exact=True).input_value() == "0.3"


def test_pictures_that_a_browser_may_not_decode_are_compared_at_a_smaller_size(stage):
    fill(stage, 2)
    large, small = stage.studio.jobs.all()
    large.recipe = {**large.recipe, "size": 10_000}
    page = stage.tab(path=f"/#/compare/{large.id}/{small.id}")
    page.wait_for_selector("#compare-words:has-text('size 10000')")
    sources = page.locator(".compare-frame img").evaluate_all("images => images.map((image) => image.src)")
    assert [source.partition("?")[2] for source in sources] == ["size=4096", "format=png"]


def test_sheets_of_strengths_and_styles_give_a_look_by_one_click(stage):
    page = stage.tab()
    begin(page)
    slide(page, "Colour", 0.5)
    page.click("#open-sheet")
    until(page, "document.querySelectorAll('.sheet-cell img').length === 5")
    sheet = [body for body in stage.studio.bodies_of("POST", "/api/fast") if body["size"] == 448]
    assert [body["strength"] for body in sheet] == [0.2, 0.4, 0.6, 0.8, 1]
    assert {body["colors"] for body in sheet} == {0.5}
    page.wait_for_selector("#sheet-save:enabled")
    with page.expect_download() as download:
        page.click("#sheet-save")
    assert download.value.suggested_filename == "Harbour strengths.png"
    image = Image.open(io.BytesIO(download.value.path().read_bytes()))
    assert (image.format, image.size) == ("PNG", (16 + 5 * (448 + 16), 16 + 299 + 34 + 16))
    # One of the cells is as the server painted it: the middle of the third lies in the sheet's middle.
    assert image.getpixel((4, 4)) == (255, 255, 255, 255)
    page.click(".sheet-cell >> nth=3")
    until(page, "location.hash === '#/'")
    assert page.get_by_label("Strength", exact=True).input_value() == "0.8"
    page.click("#open-sheet")
    page.click("#sheet-styles")
    until(page, "document.querySelectorAll('.sheet-cell img').length === 6")
    page.focus(".sheet-cell >> nth=2")
    page.keyboard.press("Enter")
    until(page, "document.querySelector('#style-samples .sample:nth-child(1)') && location.hash === '#/'")
    ember = stage.studio.samples[4]["id"]
    until(page, f"document.querySelector('.sample[data-id=\"{ember}\"]').ariaPressed === 'true'")
    page.click("#open-sheet")
    page.click("#sheet-styles")
    page.click(".sheet-cell[aria-label^='Two-Poplars']")
    page.wait_for_selector("#paint:has-text('Save picture')")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_compare_and_sheets_by_touch_and_for_everyone(stage, axe, scheme):
    jobs = fill(stage, 2)
    page = stage.tab(path=f"/#/compare/{jobs[0].id}/{jobs[1].id}", color_scheme=scheme, **PHONE)
    until(page, "document.querySelectorAll('.compare-frame img').length === 2")
    page.wait_for_selector("text=Use this look >> nth=1")
    assert violations(page, axe) == []
    page.tap("#compare-slider")
    assert violations(page, axe) == []
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.tap("text=Use this look >> nth=0")
    page.wait_for_selector("#paint:enabled")
    page.tap("#open-sheet")
    until(page, "document.querySelectorAll('.sheet-cell img').length === 5")
    idle(page, 200)
    assert violations(page, axe) == []
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.tap(".sheet-cell >> nth=0")
    page.wait_for_selector("#paint:enabled")
