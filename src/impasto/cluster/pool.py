"""Work by id over actors: each opens its models once, lost work is done again, and every id has one result.

Work has to be idempotent: after a worker or machine was lost, or to get round a slow one, it is done a second time.

Actors are replaced here and not by Ray's ``max_restarts``: while Ray restarts an actor, work that is sent to it fails
at once, and after its machine is lost it would wait for another one. Here, work goes only to actors that have answered.
"""

from __future__ import annotations

import statistics
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from impasto.cluster.connection import RayCluster
from impasto.cluster.workers import PoolActor, PoolWorker, Work
from impasto.errors import ImpastoError, RecipeError

# Work of an actor at a time: one piece runs while the next is on its way.
DEPTH = 2
# An id is given up when the worker that ran it was lost this often: it is probably what kills them.
MOST_ATTEMPTS = 4
# So many workers in a row that die before they answer end the work.
MOST_FAILED_STARTS = 10
POLL_SECONDS = 0.5
# With more references than this, all that are ready are taken at once.
MANY = 32
# Work that takes this many times as long as usual, and at least so many seconds, is also given to an idle worker.
SLOW, SLOW_SECONDS = 3.0, 30.0
# Seconds between two looks for new machines.
GROW_SECONDS = 10.0


@dataclass(frozen=True)
class Lost:
    """The result of an id whose workers were lost `MOST_ATTEMPTS` times."""

    reason: str


def in_order(
    results: Iterable[tuple[str, Any]], refuse: Callable[[int, str], ImpastoError]
) -> Iterator[tuple[int, Any]]:
    """Yield the results whose ids are the numbers from 0 on, in order, each with its number.

    Raises the error that ``refuse`` makes of the number and the reason of the first one that is `Lost`.
    """
    early: dict[int, Any] = {}
    expected = 0
    for name, result in results:
        if isinstance(result, Lost):
            raise refuse(int(name), result.reason)
        early[int(name)] = result
        while expected in early:
            yield expected, early.pop(expected)
            expected += 1


# The worker that did the work of each id last.
Homes = dict[str, PoolWorker]


@dataclass(frozen=True)
class _Flight:
    """A submitted piece of work."""

    key: str
    worker: PoolWorker
    since: float


class WorkPool:
    """Actors of a cluster that do the same kind of work.

    ``open_work`` is sent to every actor and called there once; it returns the function of one argument. There is an
    actor for each GPU, or else for every ``cpus`` CPUs, or ``workers`` of them; machines that join later are used.
    Raises `RecipeError` for a cluster that is too small for one.
    """

    def __init__(
        self,
        cluster: RayCluster,
        open_work: Callable[[], Work],
        *,
        workers: int | None = None,
        cpus: int = 1,
        use_gpus: bool = True,
    ) -> None:
        self.cluster, self.cpus, self.asked, self.open_work = cluster, cpus, workers, open_work
        self.gpus = 1 if use_gpus and cluster.gpus else 0
        # A fraction of a CPU would let Ray start more actors than cores.
        self._class = cluster.ray.remote(num_cpus=cpus, num_gpus=self.gpus, max_restarts=0)(PoolActor)
        self.workers: list[PoolWorker] = []
        self._grown = 0.0
        self._failed_starts = 0
        self._grow()
        if not self.workers:
            raise RecipeError(
                f"The cluster has {cluster.cpus} CPUs, but a worker needs {cpus}; add machines."
            )

    def map(
        self,
        work: Iterable[tuple[str, Any]],
        on_wait: Callable[[], None] | None = None,
        *,
        homes: Homes | None = None,
        prepare: Callable[[Any], Any] = lambda argument: argument,
    ) -> Iterator[tuple[str, Any]]:
        """Yield (id, result) in the order in which they are done; each id once.

        The result is `Lost` if the id's workers died again and again. ``on_wait`` is called at least every half second
        and may raise to end the work. Errors that the work raises are raised.

        ``homes`` are the workers that did the ids in a call before: ids go back to them, except to one that has nothing
        else to do. They are changed to those of this call. ``prepare`` turns an argument into what is sent, when it is
        sent.
        """
        yield from _Map(self, work, on_wait, homes, prepare).results()

    def close(self) -> None:
        """End all actors."""
        for worker in self.workers:
            self.cluster.ray.kill(worker.actor)
        self.workers = []

    def grow(self) -> None:
        """Start actors on machines that joined."""
        if time.monotonic() - self._grown >= GROW_SECONDS:
            self._grow()

    def answered(self, worker: PoolWorker) -> None:
        """Take the first answer of an actor; start another one if it died before."""
        ray = self.cluster.ray
        reference, worker.answer = worker.answer, None
        try:
            ray.get(reference)
            self._failed_starts = 0
        except ray.exceptions.RayError as error:
            cause = getattr(error, "cause", None)
            self._failed_starts += 1
            if isinstance(cause, Exception) or self._failed_starts >= MOST_FAILED_STARTS:
                failure = cause or error
                reason = (str(failure).strip().splitlines() or [type(failure).__name__])[-1][:300]
                raise RecipeError(
                    f"The cluster's workers cannot start ({reason}); every machine needs this version of impasto."
                ) from error
            self.replace(worker)

    def replace(self, worker: PoolWorker) -> None:
        """Start an actor in the place of a lost one."""
        if worker in self.workers:
            self.workers.remove(worker)
            self.workers.append(self._start())

    def _grow(self) -> None:
        self._grown = time.monotonic()
        possible = self.cluster.gpus if self.gpus else self.cluster.cpus // self.cpus
        wanted = possible if self.asked is None else self.asked
        while len(self.workers) < wanted:
            self.workers.append(self._start())

    def _start(self) -> PoolWorker:
        actor = self._class.remote(self.open_work, self.cpus)
        return PoolWorker(actor, actor.answer.remote())


