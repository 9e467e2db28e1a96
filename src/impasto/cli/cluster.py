"""``--cluster`` of the commands that can use Ray."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from impasto.cli.console import print_note, print_status
from impasto.cli.interrupt import Stop
from impasto.cli.options import RUN_PANEL
from impasto.errors import RecipeError

if TYPE_CHECKING:
    from impasto.cluster import RayCluster, TileSpread
    from impasto.optimize import Job
    from impasto.optimize.recipe import Recipe
    from impasto.video.job import VideoJob

# Side of the tiles of a picture on a cluster, unless --tile says another: many enough to share, with little context.
CLUSTER_TILE = 1024


@dataclass(frozen=True)
class ClusterOptions:
    """Options of a command that can spread one piece of work over Ray."""

    cluster: Annotated[
        str | None,
        typer.Option(
            metavar="local|auto|HOST:PORT",
            rich_help_panel=RUN_PANEL,
            help="Spread the work with Ray: over the cores of this machine, or over the machines of a cluster.",
        ),
    ] = None
    workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            rich_help_panel=RUN_PANEL,
            help="Workers of --cluster.",
            show_default="one a core, or one a GPU",
        ),
    ] = None

    def check(self) -> None:
        """Raise `RecipeError` for workers without a cluster."""
        if self.workers is not None and self.cluster is None:
            raise RecipeError("--workers is for --cluster; give both.")

    @property
    def arguments(self) -> list[str]:
        """The options as they are typed."""
        named = {"cluster": self.cluster, "workers": self.workers}
        return [f"--{name}={value}" for name, value in named.items() if value is not None]


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


@contextlib.contextmanager
def tile_spread(options: ClusterOptions, quiet: bool) -> Iterator[TileSpread | None]:
    """Connect to the cluster that the options name and yield what spreads tiles over it; None without a cluster."""
    if options.cluster is None:
        yield None
        return
    from impasto.cluster import TileSpread

    with (
        connected(options.cluster, quiet) as cluster,
        contextlib.closing(TileSpread(cluster, options.workers)) as spread,
    ):
        yield spread


def with_tiles(recipe: Recipe) -> Recipe:
    """Return the recipe with tiles, also where memory does not need them."""
    return recipe if recipe.tile is not None else recipe.model_copy(update={"tile": CLUSTER_TILE})


def spread_tiles(job: Job, spread: TileSpread) -> Job:
    """Return the job with its tiles on a cluster, noting what is painted here all the same."""
    whole = [scale for scale in job.plan.scales if scale.tile is None]
    if len(whole) == len(job.plan.scales):
        tile = job.plan.recipe.tile or CLUSTER_TILE
        print_note(
            f"At {job.plan.width}x{job.plan.height} there are no tiles of {tile} pixels, so that this process paints"
            " alone; give a larger --size or a smaller --tile."
        )
    return replace(job, make_tiled=spread)


@contextlib.contextmanager
def clip_spread(options: ClusterOptions, job: VideoJob, stop: Stop, quiet: bool) -> Iterator[VideoJob]:
    """Yield ``job``, painted on the cluster that the options name; without one, as it is.

    The cluster is connected when the first frame is to be painted, so that everything else is checked before.
    """
    if options.cluster is None:
        yield job
        return
    from impasto.cluster import ClusterPainter
    from impasto.cluster.clips import check_chunks

    check_chunks(job.settings)
    with contextlib.ExitStack() as stack:

        def open_there(*_: Any) -> ClusterPainter:
            cluster = stack.enter_context(connected(options.cluster or "", quiet))
            note_local_files(cluster, [str(job.clip.info.path)])
            return ClusterPainter(cluster, job, workers=options.workers, on_wait=stop.check)

        yield replace(job, open_painter=open_there, in_chunks=True)
