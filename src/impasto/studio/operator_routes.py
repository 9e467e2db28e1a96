"""Routes for whoever runs a studio: its health and its metrics."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from impasto.studio.dependencies import CurrentStudio, error_responses
from impasto.studio.metrics import CONTENT_TYPE, metrics_text

router = APIRouter(tags=["operation"])


class HealthInfo(BaseModel):
    """Whether the studio can paint: "ok", "starting" until a worker is ready, "failing" if none can paint."""

    status: Literal["ok", "starting", "failing"]


@router.head("/health", include_in_schema=False)
@router.get(
    "/health", operation_id="health", responses={503: {"model": HealthInfo}}, response_model=HealthInfo
)
async def health(studio: CurrentStudio) -> Response:
    """Return 200 if the studio serves, 503 if no worker can paint. It needs no token."""
    failing = studio.worker_pool.error is not None
    status = "failing" if failing else "ok" if studio.worker_pool.device else "starting"
    return JSONResponse({"status": status}, 503 if failing else 200, {"cache-control": "no-store"})


@router.get(
    "/metrics",
    operation_id="metrics",
    response_class=Response,
    responses={**error_responses(), 200: {"content": {CONTENT_TYPE: {"schema": {"type": "string"}}}}},
)
async def metrics(request: Request, studio: CurrentStudio) -> Response:
    """Return the metrics for Prometheus."""
    return Response(metrics_text(studio, request.app.state.request_counts), media_type=CONTENT_TYPE)
