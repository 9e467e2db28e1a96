"""Two workers of Ray on a core each against one, A B A B: tiles of one picture, and pictures a minute of a batch.

python benchmarks/cluster_workers.py tiles [--size 4096] [--tile 1024] [--rounds 3]
python benchmarks/cluster_workers.py batch [--size 256] [--pictures 24] [--rounds 3]
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from impasto.batch import BatchItem, BatchPainter
from impasto.cluster import RayCluster, TileSpread, WorkPool, connect
from impasto.cluster.paint import ItemWork
from impasto.encoders import tune_process
from impasto.optimize import make_recipe, open_job
from impasto.optimize.context import RunContext
from impasto.plates import paint

# Ray makes its workers nice by 15, which is no use where other programs run.
os.environ.setdefault("RAY_worker_niceness", "0")


def pin(pool: WorkPool) -> None:
    """Give every worker a core of its own, with all its threads."""
    for core, worker in enumerate(pool.workers):
        pid = pool.cluster.ray.get(worker.actor.pid.remote())
        for thread in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), {core})


def compare(pool: WorkPool, rounds: int, work: Callable[[], Any], unit: str, amount: float) -> None:
    """Print the times of ``work`` with one worker and with two, A B A B after a round that warms up."""
    both, times = list(pool.workers), dict[int, list[float]]({1: [], 2: []})
    for number in range(rounds + 1):
        for count in (1, 2):
            pool.workers, pool.asked = both[:count], count
            start = time.perf_counter()
            work()
            seconds = time.perf_counter() - start
            if number:
                times[count].append(seconds)
            load = os.getloadavg()[0]
            warm = "" if number else " (warming up)"
            print(
                f"{count} workers: {seconds:.2f} s, {amount / seconds:.3g} {unit}, load {load:.1f}{warm}",
                flush=True,
            )
    pool.workers, pool.asked = both, 2
    one, two = (statistics.median(times[count]) for count in (1, 2))
    print(f"two workers: {one / two:.2f} times one")


def tiles(cluster: RayCluster, size: int, tile: int, rounds: int) -> None:
    """Compare the time of a gradient of one picture."""
    photo, art = paint("paper", size), paint("swirls", 1024)
    recipe = make_recipe(size=size, start="content", tile=tile, views=1, scales=((size, 1),))
    spread = TileSpread(cluster, workers=2)
    job = replace(open_job(recipe, photo, [art]), make_tiled=spread)
    context = RunContext(job, torch.device(job.plan.device))
    scale = job.plan.scales[-1]
    inputs = context.scale_inputs(scale, (1.0,), torch.Generator())
    (objective,) = context.objectives(inputs, context.views(scale)).values()
    assert inputs.content is not None
    image = inputs.content.clone().requires_grad_()
    pool = spread.pool(job.encoder)
    pin(pool)
    print(f"{scale.width}x{scale.height}, {len(objective.grid.tiles)} tiles of {tile}")  # type: ignore[attr-defined]
    compare(pool, rounds, lambda: objective.evaluate(image), "gradients a second", 1)


def batch(cluster: RayCluster, size: int, pictures: int, rounds: int) -> None:
    """Compare the pictures a minute of a batch."""
    with tempfile.TemporaryDirectory() as folder:
        Image.effect_noise((size, size * 3 // 4), 80).convert("RGB").save(photo := Path(folder) / "photo.png")
        runs = iter(range(10**6))
        painter = BatchPainter(folder)
        pool = WorkPool(cluster, ItemWork(painter), workers=2)
        pin(pool)

        def work() -> None:
            name = next(runs)
            fields = {"encoder": "compact", "size": size, "steps": 20}
            items = [BatchItem(f"{name}-{n}", str(photo), (str(photo),), fields) for n in range(pictures)]
            rows = [row for _, row in pool.map((item.id, item) for item in items)]
            assert all(row.state == "painted" for row in rows), rows

        compare(pool, rounds, work, "pictures a minute", 60 * pictures)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("tiles", "batch"))
    parser.add_argument("--size", type=int)
    parser.add_argument("--tile", type=int, default=1024)
    parser.add_argument("--pictures", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    tune_process()
    with connect("local") as cluster:
        if options.what == "tiles":
            tiles(cluster, options.size or 4096, options.tile, options.rounds)
        else:
            batch(cluster, options.size or 256, options.pictures, options.rounds)


if __name__ == "__main__":
    main()
