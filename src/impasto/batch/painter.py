"""Painting the items of a batch, one after the other, with models that stay open."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Hashable
from contextlib import closing
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from impasto.batch.finished import KEY, Digests, one_pass_key, request_key, stored_key
from impasto.batch.items import BatchItem
from impasto.batch.places import (
    PictureFormat,
    absolute,
    exists,
    is_url,
    join,
    picture_source,
    save_picture,
    write_bytes,
)
from impasto.batch.report import BatchRow
from impasto.errors import (
    ImpastoError,
    OutputError,
    RecipeError,
    TooLargeError,
    describe_bug,
    is_disk_full,
    is_out_of_memory,
)
from impasto.painting import ONE_PASS_FIELDS, OpenModels, open_job, typed_one_pass_settings

if TYPE_CHECKING:
    from impasto.feedforward.graph_stylizer import GraphStylizer
    from impasto.feedforward.settings import OnePassSettings
    from impasto.feedforward.stylizer import Stylizer
    from impasto.guidance.result import SavedPicture

# Told the share of the picture that is painted; it may raise `StopBatch`.
OnProgress = Callable[[float], None]


class Repaint(Enum):
    """Which pictures that are there already are painted again: none, those of another request, or all."""

    NEVER = "never"
    CHANGED = "changed"
    ALWAYS = "always"


def ignore(share: float) -> None:
    """Ignore progress."""


class StopBatch(Exception):  # noqa: N818 (this is not an error)
    """Raised by a progress function to end the painting without a picture."""


class DiskFullError(OutputError):
    """A picture cannot be written because there is no room: the next ones cannot be, either."""


class BatchPainter:
    """Paints items into the folder ``out``; encoders and networks are opened once.

    It can be sent to another process: models are opened where they are used.
    """

    def __init__(
        self,
        out: str,
        form: PictureFormat | None = None,
        repaint: Repaint = Repaint.NEVER,
        sidecar: bool = False,
    ) -> None:
        self.out, self.form, self.repaint, self.sidecar = out, form or PictureFormat(), repaint, sidecar
        self._models = OpenModels()
        self._networks: dict[Hashable, GraphStylizer | Stylizer] = {}
        self._digests = Digests()

    def __reduce__(self) -> tuple[Any, ...]:
        return BatchPainter, (self.out, self.form, self.repaint, self.sidecar)

    def place(self, item: BatchItem) -> str:
        """Return where the picture of an item goes."""
        return join(self.out, f"{item.id}{self.form.suffix}")

    def paint(self, item: BatchItem, on_progress: OnProgress = ignore) -> BatchRow:
        """Paint an item and return its row. Errors of the item become a row, except a full disk (`DiskFullError`).

        A `StopBatch` of ``on_progress`` passes through.
        """
        started = time.perf_counter()
        place = self.place(item)
        row = BatchRow(item.id, "painted", item.content, item.styles, place)
        try:
            key = self._key(item)
            found = exists(place) and self.repaint is not Repaint.ALWAYS
            if found and stored_key(place) == key:
                return replace(row, state="finished")
            if found and self.repaint is Repaint.NEVER:
                return replace(
                    row,
                    state="changed",
                    error=f"'{place}' was there, painted with other settings or from other files; use --update.",
                )
            result = self._paint_fast(item, on_progress) if item.network else self._paint(item, on_progress)
            self._save(item, result, key, place)
        except StopBatch:
            raise
        except Exception as error:
            if is_disk_full(error):
                raise DiskFullError(str(error)) from error
            return replace(row, state="failed", **_failure(error), seconds=time.perf_counter() - started)
        height, width = result.pixels.shape[2:]
        seconds = time.perf_counter() - started
        return replace(row, seconds=seconds, width=int(width), height=int(height))

    def _save(self, item: BatchItem, result: SavedPicture, key: str, place: str) -> None:
        """Write the picture; its provenance names URLs as they were given."""
        result.provenance[KEY] = key
        if is_url(item.content):
            result.provenance["content"] = item.content
        if any(is_url(style) for style in item.styles):
            result.provenance["styles"] = [absolute(style) for style in item.styles]
        if self.sidecar:
            write_bytes(f"{place}.json", (json.dumps(result.provenance, indent=2) + "\n").encode())
        save_picture(result, place, self.form)

    def _key(self, item: BatchItem) -> str:
        """Return the digest of the item's request; raises what is wrong with its settings and files."""
        if item.network:
            return one_pass_key(
                self._digests,
                self._stylizer(item).model,
                self._one_pass_settings(item),
                content=item.content,
                styles=item.styles,
                guides=item.guides,
                bits=self.form.bits,
            )
        from impasto.optimize.presets import make_recipe

        if not item.styles:
            raise RecipeError("No painting was given; name at least one with --style or in 'styles'.")
        return request_key(
            self._digests,
            make_recipe(**item.settings).to_json(),
            content=item.content,
            styles=item.styles,
            guides=item.guides,
            bits=self.form.bits,
        )

    def _paint(self, item: BatchItem, on_progress: OnProgress) -> SavedPicture:
        """Paint by optimisation."""
        from impasto.guidance import Guides
        from impasto.optimize import Finished, Painter, Stepped
        from impasto.optimize.presets import make_recipe

        on_progress(0.0)
        guides = Guides.from_json(dict(item.guides))
        content, styles = picture_source(item.content), [picture_source(style) for style in item.styles]
        job = open_job(make_recipe(**item.settings), content, styles, guides, models=self._models)
        steps = job.plan.steps
        with closing(Painter(job).events()) as events:
            for event in events:
                if isinstance(event, Finished):
                    return event.result
                on_progress(event.total / steps if isinstance(event, Stepped) else 0.0)
        raise AssertionError("a run ends with Finished")  # unreachable: the engine ends with it or raises

    def _paint_fast(self, item: BatchItem, on_progress: OnProgress) -> SavedPicture:
        """Paint in one pass."""
        from impasto.guidance import Guides

        stylizer, guides = self._stylizer(item), Guides.from_json(dict(item.guides))
        own = bool(stylizer.styles)
        styles: list[Any] = [style if own else picture_source(style) for style in item.styles]
        content: Any = picture_source(item.content)
        if not all(isinstance(source, str | Path) for source in (content, *styles)):
            stylizer = _in_torch(stylizer)  # graphs read files only
        settings = self._one_pass_settings(item)
        return stylizer.paint(
            content, styles, settings, guides, lambda done, count: on_progress(done / count)
        )

    def _one_pass_settings(self, item: BatchItem) -> OnePassSettings:
        """Return the settings of a picture painted in one pass; raises `RecipeError` for fields that it has not."""
        from impasto.feedforward.settings import OnePassSettings

        for name in item.settings:
            if name not in ONE_PASS_FIELDS:
                raise RecipeError(
                    f"Painting in one pass has no {name}; it knows {', '.join(ONE_PASS_FIELDS)}, masks and protect."
                )
        typed = typed_one_pass_settings(item.settings)
        if item.network == "fast":
            return typed
        # What is not given is left to the network's defaults.
        return OnePassSettings.make(
            {name: getattr(typed, name) for name in item.settings if name != "device"}
        )

    def _stylizer(self, item: BatchItem) -> GraphStylizer | Stylizer:
        """Return the item's network, opened once."""
        from impasto.feedforward.open_stylizer import open_stylizer
        from impasto.feedforward.pretrained import DEFAULT_NETWORK

        network = DEFAULT_NETWORK if item.network == "fast" else str(item.network)
        key = network, str(item.settings.get("device", "auto"))
        if key not in self._networks:
            if len(self._networks) >= OpenModels.MOST:
                del self._networks[next(iter(self._networks))]
            self._networks[key] = open_stylizer(network, device=key[1])
        return self._networks[key]


def _in_torch(stylizer: Any) -> Stylizer:
    """Return the network in torch, also that of a stylizer that runs graphs."""
    opened: Stylizer = getattr(stylizer, "stylizer", stylizer)
    return opened


def _failure(error: Exception) -> dict[str, Any]:
    """Return kind and sentence of an item's error."""
    if is_out_of_memory(error):
        return {"error_kind": TooLargeError.__name__, "error": "Memory ran out; use a smaller size."}
    if isinstance(error, ImpastoError):
        return {"error_kind": type(error).__name__, "error": " ".join(str(error).split())}
    return {"error_kind": "bug", "error": f"{describe_bug(error)}."}
