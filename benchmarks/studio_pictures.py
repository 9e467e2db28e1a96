"""Screenshots of the studio for the documents, from sample pictures (needs Chromium and Playwright).

python benchmarks/studio_pictures.py [--out docs/gallery] [--only page,print,dark,phone,results]
"""

from __future__ import annotations

import argparse
import io
import shutil
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image

from impasto.studio.sample_pictures import SAMPLES
from studio_page import chromium
from studio_server import Server

DOCS = Path(__file__).resolve().parents[1] / "docs" / "gallery"
PATIENCE = 600_000  # milliseconds, for a machine with other programs on it
DESKTOP = {"viewport": {"width": 1280, "height": 800}}
PHONE = {
    "viewport": {"width": 360, "height": 740},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}


def shot(page: Any) -> Image.Image:
    """Return a screenshot after all transitions."""
    page.wait_for_timeout(1500)
    return Image.open(io.BytesIO(page.screenshot())).convert("RGB")


def save(image: Image.Image, target: Path) -> None:
    image.save(target, quality=88, optimize=True)
    print(f"{target.name} {target.stat().st_size:,} bytes")


def choose(page: Any, url: str, photo: int, style: str) -> None:
    """Open the page, a sample photograph and a style by one click each, and wait for the preview."""
    page.goto(url)
    page.click(f"#content-samples .sample >> nth={photo}")
    page.click(style)
    page.wait_for_selector("img.after.shown[src^='blob:']", timeout=PATIENCE)
    page.wait_for_timeout(2500)


def results(page: Any, url: str, out: Path) -> None:
    """Save screenshots of the gallery, two results beside each other, a sheet, and a strip of photographs."""
    for index in (1, 3, 5):
        page.goto(f"{url}#/sheet/styles")
        page.wait_for_selector("#sheet-save:enabled", timeout=120_000)
        page.click(f".sheet-cell >> nth={index}")
        page.wait_for_selector("#keep-preview:visible")
        page.wait_for_timeout(2500)
        page.click("#keep-preview")
        page.wait_for_selector(".notice:has-text('Kept')", timeout=60_000)
    page.goto(f"{url}#/sheet/styles")
    page.wait_for_selector("#sheet-save:enabled", timeout=120_000)
    save(shot(page), out / "studio-sheet.jpg")
    page.goto(f"{url}#/gallery")
    page.wait_for_selector(".card >> nth=3")
    for index in (0, 1):
        page.locator(".card-check input").nth(index).check(force=True)
    page.mouse.move(4, 4)
    page.wait_for_timeout(8000)  # until the last notice has gone
    save(shot(page), out / "studio-gallery.jpg")
    page.click("#selection-compare")
    page.wait_for_selector(".compare-frame img")
    save(shot(page), out / "studio-compare.jpg")
    page.goto(f"{url}#/")
    with tempfile.TemporaryDirectory() as folder:
        photos = [sample for sample in SAMPLES if sample.kind == "content"]
        for sample in photos:
            shutil.copy(sample.path, folder)
        page.set_input_files("#folder", folder)
        page.wait_for_selector(f".series-tile >> nth={len(photos) - 1}", timeout=60_000)
    page.wait_for_selector("#series-paint:enabled")
    page.wait_for_timeout(8000)
    save(shot(page), out / "studio-series.jpg")


def page_picture(browser: Any, url: str, out: Path) -> None:
    """Save a screenshot of a finished painting, half covered by its photograph."""
    page = browser.new_page(**DESKTOP, color_scheme="light")
    choose(page, url, 2, "#style-samples .sample >> nth=0")
    page.wait_for_selector("#paint:enabled")
    page.click("#paint")
    page.wait_for_selector(".run-title:has-text('Finished')", timeout=PATIENCE)
    page.click("#compare")
    page.evaluate("document.getElementById('panel-scroll').scrollTo(0, 0)")
    save(shot(page), out / "studio.jpg")
    page.close()


def print_picture(browser: Any, url: str, out: Path) -> None:
    """Save a screenshot of a size in print that cuts the photograph."""
    page = browser.new_page(**DESKTOP, color_scheme="light")
    choose(page, url, 0, "#style-samples .sample >> nth=1")
    page.get_by_label("Print size").select_option("A3")
    page.wait_for_selector("#paint-one-pass:visible", timeout=PATIENCE)
    page.locator("#finish").scroll_into_view_if_needed()
    save(shot(page), out / "studio-print.jpg")
    page.close()


def dark_picture(browser: Any, url: str, out: Path) -> None:
    """Save a screenshot of an instant style in the dark theme."""
    page = browser.new_page(**DESKTOP, color_scheme="dark")
    choose(page, url, 1, "#trained-styles .sample >> nth=8")
    page.evaluate("document.getElementById('panel-scroll').scrollTo(0, 0)")
    save(shot(page), out / "studio-dark.jpg")
    page.close()


def phone_picture(browser: Any, url: str, out: Path) -> None:
    """Save a screenshot of the page on a phone."""
    page = browser.new_page(**PHONE, color_scheme="light")
    choose(page, url, 1, "#style-samples .sample >> nth=3")
    page.evaluate("scrollTo(0, 0)")
    save(shot(page), out / "studio-phone.jpg")
    page.close()


def other_pictures(browser: Any, url: str, out: Path) -> None:
    """Save the screenshots of the other rooms."""
    page = browser.new_page(**DESKTOP, color_scheme="light")
    results(page, url, out)
    page.close()


PARTS = {
    "page": page_picture,
    "print": print_picture,
    "dark": dark_picture,
    "phone": phone_picture,
    "results": other_pictures,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=DOCS)
    parser.add_argument("--only", default=",".join(PARTS))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        server = Server(Path(folder))
        try:
            for name in options.only.split(","):
                PARTS[name](browser, server.url, options.out)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
