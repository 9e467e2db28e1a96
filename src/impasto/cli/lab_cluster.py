"""``impasto lab run --cluster``: the cells of a study are computed by the workers of a cluster."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

from impasto.cli.console import one_line, print_status
from impasto.cli.interrupt import Stop
from impasto.cli.recurring import RecurringTimer

if TYPE_CHECKING:
    from impasto.cluster import RayCluster
    from impasto.lab import Laboratory
    from impasto.lab.study import Study

LINE_SECONDS = 5.0


def compute_on_cluster(
    cluster: RayCluster, study: Study, laboratory: Laboratory, stop: Stop, fresh: bool, quiet: bool
) -> None:
    """Compute the unfinished cells of a study into its folder, where `run_study` finds them.

    The folder has to be where all machines see it. ``fresh`` deletes the results first. Raises `Interrupted` after a
    signal; the cells that are finished stay.
    """
    from impasto.cluster import Lost, WorkPool
    from impasto.lab.spread import CellWork, unfinished_cells

    laboratory = replace(laboratory, out=laboratory.out.resolve())
    if fresh:
        shutil.rmtree(laboratory.out / study.name / "cells", ignore_errors=True)
    indices = unfinished_cells(study, laboratory)
    if not indices:
        return
    pool, timer = WorkPool(cluster, CellWork(study.name, laboratory)), RecurringTimer(LINE_SECONDS)
    try:
        work = ((str(index), index) for index in indices)
        for done, (_, outcome) in enumerate(pool.map(work, stop.check), 1):
            if isinstance(outcome, Lost):
                print_status(f"{study.name}: a cell was given up, {one_line(outcome.reason)}.")
            if not quiet and (timer.due() or done == len(indices)):
                print_status(f"{study.name}: {done} of {len(indices)} cells")
    finally:
        pool.close()
