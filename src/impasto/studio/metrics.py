"""Metrics of a studio in the format of Prometheus. The package prometheus-client is imported on first use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, MutableMapping
from typing import TYPE_CHECKING, Any

from impasto.errors import MissingExtraError
from impasto.studio.jobs import ACTIVE, ENDED

if TYPE_CHECKING:
    from impasto.studio.service import StudioService

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_REQUEST_BUCKETS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100)
_MAX_ROUTES = 200
# Clients may send any other word as a method, and each would be counted on its own.
_METHODS = ("GET", "HEAD", "POST", "PATCH", "DELETE", "PUT", "OPTIONS")


class RequestCounts:
    """Counts of answered requests by method, route and status, and a histogram of their seconds by route."""

    def __init__(self) -> None:
        self.answers: Counter[tuple[str, str, int]] = Counter()
        self.buckets: dict[str, list[int]] = {}
        self.seconds: Counter[str] = Counter()

    def observe(self, scope: MutableMapping[str, Any], status: int, seconds: float) -> None:
        """Count a request. Event streams last as long as their jobs, so their seconds are left out."""
        route = getattr(scope.get("route"), "path", None) or "other"
        if route not in self.buckets and len(self.buckets) >= _MAX_ROUTES:
            route = "other"
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self.answers[method, route, status] += 1
        if route.endswith("/events"):
            return
        counts = self.buckets.setdefault(route, [0] * (len(_REQUEST_BUCKETS) + 1))
        counts[next((k for k, most in enumerate(_REQUEST_BUCKETS) if seconds <= most), -1)] += 1
        self.seconds[route] += seconds  # type: ignore[assignment]


def metrics_text(studio: StudioService, requests: RequestCounts) -> bytes:
    """Return all metrics; raises `MissingExtraError` without prometheus-client."""
    try:
        from prometheus_client import CollectorRegistry, generate_latest
        from prometheus_client.core import Metric
    except ModuleNotFoundError as error:
        raise MissingExtraError("/metrics", "studio") from error

    class Collector:
        def collect(self) -> Iterable[Metric]:
            yield from _request_metrics(requests)
            yield from _studio_metrics(studio)

    registry = CollectorRegistry()
    registry.register(Collector())
    return bytes(generate_latest(registry))


def _request_metrics(requests: RequestCounts) -> Iterable[Any]:
    from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

    answers = CounterMetricFamily(
        "impasto_requests", "Answered requests.", labels=["method", "route", "status"]
    )
    for (method, route, status), count in requests.answers.items():
        answers.add_metric([method, route, str(status)], count)
    yield answers
    times = HistogramMetricFamily(
        "impasto_request_seconds", "Seconds from request to the end of its answer.", labels=["route"]
    )
    for route, counts in requests.buckets.items():
        total, buckets = 0, []
        for most, count in zip((*map(str, _REQUEST_BUCKETS), "+Inf"), counts, strict=True):
            total += count
            buckets.append((most, total))
        times.add_metric([route], buckets, requests.seconds[route])
    yield times


def _studio_metrics(studio: StudioService) -> Iterable[Any]:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    jobs = GaugeMetricFamily("impasto_jobs", "Unfinished jobs by state.", labels=["state"])
    for state in ACTIVE:
        jobs.add_metric([state], sum(job.state == state for job in studio.job_store.active.values()))
    yield jobs
    ended = CounterMetricFamily(
        "impasto_jobs_ended", "Jobs that ended since the start of the server.", labels=["state"]
    )
    for state in ENDED:
        ended.add_metric([state], studio.job_store.ended_counts[state])
    yield ended
    seconds = CounterMetricFamily(
        "impasto_painting_seconds", "Seconds of finished jobs, of those without a break."
    )
    seconds.add_metric([], studio.clock.painted_seconds)
    yield seconds
    ready = GaugeMetricFamily("impasto_worker_ready", "Whether a worker can paint.", labels=["device"])
    for worker in studio.worker_pool.workers:
        ready.add_metric([worker.device], float(worker.ready))
    yield ready
    yield GaugeMetricFamily("impasto_subscribers", "Clients that follow a job.", value=len(studio.event_bus))
    yield GaugeMetricFamily(
        "impasto_history_bytes", "Bytes of all pictures and jobs.", value=studio.database.bytes()
    )
