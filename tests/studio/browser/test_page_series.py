"""An artist's tasks with many photographs and one look."""

from __future__ import annotations

import io
import zipfile

import pytest
from actions import PHONE, begin, choose, drop, hurry, slide, until, violations
from fake_pictures import encode, make_picture


def photos(count, first=20):
    """Photographs as files to drop."""
    return [
        (f"photo-{k}.png", "image/png", encode(make_picture(first + k, 320, 240, 6), "png"))
        for k in range(count)
    ]


def tiles(page, count):
    until(page, f"document.querySelectorAll('.series-tile').length === {count}")


def answer(page, words):
    page.click(f"#ask-buttons >> text='{words}'")


def strip(stage, count):
    """Open the page with photographs in the strip and a style, ready to paint."""
    page = stage.tab()
    drop(page, photos(count))
    answer(page, "Photographs")
    tiles(page, count)
    page.click("#style-samples .sample >> nth=0")
    page.wait_for_selector("#series-paint:enabled")
    return page


def test_several_photographs_get_one_look_and_bad_files_are_named(stage):
    page = stage.tab()
    stage.studio.step_seconds = 0.01
    bad = [("notes.txt", "text/plain", b"hello"), ("broken.png", "image/png", b"no picture")]
    drop(page, [*photos(3), *bad])
    answer(page, "Photographs")
    tiles(page, 3)
    page.wait_for_selector(".notice[data-kind=error]:has-text('notes.txt is not a picture. broken.png')")
    assert page.is_disabled("#series-paint")  # no style yet
    page.click("#style-samples .sample >> nth=1")
    page.wait_for_selector("#series-paint:enabled")
    slide(page, "Strength", 1.25)
    page.click(".series-tile >> nth=2")
    until(page, "document.querySelectorAll('.series-tile')[2].getAttribute('aria-pressed') === 'true'")
    page.click("#series-paint")
    until(page, "document.querySelectorAll('.series-tile[data-state=done]').length === 3")
    bodies = stage.studio.bodies_of("POST", "/api/jobs")
    assert len({body["content"] for body in bodies}) == len(bodies) == 3
    assert {(body["recipe"]["strength"], *body["styles"]) for body in bodies} == {
        (1.25, stage.studio.samples[3]["id"])
    }
    with page.expect_download() as download:
        page.click("#series-zip")
    assert download.value.suggested_filename == "photographs.zip"
    archive = zipfile.ZipFile(io.BytesIO(download.value.path().read_bytes()))
    assert sorted(archive.namelist()) == [f"photo-{k}, Moss.png" for k in range(3)]
    # A painted photograph shows its picture; a changed look shows the preview, and only then is all painted again.
    page.click(".series-tile >> nth=0")
    page.wait_for_selector(".run-title:has-text('Finished')")
    page.click("#series-paint")
    page.wait_for_selector(".notice:has-text('All photographs are painted with this look')")
    page.reload()
    tiles(page, 3)
    slide(page, "Strength", 0.75)
    page.wait_for_selector("#paint:visible")
    page.click("#series-paint")
    until(page, "document.querySelectorAll('.series-tile[data-state=done]').length === 3", seconds=60)
    assert len(stage.studio.bodies_of("POST", "/api/jobs")) == 6


def test_a_new_photograph_on_a_finished_one_can_mean_three_things(stage):
    page = stage.tab()
    begin(page)
    page.click("#paint")
    hurry(stage)
    page.wait_for_selector(".run-title:has-text('Finished')")
    one, two, three = photos(3)
    drop(page, [one])
    answer(page, "Replace the photograph")
    page.wait_for_selector("#sources .tile-photo [aria-label*='photo-0.png']")
    assert page.is_hidden("#series")
    drop(page, [two], zone="content")
    answer(page, "Add to the photographs")
    tiles(page, 2)
    drop(page, [three], zone="content")
    answer(page, "Use as a style")
    until(page, "document.querySelectorAll('#sources .tile:not(.tile-photo) img').length === 2")
    drop(page, photos(1, 50), zone="style")  # the place says it: no question
    until(page, "document.querySelectorAll('#sources .tile:not(.tile-photo) img').length === 3")
    page.click("#series-close")
    assert page.is_hidden("#series")
    page.click(".notice >> text=Undo")
    tiles(page, 2)
    drop(page, photos(2, 60), zone="content")
    answer(page, "A photograph and styles") if page.is_visible("#ask-buttons") else None
    tiles(page, 4)


