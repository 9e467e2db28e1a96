"""The work pool against a Ray that is played: lost workers, slow ones, work that kills, machines that join."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from impasto.cluster import pool as module
from impasto.cluster.connection import RayCluster
from impasto.cluster.pool import MOST_ATTEMPTS, MOST_FAILED_STARTS, Lost, WorkPool
from impasto.errors import RecipeError

from .played_ray import Hangs, Killed, Ray


def pool_of(cpus: int, work: Callable[[int], Any], **options: Any) -> tuple[Ray, WorkPool]:
    ray = Ray(cpus)
    return ray, WorkPool(RayCluster(ray, local=True), lambda: work, **options)


def numbered(count: int) -> list[tuple[str, int]]:
    return [(str(number), number) for number in range(count)]


def test_every_id_has_one_result_and_models_are_opened_once() -> None:
    opened: list[int] = []

    def open_work() -> Callable[[int], int]:
        opened.append(1)
        return lambda x: x * x

    ray = Ray(3)
    pool = WorkPool(RayCluster(ray, local=True), open_work)
    results = list(pool.map(numbered(20)))
    assert sorted(results, key=lambda pair: int(pair[0])) == [(str(i), i * i) for i in range(20)]
    assert len(opened) == len(pool.workers) == 3
    pool.close()
    assert all(actor.dead for actor in ray.actors)


def test_lost_workers_are_replaced_and_their_work_is_done_again() -> None:
    killed: set[int] = set()

    def work(x: int) -> int:
        if x % 5 == 3 and x not in killed:
            killed.add(x)
            raise Killed
        return -x

    ray, pool = pool_of(2, work)
    assert dict(pool.map(numbered(30))) == {str(i): -i for i in range(30)}
    assert killed == {3, 8, 13, 18, 23, 28}
    assert len(ray.actors) == 2 + len(killed)
    assert len(pool.workers) == 2


def test_work_that_kills_every_worker_is_given_up_and_harms_no_other() -> None:
    attempts: list[int] = []

    def work(x: int) -> int:
        if x == 4:
            attempts.append(x)
            raise Killed
        return x

    _, pool = pool_of(1, work)
    results = dict(pool.map(numbered(10)))
    assert isinstance(results.pop("4"), Lost)
    assert results == {str(i): i for i in range(10) if i != 4}
    assert len(attempts) == MOST_ATTEMPTS


def test_work_that_hangs_is_given_to_an_idle_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SLOW_SECONDS", 0.0)
    calls: list[int] = []

    def work(x: int) -> int:
        calls.append(x)
        if calls.count(0) == 1 and x == 0:
            raise Hangs
        return x

    ray, pool = pool_of(2, work)
    assert dict(pool.map(numbered(6))) == {str(i): i for i in range(6)}
    assert calls.count(0) == 2
    assert sum(actor.stuck for actor in ray.actors) == 1
    assert not any(worker.keys for worker in pool.workers)  # what hangs takes no place of later work


def test_machines_that_join_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GROW_SECONDS", 0.0)
    ray, pool = pool_of(1, lambda x: x)
    results = pool.map(numbered(10))
    next(results)
    ray.cpus = 4
    assert len(list(results)) == 9
    assert len(pool.workers) == 4


def test_an_error_of_the_work_is_raised() -> None:
    def work(x: int) -> int:
        raise ZeroDivisionError("oops")

    _, pool = pool_of(1, work)
    with pytest.raises(ZeroDivisionError):
        list(pool.map(numbered(3)))


def test_waiting_may_end_the_work() -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    _, pool = pool_of(1, lambda x: x)
    with pytest.raises(KeyboardInterrupt):
        list(pool.map(numbered(3), stop))


def test_workers_that_cannot_start_are_an_error_and_not_tried_for_ever() -> None:
    def broken() -> Callable[[int], int]:
        raise ImportError("No module named 'impasto'")

    pool = WorkPool(RayCluster(Ray(1), local=False), broken)
    with pytest.raises(RecipeError, match="No module named 'impasto'"):
        list(pool.map(numbered(3)))

    def silent() -> Callable[[int], int]:
        raise MemoryError

    pool = WorkPool(RayCluster(Ray(1), local=False), silent)
    with pytest.raises(RecipeError, match="MemoryError"):
        list(pool.map(numbered(3)))

    def dies() -> Callable[[int], int]:
        raise Killed

    ray = Ray(1)
    pool = WorkPool(RayCluster(ray, local=False), dies)
    with pytest.raises(RecipeError, match="cannot start"):
        list(pool.map(numbered(3)))
    assert len(ray.actors) == MOST_FAILED_STARTS


def test_a_cluster_without_room_is_refused_and_no_work_is_none() -> None:
    with pytest.raises(RecipeError, match="0 CPUs"):
        pool_of(0, lambda x: x)
    assert list(pool_of(1, lambda x: x)[1].map([])) == []


def test_work_goes_back_to_its_home_and_idle_workers_help() -> None:
    ray, pool = pool_of(2, lambda x: x)
    ray.wait([], 0, 0.0)
    for worker in list(pool.workers):
        pool.answered(worker)
    expected, sent = dict(zip(map(str, range(8)), range(8), strict=True)), []
    first, second = pool.workers
    homes = dict.fromkeys(expected, first)
    assert dict(pool.map(numbered(8), homes=homes)) == expected
    assert set(homes.values()) == {first, second}

    def prepare(number: int) -> int:
        sent.append(number)
        return number

    assert dict(pool.map(numbered(8), homes=homes, prepare=prepare)) == expected
    assert sorted(sent) == list(range(8))
    ray.kill(first.actor)
    assert dict(pool.map(numbered(8), homes=homes)) == expected
    assert first not in homes.values()
