"""Plans of orders: sizes, steps, memory and time, and the refusal of those that cannot fit."""

from __future__ import annotations

import json
import time
from collections import OrderedDict
from typing import Any

from impasto.studio.errors import RequestError
from impasto.studio.estimates import Estimates, Workload
from impasto.studio.models import JobBody
from impasto.studio.pictures import PictureStore
from impasto.studio.processes import HelperProcess
from impasto.studio.requests import parse_recipe, resolve_files

PLAN_SECONDS = 60.0
# A plan is used again for so long: the page plans an order just before it is placed.
REMEMBERED_SECONDS = 30.0
_REMEMBERED = 64


class Planner:
    """Plans orders in the image process. All clients get the times of the same ``estimates``."""

    def __init__(
        self, pictures: PictureStore, image_service: HelperProcess, estimates: Estimates, max_styles: int
    ) -> None:
        self._pictures, self._image_service = pictures, image_service
        self.estimates, self._max_styles = estimates, max_styles
        self._remembered: OrderedDict[str, tuple[float, dict[str, Any]]] = OrderedDict()
        self._is_measured = False

    async def plan(self, body: JobBody) -> dict[str, Any]:
        """Return the fields of `PlanInfo` for an order; raises an `ImpastoError` if it is invalid."""
        recipe = parse_recipe(body, self._max_styles).to_json()
        files = resolve_files(self._pictures, recipe, body.content, body.styles, body.guides.ids())
        if not self._is_measured:
            self.estimates.measured(await self._image_service.call("speed"))
            self._is_measured = True
        key, now = json.dumps(files, sort_keys=True), time.monotonic()
        made, planned = self._remembered.get(key, (-REMEMBERED_SECONDS, {}))
        if now - made >= REMEMBERED_SECONDS:
            planned = await self._image_service.call("plan", PLAN_SECONDS, **files)
            self._remembered[key] = now, planned
            while len(self._remembered) > _REMEMBERED:
                self._remembered.popitem(last=False)
        fields = {name: value for name, value in planned.items() if name != "work"}
        return {
            **fields,
            "seconds": self.estimates.seconds(Workload(**planned["work"])),
            "one_pass_seconds": self.estimates.one_pass.seconds(planned["width"] * planned["height"]),
        }

    async def refuse_too_large(self, body: JobBody) -> None:
        """Raise `RequestError` with the largest size that fits if an order needs more memory than there is.

        What else is wrong with an order is left to its submission and to the worker.
        """
        try:
            planned = await self.plan(body)
        except RequestError:
            return
        if planned["fits"]:
            return
        largest, need = planned["largest_size"], planned["memory_bytes"] / 1e9
        advice = f"choose a size of at most {largest}" if largest else "not even the smallest size fits"
        free = (planned["available_bytes"] or 0) / 1e9
        raise RequestError(
            422,
            f"{planned['width']}x{planned['height']} pixels need about {need:.1f} GB of memory, and {free:.1f} GB "
            f"are free; {advice}.",
            largest_size=largest,
        )
