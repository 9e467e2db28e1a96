"""An artist's tasks in the gallery, with the mouse, by touch, and with the keyboard alone."""

from __future__ import annotations

import io
import zipfile

import pytest
from actions import PHONE, drop, until, violations
from fake_recipe import full_recipe
from PIL import Image


def fill(stage, count):
    """Put finished pictures in the gallery; the newest is shown first."""
    samples = [sample["id"] for sample in stage.studio.samples]
    jobs = []
    for index in range(count):
        body = {"content": samples[index % 2], "styles": [samples[2 + index % 4]]}
        size = 64 if index == 0 else 512
        recipe = full_recipe({"strength": 0.2 + 0.1 * index, "size": size})
        jobs.append(stage.studio.jobs.finished(body, recipe))
    return jobs


def names(page):
    return page.locator(".card-name").all_inner_texts()


def shown(page, count):
    until(page, f"document.querySelectorAll('.card').length === {count}")


def test_name_find_and_mark_pictures(stage):
    jobs = fill(stage, 5)
    page = stage.tab(path="/#/gallery")
    shown(page, 5)
    page.click(".card-name >> nth=0")
    page.keyboard.type("Evening sea")
    page.keyboard.press("Enter")
    until(page, "document.querySelector('.card-name').textContent === 'Evening sea'")
    assert jobs[-1].name == "Evening sea"
    page.click(".card-name >> nth=1")
    page.keyboard.type("Never mind")
    page.keyboard.press("Escape")
    assert names(page)[1] == jobs[-2].name == "Hill, Ink"
    page.hover(".card >> nth=2")
    page.click(".card-star >> nth=2")
    until(page, "document.querySelectorAll('.card-star[aria-pressed=true]').length === 1")
    assert [job.favourite for job in jobs] == [False, False, True, False, False]
    page.fill("#gallery-search", "evening SEA")
    shown(page, 1)
    page.fill("#gallery-search", "strength 0.3")
    until(page, "document.querySelector('.card-name')?.textContent === 'Hill, Moss'")
    shown(page, 1)
    page.fill("#gallery-search", "nowhere")
    page.wait_for_selector("#gallery-empty:has-text('Nothing matches “nowhere”')")
    page.fill("#gallery-search", "")
    shown(page, 5)
    page.click("#gallery-favourites")
    shown(page, 1)
    assert names(page) == ["Harbour, Ember"]
    page.click("#gallery-favourites")
    shown(page, 5)
    # A picture of 64 pixels is not enlarged.
    image = page.locator(".card:last-child .card-picture img")
    image.scroll_into_view_if_needed()
    until(page, "document.querySelector('.card:last-child .card-picture img').naturalWidth > 0")
    assert image.bounding_box()["width"] == 64


def test_download_and_delete_many_with_the_mouse(stage):
    jobs = fill(stage, 6)
    page = stage.tab(path="/#/gallery")
    shown(page, 6)
    assert page.is_hidden("#selection")
    page.hover(".card >> nth=0")
    page.click(".card-check input >> nth=0")
    page.click(".card-picture >> nth=3", modifiers=["Shift"])
    assert page.inner_text("#selection-count") == "4 pictures selected"
    page.click(".card-picture >> nth=1")  # with a selection, a click selects
    assert page.inner_text("#selection-count") == "3 pictures selected"
    page.select_option("#selection-format", "jpeg")
    with page.expect_download() as download:
        page.click("#selection-zip")
    assert download.value.suggested_filename == "impasto.zip"
    archive = zipfile.ZipFile(io.BytesIO(download.value.path().read_bytes()))
    assert len(archive.namelist()) == 3
    assert stage.studio.gallery.bundles[-1]["ids"] == [jobs[5].id, jobs[3].id, jobs[2].id]
    assert Image.open(io.BytesIO(archive.read(archive.namelist()[0]))).format == "JPEG"
    page.click("#selection-delete")
    shown(page, 3)
    assert page.is_hidden("#selection")
    page.click(".notice >> text=Undo")
    shown(page, 6)
    page.hover(".card >> nth=0")
    page.click(".card >> nth=0 >> [aria-label='Delete']")
    shown(page, 5)
    assert [job.deleted for job in jobs] == [False] * 5 + [True]
    page.click(".card-picture >> nth=0")
    page.wait_for_selector(".run-title:has-text('Finished')")


def test_the_gallery_by_keyboard_alone(stage):
    jobs = fill(stage, 5)
    page = stage.tab(path="/#/gallery")
    shown(page, 5)
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('.card-picture')"):
            break
    page.keyboard.press("Space")
    page.keyboard.press("Shift+ArrowRight")
    assert page.inner_text("#selection-count") == "2 pictures selected"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("f")
    until(page, "document.querySelectorAll('.card-star[aria-pressed=true]').length === 1")
    assert jobs[3].favourite
    page.keyboard.press("Control+a")
    assert page.inner_text("#selection-count") == "5 pictures selected"
    page.keyboard.press("Escape")
    assert page.is_hidden("#selection")
    page.evaluate("document.querySelectorAll('.card-picture')[1].focus()")
    page.keyboard.press("F2")
    page.keyboard.type("By keys")
    page.keyboard.press("Enter")
    until(page, "document.querySelectorAll('.card-name')[1].textContent === 'By keys'")
    assert page.evaluate("document.activeElement.textContent") == "By keys"
    page.evaluate("document.querySelectorAll('.card-picture')[0].focus()")
    page.keyboard.press("Delete")
    shown(page, 4)
    assert page.evaluate("document.activeElement.matches('.card:first-child .card-picture')")
    page.keyboard.press("Enter")
    page.wait_for_selector(".run-title:has-text('Finished')")


def test_pictures_come_back_by_drop_and_are_refused_without_a_recipe(stage, files):
    (job,) = fill(stage, 1)
    data, _ = job.picture("picture", "png", None)
    page = stage.tab(path="/#/gallery")
    shown(page, 1)
    plain = files("holiday.png", 3).read_bytes()
    drop(page, [("Sunset.png", "image/png", data), ("holiday.png", "image/png", plain)])
    shown(page, 2)
    assert names(page)[0] == "Sunset"
    page.wait_for_selector(".notice[data-kind=error]:has-text(\"'holiday.png' contains no recipe\")")
    assert page.is_hidden("#dropveil")
    page.click(".card >> nth=0 >> [aria-label='Reuse settings']")
    page.wait_for_selector("#paint:enabled")
    assert page.get_by_label("Strength", exact=True).input_value() == "0.2"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_gallery_by_touch_and_for_everyone(stage, axe, scheme):
    fill(stage, 4)
    page = stage.tab(path="/#/gallery", color_scheme=scheme, **PHONE)
    shown(page, 4)
    assert violations(page, axe) == []
    page.tap(".card-check >> nth=0")
    page.tap(".card-picture >> nth=1")
    assert page.inner_text("#selection-count") == "2 pictures selected"
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert violations(page, axe) == []
    page.tap(".card-name >> nth=0")
    assert violations(page, axe) == []
    page.keyboard.press("Escape")
    page.tap("#selection-delete")
    shown(page, 2)
    page.tap(".notice >> text=Undo")
    shown(page, 4)
    page.tap(".card-picture >> nth=0")
    page.wait_for_selector(".run-title:has-text('Finished')")
