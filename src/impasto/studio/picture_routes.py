"""Routes of pictures: upload, download, one-pass previews, plans, replays, and the studio's info."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from starlette.requests import ClientDisconnect

from impasto import __version__
from impasto.optimize.panels import PANELS
from impasto.optimize.presets import PRESETS, make_recipe
from impasto.optimize.recipe import Recipe
from impasto.studio.dependencies import (
    CurrentStudio,
    IdPath,
    error_responses,
    image_body,
    image_response,
)
from impasto.studio.errors import RequestError
from impasto.studio.folder import new_id
from impasto.studio.instant_styles import trained_styles
from impasto.studio.models import (
    FastBody,
    JobBody,
    LimitsInfo,
    PictureInfo,
    PlanInfo,
    ReplayInfo,
    Sample,
    StudioInfo,
    TrainedStyle,
)
from impasto.studio.pictures import MAX_SHOWN_SIDE, TYPES, clean_name
from impasto.studio.requests import parse_recipe, replay_settings, resolve_files

router = APIRouter(prefix="/api")
IMMUTABLE = "private, max-age=31536000, immutable"
FAST_SECONDS = 60.0
PLAN_SECONDS = 60.0


@router.get("/info", responses=error_responses())
async def info(studio: CurrentStudio) -> StudioInfo:
    """Return version, limits, the schema of recipes, presets, sample pictures and instant styles."""
    limits = studio.settings.limits
    samples = studio.pictures.samples.items()
    return StudioInfo(
        version=__version__,
        limits=LimitsInfo(
            bytes=limits.upload_bytes,
            pixels=limits.upload_pixels,
            styles=limits.styles,
            queue=limits.queue,
        ),
        recipe_schema=_SCHEMA,
        presets={name: preset.summary for name, preset in PRESETS.items()},
        preset_fields=_PRESET_FIELDS,
        samples=[
            Sample(id=sample_id, name=sample.name, credit=sample.credit, kind=sample.kind)
            for sample_id, sample in samples
        ],
        trained_styles=[TrainedStyle(**style) for style in trained_styles()],
        device=studio.worker_pool.device,
        fast=studio.can_preview,
    )


@router.post(
    "/pictures", responses=error_responses(408, 415, 429), openapi_extra=image_body("The picture's file.")
)
async def upload_picture(
    request: Request,
    studio: CurrentStudio,
    name: Annotated[
        str | None, Header(alias="X-Name", description="The picture's name, url-encoded.", max_length=2000)
    ] = None,
) -> PictureInfo:
    """Upload a picture. Its id is a digest of its bytes."""
    _check_type(request)
    if not studio.job_store.prune():
        gigabytes = studio.settings.limits.history_bytes / 1e9
        raise RequestError(413, f"The studio's folder is full ({gigabytes:.1f} GB); delete some jobs first.")
    row = await studio.pictures.receive(_body(request), clean_name(name))
    return PictureInfo(id=row.id, width=row.width, height=row.height, name=row.name, alpha=row.alpha)


@router.head("/pictures/{id}", include_in_schema=False)
@router.get(
    "/pictures/{id}",
    response_class=Response,
    responses={**error_responses(404, 429), **image_response("webp")},
)
async def show_picture(
    studio: CurrentStudio,
    picture_id: IdPath,
    size: Annotated[int, Query(ge=16, le=MAX_SHOWN_SIDE)] = MAX_SHOWN_SIDE,
) -> Response:
    """Return a picture, scaled down to a longer side of at most ``size``."""
    data = await studio.pictures.scaled(studio.pictures.path(picture_id), size)
    return Response(data, media_type="image/webp", headers={"cache-control": IMMUTABLE})


@router.post(
    "/fast",
    response_class=Response,
    responses={**error_responses(404, 409, 429, 503), **image_response("webp", "png", "jpeg")},
)
async def fast(
    body: FastBody,
    studio: CurrentStudio,
    client: Annotated[
        str | None, Header(alias="X-Client", description="Identifies the client.", max_length=100)
    ] = None,
) -> Response:
    """Paint a picture in one pass; of a client's waiting requests only the newest is answered."""
    if not studio.can_preview:
        raise RequestError(
            503, "The network for previews is not part of this installation; start a job instead."
        )
    limits = studio.settings.limits
    if len(body.styles) > limits.styles:
        raise RequestError(
            422, f"{len(body.styles)} styles are more than the limit of this studio, {limits.styles}."
        )
    if body.trained is not None and body.trained not in {style["name"] for style in trained_styles()}:
        raise RequestError(404, f"There is no trained style '{body.trained}'; /api/info lists them.")
    masks = {"masks": body.masks or [], "protect": body.protect}
    guides = {name: value for name, value in masks.items() if value}
    files = resolve_files(studio.pictures, {}, body.content, body.styles, guides)
    data = await studio.preview_queue.call(
        client or new_id(),
        "paint",
        FAST_SECONDS,
        content=files["content"],
        styles=files["styles"],
        trained=body.trained,
        masks=files["guides"].get("masks", []),
        protect=files["guides"].get("protect"),
        size=body.size,
        mix=body.mix,
        strength=body.strength,
        stroke=body.stroke,
        colors=body.colors,
        format=body.format,
    )
    image_type = body.format or "webp"
    return Response(data, media_type=f"image/{image_type}", headers={"cache-control": "no-store"})


@router.post("/plan", responses=error_responses(404, 429))
async def plan(body: JobBody, studio: CurrentStudio) -> PlanInfo:
    """Return the sizes, steps, time and memory that a job would need."""
    recipe = parse_recipe(body, studio.settings.limits.styles).to_json()
    files = resolve_files(studio.pictures, recipe, body.content, body.styles, body.guides.ids())
    return PlanInfo(**await studio.image_service.call("plan", PLAN_SECONDS, **files))


@router.post(
    "/replay",
    responses=error_responses(408, 415, 429),
    openapi_extra=image_body("A picture made by impasto."),
)
async def replay(request: Request, studio: CurrentStudio) -> ReplayInfo:
    """Return the settings a picture was made with; the picture is not stored."""
    _check_type(request)
    path, _, _ = await studio.pictures.save_upload(_body(request))
    try:
        stored = await studio.image_service.call("embedded_recipe", path=path, name="The picture")
    finally:
        path.unlink(missing_ok=True)
    return ReplayInfo(**replay_settings(studio.pictures, stored))


def _check_type(request: Request) -> None:
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    kind, _, subtype = content_type.partition("/")
    if kind != "image" or subtype not in TYPES:
        raise RequestError(415, f"The content type must be image/..., one of {', '.join(TYPES)}.")


async def _body(request: Request) -> AsyncIterator[bytes]:
    try:
        async for part in request.stream():
            yield part
    except ClientDisconnect:
        raise RequestError(408, "The request was not completed.") from None


def _schema() -> dict[str, Any]:
    """Return the JSON schema of recipes, with the groups of fields that forms show."""
    schema = Recipe.model_json_schema()
    for name in ("weights", "device"):
        del schema["properties"][name]
    panels = {
        title: [name for name in names if name in schema["properties"]] for title, names in PANELS.items()
    }
    return {**schema, "panels": panels}


_SCHEMA = _schema()
_PRESET_FIELDS = {name: make_recipe(name).to_json() for name in PRESETS}
