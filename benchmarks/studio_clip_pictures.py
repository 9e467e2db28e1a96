"""Screenshots of a clip in the studio for docs/studio.md (needs Chromium, Playwright and the extra video).

python benchmarks/studio_clip_pictures.py [--out docs/gallery]
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

from studio_page import chromium
from studio_pictures import DESKTOP, DOCS, save, shot
from studio_server import Server
from video_example import write_clip

SWIRLS = "#style-samples .sample >> nth=0"
PAINTED = "[...document.querySelectorAll('.clip-tile img')].every((image) => image.src.startsWith('blob:'))"
WAIT = 600_000


def until(page: Any, expression: str) -> None:
    """Wait until an expression is true; the page's policy forbids Playwright's own way."""
    while not page.evaluate(expression):
        page.wait_for_timeout(200)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=DOCS)
    out = parser.parse_args().out
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        clip = Path(folder) / "chelsea.mp4"
        write_clip(clip)
        server = Server(Path(folder) / "data")
        page = browser.new_page(**DESKTOP, color_scheme="light")
        page.set_default_timeout(WAIT)
        page.goto(server.url)
        page.wait_for_selector("#style-samples .sample")
        with page.expect_file_chooser() as chooser:
            page.click("#pick-content")
        chooser.value.set_files(clip)
        page.click(SWIRLS)
        page.wait_for_selector("img.after.shown[src^='blob:']")
        until(page, PAINTED)
        page.click(".clip-tile >> nth=1")
        page.wait_for_timeout(4000)
        save(shot(page), out / "studio-clip.jpg")
        page.click("#paint")
        page.wait_for_selector(".run-title:has-text('Finished')")
        until(page, "document.querySelector('#player video + video').readyState >= 2")
        page.evaluate("document.querySelector('#player video + video').currentTime = 1.5")
        page.wait_for_timeout(3000)
        save(shot(page), out / "studio-clip-player.jpg")
        server.stop()


if __name__ == "__main__":
    main()
