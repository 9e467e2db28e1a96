"""Chromium on the page with the fake server. The page may not request anything from other servers.

With ``IMPASTO_BEHIND_NGINX=1`` every test runs behind nginx with TLS, a prefix and a host name of its own, configured
as docs/studio.md says.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from fake_pictures import encode, make_picture
from fake_server import FakeStudio, serve

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from proxies import NAME, Proxy, missing

BEHIND_NGINX = os.environ.get("IMPASTO_BEHIND_NGINX") == "1"
CHROMIUM_OPTIONS = ["--no-sandbox", f"--host-resolver-rules=MAP {NAME} 127.0.0.1"]
WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 360, "height": 740}


@pytest.hookimpl(tryfirst=True)  # before -m selects the tests
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents and "stage" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    sync_api = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed (impasto[browser])"
    )
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    path = os.environ.get("IMPASTO_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if path is None:
        pytest.exit("Chromium is not installed; install it, or set IMPASTO_CHROMIUM.", returncode=1)
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_OPTIONS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """axe-core's text, as the extra `browser` brings it."""
    package = pytest.importorskip(
        "axe_playwright_python", reason="axe-core is not installed (impasto[browser])"
    )
    return (Path(package.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


class Stage:
    """The fake studio, its address, and tabs opened on it."""

    def __init__(self, chromium: Any, studio: FakeStudio, url: str):
        self._chromium, self.studio, self.url = chromium, studio, url
        self.contexts: list[Any] = []
        self.requested_urls: list[str] = []
        self.errors: list[str] = []

    def context(self, **options: Any) -> Any:
        """A new browser profile."""
        defaults = {"viewport": WIDE, "reduced_motion": "reduce", "ignore_https_errors": BEHIND_NGINX}
        context = self._chromium.new_context(**{**defaults, **options})
        context.set_default_timeout(45_000)
        context.on("request", lambda request: self.requested_urls.append(request.url))
        self.contexts.append(context)
        return context

    def tab(self, context: Any = None, path: str = "/", **options: Any) -> Any:
        """A tab on the page, ready."""
        page = (context or self.context(**options)).new_page()
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: self._on_console(message.type, message.text))
        page.goto(self.url + path)
        page.wait_for_selector("#style-samples .sample, #room-gallery:not([hidden])", state="attached")
        return page

    def _on_console(self, kind: str, text: str) -> None:
        # The browser itself logs failed requests; the page shows them as messages.
        if kind == "error" and "Failed to load resource" not in text:
            self.errors.append(text)

    def outside(self) -> list[str]:
        """Requested addresses of other servers, or outside the prefix of this one."""
        parts = urlsplit(self.url)
        blob = f"blob:{parts.scheme}://{parts.netloc}"
        return [url for url in self.requested_urls if not url.startswith((f"{self.url}/", blob, "data:"))]


@contextlib.contextmanager
def behind_nginx(port: int) -> Iterator[str]:
    """Start nginx in front of a server; the value is its address."""
    if reason := missing("nginx"):
        pytest.exit(f"{reason}; leave IMPASTO_BEHIND_NGINX out.", returncode=1)
    with tempfile.TemporaryDirectory() as folder:
        proxy = Proxy("nginx", Path(folder), port, strip=True)
        yield proxy.url
        proxy.close()


@pytest.fixture
def stage(chromium: Any) -> Iterator[Stage]:
    server, studio = serve()
    direct = contextlib.nullcontext(f"http://127.0.0.1:{server.server_port}")
    with behind_nginx(server.server_port) if BEHIND_NGINX else direct as url:
        stage = Stage(chromium, studio, url)
        yield stage
        for context in stage.contexts:
            context.close()
    server.shutdown()
    server.server_close()
    assert stage.errors == []
    assert stage.outside() == []
    assert {urlsplit(url).hostname for url in stage.requested_urls} <= {urlsplit(url).hostname, None}


@pytest.fixture
def files(tmp_path: Path) -> Callable[..., Path]:
    """Make a picture file: ``files("photo.png", seed=3, size=(300, 200))``."""

    def make(name: str, seed: int = 0, size: tuple[int, int] = (320, 240)) -> Path:
        path = tmp_path / name
        path.write_bytes(encode(make_picture(seed, *size, 6), "jpeg" if name.endswith("jpg") else "png"))
        return path

    return make
