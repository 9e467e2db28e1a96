"""Jobs on the page: pause, keep, cancel, live changes, reloads, two tabs, a lost server, the gallery."""

from __future__ import annotations

import pytest
from actions import begin, choose, finish, hurry, idle, slide, title, until


def paint(page):
    page.click("#paint")
    title(page, "Painting")
    page.wait_for_selector("img.after.shown[src*='/preview?v=']")


def jobs(stage):
    return stage.studio.gallery.page(None, 50, "", False)["jobs"]


def test_pause_and_resume(stage):
    page = stage.tab()
    begin(page)
    paint(page)
    page.click("text=Pause >> visible=true")
    title(page, "Paused")
    step = jobs(stage)[0]["step"]
    idle(page, 400)
    assert jobs(stage)[0]["step"] <= step + 1
    page.click("text=Resume >> visible=true")
    hurry(stage)
    title(page, "Finished")


def test_a_job_that_waits_for_room_says_so(stage):
    page = stage.tab()
    begin(page)
    paint(page)
    job = stage.studio.jobs[jobs(stage)[0]["id"]]
    job._set(state="paused", error="The disk is full; painting continues when there is room.")
    title(page, "Paused")
    page.wait_for_selector(".run-about:has-text('The disk is full')")
    job._set(state="running", error=None)
    title(page, "Painting")
    hurry(stage)
    title(page, "Finished")


def test_cancel_leaves_no_picture(stage):
    page = stage.tab()
    begin(page)
    paint(page)
    page.click("text=Cancel >> visible=true")
    title(page, "Cancelled")
    assert jobs(stage)[0]["state"] == "stopped"
    assert page.locator("text=Download >> visible=true").count() == 0
    page.click("text=Paint again >> visible=true")
    page.wait_for_selector("#paint:enabled")


def test_stop_and_keep(stage):
    page = stage.tab()
    begin(page)
    paint(page)
    page.click("text=Stop and keep >> visible=true")
    title(page, "Stopped, picture kept")
    page.wait_for_selector("text=Download >> visible=true")
    assert jobs(stage)[0]["step"] < jobs(stage)[0]["steps"]


def test_a_job_without_a_step_cannot_be_kept_and_a_refusal_is_shown(stage):
    page = stage.tab()
    begin(page)
    stage.studio.step_seconds = 3
    page.click("#paint")
    title(page, "Preparing")
    page.click("text=Pause >> visible=true")
    title(page, "Paused")
    assert page.locator(".run-buttons button:visible").all_inner_texts() == ["Resume", "Cancel"]
    page.click("text=Resume >> visible=true")
    page.wait_for_selector("text=Stop and keep >> visible=true")
    refusal = {"error": "This job has not started, so it has no picture to keep; cancel it."}
    page.route("**/keep", lambda route: route.fulfill(status=409, json=refusal))
    page.click("text=Stop and keep >> visible=true")
    page.wait_for_selector(".notice[data-kind=error]:has-text('no picture to keep')")


def test_strength_and_mix_change_a_run_without_a_restart(stage):
    page = stage.tab()
    begin(page, 2)
    paint(page)
    before = jobs(stage)[0]["step"]
    slide(page, "Strength", 1.5)
    slide(page, "Cross-fade", 0.9)
    idle(page, 900)
    (job,) = jobs(stage)
    assert job["recipe"]["strength"] == 1.5
    assert job["recipe"]["mix"] == pytest.approx([0.1, 0.9])
    assert job["step"] > before
    changes = stage.studio.bodies_of("PATCH", "/api/jobs/.*")
    assert all(set(change) <= {"strength", "mix"} for change in changes)
    slide(page, "Stroke", 2)  # not live: downloaded for the next painting
    idle(page)
    assert len(stage.studio.bodies_of("PATCH", "/api/jobs/.*")) == len(changes)
    assert page.is_visible(".run-title")


def test_a_reload_during_a_run_loses_nothing(stage):
    page = stage.tab()
    begin(page)
    paint(page)
    slide(page, "Stroke", 2)
    idle(page)
    page.reload()
    title(page, "Painting")
    page.wait_for_selector("img.after.shown[src*='/preview?v=']")
    points = page.get_attribute(".curve-line", "points").split()
    assert len(points) >= jobs(stage)[0]["step"] - 3  # the curve begins where the run began
    assert page.get_by_label("Stroke", exact=True).input_value() == "2"
    assert page.locator("#sources .tile img").count() == 2
    hurry(stage)
    title(page, "Finished")
    assert len(jobs(stage)) == 1


