"""The application: the page, the interface under /api, and every error as one sentence."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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
from impasto.errors import ImpastoError
from impasto.studio import job_routes, picture_routes
from impasto.studio.guard import RequestGuard
from impasto.studio.processes import RequestError
from impasto.studio.studio import Studio

STATIC = Path(str(resources.files("impasto.studio"))) / "static"
MOST_SENTENCE = 400
DESCRIPTION = (
    "Paint photographs in the style of paintings. Pictures are sent first and named by their ids then; jobs wait in "
    'a queue that outlives the server; every error is `{"error": "one sentence"}`.'
)


class Page(StaticFiles):
    """The page's files, asked for anew each time, so that an upgrade is seen at once."""

    def file_response(self, *arguments: Any, **options: Any) -> Response:
        """Return a file, or that it is the one the browser has."""
        response = super().file_response(*arguments, **options)
        response.headers["cache-control"] = "no-cache"
        return response

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return the answer to a path below /static."""
        try:
            return await super().get_response(path, scope)
        except (ValueError, OSError):  # names that no file system takes
            raise HTTPException(404) from None


def create_app(studio: Studio) -> FastAPI:
    """Return the application of a studio, behind its guard."""

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        await studio.start()
        yield
        await studio.end()

    app = FastAPI(
        title="impasto studio",
        version=__version__,
        description=DESCRIPTION,
        lifespan=life,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.studio = studio
    app.include_router(picture_routes.router)
    app.include_router(job_routes.router)
    app.mount("/static", Page(directory=STATIC), name="static")

    @app.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(STATIC / "index.html", headers={"cache-control": "no-cache"})

    app.add_exception_handler(RequestError, _refused)
    app.add_exception_handler(ImpastoError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _bug)
    app.add_middleware(RequestGuard, settings=studio.settings)
    return app


def problem(status: int, sentence: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """Return an error as clients get it: one sentence, whatever was in what they sent."""
    line = " ".join(sentence.encode("utf-8", "replace").decode().split())
    if len(line) > MOST_SENTENCE:
        line = f"{line[: MOST_SENTENCE // 2]} ... {line[-MOST_SENTENCE // 2 :]}"
    return JSONResponse({"error": line}, status, headers)


async def _refused(_: Request, error: Exception) -> Response:
    status = error.status if isinstance(error, RequestError) else 422
    return problem(status, str(error), {"retry-after": "2"} if status == 429 else None)


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
    message = str(first["msg"]).removeprefix("Value error, ")
    return problem(422, f"{where}: {message[0].lower()}{message[1:]}.")


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    sentence = str(error.detail)
    if sentence == HTTPStatus(error.status_code).phrase:
        sentence = f"{sentence}; see /api/openapi.json for what there is."
    return problem(error.status_code, sentence, dict(error.headers or {}))


async def _bug(_: Request, error: Exception) -> Response:
    return problem(500, f"impasto hit a bug: {type(error).__name__}: {str(error)[:200]}.")
