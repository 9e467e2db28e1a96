"""Lazy exports of a package: names are imported on first use, so that listing options never loads torch."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any


def lazy_exports(package: str, homes: Mapping[str, Iterable[str]]) -> Callable[[str], Any]:
    """Return a module-level ``__getattr__`` for `package` (PEP 562).

    `homes` maps a submodule, relative to the package, to the names it provides. The package lists them again in
    ``__all__`` and in its ``TYPE_CHECKING`` imports, for type checkers.
    """
    modules = {name: f"{package}.{home}" for home, names in homes.items() for name in names}

    def __getattr__(name: str) -> Any:  # noqa: N807 (the name that Python looks up)
        if name not in modules:
            raise AttributeError(f"module '{package}' has no attribute '{name}'")
        return getattr(importlib.import_module(modules[name]), name)

    return __getattr__
