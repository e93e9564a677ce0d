"""Traces: from a request to its records and on to the views, where an operator asks for them.

The three spans carry the correlation of the records in `parley.correlation`: the request and its commit are one
trace, and the fold, which comes later and in another process, is found by it. Without the variables of OpenTelemetry
nothing of this is there: no part asks whether it is traced.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from opentelemetry.trace import Link, Span, Tracer, get_current_span

from application.view import Record
from infrastructure.code_version import VERSION
from infrastructure.committer import CommitQueue, Committer, Outcome, Request
from infrastructure.database import Database
from infrastructure.log import Log
from infrastructure.projector import Projector

CORRELATION = "parley.correlation"
CORRELATIONS_MAX = 128
"""How many a span tells of, as OpenTelemetry has it for other things."""
_ASKED_BY = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_TRACES_EXPORTER")


def tracer_of(environment: Mapping[str, str] = os.environ) -> Tracer | None:
    """What traces are made with, and sent to where the variables of OpenTelemetry say; none where none is set."""
    asked = any(environment.get(name) for name in _ASKED_BY)
    if not asked or environment.get("OTEL_TRACES_EXPORTER") == "none" or environment.get("OTEL_SDK_DISABLED") == "true":
        return None
    # To load these takes longer than all else in a start.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    named = {} if environment.get("OTEL_SERVICE_NAME") else {"service.name": "parley"}
    provider = TracerProvider(resource=Resource.create({**named, "service.version": VERSION}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider.get_tracer("parley", VERSION)


class _TracedRequest(Request):
    """A request with the span in which it waits."""

    span: Span


class _TracedCommitter(Committer):
    """A span for each group of requests, linked with the spans of their commits, both ways."""

    def __init__(self, log: Log, clock: Callable[[], datetime], tracer: Tracer) -> None:
        super().__init__(log, clock)
        self._tracer = tracer

    def commit(self, requests: Sequence[Request]) -> list[Outcome]:
        commits = [request.span for request in requests if isinstance(request, _TracedRequest)]
        links = [Link(commit.get_span_context()) for commit in commits]
        with self._tracer.start_as_current_span("group", links=links) as group:
            outcomes = super().commit(requests)
            group.set_attribute("parley.requests", len(requests))
        for commit in commits:
            if commit.is_recording():  # it has ended where whoever asked has gone
                commit.add_link(group.get_span_context())
        return outcomes


class TracedQueue(CommitQueue):
    """A span for each request from when it begins to wait until its records are on disk."""

    def __init__(self, log: Log, clock: Callable[[], datetime], tracer: Tracer) -> None:
        super().__init__(_TracedCommitter(log, clock, tracer))
        self._tracer = tracer

    async def submit(self, request: Request) -> list[Record]:
        asked = get_current_span()
        with self._tracer.start_as_current_span("commit", record_exception=False) as span:
            traced = _TracedRequest(*request)
            traced.span = span
            records = await super().submit(traced)
            for told in (asked, span):
                told.set_attribute(CORRELATION, correlations(records))
            span.set_attribute("parley.position", records[-1].position)
            return records


class TracedProjector(Projector):
    """A span for each batch of records, from the log to the views."""

    def __init__(self, database: Database, clock: Callable[[], datetime], tracer: Tracer) -> None:
        super().__init__(database, clock)
        self._tracer = tracer

    def _take(self, records: Sequence[Record], checkpoint: int) -> None:
        if not records:
            return
        with self._tracer.start_as_current_span("fold") as span:
            span.set_attribute(CORRELATION, correlations(records))
            span.set_attribute("parley.position", records[-1].position)
            span.set_attribute("parley.records", len(records))
            super()._take(records, checkpoint)


def correlations(records: Sequence[Record]) -> list[str]:
    """Each once, in the order of the records."""
    told = dict.fromkeys(str(record.event.envelope.correlation) for record in records)
    return list(told)[:CORRELATIONS_MAX]
