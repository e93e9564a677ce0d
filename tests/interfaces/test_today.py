"""What depends on the day is worked out from stored documents as it is where all is replayed."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from infrastructure.replayed import Histories
from infrastructure.settings import Settings
from interfaces.main import application
from tests.conftest import STORES
from tests.interfaces.office import Office

TODAY = datetime.now(UTC).date()
IN_TEN_DAYS = {"count": 10, "unit": "calendar-days", "event": "agreement/mou/signed"}
TALKS = "/v1/negotiations/talks"
PATHS = (
    f"{TALKS}/deadlines/first",
    f"{TALKS}/agreements/mou",
    f"{TALKS}/deadlines",
    f"{TALKS}/agreements?q=snaps",
    "/v1/deadlines",
    "/v1/deadlines?status=overdue",
    "/v1/deadlines?kind=upcoming&sort=-date",
    "/v1/deadlines?sort=-date&limit=1",
    "/v1/deadlines?q=first&sort=key",
    f"/v1/deadlines?from={TODAY - timedelta(days=25)}&to={TODAY}",
    "/v1/agreements",
    "/v1/agreements?sort=-date&limit=1",
    "/v1/agreements?q=snaps",
)


def days_ago(days: int) -> str:
    return (TODAY - timedelta(days=days)).isoformat()


def begin(office: Office, signed: int) -> None:
    """An agreement that was signed some days ago, with what counts from that."""
    told = {"negotiation": office.negotiation, "occurred": days_ago(90)}
    ends = {"effect": "ends", "rule": IN_TEN_DAYS | {"count": 35}}
    reverts = {"effect": "reverts", "rule": IN_TEN_DAYS, "value": {"type": "text", "text": "It snaps back."}}
    for command, facts in {
        "add-party": {"party": "south", "name": "South", "kind": "state"},
        "draft-agreement": {"agreement": "mou", "title": "T", "form": "memorandum", "parties": ["north", "south"]},
        "add-provision": {"agreement": "mou", "provision": "p", "title": "P", "kind": "text", "text": "As it was."}
        | {"depends_on": [reverts, ends]},
        "sign-agreement": {"agreement": "mou", "parties": ["north"], "occurred": days_ago(signed)},
        "amend-provision": {"agreement": "mou", "provision": "p", "text": "As it will be.", "effective": days_ago(-20)},
    }.items():
        office.tell(command, **(told | facts))
    office.tell("set-deadline", **told, deadline="first", title="The first", rule=IN_TEN_DAYS)
    office.tell("set-deadline", **told, deadline="second", title="The second", due=days_ago(-9))


@pytest.fixture(params=STORES)
def office(request: pytest.FixtureRequest, new_store: Callable[[str], str]) -> Iterator[Office]:
    """Two negotiations with the same names in them."""
    with TestClient(application(Settings(database=new_store(request.param)))) as client:
        begin(Office(client, "others"), signed=20)
        office = Office(client)
        begin(office, signed=40)
        yield office


def same(office: Office) -> dict[str, Any]:
    """Every answer, once it was the same when replayed; and how the first deadline and the provision stand."""
    for path in PATHS:
        stored, replayed = office.read(path), office.read(path, as_of=datetime.now(UTC).isoformat())
        for answer in (stored, replayed):
            del answer["times"]
        assert json.dumps(stored) == json.dumps(replayed), path
    provision, *_ = office.read(f"{TALKS}/agreements/mou")["provisions"]
    deadline = office.read(f"{TALKS}/deadlines/first")
    return {"applies": provision["applies"], "value": provision["value"], "due": deadline["day"]}


def test_it_is_the_same_whatever_becomes_of_what_rules_count_from(office: Office) -> None:
    signed = next(r for r in office.timeline().values() if r["type"] == "Agreement.Signed")["key"]
    back = {"type": "text", "text": "It snaps back."}
    assert same(office) == {"applies": False, "value": back, "due": days_ago(30)}
    office.tell("correct-record", record=signed, changes={"occurred": days_ago(12)}, reason="Misread.")
    assert same(office) == {"applies": True, "value": back, "due": days_ago(2)}
    office.tell(
        "correct-record", record=signed, changes={"occurred": days_ago(5)}, reason="Misread.", effective=days_ago(-3)
    )
    assert same(office)["due"] == days_ago(2), "not before it holds"
    office.tell("sign-agreement", agreement="mou", parties=["south"], occurred=days_ago(1), effective=days_ago(-4))
    assert same(office)["due"] == days_ago(-14), "it has occurred"
    office.tell("retract-record", record=signed, reason="It was another text.")
    assert same(office)["due"] == days_ago(-14)


def test_what_is_to_come_is_the_same_whatever_becomes_of_it(office: Office) -> None:
    later = {"agreement": "mou", "provision": "q", "title": "Q", "kind": "text", "text": "Q.", "binds": ["south"]}
    added = office.tell("add-provision", **later, occurred=days_ago(3), effective=days_ago(-30))

    def to_come() -> list[str]:
        same(office)
        steps = office.read(f"{TALKS}/agreements/mou")["to_come"]
        return [f"{step['provision']}: {step['text']} {step['basis']['effective']}" for step in steps]

    amended = f"p: As it will be. {days_ago(-20)}"
    assert to_come() == [amended, f"q: Q. {days_ago(-30)}"]
    office.tell("correct-record", record=added, changes={"effective": days_ago(-10), "text": "R."}, reason="Misread.")
    assert to_come() == [f"q: R. {days_ago(-10)}", amended]
    moved = {"changes": {"effective": days_ago(-40)}, "reason": "Misread.", "effective": days_ago(-5)}
    moved_by = office.tell("correct-record", record="provision/mou/p/amended", **moved)
    assert to_come() == [f"q: R. {days_ago(-10)}", amended], "not before it holds"
    office.tell("retract-record", record=moved_by, reason="It was another text.")
    office.tell("correct-record", record=added, changes={"effective": days_ago(1)}, reason="Misread.")
    assert to_come() == [amended]
    office.tell("correct-record", record=added, changes={"effective": days_ago(-2)}, reason="Misread.")
    assert to_come() == [f"q: R. {days_ago(-2)}", amended]
    office.tell("retract-record", record="provision/mou/p/amended", reason="It was another text.")
    assert to_come() == [f"q: R. {days_ago(-2)}"]


def test_nothing_else_of_a_negotiation_is_read(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    known = same(office)
    monkeypatch.setattr(Histories, "get", None)
    for path in PATHS:
        office.read(path)
    assert office.read(f"{TALKS}/deadlines/first")["day"] == known["due"]
