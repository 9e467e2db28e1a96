"""Connect to a Ray cluster: one started in this process, a running one of this machine, or one at an address."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from impasto.errors import MissingExtraError, RecipeError

LOCAL, AUTO = "local", "auto"
CLIENT = "ray://"
# Seconds until an address that does not answer counts as wrong; Ray itself would wait for minutes.
ANSWER_SECONDS = 5.0
# Ray gives a node 30 s to start, too little on a machine that is busy (load 11 on two cores).
LOCAL_STARTS = 3


@dataclass(frozen=True)
class RayCluster:
    """A connected cluster. ``ray`` is the module; ``local`` says that all of it runs on this machine."""

    ray: Any
    local: bool

    @property
    def cpus(self) -> int:
        """CPUs of all machines that are connected now."""
        return int(self.ray.cluster_resources().get("CPU", 0))

    @property
    def gpus(self) -> int:
        """GPUs of all machines that are connected now."""
        return int(self.ray.cluster_resources().get("GPU", 0))


@contextlib.contextmanager
def connect(address: str) -> Iterator[RayCluster]:
    """Connect to ``local``, ``auto``, ``HOST:PORT`` or ``ray://HOST:PORT``; disconnect at the end.

    ``local`` starts Ray with all CPUs of this machine, ``auto`` uses the Ray that runs on it. Raises
    `MissingExtraError` without Ray, and `RecipeError` for an address that is wrong or does not answer.
    """
    _check(address)
    # Both have to be set before Ray is imported.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ImportError as error:
        raise MissingExtraError("Painting on many machines", "cluster") from error
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    # Also for "local": without an address, Ray would join one that happens to run on this machine.
    options["address"] = address
    if address == LOCAL:
        options["include_dashboard"] = False
    else:
        _check_answer(address)
    try:
        with _own_signals():
            _init(ray, options, attempts=LOCAL_STARTS if address == LOCAL else 1)
    except Exception as error:  # a node that takes longer than 30 s to start raises no other class
        reason = "" if address == AUTO else f" ({_first_line(error)})"
        if address == LOCAL:
            raise RecipeError(
                f"Ray did not start{reason}; try again when this machine is less busy."
            ) from error
        advice = "start one with 'ray start --head', or use --cluster local"
        raise RecipeError(f"No Ray cluster answers at '{address}'{reason}; {advice}.") from error
    try:
        yield RayCluster(ray, local=address == LOCAL)
    finally:
        ray.shutdown()


def _init(ray: Any, options: dict[str, Any], attempts: int) -> None:
    """Start or join Ray; raises what `ray.init` raises."""
    for left in reversed(range(attempts)):
        try:
            ray.init(**options)
            return
        except Exception:
            ray.shutdown()
            if not left:
                raise


@contextlib.contextmanager
def _own_signals() -> Iterator[None]:
    """Keep the handlers of this process: Ray replaces that of SIGTERM."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _check(address: str) -> None:
    """Raise `RecipeError` unless the address is a word or HOST:PORT."""
    if address in (LOCAL, AUTO):
        return
    host, _, port = address.removeprefix(CLIENT).rpartition(":")
    if (
        not host
        or "/" in host
        or " " in host
        or not port.isascii()
        or not port.isdigit()
        or not 0 < int(port) < 65536
    ):
        raise RecipeError(
            f"'{address}' is not the address of a cluster; give local, auto, HOST:PORT or {CLIENT}HOST:PORT, as in"
            " 10.0.0.5:6379."
        )


def _check_answer(address: str) -> None:
    """Raise `RecipeError` if nothing listens at HOST:PORT."""
    if address == AUTO:
        return
    host, _, port = address.removeprefix(CLIENT).rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=ANSWER_SECONDS).close()
    except OSError as error:
        reason = error.strerror or str(error) or "no answer"
        raise RecipeError(
            f"No Ray cluster answers at '{address}' ({reason}); check it, and that 'ray start --head' runs there."
        ) from error


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:160].rstrip(".")
