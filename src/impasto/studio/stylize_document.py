"""The description of `POST /api/stylize` in the OpenAPI document: its forms, its raw bodies, and its answers."""

from __future__ import annotations

from typing import Any

from impasto.studio.models import FastBody, JobInfo

_FILE = {"type": "string", "format": "binary", "description": "A picture's file, or the id of one."}
_SETTINGS = {
    name: {key: value for key, value in field.items() if key != "title"}
    for name, field in FastBody.model_json_schema()["properties"].items()
}
_FORM = {
    "type": "object",
    "required": ["content"],
    "properties": {
        "content": _FILE,
        "style": {"type": "array", "items": _FILE, "maxItems": 8, "description": "The style images."},
        **{
            name: _SETTINGS[name]
            for name in (
                "trained",
                "strength",
                "stroke",
                "mix",
                "colors",
                "size",
                "dpi",
                "framing",
                "format",
                "masks",
                "protect",
            )
        },
    },
    "additionalProperties": {"description": "Any field of the recipe, with `Prefer: respond-async`."},
}
REQUEST_BODY: dict[str, Any] = {
    "required": True,
    "description": "A form, or the content picture alone with everything else in the query.",
    "content": {
        "multipart/form-data": {
            "schema": _FORM,
            "example": {"content": "@photo.jpg", "style": ["@painting.jpg"], "strength": 0.7, "size": 768},
        },
        "image/*": {"schema": _FILE},
    },
}
_PICTURE = {"schema": {"type": "string", "format": "binary"}}
RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The picture, with its settings inside.",
        "content": {f"image/{kind}": _PICTURE for kind in ("png", "jpeg", "webp")},
    },
    202: {
        "description": "The job that was queued; the header Location is its address.",
        "model": JobInfo,
        "headers": {"Location": {"schema": {"type": "string"}, "description": "Relative to this address."}},
    },
}
