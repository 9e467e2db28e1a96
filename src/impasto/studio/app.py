"""The ASGI application: the page, the API under /api, and error responses."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from http import HTTPStatus
from importlib import resources
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.types import Scope

from impasto import __version__
from impasto.errors import ImpastoError, MissingExtraError, describe_bug
from impasto.studio import (
    clip_routes,
    gallery_routes,
    job_routes,
    operator_routes,
    picture_routes,
    stylize_routes,
)
from impasto.studio.errors import DISK_FULL, RequestError, is_disk_full
from impasto.studio.guard import RequestGuard
from impasto.studio.logs import log_request
from impasto.studio.metrics import RequestCounts
from impasto.studio.openapi import make_document, operation_id
from impasto.studio.service import StudioService

STATIC = Path(str(resources.files("impasto.studio"))) / "static"
MAX_MESSAGE_CHARS = 400
DESCRIPTION = (
    "Paint photographs and clips in the style of paintings. Upload them first and refer to them by id. Jobs wait in "
    'a queue that survives a restart of the server. Every error is `{"error": "one sentence"}`.'
)


class StaticPage(StaticFiles):
    """The page's files. Browsers revalidate them on every load, so that an upgrade takes effect at once."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """Return a file, or 304 where the browser's copy is current."""
        response = super().file_response(*args, **kwargs)
        response.headers["cache-control"] = "no-cache"
        return response

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return the response for a path below /static."""
        try:
            return await super().get_response(path, scope)
        except (ValueError, OSError):  # names that no file system accepts
            raise HTTPException(404) from None


def create_app(studio: StudioService) -> FastAPI:
    """Return the application of a studio, behind its `RequestGuard`."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await studio.start()
        yield
        await studio.stop()

    app = FastAPI(
        title="impasto studio",
        version=__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=operation_id,
        servers=[{"url": studio.settings.root_path or "/"}],
    )
    app.state.studio = studio
    app.include_router(picture_routes.router)
    app.include_router(clip_routes.router)
    app.include_router(job_routes.router)
    app.include_router(gallery_routes.router)
    app.include_router(operator_routes.router)
    app.include_router(stylize_routes.router)
    app.mount("/static", StaticPage(directory=STATIC), name="static")

    @app.api_route("/", methods=["GET", "HEAD"], include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(STATIC / "index.html", headers={"cache-control": "no-cache"})

    app.add_exception_handler(RequestError, _on_impasto_error)
    app.add_exception_handler(ImpastoError, _on_impasto_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(OSError, _on_failed_write)
    app.add_exception_handler(sqlite3.Error, _on_failed_write)
    app.add_exception_handler(Exception, _on_bug)
    document = cache(lambda: make_document(app, has_token=studio.settings.token is not None))
    app.openapi = document  # type: ignore[method-assign]
    app.state.request_counts = counts = RequestCounts()

    def observe(scope: Scope, status: int, seconds: float) -> None:
        counts.observe(scope, status, seconds)
        log_request(scope, status, seconds)

    app.add_middleware(RequestGuard, settings=studio.settings, observe=observe)
    return app


def error_response(
    status: int, message: str, headers: dict[str, str] | None = None, **fields: object
) -> JSONResponse:
    """Return an error as one line of limited length, even where it quotes the client's input."""
    line = " ".join(message.encode("utf-8", "replace").decode().split())
    if len(line) > MAX_MESSAGE_CHARS:
        line = f"{line[: MAX_MESSAGE_CHARS // 2]} ... {line[-MAX_MESSAGE_CHARS // 2 :]}"
    return JSONResponse({"error": line, **fields}, status, headers)


async def _on_impasto_error(request: Request, error: Exception) -> Response:
    if is_disk_full(error):
        return error_response(507, DISK_FULL)
    status = error.status if isinstance(error, RequestError) else 422
    if isinstance(error, MissingExtraError):
        status = 503
    largest = error.largest_size if isinstance(error, RequestError) else None
    return error_response(
        status,
        _with_names(request, str(error)),
        {"retry-after": "2"} if status == 429 else None,
        **({} if largest is None else {"largest_size": largest}),
    )


async def _on_validation_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
    message = str(first["msg"]).removeprefix("Value error, ")
    return error_response(422, f"{field}: {message[0].lower()}{message[1:]}.")


async def _on_http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    message = str(error.detail)
    if message == HTTPStatus(error.status_code).phrase:
        message = f"{message}; /api/openapi.json describes the API."
    return error_response(error.status_code, message, dict(error.headers or {}))


async def _on_failed_write(_: Request, error: Exception) -> Response:
    if not is_disk_full(error):
        raise error
    return error_response(507, DISK_FULL)


async def _on_bug(request: Request, error: Exception) -> Response:
    return error_response(500, f"{describe_bug(error, _with_names(request, str(error)))}.")


def _with_names(request: Request, message: str) -> str:
    studio: StudioService = request.app.state.studio
    return studio.pictures.with_names(message)
