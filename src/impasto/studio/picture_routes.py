"""Routes about pictures: sending and showing them, previews in one pass, plans, replays, and what there is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from starlette.requests import ClientDisconnect

from impasto import __version__
from impasto.optimize.panels import PANELS
from impasto.optimize.presets import PRESETS, make_recipe
from impasto.optimize.recipe import Recipe
from impasto.studio.dependencies import Here, IdPath, binary, errors, sent_picture
from impasto.studio.folder import new_id
from impasto.studio.instant_styles import trained_styles
from impasto.studio.models import (
    FastBody,
    Info,
    JobBody,
    LimitsInfo,
    PictureInfo,
    PlanInfo,
    Replay,
    Sample,
    TrainedStyle,
)
from impasto.studio.pictures import LARGEST_SHOWN, TYPES, clean_name
from impasto.studio.processes import RequestError
from impasto.studio.requests import files_of, recipe_of, replayed

router = APIRouter(prefix="/api")
FOREVER = "private, max-age=31536000, immutable"
FAST_SECONDS = 60.0
PLAN_SECONDS = 60.0


@router.get("/info", responses=errors())
async def info(studio: Here) -> Info:
    """Return version, limits, the schema of recipes, presets, and the pictures that come with impasto."""
    limits = studio.settings.limits
    samples = studio.pictures.samples.items()
    return Info(
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
        samples=[Sample(id=key, name=one.name, credit=one.credit, kind=one.kind) for key, one in samples],
        trained_styles=[TrainedStyle(**style) for style in trained_styles()],
        device=studio.crew.device,
        fast=studio.can_preview,
    )


@router.post(
    "/pictures", responses=errors(408, 415, 429), openapi_extra=sent_picture("The picture's file, as it is.")
)
async def send_picture(
    request: Request,
    studio: Here,
    name: Annotated[
        str | None, Header(alias="X-Name", description="What to call it, url-encoded.", max_length=2000)
    ] = None,
) -> PictureInfo:
    """Send a picture; it is decoded in a process of its own and kept under an id made of its bytes."""
    _check_type(request)
    if not studio.ledger.tidy():
        most = studio.settings.limits.history_bytes / 1e9
        raise RequestError(413, f"The studio's folder is full ({most:.1f} GB); forget some jobs first.")
    row = await studio.pictures.receive(_body(request), clean_name(name))
    return PictureInfo(id=row.id, width=row.width, height=row.height, name=row.name, alpha=row.alpha)


@router.get("/pictures/{id}", response_class=Response, responses={**errors(404, 429), **binary("webp")})
async def show_picture(
    studio: Here, name: IdPath, size: Annotated[int, Query(ge=16, le=LARGEST_SHOWN)] = LARGEST_SHOWN
) -> Response:
    """Return a picture whose longer side is at most ``size``."""
    data = await studio.pictures.show(studio.pictures.path(name), size)
    return Response(data, media_type="image/webp", headers={"cache-control": FOREVER})


@router.post(
    "/fast",
    response_class=Response,
    responses={**errors(404, 409, 429, 503), **binary("webp", "png", "jpeg")},
)
async def fast(
    body: FastBody,
    studio: Here,
    client: Annotated[str | None, Header(alias="X-Client", description="Who asks.", max_length=100)] = None,
) -> Response:
    """Return a picture in one pass; of one client's requests that wait only the newest is answered."""
    if not studio.can_preview:
        raise RequestError(
            503, "The network for previews is not part of this installation; start a job instead."
        )
    limits = studio.settings.limits
    if len(body.styles) > limits.styles:
        raise RequestError(
            422, f"{len(body.styles)} styles are more than this studio takes, {limits.styles}."
        )
    if body.trained is not None and body.trained not in {style["name"] for style in trained_styles()}:
        raise RequestError(404, f"There is no trained style '{body.trained}'; /api/info lists them.")
    guides = {"masks": body.masks or [], "protect": body.protect}
    places = {key: value for key, value in guides.items() if value}
    files = files_of(studio.pictures, {}, body.content, body.styles, places)
    data = await studio.latest.ask(
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
    kind = body.format or "webp"
    return Response(data, media_type=f"image/{kind}", headers={"cache-control": "no-store"})


@router.post("/plan", responses=errors(404, 429))
async def plan(body: JobBody, studio: Here) -> PlanInfo:
    """Return sizes, steps, time and memory of a job without queueing it."""
    recipe = recipe_of(body, studio.settings.limits.styles).to_json()
    files = files_of(studio.pictures, recipe, body.content, body.styles, body.guides.ids())
    try:
        return PlanInfo(**await studio.desk.ask("plan", PLAN_SECONDS, **files))
    except RequestError as error:
        raise RequestError(error.status, studio.pictures.names_for(str(error))) from error


@router.post(
    "/replay", responses=errors(408, 415, 429), openapi_extra=sent_picture("A picture made by impasto.")
)
async def replay(request: Request, studio: Here) -> Replay:
    """Return how a picture was made; nothing of it is kept."""
    _check_type(request)
    path, _, _ = await studio.pictures.store(_body(request))
    try:
        stored = await studio.desk.ask("recipe", path=path, name="The picture")
    finally:
        path.unlink(missing_ok=True)
    return Replay(**replayed(studio.pictures, stored))


def _check_type(request: Request) -> None:
    kind, _, name = request.headers.get("content-type", "").partition(";")[0].strip().lower().partition("/")
    if kind != "image" or name not in TYPES:
        raise RequestError(415, f"A picture is sent as image/..., one of {', '.join(TYPES)}.")


async def _body(request: Request) -> AsyncIterator[bytes]:
    try:
        async for part in request.stream():
            yield part
    except ClientDisconnect:
        raise RequestError(408, "The request did not come to its end.") from None


def _schema() -> dict[str, Any]:
    """Return the JSON schema of recipes, with the groups in which forms show the fields."""
    schema = Recipe.model_json_schema()
    for name in ("weights", "device"):
        del schema["properties"][name]
    panels = {
        title: [name for name in names if name in schema["properties"]] for title, names in PANELS.items()
    }
    return {**schema, "panels": panels}


_SCHEMA = _schema()
_PRESET_FIELDS = {name: make_recipe(name).to_json() for name in PRESETS}
