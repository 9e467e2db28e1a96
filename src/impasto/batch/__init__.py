"""Many pictures: manifests, what is finished, rows of a report, contact sheets.

Names are loaded when first used, so that reading a manifest imports no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from impasto._lazy import lazy_exports

if TYPE_CHECKING:
    from impasto.batch.finished import Digests, one_pass_key, request_key, stored_key
    from impasto.batch.items import BatchItem, Variation, product_items
    from impasto.batch.manifest import read_manifest
    from impasto.batch.painter import BatchPainter, Repaint
    from impasto.batch.places import PictureFormat, is_url
    from impasto.batch.report import BatchReport, BatchRow, write_report
    from impasto.batch.run import paint_items
    from impasto.batch.sheet import write_sheet

__all__ = [
    "BatchItem",
    "BatchPainter",
    "BatchReport",
    "BatchRow",
    "Digests",
    "PictureFormat",
    "Repaint",
    "Variation",
    "is_url",
    "one_pass_key",
    "paint_items",
    "product_items",
    "read_manifest",
    "request_key",
    "stored_key",
    "write_report",
    "write_sheet",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "finished": ("Digests", "one_pass_key", "request_key", "stored_key"),
        "items": ("BatchItem", "Variation", "product_items"),
        "manifest": ("read_manifest",),
        "painter": ("BatchPainter", "Repaint"),
        "places": ("PictureFormat", "is_url"),
        "report": ("BatchReport", "BatchRow", "write_report"),
        "run": ("paint_items",),
        "sheet": ("write_sheet",),
    },
)
