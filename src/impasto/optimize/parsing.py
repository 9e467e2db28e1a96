"""Parsers of recipe fields from text. Each raises `ValueError` with the reason and an example."""

from __future__ import annotations

import re

# Fields of the recipe that hold several numbers; a text separates them by commas.
NUMBER_LISTS = ("scale_steps", "fine_steps", "betas", "decay_every", "mix", "sigmas")


def parse_layers(text: str) -> dict[str, float]:
    """Return layer weights from ``relu1_1:1,relu2_1:.5`` (no weight means 1); raises `ValueError`."""
    layers: dict[str, float] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, _, weight = part.partition(":")
        try:
            layers[name.strip()] = float(weight) if weight else 1.0
        except ValueError:
            raise ValueError(f"'{part}' is not LAYER or LAYER:WEIGHT, e.g. relu4_1:0.5") from None
    return layers


def parse_scales(text: str) -> tuple[tuple[int, int], ...]:
    """Return a schedule from ``128:200,512:50`` (longer side : steps); raises `ValueError`."""
    if not re.fullmatch(r"\s*\d+\s*:\s*\d+\s*(,\s*\d+\s*:\s*\d+\s*)*", text):
        raise ValueError(f"'{text}' is not SIDE:STEPS,SIDE:STEPS,..., e.g. 128:200,512:50")
    pairs = (part.split(":") for part in text.split(","))
    return tuple((int(side), int(steps)) for side, steps in pairs)


def parse_aspect(text: str) -> float:
    """Return width over height from ``16:9`` or ``1.5``; raises `ValueError`."""
    width, _, height = text.partition(":")
    try:
        return float(width) / float(height or 1)
    except (ValueError, ZeroDivisionError):
        raise ValueError("this is not WIDTH:HEIGHT, e.g. 16:9") from None


def parse_colors(text: str) -> float:
    """Return the content image's share of the colours: ``style`` is 0, ``content`` 1, or a number between."""
    words = {"style": 0.0, "content": 1.0}
    try:
        return words[text] if text in words else float(text)
    except ValueError:
        raise ValueError("colours are style, content, or a number from 0 (style) to 1 (content)") from None
