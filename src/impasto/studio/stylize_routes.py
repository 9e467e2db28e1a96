"""The route for programs: pictures and a few fields in, a picture out."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from importlib.util import find_spec
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Header, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.datastructures import UploadFile

from impasto.errors import MissingExtraError
from impasto.optimize.recipe import Recipe
from impasto.studio.dependencies import (
    CurrentStudio,
    check_image_type,
    error_responses,
    limited_request,
    streamed_body,
)
from impasto.studio.errors import RequestError
from impasto.studio.folder import is_id, new_id
from impasto.studio.models import MASK_WORDS, FastBody, JobBody, JobInfo
from impasto.studio.one_pass import paint_one_pass
from impasto.studio.pictures import NO_NAME, clean_text
from impasto.studio.requests import GUIDES
from impasto.studio.results import check_room
from impasto.studio.service import StudioService
from impasto.studio.stylize_document import REQUEST_BODY, RESPONSES

router = APIRouter(prefix="/api", tags=["paint"])
PART_BYTES = 1 << 20
MAX_FILES = 32
MAX_FIELDS = 200
LISTS = ("styles", "masks", "style_masks", "style_regions", "mix", "sigmas")
PICTURES = ("content", "styles", *GUIDES, "start_picture")
Fields = dict[str, Any]
Body = TypeVar("Body", bound=BaseModel)


@router.post(
    "/stylize",
    operation_id="stylize",
    response_class=Response,
    responses={**error_responses(404, 408, 409, 415, 429), **RESPONSES},
    openapi_extra={"requestBody": REQUEST_BODY},
)
async def stylize(
    request: Request,
    studio: CurrentStudio,
    prefer: Annotated[str, Header(description="`respond-async` queues a painting in many steps.")] = "",
) -> Response:
    """Paint a picture: in one pass and answered with the picture, or as a job with `Prefer: respond-async`.

    Send a form with the files `content` and `style` (repeated for several styles), or the content picture alone as the
    body with everything else in the query. All other fields have the names of the recipe's. A picture may also be the
    id of one that was uploaded.
    """
    check_room(studio)
    fields = await _read_request(request, studio)
    if "respond-async" in [wish.strip().partition(";")[0].lower() for wish in prefer.split(",")]:
        body = _make(JobBody, _job_fields(fields))
        await studio.planner.refuse_too_large(body)
        job = studio.submit(body)
        info = JobInfo(**studio.job_store.to_json(job))
        headers = {"location": f"jobs/{job.id}", "preference-applied": "respond-async"}
        return Response(info.model_dump_json(), 202, headers, media_type="application/json")
    slow = sorted(fields.keys() - FastBody.model_fields.keys())
    if slow and slow[0] in {*Recipe.model_fields, *GUIDES}:
        raise RequestError(
            422, f"{slow[0]} is a setting of paintings in many steps; send the header Prefer: respond-async."
        )
    one_pass = _make(FastBody, {"format": "png", **fields})
    data = await paint_one_pass(studio, one_pass, new_id())
    return Response(data, media_type=f"image/{one_pass.format}", headers={"cache-control": "no-store"})


async def _read_request(request: Request, studio: StudioService) -> Fields:
    """Return the fields of a form or of the query, with ids instead of pictures."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "multipart/form-data":
        check_image_type(request)
        pairs = [*request.query_params.multi_items()]
        row = await studio.pictures.receive(streamed_body(request), NO_NAME)
        return _collect([("content", row.id), *pairs])
    if find_spec("python_multipart") is None:
        raise MissingExtraError("A form with files", "studio")
    pairs = [*request.query_params.multi_items()]
    limited = limited_request(request, studio.settings.limits.upload_bytes)
    async with limited.form(max_files=MAX_FILES, max_fields=MAX_FIELDS) as form:
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                row = await studio.pictures.receive(
                    _parts(value), clean_text(value.filename or "") or NO_NAME
                )
                pairs.append((name, row.id))
            else:
                pairs.append((name, value))
    return _collect(pairs)


async def _parts(file: UploadFile) -> AsyncIterator[bytes]:
    while part := await file.read(PART_BYTES):
        yield part


def _collect(pairs: Iterable[tuple[str, str]]) -> Fields:
    """Return fields from pairs of name and text; repeated names become lists, and numbers and JSON are parsed."""
    fields: Fields = {}
    for given, text in pairs:
        name = "styles" if given == "style" else given
        value = text if name in PICTURES else _parse(text, name in LISTS)
        if name in LISTS:
            fields.setdefault(name, []).extend(value if isinstance(value, list) else [value])
        elif name in fields:
            raise RequestError(422, f"{name} was given twice; give it once.")
        else:
            fields[name] = value
    _check_pictures(fields)
    return fields


def _parse(text: str, is_list: bool) -> Any:
    """Return a number, a list, an object or a word; "0.3,0.7" is a list where one is expected."""
    try:
        return json.loads(f"[{text}]" if is_list and not text.lstrip().startswith("[") else text)
    except (ValueError, RecursionError):  # the latter for thousands of brackets
        return text


def _check_pictures(fields: Fields) -> None:
    """Raise `RequestError` for a picture that is neither a file nor an id, nor a word for a mask."""
    for name in PICTURES:
        values = fields.get(name) or []
        for value in values if isinstance(values, list) else [values]:
            words = MASK_WORDS if name in ("masks", "style_masks", "protect") else ()
            if not is_id(value) and value not in words:
                raise RequestError(
                    422, f"{name} must be a file or the id of a picture, not '{str(value)[:60]}'."
                )


def _job_fields(fields: Fields) -> Fields:
    """Return the fields of a job's request: content and styles, guides, and the rest as its recipe."""
    for name in ("format", "trained"):
        if name in fields:
            raise RequestError(
                422, f"{name} is for pictures in one pass; leave it or Prefer: respond-async out."
            )
    guides = {name: fields[name] for name in GUIDES if name in fields}
    rest = {name: value for name, value in fields.items() if name not in (*GUIDES, "content", "styles")}
    return {
        "content": fields.get("content"),
        "styles": fields.get("styles", []),
        "guides": guides,
        "recipe": rest,
    }


def _make(model: type[Body], fields: Fields) -> Body:
    try:
        return model(**fields)
    except ValidationError as error:
        located = [{**problem, "loc": ("body", *problem["loc"])} for problem in error.errors()]
        raise RequestValidationError(located) from error
