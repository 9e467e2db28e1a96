"""What routes have in common: the studio, ids, and the errors they may answer with."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Path, Request

from impasto.studio.folder import ID
from impasto.studio.models import Problem
from impasto.studio.studio import Studio

_REASONS = {
    400: "The request is malformed.",
    401: "The token is missing or wrong.",
    403: "The request comes from another site.",
    404: "There is no such thing.",
    408: "The request did not come to its end.",
    409: "The state does not allow it.",
    413: "This is too large.",
    415: "This type is not taken.",
    422: "This cannot be used.",
    429: "Too many requests, jobs or watchers.",
    503: "A part that this needs is not installed.",
}


def studio_of(request: Request) -> Studio:
    """Return the studio that a request is for."""
    found: Studio = request.app.state.studio
    return found


Here = Annotated[Studio, Depends(studio_of)]
IdPath = Annotated[str, Path(alias="id", pattern=ID, description="32 hexadecimal digits.")]


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the error answers of a route for its documentation: these, and those that every route has."""
    return {
        status: {"model": Problem, "description": _REASONS[status]}
        for status in sorted({400, 401, 403, 413, 422, *statuses})
    }


def binary(*types: str) -> dict[int | str, dict[str, Any]]:
    """Return the answer with a picture of one of ``types`` for a route's documentation."""
    schema = {"type": "string", "format": "binary"}
    return {
        200: {
            "description": "The picture.",
            "content": {f"image/{kind}": {"schema": schema} for kind in types},
        }
    }


def sent_picture(description: str) -> dict[str, Any]:
    """Return the documentation of a body that is a picture."""
    schema = {"type": "string", "format": "binary"}
    return {
        "requestBody": {
            "required": True,
            "description": description,
            "content": {"image/*": {"schema": schema}},
        }
    }
