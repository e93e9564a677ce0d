"""Each bad input gets a problem document with a stable code and the field's path; nothing is stored."""

import base64
from typing import Any

import pytest
from fastapi.testclient import TestClient

from interfaces import telling
from tests.interfaces.conftest import Tell

CLAIM = {"kind": "position", "claimant": "north", "subject": "issue/fish", "value": {"type": "text", "text": "More."}}
MONEY = {"type": "money", "money": {"amount": "5", "currency": "USD"}}


def money(**changes: str) -> dict[str, Any]:
    return {"type": "money", "money": {"amount": "5", "currency": "USD"} | changes}


CASES: list[tuple[str, dict[str, Any], int, str, str]] = [
    ("make-claim", {k: v for k, v in CLAIM.items() if k != "kind"}, 422, "missing-field", "kind"),
    ("make-claim", CLAIM | {"colour": "red"}, 422, "unknown-field", "colour"),
    ("make-claim", CLAIM | {"occurred": "2025-02-29"}, 422, "no-such-date", "occurred"),
    ("make-claim", CLAIM | {"occurred": "2025-02-03T25:00Z"}, 422, "no-such-date", "occurred"),
    ("register-source", {"source": "s", "title": "T", "publisher": "P", "kind": "note", "language": "Japanese"}, 422, "not-a-language", "language"),
    ("make-claim", CLAIM | {"occurred": "2999-01-01"}, 422, "not-yet-occurred", "occurred"),
    ("make-claim", CLAIM | {"claimant": "east"}, 422, "unknown", "claimant"),
    ("make-claim", CLAIM | {"subject": "issue/meat"}, 422, "unknown", "subject"),
    ("make-claim", CLAIM | {"kind": "reading", "subject": "provision/a/b"}, 422, "unknown", "subject"),
    ("make-claim", CLAIM | {"subject": "weather/rain"}, 422, "not-a-subject", "subject"),
    ("make-claim", CLAIM | {"kind": "report"}, 422, "claim-does-not-fit-subject", "subject"),
    ("make-claim", CLAIM | {"evidence": [{"source": "paper"}]}, 422, "unknown", "evidence.0.source"),
    ("make-claim", CLAIM | {"negotiation": "nothing"}, 422, "unknown", "negotiation"),
    ("make-claim", CLAIM | {"negotiation": "Talks!"}, 422, "not-a-name", "negotiation"),
    ("make-claim", CLAIM | {"value": {"type": "share", "percent": "100.5"}}, 422, "not-a-share", "value.percent"),
    ("make-claim", CLAIM | {"value": {"type": "rate", "percent": "--1"}}, 422, "not-a-rate", "value.percent"),
    ("make-claim", CLAIM | {"value": {"type": "guess"}}, 422, "unknown-value-type", "value"),
    ("make-claim", CLAIM | {"value": money(amount="5.123")}, 422, "too-many-decimals", "value.money.amount"),
    ("make-claim", CLAIM | {"value": money(amount="-5")}, 422, "not-an-amount", "value.money.amount"),
    ("make-claim", CLAIM | {"value": {"type": "money", "money": {"amount": 5, "currency": "USD"}}}, 422, "not-text", "value.money.amount"),
    ("make-claim", CLAIM | {"value": {"type": "count", "number": 9.7, "unit": "barrels"}}, 422, "not-a-number", "value.number"),
    ("record-vote", {"vote": "v", "body": "House", "outcome": "carried", "threshold": "two thirds"}, 422, "not-a-number", "threshold"),
    ("add-party", {"party": "east", "name": "East", "kind": "state", "code": "Japan"}, 422, "not-a-country", "code"),
    ("make-claim", CLAIM | {"value": money(currency="DEM")}, 422, "unknown-currency", "value.money.currency"),
    ("make-claim", CLAIM | {"value": money(currency="XYZ")}, 422, "unknown-currency", "value.money.currency"),
    ("make-claim", CLAIM | {"value": {"type": "money", "money": {"amount": "5"}}}, 422, "missing-field", "value.money.currency"),
    ("make-claim", CLAIM | {"value": {"type": "money"}}, 422, "missing-field", "value.money"),
    ("make-claim", CLAIM | {"speaker": "bell \x07"}, 422, "not-plain-text", "speaker"),
    ("make-claim", CLAIM | {"speaker": ""}, 422, "not-plain-text", "speaker"),
    ("schedule-round", {"round": "1", "planned_start": "2025-03-02", "planned_end": "2025-03-01"}, 422, "ends-before-it-begins", "planned_end"),
    ("hold-session", {"session": "s", "form": "call", "ended": "2025-01-01"}, 422, "ends-before-it-begins", "ended"),
    ("hold-session", {"session": "s", "form": "call", "participants": [{"party": "east"}]}, 422, "unknown", "participants.0.party"),
    ("close-round", {"round": "9", "outcome": "None."}, 422, "unknown", "round"),
    ("open-negotiation", {"title": "Again"}, 409, "already-known", "negotiation"),
    ("raise-issue", {"issue": "fish", "title": "Again"}, 409, "already-known", "issue"),
    ("add-provision", {"agreement": "deal", "provision": "p", "title": "P", "kind": "text", "text": "x"}, 422, "unknown", "agreement"),
]  # fmt: skip


