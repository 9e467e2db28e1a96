"""The OpenAPI document: tags, readable operation ids, the security scheme, and the types of recipes and events."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from impasto.optimize.recipe import Recipe
from impasto.studio.access import COOKIE

TAGS = [
    {"name": "paint", "description": "A picture in one request."},
    {"name": "pictures", "description": "Uploads, previews, plans and settings of pictures."},
    {"name": "clips", "description": "Uploads, frames, plans and jobs of clips, and painted clips."},
    {"name": "jobs", "description": "Paintings in many steps: queue, progress, control."},
    {"name": "gallery", "description": "Finished pictures, archives and the trash."},
    {"name": "operation", "description": "Health and metrics."},
]
_NUMBER = {"type": ["number", "null"]}
_SIZE = {"type": ["array", "null"], "items": {"type": "integer"}, "minItems": 2, "maxItems": 2}
_EVENTS: dict[str, dict[str, Any]] = {
    "StepEvent": {
        "type": "object",
        "description": "Data of the event `step`: progress after a step, which is a frame of a clip. `scale` is width "
        "and height; `speed` is frames a second, null for pictures.",
        "required": ["step", "steps", "loss", "scale", "seconds_left", "speed"],
        "properties": {
            "step": {"type": "integer"},
            "steps": {"type": ["integer", "null"]},
            "loss": _NUMBER,
            "scale": _SIZE,
            "seconds_left": _NUMBER,
            "speed": _NUMBER,
        },
    },
    "PreviewEvent": {
        "type": "object",
        "description": "Data of the event `preview`: the address of a WebP, relative to the studio's.",
        "required": ["url"],
        "properties": {"url": {"type": "string"}},
    },
}
_STREAM = {
    "description": "Server-sent events. The data of `state` and `done` is JobInfo, that of `step` StepEvent, that of "
    "`preview` PreviewEvent.",
    "oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in ("JobInfo", *_EVENTS)],
}


def operation_id(route: APIRoute) -> str:
    """Return the name of a route's function, which generated clients use for their methods."""
    return route.name


def make_document(app: FastAPI, *, has_token: bool) -> dict[str, Any]:
    """Return the OpenAPI document of the application."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        tags=TAGS,
        servers=app.servers,
    )
    components = document["components"]
    schemas = components["schemas"]
    recipe = Recipe.model_json_schema(ref_template="#/components/schemas/{model}")
    changes = {name: value for name, value in recipe.items() if name not in ("required", "title", "$defs")}
    changes["description"] = "Fields of Recipe that differ from the preset's."
    schemas |= {**recipe.pop("$defs", {}), "Recipe": recipe, "RecipeChanges": changes, **_EVENTS}
    for name in ("JobBody", "ClipJobBody", "JobInfo", "JobDetails", "ReplayInfo"):
        kind = "RecipeChanges" if name in ("JobBody", "ClipJobBody") else "Recipe"
        reference = {"$ref": f"#/components/schemas/{kind}"}
        described = schemas[name]["properties"]["recipe"].get("description")
        schemas[name]["properties"]["recipe"] = {
            **reference,
            **({"description": described} if described else {}),
        }
    for path in document["paths"].values():
        for operation in path.values():
            stream = operation["responses"].get("200", {}).get("content", {}).get("text/event-stream")
            if stream is not None:
                stream["schema"] = _STREAM
    if has_token:
        components["securitySchemes"] = {
            "token": {"type": "http", "scheme": "bearer"},
            "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
        }
        document["security"] = [{"token": []}, {"session": []}]
        document["paths"]["/health"]["get"]["security"] = []
    return document
