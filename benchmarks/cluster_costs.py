"""What a picture costs on a cluster beside painting: bytes of its messages, time of the driver, memory of a worker."""

from __future__ import annotations

import json
import pickle
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from impasto.batch import BatchItem, BatchPainter
from impasto.cluster import WorkPool, connect

TINY = {"encoder": "compact", "size": 64, "steps": 4}
COUNT = 2000


class Nothing:
    """Work that takes no time."""

    def __call__(self) -> Callable[[int], int]:
        return lambda number: number


def main() -> None:
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        photo, out = Path(folder) / "photo.png", Path(folder) / "out"
        out.mkdir()
        Image.effect_noise((64, 48), 80).convert("RGB").save(photo)
        item = BatchItem("p0001", str(photo), (str(photo),), {**TINY, "strength": 0.7})
        row = BatchPainter(str(out)).paint(item)
        assert row.state == "painted", row
        found["item bytes"], found["row bytes"] = len(pickle.dumps(item)), len(pickle.dumps(row))
        found["worker MB"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3)
    started = time.perf_counter()
    with connect("local") as cluster:
        found["Ray up s"] = round(time.perf_counter() - started, 1)
        pool = WorkPool(cluster, Nothing())
        list(pool.map((str(number), number) for number in range(50)))  # until all workers are there
        started = time.perf_counter()
        list(pool.map((str(number), number) for number in range(COUNT)))
        found["driver ms a picture"] = round((time.perf_counter() - started) / COUNT * 1e3, 3)
        found["workers"] = len(pool.workers)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
