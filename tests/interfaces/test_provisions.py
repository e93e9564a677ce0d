"""Provisions over HTTP: whom each binds, and what was told of one that takes effect later."""

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from interfaces.show import binding, table
from tests.interfaces.conftest import Clock, Tell

Read = Callable[..., Any]
DEAL = "/v1/negotiations/talks/agreements/deal"
NAMED = ["north", "south", "east"]


@pytest.fixture
def told(tell: Tell) -> Callable[..., dict[str, Any]]:
    """Tell of a statement of three parties what has to be taken down."""

    def send(command: str, **body: Any) -> dict[str, Any]:
        answer = tell(command, **{"agreement": "deal"} | body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    tell("add-party", party="east", name="East", kind="state")
    send("draft-agreement", title="Deal", form="statement", parties=NAMED)
    send("conclude-agreement", occurred="2025-02-01")
    return send


def quota(key: str, *binds: str, **differs: Any) -> dict[str, Any]:
    about = {"provision": key, "title": key, "kind": "quota", "text": f"The cut of {key}.", "occurred": "2025-02-01"}
    return about | ({"binds": list(binds)} if binds else {}) | differs


def test_a_provision_says_whom_it_binds_until_an_amendment_says_otherwise(
    told: Callable[..., Any], tell: Tell, read: Read
) -> None:
    told("add-provision", **quota("cut", "north", "east"))
    for occurred, binds in (("2025-03-01", {}), ("2025-04-01", {"binds": ["south"]}), ("2025-05-01", {"binds": []})):
        told("amend-provision", provision="cut", text="More.", occurred=occurred, **binds)
    found = {}
    for day in ("2025-02-01", "2025-03-01", "2025-04-01", "2025-05-01"):
        (provision,) = read(DEAL, as_of=day)["provisions"]
        found[day] = provision["binds"]
    assert list(found.values()) == [["north", "east"], ["north", "east"], ["south"], []]
    entries = read("/v1/negotiations/talks/timeline", party="east", **{"from": "2025-02-01"})["items"]
    assert [entry["type"] for entry in entries] == ["Provision.Added"]
    refused = tell("add-provision", agreement="deal", **quota("other", "west")).json()
    assert (refused["code"], refused["errors"][0]["field"]) == ("unknown", "binds.0")
    refused = tell("amend-provision", agreement="deal", provision="cut", text="-", binds=["east", "east"]).json()
    assert (refused["code"], refused["errors"][0]["field"]) == ("party-named-twice", "binds.1")


@pytest.mark.parametrize("leaves", [
    "withdraw-from-agreement", "terminate-agreement", "expire-agreement", "reject-agreement",
])  # fmt: skip
def test_a_provision_applies_as_long_as_one_of_those_whom_it_binds_has_not_left(
    told: Callable[..., Any], read: Read, leaves: str
) -> None:
    for key, binds in {"all": [], "both": ["north", "south"], "one": ["south"], "other": ["east"]}.items():
        told("add-provision", **quota(key, *binds))
    means = {"means": "parliament"} if leaves == "reject-agreement" else {}
    told(leaves, parties=["south"], occurred="2025-03-01", **means)
    status = read(DEAL)["parties"][1]["status"]
    left = f"the agreement is {status} {'by' if means else 'for'} south since 2025-03-01"
    found = {one["key"]: (one["applies"], one["why"]) for one in read(DEAL)["provisions"]}
    assert found["one"] == (False, f"it binds nobody any more: {left}")
    assert found["both"][0]
    assert found["both"][1].endswith(f"; it no longer binds all: {left}")
    assert [found[key][0] for key in ("all", "other")] == [True, True]
    assert all("south" not in found[key][1] for key in ("all", "other"))
    assert all(one["applies"] for one in read(DEAL, as_of="2025-02-28")["provisions"])


@pytest.fixture
def agreed(told: Callable[..., Any], clock: Clock) -> None:
    """A cut that is agreed in April 2025 for May, with two steps after it, seen on the 20th of April."""
    clock.at = "2025-04-20T12:00+00:00"
    april = {"occurred": "2025-04-12"}
    told("add-provision", **quota("cut", "north", "east", **april, effective="2025-05-01"))
    for effective, more in (("2025-07-01", {}), ("2026-01-01", {"binds": ["south"], "value": TENTH})):
        told("amend-provision", provision="cut", text=f"From {effective}.", effective=effective, **april, **more)
    told("withdraw-from-agreement", parties=["south"], **april, effective="2025-06-01")


TENTH = {"type": "share", "percent": "10"}


def to_come(read: Read, **times: str) -> list[tuple[Any, ...]]:
    """What is to come, which is the same in stored and in replayed documents and in lists of either."""
    found = read(DEAL, **times)
    (listed,) = read("/v1/negotiations/talks/agreements", **times)["items"]
    assert listed["to_come"] == found["to_come"]
    fields = "provision", "step", "binds", "text", "value", "parties"
    return [(step["basis"]["effective"], *(step[field] for field in fields)) for step in found["to_come"]]


ADDED = ("2025-05-01", "cut", "added", ["north", "east"], "The cut of cut.", None, [])
LEAVES = ("2025-06-01", None, "withdrawn", None, None, None, ["south"])
JULY = ("2025-07-01", "cut", "amended", None, "From 2025-07-01.", None, [])
YEAR = ("2026-01-01", "cut", "amended", ["south"], "From 2026-01-01.", TENTH | {"qualifier": "exactly"}, [])


def test_what_is_agreed_and_begins_later_is_to_come(agreed: None, tell: Tell, read: Read, clock: Clock) -> None:
    assert read(DEAL)["provisions"] == []
    seen = to_come(read)
    assert [(one[:5], one[6]) for one in seen] == [(one[:5], one[6]) for one in (ADDED, LEAVES, JULY, YEAR)]
    assert seen[-1][5]["percent"] == "10"
    assert seen == to_come(read, as_of=str(clock.at)) == to_come(read, as_of="2025-04-20")
    assert to_come(read, as_of="2025-04-11") == []
    for day, left in (("2025-05-01", 3), ("2025-06-30", 2), ("2025-12-31", 1), ("2026-01-01", 0)):
        assert to_come(read, as_of=day) == seen[4 - left :]
    clock.at = "2025-06-30T09:00+00:00"
    assert tell("annotate", note="A day goes by.", occurred="2025-06-30").status_code == 201
    assert to_come(read) == seen[2:]
    assert [one["text"] for one in read(DEAL)["provisions"]] == ["The cut of cut."]


def test_what_is_to_come_is_corrected_and_retracted_and_is_in_differences_and_grounds(
    agreed: None, tell: Tell, read: Read
) -> None:
    added, _, year, _ = [one["envelope"]["id"] for one in read("/v1/records", limit=100)["items"]][-4:]
    corrected = {"record": added, "changes": {"effective": "2025-05-15"}, "reason": "Misread."}
    assert tell("correct-record", **corrected, occurred="2025-04-13").status_code == 201
    retracted = {"record": year, "reason": "It was another text.", "occurred": "2025-04-14"}
    assert tell("retract-record", **retracted).status_code == 201
    seen = to_come(read)
    assert [one[:3] for one in seen] == [("2025-05-15", "cut", "added"), LEAVES[:3], JULY[:3]]
    assert seen == to_come(read, as_of="2025-04-20")
    moments = {"from": "2025-04-11", "to": "2025-04-20", "view": "agreements"}
    (changed,) = read("/v1/negotiations/talks/diff", **moments)["items"]
    assert added in [basis["record"] for basis in changed["records"]]
    assert f"to_come[{added}]" in [field["field"] for field in changed["fields"]]
    asked = {"view": "agreements", "key": "deal", "field": f"to_come[{added}].text"}
    assert read("/v1/negotiations/talks/grounds", **asked)["value"] == "The cut of cut."


def test_what_is_removed_before_its_day_is_not_to_come(agreed: None, tell: Tell, read: Read) -> None:
    removed = {"agreement": "deal", "provision": "cut", "occurred": "2025-04-15"}
    assert tell("remove-provision", **removed).status_code == 201
    assert to_come(read) == to_come(read, as_of="2025-04-20") == [LEAVES]
    assert to_come(read, as_of="2025-04-14")[0][1:3] == ("cut", "added")


def test_what_is_to_come_stands_in_the_table(agreed: None, read: Read) -> None:
    items = read("/v1/negotiations/talks/agreements")["items"]
    assert "cut: amended from 2026-01-01: 10 % (binds south)" in as_table(items)
    assert "south: withdrawn from 2025-06-01" in as_table(items)
    for party, shown in (("south", 1), ("east", 0), ("west", 0)):
        assert as_table(binding(items, party)).count("from 2026-01-01") == shown, party


def as_table(items: list[Any]) -> str:
    file = StringIO()
    Console(file=file, width=200).print(table("agreements", items))
    return file.getvalue()
