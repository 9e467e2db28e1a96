"""The studio: impasto in the browser, and the HTTP interface under it.

A server process that never computes anything (and never imports torch) keeps the queue and serves the page. One
worker process a device paints the jobs, one answers previews in one pass, one decodes what clients sent; each may
die without taking anything else with it. Names are loaded when first used, so that no part is needed to ask for help.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from impasto.studio.app import create_app
    from impasto.studio.server import serve
    from impasto.studio.settings import Limits, Settings

_HOMES = {"app": ("create_app",), "server": ("serve",), "settings": ("Limits", "Settings")}
_WHERE = {name: home for home, names in _HOMES.items() for name in names}

__all__ = ["Limits", "Settings", "create_app", "serve"]


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(importlib.import_module(f"impasto.studio.{_WHERE[name]}"), name)
    raise AttributeError(f"module 'impasto.studio' has no attribute '{name}'")
