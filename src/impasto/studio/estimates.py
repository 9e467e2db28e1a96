"""How long a painting takes: one estimate for every client, learned from the jobs that this machine has finished.

The seconds of a job are modelled as a sum of costs, each in proportion to a quantity that is known before: 1 (files and
start), multiply-adds, the engine's own estimate for an idle machine, pixels times steps, and pixels. The factors begin
with values for a typical machine of the measured speed; every finished job corrects them by least squares of relative
errors. Newer jobs count more. What the last jobs took longer than that, because the machine is busy, the next ones will
take longer too.
"""

from __future__ import annotations

import contextlib
import json
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from impasto.errors import OutputError
from impasto.imaging import write_text_atomic
from impasto.studio.jobs import StudioJob

if TYPE_CHECKING:
    from impasto.optimize.plan import Plan

MAX_RECORDS = 200
# The weight of a job relative to the next newer one, and that of the typical factors relative to one job.
AGEING = 0.9
PRIOR_WEIGHT = 0.1
# Factors stay above this share of the typical ones, so that no cost becomes negative.
LEAST_SHARE = 0.05
# So many of the last jobs say how busy the machine is; more would lag behind, fewer would follow every outlier.
LAST_JOBS = 3
# The engine's own estimate counts fully after this share of the steps.
TRUSTED_SHARE = 0.25
# Multiply-adds per second before any measurement.
TYPICAL_SPEED = 1e11
# Work of the network for any style for a pixel, in multiply-adds of the convolution that measures a machine's speed.
ONE_PASS_MACS = 6e5
# The first picture of a style takes longer than those after it, so that an average would be too long.
LAST_PICTURES = 7
LEAST_PICTURES = 3
# Smaller pictures take a part of their time whatever their size, so nothing is learned from them.
LEAST_PIXELS = 60_000
# Larger pictures in one pass are painted by a process of their own, which starts for them.
LARGE_PIXELS = 4_000_000
LARGE_START_SECONDS = 3.0


@dataclass(frozen=True)
class Workload:
    """What a painting needs: multiply-adds, pixels times steps, and the pixels of output and first picture.

    ``kind`` names device, encoder and optimiser; the factors of kinds are learned separately. ``idle_seconds`` is what
    the engine expects of its steps on an idle machine; where it is known, ``macs`` are 0.
    """

    kind: str
    macs: float
    pixel_steps: float
    pixels: float
    idle_seconds: float = 0.0

    @property
    def quantities(self) -> tuple[float, ...]:
        """The quantities that the costs are in proportion to."""
        return 1.0, self.macs, self.idle_seconds, self.pixel_steps, self.pixels


def work_of(plan: Plan) -> Workload:
    """Return what the run of a plan needs."""
    recipe, output = plan.recipe, plan.height * plan.width
    base = min(1.0, (recipe.base or recipe.side) / recipe.side) ** 2
    return Workload(
        kind=f"{plan.device} {recipe.encoder} {plan.precision} {recipe.optimizer}",
        macs=0.0,
        # The picture that the run starts from is counted by its pixels below.
        idle_seconds=plan.seconds - plan.start_seconds,
        pixel_steps=float(sum(scale.height * scale.width * scale.steps for scale in plan.scales)),
        pixels=output + (2 * output * base if recipe.start == "fast" else 0.0),
    )


class OnePassEstimates:
    """Seconds of pictures in one pass, in proportion to their pixels: the median of the last `LAST_PICTURES`."""

    def __init__(self, seconds_per_pixel: Callable[[], float]) -> None:
        self._typical = seconds_per_pixel
        self._last: deque[float] = deque(maxlen=LAST_PICTURES)

    def seconds(self, pixels: float) -> float:
        """Return how long a picture will take."""
        start = LARGE_START_SECONDS if pixels > LARGE_PIXELS else 0.0
        known = len(self._last) >= LEAST_PICTURES
        return start + pixels * (median(self._last) if known else self._typical())

    def learn(self, pixels: float, seconds: float) -> None:
        """Take over how long a picture has taken."""
        self._last.append(seconds / pixels)


