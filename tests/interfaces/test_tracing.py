"""One correlation followed from the request to its records and on to the views, by the spans of three processes."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from threading import Event
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, Tracer
from pydantic import TypeAdapter

from application.command import all_commands
from application.registrar import Submission
from application.view import Record
from infrastructure.committer import Request
from infrastructure.database import Database
from infrastructure.log import Log
from infrastructure.settings import Settings
from infrastructure.tracing import CORRELATION, TracedQueue, tracer_of
from interfaces.main import application, projector
from interfaces.watching import Watch

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
OPEN = {"negotiation": "talks", "occurred": "2025-01-02", "title": "Talks"}
NOTE = {"negotiation": "talks", "occurred": "2025-01-02", "note": "Noted."}


@pytest.fixture
def spans() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracer(spans: InMemorySpanExporter) -> Tracer:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    return provider.get_tracer("test")


@pytest.fixture
def client(database: Database, address: str, tracer: Tracer) -> Iterator[TestClient]:
    service = application(Settings(database=address), ("recording", "reading"), watch=Watch(tracer))
    with TestClient(service, raise_server_exceptions=False) as client:
        yield client


def named(spans: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    return [span for span in spans.get_finished_spans() if span.name == name]


def context(span: ReadableSpan) -> tuple[str, str]:
    found = span.get_span_context()
    assert found
    return f"{found.trace_id:032x}", f"{found.span_id:016x}"


def told(span: ReadableSpan, attribute: str) -> Any:
    value = (span.attributes or {}).get(attribute)
    return list(value) if isinstance(value, tuple) else value


def test_a_correlation_is_followed_from_the_request_to_the_view(
    client: TestClient, address: str, tracer: Tracer, spans: InMemorySpanExporter
) -> None:
    correlation = str(UUID(int=7))
    assert client.post("/v1/records/open-negotiation", json=OPEN).status_code == 201
    headers = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
    answer = client.post("/v1/records/annotate", json=NOTE | {"correlation": correlation}, headers=headers)
    assert answer.status_code == 201
    projecting = projector(Settings(database=address), tracer=tracer)
    for _ in projecting.rebuild():
        pass
    assert client.post("/v1/records/annotate", json=NOTE).status_code == 201
    projecting.catch_up()
    projecting.close()

    first, _ = named(spans, "POST /v1/records/annotate")
    assert (context(first)[0], first.kind) == (TRACE, SpanKind.SERVER)
    assert first.parent
    assert f"{first.parent.span_id:016x}" == PARENT
    assert told(first, "http.response.status_code") == 201
    commit = named(spans, "commit")[1]
    assert commit.parent
    assert (context(commit)[0], f"{commit.parent.span_id:016x}") == (TRACE, context(first)[1])
    assert told(first, CORRELATION) == told(commit, CORRELATION) == [correlation]
    group = named(spans, "group")[1]
    assert [link.context.span_id for link in group.links] == [int(context(commit)[1], 16)]
    assert [link.context.span_id for link in commit.links] == [int(context(group)[1], 16)]
    (fold,) = named(spans, "fold")
    own = client.get("/v1/records", params={"after": 2}).json()["items"][0]["envelope"]["correlation"]
    assert told(fold, CORRELATION) == told(named(spans, "commit")[2], CORRELATION) == [own]
    assert (told(fold, "parley.position"), told(fold, "parley.records")) == (3, 1)


def test_what_is_refused_or_read_is_a_span_that_says_nothing_of_its_content(
    client: TestClient, spans: InMemorySpanExporter
) -> None:
    client.post("/v1/records/annotate?key=correct-horse", json=NOTE | {"note": "correct-horse"})
    client.get("/v1/negotiations/talks/rounds", params={"q": "correct-horse"})
    client.get("/nothing")
    (refused,) = named(spans, "POST /v1/records/annotate")
    assert told(refused, "http.response.status_code") == 422
    assert len(named(spans, "GET /v1/negotiations/{slug}/rounds")) == len(named(spans, "GET none")) == 1
    for span in spans.get_finished_spans():
        assert "correct-horse" not in span.to_json()


def test_whoever_goes_before_the_answer_leaves_the_others_of_the_group_theirs(
    database: Database, tracer: Tracer, spans: InMemorySpanExporter
) -> None:
    kind = all_commands()["open-negotiation"]
    body = TypeAdapter(kind.body())
    told = [body.validate_python(OPEN | {"negotiation": name}) for name in ("first", "gone", "talks")]
    requests = [Request([Submission(kind, facts, "test", UUID(int=0))]) for facts in told]
    log, free = Log(database), Event()
    free.set()

    def clock() -> datetime:
        assert free.wait(10)
        return datetime(2025, 6, 1, tzinfo=UTC)

    async def asked() -> list[Record]:
        queue = TracedQueue(log, clock, tracer)
        free.clear()
        first = asyncio.create_task(queue.submit(requests[0]))
        while not queue.groups:
            await asyncio.sleep(0)
        gone, staying = [asyncio.create_task(queue.submit(request)) for request in requests[1:]]
        while queue.depth < 2:
            await asyncio.sleep(0)
        gone.cancel()
        await asyncio.wait([gone])
        free.set()
        async with asyncio.timeout(10):
            records = [*await first, *await staying]
            await queue.stop()
        return records

    records = asyncio.run(asked())
    log.close()
    assert [record.position for record in records] == [1, 3]
    waited = [int(context(span)[1], 16) for span in named(spans, "commit")]
    linked = [link.context.span_id for group in named(spans, "group") for link in group.links]
    assert sorted(linked) == sorted(waited)


@pytest.mark.parametrize(
    ("environment", "traced"),
    [
        ({}, False),
        ({"OTEL_SERVICE_NAME": "desk"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, False),
        ({"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, True),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
    ],
)
def test_nothing_is_traced_unless_an_operator_asks_for_it(environment: dict[str, str], traced: bool) -> None:
    assert (tracer_of(environment) is not None) == traced


def test_what_stands_in_an_address_is_in_no_span(client: TestClient, spans: InMemorySpanExporter) -> None:
    client.get("/v1/negotiations/talks-of-gold", params={"policy": "hidden"})
    (span,) = spans.get_finished_spans()
    assert told(span, "http.response.status_code") == 422
    assert not any(secret in span.to_json() for secret in ("gold", "hidden"))