def test_two_tabs_follow_their_own_work(stage):
    context = stage.context()
    first = stage.tab(context)
    begin(first)
    second = stage.tab(context)
    second.click("#style-samples .sample >> nth=2")
    idle(second)
    slide(second, "Strength", 1.2)
    paint(first)
    second.wait_for_selector("#busy:has-text('1 painting')")
    assert second.is_visible("#paint")
    assert first.get_by_label("Strength", exact=True).input_value() == "0.5"
    second.click("#paint")
    title(second, "Next in the queue")
    first.click("text=Cancel >> visible=true")
    title(second, "Painting")
    title(first, "Cancelled")
    third = stage.tab(context, path=second.url.removeprefix(stage.url))
    title(third, "Painting")
    third.click("text=Cancel >> visible=true")
    title(second, "Cancelled")


def test_a_lost_server_is_shown_and_found_again(stage):
    page = stage.tab()
    begin(page)
    paint(page)
    page.context.set_offline(True)
    page.click("text=Pause >> visible=true")
    page.wait_for_selector("#banner:not([hidden]):has-text('not responding')")
    assert page.is_enabled("#banner-retry")
    page.context.set_offline(False)
    page.wait_for_selector("#banner", state="hidden")
    hurry(stage)
    title(page, "Finished")


def test_gallery_reuse_download_and_delete(stage):
    page = stage.tab()
    begin(page)
    slide(page, "Strength", 1.25)
    finish(stage, page)
    page.click("#nav-gallery")
    page.wait_for_selector(".card img")
    assert page.locator(".card-foot").inner_text().count("strength 1.25") == 1
    with page.expect_download() as download:
        page.click(".card [aria-label='Download as PNG']")
    assert download.value.path().stat().st_size > 100
    assert download.value.suggested_filename == "Harbour, Dawn.png"  # as in the studio
    page.click("[aria-label='Reuse settings']")
    page.wait_for_selector("#paint:enabled")
    assert page.get_by_label("Strength", exact=True).input_value() == "1.25"
    page.click("#nav-gallery")
    page.click(".card-picture")
    hurry(stage)
    title(page, "Finished")
    page.click("#nav-gallery")
    page.click(".card [aria-label='Delete']")
    page.wait_for_selector("#gallery-empty:not([hidden])")
    assert jobs(stage) == []
    page.click("text=Undo")
    page.wait_for_selector(".card img")


def test_gallery_shows_older_paintings_on_demand(stage):
    page = stage.tab()
    stage.studio.step_seconds = 0
    begin(page)
    finish(stage, page)
    body = stage.studio.bodies_of("POST", "/api/jobs")[0]
    for _ in range(29):
        stage.studio.start(body)
    page.click("#nav-gallery")
    until(page, "document.querySelectorAll('.card').length === 24")
    page.click("#gallery-more")
    until(page, "document.querySelectorAll('.card').length === 30")
    assert page.is_hidden("#gallery-more")


def test_a_picture_made_by_impasto_loads_its_settings(stage, tmp_path):
    page = stage.tab()
    begin(page, 2)
    slide(page, "Strength", 1.75)
    slide(page, "Cross-fade", 0.3)
    page.click("#advanced summary")
    page.select_option("#field-style_loss", "gram")
    idle(page)
    finish(stage, page)
    with page.expect_download() as download:
        page.click("text=Download >> visible=true")
    downloaded = tmp_path / "downloaded.png"
    download.value.save_as(downloaded)
    fresh = stage.tab()
    choose(fresh, "#pick-content", downloaded)
    fresh.click("#ask-buttons >> text=Load settings")
    fresh.wait_for_selector("#estimate:has-text('About')")
    assert fresh.get_by_label("Strength", exact=True).input_value() == "1.75"
    assert fresh.get_by_label("Cross-fade", exact=True).input_value() == "0.3"
    assert fresh.inner_text("#advanced-changed") == "1 changed"
    assert fresh.locator("#sources .tile img").count() == 3


def test_a_change_after_the_end_starts_a_new_draft(stage):
    page = stage.tab()
    begin(page)
    finish(stage, page)
    assert "#/job/" in page.url
    slide(page, "Colour", 1)
    page.wait_for_selector("img.after.shown[src^='blob:']")
    assert "#/job/" not in page.url
    assert page.is_visible("#paint")
