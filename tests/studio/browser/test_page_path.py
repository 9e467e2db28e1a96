"""From upload to download: pictures, preview, painting, settings."""

from __future__ import annotations

import io
import json
import time

import pytest
from actions import PREVIEW, begin, choose, drop_sample, finish, hurry, idle, painted, slide, title, until
from PIL import Image

# Moves the slider with this name, waits for the picture that follows, answers the milliseconds.
SLIDE_AND_WAIT = """async ([label, value]) => {
  const name = [...document.querySelectorAll('label')].find((node) => node.textContent === label);
  const old = document.querySelector('img.after.shown').src;
  const began = performance.now();
  name.control.value = value;
  name.control.dispatchEvent(new Event('input', { bubbles: true }));
  while (document.querySelector('img.after.shown').src === old) await new Promise((go) => setTimeout(go, 10));
  return performance.now() - began;
}"""


def test_from_upload_to_download(stage, files):
    page = stage.tab()
    choose(page, "#pick-content", files("My harbour.png", 1))
    page.wait_for_selector("#frame:not([hidden])")
    choose(page, "#sources .tile:not(.tile-photo) .empty", files("brush.jpg", 2))
    page.wait_for_selector(PREVIEW)
    page.wait_for_selector("#estimate:has-text('About')")
    assert "memory" in page.inner_text("#estimate")
    page.click("#paint")
    title(page, "Painting")
    page.wait_for_selector("img.after.shown[src*='/preview?v=']")
    assert page.locator("[role=progressbar][aria-label=Painting]").get_attribute("aria-valuenow") is not None
    page.wait_for_selector(".curve-line[points*=' ']", state="attached")
    hurry(stage)
    title(page, "Finished")
    for kind, suffix in (("png", "png"), ("jpeg", "jpg"), ("webp", "webp")):
        page.select_option("#format", kind)
        with page.expect_download() as download:
            page.click("text=Download >> visible=true")
        assert download.value.suggested_filename == f"My harbour, brush.{suffix}"
        image = Image.open(io.BytesIO(download.value.path().read_bytes()))
        assert image.format == kind.upper()
        if kind == "png":
            assert json.loads(image.info["impasto"])["recipe"]["strength"] == 0.5


def test_samples_start_with_one_click_each(stage):
    page = stage.tab()
    begin(page)
    request = stage.studio.bodies_of("POST", "/api/fast")[0]
    kinds = {entry["id"]: entry["kind"] for entry in stage.studio.samples}
    assert kinds[request["content"]] == "content"
    assert [kinds[key] for key in request["styles"]] == ["style"]


def test_an_instant_style_is_painted_and_saved(stage):
    page = stage.tab()
    begin(page, 2)
    slide(page, "Strength", 1.7)
    page.click("#trained-styles .sample >> nth=0")
    idle(page, 600)
    request = stage.studio.bodies_of("POST", "/api/fast")[-1]
    assert (request["trained"], request["strength"], "styles" in request) == ("two-poplars", 1.7, False)
    assert "A painter, 1900" in page.inner_text("#trained-credit")
    assert page.inner_text("#caption") == "Painted in one pass"
    assert not page.is_visible("#advanced")
    with page.expect_download() as download:
        page.click("text=Save picture")
    assert download.value.suggested_filename == "Harbour, Two Poplars.png"
    (saved,) = stage.studio.bodies_of("POST", "/api/results/fast")
    assert (saved["trained"], saved["size"]) == ("two-poplars", 512)
    assert stage.studio.bodies_of("POST", "/api/jobs") == []
    page.reload()
    page.wait_for_selector("#trained-styles .sample[aria-pressed=true]")
    page.click("#style-samples .sample >> nth=0")
    page.wait_for_selector("#paint:has-text('Paint'):enabled")
    assert page.locator("#trained-styles .sample[aria-pressed=true]").count() == 0
    idle(page, 600)
    assert "trained" not in stage.studio.bodies_of("POST", "/api/fast")[-1]


@pytest.mark.parametrize(
    ("label", "values", "field"),
    [
        ("Strength", (2, 0, 1.5), "strength"),
        ("Stroke", (3, 1, 2), "stroke"),
        ("Colour", (1, 0, 0.5), "colors"),
    ],
)
def test_every_slider_changes_the_preview_within_a_second(stage, label, values, field):
    page = stage.tab()
    begin(page)
    idle(page, 1200)
    seconds = []
    for value in values:
        before = painted(page)
        seconds.append(page.evaluate(SLIDE_AND_WAIT, [label, value]) / 1000)
        assert stage.studio.bodies_of("POST", "/api/fast")[-1][field] == value
        if field != "stroke":  # the fake network knows no strokes
            assert painted(page) != before
        idle(page, 900)
    assert min(seconds) < 1, seconds  # the best of three: other work on the machine is not the page's


def test_fast_slider_moves_send_few_requests_and_end_at_the_last_value(stage):
    page = stage.tab()
    begin(page)
    idle(page, 1200)
    stage.studio.fast_seconds = 0.25
    began = time.monotonic()
    count = len(stage.studio.bodies_of("POST", "/api/fast"))
    for step in range(20):
        slide(page, "Strength", step / 20)
        page.wait_for_timeout(10)
    idle(page, 1800)
    most = 2 + (time.monotonic() - began) / 0.25
    request = stage.studio.bodies_of("POST", "/api/fast")[count:]
    assert 1 <= len(request) <= min(19, most)
    assert request[-1]["strength"] == 0.95


