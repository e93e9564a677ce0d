"""Three clocks on every read: what had happened, what was public and what was taken down by a time."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.interfaces.conftest import Clock, Tell

Read = Callable[..., Any]
PATH = "/v1/negotiations/talks/positions/issue/fish:north:position"


def share(percent: str) -> dict[str, Any]:
    return {"kind": "position", "subject": "issue/fish", "value": {"type": "share", "percent": percent}}


@pytest.fixture
def course(tell: Tell, clock: Clock) -> None:
    """10 % from February, told in March; 20 % from April, never published; 30 % in May, which takes effect in July."""
    for claim, occurred, published, effective, recorded in (
        ("ten", "2025-02-01", "2025-03-01", None, "2025-03-05T12:00+00:00"),
        ("twenty", "2025-04-10T23:00-05:00", None, None, "2025-04-15T12:00+00:00"),
        ("thirty", "2025-05", "2025-05-20", "2025-07-01", "2025-05-21T12:00+00:00"),
    ):
        clock.at = recorded
        told = {"published": published, "effective": effective}
        percent = {"ten": "10", "twenty": "20", "thirty": "30"}[claim]
        answer = tell(
            "make-claim",
            claim=claim,
            claimant="north",
            occurred=occurred,
            **share(percent),
            **{k: v for k, v in told.items() if v},
        )
        assert answer.status_code == 201, answer.text
    clock.at = "2025-08-01T12:00+00:00"
    tell("annotate", note="Nothing new.", occurred="2025-08-01", published="2025-08-01")


@pytest.fixture(autouse=True)
def began(clock: Clock) -> None:
    clock.at = "2025-01-02T12:00+00:00"


@pytest.mark.parametrize(
    ("asked", "percent"),
    [
        ({}, "30"),
        ({"as_of": "2025-01-31"}, None),
        ({"as_of": "2025-02-01"}, "10"),
        ({"as_of": "2025-04-09"}, "10"),
        ({"as_of": "2025-04-10"}, "20"),
        ({"as_of": "2025-04-11T03:59Z"}, "10"),
        ({"as_of": "2025-04-11T04:00Z"}, "20"),
        ({"as_of": "2025-06-30"}, "20"),
        ({"as_of": "2025-07-01"}, "30"),
        ({"public_at": "2025-02-28"}, None),
        ({"public_at": "2025-03-01"}, "10"),
        ({"public_at": "2025-05-19"}, "10"),
        ({"public_at": "2025-05-20"}, "30"),
        ({"known_at": "2025-03-04"}, None),
        ({"known_at": "2025-03-05"}, "10"),
        ({"known_at": "2025-03-05T11:59:59Z"}, None),
        ({"known_at": "2025-04-20"}, "20"),
        ({"known_at": "2025-06-01"}, "30"),
        ({"as_of": "2025-06-30", "public_at": "2025-06-30"}, "10"),
        ({"as_of": "2025-07-02", "public_at": "2025-06-30", "known_at": "2025-05-20"}, "10"),
        ({"as_of": "2025-07-02", "public_at": "2025-06-30", "known_at": "2025-05-22"}, "30"),
    ],
)
def test_each_clock_alone_and_together(
    course: None, client: TestClient, asked: dict[str, str], percent: str | None
) -> None:
    answer = client.get(PATH, params=asked | {"min_position": 8})
    listed = client.get("/v1/negotiations/talks/positions", params=asked | {"min_position": 8}).json()
    if percent is None:
        assert answer.status_code == 404
        assert all(f"{clock} {time}" in answer.json()["detail"] for clock, time in asked.items())
        assert listed["items"] == []
    else:
        assert answer.json()["current"]["value"]["percent"] == percent
        (item,) = listed["items"]
        assert item | {"times": answer.json()["times"]} == answer.json()
    times = {"as_of": None, "public_at": None, "known_at": None} | asked
    assert {name: listed["times"][name] for name in times} == times


def test_an_answer_says_what_was_dated_too_vaguely_to_be_sure_of(tell: Tell, read: Read) -> None:
    tell("make-claim", claimant="north", occurred="2025-01", **share("10"))
    sure, vague = (read(PATH, as_of=day) for day in ("2025-01-31", "2025-01-20"))
    assert sure["times"]["may_be_later"] == []
    assert vague["times"]["may_be_later"] == [vague["current"]["basis"]["record"]]
    assert read("/v1/negotiations/talks/positions", as_of="2025-01-20")["times"] == vague["times"]


def test_what_was_told_to_the_year_is_unsure_until_that_is_over_everywhere(tell: Tell, read: Read) -> None:
    tell("make-claim", claimant="north", occurred="2024", **share("10"))
    for asked, unsure in (("2024-12-30", True), ("2025-01-01T06:00Z", True), ("2025-01-02T18:00Z", False)):
        assert bool(read(PATH, as_of=asked)["times"]["may_be_later"]) is unsure, asked


def test_a_replay_to_the_end_is_the_stored_document(course: None, read: Read, client: TestClient) -> None:
    for path in ("", "/positions", "/timeline", "/ledger", "/contradictions", "/flags", "/positions?q=fish&sort=-date"):
        stored, replayed = (read(f"/v1/negotiations/talks{path}", **asked) for asked in ({}, {"as_of": "2999-01-01"}))
        del stored["times"], replayed["times"]
        assert replayed == stored


def test_a_replay_is_paged_as_the_stored_list_is(course: None, read: Read) -> None:
    for sort in ("date", "-date", "key", "-key"):
        stored, replayed = [], []
        for items, asked in ((stored, {}), (replayed, {"as_of": "2999-01-01"})):
            page: dict[str, Any] = {"next": ""}
            while page["next"] is not None:
                cursor = {"cursor": page["next"]} if page["next"] else {}
                page = read("/v1/negotiations/talks/timeline", sort=sort, limit=2, **asked, **cursor)
                items += [item["key"] for item in page["items"]]
        assert replayed == stored
        assert len(stored) == len(set(stored)) == 8


def test_a_replay_has_a_validator(course: None, client: TestClient) -> None:
    answer = client.get(PATH, params={"as_of": "2025-04-10"})
    again = client.get(PATH, params={"as_of": "2025-04-10"}, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert answer.headers["parley-position"] == "8"


def test_a_replay_sees_what_was_just_recorded(tell: Tell, read: Read) -> None:
    """Also where a late record belongs before what was in memory already, and many times over."""
    for number in range(300):
        percent = str(number % 100)
        tell("make-claim", claimant="north", occurred=f"202{5 - number % 3}-03-0{1 + number % 9}", **share(percent))
        if number % 50 == 7:
            shown = read(PATH, as_of="2025-12-31")
            stored = read(PATH)
            assert shown["history"] == stored["history"]


def test_lists_across_negotiations_are_replayed_too(tell: Tell, read: Read, clock: Clock) -> None:
    clock.at = "2025-09-01T12:00+00:00"
    tell("open-negotiation", negotiation="others", title="Others", occurred="2025-06-01")
    names = [item["key"] for item in read("/v1/negotiations", as_of="2025-05-31")["items"]]
    assert names == ["talks"]
    assert [item["key"] for item in read("/v1/negotiations", as_of="2025-06-01")["items"]] == ["talks", "others"]
    tell("set-deadline", negotiation="others", deadline="d", title="D", due="2025-07-01", occurred="2025-06-02")
    tell("set-deadline", deadline="d", title="D", due="2025-08-01")
    for asked in ({}, {"as_of": "2025-07-01"}):
        found = read("/v1/deadlines", sort="-date", **asked)["items"]
        assert [item["negotiation"] for item in found] == ["talks", "others"]
        (only,) = read("/v1/deadlines", negotiation="others", **asked)["items"]
        assert only["negotiation"] == "others"


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"as_of": "yesterday"}, "no-such-time"),
        ({"as_of": "2025-02-30"}, "no-such-time"),
        ({"as_of": "2025-02"}, "no-such-time"),
        ({"as_of": "2025-02-03T10:00"}, "no-such-time"),
        ({"public_at": "1"}, "no-such-time"),
        ({"known_at": "2025-08-03"}, "known-at-in-the-future"),
        ({"known_at": "2025-08-01T12:00:01Z"}, "known-at-in-the-future"),
        ({"policy": "mine"}, "not-a-policy"),
        ({"from": "2025-03", "to": "2025-02"}, "to-before-from"),
    ],
)
def test_a_time_that_cannot_be_is_a_problem(
    course: None, client: TestClient, params: dict[str, str], code: str | None
) -> None:
    answer = client.get("/v1/negotiations/talks/positions", params=params)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert code in (None, answer.json()["code"], *(error.get("code") for error in answer.json()["errors"]))


def test_a_line_of_the_timeline_says_from_when_it_counts_where_that_is_another_day(tell: Tell, read: Read) -> None:
    draft = {"agreement": "pact", "title": "Pact", "form": "treaty", "parties": ["north", "south"]}
    tell("draft-agreement", occurred="2025-01-01T10:00Z", effective="2025-01-01", **draft)
    tell("withdraw-from-agreement", agreement="pact", parties=["north"], occurred="2025-01-02", effective="2026-01-02")
    titles = [item["title"] for item in read("/v1/negotiations/talks/timeline", q="pact")["items"]]
    assert titles == [
        "Agreement pact: drafted (Pact)",
        "Agreement pact: withdrawn by north, from 2026-01-02",
    ]
