"""Child processes behind pipes. A crash of one is detected and affects no other."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from typing import Any

from impasto.errors import ImpastoError, describe_bug, is_out_of_memory
from impasto.openmp import wait_passively
from impasto.studio.errors import DISK_FULL, RequestError, is_disk_full

# On Linux one process imports torch and what the others share, and each of them is a fork of it: it starts in a tenth
# of a second instead of three, and shares the memory of what was imported. Elsewhere each imports everything itself.
_FORKED = sys.platform == "linux"
_CONTEXT: Any = multiprocessing.get_context("forkserver" if _FORKED else "spawn")
_SHARED = [f"impasto.studio.{name}" for name in ("image_service", "preview_process", "paint_process")]
EXITED = object()
"""The message that is delivered when a process has ended."""
READY = ("ready", None)
# Seconds that a process may take to start; the time limit of a request begins after that.
START_SECONDS = 120.0


class ChildProcess:
    """One process that runs ``run(pipe, *arguments)`` of a module, which the server itself does not import.

    ``on_message`` is called in the event loop's thread with each message of the process, and with `EXITED` at its
    end. A process with ``low_priority`` yields to others when processors are scarce.
    """

    def __init__(
        self,
        module: str,
        arguments: tuple[Any, ...],
        on_message: Callable[[Any], None],
        *,
        low_priority: bool = False,
    ) -> None:
        self.module, self.arguments = module, arguments
        self.on_message, self.low_priority = on_message, low_priority
        self._process: Any = None
        self._pipe: Connection | None = None
        self._reader: threading.Thread | None = None
        self._launched, self._unwanted = threading.Event(), threading.Event()
        self._generation = 0

    @property
    def exists(self) -> bool:
        """Whether there is a process, or one is about to start."""
        return self._process is not None

    @property
    def pid(self) -> int | None:
        """The process id, None while there is no process or it is about to start."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the process. Call this from the event loop, and only while there is none; it does not wait."""
        loop = asyncio.get_running_loop()
        wait_passively()
        if _FORKED:
            _CONTEXT.set_forkserver_preload(_SHARED)
        self._pipe, child_pipe = _CONTEXT.Pipe()
        self._process = _CONTEXT.Process(
            target=_run_module,
            args=(self.module, child_pipe, self.arguments, self.low_priority, dict(os.environ)),
            daemon=True,
            name=self.module,
        )
        self._generation += 1
        self._launched, self._unwanted = threading.Event(), threading.Event()
        self._reader = threading.Thread(
            target=self._run, args=(loop, child_pipe), daemon=True, name=f"reader of {self.module}"
        )
        self._reader.start()

    def send(self, message: Any) -> None:
        """Send a message. One to a process that has just ended is lost; `EXITED` follows."""
        if self._pipe is not None:
            with contextlib.suppress(OSError):
                self._pipe.send(message)

    def kill(self) -> None:
        """Kill the process; `EXITED` follows."""
        self._unwanted.set()
        if self._process is not None and self._launched.is_set():
            self._process.kill()

    async def stop(self, seconds: float) -> None:
        """Wait up to ``seconds`` for the process to exit, then kill it. Its messages are still delivered."""
        process, reader = self._process, self._reader
        if process is None or reader is None:
            return
        await asyncio.to_thread(self._launched.wait)
        if process.pid is not None:
            await asyncio.to_thread(process.join, seconds)
            if process.is_alive():
                process.kill()
                await asyncio.to_thread(process.join, 5)
        await asyncio.to_thread(reader.join, 5)
        await asyncio.sleep(0)  # deliver what the reader has scheduled

    def _run(self, loop: asyncio.AbstractEventLoop, child_pipe: Connection) -> None:
        """Start the process, which waits for what is shared to be imported, and read its messages until it ends."""
        process, pipe, generation = self._process, self._pipe, self._generation
        assert pipe is not None
        with contextlib.suppress(OSError, EOFError):  # it did not start: the other end of the pipe is closed
            process.start()
        child_pipe.close()
        self._launched.set()
        if self._unwanted.is_set() and process.pid is not None:
            process.kill()
        with contextlib.suppress(RuntimeError):  # the event loop is closed
            try:
                while True:
                    loop.call_soon_threadsafe(self._deliver, generation, pipe.recv())
            except (EOFError, OSError):
                loop.call_soon_threadsafe(self._deliver, generation, EXITED)

    def _deliver(self, generation: int, message: Any) -> None:
        if generation != self._generation:
            return
        if message is EXITED:
            self._process = self._pipe = None
        self.on_message(message)


