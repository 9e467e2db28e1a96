"""The line beside Paint, and what the stage says and shows before the first step."""

from __future__ import annotations

from actions import PREVIEW, begin, finish, hurry, idle, painted, slide, title, until

# Records every text that the estimate shows.
WATCH = """() => {
  window.texts = [];
  const line = document.getElementById('estimate');
  new MutationObserver(() => texts.push(line.textContent)).observe(line, { childList: true, subtree: true });
}"""


def estimate(page, words):
    page.wait_for_selector(f"#estimate:has-text('{words}')")


def test_paint_says_what_is_missing(stage):
    page = stage.tab()
    assert page.inner_text("#estimate") == "Choose a photo to start."
    assert page.is_disabled("#paint")
    page.click("#content-samples .sample >> nth=0")
    estimate(page, "Choose a style")
    assert page.is_disabled("#paint")
    page.wait_for_selector("#caption:has-text('Choose a style')")
    page.click("#style-samples .sample >> nth=0")
    page.wait_for_selector("#paint:enabled")
    page.click("#sources [aria-label='Remove style 1']")
    page.wait_for_selector("#paint:disabled")
    idle(page)  # a late answer to the plan must not enable it
    assert page.is_disabled("#paint")
    assert page.inner_text("#estimate") == "Choose a style to start."


def test_the_caption_names_the_picture_that_is_shown(stage):
    stage.studio.fast_seconds = 0.6
    page = stage.tab()
    page.click("#content-samples .sample >> nth=0")
    page.click("#style-samples .sample >> nth=0")
    page.wait_for_selector("#caption:has-text('Preparing a preview')")
    assert page.locator(PREVIEW).count() == 0
    page.wait_for_selector(PREVIEW)
    page.wait_for_selector("#caption:has-text('Quick preview')")
    stage.studio.fast_seconds = 0.03
    slide(page, "Strength", 0)
    page.wait_for_selector("#caption:has-text('the photo as it is')")
    stage.studio.fast_seconds = 2
    page.click("#sources [aria-label='Remove photo']")
    page.click("#content-samples .sample >> nth=1")  # never the painting of another photo
    page.wait_for_selector("#caption:has-text('Preparing a preview')")
    assert page.locator(PREVIEW).count() == 0


def test_an_estimate_is_never_of_another_order(stage):
    page = stage.tab()
    begin(page)
    estimate(page, "About")
    stage.studio.plan_seconds = 0.4
    page.evaluate(WATCH)
    asked = len(stage.studio.bodies_of("POST", "/api/plan"))
    slide(page, "Strength", 0.8)  # changes neither time nor memory
    idle(page)
    assert page.evaluate("texts.some((text) => text.startsWith('Estimating'))") is False
    assert len(stage.studio.bodies_of("POST", "/api/plan")) == asked
    old = page.inner_text("#estimate")
    page.get_by_label("Size", exact=True).press("ArrowRight")
    until(page, "document.getElementById('estimate').textContent === 'Estimating…'")
    idle(page, 350)  # the first plan is on its way now; this one replaces it
    page.get_by_label("Size", exact=True).press("ArrowRight")
    assert page.inner_text("#estimate") == "Estimating…"
    estimate(page, "About")
    assert page.inner_text("#estimate") != old
    assert len(page.evaluate("[...new Set(texts.filter((text) => text.startsWith('About')))]")) == 1


def test_two_tabs_agree_and_a_finished_job_updates_both(stage):
    context = stage.context()
    first = stage.tab(context)
    begin(first)
    estimate(first, "About 10 s")
    idle(first, 300)
    second, third = stage.tab(context), stage.tab(context)  # with the same draft
    for page in (second, third):
        estimate(page, "About 10 s")
    third.click("#paint")
    stage.studio.speed /= 3  # the server has learnt from this job that it is slower
    hurry(stage)
    title(third, "Finished")
    for page in (first, second):
        page.bring_to_front()
        estimate(page, "About 31 s")


