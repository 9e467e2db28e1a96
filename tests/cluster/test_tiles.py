"""Tiles on a cluster: the gradient is that of one process, also when workers die in either pass."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch

from impasto.cluster import RayCluster, TileSpread, connect
from impasto.cluster.tile_worker import TileWorker
from impasto.errors import TooLargeError
from impasto.guidance import Guides
from impasto.optimize import Painter, run
from impasto.optimize.context import RunContext

from ..optimize.conftest import finish, job, objectives, picture
from .played_ray import Killed, Ray

SIZE = (211, 307)
RECIPE = {
    "size": 307, "scales": ((307, 1),), "steps": 1, "views": 1, "tile": 128, "variation_weight": 0.3,
    "content_layers": {"relu2_1": 0.5, "relu4_1": 1.0},
    "style_layers": {"relu1_1": 1.0, "relu3_1": 0.7, "relu5_1": 0.5},
}  # fmt: skip
GAINS = {"content": 0.7, "style2": 1.3}


@pytest.fixture(autouse=True)
def _one_thread_of_known_speed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(run, "gradient_speed", lambda encoder, layers, device: 1e10)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def spread(monkeypatch: pytest.MonkeyPatch) -> TileSpread:
    """Two workers of a played Ray."""
    ray = Ray(2)
    monkeypatch.setitem(sys.modules, "ray", ray)
    return TileSpread(RayCluster(ray, local=True))


def gradient(objective: Any, image: torch.Tensor) -> tuple[float, dict[str, float], torch.Tensor]:
    leaf = image.clone().requires_grad_()
    loss, terms = objective.evaluate(leaf, GAINS)
    assert leaf.grad is not None
    return float(loss), terms, leaf.grad


def compare(here: Any, there: Any) -> None:
    image = picture(*SIZE, 9) * 1.2 - 0.1
    loss, terms, expected = gradient(here, image)
    found_loss, found_terms, found = gradient(there, image)
    assert found_loss == pytest.approx(loss, rel=1e-6)
    assert found_terms == pytest.approx(terms, rel=1e-5, abs=1e-9)
    assert float((found - expected).norm() / expected.norm()) < 1e-5
    assert there(image, GAINS)[1] == pytest.approx(terms, rel=1e-5, abs=1e-9)


def pairs(spread: TileSpread, guides: Guides | None = None, styles: int = 1, **recipe: Any) -> list[Any]:
    """The objectives of all views in tiles, here and on the cluster."""
    arts = [picture(190 + 7 * n, 173, 2 + n) for n in range(styles)]
    here = job(picture(*SIZE, 1), arts, guides, **{**RECIPE, **recipe})
    there = replace(here, make_tiled=spread)
    views = RunContext(here, torch.device("cpu")).views(here.plan.scales[0])
    return list(zip(objectives(here, views).values(), objectives(there, views).values(), strict=True))


@pytest.mark.parametrize(
    ("guides", "styles", "recipe"),
    [
        (None, 1, {}),
        (None, 2, {"views": 4}),
        (Guides(masks=("left",), protect="centre"), 2, {"views": 2}),
        (None, 1, {"style_layers": {}}),
        (None, 1, {"content_layers": {}, "style_loss": "gram"}),
    ],
)
def test_the_gradient_is_that_of_one_process(spread, guides, styles, recipe) -> None:
    for here, there in pairs(spread, guides, styles, **recipe):
        compare(here, there)


@pytest.mark.parametrize("kept_bytes", [0, 20_000_000, 1 << 40])
def test_tiles_that_keep_their_activations_give_the_same(spread, monkeypatch, kept_bytes) -> None:
    monkeypatch.setattr("impasto.cluster.tile_worker._kept_bytes", lambda device: kept_bytes)
    ((here, there),) = pairs(spread)
    compare(here, there)


@pytest.mark.parametrize("calls", [{1}, {5}, {2, 7, 8}])
def test_workers_that_die_in_either_pass_change_nothing(spread, monkeypatch, calls: set[int]) -> None:
    work, count = TileWorker.__call__, iter(range(1000))

    def dies(self: TileWorker, order: Any) -> Any:
        if next(count) in calls:
            raise Killed
        return work(self, order)

    monkeypatch.setattr(TileWorker, "__call__", dies)
    ((here, there),) = pairs(spread)
    assert len(there.grid.tiles) == 4
    compare(here, there)
    assert len(spread.cluster.ray.actors) == 2 + len(calls)


def test_a_tile_that_kills_its_workers_is_an_error(spread, monkeypatch) -> None:
    def dies(self: TileWorker, order: Any) -> Any:
        raise Killed

    monkeypatch.setattr(TileWorker, "__call__", dies)
    ((_, there),) = pairs(spread)
    with pytest.raises(TooLargeError, match="choose a smaller --tile"):
        gradient(there, picture(*SIZE, 9))


def test_a_run_on_a_cluster_is_one_of_one_process(spread) -> None:
    fields = {"size": 307, "scales": ((150, 2), (307, 3)), "steps": None, "views": 1, "tile": 128}
    alone = job(picture(*SIZE, 1), picture(190, 173, 2), **fields)
    here, there = (finish(Painter(run)) for run in (alone, replace(alone, make_tiled=spread)))
    assert there.losses == pytest.approx(here.losses, rel=1e-4)
    assert float((there.pixels - here.pixels).abs().mean()) < 2e-4


@pytest.mark.filterwarnings("ignore")  # of Ray
@pytest.mark.timeout(300)
def test_a_killed_process_of_ray_is_replaced() -> None:
    pytest.importorskip("ray")
    with connect("local") as cluster:
        spread = TileSpread(cluster, workers=2)
        ((here, there),) = pairs(spread)
        compare(here, there)
        worker = spread.pool(there.encoder).workers[0]
        pid = cluster.ray.get(worker.actor.pid.remote())
        os.kill(pid, signal.SIGKILL)
        compare(here, there)
        assert worker not in spread.pool(there.encoder).workers
        spread.close()
