"""Addresses of the page and in answers are relative, so that the studio works below any prefix of a proxy."""

from __future__ import annotations

import re

import pytest

from impasto.studio.app import STATIC
from impasto.studio.instant_styles import trained_styles

SOURCES = sorted(path for path in STATIC.rglob("*") if path.suffix in (".html", ".js", ".css", ".svg"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_the_page_has_no_absolute_address(path) -> None:
    assert not re.findall(r"""["'`(](?:/static|/api)\b[^"'`)]*""", path.read_text())
    assert not re.findall(r"""(?:href|src)=["']/""", path.read_text())


def test_answers_have_no_absolute_address(api, done) -> None:
    addresses = [done["thumb"], *(style["thumb"] for style in api.get("/api/info").json()["trained_styles"])]
    assert len(addresses) == 1 + len(trained_styles())
    assert not [address for address in addresses if address.startswith("/") or "://" in address]
