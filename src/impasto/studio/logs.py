"""Logs of requests and jobs: sentences for people, or a JSON object a line for programs."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any, Literal

LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["text", "json"]
LOG_LEVELS: tuple[LogLevel, ...] = ("debug", "info", "warning", "error")
LOG_FORMATS: tuple[LogFormat, ...] = ("text", "json")
ACCESS = logging.getLogger("impasto.studio.access")
JOBS = logging.getLogger("impasto.studio.jobs")
_ROOT = logging.getLogger("impasto.studio")


class JsonLines(logging.Formatter):
    """Formats a record as one JSON object: time, level, logger, event and the record's fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"time": moment, "level": record.levelname.lower(), "event": record.getMessage()}
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line)


class Sentences(logging.Formatter):
    """Formats a record for people: "impasto: request method=GET path=/ ..."."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line, and a traceback after errors that have one."""
        fields = "".join(
            f" {name}={_one_line(value)}" for name, value in getattr(record, "fields", {}).items()
        )
        message = record.getMessage()
        line = f"{message if message.startswith('impasto:') else f'impasto: {message}'}{fields}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _one_line(value: object) -> str:
    """Return a value without control characters: a path must not look like another line of the log."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in str(value))


def set_up_logs(level: LogLevel, format: LogFormat) -> None:
    """Write the studio's logs from ``level`` on to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if format == "json" else Sentences())
    _ROOT.handlers[:] = [handler]
    _ROOT.setLevel(level.upper())
    _ROOT.propagate = False


def log_event(logger: logging.Logger, level: int, event: str, **fields: object) -> None:
    """Log an event with its fields; those that are None are left out."""
    if logger.isEnabledFor(level):
        logger.log(level, event, extra={"fields": {k: v for k, v in fields.items() if v is not None}})


def log_request(scope: MutableMapping[str, Any], status: int, seconds: float) -> None:
    """Log a request that was answered; its query is left out, because it may contain the token."""
    level = logging.WARNING if status >= 500 else logging.INFO
    client = (scope.get("client") or ("",))[0]
    path, milliseconds = scope["path"][:300], round(1000 * seconds, 1)
    log_event(
        ACCESS,
        level,
        "request",
        client=client,
        method=scope["method"],
        path=path,
        status=status,
        ms=milliseconds,
    )
