"""Accessibility: phones, keyboards, screen readers, dark theme, reduced motion; also page weight and policy."""

from __future__ import annotations

import pytest
from actions import PHONE, PREVIEW, begin, hurry, idle, title, until, violations, walk


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", [{}, PHONE], ids=["wide", "phone"])
def test_axe_finds_nothing(stage, axe, scheme, device):
    page = stage.tab(color_scheme=scheme, **device)
    assert violations(page, axe) == []
    begin(page, 3)
    page.click("#advanced summary")
    page.click("#compare")
    assert violations(page, axe) == []
    page.click("#brush")
    assert violations(page, axe) == []
    page.click("#brush-done")
    page.click("#paint")
    title(page, "Painting")
    page.wait_for_selector(".curve-line[points*=' ']", state="attached")
    page.evaluate("scrollTo(0, 0)")  # the foot of a phone may lie over half a button, which can be scrolled
    assert violations(page, axe) == []
    page.click("text=Stop and keep >> visible=true")
    title(page, "Stopped")
    assert violations(page, axe) == []
    page.click("#nav-gallery")
    page.wait_for_selector(".card img")
    assert violations(page, axe) == []


def test_a_phone_has_the_whole_path_and_no_sideways_scroll(stage):
    page = stage.tab(**PHONE)
    page.tap("#content-samples .sample >> nth=1")
    page.tap("#style-samples .sample >> nth=1")
    page.wait_for_selector(PREVIEW)
    page.click("#advanced summary")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.tap("#paint")
    hurry(stage)
    title(page, "Finished")
    page.tap("text=Paint again >> visible=true")
    page.wait_for_selector("#paint:enabled")
    foot, stage_box = page.locator("#foot").bounding_box(), page.locator("#stage").bounding_box()
    assert foot["y"] + foot["height"] <= 741
    assert stage_box["height"] >= 250
    small = page.evaluate(
        """() => [...document.querySelectorAll('button, a, input:not(.segment input), select')]
          .filter((node) => node.offsetParent && !node.classList.contains('hidden'))
          .filter((node) => { const box = node.getBoundingClientRect(); return box.width < 24 || box.height < 22; })
          .map((node) => node.outerHTML.slice(0, 90))"""
    )
    assert small == []


def test_the_keyboard_alone_is_enough(stage):
    page = stage.tab()

    walk(page, "#content-samples .sample")
    page.keyboard.press("Enter")
    walk(page, "#style-samples .sample")
    page.keyboard.press("Space")
    page.wait_for_selector(PREVIEW)
    page.locator("#look input").first.focus()
    page.keyboard.press("ArrowRight")
    idle(page)
    assert stage.studio.bodies_of("POST", "/api/fast")[-1]["strength"] == pytest.approx(0.55)
    page.get_by_label("High").focus()
    walk(page, "#paint")
    page.keyboard.press("Enter")
    hurry(stage)
    title(page, "Finished")
    page.focus("#viewport")
    page.keyboard.press("c")
    page.focus("#split")
    page.keyboard.press("End")
    assert page.get_attribute("#split", "aria-valuenow") == "100"
    page.keyboard.press("ArrowLeft")
    assert page.get_attribute("#split", "aria-valuenow") == "98"


def test_progress_is_spoken(stage):
    page = stage.tab()
    page.evaluate(
        """() => {
          const live = document.getElementById('live');
          window.announced = [];
          const options = { childList: true, subtree: true };
          new MutationObserver(() => announced.push(live.textContent)).observe(live, options);
        }"""
    )
    begin(page)
    stage.studio.step_seconds = 0.05
    page.click("#paint")
    title(page, "Finished")
    idle(page, 200)
    announced = " ".join(page.evaluate("announced"))
    assert "percent painted" in announced
    assert "The picture is finished." in announced


def test_dark_follows_the_system_until_one_chooses(stage):
    context = stage.context(color_scheme="dark")
    page = stage.tab(context)
    shade = "parseInt(getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0])"
    assert page.evaluate(shade) < 60
    assert page.get_attribute("#theme", "aria-pressed") == "true"
    page.click("#theme")
    assert page.evaluate(shade) > 200
    page.reload()
    assert page.evaluate(shade) > 200
    page.emulate_media(color_scheme="light")
    page.click("#theme")
    assert page.evaluate(shade) < 60


def test_reduced_motion_is_honoured(stage):
    page = stage.tab()
    begin(page)
    assert page.evaluate("getComputedStyle(document.querySelector('.after')).transitionDuration").startswith(
        "0s"
    )


def test_zoom_to_pixels_and_pan(stage):
    page = stage.tab()
    begin(page)
    idle(page)
    box = page.locator("#viewport").bounding_box()
    page.click("#zoom-value")
    assert page.inner_text("#zoom-value") == "100 %"
    assert page.locator("#frame").bounding_box()["width"] == pytest.approx(512, abs=1)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    for _ in range(4):
        page.mouse.wheel(0, -400)
    until(page, "document.querySelector('#frame').classList.contains('pixels')")
    before = page.locator("#frame").bounding_box()["x"]
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 80, box["y"] + box["height"] / 2, steps=4)
    page.mouse.up()
    assert page.locator("#frame").bounding_box()["x"] == pytest.approx(before + 80, abs=2)
    page.focus("#viewport")
    page.keyboard.press("0")
    frame = page.locator("#frame").bounding_box()
    assert frame["x"] >= box["x"]
    assert frame["x"] + frame["width"] <= box["x"] + box["width"]


def test_the_line_between_before_and_after_follows_the_mouse(stage):
    page = stage.tab()
    begin(page)
    page.click("#compare")
    frame = page.locator("#frame").bounding_box()
    grip = page.locator("#split .split-grip").bounding_box()
    page.mouse.move(grip["x"] + 19, grip["y"] + 19)
    page.mouse.down()
    page.mouse.move(frame["x"] + frame["width"] / 4, grip["y"], steps=5)
    page.mouse.up()
    assert abs(int(page.get_attribute("#split", "aria-valuenow")) - 25) <= 1


def test_the_page_weighs_at_most_300_kb(stage):
    # Everything that the first view loads, uncompressed, but for the pictures: samples, thumbnails and examples.
    context = stage.context()
    page = context.new_page()
    sizes = []

    def weigh(response):
        is_part = "/api/" not in response.url and not response.url.endswith(".webp")
        if is_part and response.status < 300:  # behind a proxy, the address with the token leads to another
            sizes.append((response.url, len(response.body())))

    page.on("response", weigh)
    page.goto(f"{stage.url}/")
    page.wait_for_selector("#style-samples .sample")
    idle(page, 300)
    assert len(sizes) > 30
    assert sum(size for _, size in sizes) <= 300_000, sizes


def test_nothing_runs_that_the_policy_forbids(stage):
    # What breaks the policy is told on the console; every address is compared with the server's own.
    page = stage.tab()
    begin(page, 2)
    page.click("#help-open")
    page.click("#help >> text=Close")
    page.click("#nav-gallery")
    idle(page, 300)
    assert stage.errors == []
    assert stage.outside() == []
