"""Clips on the page: drop, frames, preview, paint, playback, download, and what is refused."""

from __future__ import annotations

import pytest
from actions import PHONE, PREVIEW, choose, drop, hurry, newest, slide, title, until, violations

pytest.importorskip("av", exc_type=ImportError)

from fake_clips import make_clip

READY = "document.querySelector('#player video + video').readyState >= 2"
TIME = "(index) => document.querySelectorAll('#player video')[index].currentTime"


def with_clip(stage, page) -> None:
    """Drop a clip and choose a style."""
    drop(page, [("harbour.mp4", "video/mp4", make_clip())])
    page.wait_for_selector("#clip:has-text('harbour.mp4') .clip-tile")
    page.click("#style-samples .sample >> nth=0")
    page.wait_for_selector(PREVIEW)


def with_player(stage, page) -> None:
    """Paint a clip to its end."""
    with_clip(stage, page)
    stage.studio.step_seconds = 0.005
    page.click("#paint")
    title(page, "Finished")
    page.wait_for_selector("#player:not([hidden])")
    until(page, READY)


def test_a_dropped_clip_shows_its_facts_and_three_painted_frames(stage):
    page = stage.tab()
    with_clip(stage, page)
    facts = page.inner_text(".clip-facts")
    assert "64 × 48" in facts
    assert "12 frames a second" in facts
    assert "no sound" in facts
    until(page, "[...document.querySelectorAll('.clip-tile img')].every((i) => i.src.startsWith('blob:'))")
    times = {body["at"] for body in stage.studio.bodies_of("POST", "/api/fast")}
    assert len(times) == 3
    page.click(".clip-tile >> nth=2")
    until(page, "document.getElementById('caption').textContent.includes('0:00.9')")
    assert newest(stage)["at"] == pytest.approx(11 / 12)
    assert page.get_attribute(".clip-tile >> nth=2", "aria-pressed") == "true"
    count = len(stage.studio.bodies_of("POST", "/api/fast"))
    slide(page, "Strength", 1.2)
    until(page, "document.getElementById('working').hidden")
    page.wait_for_timeout(900)
    strengths = [body["strength"] for body in stage.studio.bodies_of("POST", "/api/fast")[count:]]
    assert strengths.count(1.2) >= 4  # the stage, and three frames


def test_a_clip_is_painted_with_progress_played_and_downloaded(stage):
    page = stage.tab()
    with_clip(stage, page)
    until(page, "document.getElementById('estimate').textContent.includes('12 frames')")
    assert "of disk" in page.inner_text("#estimate")
    page.click("#paint")
    until(page, "/frame \\d+ of 12/.test(document.querySelector('.run-about').textContent)")
    assert "frames a second" in page.inner_text(".run-about")
    hurry(stage)
    title(page, "Finished")
    until(page, READY)
    assert not page.is_visible("#viewport")
    with page.expect_download() as download:
        page.click("text=Download")
    assert download.value.suggested_filename == "harbour, Dawn.mp4"
    order = newest(stage, "/api/clips/jobs")
    assert (order["clip"]["method"], order["recipe"]["strength"], order["trained"]) == ("fast", 0.5, None)


def test_both_clips_play_in_step(stage):
    page = stage.tab()
    with_player(stage, page)
    page.evaluate("document.querySelector('#player video + video').loop = true")
    page.click("#player .player-bar button >> nth=0")
    until(page, "document.querySelector('#player video + video').currentTime > 0.3")
    page.click("#player .player-bar button >> nth=0")
    until(page, "document.querySelectorAll('#player video')[0].paused")
    page.wait_for_timeout(300)
    assert page.evaluate(TIME, 0) == pytest.approx(page.evaluate(TIME, 1), abs=0.05)
    slide(page, "Time", 0.5)
    until(page, "document.querySelectorAll('#player video')[0].currentTime === 0.5")
    page.focus("#player .split")
    page.keyboard.press("Home")
    assert page.get_attribute("#player .split", "aria-valuenow") == "0"
    page.select_option("#player select", "side")
    boxes = [page.locator("#player video").nth(index).bounding_box() for index in (0, 1)]
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"] + 1
    page.select_option("#player select", "after")
    assert not page.is_visible("#player video >> nth=0")


