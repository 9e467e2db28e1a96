"""The request guard: host names, other sites, tokens, rates and sizes, with a stub application behind it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from impasto.studio.guard import RequestGuard
from impasto.studio.limiters import RateLimiter
from impasto.studio.sessions import SESSION_SECONDS
from impasto.studio.settings import Limits, StudioSettings

LOCAL = StudioSettings(Path("d"), limits=Limits(body_bytes=1000, upload_bytes=5000))
TOKEN = "a-long-enough-token"
OPEN = StudioSettings(Path("d"), host="0.0.0.0", token=TOKEN, limits=Limits(body_bytes=1000))
OURS = "127.0.0.1:7878"


async def echo(scope, receive, send) -> None:
    """An application that echoes the request body."""
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


def ask(
    settings: StudioSettings, method: str = "GET", path: str = "/", body=b"", query=b"", guard=None, **headers
):
    headers = {"host": OURS, **{name.replace("_", "-"): value for name, value in headers.items()}}
    parts = [body] if isinstance(body, bytes) else list(body)
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query,
        "client": ("1.2.3.4", 5),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
    }
    messages = [
        {"type": "http.request", "body": part, "more_body": index + 1 < len(parts)}
        for index, part in enumerate(parts)
    ]
    sent = []

    async def receive():
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message) -> None:
        sent.append(message)

    asyncio.run((guard or RequestGuard(echo, settings))(scope, receive, send))
    return sent[0]["status"], sent[-1]["body"], dict(sent[0]["headers"])


@pytest.mark.parametrize(
    "host", [OURS, "localhost", "localhost:1", "LOCALHOST:7878", "127.0.0.1", "[::1]:7878"]
)
def test_own_hosts(host) -> None:
    assert ask(LOCAL, host=host)[0] == 200


BAD_HOSTS = [
    "evil.example",
    "evil.example:7878",
    "",
    "127.0.0.1.evil.example",
    "127.0.0.1@evil.example",
    "192.168.0.7",
    "localhost.evil.example",
    "127.0.0.1; evil",
    "[::1",
    "127.0.0.1:x:y/..",
    "0.0.0.0",
    "impasto.local",
]


@pytest.mark.parametrize("host", BAD_HOSTS)
def test_foreign_hosts(host) -> None:
    status, body, _ = ask(LOCAL, host=host)
    assert status == 403
    assert "Host" in json.loads(body)["error"]


def test_other_machines_connect_by_address_or_own_name_only() -> None:
    bearer = {"authorization": f"Bearer {TOKEN}"}
    assert ask(OPEN, host="192.168.0.7:7878", **bearer)[0] == 200
    assert ask(OPEN, host="evil.example:7878", **bearer)[0] == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"origin": "http://localhost:7878"},
    ],
)
def test_other_sites_can_only_open_the_page(headers) -> None:
    assert ask(LOCAL, "POST", "/api/jobs", **headers)[0] == 403
    assert ask(LOCAL, "GET", "/api/jobs", **headers)[0] == 403
    assert ask(LOCAL, "GET", "/", **headers)[0] == 200
    assert ask(LOCAL, "DELETE", "/api/jobs/1", **headers)[0] == 403


def test_the_own_page_can() -> None:
    assert ask(LOCAL, "POST", "/api/jobs", origin=f"http://{OURS}", sec_fetch_site="same-origin")[0] == 200
    assert ask(LOCAL, "POST", "/api/jobs")[0] == 200
    assert ask(LOCAL, "GET", "/api/jobs", origin=f"http://{OURS}", sec_fetch_site="same-origin")[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer wrong"},
        {"authorization": TOKEN},
        {"authorization": f"Basic {TOKEN}"},
        {"cookie": "impasto_session=wrong"},
        {"cookie": f"impasto_session={TOKEN}; impasto_token={TOKEN}"},
        {"cookie": "other=1"},
        {"authorization": f"Bearer {TOKEN}x"},
        {"authorization": "Bearer é"},
        {"cookie": "[]{}=;;;"},
    ],
)
@pytest.mark.parametrize("path", ["/", "/api/info", "/static/js/main.js", "/api/openapi.json"])
def test_no_access_without_the_token(headers, path) -> None:
    status, body, _ = ask(OPEN, path=path, **headers)
    assert status == 401
    assert TOKEN not in body.decode()


def test_access_with_the_token() -> None:
    assert ask(OPEN, path="/api/info", authorization=f"Bearer {TOKEN}")[0] == 200
    guard = RequestGuard(echo, OPEN)
    status, _, headers = ask(OPEN, query=f"token={TOKEN}".encode(), guard=guard)
    assert (status, headers[b"location"]) == (303, b"./")
    cookie, attributes = headers[b"set-cookie"].decode().split("; ", 1)
    assert attributes == f"HttpOnly; SameSite=Strict; Path=/; Max-Age={SESSION_SECONDS}"
    assert TOKEN not in cookie
    assert ask(OPEN, path="/api/info", cookie=f"x=1; {cookie}", guard=guard)[0] == 200
    assert ask(OPEN, path="/api/info", cookie=f"{cookie}x", guard=guard)[0] == 401
    for others in ('prefs={"dark":true}', "a b", "impasto_session=of-another-path"):
        for sent in (f"{others}; {cookie}", f"{cookie}; {others}"):
            assert ask(OPEN, path="/api/info", cookie=sent, guard=guard)[0] == 200, sent
    assert ask(OPEN, query=b"token=wrong")[0] == 401
    assert ask(OPEN, path="/api/info", query=f"token={TOKEN}".encode())[0] == 401


@pytest.mark.parametrize(
    ("path", "length", "status"),
    [
        ("/api/jobs", "1000", 200),
        ("/api/jobs", "1001", 413),
        ("/api/pictures", "5000", 200),
        ("/api/pictures", "5001", 413),
        ("/api/replay", "999999999999999999999999", 413),
        ("/api/jobs", "-1", 400),
        ("/api/jobs", "x", 400),
        ("/api/jobs", "²", 400),
        ("/api/pictures/../jobs", "1001", 413),
    ],
)
def test_announced_sizes(path, length, status) -> None:
    assert ask(LOCAL, "POST", path, content_length=length)[0] == status


def test_actual_sizes() -> None:
    assert ask(LOCAL, "POST", "/api/jobs", [b"x" * 400] * 2)[1] == b"x" * 800
    assert ask(LOCAL, "POST", "/api/jobs", [b"x" * 400] * 3)[0] == 413


def test_an_incomplete_request() -> None:
    async def run() -> int:
        sent = []
        scope = {"type": "http", "method": "POST", "path": "/api/jobs", "headers": [(b"host", OURS.encode())]}
        messages = [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]

        async def receive():
            return messages.pop(0)

        async def send(message) -> None:
            sent.append(message)

        await RequestGuard(echo, LOCAL)(scope, receive, send)
        return sent[0]["status"]

    assert asyncio.run(run()) == 408


def test_every_response_has_security_headers() -> None:
    for status, _, headers in (ask(LOCAL), ask(LOCAL, host="evil.example")):
        assert status in (200, 403)
        assert b"default-src 'self'" in headers[b"content-security-policy"]
        assert headers[b"x-content-type-options"] == b"nosniff"
        assert b"access-control-allow-origin" not in headers


def test_too_many_requests_are_rejected() -> None:
    settings = StudioSettings(Path("d"), limits=Limits(rate=0.5, burst=3))
    guard = RequestGuard(echo, settings)
    responses = [ask(settings, "POST", "/api/jobs", guard=guard) for _ in range(4)]
    assert [status for status, _, _ in responses] == [200, 200, 200, 429]
    assert responses[-1][2][b"retry-after"] == b"2"
    assert "try again in 2 s" in json.loads(responses[-1][1])["error"]
    assert ask(settings, "GET", "/api/jobs", guard=guard)[0] == 200


def test_buckets_refill_and_old_addresses_are_dropped(monkeypatch) -> None:
    now = [100.0]
    monkeypatch.setattr("impasto.studio.limiters.time.monotonic", lambda: now[0])
    limiter = RateLimiter(2.0, 4)
    assert [limiter.wait("a") for _ in range(5)] == [0, 0, 0, 0, 0.5]
    assert limiter.wait("b") == 0
    now[0] += 0.5
    assert [limiter.wait("a") for _ in range(2)] == [0, 0.5]
    for number in range(3000):
        limiter.wait(str(number))
    assert len(limiter._buckets) == 1000


def test_web_sockets_are_closed() -> None:
    sent = []

    async def send(message) -> None:
        sent.append(message)

    asyncio.run(RequestGuard(echo, LOCAL)({"type": "websocket"}, None, send))
    assert sent == [{"type": "websocket.close", "code": 1008}]


@pytest.mark.parametrize("path", ["/api/pictures", "/api/jobs"])
def test_a_request_that_the_end_of_the_server_cancels_is_answered(path) -> None:
    async def run() -> list:
        sent = []
        scope = {"type": "http", "method": "POST", "path": path, "headers": [(b"host", OURS.encode())]}

        async def send(message) -> None:
            sent.append(message)

        task = asyncio.create_task(RequestGuard(echo, LOCAL)(scope, asyncio.Event().wait, send))
        await asyncio.sleep(0)
        task.cancel()
        await task  # without an exception, which uvicorn would log with a traceback
        return sent

    start, body = asyncio.run(run())
    assert start["status"] == 503
    assert "closing" in json.loads(body["body"])["error"]


@pytest.mark.parametrize("origin", ["http://[", "http://127.0.0.1:7878]", "null", "127.0.0.1:7878"])
def test_an_origin_that_is_none_is_another_site_s(origin) -> None:
    assert ask(LOCAL, "POST", body=b"x", origin=origin)[0] == 403


def test_a_wait_of_less_than_a_second_is_not_called_none() -> None:
    guard = RequestGuard(echo, OPEN)
    guard.access._wrong_tokens = RateLimiter(rate=4, burst=1)
    for _ in range(2):
        status, body, _ = ask(OPEN, authorization="Bearer wrong-token", guard=guard)
    assert (status, json.loads(body)["error"]) == (429, "Too many wrong tokens; try again in 1 s.")
