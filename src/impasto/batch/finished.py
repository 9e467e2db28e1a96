"""Which pictures are finished: every picture holds the digest of the request that it was painted for.

A request is everything that decides the pixels: settings, network, and the content of all files. So a picture is
recognised after it was moved, and painted again after one of its files has changed.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from impasto.batch.places import fingerprint, local_path, opened
from impasto.errors import ImpastoError
from impasto.hashing import bytes_sha256, file_sha256
from impasto.imaging import MASK_NAMES, check_file, embedded_provenance, read_embedded_json

if TYPE_CHECKING:
    from impasto.feedforward.network_card import NetworkCard
    from impasto.feedforward.settings import OnePassSettings

KEY = "request"
# Fields of a recipe that do not change the picture more than rounding, or that are files.
NOT_IN_KEY = ("device",)
FILE_FIELDS = ("start_picture", "weights")
# Digests that are remembered: styles and masks recur, content images do not.
MOST_REMEMBERED = 256


class Digests:
    """SHA-256 of files, remembered until they change. A URL's digest is that of what its store says about it."""

    def __init__(self) -> None:
        self._known: dict[Hashable, str] = {}

    def of(self, place: str) -> str:
        """Return the digest of a file or URL; raises PictureError if it does not exist."""
        key = fingerprint(place)
        if key not in self._known:
            if len(self._known) >= MOST_REMEMBERED:
                del self._known[next(iter(self._known))]
            path = local_path(place)
            self._known[key] = bytes_sha256(repr(key).encode()) if path is None else _digest(path)
        return self._known[key]


def request_key(
    digests: Digests,
    settings: Mapping[str, Any],
    *,
    content: str,
    styles: Sequence[str],
    trained_styles: Sequence[str] = (),
    network: str | None = None,
    guides: Mapping[str, Any] | None = None,
    bits: int = 8,
) -> str:
    """Return the digest of a request, 64 hex digits.

    ``settings`` are all fields as JSON values, ``styles`` places and ``trained_styles`` names of the network's own.
    Raises PictureError for a file that does not exist.
    """
    fields = {name: value for name, value in settings.items() if name not in NOT_IN_KEY and value is not None}
    for name in FILE_FIELDS:
        if fields.get(name) is not None:
            fields[name] = digests.of(str(fields[name]))
    request = {
        "settings": fields,
        "content": digests.of(content),
        "styles": [digests.of(style) for style in styles],
        "trained_styles": list(trained_styles),
        "network": network if network is None or not Path(network).is_file() else digests.of(network),
        "guides": {name: _guide(digests, value) for name, value in (guides or {}).items()},
        "bits": bits,
    }
    return bytes_sha256(json.dumps(request, sort_keys=True).encode())


def one_pass_key(
    digests: Digests,
    model: NetworkCard,
    settings: OnePassSettings,
    *,
    content: str,
    styles: Sequence[str],
    guides: Mapping[str, Any],
    bits: int = 8,
) -> str:
    """Return the digest of a request for a picture painted in one pass of the network ``model``.

    The network's defaults count as if they had been given. Raises what `request_key` and `NetworkCard.resolve` raise.
    """
    own = bool(model.names)
    return request_key(
        digests,
        model.resolve(settings).model_dump(mode="json"),
        content=content,
        styles=() if own else styles,
        trained_styles=(styles or model.names) if own else (),
        network=model.stored_name,
        guides=guides,
        bits=bits,
    )


def stored_key(place: str) -> str | None:
    """Return the digest of the request that a picture was painted for; None if it holds none or is no picture."""
    path = local_path(place)
    try:
        if path is not None:
            stored: Mapping[str, object] | None = read_embedded_json(path)
        else:
            with opened(place) as file:
                stored = embedded_provenance(file, place)
    except ImpastoError:
        return None
    key = (stored or {}).get(KEY)
    return key if isinstance(key, str) else None


def _digest(path: Path) -> str:
    check_file(path)
    return file_sha256(path)


def _guide(digests: Digests, value: Any) -> Any:
    if isinstance(value, list):
        return [_guide(digests, name) for name in value]
    return value if value in MASK_NAMES else digests.of(str(value))
