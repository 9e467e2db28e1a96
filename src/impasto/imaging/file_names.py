"""Names of files that Windows, macOS and Linux all accept."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

# File systems allow 255 bytes; the rest is reserved for "-12.png.checkpoint".
MOST_BYTES = 200
# Control characters, line separators and halves of surrogate pairs: a name is one line of text.
_UNPRINTABLE = "\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"
_SEPARATORS = re.compile(rf"[{_UNPRINTABLE}/\\]+")
# With the spaces around them.
_UNSAFE = re.compile(rf' *[{_UNPRINTABLE}<>:"/\\|?*][ {_UNPRINTABLE}<>:"/\\|?*]*')
# Names of devices in Windows, with any suffix.
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)


def one_line(text: str) -> str:
    """Return a name as one line without control characters and path separators; it may be empty."""
    return " ".join(_SEPARATORS.sub(" ", text).split())


def safe_stem(text: str) -> str:
    """Return ``text`` as the name of a file, without a suffix.

    Characters that a file system does not accept become hyphens, or vanish beside a space. Reserved names get an
    underscore, and dots, spaces and hyphens at the ends are left out. It has at most `MOST_BYTES` bytes in UTF-8; what
    would be empty is "picture".
    """
    line = " ".join(unicodedata.normalize("NFC", text).split())
    stem = _UNSAFE.sub(lambda match: " " if " " in match[0] else "-", line)
    stem = stem.encode()[:MOST_BYTES].decode(errors="ignore").strip(". -")
    return f"_{stem}" if _RESERVED.match(stem) else stem or "picture"


def joined_stem(parts: Sequence[str]) -> str:
    """Return the name of a file, without a suffix, that is made from ``parts``."""
    return safe_stem("-".join(part for part in parts if part))
