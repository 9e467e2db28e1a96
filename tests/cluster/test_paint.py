"""Batches on a cluster, with a Ray that is played: what is sent to the workers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from impasto.batch import BatchItem, BatchPainter, BatchRow
from impasto.cluster import paint_on_cluster
from impasto.cluster.connection import RayCluster

from .played_ray import Ray


def test_workers_get_absolute_names_of_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my.safetensors").touch()
    sent: list[Any] = []

    def paint(self: BatchPainter, item: BatchItem) -> BatchRow:
        sent.append(item)
        return BatchRow(item.id, "painted", item.content, item.styles, "")

    monkeypatch.setattr(BatchPainter, "paint", paint)
    settings = {"start_picture": "start.png", "strength": 0.5, "weights": None}
    items = [
        BatchItem("a", "a.png", ("art.png",), settings),
        BatchItem("b", "s3://bucket/b.png", ("waves",), {}, "my.safetensors"),
        BatchItem("c", "c.png", ("waves",), {}, "two-poplars"),
    ]
    cluster = RayCluster(Ray(1), local=True)
    assert len(list(paint_on_cluster(cluster, BatchPainter("o"), items))) == 3
    a, b, c = sent
    here = str(tmp_path)
    assert (a.content, a.styles, a.network) == (f"{here}/a.png", (f"{here}/art.png",), None)
    assert a.settings == {**settings, "start_picture": f"{here}/start.png"}
    assert (b.content, b.styles, b.network) == ("s3://bucket/b.png", ("waves",), f"{here}/my.safetensors")
    assert c.network == "two-poplars"
