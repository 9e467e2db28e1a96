"""The studio: impasto in the browser, and its HTTP API.

The server process keeps the queue and serves the page; it never computes and never imports torch. Other processes do
the work: one worker a device paints jobs, one answers previews in a single pass, one decodes uploaded pictures. A
crash of any of them leaves the others running. Names are loaded on first use, so ``--help`` needs no optional part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from impasto._lazy import lazy_exports

if TYPE_CHECKING:
    from impasto.studio.app import create_app
    from impasto.studio.server import serve
    from impasto.studio.settings import Limits, StudioSettings


__all__ = ["Limits", "StudioSettings", "create_app", "serve"]

__getattr__ = lazy_exports(
    __name__, {"app": ("create_app",), "server": ("serve",), "settings": ("Limits", "StudioSettings")}
)
