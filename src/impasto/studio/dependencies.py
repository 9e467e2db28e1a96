"""Shared parts of the routes: the current studio, id parameters, and documented responses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Depends, Header, Path, Request
from starlette.requests import ClientDisconnect
from starlette.types import Message

from impasto.studio.errors import RequestError
from impasto.studio.folder import ID
from impasto.studio.models import Problem
from impasto.studio.pictures import TYPES
from impasto.studio.service import StudioService

# A body that stands still for so long is given up.
STILL_SECONDS = 30.0
IMMUTABLE = {"cache-control": "private, max-age=31536000, immutable"}
NO_CACHE = {"cache-control": "no-cache"}
INCOMPLETE = "The request was not completed."
_ERROR_DESCRIPTIONS = {
    400: "The request is malformed.",
    401: "The token is missing or wrong.",
    403: "The request comes from another site.",
    404: "There is no such picture or job.",
    408: "The request was not completed.",
    409: "The job's state does not allow this.",
    413: "The request is too large.",
    415: "The content type is not supported.",
    422: "The request cannot be processed.",
    429: "There are too many requests, jobs or subscribers.",
    503: "An optional part is not installed, or the studio is closing.",
    507: "The disk is full.",
}


def get_studio(request: Request) -> StudioService:
    """Return the studio that serves a request."""
    studio: StudioService = request.app.state.studio
    return studio


CurrentStudio = Annotated[StudioService, Depends(get_studio)]
# A name has at most 255 characters, each of which may become nine in the header.
NameHeader = Annotated[
    str | None, Header(alias="X-Name", description="The file's name, url-encoded.", max_length=9 * 255)
]
IdPath = Annotated[str, Path(alias="id", pattern=ID, description="32 hexadecimal digits.")]


def error_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the documentation of a route's errors: ``statuses`` and those that every route may answer with."""
    return {
        status: {"model": Problem, "description": _ERROR_DESCRIPTIONS[status]}
        for status in sorted({400, 401, 403, 413, 422, 503, 507, *statuses})
    }


def image_response(*types: str) -> dict[int | str, dict[str, Any]]:
    """Return the documentation of a response that is a picture of one of ``types``."""
    schema = {"type": "string", "format": "binary"}
    return {
        200: {
            "description": "The picture.",
            "content": {f"image/{image_type}": {"schema": schema} for image_type in types},
        }
    }


def image_body(description: str) -> dict[str, Any]:
    """Return the documentation of a request body that is a picture."""
    schema = {"type": "string", "format": "binary"}
    return {
        "requestBody": {
            "required": True,
            "description": description,
            "content": {"image/*": {"schema": schema}},
        }
    }


def check_image_type(request: Request) -> None:
    """Raise `RequestError` 415 if the body is not a picture by its content type."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    kind, _, subtype = content_type.partition("/")
    if kind != "image" or subtype not in TYPES:
        raise RequestError(415, f"The content type must be image/..., one of {', '.join(TYPES)}.")


def limited_request(request: Request, max_bytes: int) -> Request:
    """Return a request whose body has at most ``max_bytes``: one that is sent in chunks does not say how long it is.

    Reading it raises `RequestError` 413 for a longer one, and 408 as `streamed_body`.
    """
    received = 0

    async def receive() -> Message:
        nonlocal received
        try:
            message = await asyncio.wait_for(request.receive(), STILL_SECONDS)
        except TimeoutError:
            raise RequestError(408, INCOMPLETE) from None
        if message["type"] == "http.disconnect":
            raise RequestError(408, INCOMPLETE)
        received += len(message.get("body", b""))
        if received > max_bytes:
            raise RequestError(413, f"The request is too large; the limit is {max_bytes:,} bytes.")
        return message

    return Request(request.scope, receive)


async def streamed_body(request: Request) -> AsyncIterator[bytes]:
    """Yield the body in parts; raises `RequestError` 408 if the client leaves, or sends nothing for some time."""
    parts = request.stream().__aiter__()
    try:
        while True:
            part = await asyncio.wait_for(anext(parts), STILL_SECONDS)
            yield part
    except StopAsyncIteration:
        return
    except (ClientDisconnect, TimeoutError):
        raise RequestError(408, INCOMPLETE) from None
