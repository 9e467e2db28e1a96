"""Lazy exports of a package: a name is imported when it is first used, so that listing options never loads torch."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any


def lazy_exports(package: str, homes: Mapping[str, Iterable[str]]) -> Callable[[str], Any]:
    """Return a module-level ``__getattr__`` for `package` (PEP 562).

    `homes` maps a submodule, relative to the package, to the names that it provides. Names are listed again in the
    package's ``__all__`` and in its ``TYPE_CHECKING`` imports, which type checkers read.
    """
    where = {name: f"{package}.{home}" for home, names in homes.items() for name in names}

    def __getattr__(name: str) -> Any:  # noqa: N807 (the name that Python looks up)
        if name not in where:
            raise AttributeError(f"module '{package}' has no attribute '{name}'")
        return getattr(importlib.import_module(where[name]), name)

    return __getattr__
