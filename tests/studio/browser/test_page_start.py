"""The empty page: what comes out, and names that need no hovering."""

from __future__ import annotations

import pytest
from actions import PREVIEW, until
from fake_server import STATIC

from impasto.studio.sample_pictures import SAMPLES

SHARE = "Number(document.getElementById('tour-share').value)"


def test_an_example_moves_ends_and_follows_the_pointer(stage):
    page = stage.tab(reduced_motion="no-preference")
    until(page, "document.getElementById('tour-after').complete")
    page.evaluate(
        """() => {
          window.shares = [];
          const input = document.getElementById('tour-share');
          window.timer = setInterval(() => shares.push(Number(input.value)), 20);
        }"""
    )
    until(page, f"Math.min(...shares) < 20 && {SHARE} === 50")
    page.wait_for_timeout(300)
    assert page.evaluate(SHARE) == 50
    box = page.locator(".tour-pictures").bounding_box()
    page.mouse.click(box["x"] + 0.8 * box["width"], box["y"] + box["height"] / 2)
    assert 70 < page.evaluate(SHARE) < 90
    page.focus("#tour-share")
    page.keyboard.press("Home")
    assert page.evaluate(SHARE) == 0
    words = page.inner_text("#tour-words")
    page.click("#tour-next")
    assert page.inner_text("#tour-words") != words


def test_an_example_stands_still_where_motion_is_unwanted(stage):
    page = stage.tab()
    until(page, f"{SHARE} === 50")
    page.wait_for_timeout(400)
    assert page.evaluate(SHARE) == 50


def test_an_example_is_tried_with_one_click(stage):
    for entry, name in (
        (stage.studio.samples[0], "Astronaut"),
        (stage.studio.samples[3], "Night over the river"),
    ):
        entry["name"] = name
    page = stage.tab()
    page.click("#tour-try")
    page.wait_for_selector(PREVIEW)
    request = stage.studio.bodies_of("POST", "/api/fast")[0]
    assert (request["content"], request["styles"]) == (
        stage.studio.samples[0]["id"],
        [stage.studio.samples[3]["id"]],
    )


def test_samples_show_their_names(stage):
    page = stage.tab()
    for selector, names in (
        ("#content-samples", ["Harbour", "Hill"]),
        ("#style-samples", ["Dawn", "Moss", "Ember", "Ink"]),
        ("#trained-styles", ["Two-Poplars", "Baby-Cradle"]),
    ):
        shown = page.locator(f"{selector} .sample-name")
        assert shown.all_inner_texts() == names
        assert shown.first.is_visible()


@pytest.mark.parametrize("kind", ["content", "style"])
def test_examples_are_samples_of_the_package(kind):
    text = (STATIC / "js" / "tour.js").read_text(encoding="utf-8")
    names = [sample.name for sample in SAMPLES if sample.kind == kind and f'"{sample.name}"' in text]
    assert len(names) == 3
    assert len(list((STATIC / "tour").glob("*.webp"))) == 6
