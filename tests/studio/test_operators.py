"""A studio for several people: proxies, sessions, wrong tokens, limits for one address, metrics and logs."""

from __future__ import annotations

import json
import logging
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from impasto.errors import RecipeError
from impasto.studio.forwarded import TrustedProxies, parse_networks
from impasto.studio.guard import RequestGuard
from impasto.studio.limiters import OpenCounter, owner
from impasto.studio.logs import ACCESS, JOBS, log_event, set_up_logs
from impasto.studio.metrics import RequestCounts
from impasto.studio.sessions import MAX_SESSIONS, SESSION_SECONDS, Sessions
from impasto.studio.settings import Limits, StudioSettings

from .test_guard import TOKEN, ask, echo

NAME = "studio.example.org"
BEHIND = StudioSettings(
    Path("d"),
    token=TOKEN,
    allowed_hosts=(NAME,),
    root_path="/art/studio",
    trusted_proxies=("1.2.3.4", "10.0.0.0/8"),
    limits=Limits(rate=0.001, burst=2, streams=2),
)
BEARER = {"authorization": f"Bearer {TOKEN}"}


@pytest.mark.parametrize(("host", "status"), [(NAME, 200), (f"{NAME.upper()}:8443", 200), ("other.org", 403)])
def test_the_allowed_name(host, status) -> None:
    assert ask(BEHIND, path="/api/info", host=host, **BEARER)[0] == status
    assert ask(replace(BEHIND, host="0.0.0.0"), path="/api/info", host=host, **BEARER)[0] == status


def test_a_write_from_the_page_behind_the_proxy() -> None:
    send = {"method": "POST", "path": "/api/jobs", "host": NAME, **BEARER}
    assert ask(BEHIND, origin=f"https://{NAME}", **send)[0] == 200
    assert ask(BEHIND, origin="https://evil.org", **send)[0] == 403


def test_the_prefix_is_taken_off_where_the_proxy_has_not() -> None:
    seen = []

    async def note(scope, receive, send) -> None:
        seen.append(scope["path"])
        await echo(scope, receive, send)

    for path in ("/art/studio/api/info", "/api/info", "/art/studio/", "/art/studios/api"):
        assert ask(BEHIND, path=path, guard=RequestGuard(note, BEHIND), **BEARER)[0] == 200
    assert seen == ["/api/info", "/api/info", "/", "/art/studios/api"]
    status, _, headers = ask(BEHIND, path="/art/studio", **BEARER)
    assert (status, headers[b"location"]) == (308, b"/art/studio/")


def test_the_cookie_behind_tls() -> None:
    query = {"path": "/art/studio/", "query": f"token={TOKEN}".encode()}
    for proto, secure in (("https", True), ("http", False), ("", False)):
        _, _, headers = ask(BEHIND, x_forwarded_proto=proto, **query)
        attributes = headers[b"set-cookie"].decode().split("; ")[1:]
        assert ("Secure" in attributes, "Path=/art/studio/" in attributes) == (secure, True)
    stranger = replace(BEHIND, trusted_proxies=("5.6.7.8",))
    _, _, headers = ask(stranger, x_forwarded_proto="https", **query)
    assert b"Secure" not in headers[b"set-cookie"]


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        ("9.9.9.9", "9.9.9.9"),
        ("8.8.8.8, 9.9.9.9", "9.9.9.9"),  # the client wrote the first one
        ("9.9.9.9, 10.1.2.3", "9.9.9.9"),
        ("2001:db8::1", "2001:db8::1"),
        ("nonsense", "1.2.3.4"),
        ("9.9.9.9, nonsense", "1.2.3.4"),
        ("", "1.2.3.4"),
    ],
)
def test_the_client_of_a_trusted_proxy(forwarded, client) -> None:
    proxies = TrustedProxies(parse_networks(BEHIND.trusted_proxies))
    scope = {"client": ("1.2.3.4", 5), "scheme": "http"}
    proxies.apply(scope, {"x-forwarded-for": forwarded})
    assert scope["client"][0] == client
    scope = {"client": ("7.7.7.7", 5), "scheme": "http"}
    proxies.apply(scope, {"x-forwarded-for": forwarded, "x-forwarded-proto": "https"})
    assert (scope["client"][0], scope["scheme"]) == ("7.7.7.7", "http")


