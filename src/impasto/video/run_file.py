"""The description of a run in its journal; importing this module imports neither numpy nor torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from impasto.errors import ResumeError

RUN = "run.json"
VERSION = 1


def journal_path(output: Path) -> Path:
    """Return the folder of the run that writes ``output``."""
    return output.with_name(f"{output.name}.parts")


def read_run(folder: Path) -> dict[str, Any]:
    """Return the description of a run; raises `ResumeError` if there is none or another version wrote it."""
    try:
        run = json.loads((folder / RUN).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ResumeError(f"'{folder}' holds no unfinished clip; leave --resume out.") from error
    if not isinstance(run, dict) or run.get("version") != VERSION:
        raise ResumeError(
            f"'{folder}' was written by another version of impasto; start afresh with --restart."
        )
    return run
