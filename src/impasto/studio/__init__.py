"""The studio: impasto in the browser, and the HTTP interface under it.

A server process that never computes anything (and never imports torch) keeps the queue and serves the page. One
worker process a device paints the jobs, one answers previews in one pass, one decodes what clients sent; each may
die without taking anything else with it. Names are loaded when first used, so that no part is needed to ask for help.
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