@pytest.mark.parametrize(("command", "body", "status", "code", "field"), CASES)
def test_what_cannot_be_is_answered_with_its_code_and_field(
    tell: Tell, client: TestClient, command: str, body: dict[str, Any], status: int, code: str, field: str
) -> None:
    before = client.get("/v1/records").headers["parley-position"]
    answer = tell(command, **body)
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert [error["field"] for error in problem["errors"]] == [field]
    assert all(error["detail"] for error in problem["errors"])
    assert client.get("/v1/records").headers["parley-position"] == before


def test_an_unknown_command_is_answered_with_those_that_are_near(client: TestClient) -> None:
    answer = client.post("/v1/records/open-rounds", json={})
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown-command")
    assert "open-round" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("raw", "media_type", "status", "code"),
    [
        (b"{", "application/json", 400, "malformed-json"),
        (b"[" * 100_000, "application/json", 400, "too-deep"),
        (b'{"x": [' + b"[]," * 60_000 + b"[]]}", "application/json", 413, "too-much-nested"),
        (b"\xff", "application/json", 400, "not-utf-8"),
        (rb'{"title": "\ud800"}', "application/json", 400, "malformed-json"),
        (b"{}", "text/plain", 415, "wrong-media-type"),
        (b" " * (1024 * 1024 + 1), "application/json", 413, "body-too-large"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(
    client: TestClient, raw: bytes, media_type: str, status: int, code: str
) -> None:
    answer = client.post("/v1/records/open-negotiation", content=raw, headers={"Content-Type": media_type})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("each", [{}, {"each": "1"}])
def test_a_command_is_as_short_among_others_as_alone(client: TestClient, each: dict[str, str]) -> None:
    body = b'{"command": "raise-issue", "text": "' + b"x" * (1024 * 1024) + b'"}\n'
    headers = {"Content-Type": "application/x-ndjson"}
    answer = client.post("/v1/records", content=body, params=each, headers=headers)
    told = answer.json()["problem"] if each else answer.json()
    assert told["code"] == "line-too-long"
    assert told["status"] == 413


def test_a_line_that_is_refused_is_not_held() -> None:
    line = b'{"command": "raise-issue", "note": [' + b"[]," * 1000 + b"[]]}"
    (error,) = telling.each_command([(1, line)])
    assert isinstance(error, Exception)
    assert (error.__traceback__, error.__context__) == (None, None)


def test_an_unforeseen_error_is_answered_without_internals(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("in SQLite")

    monkeypatch.setattr(client.app.state.stores.views, "select", broken)  # type: ignore[attr-defined]
    answer = client.get("/v1/negotiations")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal-error")
    assert "sqlite" not in answer.text.lower()


@pytest.mark.parametrize(
    "path",
    [
        "/v1/negotiations?colour=red",
        "/v1/negotiations?limit=0",
        "/v1/negotiations?from=2025-13",
        "/v1/negotiations?cursor=xyz",
        "/v1/negotiations?cursor=" + base64.urlsafe_b64encode(b"[" * 1490).decode(),
        "/v1/negotiations?cursor=" + base64.urlsafe_b64encode(b'["negotiations","date","\\ud800","n","k"]').decode(),
        "/v1/records?type=Round.Exploded",
    ],
)
def test_a_parameter_that_cannot_be_is_a_problem(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_what_is_not_there_is_a_problem(tell: Tell, client: TestClient) -> None:
    for path in (
        "/v1/negotiations/none",
        "/v1/negotiations/none/positions",
        "/v1/negotiations/talks/agreements/none",
        "/v1/records/00000000-0000-7000-8000-000000000000",
        "/v1/records/none",
        "/elsewhere",
    ):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
