"""Registries: named implementations with declared properties, loaded on first use."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from impasto.errors import RecipeError, unknown


def load_named(implementation: Any) -> Any:
    """Return a class or function, given itself or as "package.module:Name"."""
    if not isinstance(implementation, str):
        return implementation
    module, _, attribute = implementation.partition(":")
    return getattr(importlib.import_module(module), attribute)


@dataclass(frozen=True, kw_only=True)
class RegistryEntry:
    """A named implementation; subclasses add the properties that it declares.

    ``implementation`` is the class or function itself, or "package.module:Name". A name is imported by `load`, so a
    registry can be listed without importing torch.
    """

    name: str
    implementation: Any

    def load(self) -> Any:
        """Return the class or function."""
        return load_named(self.implementation)


Entry = TypeVar("Entry", bound=RegistryEntry)


class ImplementationRegistry(Mapping[str, Entry], Generic[Entry]):
    """Entries by name, in the order of registration. ``kind`` names them in error messages."""

    def __init__(self, kind: str, entries: Iterable[Entry] = ()) -> None:
        self.kind = kind
        self._entries: dict[str, Entry] = {}
        for entry in entries:
            self.register(entry)

    def register(self, entry: Entry) -> Entry:
        """Add an entry and return it; raises `ValueError` if its name is taken."""
        if entry.name in self._entries:
            raise ValueError(f"The {self.kind} '{entry.name}' is registered already.")
        self._entries[entry.name] = entry
        return entry

    def unregister(self, name: str) -> None:
        """Remove the entry called ``name``; raises `KeyError` if there is none."""
        del self._entries[name]

    def find(self, name: str) -> Entry:
        """Return the entry called ``name``; raises `RecipeError` if there is none."""
        if name not in self._entries:
            raise RecipeError(unknown(self.kind, name, self._entries))
        return self._entries[name]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self._entries

    def __getitem__(self, name: str) -> Entry:
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)