def test_pictures_are_dropped_and_pasted(stage):
    page = stage.tab()
    give = """async ([how, seed]) => {
      const canvas = new OffscreenCanvas(60, 40);
      const context = canvas.getContext('2d');
      context.fillStyle = `hsl(${seed * 90} 80% 50%)`;
      context.fillRect(0, 0, 60, 40);
      const transfer = new DataTransfer();
      transfer.items.add(new File([await canvas.convertToBlob()], `${how}.png`, { type: 'image/png' }));
      const options = { bubbles: true, cancelable: true };
      if (how === 'drop') dispatchEvent(new DragEvent('drop', { ...options, dataTransfer: transfer }));
      else document.body.dispatchEvent(new ClipboardEvent('paste', { ...options, clipboardData: transfer }));
    }"""
    page.evaluate(give, ["drop", 1])
    page.wait_for_selector(".tile-photo img")
    page.evaluate(give, ["paste", 2])
    page.wait_for_selector(PREVIEW)
    assert "paste.png" in (page.locator("#sources .tile-button >> nth=1").get_attribute("aria-label") or "")


def test_a_file_that_is_not_a_picture_is_reported(stage, tmp_path):
    page = stage.tab()
    bad = tmp_path / "letter.png"
    bad.write_text("no picture")
    choose(page, "#pick-content", bad)
    page.wait_for_selector(".notice[role=alert]:has-text('not a picture')")
    assert page.is_visible("#welcome")


def test_a_file_above_the_limit_is_not_even_sent(stage, tmp_path):
    page = stage.tab()
    big = tmp_path / "big.png"
    big.write_bytes(bytes(21_000_000))
    choose(page, "#pick-content", big)
    page.wait_for_selector(".notice:has-text('the limit is 20 MB')")
    assert stage.studio.bodies_of("POST", "/api/pictures") == []


def test_size_quality_and_seed_reach_the_job(stage):
    page = stage.tab()
    begin(page)
    page.get_by_label("Draft").check(force=True)
    page.get_by_label("Size", exact=True).press("Home")
    page.click("#more summary")
    page.fill("#seed", "7")
    page.press("#seed", "Tab")
    finish(stage, page)
    recipe = stage.studio.bodies_of("POST", "/api/jobs")[0]["recipe"]
    assert (recipe["size"], recipe["quality"], recipe["seed"]) == (256, "draft", 7)


def test_all_settings_come_from_the_schema(stage):
    page = stage.tab()
    begin(page)
    page.click("#advanced summary")
    page.select_option("#field-style_loss", "sliced")
    page.fill("#field-scale_steps", "50, 20")
    page.press("#field-scale_steps", "Tab")
    page.click("#more summary")
    page.uncheck("#field-balance")
    assert page.inner_text("#advanced-changed") == "2 changed"
    assert page.inner_text("#more-changed") == "1 changed"
    page.fill("#field-learning_rate", "-1")
    page.press("#field-learning_rate", "Tab")
    page.wait_for_selector("#estimate:has-text('greater than 0')")
    assert page.is_disabled("#paint")
    page.click("[aria-label='Learning rate: reset to default']")
    page.wait_for_selector("#estimate:has-text('About')")
    page.click("#paint")
    title(page, "Painting")
    recipe = stage.studio.bodies_of("POST", "/api/jobs")[0]["recipe"]
    assert (recipe["style_loss"], recipe["scale_steps"], recipe["balance"]) == ("sliced", [50, 20], False)
    assert "learning_rate" not in recipe
    assert page.locator("#field-device, #field-size").count() == 0


def test_mixers_for_two_three_and_four(stage):
    page = stage.tab()
    begin(page, 2)
    slide(page, "Cross-fade", 0.8)
    idle(page)
    assert stage.studio.bodies_of("POST", "/api/fast")[-1]["mix"] == pytest.approx([0.2, 0.8])
    drop_sample(page, 2)
    page.wait_for_selector(".triangle")
    box = page.locator(".triangle-area").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 12)
    idle(page)
    mix = stage.studio.bodies_of("POST", "/api/fast")[-1]["mix"]
    assert sum(mix) == pytest.approx(1)
    assert mix[0] > 0.8
    drop_sample(page, 3)
    until(page, "document.querySelectorAll('.weight-row').length === 4")
    slide(page, "Style 4", 0.7)
    idle(page)
    mix = stage.studio.bodies_of("POST", "/api/fast")[-1]["mix"]
    assert mix[3] == pytest.approx(0.7)
    assert sum(mix) == pytest.approx(1)
    assert page.locator("[aria-label='Add another style']").count() == 0


def test_removing_the_photo_keeps_styles_and_look(stage):
    page = stage.tab()
    begin(page, 2)
    slide(page, "Strength", 1.25)
    page.click("#sources [aria-label='Remove photo']")
    page.wait_for_selector("#welcome:not([hidden])")
    assert page.locator("#sources .tile:not(.tile-photo) img").count() == 2
    page.click("#content-samples .sample >> nth=1")
    page.wait_for_selector(PREVIEW)
    body = stage.studio.bodies_of("POST", "/api/fast")[-1]
    assert (body["strength"], len(body["styles"])) == (1.25, 2)


def test_errors_disappear_and_do_not_cover_the_zoom_bar(stage, tmp_path):
    page = stage.tab()
    begin(page)
    page.clock.install()
    wrong = tmp_path / "wrong.png"
    wrong.write_bytes(b"no picture")
    choose(page, "#sources [aria-label='Add another style']", wrong)
    note = page.locator(".notice[data-kind=error]")
    note.wait_for()
    bar, box = page.locator("#tools").bounding_box(), note.bounding_box()
    assert box["y"] + box["height"] <= bar["y"] or box["x"] >= bar["x"] + bar["width"]
    page.clock.fast_forward(7000)
    assert note.count() == 1
    page.clock.fast_forward(2000)
    assert note.count() == 0
