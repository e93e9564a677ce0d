"""What a process writes to its standard error: a JSON object a line, unless an operator reads it himself."""

import json
from pathlib import Path

import pytest

from tests.processes.conftest import Process, Start, request, wait_until

HIDDEN = "correct-horse"


def refused(process: Process) -> str:
    process.wait_until_it_serves()
    assert process.tell("annotate", note=HIDDEN).status_code == 422
    with process.connect() as connection:  # what is no request at all is told by the server, not by the application
        connection.sendall(b"no request\r\n\r\n")
        connection.recv(1000)
    assert process.stop() == 0
    return process.told


def test_each_line_is_an_object(start: Start, tmp_path: Path) -> None:
    told = refused(start("serve", address=f"sqlite:///{tmp_path}/parley.db"))
    assert HIDDEN not in told
    first, second, *lines = told.splitlines()
    assert first.startswith("Parley serves")
    assert second.startswith("It runs open")
    events = [json.loads(line) for line in lines]
    assert [(event["event"], event["level"]) for event in events] == [
        ("a request was refused", "warning"),
        ("Invalid HTTP request received.", "warning"),
    ]
    assert events[0]["code"] == "unknown"
    assert all("timestamp" in event for event in events)


def test_an_operator_can_ask_for_text(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_LOG", "text")
    told = refused(start("serve", address=f"sqlite:///{tmp_path}/parley.db"))
    assert "[warning  ] a request was refused" in told
    assert "{" not in told


def test_whoever_is_turned_away_before_the_application_is_counted(start: Start, tmp_path: Path) -> None:
    process = start(
        "serve",
        address=f"sqlite:///{tmp_path}/parley.db",
        patched={"interfaces.http_server.PATIENCE_SECONDS": 0.2},
    ).wait_until_it_serves()
    with process.connect() as slow:
        slow.sendall(request("/v1/records/annotate", {"note": HIDDEN})[:-3])
        answer = slow.recv(10_000).decode()
    assert "x-content-type-options: nosniff" in answer
    assert "cache-control: no-cache, private" in answer
    assert 'parley_connections_turned_away_total{code="too-slow"} 1.0' in process.get("/metrics").text


def test_traces_that_nobody_takes_hold_up_neither_requests_nor_the_end(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("PARLEY_LOG", "json")
    process = start("serve", address=f"sqlite:///{tmp_path}/parley.db").wait_until_it_serves()
    assert process.tell("open-negotiation", title="Talks").status_code == 201
    wait_until(lambda: process.get("/v1/negotiations/talks").status_code == 200)
    assert process.stop(30) == 0
