"""Many machines: work that is spread by Ray (extra `cluster`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from impasto._lazy import lazy_exports

if TYPE_CHECKING:
    from impasto.cluster.clips import ClusterPainter
    from impasto.cluster.connection import RayCluster, connect
    from impasto.cluster.paint import paint_on_cluster
    from impasto.cluster.pool import Lost, WorkPool
    from impasto.cluster.tiles import TileSpread

__all__ = ["ClusterPainter", "Lost", "RayCluster", "TileSpread", "WorkPool", "connect", "paint_on_cluster"]

__getattr__ = lazy_exports(
    __name__,
    {
        "clips": ("ClusterPainter",),
        "connection": ("RayCluster", "connect"),
        "paint": ("paint_on_cluster",),
        "pool": ("Lost", "WorkPool"),
        "tiles": ("TileSpread",),
    },
)
