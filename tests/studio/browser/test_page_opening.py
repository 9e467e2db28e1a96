"""Paintings, looks and settings that are opened while the page shows another painting."""

from __future__ import annotations

from actions import begin, choose, finish, idle, slide, title, until
from fake_pictures import encode, make_picture
from fake_recipe import full_recipe
from test_page_jobs import jobs, paint


def test_the_mask_of_a_style_that_is_gone_goes_with_it(stage):
    studio = stage.studio
    content, style = (studio.samples[k]["id"] for k in (0, 2))
    masks = [studio.pictures.add(encode(make_picture(k, 64, 48, 2), "png"), "m.png")["id"] for k in (80, 81)]
    body = {"content": content, "styles": ["gone", style], "guides": {"masks": masks}}
    job = studio.jobs.finished(body, full_recipe({"size": 512, "mix": [0.25, 0.75]}))
    page = stage.tab(path=f"/#/job/{job.id}")
    title(page, "Finished")
    draft = "[m.store.state.styles.length, m.store.state.mix, m.store.state.masks[0].base]"
    module = "import(new URL('static/js/state.js', document.baseURI))"
    assert page.evaluate(f"{module}.then((m) => {draft})") == [1, [1], masks[1]]


def test_another_painting_opens_and_leaves_the_running_one_as_it_is(stage):
    page = stage.tab()
    begin(page)
    slide(page, "Strength", 1.25)
    finish(stage, page)
    first = jobs(stage)[0]["id"]
    page.click("text=Paint again >> visible=true")
    slide(page, "Strength", 0.75)
    stage.studio.step_seconds = 0.25
    paint(page)
    page.click("#nav-gallery")
    page.click(".card-picture >> nth=1")
    title(page, "Finished")
    assert page.url.endswith(f"#/job/{first}")
    assert page.get_by_label("Strength", exact=True).input_value() == "1.25"
    idle(page, 400)
    assert stage.studio.bodies_of("PATCH", "/api/jobs/.*") == []


def test_finished_paintings_open_one_after_the_other(stage):
    page = stage.tab()
    begin(page)
    for strength in (1.25, 0.75):
        slide(page, "Strength", strength)
        finish(stage, page)
    for index, strength in ((1, "1.25"), (0, "0.75"), (1, "1.25")):
        page.click("#nav-gallery")
        page.click(f".card-picture >> nth={index}")
        title(page, "Finished")
        assert page.get_by_label("Strength", exact=True).input_value() == strength
        assert "#/job/" in page.url


def test_a_look_or_settings_that_are_loaded_leave_the_running_job_as_it_is(stage, tmp_path):
    page = stage.tab()
    begin(page)
    page.wait_for_selector("#looks .sample:enabled")  # the look is noted
    page.click("#style-samples .sample >> nth=1")
    page.wait_for_selector("#looks .sample >> nth=1")
    slide(page, "Strength", 1.25)
    paint(page)
    page.click("#looks .sample >> nth=-1")  # the oldest; that of the painting comes first
    page.wait_for_selector("#paint:visible")
    assert page.get_by_label("Strength", exact=True).input_value() == "0.5"
    page.click("#busy")
    title(page, "Painting")
    body = stage.studio.bodies_of("POST", "/api/jobs")[0]
    recipe = {**jobs(stage)[0]["recipe"], "strength": 0.3}
    data, _ = stage.studio.jobs.finished(body, recipe).picture("picture", "png", None)
    (tmp_path / "made.png").write_bytes(data)
    page.click("#nav-gallery")
    choose(page, "#replay-pick", tmp_path / "made.png")
    page.wait_for_selector("#paint:visible")
    until(page, "document.querySelector('#look input').value === '0.3'")
    idle(page, 400)
    assert stage.studio.bodies_of("PATCH", "/api/jobs/.*") == []
