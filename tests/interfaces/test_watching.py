"""What is seen of a service while it works: metrics, a line for what is refused, and the headers of every answer."""

import re
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from infrastructure.database import StoreLost
from infrastructure.settings import Settings
from interfaces import metrics, recording
from interfaces.headers import SAFE
from interfaces.main import application
from interfaces.watching import Watch
from tests.interfaces.conftest import Tell

HIDDEN = "correct-horse"
NOTE = {"negotiation": "talks", "occurred": "2025-01-02", "note": HIDDEN}


@pytest.fixture
def watch() -> Watch:
    return Watch(logs=True)


@pytest.fixture
def client(settings: Settings, clock: Any, watch: Watch) -> Iterator[TestClient]:
    service = application(settings, clock=clock, watch=watch)
    with TestClient(service, raise_server_exceptions=False) as client:
        yield client


def told(client: TestClient) -> dict[tuple[str, ...], float]:
    """What Prometheus would read: the values by names and labels, those in the order of their names."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_requests_are_counted_by_route_method_and_status(client: TestClient, tell: Tell) -> None:
    within = "/v1/negotiations/talks"
    paths = [within, f"{within}/ledger", f"{within}/rounds", f"{within}/sources/none", f"{within}?as_of=2025-01-02"]
    for path in [*paths, "/v1/records", "/docs"]:
        client.get(path)
    assert tell("raise-issue", issue="fish", title="Fish").status_code == 409
    seen = told(client)
    slug = "/v1/negotiations/{slug}"
    for method, route, status, count in (
        ("POST", "/v1/records/add-party", "2xx", 2),
        ("POST", "/v1/records/raise-issue", "2xx", 1),
        ("POST", "/v1/records/raise-issue", "4xx", 1),
        ("GET", slug, "2xx", 2),  # one by the shortcut, one by its route
        ("GET", f"{slug}/ledger", "2xx", 1),
        ("GET", f"{slug}/rounds", "2xx", 1),
        ("GET", f"{slug}/sources/{{key}}", "4xx", 1),
        ("GET", "/v1/records", "2xx", 1),
        ("GET", "/docs", "2xx", 1),
    ):
        labels = (method, route, status)
        assert seen["parley_request_seconds_count", *labels] == count, labels
        assert seen["parley_request_seconds_sum", *labels] > 0
        assert seen["parley_request_seconds_bucket", "+Inf", *labels] == count
    assert seen["parley_records_taken_total",] == seen["parley_log_head",] == 4
    assert seen["parley_group_requests_count",] == 5
    assert seen["parley_queue_depth",] == 0
    assert seen["parley_refused_requests_total", "already-known"] == 1


def test_a_bounded_number_of_routes_is_told_apart_whatever_is_asked_for(client: TestClient, watch: Watch) -> None:
    for number in range(50):
        client.get(f"/nothing/{number}")
        client.get(f"/v1/negotiations/n{number}/none-{number}/x")
        client.get(f"/v1/negotiations/n{number}/rounds/round/{number}/x")
        client.post(f"/v1/records/no-{number}", json={})
        client.request(f"VERB{number}", "/v1/records")
    assert len(watch.requests) <= 5, list(watch.requests)


def test_how_far_the_views_are_behind_is_told_by_a_reading_process(settings: Settings) -> None:
    with TestClient(application(settings)) as client:
        assert client.post("/v1/records/open-negotiation", json=NOTE | {"note": None}).status_code == 422
        body = {"negotiation": "talks", "occurred": "2025-01-02", "title": "Talks"}
        assert client.post("/v1/records/open-negotiation", json=body).status_code == 201
    with TestClient(application(settings, ("recording", "reading"))) as client:
        before = told(client)
        for _ in range(3):
            assert client.post("/v1/records/annotate", json=NOTE).status_code == 201
        seen = told(client)
    assert (before["parley_views_behind_records",], before["parley_views_behind_seconds",]) == (0, 0)
    assert (seen["parley_views_behind_records",], seen["parley_views_position",], seen["parley_log_head",]) == (3, 1, 4)
    assert seen["parley_views_behind_seconds",] > 0
    assert seen["parley_parked",] == 0
    with TestClient(application(settings, ("recording",))) as client:
        recording_alone = told(client)
    assert recording_alone["parley_log_head",] == 4
    assert ("parley_views_position",) not in recording_alone


def test_a_store_that_does_not_answer_is_told_and_the_counters_stand() -> None:
    def lost() -> dict[str, Any]:
        raise StoreLost(f"password {HIDDEN}")

    watch = Watch()
    watch.turned_away["too-slow"] += 2
    app = FastAPI()
    app.include_router(metrics.router(watch, lambda: None, lost))
    with TestClient(app) as client:
        seen = told(client)
    assert seen["parley_store_up",] == 0
    assert seen["parley_connections_turned_away_total", "too-slow"] == 2
    assert "process_resident_memory_bytes" in {name for name, *_ in seen}


def test_a_refused_request_is_one_line_without_what_it_said(client: TestClient, tell: Tell) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    headers = {"Authorization": f"Bearer {HIDDEN}", "traceparent": trace}
    with capture_logs() as lines:
        assert client.post("/v1/records/annotate", json=NOTE, headers=headers).status_code == 201
        assert client.get("/v1/negotiations/talks").status_code == 200
        refused = client.post(f"/v1/records/annotate?key={HIDDEN}", json=NOTE | {"title": HIDDEN}, headers=headers)
        client.get(f"/v1/negotiations/none?policy={HIDDEN}")
        client.get(f"/v1/{'x' * 5000}")
        client.get("/v1/%1b]0;owned%07", headers={"traceparent": "\x1b[2J"})
    first, second, third, fourth = lines
    assert first == {
        "event": "a request was refused",
        "log_level": "warning",
        "request": refused.headers["parley-request"],
        "client": "testclient",
        "method": "POST",
        "path": "/v1/records/annotate",
        "status": 422,
        "code": "unknown-field",
        "seconds": first["seconds"],
        "traceparent": trace,
    }
    assert (second["code"], second["path"]) == ("not-a-policy", "/v1/negotiations/none")
    assert len(third["path"]) == 300
    assert (fourth["path"], fourth["traceparent"]) == ("/v1/%1B%5D0%3Bowned%07", "%1B%5B2J")
    assert HIDDEN not in str(lines)


def test_a_failed_request_is_one_line_too_and_says_nothing_of_the_inside(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError(HIDDEN)

    monkeypatch.setattr(recording.telling, "lines", broken)
    with capture_logs() as lines:
        answer = client.post("/v1/records", content=b"{}", headers={"Content-Type": "application/x-ndjson"})
    assert answer.status_code == 500
    assert HIDDEN not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert [(line["event"], line.get("code")) for line in lines] == [
        ("unforeseen error", None),
        ("a request failed", "internal-error"),
    ]
    assert lines[1]["request"] == answer.headers["parley-request"]


def test_nothing_is_logged_where_the_command_line_asks_within_its_own_process(settings: Settings) -> None:
    with capture_logs() as lines, TestClient(application(settings)) as client:
        assert client.get("/v1/negotiations/none").status_code == 404
    assert lines == []


@pytest.mark.parametrize(
    "path", ["/healthz", "/metrics", "/v1/records", "/v1/negotiations/talks", "/none", "/docs", "/openapi.json"]
)
def test_every_answer_carries_the_safe_headers(client: TestClient, tell: Tell, path: str) -> None:
    for answer in (client.get(path), client.request("OPTIONS", path), client.post(path, content=b"x")):
        for name, value in SAFE[:3]:
            assert answer.headers[name.decode()] == value.decode(), (answer.status_code, name)
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; frame-ancestors 'none'")
        assert ("script-src" in policy) == (path == "/docs")


def test_an_answer_that_still_holds_carries_them_too(client: TestClient, tell: Tell) -> None:
    answer = client.get("/v1/records")
    again = client.get("/v1/records", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.headers["cache-control"]) == (304, "no-cache, private")


def test_the_page_of_the_interface_runs_no_script_but_its_own(client: TestClient) -> None:
    """Its scripts are those of the framework, from one place; the text between the tags is known by its hash."""
    page = client.get("/docs")
    policy = page.headers["content-security-policy"]
    scripts = policy.partition("script-src ")[2].partition(";")[0]
    assert "unsafe" not in scripts
    (own,) = re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL)
    assert f"'sha256-{b64encode(sha256(own.encode()).digest()).decode()}'" in scripts
    for source in re.findall(r'(?:src|href)="(https://[^"]+)"', page.text):
        assert any(source.startswith(allowed) for allowed in re.findall(r"https://\S+", policy.replace(";", " ")))
