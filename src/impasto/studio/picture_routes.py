"""Routes of pictures: upload, download, one-pass previews, plans, replays, and the studio's info."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic_core import to_jsonable_python

from impasto import __version__
from impasto.optimize.panels import PANELS
from impasto.optimize.presets import PRESETS, make_recipe
from impasto.optimize.recipe import Recipe
from impasto.studio.clip_settings import why_no_clips
from impasto.studio.dependencies import (
    IMMUTABLE,
    CurrentStudio,
    IdPath,
    NameHeader,
    check_image_type,
    error_responses,
    image_body,
    image_response,
    streamed_body,
)
from impasto.studio.folder import new_id
from impasto.studio.instant_styles import trained_styles
from impasto.studio.models import (
    FastBody,
    JobBody,
    LimitsInfo,
    PictureInfo,
    PlanInfo,
    PresetVariant,
    ReplayInfo,
    Sample,
    StudioInfo,
    TrainedStyle,
)
from impasto.studio.one_pass import paint_one_pass
from impasto.studio.pictures import MAX_SHOWN_SIDE, clean_name
from impasto.studio.requests import replay_settings
from impasto.studio.results import check_room

router = APIRouter(prefix="/api", tags=["pictures"])


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
            clip_bytes=limits.clip_bytes,
            clip_seconds=limits.clip_seconds,
            styles=limits.styles,
            queue=limits.queue,
        ),
        recipe_schema=_SCHEMA,
        presets={name: preset.summary for name, preset in PRESETS.items()},
        preset_fields=_PRESET_FIELDS,
        preset_variants=_PRESET_VARIANTS,
        samples=[
            Sample(id=sample_id, name=sample.name, credit=sample.credit, kind=sample.kind)
            for sample_id, sample in samples
        ],
        trained_styles=[TrainedStyle(**style) for style in trained_styles()],
        device=studio.worker_pool.device,
        fast=studio.can_preview,
        clips=why_no_clips(),
    )


@router.post(
    "/pictures", responses=error_responses(408, 415, 429), openapi_extra=image_body("The picture's file.")
)
async def upload_picture(
    request: Request,
    studio: CurrentStudio,
    name: NameHeader = None,
) -> PictureInfo:
    """Upload a picture. Its id is a digest of its bytes."""
    check_image_type(request)
    check_room(studio)
    row = await studio.pictures.receive(streamed_body(request), clean_name(name))
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
    """Return a picture, or the first frame of a clip, scaled down to a longer side of at most ``size``."""
    path = studio.pictures.path(picture_id, clip=True)
    data = await studio.pictures.scaled(path, size, 0.0 if studio.pictures.is_clip(picture_id) else None)
    return Response(data, media_type="image/webp", headers=IMMUTABLE)


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
    data = await paint_one_pass(studio, body, client or new_id())
    image_type = body.format or "webp"
    return Response(data, media_type=f"image/{image_type}", headers={"cache-control": "no-store"})


@router.post("/plan", responses=error_responses(404, 429))
async def plan(body: JobBody, studio: CurrentStudio) -> PlanInfo:
    """Return the sizes, steps, time and memory that a job would need."""
    return PlanInfo(**await studio.planner.plan(body))


@router.post(
    "/replay",
    responses=error_responses(408, 415, 429),
    openapi_extra=image_body("A picture made by impasto."),
)
async def replay(request: Request, studio: CurrentStudio) -> ReplayInfo:
    """Return the settings a picture was made with; the picture is not stored."""
    check_image_type(request)
    path, _, _ = await studio.pictures.save_upload(streamed_body(request))
    try:
        stored = await studio.image_service.call("embedded_recipe", path=path, name="The picture")
    finally:
        path.unlink(missing_ok=True)
    return ReplayInfo(**replay_settings(studio.pictures, stored))


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
_PRESET_VARIANTS = {
    name: [
        PresetVariant(when=dict(variant.when), fields=to_jsonable_python(dict(variant.fields)))
        for variant in preset.variants
    ]
    for name, preset in PRESETS.items()
}
