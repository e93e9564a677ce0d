"""Corrections and retractions: later records; the log keeps all, and every answer follows what is in force."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from tests.interfaces.conftest import Clock, Tell

Read = Callable[..., Any]
N = "/v1/negotiations/talks"
SIGNED = {"agreement": "deal", "occurred": "2025-03-01"}


def of(answer: Any) -> str:
    """The id of the record that was taken down."""
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


@pytest.fixture
def settled(tell: Tell) -> str:
    return of(tell("settle-issue", issue="fish", terms="Half each.", occurred="2025-03-01"))


def issue(read: Read, **asked: Any) -> dict[str, Any]:
    (fish,) = [entry for entry in read(N, **asked)["issues"] if entry["key"] == "fish"]
    return fish


def test_a_correction_is_shown_with_its_record_and_the_log_keeps_both(
    tell: Tell, read: Read, client: TestClient, settled: str
) -> None:
    correction = of(tell("correct-record", record=settled, changes={"terms": "A third."}, reason="Misheard."))
    fish = issue(read)
    assert fish["terms"] == "A third."
    assert fish["basis"]["record"] == settled
    assert fish["basis"]["corrections"] == [correction]
    assert client.get(f"/v1/records/{settled}").json()["terms"] == "Half each."
    kept = client.get(f"/v1/records/{correction}").json()
    assert (kept["type"], kept["record"], kept["changes"]) == ("Record.Corrected", settled, {"terms": "A third."})


def test_what_was_known_before_the_correction_is_still_known_then(
    tell: Tell, read: Read, clock: Clock, settled: str
) -> None:
    clock.at = "2030-01-01T12:00+00:00"
    tell("correct-record", record=settled, changes={"terms": "A third."}, reason="Misheard.")
    assert issue(read, known_at="2029-12-31")["terms"] == "Half each."
    assert issue(read, known_at="2030-01-01")["terms"] == issue(read)["terms"] == "A third."


def test_a_correction_that_holds_from_a_date_leaves_what_was_before(tell: Tell, read: Read, settled: str) -> None:
    facts = {"changes": {"terms": "A third."}, "effective": "2025-06-01", "reason": "As amended."}
    of(tell("correct-record", record=settled, **facts))
    assert issue(read, as_of="2025-05-31")["terms"] == "Half each."
    assert issue(read, as_of="2025-06-01")["terms"] == issue(read)["terms"] == "A third."


def test_a_retraction_takes_a_record_back_and_can_be_retracted(tell: Tell, read: Read, settled: str) -> None:
    retraction = of(tell("retract-record", record=settled, reason="Of other talks."))
    assert issue(read)["status"] == "open"
    assert tell("settle-issue", issue="fish", terms="A third.", occurred="2025-03-02").status_code == 201
    assert issue(read)["terms"] == "A third."
    again = of(tell("retract-record", record=retraction, reason="Of these talks after all."))
    assert again
    assert [flag["rule"] for flag in read(f"{N}/flags")["items"]] == ["no-longer-possible"]


def test_what_a_correction_makes_impossible_downstream_is_flagged_and_kept(tell: Tell, read: Read) -> None:
    opened = of(tell("open-round", round="1", occurred="2025-02-01"))
    closed = of(tell("close-round", round="1", occurred="2025-02-03", outcome="Done."))
    of(tell("correct-record", record=opened, changes={"occurred": "2025-02-05"}, reason="The file has the fifth."))
    (flag,) = read(f"{N}/flags", kind="no-longer-possible")["items"]
    assert flag["severity"] == "serious"
    assert [basis["record"] for detail in flag["details"] for basis in detail["records"]] == [closed]
    round_ = read(f"{N}/rounds/round/1")
    assert round_["outcome"] == "Done."
    assert {"flag": flag["key"], "rule": "no-longer-possible", "severity": "serious"} | {
        "details": [detail["text"] for detail in flag["details"]]
    } in round_["flags"]


def test_what_speaks_of_something_that_is_wholly_retracted_is_flagged(tell: Tell, read: Read) -> None:
    coal = of(tell("raise-issue", issue="coal", title="Coal"))
    value = {"type": "text", "text": "None."}
    claim = of(tell("make-claim", kind="position", claimant="north", subject="issue/coal", value=value))
    of(tell("retract-record", record=coal, reason="Never raised."))
    (flag,) = read(f"{N}/flags")["items"]
    assert [basis["record"] for detail in flag["details"] for basis in detail["records"]] == [claim]
    answer = tell("settle-issue", issue="coal", terms="None.")
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown")


def test_a_record_that_became_public_later_is_out_of_what_was_public(tell: Tell, read: Read) -> None:
    told = of(tell("settle-issue", issue="fish", terms="Half.", occurred="2025-03-01", published="2025-03-01"))
    of(tell("correct-record", record=told, changes={"published": "2025-04-01"}, reason="It came out in April."))
    assert read(f"{N}/timeline", public_at="2025-03-15")["items"] == []
    lines = read(f"{N}/timeline", public_at="2025-04-01", kind="Issue.Settled")["items"]
    assert [line["basis"]["published"] for line in lines] == ["2025-04-01"]


REASON = {"reason": "A slip."}
BAD: list[tuple[str, dict[str, Any], str, str]] = [
    ("retract-record", {"reason": None}, "no-reason-given", "reason"),
    ("retract-record", {"record": str(uuid4())}, "unknown", "record"),
    ("retract-record", {"record": "fish"}, "not-an-id", "record"),
    ("retract-record", {"negotiation": "others"}, "unknown", "record"),
    ("correct-record", {"changes": {}}, None, "changes"),
    ("correct-record", {"changes": {"terms": "Half each."}}, "changes-nothing", "changes"),
    ("correct-record", {"changes": {"terms": ""}}, "would-be-invalid", "changes.terms"),
    ("correct-record", {"changes": {"occurred": "2025-02-30"}}, "would-be-invalid", "changes.occurred"),
    ("correct-record", {"changes": {"colour": "red"}}, "not-a-field-of-the-record", "changes.colour"),
    ("correct-record", {"changes": {"occurred": "2900"}}, "not-yet-occurred", "changes.occurred"),
    ("correct-record", {"changes": {"recorded": "2025-01-01"}}, "not-a-field-of-the-record", "changes.recorded"),
    ("correct-record", {"changes": {"evidence": [{"source": "none"}]}}, "unknown", "changes.evidence.0.source"),
]


@pytest.mark.parametrize(("command", "body", "code", "field"), BAD)
def test_an_amendment_that_cannot_be_is_refused_and_nothing_is_stored(
    tell: Tell, client: TestClient, settled: str, command: str, body: dict[str, Any], code: str | None, field: str
) -> None:
    of(tell("open-negotiation", negotiation="others", title="Others"))
    before = client.get("/v1/records").headers["parley-position"]
    told = {"record": settled, **REASON, **({"changes": {"terms": "A third."}} if "correct" in command else {})} | body
    answer = tell(command, **{name: value for name, value in told.items() if value is not None})
    assert answer.status_code == 422, answer.text
    assert code in (None, answer.json()["code"])
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert client.get("/v1/records").headers["parley-position"] == before


def test_a_record_that_was_retracted_is_not_corrected(tell: Tell, settled: str) -> None:
    of(tell("retract-record", record=settled, **REASON))
    for command, facts in (("retract-record", {}), ("correct-record", {"changes": {"terms": "A third."}})):
        answer = tell(command, record=settled, **REASON, **facts)
        assert (answer.status_code, answer.json()["code"]) == (422, "record-already-retracted")
