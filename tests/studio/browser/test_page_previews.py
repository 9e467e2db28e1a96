"""Previews that something gets in the way of: a moving layout, a newer request, a busy server."""

from __future__ import annotations

import json

import pytest
from actions import PHONE, PREVIEW, begin, newest, slide, until

STYLE = "#style-samples .sample >> nth=0"
IS_EMPTY = "!document.getElementById('welcome').hidden"


def press_while_the_photo_arrives(page, travel: float = 0) -> None:
    """Choose a sample photo, press a style, and release it only after the photo has moved the layout."""
    held = []
    page.route("**/api/pictures/*", lambda route: held.append(route), times=1)
    page.click("#content-samples .sample >> nth=0")
    style = page.locator(STYLE)
    style.scroll_into_view_if_needed()
    box = style.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    assert page.evaluate(IS_EMPTY)
    while not held:
        page.wait_for_timeout(25)
    for route in held:
        route.continue_()
    until(page, f"!({IS_EMPTY})")
    assert style.bounding_box()["y"] < box["y"] - 40
    page.mouse.move(x, y + travel)
    page.mouse.up()


def test_a_press_counts_although_the_layout_moves_under_it(stage):
    page = stage.tab(**PHONE)
    press_while_the_photo_arrives(page)
    page.wait_for_selector(PREVIEW)


def test_a_press_that_is_dragged_away_does_not_count(stage):
    page = stage.tab(**PHONE)
    press_while_the_photo_arrives(page, travel=-30)
    page.wait_for_timeout(100)
    assert page.locator("#sources .tile:not(.tile-photo) img").count() == 0


@pytest.mark.parametrize("status", [409, 429])
def test_a_preview_that_was_put_off_is_asked_for_again(stage, status):
    page = stage.tab()
    refusal = {
        "status": status,
        "content_type": "application/json",
        "body": json.dumps({"error": "superseded"}),
    }
    page.route("**/api/fast", lambda route: route.fulfill(**refusal), times=1)
    begin(page)  # waits for the preview
    assert page.locator("#caption[data-kind=error]").count() == 0


def test_going_back_while_a_preview_is_being_aborted_asks_for_it_again(stage):
    page = stage.tab()
    begin(page)
    stage.studio.fast_seconds = 0.4
    slide(page, "Strength", 0.8)
    page.wait_for_timeout(100)
    strength = newest(stage)["strength"]
    assert strength == pytest.approx(0.8)
    # Without a photo the preview is aborted; undo brings the photo back before the browser has closed the request.
    page.evaluate(
        """() => {
          document.querySelector('[aria-label="Remove photo"]').click();
          queueMicrotask(() => document.getElementById('undo').click());
        }"""
    )
    page.wait_for_selector(PREVIEW)
    until(page, "document.getElementById('working').hidden")
    assert newest(stage)["strength"] == pytest.approx(0.8)
    assert page.inner_text("#caption") == "Quick preview"