def test_an_order_that_cannot_fit_is_not_started_and_one_click_mends_it(stage):
    stage.studio.fitting_side = 900
    page = stage.tab()
    begin(page)
    page.get_by_label("Size", exact=True).press("End")
    estimate(page, "of memory; 6.0 GB are free")
    assert page.is_disabled("#paint")
    page.click("#fit-size:has-text('768 × 512')")
    estimate(page, "About")
    assert page.is_enabled("#paint")
    stage.studio.plan_seconds = 0.5
    stage.studio.fitting_side = 300
    page.get_by_label("Size", exact=True).press("ArrowRight")
    page.click("#paint")  # before the plan has arrived
    estimate(page, "of memory; 6.0 GB are free")
    assert stage.studio.bodies_of("POST", "/api/jobs") == []


def test_a_loaded_job_of_high_quality_gives_its_fields_back(stage):
    page = stage.tab()
    begin(page)
    page.get_by_label("High").check(force=True)
    stage.studio.step_seconds = 0.002
    finish(stage, page)
    fresh = stage.tab(path=page.url.removeprefix(stage.url))
    title(fresh, "Finished")
    assert fresh.locator("label.segment:has-text('High') input").is_checked()
    assert fresh.inner_text("#advanced-changed") == ""
    fresh.get_by_label("Draft").check(force=True)
    estimate(fresh, "About")
    recipe = stage.studio.bodies_of("POST", "/api/plan")[-1]["recipe"]
    assert "style_loss" not in recipe
    assert "scale_steps" not in recipe


def test_a_job_without_a_size_is_shown_and_loaded(stage):
    page = stage.tab()
    begin(page)
    body = stage.studio.bodies_of("POST", "/api/fast")[0]
    stage.studio.step_seconds = 0.002
    job = stage.studio.start({"content": body["content"], "styles": body["styles"], "recipe": {}})
    hurry(stage)
    until(page, "async () => (await (await fetch('api/jobs')).json()).jobs[0].state === 'done'")
    stage.studio.jobs[job["id"]].recipe["size"] = None
    page.click("#nav-gallery")
    page.wait_for_selector(".card")
    assert "null" not in page.inner_text("#cards")
    page.click("[aria-label='Reuse settings']")
    page.wait_for_selector("#finish output:has-text('480 × 320')")  # the photo's own


def test_the_stage_never_goes_back_to_the_photo(stage):
    page = stage.tab()
    begin(page)
    idle(page)
    page.evaluate(
        """() => {
          window.shown = [];
          const note = () => shown.push(document.querySelector('img.after.shown').getAttribute('src'));
          const options = { attributes: true, subtree: true, attributeFilter: ['class'] };
          new MutationObserver(note).observe(document.getElementById('frame'), options);
        }"""
    )
    stage.studio.step_seconds = 0.5
    page.click("#paint")
    page.wait_for_selector("#caption:has-text('Starting from the preview')")
    assert page.evaluate("document.querySelector('img.after.shown').src").startswith("blob:")
    page.wait_for_selector("img.after.shown[src*='/preview?v=']")
    hurry(stage)
    title(page, "Finished")
    assert page.evaluate("shown.filter((src) => src.includes('api/pictures/'))") == []


def test_a_job_that_waits_shows_its_preview_after_a_reload(stage):
    context = stage.context()
    first = stage.tab(context)
    begin(first)
    first.click("#paint")
    title(first, "Painting")
    second = stage.tab(context)
    second.click("#style-samples .sample >> nth=2")
    second.wait_for_selector(PREVIEW)
    second.click("#paint")
    title(second, "Next in the queue")
    second.reload()
    second.wait_for_selector(PREVIEW)
    title(second, "Next in the queue")


def test_strength_above_one_changes_the_preview(stage):
    page = stage.tab()
    begin(page)
    slide(page, "Strength", 1)
    idle(page)
    before = painted(page)
    slide(page, "Strength", 1.6)
    idle(page)
    assert painted(page) != before
    assert stage.studio.bodies_of("POST", "/api/fast")[-1]["strength"] == 1.6


def test_going_back_while_another_preview_is_on_its_way_asks_again(stage):
    page = stage.tab()
    begin(page)
    idle(page, 900)
    stage.studio.fast_seconds = 0.8
    slide(page, "Strength", 1.5)
    idle(page, 200)
    stage.studio.fast_seconds = 0.03
    slide(page, "Strength", 0.5)
    idle(page, 1500)
    assert stage.studio.bodies_of("POST", "/api/fast")[-1]["strength"] == 0.5