def test_clients_of_one_proxy_have_limits_of_their_own() -> None:
    guard = RequestGuard(echo, BEHIND)

    def statuses(address: str) -> list[int]:
        headers = {"x_forwarded_for": address, **BEARER}
        return [ask(BEHIND, "POST", "/api/jobs", guard=guard, **headers)[0] for _ in range(3)]

    assert statuses("9.9.9.9") == statuses("9.9.9.8") == [200, 200, 429]


def test_wrong_tokens_are_slowed_down_but_not_sessions(monkeypatch) -> None:
    now = [100.0]
    monkeypatch.setattr("impasto.studio.limiters.time.monotonic", lambda: now[0])
    guard = RequestGuard(echo, BEHIND)
    _, _, headers = ask(BEHIND, query=f"token={TOKEN}".encode(), guard=guard)
    cookie = headers[b"set-cookie"].decode().split(";")[0]
    wrong = [ask(BEHIND, path="/api/info", authorization="Bearer wrong", guard=guard) for _ in range(7)]
    assert [status for status, _, _ in wrong] == [401] * 5 + [429] * 2
    assert wrong[-1][2][b"retry-after"] == b"10"
    assert ask(BEHIND, path="/api/info", guard=guard, **BEARER)[0] == 429  # a guess is not answered either
    assert ask(BEHIND, path="/api/info", cookie=cookie, guard=guard)[0] == 200
    other = {"x_forwarded_for": "9.9.9.9", **BEARER}
    assert ask(BEHIND, path="/api/info", guard=guard, **other)[0] == 200
    now[0] += 10
    assert ask(BEHIND, path="/api/info", guard=guard, **BEARER)[0] == 200


def test_sessions_outlive_the_server_but_not_the_token(tmp_path, monkeypatch) -> None:
    path = tmp_path / "sessions.json"
    session = Sessions(path, TOKEN).create()
    assert len(session) > 40
    assert Sessions(path, TOKEN).is_open(session)
    assert not Sessions(path, "another-token").is_open(session)
    assert session not in path.read_text()
    assert path.stat().st_mode & 0o077 == 0
    sessions = Sessions(path, TOKEN)
    many = [sessions.create() for _ in range(MAX_SESSIONS)]
    assert [sessions.is_open(one) for one in (session, many[0], many[-1])] == [False, True, True]
    monkeypatch.setattr("impasto.studio.sessions.time.time", lambda: 4e9 + SESSION_SECONDS)
    assert not sessions.is_open(many[-1])
    path.write_text("damaged")
    assert not Sessions(path, TOKEN).is_open(session)


def test_one_address_follows_so_many_jobs() -> None:
    guard = RequestGuard(echo, BEHIND)
    assert [guard.streams.enter("1.2.3.4") for _ in range(3)] == [True, True, False]
    events = "/api/jobs/" + "a" * 32 + "/events"
    assert ask(BEHIND, path=events, guard=guard, **BEARER)[0] == 429
    assert ask(BEHIND, path=events, guard=guard, x_forwarded_for="9.9.9.9", **BEARER)[0] == 200
    guard.streams.leave("1.2.3.4")
    for _ in range(3):  # a stream that has ended no longer counts
        assert ask(BEHIND, path=events, guard=guard, **BEARER)[0] == 200
    counter = OpenCounter(1)
    with counter.one("2001:db8::1") as first, counter.one("2001:db8::2") as second:  # one /64 is one client
        assert (first, second) == (True, False)
    assert counter.enter("2001:db8::3")
    assert owner("2001:db8:1::1") != owner("2001:db8:2::1")
    # As a proxy on [::] writes IPv4 addresses.
    assert owner("::ffff:9.9.9.9") == owner("9.9.9.9") != owner("::ffff:9.9.9.8")


