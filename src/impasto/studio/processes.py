"""Processes at the other end of a pipe, whose death is noticed and costs nobody else anything."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from impasto.errors import ImpastoError

_SPAWN = multiprocessing.get_context("spawn")
DIED = object()
"""What is heard when the process is gone."""
READY = ("ready", None)
# A process may take so long to begin; only then a request's own time runs.
START_SECONDS = 120.0


class RequestError(ImpastoError):
    """A request that cannot be answered, with the HTTP status that says so."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Child:
    """One process that runs ``run(pipe, *arguments)`` of a module, which only that process imports.

    ``heard`` gets everything it sends, and `DIED` at its end, in the event loop's thread. A ``patient`` one lets all
    others go first where processors are short.
    """

    def __init__(
        self, module: str, arguments: tuple[Any, ...], heard: Callable[[Any], None], *, patient: bool = False
    ) -> None:
        self.module, self.arguments, self.heard, self.patient = module, arguments, heard, patient
        self._process: Any = None
        self._pipe: Connection | None = None
        self._reader: threading.Thread | None = None
        self._generation = 0

    @property
    def pid(self) -> int | None:
        """The process's number, None when there is none."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the process; call it from the event loop, when there is none."""
        loop = asyncio.get_running_loop()
        self._pipe, theirs = _SPAWN.Pipe()
        self._process = _SPAWN.Process(
            target=_enter,
            args=(self.module, theirs, self.arguments, self.patient),
            daemon=True,
            name=self.module,
        )
        self._process.start()
        theirs.close()
        self._generation += 1
        self._reader = threading.Thread(
            target=self._read,
            args=(loop, self._pipe, self._generation),
            daemon=True,
            name=f"hears {self.module}",
        )
        self._reader.start()

    def send(self, message: Any) -> None:
        """Send a message; one to a process that just died is lost, and its death is heard."""
        if self._pipe is not None:
            with contextlib.suppress(OSError):
                self._pipe.send(message)

    def kill(self) -> None:
        """End the process at once; its death is heard."""
        if self._process is not None:
            self._process.kill()

    async def end(self, seconds: float) -> None:
        """Wait so long for the process to leave, then kill it; what it sends until then is heard."""
        process, reader = self._process, self._reader
        if process is None or reader is None:
            return
        await asyncio.to_thread(process.join, seconds)
        if process.is_alive():
            process.kill()
            await asyncio.to_thread(process.join, 5)
        await asyncio.to_thread(reader.join, 5)
        await asyncio.sleep(0)  # what the reader left to the loop is heard first

    def _read(self, loop: asyncio.AbstractEventLoop, pipe: Connection, generation: int) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is left to hear
            try:
                while True:
                    loop.call_soon_threadsafe(self._hear, generation, pipe.recv())
            except (EOFError, OSError):
                loop.call_soon_threadsafe(self._hear, generation, DIED)

    def _hear(self, generation: int, message: Any) -> None:
        if generation != self._generation:
            return
        if message is DIED:
            self._process = self._pipe = None
        self.heard(message)


def _enter(module: str, pipe: Connection, arguments: tuple[Any, ...], patient: bool) -> None:
    """Begin in the new process: Ctrl-C is for the server, which says what to do."""
    if patient and hasattr(os, "nice"):
        os.nice(5)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    importlib.import_module(module).run(pipe, *arguments)


class Helper:
    """A process that answers requests one at a time; a request that kills it, or takes too long, is refused.

    Its module has ``run(pipe)``, usually through `answer`.
    """

    def __init__(self, module: str, most_waiting: int) -> None:
        self._child = Child(module, (), self._hear)
        self._most = most_waiting
        self._waiting = 0
        self._turn = asyncio.Lock()
        self._ready = asyncio.Event()
        self._answer: asyncio.Future[tuple[str, Any]] | None = None

    @property
    def pid(self) -> int | None:
        """The process's number, None when there is none."""
        return self._child.pid

    def start(self) -> None:
        """Start the process before it is needed."""
        if self._child.pid is None:
            self._child.start()

    async def ask(self, kind: str, seconds: float = 60.0, **request: Any) -> Any:
        """Return the answer; raises `RequestError` where there is none."""
        if self._waiting >= self._most:
            raise RequestError(
                429, f"{self._waiting} requests wait for their answer already; try again in a moment."
            )
        self._waiting += 1
        try:
            async with self._turn:
                return await self._ask(kind, seconds, request)
        finally:
            self._waiting -= 1

    async def _ask(self, kind: str, seconds: float, request: dict[str, Any]) -> Any:
        self.start()
        self._answer = asyncio.get_running_loop().create_future()
        waiting = asyncio.ensure_future(self._ready.wait())
        self._child.send((kind, request))
        try:
            async with asyncio.timeout(seconds + START_SECONDS) as limit:
                either: list[asyncio.Future[Any]] = [self._answer, waiting]
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
                limit.reschedule(asyncio.get_running_loop().time() + seconds)
                status, value = await self._answer
        except (TimeoutError, asyncio.CancelledError) as error:
            self._child.kill()  # or its late answer would be taken for the next one
            await self._child.end(5)
            if isinstance(error, asyncio.CancelledError):
                raise
            raise RequestError(422, f"This took more than {seconds:g} seconds and was given up.") from error
        finally:
            waiting.cancel()
            self._answer = None
        if status == "ok":
            return value
        raise RequestError(*value)

    async def end(self) -> None:
        """End the process."""
        self._child.kill()
        await self._child.end(5)

    def _hear(self, message: Any) -> None:
        if message == READY:
            self._ready.set()
            return
        if message is DIED:
            self._ready.clear()
        if self._answer is None or self._answer.done():
            return
        if message is DIED:
            sentence = (
                "The process that worked on this died, perhaps for want of memory; try something smaller."
            )
            self._answer.set_result(("refused", (422, sentence)))
        else:
            self._answer.set_result(message)


def answer(pipe: Connection, handlers: dict[str, Callable[..., Any]]) -> None:
    """Answer what comes through ``pipe`` with ``handlers`` until its other end is closed."""
    with contextlib.suppress(OSError):
        pipe.send(READY)
    while True:
        try:
            kind, request = pipe.recv()
        except (EOFError, OSError):
            os._exit(0)
        try:
            reply = ("ok", handlers[kind](**request))
        except RequestError as error:
            reply = ("refused", (error.status, str(error)))
        except ImpastoError as error:
            reply = ("refused", (422, str(error)))
        except MemoryError:
            reply = ("refused", (422, "Memory ran out over this; try something smaller."))
        except Exception as error:  # a bug must not end the process
            what = f"{type(error).__name__}: {error}".strip(": ")[:300]
            reply = ("refused", (422, f"impasto hit a bug over this: {what}."))
        with contextlib.suppress(OSError):
            pipe.send(reply)
