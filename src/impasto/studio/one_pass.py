"""Pictures painted in one pass: the check of a request, and its way to the preview process."""

from __future__ import annotations

from typing import Any

from impasto.imaging.print_sizes import SMALLEST_SIDE
from impasto.studio.errors import RequestError
from impasto.studio.estimates import LARGE_PIXELS, LEAST_PIXELS
from impasto.studio.models import FastBody
from impasto.studio.requests import check_style_count, check_trained, ordered_size, resolve_files
from impasto.studio.service import StudioService

FAST_SECONDS = 60.0
# A large picture may take longer: ten times what two cores need, or on a busy machine several times the estimate.
FAST_SECONDS_PER_PIXEL = 2e-5
FAST_ESTIMATES = 4.0


async def paint_one_pass(studio: StudioService, body: FastBody, client: str) -> bytes:
    """Return the file of a picture painted in one pass; of a client's waiting requests only the newest is answered.

    Raises `RequestError` if the request is invalid or replaced by a newer one.
    """
    if not studio.can_preview:
        raise RequestError(
            503, "The network for previews is not part of this installation; start a job instead."
        )
    check_style_count(len(body.styles), studio.settings.limits.styles)
    check_trained(body.trained)
    is_clip = studio.pictures.is_clip(body.content)
    if body.at is not None and not is_clip:
        raise RequestError(422, "at belongs to clips; leave it out for a picture.")
    masks = {"masks": body.masks or [], "protect": body.protect}
    guides = {name: value for name, value in masks.items() if value}
    viewed = is_clip and body.format is None
    files = resolve_files(studio.pictures, {}, body.content, body.styles, guides, clip=viewed)
    pixels = _checked_pixels(studio, body)
    request: dict[str, Any] = {
        "content": files["content"],
        "styles": files["styles"],
        "network": body.trained or body.network,
        "masks": files["guides"].get("masks", []),
        "protect": files["guides"].get("protect"),
        "size": body.size,
        "framing": body.framing,
        "dpi": body.dpi,
        "mix": body.mix,
        "strength": body.strength,
        "stroke": body.stroke,
        "colors": body.colors,
        "format": body.format,
        "at": body.at or 0.0 if is_clip else None,
        "pixels": pixels,
    }
    one_pass = studio.planner.estimates.one_pass
    seconds = FAST_SECONDS + max(FAST_SECONDS_PER_PIXEL * pixels, FAST_ESTIMATES * one_pass.seconds(pixels))
    helper = studio.preview_process if pixels <= LARGE_PIXELS else studio.large_process
    data: bytes
    if helper is studio.preview_process:
        data = await studio.preview_queue.call(client, "paint", seconds, **request)
    else:
        try:
            data = await helper.call("paint", seconds, **request)
        finally:
            await helper.stop_if_idle()  # its networks would take memory until the next large picture
    if pixels >= LEAST_PIXELS:
        one_pass.learn(pixels, helper.seconds)
    return data


def _checked_pixels(studio: StudioService, body: FastBody) -> int:
    """Return the pixels of the picture; raises `RequestError` if they are more than one pass may paint."""
    photo = studio.database.picture(body.content)
    if photo is None:
        return 0
    size = body.size
    if body.format is None and isinstance(size, int):  # a picture to look at is not enlarged
        size = max(SMALLEST_SIDE, min(size, max(photo.width, photo.height)))
    width, height = ordered_size(size, photo.width, photo.height, dpi=body.dpi, framing=body.framing)
    limit = studio.settings.limits.upload_pixels
    if width * height > limit:
        raise RequestError(
            422,
            f"{width}x{height} pixels are more than the {limit / 1e6:.0f} megapixels that one pass may paint here; "
            "choose a smaller size or fewer dots per inch.",
        )
    return width * height
