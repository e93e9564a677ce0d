"""What Prometheus asks for: the counters of this process put into words, and how the stores stand right now."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from fastapi import APIRouter, Response
from fastapi.concurrency import run_in_threadpool
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from infrastructure.committer import GROUP_MAX, CommitQueue
from infrastructure.database import StoreFull, StoreLost, StoreRefused
from interfaces.watching import BUCKETS, Watch

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_GROUPS = [2**power for power in range(GROUP_MAX.bit_length())]

Readiness = Callable[[], dict[str, Any]]


def router(watch: Watch, queue: Callable[[], CommitQueue | None], ready: Readiness) -> APIRouter:
    """The one route; `ready` tells how far the views follow the log."""
    routes = APIRouter(tags=["operation"])
    process = CollectorRegistry()
    ProcessCollector(registry=process)

    async def show_metrics() -> Response:
        registry = CollectorRegistry()
        registry.register(_Seen(watch, queue(), _standing(ready)))
        body = await run_in_threadpool(lambda: generate_latest(registry) + generate_latest(process))
        return Response(body, media_type=MEDIA_TYPE)

    routes.add_api_route(
        "/metrics",
        show_metrics,
        methods=["GET"],
        operation_id="metrics",
        summary="Counters of this process and the lag of the views, for Prometheus.",
        response_class=Response,
        responses={200: {"description": "in the text format of Prometheus", "content": {"text/plain": {}}}},
    )
    return routes


def _standing(ready: Readiness) -> dict[str, Any] | None:
    try:
        return ready()
    except (StoreLost, StoreRefused, StoreFull):
        return None


class _Seen(Collector):
    """Everything at the moment of one question."""

    def __init__(self, watch: Watch, queue: CommitQueue | None, standing: dict[str, Any] | None) -> None:
        self._watch = watch
        self._queue = queue
        self._standing = standing

    def collect(self) -> Iterator[Metric]:
        yield self._requests()
        yield _counted("parley_refused_requests", "Requests refused or failed", self._watch.refused)
        yield _counted("parley_connections_turned_away", "Connections turned away", self._watch.turned_away)
        if self._queue:
            yield CounterMetricFamily("parley_records_taken", "Records this process stored", self._queue.taken)
            yield GaugeMetricFamily("parley_queue_depth", "Requests that wait for the committer", self._queue.depth)
            yield self._groups(self._queue)
        yield from self._stores()

    def _requests(self) -> Metric:
        family = HistogramMetricFamily(
            "parley_request_seconds", "Requests by how long they took", labels=("route", "method", "status")
        )
        for (route, method, status), timed in list(self._watch.requests.items()):
            labels = (route, method, f"{status}xx")
            family.add_metric(labels, _summed(BUCKETS, timed.counts), timed.seconds)
        return family

    def _groups(self, queue: CommitQueue) -> Metric:
        groups = list(queue.groups.items())
        counts = [0] * (len(_GROUPS) + 1)
        for size, count in groups:
            counts[(size - 1).bit_length()] += count
        total = sum(size * count for size, count in groups)
        family = HistogramMetricFamily("parley_group_requests", "Requests stored in one transaction")
        family.add_metric((), _summed(_GROUPS, counts), total)
        return family

    def _stores(self) -> Iterator[Metric]:
        told = self._standing
        yield GaugeMetricFamily("parley_store_up", "Whether the store answers", int(told is not None))
        if told is None:
            return
        yield GaugeMetricFamily("parley_log_head", "The last position of the log", told["head"])
        if "position" not in told:
            return
        behind = told["behind"]
        yield GaugeMetricFamily("parley_views_position", "The position that the views rest on", told["position"])
        yield GaugeMetricFamily("parley_views_behind_records", "Records not in the views yet", behind["records"])
        if behind["seconds"] is not None:
            yield GaugeMetricFamily("parley_views_behind_seconds", "Age of the oldest of them", behind["seconds"])
        yield GaugeMetricFamily("parley_parked", "Times that a record is missing in a document", len(told["parked"]))


def _counted(name: str, what: str, counts: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(name, f"{what}, by the code of the problem", labels=("code",))
    for code, count in list(counts.items()):
        family.add_metric((code,), count)
    return family


def _summed(bounds: Iterable[float], counts: list[int]) -> list[tuple[str, float]]:
    """Each bucket with all that are smaller, as the text format has it."""
    sums, total = [], 0
    for bound, count in zip([*map(float, bounds), float("inf")], counts, strict=True):
        total += count
        sums.append(("+Inf" if bound == float("inf") else str(bound), float(total)))
    return sums