def test_a_folder_is_painted_by_keyboard_and_stopped_with_a_partial_zip(stage, tmp_path):
    page = stage.tab()
    folder = tmp_path / "holiday"
    (folder / ".hidden").mkdir(parents=True)
    for name, _, data in photos(11):
        (folder / name).write_bytes(data)
    (folder / ".hidden" / "photo-99.png").write_bytes(photos(1, 90)[0][2])
    with page.expect_file_chooser() as chooser:
        page.click("#pick-folder")
    chooser.value.set_files(folder)
    tiles(page, 11)
    labels = page.locator(".series-tile").evaluate_all("nodes => nodes.map((node) => node.ariaLabel)")
    assert labels == [f"photo-{k}.png" for k in range(11)]  # photo-10 comes after photo-9
    page.click("#style-samples .sample >> nth=0")
    page.wait_for_selector("#series-paint:enabled")
    page.focus(".series-tile >> nth=0")
    page.keyboard.press("End")
    page.wait_for_selector("#sources .tile-photo [aria-label*='photo-10.png']")
    page.keyboard.press("Delete")
    tiles(page, 10)
    assert page.evaluate("document.activeElement.matches('.series-tile')")
    stage.studio.step_seconds = 0.5  # the others would take long
    page.focus("#series-paint")
    page.keyboard.press("Enter")
    while len(stage.studio.jobs.all()) < 2:
        page.wait_for_timeout(25)
    for job in stage.studio.jobs.all()[:2]:
        job.pace = 0.002
    until(page, "document.querySelectorAll('.series-tile[data-state=done]').length >= 2")
    page.click("#series-stop")
    page.wait_for_selector("#series-paint:enabled")
    done = page.locator(".series-tile[data-state=done]").count()
    assert 2 <= done < 10
    with page.expect_download() as download:
        page.click("#series-zip")
    assert len(zipfile.ZipFile(io.BytesIO(download.value.path().read_bytes())).namelist()) == done


def test_stop_also_ends_the_job_that_is_being_queued(stage):
    page = strip(stage, 3)
    stage.studio.plan_seconds = 1.5
    page.click("#series-paint")
    while not stage.studio.bodies_of("POST", "/api/jobs"):
        page.wait_for_timeout(25)
    page.evaluate("document.getElementById('series-stop').click()")
    page.wait_for_selector("#series-paint:enabled")
    assert [job.state for job in stage.studio.jobs.all()] == ["stopped"]


def test_stop_ends_the_wait_for_room_without_an_error(stage):
    page = strip(stage, 2)
    full = {"status": 429, "json": {"error": "20 jobs are unfinished; wait for one, or cancel one."}}
    page.route("**/api/jobs", lambda route: route.fulfill(**full))
    with page.expect_response("**/api/jobs"):
        page.click("#series-paint")
    page.click("#series-stop")
    page.wait_for_selector("#series-paint:enabled")
    assert page.locator(".notice[data-kind=error]").count() == 0
    assert page.locator(".series-tile[data-state=failed]").count() == 0


def test_what_belongs_to_the_stage_alone_does_not_reach_the_strip(stage):
    pytest.importorskip("av", exc_type=ImportError)
    from fake_clips import make_clip

    page = stage.tab()
    begin(page, 2)
    page.click("#brush")
    page.click("#brush-invert")  # the second style has no area on this photograph
    page.click("#brush-done")
    drop(page, photos(1), zone="content")
    answer(page, "Add to the photographs")
    tiles(page, 2)
    until(page, "document.getElementById('series-about').textContent.includes('Masks are left out')")
    page.click("#series-paint")
    while len(stage.studio.jobs.all()) < 2:
        page.wait_for_timeout(25)
    hurry(stage)
    until(page, "document.querySelectorAll('.series-tile[data-state=done]').length === 2")
    assert [len(body["styles"]) for body in stage.studio.bodies_of("POST", "/api/jobs")] == [2, 2]
    page.click("#trained-styles .sample >> nth=0")
    drop(page, [("harbour.mp4", "video/mp4", make_clip())])
    page.wait_for_selector("#clip:has-text('harbour.mp4') .clip-tile")
    page.click("#series-paint")
    until(page, "document.querySelectorAll('.series-tile[data-state=done]').length === 2")
    kept = stage.studio.bodies_of("POST", "/api/results/fast")
    assert [("at" in body, body["masks"]) for body in kept] == [(False, None)] * 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_strip_by_touch_and_for_everyone(stage, axe, scheme, tmp_path):
    page = stage.tab(color_scheme=scheme, **PHONE)
    paths = []
    for name, _, data in photos(3):
        paths.append(tmp_path / name)
        paths[-1].write_bytes(data)
    choose(page, "#pick-content", paths)
    page.wait_for_selector("#ask[open]")
    page.tap("#ask-buttons >> text='Photographs'")
    tiles(page, 3)
    page.tap("#trained-styles .sample >> nth=0")  # painted in one pass
    page.wait_for_selector("#series-paint:enabled")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.locator("#series").scroll_into_view_if_needed()
    page.tap("#series-paint")
    until(page, "document.querySelectorAll('.series-tile[data-state=done]').length === 3")
    kept = stage.studio.bodies_of("POST", "/api/results/fast")
    assert [body["trained"] for body in kept] == ["two-poplars"] * 3
    assert violations(page, axe) == []
    page.tap("[aria-label='Remove photo-1.png from the strip']")
    tiles(page, 2)
