"""A Ray that is played in one process: actors that die and hang when they are told to."""

from __future__ import annotations

import contextlib
import itertools
import pickle
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import impasto.cluster
from impasto.cluster import RayCluster


class RayError(Exception):
    pass


class RayTaskError(RayError):
    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


class Method:
    def __init__(self, actor: Actor, name: str) -> None:
        self.actor, self.name = actor, name

    def remote(self, *arguments: Any) -> int:
        return self.actor.ray.submit(self.actor, self.name, arguments)


class Actor:
    """An actor of the played Ray: one call after the other, dead after a `Killed`."""

    def __init__(self, ray: Ray, implementation: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        self.ray, self.dead, self.stuck, self.calls = ray, False, False, []
        self.answer, self.run = Method(self, "answer"), Method(self, "run")
        self.object, self.implementation, self.arguments = None, implementation, arguments


class Killed(BaseException):
    """The process of an actor is killed."""


class Hangs(BaseException):
    """A call never returns."""


class Ray:
    """As much of Ray as the pool uses; every `wait` does one call of every actor."""

    class exceptions:
        RayError, RayTaskError = RayError, RayTaskError

    def __init__(self, cpus: int) -> None:
        self.cpus, self.actors, self.results, self.numbers = cpus, [], {}, itertools.count()

    def cluster_resources(self) -> dict[str, float]:
        return {"CPU": float(self.cpus)}

    def remote(self, **options: Any) -> Callable[[type], Any]:
        assert options["num_cpus"] == 1
        assert options["max_restarts"] == 0

        def decorate(implementation: type) -> Any:
            ray = self

            class Remote:
                @staticmethod
                def remote(*arguments: Any) -> Actor:
                    ray.actors.append(Actor(ray, implementation, arguments))
                    return ray.actors[-1]

            return Remote

        return decorate

    def submit(self, actor: Actor, name: str, arguments: tuple[Any, ...]) -> int:
        number = next(self.numbers)
        if actor.dead:
            self.results[number] = RayError("dead")
        else:
            actor.calls.append((number, name, arguments))
        return number

    def wait(self, references: list[int], num_returns: int, timeout: float) -> tuple[list[int], list[int]]:
        for actor in self.actors:
            if actor.calls and not actor.dead and not actor.stuck:
                self._call(actor)
        ready = [r for r in references if r in self.results][:num_returns]
        return ready, []

    def get(self, reference: int) -> Any:
        result = self.results[reference]
        if isinstance(result, RayError):
            raise result
        return result

    def put(self, value: Any) -> int:
        number = next(self.numbers)
        self.results[number] = pickle.loads(pickle.dumps(value))
        return number

    def kill(self, actor: Actor) -> None:
        actor.dead = True

    def _call(self, actor: Actor) -> None:
        number, name, arguments = actor.calls[0]
        try:
            if actor.object is None:
                actor.object = actor.implementation(*actor.arguments)
            self.results[number] = getattr(actor.object, name)(*arguments)
        except Hangs:
            actor.stuck = True
            return
        except Killed:
            actor.dead = True
            for lost, _, _ in actor.calls:
                self.results[lost] = RayError("the process died")
        except Exception as error:
            self.results[number] = RayTaskError(error)
        actor.calls.pop(0)


def play(monkeypatch: pytest.MonkeyPatch, workers: int = 2) -> Ray:
    """Let commands connect to a played cluster in this process; return its Ray."""
    ray = Ray(workers)

    @contextlib.contextmanager
    def connect(address: str) -> Iterator[RayCluster]:
        yield RayCluster(ray, local=True)

    monkeypatch.setitem(sys.modules, "ray", ray)
    monkeypatch.setattr(impasto.cluster, "connect", connect, raising=False)
    return ray