class _Map:
    """One call of `WorkPool.map`."""

    def __init__(
        self,
        pool: WorkPool,
        work: Iterable[tuple[str, Any]],
        on_wait: Callable[[], None] | None,
        homes: Homes | None,
        prepare: Callable[[Any], Any],
    ) -> None:
        self.pool, self.on_wait, self.ray = pool, on_wait, pool.cluster.ray
        self.homes, self.prepare = homes, prepare
        self.left, self.exhausted = iter(work if homes is None else ()), False
        # With homes, work is not taken in its order.
        self.waiting = {} if homes is None else dict(work)
        self.again: deque[str] = deque()
        self.arguments: dict[str, Any] = {}  # of ids without a result
        self.attempts: dict[str, int] = {}
        self.flights: dict[Any, _Flight] = {}
        self.seconds: deque[float] = deque(maxlen=50)

    def results(self) -> Iterator[tuple[str, Any]]:
        """Yield id and result of all work."""
        try:
            yield from self._results()
        finally:
            # Second copies of slow work may be under way: the next call does not wait for them.
            for flight in self.flights.values():
                flight.worker.keys.remove(flight.key)

    def _results(self) -> Iterator[tuple[str, Any]]:
        while True:
            self.pool.grow()
            self._fill()
            if self.exhausted and not self.arguments:
                return
            starting = {w.answer: w for w in self.pool.workers if w.answer is not None}
            references = [*self.flights, *starting]
            ready, _ = self.ray.wait(references, num_returns=1, timeout=POLL_SECONDS)
            if ready and len(references) > MANY:  # Ray looks at all references in each call
                ready, _ = self.ray.wait(references, num_returns=len(references), timeout=0)
            if self.on_wait is not None:
                self.on_wait()
            for reference in ready:
                if reference in starting:
                    self.pool.answered(starting[reference])
                else:
                    yield from self._land(self.flights.pop(reference), reference)

    def _land(self, flight: _Flight, reference: Any) -> Iterator[tuple[str, Any]]:
        """Yield the result of a piece of work, if it has one and is the first."""
        worker, key = flight.worker, flight.key
        first = worker.keys[0]
        worker.keys.remove(key)
        try:
            seconds, result = self.ray.get(reference)
        except self.ray.exceptions.RayTaskError as error:
            raise (error.cause if isinstance(error.cause, Exception) else error) from None
        except self.ray.exceptions.RayError as error:  # the worker, its machine, or the way to it is lost
            self.pool.replace(worker)
            worker.running_at_end = worker.running_at_end or first
            if key not in self.arguments:
                return
            # Only the first in the worker's queue was running; the others have nothing to do with its end.
            self.attempts[key] = self.attempts.get(key, 0) + (worker.running_at_end == key)
            if self.attempts[key] < MOST_ATTEMPTS:
                self.again.append(key)
                return
            result = Lost(f"its workers were lost {MOST_ATTEMPTS} times ({type(error).__name__})")
        else:
            self.seconds.append(seconds)
            if self.homes is not None:
                self.homes[key] = worker
        if self.arguments.pop(key, None) is not None:
            yield key, result

    def _fill(self) -> None:
        """Give every actor up to `DEPTH` pieces of work; idle ones also take what hangs elsewhere."""
        workers = [worker for worker in self.pool.workers if worker.answer is None]
        for depth in range(DEPTH):
            for worker in workers:
                if len(worker.keys) == depth and (key := self._next(worker)) is not None:
                    self._submit(worker, key)
        for worker in workers:
            if not worker.keys and (key := self._slow()) is not None:
                self._submit(worker, key)

    def _next(self, worker: PoolWorker) -> str | None:
        """Return the id of the next piece of work for ``worker``, None if there is none."""
        while self.again:
            key = self.again.popleft()
            if key in self.arguments:
                return key
        if self.waiting:
            return self._next_at_home(worker)
        for key, argument in self.left:
            self.arguments[key] = (argument,)
            return key
        self.exhausted = True
        return None

    def _next_at_home(self, worker: PoolWorker) -> str | None:
        """Return an id whose home is ``worker`` or nowhere; an idle worker also takes the last of another one."""
        assert self.homes is not None
        for key in self.waiting:
            home = self.homes.get(key)
            if home is worker or home not in self.pool.workers:
                break
        else:
            if worker.keys:
                return None
        self.arguments[key] = (self.waiting.pop(key),)
        return key

    def _slow(self) -> str | None:
        """Return an id that has been on its way for long, and only once."""
        usual = statistics.median(self.seconds) if self.seconds else 0.0
        latest = time.monotonic() - max(SLOW_SECONDS, SLOW * DEPTH * usual)
        keys = [flight.key for flight in self.flights.values()]
        late = (flight.key for flight in self.flights.values() if flight.since < latest)
        return next((key for key in late if keys.count(key) == 1 and key in self.arguments), None)

    def _submit(self, worker: PoolWorker, key: str) -> None:
        (argument,) = self.arguments[key]
        worker.keys.append(key)
        reference = worker.actor.run.remote(self.prepare(argument))
        self.flights[reference] = _Flight(key, worker, time.monotonic())
