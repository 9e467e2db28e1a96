"""Sizes in print: paper, centimetres, dots per inch, framing, and one pass beside painting."""

from __future__ import annotations

import json

import pytest
from actions import PHONE, begin, finish, until, violations
from test_page_modules import call

from impasto.studio.requests import ordered_size


@pytest.mark.parametrize("framing", ["crop", "fit", "pad"])
@pytest.mark.parametrize("photo", [(1600, 1200), (1201, 1600)])
def test_the_page_and_the_server_count_the_same_pixels(stage, photo, framing):
    page = stage.tab()
    for size, dpi in (("A4", 300), ("A0", 90), ("30.5x40cm", 254), ("24x36in", 72), ("4961x3508", 300)):
        order = json.dumps({"size": size, "dpi": dpi, "framing": framing})
        picture = json.dumps({"width": photo[0], "height": photo[1]})
        pixels = call(page, "print_sizes", f"m.printPixels({order}, {picture})")
        assert tuple(pixels) == ordered_size(size, *photo, dpi=dpi, framing=framing), (size, framing)


def paper(page, name):
    page.get_by_label("Print size").select_option(name)


def test_paper_becomes_pixels_at_once(stage):
    page = stage.tab()
    begin(page)
    paper(page, "A4")
    until(page, "document.getElementById('print-pixels').textContent === '3508 × 2480 px, 8.7 megapixels'")
    assert [page.get_by_label(f"{side}, cm").input_value() for side in ("Width", "Height")] == ["29.7", "21"]
    page.get_by_label("DPI").fill("150")
    page.get_by_label("DPI").press("Tab")
    until(page, "document.getElementById('print-pixels').textContent.startsWith('1754 × 1240 px')")
    page.get_by_label("Width, cm").fill("40")
    page.get_by_label("Width, cm").press("Tab")
    until(page, "document.getElementById('print-pixels').textContent.startsWith('2362 × 1240 px')")
    assert page.get_by_label("Print size").input_value() == "own"
    page.get_by_label("Width, cm").fill("20")  # for a moment higher than wide, which is not turned
    page.get_by_label("Width, cm").press("Tab")
    page.get_by_label("Height, cm").fill("24.5")
    page.get_by_label("Height, cm").press("Tab")
    until(page, "document.getElementById('print-pixels').textContent.startsWith('1181 × 1447 px')")
    page.get_by_label("DPI").fill("75")
    page.get_by_label("DPI").press("Tab")
    until(page, "document.getElementById('print-pixels').textContent.startsWith('591 × 723 px')")
    assert [page.get_by_label(f"{side}, cm").input_value() for side in ("Width", "Height")] == ["20", "24.5"]
    page.wait_for_selector("#crop:visible")  # the photograph is less wide than the sheet
    page.get_by_label("Framing").select_option("fit")
    page.wait_for_selector("#crop", state="hidden")
    page.click("#undo")
    page.wait_for_selector("#crop:visible")
    paper(page, "pixels")
    page.get_by_label("Size", exact=True).wait_for()
    page.wait_for_selector("#crop", state="hidden")


def test_a_print_is_ordered_as_it_was_chosen(stage):
    page = stage.tab()
    begin(page)
    paper(page, "A5")
    page.get_by_label("Framing").select_option("pad")
    page.wait_for_selector("#paint:enabled")
    finish(stage, page)
    (order,) = stage.studio.bodies_of("POST", "/api/jobs")
    assert {name: order["recipe"][name] for name in ("size", "dpi", "framing")} == {
        "size": "A5",
        "dpi": 300,
        "framing": "pad",
    }
    page.click(".run-buttons >> text=Paint again")
    assert page.get_by_label("Print size").input_value() == "A5"
    page.reload()
    page.wait_for_selector("#print-pixels:visible")


def test_a_large_picture_is_offered_both_ways_with_both_times(stage):
    page = stage.tab()
    begin(page)
    page.wait_for_selector("#estimate:has-text('About')")
    assert not page.is_visible("#paint-one-pass")
    paper(page, "A4")
    page.wait_for_selector("#estimate:has-text('painted in tiles')")
    page.wait_for_selector("#paint-one-pass:has-text('In one pass: about 17 s')")
    with page.expect_download():
        page.click("#paint-one-pass")
    (body,) = stage.studio.bodies_of("POST", "/api/results/fast")
    assert (body["size"], body["dpi"], body["framing"]) == ("A4", 300, "crop")
    page.wait_for_selector("#paint-one-pass:has-text('about')")


def test_a_print_that_does_not_fit_keeps_its_paper(stage):
    """Fewer dots per inch are offered, not another size."""
    stage.studio.fitting_side = 2400
    page = stage.tab()
    begin(page)
    paper(page, "A4")
    page.click("#fit-size:has-text('Use 205 DPI')")
    page.wait_for_selector("#paint:enabled")
    assert page.get_by_label("Print size").input_value() == "A4"
    assert page.get_by_label("DPI").input_value() == "205"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", [{}, PHONE], ids=["desktop", "phone"])
def test_the_controls_of_a_print_are_for_everyone(stage, axe, scheme, device):
    page = stage.tab(color_scheme=scheme, **device)
    begin(page)
    paper(page, "A4")
    page.wait_for_selector("#paint-one-pass:visible")
    page.locator("#print-pixels").scroll_into_view_if_needed()
    assert violations(page, axe) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
