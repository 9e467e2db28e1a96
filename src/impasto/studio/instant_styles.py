"""The styles of the trained networks that come with impasto, by the cards in their files; read without torch."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from impasto.feedforward.pretrained import pretrained_networks

# The longest header of a safetensors file that is looked at.
_MOST_HEADER = 4_000_000


@cache
def trained_styles() -> list[dict[str, str]]:
    """Return name, title, credit and address of the thumbnail of each; the network for any style has none of its own.

    A network is asked for by the name of its file, which is the name of its one style.
    """
    found = []
    for path in pretrained_networks().values():
        styles = _card(path).get("styles")
        for style in styles if isinstance(styles, list) else []:
            if isinstance(style, dict) and style.get("name"):
                words = {key: str(style.get(key) or "") for key in ("name", "title", "credit")}
                found.append({**words, "thumb": f"/static/styles/{words['name']}.webp"})
    return found


def _card(path: Path) -> dict[str, Any]:
    """Return the card in a file's header: eight bytes with its length, then JSON (the format of safetensors)."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(length)) if length <= _MOST_HEADER else {}
        card = json.loads(header.get("__metadata__", {}).get("impasto", "{}"))
    except (OSError, ValueError, AttributeError):
        return {}
    return card if isinstance(card, dict) else {}
