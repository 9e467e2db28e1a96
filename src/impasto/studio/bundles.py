"""Bundles: pictures that a client wants in one archive, and safe, unique names for their files."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from impasto.imaging.file_names import safe_stem
from impasto.studio.errors import RequestError
from impasto.studio.folder import new_id

MAX_BUNDLES = 200
MISSING = "not included.txt"


@dataclass(frozen=True)
class Bundle:
    """Pictures that a client wants in one archive: ids of jobs, the format of the files, and the archive's name."""

    job_ids: tuple[str, ...]
    format: str
    name: str


class Bundles:
    """Bundles by id, in memory: the newest `MAX_BUNDLES`. Browsers download them by a plain link."""

    def __init__(self) -> None:
        self._bundles: OrderedDict[str, Bundle] = OrderedDict()

    def add(self, bundle: Bundle) -> str:
        """Keep a bundle; return its id."""
        bundle_id = new_id()
        self._bundles[bundle_id] = bundle
        while len(self._bundles) > MAX_BUNDLES:
            self._bundles.popitem(last=False)
        return bundle_id

    def get(self, bundle_id: str) -> Bundle:
        """Return a bundle; raises `RequestError` if there is none."""
        if bundle_id not in self._bundles:
            raise RequestError(404, "This archive is no longer available; choose the pictures again.")
        return self._bundles[bundle_id]


def file_names(names: Sequence[str], suffixes: Sequence[str]) -> list[str]:
    """Return safe file names, unique also where upper and lower case are the same: "a.png", "A-2.png"."""
    used, result = {MISSING}, []
    for name, suffix in zip(names, suffixes, strict=True):
        stem, number = safe_stem(name), 1
        candidate = f"{stem}{suffix}"
        while candidate.casefold() in used:
            number += 1
            candidate = f"{stem}-{number}{suffix}"
        used.add(candidate.casefold())
        result.append(candidate)
    return result