def test_the_settings_of_a_clip_are_sent_and_survive_a_reload(stage):
    page = stage.tab()
    with_clip(stage, page)
    assert not page.is_visible("#more")
    page.click("#clip-more summary")
    slide(page, "Roughness", 0.4)
    page.click("#clip-form label:has-text('Keyframes')")
    slide(page, "Frames between keyframes", 10)
    page.check("#clip-loop")
    page.fill("#clip-start", "0.25")
    page.fill("#clip-stop", "0.75")
    page.keyboard.press("Tab")
    assert page.is_visible("#more")  # the optimiser's settings
    until(page, "document.getElementById('estimate').textContent.includes('6 frames')")
    page.reload()
    page.wait_for_selector("#clip .clip-tile")
    assert page.input_value("#clip-stop") == "0.75"
    page.click("#paint")
    title(page, "Painting")
    clip = newest(stage, "/api/clips/jobs")["clip"]
    assert clip == {
        "method": "keyframes",
        "network": "any-live",
        "roughness": 0.4,
        "loop": True,
        "keyframes": 10,
        "start": 0.25,
        "stop": 0.75,
        "format": "mp4",
    }


def test_a_clip_in_the_gallery_has_a_poster_and_opens_in_the_player(stage):
    page = stage.tab()
    with_player(stage, page)
    page.click("#nav-gallery")
    card = page.locator(".card").first
    card.wait_for()
    assert card.locator(".card-clip").is_visible()
    assert card.locator("a[download]").get_attribute("download") == "harbour, Dawn.mp4"
    card.locator(".card-picture").click()
    page.wait_for_selector("#player:not([hidden])")
    page.click("#nav-gallery")
    card.locator("[aria-label='Delete']").click()
    page.wait_for_selector(".notice:has-text('Deleted')")
    page.click(".notice-action")
    card.wait_for()


@pytest.mark.parametrize(
    ("name", "kind", "data", "said"),
    [
        ("cut.mp4", "video/mp4", b"cut off", "cannot be read as a clip"),
        ("large.mp4", "video/mp4", bytes(20_000_001), "the limit for clips is 20 MB"),
    ],
)
def test_a_bad_clip_is_refused_in_one_sentence(stage, tmp_path, name, kind, data, said):
    page = stage.tab()
    path = tmp_path / name
    path.write_bytes(data)
    choose(page, "#pick-content", path)
    page.wait_for_selector(f".notice[data-kind=error]:has-text('{said}')")
    assert page.is_visible("#welcome")
    assert not page.is_visible("#clip")


def test_without_the_extra_the_page_says_so_and_uploads_nothing(stage):
    stage.studio.no_clips = "Painting clips needs an optional part: pip install 'impasto[video]'."
    page = stage.tab()
    drop(page, [("harbour.mp4", "video/mp4", make_clip())])
    page.wait_for_selector(".notice:has-text(\"pip install 'impasto[video]'\")")
    assert stage.studio.bodies_of("POST", "/api/clips") == []


def test_an_animated_gif_is_a_clip_and_a_still_one_is_not(stage):
    page = stage.tab()
    head = b"GIF89a" + bytes(7)
    extension = b"\x21\xf9\x04\x00\x0a\x00\x00\x00"
    kinds = {
        "moving.gif": ("image/gif", head + 2 * extension),
        "still.gif": ("image/gif", head + extension),
        "moving.webp": ("image/webp", b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\x02" + bytes(9)),
        "still.webp": ("image/webp", b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\x10" + bytes(9)),
        "sea.MKV": ("", b"any"),
        "sea.jpg": ("image/jpeg", b"any"),
    }
    for name, (kind, data) in kinds.items():
        is_clip = page.evaluate(
            """async ([name, type, bytes]) => {
              const { isClipFile } = await import(new URL('static/js/clip_files.js', document.baseURI));
              return isClipFile(new File([new Uint8Array(bytes)], name, { type }));
            }""",
            [name, kind, list(data)],
        )
        assert is_clip == (name.startswith("moving") or name == "sea.MKV"), name


@pytest.mark.parametrize("options", [{}, PHONE], ids=["wide", "phone"])
def test_the_clip_and_the_player_break_no_rule_of_accessibility(stage, axe, options):
    page = stage.tab(**options)
    with_clip(stage, page)
    page.click("#clip-more summary")
    assert violations(page, axe) == []
    stage.studio.step_seconds = 0.005
    page.click("#paint")
    title(page, "Finished")
    until(page, READY)
    assert violations(page, axe) == []
