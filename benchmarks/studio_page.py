"""Start time and weight of the page, and preview times, in Chromium if it is installed."""

from __future__ import annotations

import base64
import contextlib
import importlib.util
import io
import os
import shutil
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests
from PIL import Image

from impasto.plates import paint
from studio_server import Server

# Moves the slider with this name, waits for the picture that follows, answers the seconds.
SLIDE = """async ([name, value]) => {
  const input = [...document.querySelectorAll('label')].find((node) => node.textContent === name).control;
  const old = document.querySelector('img.after.shown').src;
  const began = performance.now();
  input.value = value;
  input.dispatchEvent(new Event('input', { bubbles: true }));
  while (document.querySelector('img.after.shown').src === old) {
    if (performance.now() - began > 600_000) throw Error(`no preview after 10 min for ${name} ${value}`);
    await new Promise((go) => setTimeout(go, 5));
  }
  return (performance.now() - began) / 1000;
}"""
# Drops files on the page (a photograph and its styles, if the page asks), waits for the preview that follows, answers
# the seconds.
DROP = """async (files) => {
  const transfer = new DataTransfer();
  for (const [number, text] of files.entries()) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    transfer.items.add(new File([bytes], `${number}.jpg`, { type: 'image/jpeg' }));
  }
  const shown = () => document.querySelector("img.after.shown[src^='blob:']")?.src;
  const old = shown();
  const began = performance.now();
  dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }));
  while (!shown() || shown() === old) {
    if (performance.now() - began > 600_000) throw Error('no preview after 10 min');
    const answers = [...document.querySelectorAll('dialog[open] button')];
    answers.find((button) => button.textContent === 'A photograph and styles')?.click();
    await new Promise((go) => setTimeout(go, 5));
  }
  return (performance.now() - began) / 1000;
}"""
SIDES = (512, 2048)
DESKTOP = {"width": 1440, "height": 900}
STRENGTHS = [round(0.1 + 0.8 * ((7 * k) % 20) / 20, 2) for k in range(20)]


def picture(name: str, side: int, quality: int = 92) -> bytes:
    """Return a picture of `side` pixels as JPEG, like a camera's."""
    buffer = io.BytesIO()
    paint(name, 512).resize((side, side), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


@contextlib.contextmanager
def chromium() -> Iterator[Any]:
    """Yield a browser, or None if none is installed."""
    names = ("chromium", "chromium-browser", "google-chrome", "chromium-headless-shell")
    path = os.environ.get("IMPASTO_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if path is None or importlib.util.find_spec("playwright") is None:
        yield None
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


def open_page(folder: Path, browser: Any) -> tuple[Server, Any, float, int]:
    """Start a studio and open its page; return both, the seconds from the command, and the page's bytes."""
    began = time.monotonic()
    server = Server(folder)
    if browser is None:
        requests.get(server.url, timeout=60)
        requests.get(f"{server.url}/api/info", timeout=60)
        return server, None, time.monotonic() - began, 0
    page = browser.new_page(viewport=DESKTOP)
    responses: list[Any] = []
    page.on("response", lambda response: responses.append(response))
    page.goto(server.url)
    page.wait_for_selector("#style-samples .sample")
    seconds = time.monotonic() - began
    parts = [r for r in responses if "/api/" not in r.url and not r.url.endswith(".webp")]  # no pictures
    weight = sum(int(r.headers.get("content-length", 0)) for r in parts)
    assert all(response.url.startswith(server.url) for response in responses)
    return server, page, seconds, weight


def by_hand(page: Any, side: int) -> tuple[float, list[float]]:
    """Drop two pictures on the page and move a slider; return seconds to the first preview, and of each answer."""
    page.wait_for_timeout(8000)  # the networks load in the background meanwhile
    files = [encoded(name, side) for name in ("paper", "swirls")]
    first = float(page.evaluate(DROP, files))
    return first, slides(page, "Strength", STRENGTHS)


def slides(page: Any, name: str, values: list[float]) -> list[float]:
    """Move a slider to each value, with a rest between; return the seconds of each answer."""
    answers = []
    for value in values:
        page.wait_for_timeout(1500)
        answers.append(float(page.evaluate(SLIDE, [name, value])))
    return answers


def encoded(name: str, side: int, quality: int = 92) -> str:
    return base64.b64encode(picture(name, side, quality)).decode()


def by_program(server: Server, side: int) -> tuple[float, list[float]]:
    """Send two pictures and ask for previews of 512 pixels; return seconds to the first, and of each answer."""
    photo, style = picture("paper", side), picture("swirls", side)
    while not server.ask("GET", "/api/info")["device"]:
        time.sleep(0.1)
    time.sleep(5)
    began = time.monotonic()
    body = {"content": server.send(photo), "styles": [server.send(style)], "size": 512}
    server.ask("POST", "/api/fast", json=body)
    first = time.monotonic() - began
    answers = []
    for strength in STRENGTHS:
        began = time.monotonic()
        server.ask("POST", "/api/fast", json={**body, "strength": strength})
        answers.append(time.monotonic() - began)
    return first, answers


def measure(folder: Path) -> list[str]:
    """Return lines about start, weight and previews."""
    with chromium() as browser:
        start_seconds = []
        for turn in range(3):
            server, page, seconds, weight = open_page(folder / str(turn), browser)
            start_seconds.append(seconds)
            if turn < 2:
                server.stop()
        lines = [
            f"usable page {min(start_seconds):.2f} s after the command (best of 3; {max(start_seconds):.2f} s at worst)"
        ]
        if page is not None:
            lines.append(f"the page weighs {weight / 1000:.0f} kB and loads nothing from other servers")
        for side in SIDES:
            if page is not None:
                page = browser.new_page(viewport=DESKTOP)  # without earlier pictures
                page.goto(server.url)
                lines.append(_report(f"in Chromium, pictures of {side} pixels", *by_hand(page, side)))
            lines.append(_report(f"over HTTP, pictures of {side} pixels", *by_program(server, side)))
        server.stop()
    return lines


def _report(where: str, first: float, answers: list[float]) -> str:
    return (
        f"{where}: first preview {first:.2f} s after two pictures; a slider answers in "
        f"{statistics.median(answers):.2f} s (median of {len(answers)}; {max(answers):.2f} s at worst)"
    )