def test_health_needs_no_token_and_metrics_do() -> None:
    assert ask(BEHIND, path="/health", host="10.0.0.7:1234")[0] == 200
    assert ask(BEHIND, path="/metrics")[0] == 401
    assert ask(BEHIND, path="/metrics", **BEARER)[0] == 200
    assert ask(BEHIND, "POST", "/health")[0] == 401


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"allowed_hosts": ("studio.example.org:443",)}, "without port"),
        ({"allowed_hosts": ("Studio",)}, "lower case"),
        ({"allowed_hosts": ("a.org",), "token": None}, "set a token"),
        ({"root_path": "studio"}, "--root-path"),
        ({"root_path": "/studio/"}, "--root-path"),
        ({"root_path": "/a b"}, "--root-path"),
        ({"trusted_proxies": ("proxy.local",)}, "--trusted-proxy"),
    ],
)
def test_impossible_settings(fields, message) -> None:
    with pytest.raises(RecipeError, match=message):
        replace(BEHIND, **fields)


def test_metrics(api, done) -> None:
    prometheus = pytest.importorskip("prometheus_client.parser")
    api.get("/api/info")
    answer = api.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    families = {family.name: family for family in prometheus.text_string_to_metric_families(answer.text)}
    samples = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in families.values()
        for sample in family.samples
    }
    assert samples["impasto_requests_total", "/api/info", "200", "GET"] >= 1
    assert samples["impasto_request_seconds_count", "/api/info"] >= 1
    assert samples["impasto_jobs_ended_total", "done"] >= 1
    assert samples["impasto_worker_ready", "cpu"] == 1
    assert samples["impasto_painting_seconds_total",] > 0
    assert "api/jobs/" not in answer.text.replace("/api/jobs/{id}", "")  # labels name routes, not addresses
    assert api.get("/health").json() == {"status": "ok"}


def test_invented_methods_are_counted_as_one() -> None:
    counts = RequestCounts()
    for method in ("GET", *(f"X{number}" for number in range(50))):
        counts.observe({"method": method}, 401, 0.01)
    assert counts.answers == {("GET", "other", 401): 1, ("other", "other", 401): 50}


def test_metrics_without_their_package(api, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    answer = api.get("/metrics")
    assert (answer.status_code, answer.json()) == (
        503,
        {"error": "/metrics needs an optional part: pip install 'impasto[studio]'."},
    )


@pytest.fixture
def stderr(capsys):
    """A function that returns what was logged; the loggers are as before at the end."""
    root = logging.getLogger("impasto.studio")
    saved = root.handlers[:], root.level, root.propagate
    yield lambda: capsys.readouterr().err
    root.handlers[:], root.propagate = saved[0], saved[2]
    root.setLevel(saved[1])


def test_logs_are_json_lines_without_the_token(api, stderr) -> None:
    set_up_logs("info", "json")
    api.get("/?token=secret-secret")
    api.get("/api/jobs/" + "0" * 32)
    log_event(JOBS, logging.INFO, "job", id="x", state="done", reason=None)
    log_event(ACCESS, logging.DEBUG, "unseen")
    written = stderr()
    lines = [json.loads(line) for line in written.splitlines()]
    assert [line["event"] for line in lines] == ["request", "request", "job"]
    assert [line.get("status") for line in lines[:2]] == [200, 404]
    assert {"time", "level", "client", "method", "path", "ms"} <= set(lines[0])
    assert lines[2] == {"time": lines[2]["time"], "level": "info", "event": "job", "id": "x", "state": "done"}
    assert "secret" not in written


def test_logs_at_the_default_level_are_quiet(api, stderr) -> None:
    set_up_logs("warning", "text")
    api.get("/api/info")
    log_event(JOBS, logging.WARNING, "job", id="x", state="failed")
    assert stderr() == "impasto: job id=x state=failed\n"
