"""The fake server's recipe: a small schema with every kind of field."""

from __future__ import annotations

from typing import Any

from impasto.studio.requests import ordered_size

PRESETS = {"impasto": "The default.", "gatys": "As in the paper of 2016."}
SCHEMA: dict[str, Any] = {
    "properties": {
        "preset": {"type": "string", "default": "impasto"},
        "size": {"type": "integer", "default": 512, "minimum": 16},
        "quality": {"enum": ["draft", "normal", "high"], "type": "string", "default": "normal"},
        "strength": {"type": "number", "default": 0.5},
        "stroke": {"type": "number", "default": 1.0},
        "colors": {"type": "number", "default": 0.0},
        "seed": {"type": "integer", "default": 0},
        "mix": {"anyOf": [{"type": "array", "items": {"type": "number"}}, {"type": "null"}], "default": None},
        "balance": {"type": "boolean", "default": True, "description": "Make styles improve equally."},
        "style_loss": {
            "$ref": "#/$defs/StyleLoss",
            "default": "moments",
            "description": "How styles are compared.",
        },
        "style_layers": {
            "type": "object",
            "additionalProperties": {"type": "number"},
            "description": "Layers.",
        },
        "learning_rate": {
            "type": "number",
            "exclusiveMinimum": 0,
            "default": 0.02,
            "description": "Step size.",
        },
        "steps": {
            "anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}],
            "default": None,
            "description": "Steps in total.",
        },
        "scale_steps": {
            "type": "array",
            "items": {"type": "integer"},
            "default": [100],
            "description": "Steps.",
        },
        "device": {"type": "string", "default": "auto"},
    },
    "$defs": {"StyleLoss": {"enum": ["gram", "moments", "sliced"], "type": "string"}},
    "panels": {
        "Main settings": ["preset", "size", "quality", "strength", "stroke", "steps", "seed"],
        "Several styles": ["mix", "balance"],
        "Style and content": ["style_loss", "style_layers"],
        "Optimiser": ["learning_rate", "scale_steps"],
    },
}


def full_recipe(given: dict[str, Any]) -> dict[str, Any]:
    """Every field, with defaults for those that are not given."""
    defaults = {name: field.get("default") for name, field in SCHEMA["properties"].items()}
    defaults["style_layers"] = {"relu1_1": 1.0, "relu2_1": 0.5}
    if given.get("preset") == "gatys":
        defaults["style_loss"] = "gram"
    for variant in preset_variants()[given.get("preset", "impasto")]:
        if given.get("quality") == variant["when"]["quality"]:
            defaults.update(variant["fields"])
    return {**defaults, **given}


def painted_size(recipe: dict[str, Any], photo: tuple[int, int]) -> tuple[int, int]:
    """Return width and height of the painting of a photograph of width and height."""
    framing = recipe.get("framing") or "crop"
    return ordered_size(recipe["size"], *photo, dpi=recipe.get("dpi"), framing=framing)


def preset_fields() -> dict[str, dict[str, Any]]:
    """The complete recipe of each preset."""
    return {name: full_recipe({"preset": name}) for name in PRESETS}


def preset_variants() -> dict[str, list[dict[str, Any]]]:
    """Fields that depend on the quality."""
    high = {"when": {"quality": "high"}, "fields": {"style_loss": "sliced", "scale_steps": [300]}}
    return {"impasto": [high], "gatys": []}


def validate(recipe: dict[str, Any]) -> str | None:
    """Return the error of an invalid recipe, or None."""
    if recipe["learning_rate"] <= 0:
        return f"learning_rate is {recipe['learning_rate']}: input should be greater than 0."
    return None