def _run_module(
    module: str,
    pipe: Connection,
    arguments: tuple[Any, ...],
    low_priority: bool,
    environment: Mapping[str, str],
) -> None:
    """Run a module in the new process. Ctrl-C is left to the server, which stops its processes in order."""
    # The process that was forked has the environment of the first start.
    os.environ.clear()
    os.environ.update(environment)
    if low_priority and hasattr(os, "nice"):
        os.nice(5)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    importlib.import_module(module).run(pipe, *arguments)


class HelperProcess:
    """A process that answers requests one at a time. A request that crashes it, or takes too long, fails.

    Its module defines ``run(pipe)``, usually with `answer`. ``seconds`` is how long the last answer took.
    """

    def __init__(self, module: str, max_waiting: int, *, low_priority: bool = False) -> None:
        self._child = ChildProcess(module, (), self._on_message, low_priority=low_priority)
        self._max_waiting = max_waiting
        self._waiting = 0
        self.seconds = 0.0
        self._turn = asyncio.Lock()
        self._ready = asyncio.Event()
        self._answer: asyncio.Future[tuple[str, Any]] | None = None

    @property
    def pid(self) -> int | None:
        """The process id, None while there is no process."""
        return self._child.pid

    def start(self) -> None:
        """Start the process before the first request needs it."""
        if not self._child.exists:
            self._child.start()

    async def call(self, kind: str, seconds: float = 60.0, **request: Any) -> Any:
        """Return the answer to a request; raises `RequestError` if it fails."""
        if self._waiting >= self._max_waiting:
            raise RequestError(429, f"{self._waiting} requests are waiting; try again in a moment.")
        self._waiting += 1
        try:
            async with self._turn:
                return await self._call(kind, seconds, request)
        finally:
            self._waiting -= 1

    async def _call(self, kind: str, seconds: float, request: dict[str, Any]) -> Any:
        self.start()
        self._answer = asyncio.get_running_loop().create_future()
        ready = asyncio.ensure_future(self._ready.wait())
        self._child.send((kind, request))
        try:
            async with asyncio.timeout(seconds + START_SECONDS) as limit:
                futures: list[asyncio.Future[Any]] = [self._answer, ready]
                await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)
                began = asyncio.get_running_loop().time()
                limit.reschedule(began + seconds)
                status, value = await self._answer
                self.seconds = asyncio.get_running_loop().time() - began
        except (TimeoutError, asyncio.CancelledError) as error:
            self._child.kill()  # a late answer would be taken for that of the next request
            await self._child.stop(5)
            if isinstance(error, asyncio.CancelledError):
                raise
            raise RequestError(422, f"This took more than {seconds:g} seconds and was stopped.") from error
        finally:
            ready.cancel()
            self._answer = None
        if status == "ok":
            return value
        raise RequestError(*value)

    async def stop_if_idle(self) -> None:
        """End the process unless a request needs it; one that arrives meanwhile starts it again."""
        if self._waiting:
            return
        async with self._turn:  # a request must not be sent to a process that is about to end
            await self.stop()

    async def stop(self) -> None:
        """End the process."""
        self._child.kill()
        await self._child.stop(5)

    def _on_message(self, message: Any) -> None:
        if message == READY:
            self._ready.set()
            return
        if message is EXITED:
            self._ready.clear()
        if self._answer is None or self._answer.done():
            return
        if message is EXITED:
            reason = (
                "The process that handled this request crashed, perhaps out of memory; try a smaller picture."
            )
            self._answer.set_result(("error", (422, reason)))
        else:
            self._answer.set_result(message)


def answer(pipe: Connection, handlers: dict[str, Callable[..., Any]]) -> None:
    """Answer requests from ``pipe`` with ``handlers`` until the other end is closed."""
    with contextlib.suppress(OSError):
        pipe.send(READY)
    while True:
        try:
            kind, request = pipe.recv()
        except (EOFError, OSError):
            os._exit(0)
        try:
            reply = ("ok", handlers[kind](**request))
        except Exception as error:  # a bug must not end the process
            reply = ("error", _status_and_message(error))
        with contextlib.suppress(OSError):
            pipe.send(reply)


def _status_and_message(error: Exception) -> tuple[int, str]:
    if isinstance(error, RequestError):
        return error.status, str(error)
    if is_disk_full(error):
        return 507, DISK_FULL
    if isinstance(error, ImpastoError):
        return 422, str(error)
    if is_out_of_memory(error):
        return 422, "There is not enough memory for this; try a smaller picture."
    return 422, f"{describe_bug(error)}."
