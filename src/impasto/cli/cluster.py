"""``--cluster`` of the commands that can use Ray."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from impasto.cli.console import print_note, print_status

if TYPE_CHECKING:
    from impasto.cluster import RayCluster


@contextlib.contextmanager
def connected(address: str, quiet: bool) -> Iterator[RayCluster]:
    """Connect to a cluster and say how large it is; raises what `impasto.cluster.connect` raises."""
    from impasto.cluster import connect

    if not quiet:
        print_status("Starting Ray ..." if address == "local" else f"Connecting to Ray at {address} ...")
    with connect(address) as cluster:
        if not quiet:
            gpus = f" and {cluster.gpus} GPUs" if cluster.gpus else ""
            print_status(f"Ray has {cluster.cpus} CPUs{gpus}.")
        yield cluster


def note_local_files(cluster: RayCluster, places: Sequence[str]) -> None:
    """Note that the workers of other machines have to see files that are given by name."""
    from impasto.batch import is_url

    name = next((place for place in places if not is_url(place)), None)
    if name is not None and not cluster.local:
        print_note(
            f"'{name}' is a file: every machine of the cluster has to see it there; URLs work anywhere."
        )
