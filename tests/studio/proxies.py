"""nginx and Caddy in front of a server, with the configurations of the documents, TLS, a prefix and a host name."""

from __future__ import annotations

import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from http.client import HTTPConnection
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "studio.md"
NAME, PREFIX = "studio.example.org", "/art"


def missing(proxy: str) -> str | None:
    """Why a proxy cannot be started here, None if it can."""
    absent = [program for program in (proxy, "openssl") if shutil.which(program) is None]
    return f"{' and '.join(absent)} is not installed" if absent else None


class Proxy:
    """A proxy in front of the server on ``port``; with ``strip`` it takes the prefix off."""

    def __init__(self, proxy: str, folder: Path, port: int, strip: bool = False) -> None:
        self.port = _free_port()
        certificate = _certificate(folder)
        write = {"nginx": _nginx, "caddy": _caddy}[proxy]
        command = write(folder, _example(proxy), certificate, self.port, port, strip)
        self.log = (folder / f"{proxy}.log").open("wb")
        environment = {
            **os.environ,
            "HOME": str(folder),
            "XDG_DATA_HOME": str(folder),
            "XDG_CONFIG_HOME": str(folder),
        }
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, env=environment)
        end = time.monotonic() + 30
        while time.monotonic() < end and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.03)
        raise AssertionError((folder / f"{proxy}.log").read_text())

    @property
    def url(self) -> str:
        return f"https://{NAME}:{self.port}{PREFIX}"

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(20)
        self.log.close()


class TlsConnection(HTTPConnection):
    """A connection to a proxy on this machine, under the host name of the certificate."""

    def connect(self) -> None:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        plain = socket.create_connection(("127.0.0.1", self.port), 60)
        self.sock = context.wrap_socket(plain, server_hostname=NAME)


def _example(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


def _replaced(text: str, *pairs: tuple[str, str]) -> str:
    for old, new in pairs:
        assert old in text, f"the example has no {old}"
        text = text.replace(old, new)
    return text


def _nginx(folder: Path, text: str, certificate: Path, port: int, upstream: int, strip: bool) -> list[str]:
    slash = "/" if strip else ""
    server = _replaced(
        text,
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("/etc/ssl/studio.crt", str(certificate)),
        ("/etc/ssl/studio.key", str(certificate.with_suffix(".key"))),
        ("location /art {", f"location /art{slash} {{"),
        ("http://127.0.0.1:7878", f"http://127.0.0.1:{upstream}{slash}"),
    )
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr warn;\n"
        f"events {{}}\nhttp {{ access_log off; {places}\n{server}\n}}\n"
    )
    return ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]


def _caddy(folder: Path, text: str, certificate: Path, port: int, upstream: int, strip: bool) -> list[str]:
    key = certificate.with_suffix(".key")
    site = _replaced(
        text,
        (f"{NAME} {{", f"https://{NAME}:{port} {{\n    tls {certificate} {key}"),
        ("127.0.0.1:7878", f"127.0.0.1:{upstream}"),
        ("handle /art*", "handle_path /art*" if strip else "handle /art*"),
    )
    (folder / "Caddyfile").write_text(f"{{\n    admin off\n    auto_https off\n}}\n{site}")
    return ["caddy", "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


def _certificate(folder: Path) -> Path:
    path = folder / "studio.crt"
    subject = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]
    files = ["-keyout", str(folder / "studio.key"), "-out", str(path)]
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    subprocess.run(
        ["openssl", "req", "-x509", "-nodes", "-days", "2", *curve, *subject, *files],
        check=True,
        capture_output=True,
    )
    return path


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
