"""Actions of a person on the page."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PREVIEW = "img.after.shown[src^='blob:']"


def until(page: Any, expression: str, argument: Any = None, seconds: float = 45) -> None:
    """Wait until an expression is true in the page. (Playwright's wait_for_function breaks the page's policy.)"""
    end = time.monotonic() + seconds
    while not page.evaluate(expression, argument):
        assert time.monotonic() < end, f"still false: {expression}"
        page.wait_for_timeout(25)


def choose(page: Any, selector: str, path: Path | list[Path]) -> None:
    """Click a button and choose files in the file dialog."""
    with page.expect_file_chooser() as chooser:
        page.click(selector)
    chooser.value.set_files(path)


def begin(page: Any, styles: int = 1) -> None:
    """Choose a sample photo and sample styles, and wait for the first preview."""
    page.click("#content-samples .sample >> nth=0")
    page.click("#style-samples .sample >> nth=0")
    page.wait_for_selector(PREVIEW)
    for index in range(1, styles):
        drop_sample(page, index)
    until(page, f"document.querySelectorAll('#sources .tile').length >= {styles + 1}")


def drop_sample(page: Any, index: int) -> None:
    """Fetch a sample and drop it as another style."""
    page.evaluate(
        """async (index) => {
          const image = document.querySelectorAll('#style-samples img')[index];
          const blob = await (await fetch(image.src)).blob();
          const transfer = new DataTransfer();
          transfer.items.add(new File([blob], `style-${index}.png`, { type: 'image/png' }));
          dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }));
        }""",
        index,
    )
    until(page, f"document.querySelectorAll('#sources .tile:not(.tile-photo) img').length === {index + 1}")


def slide(page: Any, label: str, value: float) -> None:
    """Move the slider with this name."""
    page.get_by_label(label, exact=True).evaluate(
        "(node, value) => { node.value = value; node.dispatchEvent(new Event('input', { bubbles: true })); }",
        value,
    )


def title(page: Any, words: str, timeout: int = 30_000) -> None:
    """Wait until the run's title contains a text."""
    page.wait_for_selector(f".run-title:has-text('{words}')", timeout=timeout)


def hurry(stage: Any) -> None:
    """Let all jobs finish quickly; they start slow, so that tests can catch them running."""
    stage.studio.step_seconds = 0.002
    for job in stage.studio.gallery.page(None, 50, "", False)["jobs"]:
        stage.studio.jobs[job["id"]].pace = 0.002


def finish(stage: Any, page: Any) -> None:
    """Paint, and wait until the painting is finished."""
    page.click("#paint")
    hurry(stage)
    title(page, "Finished")


def painted(page: Any) -> list[float]:
    """Mean red, green, blue of the picture on the stage."""
    return page.evaluate(
        """() => {
          const image = document.querySelector('img.after.shown');
          const canvas = document.createElement('canvas');
          canvas.width = canvas.height = 1;
          const context = canvas.getContext('2d');
          context.drawImage(image, 0, 0, 1, 1);
          return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
        }"""
    )


def stroke(page: Any, points: list[tuple[float, float]]) -> None:
    """Draw with the mouse over the picture, in fractions of it."""
    box = page.locator("#frame").bounding_box()
    spots = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*spots[0])
    page.mouse.down()
    for spot in spots[1:]:
        page.mouse.move(*spot, steps=6)
    page.mouse.up()


def idle(page: Any, milliseconds: int = 600) -> None:
    """Wait for debounced work."""
    page.wait_for_timeout(milliseconds)


def violations(page: Any, axe: str) -> list[tuple[str, list[str]]]:
    """Return the rules of accessibility that the page breaks, with the elements; ``axe`` is axe-core's text."""
    page.evaluate(axe)  # through the debugger: the page's own policy lets no foreign script in
    results = page.evaluate("(tags) => axe.run(document, { runOnly: tags })", RULES)
    assert len(results["passes"]) > 15
    return [(rule["id"], [node["html"][:160] for node in rule["nodes"]]) for rule in results["violations"]]


def drop(page: Any, files: list[tuple[str, str, bytes]], zone: str = "") -> None:
    """Drop files of name, type and bytes on the page, or on the zone with this name."""
    page.evaluate(
        """([files, zone]) => {
          const transfer = new DataTransfer();
          for (const [name, type, bytes] of files)
            transfer.items.add(new File([new Uint8Array(bytes)], name, { type }));
          const options = { dataTransfer: transfer, bubbles: true, cancelable: true };
          dispatchEvent(new DragEvent('dragenter', options));
          const target = zone ? document.querySelector(`.dropzone[data-drop=${zone}]`) : window;
          target.dispatchEvent(new DragEvent('drop', options));
        }""",
        [[[name, kind, list(data)] for name, kind, data in files], zone],
    )


def walk(page: Any, selector: str, presses: int = 90) -> None:
    """Press Tab until an element has the focus, which must be visible."""
    for _ in range(presses):
        page.keyboard.press("Tab")
        if page.evaluate("(s) => document.activeElement?.matches(s) ?? false", selector):
            shown = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert shown != "none", selector
            return
    raise AssertionError(f"Tab never came to {selector}.")


def newest(stage: Any, path: str = "/api/fast") -> dict[str, Any]:
    """The body of the newest request to this path."""
    return stage.studio.bodies_of("POST", path)[-1]


def asked(page: Any, stage: Any, check: Any, seconds: float = 20) -> dict[str, Any]:
    """Wait for a preview whose request passes the check; return the request."""
    end = time.monotonic() + seconds
    while True:
        bodies = stage.studio.bodies_of("POST", "/api/fast")
        if bodies and check(bodies[-1]):
            return bodies[-1]
        assert time.monotonic() < end, bodies[-1:] or "no preview was asked for"
        page.wait_for_timeout(25)


def settle(page: Any) -> None:
    """Wait until masks are uploaded and the preview is up to date."""
    idle(page, 250)  # uploads wait for the last stroke
    until(
        page,
        """async () => {
          const { store } = await import(new URL('static/js/state.js', document.baseURI));
          return !store.state.masksBusy && document.getElementById('working').hidden;
        }""",
    )
    idle(page, 50)
