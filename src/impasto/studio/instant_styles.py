"""The styles of the trained networks that ship with impasto, read from their model cards without torch."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from impasto.encoders.header import CARD_KEY
from impasto.feedforward.pretrained import pretrained_networks

# Longer headers of safetensors files are not read.
_MAX_HEADER = 4_000_000


@cache
def trained_styles() -> list[dict[str, str]]:
    """Return name, title, credit and thumbnail address of each style.

    Each network has one style, which has the name of the network's file. The network for any style is not listed.
    """
    trained = []
    for path in pretrained_networks().values():
        styles = _card(path).get("styles")
        for style in styles if isinstance(styles, list) else []:
            if isinstance(style, dict) and style.get("name"):
                texts = {key: str(style.get(key) or "") for key in ("name", "title", "credit")}
                trained.append({**texts, "thumb": f"static/styles/{texts['name']}.webp"})
    return trained


def _card(path: Path) -> dict[str, Any]:
    """Return the card in a safetensors header: eight bytes with the header's length, then JSON."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(length)) if length <= _MAX_HEADER else {}
        card = json.loads(header.get("__metadata__", {}).get(CARD_KEY, "{}"))
    except (OSError, ValueError, AttributeError):
        return {}
    return card if isinstance(card, dict) else {}