class Estimates:
    """Estimates of seconds, and the records of finished jobs behind them, which a file keeps."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.speed = TYPICAL_SPEED
        self._records: list[tuple[Workload, float]] = []
        self._factors: dict[str, list[float]] = {}
        self.one_pass = OnePassEstimates(lambda: ONE_PASS_MACS / self.speed)
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):  # a damaged file is forgotten
            saved = json.loads(path.read_text(encoding="utf-8"))
            records = [(Workload(**work), float(seconds)) for work, seconds in saved["records"]]
            self.speed, self._records = float(saved["speed"]), records

    def seconds(self, work: Workload) -> float:
        """Return how long a painting will take."""
        return self._pace() * self._fitted(work)

    def _fitted(self, work: Workload) -> float:
        """Return the seconds by the factors of a kind."""
        if work.kind not in self._factors:
            self._factors[work.kind] = self._fit(work.kind)
        return _product(self._factors[work.kind], work.quantities)

    def _pace(self) -> float:
        """Return the seconds of the last jobs relative to the fitted ones."""
        last = self._records[-LAST_JOBS:]
        return median(seconds / self._fitted(work) for work, seconds in last) if last else 1.0

    def measured(self, speed: float) -> None:
        """Take over a measured speed in multiply-adds per second; the fastest measurement was disturbed least."""
        if self.speed == TYPICAL_SPEED or speed > self.speed:
            self.speed = speed
            self._changed()

    def learn(self, work: Workload, seconds: float) -> None:
        """Take over how long a painting has taken."""
        self._records = [*self._records, (work, seconds)][-MAX_RECORDS:]
        self._changed()

    def _changed(self) -> None:
        self._factors.clear()
        content = {
            "speed": self.speed,
            "records": [[asdict(work), seconds] for work, seconds in self._records],
        }
        with contextlib.suppress(OutputError):  # on a full disk the next job saves it
            write_text_atomic(self._path, json.dumps(content))

    def _fit(self, kind: str) -> list[float]:
        """Return the factors for a kind of painting."""
        typical = _typical_factors(self.speed)
        records = [(work, seconds) for work, seconds in self._records if work.kind == kind]
        others = records or self._records  # another kind's records show how fast the machine is
        ratios = [seconds / _product(typical, work.quantities) for work, seconds in others[-20:]]
        typical = [factor * median(ratios) for factor in typical] if ratios else typical
        rows = [
            [factor * quantity / seconds for factor, quantity in zip(typical, work.quantities, strict=True)]
            for work, seconds in records
        ]
        weights = [AGEING**age for age in range(len(rows))][::-1]
        shares = _least_squares(rows, weights)
        return [factor * share for factor, share in zip(typical, shares, strict=True)]


class JobClock:
    """Keeps the time that is left of running jobs, and lets the estimates learn from those that are painted."""

    def __init__(self, estimates: Estimates) -> None:
        self._estimates = estimates
        self._expected: dict[str, tuple[Workload, float]] = {}
        self.painted_seconds = 0.0

    def planned(self, job: StudioJob, work: dict[str, Any], elapsed: float) -> None:
        """A worker has opened a job: set its time left. ``elapsed`` are the seconds since the worker got it."""
        planned = Workload(**work)
        self._expected[job.id] = planned, elapsed
        job.seconds_left = max(0.0, self._estimates.seconds(planned) - elapsed)

    def left(self, job: StudioJob, engine_left: float) -> float:
        """Return the seconds left: first the estimate's, then more and more those that the engine measures."""
        if job.id not in self._expected or not job.steps:
            return engine_left
        work, elapsed = self._expected[job.id]
        share = job.step / job.steps
        expected = max(0.0, self._estimates.seconds(work) - elapsed) * (1 - share)
        trust = min(1.0, share / TRUSTED_SHARE)
        return (1 - trust) * expected + trust * engine_left

    def painted(self, job: StudioJob, seconds: float) -> None:
        """A job was painted from its beginning to its end without a stop."""
        self.painted_seconds += seconds
        if job.id in self._expected:
            self._estimates.learn(self._expected.pop(job.id)[0], seconds)

    def forget(self, job: StudioJob) -> None:
        """A job no longer runs."""
        self._expected.pop(job.id, None)


def _typical_factors(speed: float) -> list[float]:
    """Return the factors before any job has finished, for a machine of this speed."""
    return [0.3, 1.5 / speed, 1.3, 2e4 / speed, 5e5 / speed]


def _product(factors: Sequence[float], quantities: Sequence[float]) -> float:
    return sum(factor * quantity for factor, quantity in zip(factors, quantities, strict=True))


def _least_squares(rows: Sequence[Sequence[float]], weights: Sequence[float]) -> list[float]:
    """Return shares u >= LEAST_SHARE that minimise sum w (row . u - 1)^2 + PRIOR_WEIGHT |u - 1|^2.

    Coordinate descent: each share in turn gets its best value while the others are fixed.
    """
    shares = [1.0] * max(map(len, rows), default=5)
    for _ in range(200):
        for k in range(len(shares)):
            numerator = denominator = PRIOR_WEIGHT
            for row, weight in zip(rows, weights, strict=True):
                rest = 1 - _product(row, shares) + row[k] * shares[k]
                numerator += weight * row[k] * rest
                denominator += weight * row[k] ** 2
            shares[k] = max(LEAST_SHARE, numerator / denominator)
    return shares
