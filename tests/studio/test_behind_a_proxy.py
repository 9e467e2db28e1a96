"""The studio behind nginx and Caddy with TLS, a prefix and a host name of its own, configured as the documents say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from .conftest import TINY, Running, picture
from .proxies import NAME, PREFIX, Proxy, TlsConnection, missing

pytestmark = pytest.mark.timeout(300)
TOKEN = "a-token-for-the-proxy"


@pytest.fixture(scope="module")
def running(tmp_path_factory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("behind")
    (folder / "token").write_text(f"{TOKEN}\n")
    words = ("--token-file", str(folder / "token"), "--allowed-host", NAME, "--root-path", PREFIX)
    server = Running(folder / "data", *words, "--trusted-proxy", "127.0.0.1")
    yield server
    assert server.stop() == 0


@pytest.fixture(params=["nginx", "caddy"])
def proxy(request, running, tmp_path) -> Iterator[Proxy]:
    reason = missing(request.param)
    if reason:
        pytest.skip(reason)
    started = Proxy(request.param, tmp_path, urlsplit(running.url).port)
    yield started
    started.close()


class Browser:
    """A client that keeps the cookie, as a browser does."""

    def __init__(self, proxy: Proxy) -> None:
        self.proxy, self.cookie = proxy, ""

    def ask(self, method: str, path: str, data: bytes = b"", host: str = NAME, **headers: str):
        connection = TlsConnection(host, self.proxy.port, timeout=120)
        sent = {"cookie": self.cookie, "origin": f"https://{NAME}:{self.proxy.port}"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, data, sent)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, answer.headers, body


def test_the_whole_way_of_a_picture(proxy) -> None:
    browser = Browser(proxy)
    assert browser.ask("GET", f"{PREFIX}/")[0] == 401
    status, headers, _ = browser.ask("GET", f"{PREFIX}/?token={TOKEN}")
    assert (status, headers["location"]) == (303, "./")
    browser.cookie, *attributes = headers["set-cookie"].split("; ")
    assert {"Secure", "HttpOnly", "SameSite=Strict", f"Path={PREFIX}/"} <= set(attributes)
    assert TOKEN not in browser.cookie
    status, headers, _ = browser.ask("GET", PREFIX)
    assert (status, headers["location"]) == (308, f"{PREFIX}/")
    status, _, page = browser.ask("GET", f"{PREFIX}/")
    files = re.findall(r'(?:href|src)="(static/[^"#]+)', page.decode())
    assert len(files) > 5
    assert {browser.ask("GET", f"{PREFIX}/{file}")[0] for file in files} == {200}
    ids = []
    for seed in range(2):
        status, _, body = browser.ask(
            "POST", f"{PREFIX}/api/pictures", picture(seed), content_type="image/png"
        )
        assert status == 200, body
        ids.append(json.loads(body)["id"])
    order = json.dumps({"content": ids[0], "styles": [ids[1]], "recipe": TINY}).encode()
    status, _, body = browser.ask("POST", f"{PREFIX}/api/jobs", order, content_type="application/json")
    assert status == 201, body
    job = json.loads(body)["id"]
    status, _, events = browser.ask("GET", f"{PREFIX}/api/jobs/{job}/events")
    assert events.decode().rstrip().rpartition("event: ")[2].startswith("done")
    done = json.loads(browser.ask("GET", f"{PREFIX}/api/jobs/{job}")[2])
    assert done["state"] == "done", done
    assert browser.ask("GET", f"{PREFIX}/{done['thumb']}")[1]["content-type"] == "image/webp"
    assert browser.ask("POST", f"{PREFIX}/api/jobs", order, origin="https://evil.org")[0] == 403


def test_others_are_kept_out(proxy) -> None:
    browser = Browser(proxy)
    assert browser.ask("GET", f"{PREFIX}/api/info", authorization=f"Bearer {TOKEN}")[0] == 200
    if proxy.process.args[0] == "nginx":  # Caddy answers other names itself
        assert browser.ask("GET", f"{PREFIX}/", host="evil.org", authorization=f"Bearer {TOKEN}")[0] == 403
    assert browser.ask("GET", f"{PREFIX}/health")[0] == 200
