"""What is worked out when asked: deadlines, conditions, tariffs, splits, the ladder and sums, over HTTP."""

from collections.abc import Callable
from json import dumps
from random import Random
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient

from application import words

Tell = Callable[..., httpx2.Response]
Read = Callable[..., Any]
LEDGER = "/v1/negotiations/talks/ledger"


@pytest.fixture
def told(tell: Tell) -> Tell:
    """Tell what has to be taken down."""

    def send(command: str, **body: Any) -> httpx2.Response:
        answer = tell(command, **body)
        assert answer.status_code == 201, answer.text
        return answer

    return send


def usd(amount: str, **differs: Any) -> dict[str, Any]:
    return {"amount": amount, "currency": "USD"} | differs


def provision(key: str, value: Any, **differs: Any) -> dict[str, Any]:
    about = {"agreement": "act", "provision": key, "title": key, "kind": "tariff", "text": "-", "value": value}
    return about | differs


def tariff(percent: str, basis: str, **differs: Any) -> dict[str, Any]:
    return {"type": "tariff", "percent": percent, "basis": basis} | differs


@pytest.fixture
def act(told: Tell) -> None:
    told("draft-agreement", agreement="act", title="Act", form="law", parties=["north"], published="2025-01-02")


# Deadlines


def deadline(read: Read, key: str = "soon", **asked: Any) -> dict[str, Any]:
    return read(f"/v1/negotiations/talks/deadlines/{key}", **asked)


@pytest.mark.parametrize(
    ("day", "status", "left"),
    [("2025-01-09", "upcoming", 1), ("2025-01-10", "upcoming", 0), ("2025-01-12", "overdue", -2)],
)
def test_days_are_left_until_a_date_and_then_the_outcome_is_unknown(
    told: Tell, read: Read, day: str, status: str, left: int
) -> None:
    told("set-deadline", deadline="soon", title="Soon", due="2025-01-10")
    found = deadline(read, as_of=day)
    assert (found["status"], found["days_left"], found["day"]) == (status, left, "2025-01-10")
    assert found["says"].endswith("overdue, outcome unknown") == (status == "overdue")
    assert "missed" not in str(found)


@pytest.mark.parametrize(
    ("asked", "status", "left"),
    [
        ("2025-10-06T00:30+03:00", "upcoming", 0),
        ("2025-10-05T18:30-04:00", "overdue", 0),
        ("2025-10-06T01:30+03:00", "overdue", -1),
    ],
)
def test_no_days_are_over_before_the_hour_and_none_are_left_after_it(
    told: Tell, read: Read, asked: str, status: str, left: int
) -> None:
    told("set-deadline", deadline="soon", title="Soon", due="2025-10-05T18:00-04:00")
    found = deadline(read, as_of=asked)
    assert (found["status"], found["days_left"]) == (status, left)


def test_a_deadline_counts_from_what_has_happened_and_takes_effect_only_later(told: Tell, read: Read) -> None:
    told("draft-agreement", agreement="deal", title="Deal", form="treaty", parties=["north", "south"])
    rule = {"count": 6, "unit": "months", "event": "agreement/deal/entered-into-force"}
    told("set-deadline", deadline="soon", title="Soon", rule=rule)
    assert deadline(read, as_of="2025-01-11")["status"] == "undated"
    force = {"agreement": "deal", "parties": ["north", "south"]}
    told("bring-into-force", **force, occurred="2025-01-12", effective="2025-01-20")
    assert deadline(read, as_of="2025-01-11")["status"] == "undated"
    assert deadline(read, as_of="2025-01-13")["day"] == deadline(read)["day"] == "2025-07-20"


def test_a_deadline_counts_from_the_entry_into_force_of_a_treaty_whoever_joins_it_later(told: Tell, read: Read) -> None:
    told("add-party", party="east", name="East", kind="state")
    told("draft-agreement", agreement="deal", title="Deal", form="treaty", parties=["north", "south", "east"])
    rule = {"count": 48, "unit": "months", "event": "agreement/deal/entered-into-force"}
    told("set-deadline", deadline="soon", title="Soon", rule=rule)
    told("set-deadline", deadline="east", title="East", rule=rule | {"by": "east"})
    told("bring-into-force", agreement="deal", parties=["east"], occurred="2025-10-27")
    told("bring-into-force", agreement="deal", parties=["north", "south"], occurred="2025-09-15")
    assert (deadline(read)["day"], deadline(read, "east")["day"]) == ("2029-09-15", "2029-10-27")


def test_a_deadline_has_no_outcome_before_it_was_set(told: Tell, tell: Tell) -> None:
    told("set-deadline", deadline="soon", title="Soon", due="2025-01-10", occurred="2025-01-05")
    problem = tell("record-deadline-outcome", deadline="soon", outcome="met", occurred="2025-01-04").json()
    assert (problem["code"], problem["errors"][0]["field"]) == ("ends-before-it-begins", "occurred")


@pytest.mark.parametrize(("outcome", "day", "status"), [
    ("met", "2025-01-10", "met"), ("met", "2025-01-11", "met-late"), ("met-late", "2025-01-12", "met-late"),
    ("met-late", "2025-01-09", "met"), ("lapsed", "2025-01-12", "lapsed"), ("waived", "2025-01-03", "waived"),
])  # fmt: skip
def test_an_outcome_is_held_against_the_day(told: Tell, read: Read, outcome: str, day: str, status: str) -> None:
    told("set-deadline", deadline="soon", title="Soon", due="2025-01-10")
    told("record-deadline-outcome", deadline="soon", outcome=outcome, occurred=day)
    assert deadline(read)["status"] == status
    assert [item["key"] for item in read("/v1/deadlines", negotiation="talks", status=status)["items"]] == ["soon"]
    assert read("/v1/deadlines", negotiation="talks", status="upcoming")["items"] == []
    assert deadline(read, as_of="2025-01-02")["status"] == "upcoming"


def test_by_a_later_reading_nothing_has_lapsed_yet(told: Tell, read: Read) -> None:
    told("set-deadline", deadline="soon", title="Soon", due="2025-03-23")
    own = {"type": "date", "date": "2025-06-15"}
    told("make-claim", claim="c", kind="reading", claimant="south", subject="deadline/soon", value=own)
    told("record-deadline-outcome", deadline="soon", outcome="lapsed", occurred="2025-03-23")

    def readings(day: str) -> list[str]:
        return [one["status"] for one in deadline(read, as_of=day)["readings"]]

    assert readings("2025-04-01") == ["lapsed", "upcoming"]
    assert readings("2025-07-01") == ["lapsed", "lapsed"]
    told("record-deadline-outcome", deadline="soon", outcome="met-late", occurred="2025-06-01")
    assert readings("2025-07-01") == ["met-late", "met"]


@pytest.mark.parametrize(("asked", "status"), [
    ("2026-01-01T03:00Z", "upcoming"), ("2025-12-31T23:45-05:00", "overdue"), ("2025-12-31", "upcoming"),
])  # fmt: skip
def test_a_deadline_at_an_hour_is_held_to_it(told: Tell, read: Read, asked: str, status: str) -> None:
    told("set-deadline", deadline="soon", title="Soon", due="2025-12-31T23:30-05:00")
    assert deadline(read, as_of=asked)["status"] == status


@pytest.mark.parametrize(("occurred", "told_as", "status"), [
    ("2025-12-31T18:00Z", "met", "met-late"), ("2025-12-31T11:00Z", "met-late", "met"), ("2025-12", "met-late", "met-late"),
])  # fmt: skip
def test_an_outcome_at_an_hour_is_held_to_it_and_a_vague_one_as_told(
    told: Tell, read: Read, occurred: str, told_as: str, status: str
) -> None:
    told("set-deadline", deadline="soon", title="Soon", due="2025-12-31T12:00Z")
    told("record-deadline-outcome", deadline="soon", outcome=told_as, occurred=occurred)
    assert deadline(read)["status"] == status


def test_a_rule_waits_for_its_event_and_counts_from_the_last_time(told: Tell, read: Read) -> None:
    told("propose-tranche", tranche="mine")
    rule = {"count": 10, "unit": "business-days", "event": "tranche/mine/capital-called", "calendars": ["US", "JP"]}
    told("set-deadline", deadline="soon", title="Soon", rule=rule)
    found = deadline(read)
    assert (found["status"], found["day"]) == ("undated", None)
    assert "waits for tranche/mine/capital-called" in found["says"]
    told("call-capital", tranche="mine", amount=usd("1"), occurred="2025-02-03")
    told("call-capital", tranche="mine", amount=usd("1"), occurred="2025-03-03")
    assert deadline(read, as_of="2025-02-10")["day"] == "2025-02-19"
    found = deadline(read, as_of="2025-03-10")
    assert found["day"] == "2025-03-17"
    assert found["revisions"][0]["day"] == "2025-03-17"


@pytest.mark.parametrize(("rule", "says"), [
    ({"count": 1, "unit": "months", "after": "the thaw"}, "1 month after the thaw: the day of that is not told"),
    ({"count": 1, "unit": "business-days", "start": "1900-01-01", "calendars": ["JP"]}, "JP in 1900"),
    ({"count": 1, "unit": "calendar-days", "start": "2025-03"}, "told no more precisely: it may be later"),
])  # fmt: skip
def test_a_day_that_cannot_be_worked_out_or_is_vague_says_so(
    told: Tell, read: Read, rule: dict[str, Any], says: str
) -> None:
    told("set-deadline", deadline="soon", title="Soon", rule=rule)
    assert says in deadline(read)["says"]


def test_a_correction_moves_a_deadline_once_it_holds(tell: Tell, told: Tell, read: Read) -> None:
    selected = told("select-tranche", tranche="mine", amount=usd("1"), occurred="2025-02-01").json()
    rule = {"count": 10, "unit": "calendar-days", "event": "tranche/mine/selected"}
    told("set-deadline", deadline="soon", title="Soon", rule=rule)
    changes = {"occurred": "2025-02-10"}
    told("correct-record", record=selected["id"], changes=changes, effective="2025-05-01", reason="A slip.")
    assert deadline(read, as_of="2025-04-30")["day"] == "2025-02-11"
    assert deadline(read, as_of="2025-05-01")["day"] == "2025-02-20"


def test_a_rule_can_wait_for_the_step_of_one_party(told: Tell, read: Read) -> None:
    told("draft-agreement", agreement="deal", title="Deal", form="treaty", parties=["north", "south"])
    rule = {"count": 1, "unit": "months", "event": "agreement/deal/signed", "by": "south"}
    told("set-deadline", deadline="soon", title="Soon", rule=rule)
    told("sign-agreement", agreement="deal", parties=["north"], occurred="2025-02-01")
    assert deadline(read)["day"] is None
    told("sign-agreement", agreement="deal", parties=["south"], occurred="2025-03-31")
    assert deadline(read)["day"] == "2025-04-30"


def test_a_rule_can_wait_for_the_last_of_several_parties_and_count_back(told: Tell, read: Read) -> None:
    told("draft-agreement", agreement="deal", title="Deal", form="treaty", parties=["north", "south"])
    event = {"unit": "months", "event": "agreement/deal/ratified"}
    told("set-deadline", deadline="soon", title="In force", rule={"count": 3, **event, "by_all": ["north", "south"]})
    told("set-deadline", deadline="text", title="Text", rule={"count": -2, **event, "by": "south"})
    told("ratify-agreement", agreement="deal", parties=["south"], occurred="2025-04-30")
    assert (deadline(read)["day"], deadline(read)["says"]) == (
        None, "waits for agreement/deal/ratified by north, which is not on record",
    )  # fmt: skip
    told("ratify-agreement", agreement="deal", parties=["north"], occurred="2025-03-31")
    assert (deadline(read)["day"], deadline(read)["says"].partition(",")[0]) == (
        "2025-07-30", "3 months after agreement/deal/ratified by north and south",
    )  # fmt: skip
    text = deadline(read, "text")
    assert (text["day"], text["says"].partition(";")[0]) == (
        "2025-02-28", "2 months before agreement/deal/ratified, 2025-04-30",
    )  # fmt: skip


def test_a_rule_can_count_from_the_day_of_another_deadline_while_that_is_to_come(told: Tell, read: Read) -> None:
    told("set-deadline", deadline="expiry", title="Expiry", due="2025-03-03T17:00-05:00")
    six = {"count": 6, "unit": "business-days", "calendars": ["US-NY"]}
    told("set-deadline", deadline="soon", title="Settlement", rule=six | {"event": "deadline/expiry/due"})
    told(
        "set-deadline", deadline="last", title="Last", rule={"count": 1, "unit": "months", "event": "deadline/soon/due"}
    )
    assert [deadline(read, key, as_of="2025-02-01")["day"] for key in ("soon", "last")] == ["2025-03-11", "2025-04-11"]
    told("revise-deadline", deadline="expiry", due="2025-04", occurred="2025-03-01")
    assert (deadline(read)["day"], deadline(read, as_of="2025-02-28")["day"]) == ("2025-05-08", "2025-03-11")
    told("revise-deadline", deadline="expiry", occurred="2025-03-05")
    assert deadline(read)["says"].startswith("waits for deadline/expiry/due")


def counted(told: Tell, key: str, base: str, occurred: str = "2025-01-02", command: str = "set-deadline") -> None:
    rule = {"count": 1, "unit": "calendar-days", "event": f"deadline/{base}/due"}
    told(command, deadline=key, rule=rule, occurred=occurred, **({"title": "-"} if command == "set-deadline" else {}))


def test_deadlines_that_wait_for_each_other_have_no_day(told: Tell, read: Read) -> None:
    told("set-deadline", deadline="soon", title="-", due="2025-03-01", occurred="2025-01-02")
    counted(told, "next", "soon")
    counted(told, "soon", "next", "2025-01-05", "revise-deadline")
    assert (deadline(read)["day"], deadline(read, "next")["day"]) == (None, None)
    assert deadline(read, "next", as_of="2025-01-04")["day"] == "2025-03-02"


def test_a_schedule_of_instalments_is_as_long_as_it_is(told: Tell, read: Read) -> None:
    told("set-deadline", deadline="i0", title="-", due="2025-03-01", occurred="2025-01-02")
    for number in range(1, 200):
        counted(told, f"i{number}", f"i{number - 1}")
    assert deadline(read, "i199")["day"] == deadline(read, "i199", as_of="2025-01-03")["day"] == "2025-09-16"


def test_a_day_that_has_come_stays_when_the_deadline_is_moved_after_it(told: Tell, read: Read) -> None:
    told("draft-agreement", agreement="deal", title="Deal", form="law", parties=["north"])
    told("set-deadline", deadline="soon", title="-", due="2025-02-01", occurred="2025-01-02")
    ends = {"effect": "ends", "rule": {"count": 0, "unit": "calendar-days", "event": "deadline/soon/due"}}
    told("add-provision", agreement="deal", provision="p", title="P", kind="text", text="-", depends_on=[ends])

    def applies(day: str) -> bool:
        (provision,) = read("/v1/negotiations/talks/agreements/deal", as_of=day)["provisions"]
        return bool(provision["applies"])

    told("revise-deadline", deadline="soon", due="2025-02-03", occurred="2025-01-20")
    assert [applies(day) for day in ("2025-02-02", "2025-02-04")] == [True, False]
    told("revise-deadline", deadline="soon", due="2025-06-01", occurred="2025-03-01")
    told("cancel-deadline", deadline="soon", occurred="2025-03-02")
    assert [applies(day) for day in ("2025-02-02", "2025-03-01", "2025-03-02")] == [True, False, False]


def test_a_revision_counts_from_the_day_as_it_was_then(told: Tell, read: Read) -> None:
    told("set-deadline", deadline="base", title="-", due="2025-02-01", occurred="2025-01-01")
    counted(told, "soon", "base")
    told("revise-deadline", deadline="soon", due="2025-03-01", occurred="2025-01-10")
    told("revise-deadline", deadline="base", due="2025-05-01", occurred="2025-01-20")
    assert [one["day"] for one in deadline(read)["revisions"]] == ["2025-02-02", "2025-03-01"]


def test_a_rule_can_wait_for_so_many_parties_whoever_they_are(
    client: TestClient, told: Tell, read: Read, act: None
) -> None:
    names = ["north", "south", "east", "west"]
    for party in names[2:]:
        told("add-party", party=party, name=party, kind="state")
    told("draft-agreement", agreement="deal", title="Deal", form="treaty", parties=names)
    rule = {"count": 60, "unit": "calendar-days", "event": "agreement/deal/ratified", "by_number": 3}
    told("set-deadline", deadline="soon", title="Soon", rule=rule)
    depends = [{"effect": "begins", "rule": rule}]
    told("add-provision", **provision("rate", tariff("5", "mfn", stacking="replace"), depends_on=depends))
    told("ratify-agreement", agreement="deal", parties=["west"], occurred="2025-05-01")
    told("ratify-agreement", agreement="deal", parties=["north"], occurred="2025-03-01")
    told("withdraw-from-agreement", agreement="deal", parties=["north"], occurred="2025-03-10")
    told("ratify-agreement", agreement="deal", parties=["north"], occurred="2025-04-01")
    waits = "waits for agreement/deal/ratified by 3 parties, {} so far"
    assert [deadline(read, as_of=f"2025-0{month}-20")["says"] for month in (2, 3, 5)] == [
        waits.format(count) for count in (0, 1, 2)
    ]
    (found,) = read("/v1/tariffs", negotiation="talks", product="87", as_of="2025-03-20")["items"]
    assert found["set_aside"][0]["why"] == f"it {waits.format(1)}"
    line = {"command": "ratify-agreement", "negotiation": "talks", "agreement": "deal", "parties": ["east"]}
    answer = client.post(
        "/v1/negotiations/talks/suppose", params={"view": "deadlines"}, content=dumps(line | {"occurred": "2025-06-01"}),
        headers={"Content-Type": "application/x-ndjson"},
    )  # fmt: skip
    assert [one["day"] for one in answer.json()["items"]] == ["2025-07-31"]
    told("ratify-agreement", agreement="deal", parties=["south", "east"], occurred="2025-04-10")
    assert (deadline(read)["day"], deadline(read)["says"].partition(";")[0]) == (
        "2025-06-09", "60 calendar days after agreement/deal/ratified by 3 parties, 2025-04-10",
    )  # fmt: skip
    assert [rates(read, "87", as_of=day) for day in ("2025-06-08", "2025-06-09")] == [
        [(None, None, None)], [(None, "5", None)],
    ]  # fmt: skip


def test_what_is_taken_for_the_whole_is_taken_by_as_many_as_there_are(told: Tell, read: Read) -> None:
    told("draft-agreement", agreement="deal", title="Deal", form="treaty", parties=["north", "south"])
    for number in (2, 3):
        rule = {"count": 0, "unit": "calendar-days", "event": "agreement/deal/suspended", "by_number": number}
        told("set-deadline", deadline=f"by-{number}", title="Soon", rule=rule)
    told("suspend-agreement", agreement="deal", occurred="2025-03-01")
    told("add-party", party="east", name="East", kind="state")
    told("ratify-agreement", agreement="deal", parties=["east"], means="accession", occurred="2025-04-01")
    assert [deadline(read, f"by-{number}")["day"] for number in (2, 3)] == ["2025-03-01", None]


def test_a_step_toward_somebody_is_also_a_step_for_it(told: Tell, read: Read) -> None:
    told("draft-agreement", agreement="deal", title="Deal", form="treaty", parties=["north", "south"])
    rule = {"count": 1, "unit": "calendar-days", "event": "agreement/deal/entered-into-force"}
    for key, by in (("one", {"by": "south"}), ("all", {"by_all": ["north", "south"]}), ("two", {"by_number": 2})):
        told("set-deadline", deadline=key, title="Soon", rule=rule | by)
    told("bring-into-force", agreement="deal", parties=["north"], toward=["south"], occurred="2025-03-01")
    assert [deadline(read, key)["day"] for key in ("one", "all", "two")] == ["2025-03-02"] * 3


def test_rival_readings_of_a_deadline_are_worked_out_side_by_side(told: Tell, read: Read) -> None:
    start = {"start": "2025-01-01"}
    told("set-deadline", deadline="soon", title="Soon", rule={"count": 5, "unit": "calendar-days", **start})
    reading = {"kind": "reading", "subject": "deadline/soon", "claimant": "south"}
    rule = {"count": 5, "unit": "business-days", "calendars": ["US"], **start}
    told("make-claim", **reading, value={"type": "rule", "rule": rule})
    told("record-deadline-outcome", deadline="soon", outcome="met", occurred="2025-01-07")
    assert [(one["claimant"], one["day"], one["status"]) for one in deadline(read)["readings"]] == [
        (None, "2025-01-06", "met-late"), ("south", "2025-01-08", "met"),
    ]  # fmt: skip


def test_what_was_read_before_a_deadline_was_set_is_still_read(told: Tell, read: Read) -> None:
    told("set-deadline", deadline="soon", title="Soon", due="2025-04-01", occurred="2025-03-01")
    reading = {"kind": "reading", "subject": "deadline/soon", "claimant": "north", "occurred": "2025-01-10"}
    told("make-claim", **reading, value={"type": "date", "date": "2025-02-15"})
    assert [one["day"] for one in deadline(read)["readings"]] == ["2025-04-01", "2025-02-15"]


def test_a_revised_deadline_was_due_by_what_had_happened_before(told: Tell, read: Read) -> None:
    told("draft-agreement", agreement="deal", title="Deal", form="treaty", parties=["north", "south"])
    told("suspend-agreement", agreement="deal", occurred="2025-04-09")
    rule = {"count": 90, "unit": "calendar-days", "event": "agreement/deal/suspended", "by": "north"}
    told("set-deadline", deadline="soon", title="Soon", rule=rule, occurred="2025-04-09")
    told("resume-agreement", agreement="deal", occurred="2025-07-06")
    told("suspend-agreement", agreement="deal", occurred="2025-07-07")
    told("revise-deadline", deadline="soon", due="2025-08-01", occurred="2025-07-07")
    assert [one["day"] for one in deadline(read)["revisions"]] == ["2025-07-08", "2025-08-01"]


def test_a_deadline_that_moves_to_nobody_says_when_has_the_days_that_are_claimed(told: Tell, read: Read) -> None:
    told("set-deadline", deadline="soon", title="Soon", due="2025-03-18")
    told("revise-deadline", deadline="soon", occurred="2025-03-17")
    reading = {"kind": "reading", "subject": "deadline/soon", "occurred": "2025-03-18"}
    told("make-claim", **reading, claimant="north", value={"type": "date", "date": "2025-05-17"})
    told("make-claim", **reading, claimant="south", value={"type": "date", "date": "2025-07-16"})

    def readings(day: str) -> list[tuple[Any, ...]]:
        return [(one["claimant"], one["day"], one["status"]) for one in deadline(read, as_of=day)["readings"]]

    assert readings("2025-03-20") == [
        (None, None, "undated"), ("north", "2025-05-17", "upcoming"), ("south", "2025-07-16", "upcoming"),
    ]  # fmt: skip
    told("revise-deadline", deadline="soon", due="2025-07-17", occurred="2025-05-17")
    assert readings("2025-05-25") == [(None, "2025-07-17", "upcoming"), ("south", "2025-07-16", "upcoming")]
    assert readings("2025-05-16")[1] == ("north", "2025-05-17", "upcoming")


def test_a_cancelled_deadline_is_no_longer_due_until_it_is_revised(told: Tell, read: Read) -> None:
    told("set-deadline", deadline="soon", title="Soon", due="2025-01")
    assert deadline(read, as_of="2025-01-31")["status"] == "upcoming"
    told("cancel-deadline", deadline="soon", occurred="2025-01-03")
    assert deadline(read)["status"] == "cancelled"
    told("revise-deadline", deadline="soon", due="2999-12-31", occurred="2025-01-04")
    assert deadline(read)["status"] == "upcoming"


@pytest.mark.parametrize(("rule", "code", "field"), [
    ({"count": 1, "unit": "business-days", "start": "2025-01-01", "calendars": ["XX"]}, "unknown-calendar", "rule.calendars.0"),
    ({"count": 1, "unit": "business-days", "start": "2025-01-01", "calendars": ["JAN"]}, "unknown-calendar", "rule.calendars.0"),
    ({"count": 1, "unit": "business-days", "start": "2025-01-01"}, "rule-needs-calendar", "rule.calendars"),
    ({"count": 1, "unit": "months", "event": "tranche/none/selected"}, "unknown", "rule.event"),
    ({"count": 1, "unit": "months", "event": "tranche/none/signed"}, "not-a-happening", "rule.event"),
    ({"count": 1, "unit": "months", "event": "moon/full/rises"}, "not-a-happening", "rule.event"),
    ({"count": 10**9, "unit": "months", "start": "2025"}, "less-than-equal", "rule.count"),
    ({"count": 1, "unit": "months"}, "rule-counts-from-nothing", "rule.event"),
    ({"count": -10**9, "unit": "months", "start": "2025"}, "greater-than-equal", "rule.count"),
    ({"count": -1201, "unit": "months", "start": "2025"}, "rule-reaches-too-far", "rule.count"),
    ({"count": 1, "unit": "months", "start": "2025", "by_all": ["north"]}, "rule-counts-from-two", "rule.by_all"),
    ({"count": 1, "unit": "months", "event": "negotiation", "by": "none"}, "not-a-happening", "rule.event"),
    ({"count": 1, "unit": "months", "event": "issue/fish/settled", "by": "north", "by_all": ["south"]},
        "rule-counts-from-two", "rule.by"),
    ({"count": 1, "unit": "months", "event": "issue/fish/settled", "by_all": ["north", "nobody"]},
        "unknown", "rule.by_all.1"),
    ({"count": 1, "unit": "months", "event": "issue/fish/settled", "by": "north", "by_number": 2},
        "rule-counts-from-two", "rule.by_number"),
    ({"count": 1, "unit": "months", "event": "issue/fish/settled", "by_number": 1},
        "greater-than-equal", "rule.by_number"),
])  # fmt: skip
def test_a_rule_that_cannot_be_is_refused(tell: Tell, rule: dict[str, Any], code: str, field: str) -> None:
    problem = tell("set-deadline", deadline="soon", title="Soon", rule=rule)
    assert problem.status_code == 422
    assert (problem.json()["code"], problem.json()["errors"][0]["field"]) == (code, field)


# Conditions and tariffs


def rates(read: Read, product: str, **asked: Any) -> list[tuple[str | None, ...]]:
    items = read("/v1/tariffs", negotiation="talks", product=product, **asked)["items"]
    return [(item["quota"], item["rate"], item["at_least"]) for item in items]


CARS = {"goods": [{"name": "cars", "codes": ["8703"], "edition": "2022"}]}


def test_a_rate_on_top_of_an_unknown_one_is_unknown(told: Tell, read: Read, act: None) -> None:
    told("add-provision", **provision("surcharge", tariff("10", "section-122")))
    told("add-provision", **provision("cars", tariff("25", "section-232", **CARS)))
    assert rates(read, "cars") == [(None, None, "35")]
    told("add-provision", **provision("mfn-cars", tariff("2.5", "mfn", **CARS)))
    assert rates(read, "8703.23") == [(None, "37.5", None)]
    assert rates(read, "87.04") == [(None, None, "10")]
    assert rates(read, "8703.23", as_of="2025-01-01") == [(None, None, None)]


@pytest.mark.parametrize(
    ("stacking", "rate"), [("add", "41.4"), ("higher", "26.4"), ("lower", "15"), ("replace", "15")]
)
def test_bases_go_together_by_their_stacking_rule(told: Tell, read: Read, act: None, stacking: str, rate: str) -> None:
    told("add-provision", **provision("all", tariff("15", "reciprocal", stacking=stacking)))
    told("add-provision", **provision("beef", tariff("26.4", "mfn", goods=[{"name": "beef"}])))
    assert rates(read, "beef") == [(None, rate, None)]


def test_a_ceiling_lowers_what_is_above_it_and_raises_nothing(told: Tell, read: Read, act: None) -> None:
    told("add-provision", **provision("ceiling", tariff("15", "section-232", stacking="lower")))
    assert rates(read, "87") == [(None, None, "0")], "it may be less"
    told("add-provision", **provision("base", tariff("2.5", "mfn", stacking="lower")))
    assert rates(read, "87") == [(None, "2.5", None)]
    told("add-provision", **provision("more", tariff("25", "reciprocal")))
    assert rates(read, "87") == [(None, "15", None)]
    assert read("/v1/tariffs", negotiation="talks", product="87")["items"][0]["says"] == (
        "the lower of (2.5 % mfn, plus 25 % reciprocal) and 15 % section-232"
    )


def per_100_kg(amount: str) -> list[dict[str, str]]:
    return [{"amount": amount, "currency": "EUR", "per": "100 kg"}]


@pytest.mark.parametrize(("second", "rate", "specific", "says"), [
    ({"percent": "10", "stacking": "add"}, "22.8", ["176.8"], "12.8 % + EUR 176.8 per 100 kg mfn, plus 10 % pact"),
    ({"percent": "0", "specific": per_100_kg("3.2"), "stacking": "add"}, "12.8", ["180.0"],
     "12.8 % + EUR 176.8 per 100 kg mfn, plus EUR 3.2 per 100 kg pact"),
    ({"percent": "7.5", "replaces": ["mfn"]}, "7.5", [], "7.5 % pact"),
    ({"percent": "15", "stacking": "higher"}, None, [],
     "the higher of 12.8 % + EUR 176.8 per 100 kg mfn and 15 % pact"),
    ({"percent": "10", "stacking": "lower"}, "10", [], "the lower of 12.8 % + EUR 176.8 per 100 kg mfn and 10 % pact"),
    ({"percent": "13", "specific": per_100_kg("180"), "stacking": "higher"}, "13", ["180"],
     "the higher of 12.8 % + EUR 176.8 per 100 kg mfn and 13 % + EUR 180 per 100 kg pact"),
])  # fmt: skip
def test_specific_duties_stand_beside_the_rate(
    told: Tell, read: Read, act: None, second: dict[str, Any], rate: str | None, specific: list[str], says: str
) -> None:
    beef = {"goods": [{"name": "beef"}]}
    told("add-provision", **provision("base", tariff("12.8", "mfn", specific=per_100_kg("176.8"), **beef)))
    told("add-provision", **provision("pact", {"type": "tariff", "basis": "pact"} | second | beef))
    (found,) = read("/v1/tariffs", negotiation="talks", product="beef")["items"]
    assert (found["rate"], [one["amount"] for one in found["specific"]], found["says"]) == (rate, specific, says)


def test_of_two_that_replace_each_other_one_counts_and_nothing_that_they_replace(
    told: Tell, read: Read, act: None
) -> None:
    told("add-provision", **provision("base", tariff("10", "mfn")))
    told("add-provision", **provision("aa", tariff("9", "aa", replaces=["mfn", "bb"])))
    told("add-provision", **provision("bb", tariff("2", "bb", replaces=["mfn", "aa"])))
    assert rates(read, "87") == [(None, "9", None)]


def test_of_two_that_replace_the_same_neither_counts_where_it_is_not_known_which_is_lower(
    told: Tell, read: Read, act: None
) -> None:
    beef = {"goods": [{"name": "beef"}], "replaces": ["mfn"]}
    told("add-provision", **provision("east", tariff("2", "pact-of-east", specific=per_100_kg("30"), **beef)))
    told("add-provision", **provision("west", tariff("5", "pact-of-west", **beef)))
    (found,) = read("/v1/tariffs", negotiation="talks", product="beef")["items"]
    assert (found["rate"], found["at_least"]) == (None, None)
    assert found["says"] == "not known: act/east or act/west takes the place of the same"


def test_what_is_above_a_ceiling_is_known_whatever_it_rests_on(told: Tell, read: Read, act: None) -> None:
    told("add-provision", **provision("more", tariff("20", "reciprocal")))
    assert rates(read, "87") == [(None, None, "20")]
    told("add-provision", **provision("ceiling", tariff("15", "section-232", stacking="lower")))
    told("add-provision", **provision("further", tariff("1", "zz")))
    assert rates(read, "87") == [(None, "16", None)]
    assert read("/v1/tariffs", negotiation="talks", product="87")["items"][0]["says"].startswith(
        "(the lower of (a most"
    )


def test_a_rate_inside_a_quota_is_another_than_outside(told: Tell, read: Read, act: None) -> None:
    for side, percent in (("inside", "0"), ("outside", "80")):
        rice = tariff(percent, "mfn", goods=[{"name": "rice"}], quota={"name": "minimum-access", "side": side})
        told("add-provision", **provision(side, rice))
    assert rates(read, "rice") == [("inside minimum-access", "0", None), ("outside minimum-access", "80", None)]


def test_a_preference_takes_the_place_of_the_base_alone(told: Tell, read: Read, act: None) -> None:
    told("add-provision", **provision("cars", tariff("2.5", "mfn", **CARS)))
    told("add-provision", **provision("surcharge", tariff("25", "section-232")))
    assert rates(read, "cars", origin="south") == [(None, "27.5", None)]
    told("add-provision", **provision("free", tariff("0", "preference", origin="south", replaces=["mfn"])))
    (found,) = read("/v1/tariffs", negotiation="talks", product="cars", origin="south")["items"]
    assert (found["rate"], found["says"]) == ("25", "0 % preference, plus 25 % section-232")
    assert [(one["provision"], one["why"]) for one in found["set_aside"]] == [("act/cars", "act/free takes its place")]
    assert rates(read, "01", origin="south") == [(None, "25", None)], "also where the base is not on record"
    assert rates(read, "01", origin="north") == [(None, None, "25")]


@pytest.mark.parametrize("replaces", [["fta", "mfn", "gsp"], ["fta"], ["mfn", "fta"], []])
def test_what_a_safeguard_pushes_out_is_told(told: Tell, read: Read, act: None, replaces: list[str]) -> None:
    told("add-provision", **provision("base", tariff("40", "mfn")))
    told("add-provision", **provision("free", tariff("25", "fta", replaces=["mfn"], stacking="replace")))
    told("add-provision", **provision("guard", tariff("38.5", "safeguard", replaces=replaces, stacking="replace")))
    (found,) = read("/v1/tariffs", negotiation="talks", product="87")["items"]
    assert (found["rate"], [step["provision"] for step in found["steps"]]) == ("38.5", ["act/guard"])
    aside = {one["provision"]: one["why"] for one in found["set_aside"]}
    before_base = "act/guard" if replaces else "act/free"
    assert aside == {"act/base": f"{before_base} takes its place", "act/free": "act/guard takes its place"}


@pytest.mark.parametrize(("tariffs", "rate"), [
    ([("2.5", "mfn", {}), ("0", "preference", {"replaces": ["mfn"], "yields_to": ["section-232"]}),
        ("25", "section-232", {})], "27.5"),
    ([("2.5", "mfn", {"replaces": ["preference"]}), ("0", "preference", {"replaces": ["mfn"]})], "2.5"),
    ([("2.5", "mfn", {}), ("5", "alpha", {"replaces": ["beta"]}), ("7", "beta", {"replaces": ["alpha"]})], "7.5"),
    ([("2.5", "mfn", {}), ("5", "alpha", {"replaces": ["beta"]}), ("7", "beta", {"replaces": ["gamma"]}),
        ("9", "gamma", {})], "16.5"),
    ([("2.5", "mfn", {}), ("5", "preference", {"replaces": ["mfn"], "stacking": "lower"})], "5"),
    ([("2.5", "mfn", {}), ("1", "gsp", {"replaces": ["mfn"]}), ("0", "fta", {"replaces": ["mfn"]})], "0"),
    ([("2.5", "mfn", {}), ("1", "gsp", {"replaces": ["mfn", "fta"]}), ("0", "fta", {"replaces": ["mfn"]})], "1"),
])  # fmt: skip
def test_what_is_replaced_does_not_replace(
    told: Tell, read: Read, act: None, tariffs: list[tuple[str, str, dict[str, Any]]], rate: str
) -> None:
    for percent, basis, more in tariffs:
        told("add-provision", **provision(basis, tariff(percent, basis, **more)))
    assert rates(read, "87") == [(None, rate, None)]


def test_a_union_levies_nothing_on_its_members(told: Tell, read: Read, act: None) -> None:
    told("add-party", party="union", name="Union", kind="union")
    told("add-party", party="member", name="Member", kind="state", represents="union")
    told("add-provision", **provision("all", tariff("10", "mfn", levied_by="union")))
    told("add-provision", **provision("north", tariff("5", "section-232", levied_by="union", origin="north")))
    items = read("/v1/tariffs", negotiation="talks", product="87")["items"]
    assert [(item["origin"], item["rate"]) for item in items] == [("north", "15"), ("south", "10")]


def test_goods_that_are_named_alone_have_the_codes_that_are_told_elsewhere(told: Tell, read: Read, act: None) -> None:
    told("add-provision", **provision("base", tariff("2.5", "mfn", **CARS)))
    told("add-provision", **provision("exempt", tariff("0", "reciprocal", goods=[{"name": "cars"}])))
    told("add-provision", **provision("rest", tariff("10", "reciprocal")))
    assert rates(read, "8703.23") == rates(read, "cars") == [(None, "2.5", None)]
    assert rates(read, "01", edition="2022") == [(None, None, "10")]


def test_the_volume_of_a_quota_is_told_and_no_side_without_a_rate(told: Tell, read: Read, act: None) -> None:
    rice = {"goods": [{"name": "rice"}]}
    inside = {"name": "rice-quota", "side": "inside", "volume": "500 t"}
    told("add-provision", **provision("in", tariff("0", "mfn", origin="south", quota=inside, **rice)))
    told("add-provision", **provision("out", tariff("80", "mfn", quota=inside | {"side": "outside"}, **rice)))
    items = read("/v1/tariffs", negotiation="talks", product="rice")["items"]
    assert [(item["origin"], item["quota"], item["rate"]) for item in items] == [
        ("north", "outside rice-quota (500 t)", "80"),
        ("south", "inside rice-quota (500 t)", "0"),
        ("south", "outside rice-quota (500 t)", "80"),
    ]


def test_a_rate_in_an_agreement_that_is_not_in_force_does_not_apply(told: Tell, read: Read) -> None:
    told("draft-agreement", agreement="act", title="Act", form="framework", parties=["north", "south"])
    told("add-provision", **provision("ceiling", tariff("15", "reciprocal", stacking="lower")))
    (found,) = read("/v1/negotiations/talks/agreements/act")["provisions"]
    assert (found["applies"], found["why"]) == (False, "the agreement is drafted, not in force")


def test_a_base_that_yields_is_on_record(told: Tell, read: Read, act: None) -> None:
    told("add-provision", **provision("base", tariff("2.5", "mfn", yields_to=["preference"])))
    told("add-provision", **provision("free", tariff("0", "preference")))
    assert rates(read, "87") == [(None, "0", None)]


def test_a_list_has_every_party_that_trades_where_a_rate_is_on_goods_of_all(told: Tell, read: Read, act: None) -> None:
    told("add-party", party="office", name="Office", kind="office", represents="south")
    told("add-party", party="east", name="East", kind="state")
    told("add-provision", **provision("all", tariff("10", "mfn", levied_by="north")))
    told("add-provision", **provision("east", tariff("25", "section-232", levied_by="north", origin="east")))
    items = read("/v1/tariffs", negotiation="talks", product="87")["items"]
    assert [(item["origin"], item["rate"]) for item in items] == [("east", "35"), ("south", "10")]
    told("add-provision", **provision("north", tariff("4", "mfn", levied_by="east", origin="north")))
    items = read("/v1/tariffs", negotiation="talks", product="87", levied_by="north")["items"]
    assert [item["origin"] for item in items] == ["east", "south"], "and none that another names"


def test_what_another_levies_changes_nothing(told: Tell, read: Read, act: None) -> None:
    told("add-provision", **provision("cars", tariff("15", "mfn", levied_by="north", origin="south", **CARS)))
    named = {"goods": [{"name": "carriages"}]}
    told("add-provision", **provision("other", tariff("9", "mfn", levied_by="south", origin="north", **named)))
    assert rates(read, "8703.23", levied_by="north") == [(None, "15", None)]
    quota = {"name": "some", "side": "inside"}
    told("add-provision", **provision("quota", tariff("1", "mfn", levied_by="south", quota=quota, **CARS)))
    assert rates(read, "8703.23", levied_by="north", origin="south") == [(None, "15", None)]
    items = read("/v1/tariffs", negotiation="talks", product="8703.23", levied_by="south")["items"]
    assert [item["origin"] for item in items] == ["north"]


def test_why_a_rate_goes_before_another_is_told(told: Tell, read: Read, act: None) -> None:
    told("add-provision", **provision("early", tariff("1", "mfn"), occurred="2025-01-02"))
    told("add-provision", **provision("late", tariff("2", "mfn"), occurred="2025-01-03"))
    told("add-provision", **provision("cars", tariff("3", "mfn", **CARS), occurred="2025-01-02"))
    told("add-provision", **provision("south", tariff("4", "mfn", origin="south"), occurred="2025-01-02"))
    (cars,) = read("/v1/tariffs", negotiation="talks", product="8703", origin="south")["items"]
    assert {one["provision"]: one["why"] for one in cars["set_aside"]} == dict.fromkeys(
        ["act/early", "act/late", "act/south"], "act/cars goes before it: it is on narrower goods"
    )
    (all_else,) = read("/v1/tariffs", negotiation="talks", product="01", origin="south")["items"]
    assert {one["why"] for one in all_else["set_aside"]} == {
        "act/south goes before it: it is on goods of a nearer origin"
    }
    (of_others,) = read("/v1/tariffs", negotiation="talks", product="01", origin="north")["items"]
    assert {one["why"] for one in of_others["set_aside"]} == {"act/late goes before it: it is the later one"}


def test_of_the_steps_of_a_schedule_the_one_that_began_last_counts(told: Tell, read: Read, act: None) -> None:
    def from_day(day: str) -> dict[str, Any]:
        return {"depends_on": [{"effect": "begins", "rule": {"count": 0, "unit": "calendar-days", "start": day}}]}

    for key, percent, month in (("cut-9", "9", 2), ("cut-10", "5", 3), ("zero", "0", 4), ("a-final", "2", 6)):
        told("add-provision", **provision(key, tariff(percent, "mfn")), **from_day(f"2025-0{month}-01"))
    told("add-provision", **provision("told", tariff("3", "mfn")), effective="2025-05-01")
    assert [rates(read, "87", as_of=f"2025-0{month}-02")[0][1] for month in range(2, 7)] == ["9", "5", "0", "3", "2"]
    told("amend-provision", agreement="act", provision="cut-9", text="Again.", occurred="2025-03-01")
    (found,) = read("/v1/tariffs", negotiation="talks", product="87", as_of="2025-03-02")["items"]
    assert {one["provision"]: one["why"] for one in found["set_aside"]}["act/cut-9"] == (
        "act/cut-10 goes before it: it is the later one"
    )


def test_a_code_of_another_edition_is_not_taken_for_the_same(told: Tell, read: Read, act: None) -> None:
    told("add-provision", **provision("cars", tariff("5", "mfn", **CARS)))
    assert rates(read, "8703", edition="2022") == [(None, "5", None)]
    (found,) = read("/v1/tariffs", negotiation="talks", product="8703", edition="2017")["items"]
    assert (found["rate"], found["set_aside"][0]["why"]) == (
        None, "it is on 8703 of 2022, and codes of 2017 may be of other goods",
    )  # fmt: skip


def test_goods_of_a_member_are_goods_of_the_union_that_it_is_represented_by(told: Tell, read: Read, act: None) -> None:
    told("add-party", party="union", name="Union", kind="union")
    told("add-party", party="member", name="Member", kind="state", represents="union")
    told("add-provision", **provision("all", tariff("10", "mfn", stacking="replace")))
    told("add-provision", **provision("union", tariff("15", "mfn", stacking="replace", origin="union")))
    assert rates(read, "87", origin="union") == rates(read, "87", origin="member") == [(None, "15", None)]
    assert rates(read, "87", origin="south") == [(None, "10", None)]
    told("add-provision", **provision("one", tariff("12", "mfn", stacking="replace", origin="member")))
    told("amend-provision", agreement="act", provision="union", text="Again.", occurred="2025-03-01")
    assert rates(read, "87", origin="member") == [(None, "12", None)], "its own goes before that of the union"
    told("add-party", party="province", name="Province", kind="organisation", represents="member")
    assert rates(read, "87", origin="province") == [(None, "12", None)], "the nearer goes before"
    assert rates(read, "87", origin="member", public_at="2025-06-01") == [(None, None, None)], "not public, but known"


@pytest.mark.parametrize("field", ["origin", "levied_by"])
def test_a_party_that_is_not_known_has_no_rate(told: Tell, client: TestClient, act: None, field: str) -> None:
    told("add-provision", **provision("all", tariff("10", "mfn", stacking="replace")))
    problem = client.get("/v1/tariffs", params={"negotiation": "talks", "product": "87", field: "atlantis"})
    assert (problem.status_code, problem.json()["errors"][0]["field"]) == (422, field)
    assert "known are: north, south" in problem.json()["detail"]


def test_an_order_reaches_back_before_its_own_date(told: Tell, read: Read) -> None:
    told("draft-agreement", agreement="order", title="Order", form="order", parties=["north"], occurred="2025-09-25")
    rate = provision("cars", tariff("15", "mfn", stacking="replace"), agreement="order", occurred="2025-09-25")
    told("add-provision", **rate, effective="2025-08-01")
    assert [rates(read, "87", as_of=f"2025-{day}") for day in ("07-31", "08-01", "09-25")] == [
        *([(None, None, None)], [(None, "15", None)]),
        [(None, "15", None)],
    ]


def test_an_agreement_that_is_not_in_force_levies_nothing(told: Tell, read: Read) -> None:
    told("draft-agreement", agreement="deal", title="Deal", form="treaty", parties=["north", "south"])
    rate = provision("all", tariff("0", "mfn", stacking="replace", levied_by="north"), agreement="deal")
    told("add-provision", **rate)
    (found,) = read("/v1/tariffs", negotiation="talks", product="87")["items"]
    assert (found["rate"], found["set_aside"][0]["why"]) == (None, "deal is drafted, not in force")
    told("bring-into-force", agreement="deal", parties=["north", "south"], occurred="2025-02-01")
    assert rates(read, "87") == [(None, "0", None)]
    told("withdraw-from-agreement", agreement="deal", parties=["north"], occurred="2025-03-01")
    assert rates(read, "87") == [(None, None, None)]
    assert rates(read, "87", as_of="2025-02-28") == [(None, "0", None)]


@pytest.fixture
def deal(told: Tell, act: None) -> None:
    """A treaty of north, south and east, in force for the first two in February, with a rate on goods of all parties
    beside one on those of south, and of north a law; west is no party.
    """
    for party in ("east", "west"):
        told("add-party", party=party, name=party, kind="state")
    told("draft-agreement", agreement="deal", title="Deal", form="treaty", parties=["north", "south", "east"])
    told("bring-into-force", agreement="deal", parties=["north", "south"], occurred="2025-02-01")
    for key, percent, origin in (("all", "5", {}), ("south", "0", {"origin": "south"})):
        rate = tariff(percent, "deal", replaces=["mfn"], goods=[{"name": "cheese"}], **origin)
        told("add-provision", **provision(key, rate, agreement="deal"))
    told("add-provision", **provision("base", tariff("30", "mfn", goods=[{"name": "cheese"}])))


@pytest.mark.parametrize(("origin", "day", "rate", "why"), [
    ("south", "2025-02-01", "0", "deal/south goes before it: it is on goods of a nearer origin"),
    ("east", "2025-02-15", "30", "deal is not in force for east"),
    ("east", "2025-03-01", "5", None), ("east", "2025-04-01", "30", "deal is withdrawn for east, since 2025-04-01"),
    ("west", "2025-02-15", "30", "west is no party of deal"),
    ("west", "2025-01-31", "30", "deal is drafted, not in force"),
])  # fmt: skip
def test_a_preference_is_for_goods_of_parties_for_whom_it_is_in_force(
    told: Tell, read: Read, deal: None, origin: str, day: str, rate: str, why: str | None
) -> None:
    told("apply-provisionally", agreement="deal", parties=["east"], occurred="2025-03-01")
    told("withdraw-from-agreement", agreement="deal", parties=["east"], occurred="2025-04-01")
    asked = {"levied_by": "north", "origin": origin, "as_of": day}
    (found,) = read("/v1/tariffs", negotiation="talks", product="cheese", **asked)["items"]
    aside = {one["provision"]: one["why"] for one in found["set_aside"]}
    assert (found["rate"], aside.get("deal/all")) == (rate, why)


def test_a_preference_is_for_those_between_whom_it_is_in_force(told: Tell, read: Read, deal: None) -> None:
    told("bring-into-force", agreement="deal", parties=["east"], toward=["south"], occurred="2025-03-01")
    told("suspend-agreement", agreement="deal", parties=["north"], toward=["south"], occurred="2025-04-01")

    def rate(by: str, origin: str, day: str) -> tuple[str, set[str]]:
        asked = {"product": "cheese", "levied_by": by, "origin": origin, "as_of": day}
        (found,) = read("/v1/tariffs", negotiation="talks", **asked)["items"]
        return found["rate"], {one["why"] for one in found["set_aside"] if one["provision"] == "deal/all"}

    assert rate("south", "east", "2025-03-02") == ("5", set())
    assert rate("north", "east", "2025-03-02") == ("30", {"deal is not in force between north and east"})
    assert rate("north", "south", "2025-03-02")[0] == "0"
    assert rate("north", "south", "2025-04-02") == ("30", {"deal is suspended between north and south"})


def test_a_union_levies_what_its_members_have_agreed_and_each_member_only_its_own(
    told: Tell, read: Read, act: None
) -> None:
    told("add-party", party="union", name="Union", kind="union")
    for member in ("east", "west"):
        told("add-party", party=member, name=member, kind="state", represents="union")
    told("draft-agreement", agreement="deal", title="Deal", form="treaty", parties=["south", "east", "west"])
    told("bring-into-force", agreement="deal", parties=["south", "east"], occurred="2025-02-01")
    rate = tariff("5", "deal", stacking="replace", levied_by="union", origin="south", goods=[{"name": "cars"}])
    told("add-provision", **provision("cars", rate, agreement="deal"))

    def levied(**asked: str) -> dict[str, str | None]:
        found = read("/v1/tariffs", negotiation="talks", product="cars", as_of="2025-03-01", **asked)["items"]
        return {item["levied_by"]: item["rate"] for item in found}

    assert levied() == {"union": "5"}
    assert levied(levied_by="east") == {"east": "5"}
    assert levied(levied_by="west") == {"west": None}


def test_what_has_not_happened_by_then_begins_nothing_later(told: Tell, read: Read, act: None) -> None:
    told("draft-agreement", agreement="deal", title="Deal", form="memorandum", parties=["north", "south"])
    told("sign-agreement", agreement="deal", parties=["north", "south"], occurred="2025-02-01")
    rule = {"count": 10, "unit": "calendar-days", "event": "agreement/deal/ratified", "by": "north"}
    told("add-provision", **provision("bonus", None, agreement="deal", depends_on=[{"effect": "begins", "rule": rule}]))
    told("ratify-agreement", agreement="deal", parties=["north"], occurred="2025-03-01")

    def why(day: str) -> tuple[bool, str]:
        (entry,) = read("/v1/negotiations/talks/agreements/deal", as_of=day)["provisions"]
        return entry["applies"], entry["why"].partition(":")[0]

    waits = "it waits for agreement/deal/ratified by north, which is not on record"
    assert why("2025-02-28") == (False, waits)
    assert why("2025-03-01") == (False, "it begins 2025-03-11")
    assert why("2025-03-11") == (True, "it applies since 2025-03-11")


def test_a_list_has_no_preference_for_who_is_no_party(told: Tell, read: Read, deal: None) -> None:
    wine = {"goods": [{"name": "wine"}]}
    for key, percent, origin in (("wine", "5", {}), ("wine-of-south", "0", {"origin": "south"})):
        told(
            "add-provision",
            **provision(key, tariff(percent, "deal", stacking="replace", **wine, **origin), agreement="deal"),
        )

    def listed(product: str, **asked: Any) -> dict[str, Any]:
        items = read("/v1/tariffs", negotiation="talks", product=product, as_of="2025-02-15", **asked)["items"]
        return {item["origin"]: item["rate"] for item in items}

    assert listed("cheese", levied_by="north") == {"south": "0", "east": "30", "west": "30"}
    assert listed("wine", levied_by="north") == {"south": "0"}, "no rate counts for any other"
    assert listed("wine", levied_by="north", origin="west") == {"west": None}


def test_a_levier_for_whom_an_agreement_is_not_in_force_is_named(told: Tell, read: Read, deal: None) -> None:
    for by in ("east", "west"):
        asked = {"product": "cheese", "levied_by": by, "origin": "south", "as_of": "2025-02-15"}
        (found,) = read("/v1/tariffs", negotiation="talks", **asked)["items"]
        assert {one["why"] for one in found["set_aside"]} == {
            "east": {"deal is not in force for east"}, "west": {"west is no party of deal"},
        }[by]  # fmt: skip


def test_what_one_party_alone_is_on_record_for_is_levied_on_goods_of_all(told: Tell, read: Read) -> None:
    told("draft-agreement", agreement="act", title="Schedule", form="other", parties=["north"])
    told("bring-into-force", agreement="act", parties=["north"], occurred="2025-02-01")
    told("add-provision", **provision("all", tariff("5", "mfn", levied_by="north")))
    assert rates(read, "01", origin="south") == [(None, "5", None)]


def test_a_preference_is_also_for_members_of_a_union_and_for_whom_an_office_acts(
    told: Tell, read: Read, act: None
) -> None:
    told("add-party", party="union", name="Union", kind="union")
    told("add-party", party="member", name="Member", kind="state", represents="union")
    told("add-party", party="island", name="Island", kind="state")
    told("add-party", party="bureau", name="Bureau", kind="office", represents="island")
    parties = ["north", "union", "bureau"]
    told("draft-agreement", agreement="deal", title="Deal", form="treaty", parties=parties)
    told("bring-into-force", agreement="deal", parties=parties, occurred="2025-02-01")
    told("add-provision", **provision("all", tariff("5", "mfn", levied_by="north"), agreement="deal"))
    found = {origin: rates(read, "01", origin=origin)[0][1] for origin in ("union", "member", "island", "south")}
    assert found == {"union": "5", "member": "5", "island": "5", "south": None}


def test_a_rate_ends_with_the_act_that_it_rests_on(told: Tell, read: Read, act: None) -> None:
    told("draft-agreement", agreement="order", title="Order", form="order", parties=["north"])
    rate = tariff("15", "reciprocal", stacking="replace", rests_on="act")
    told("add-provision", **provision("all", rate, agreement="order"))
    assert rates(read, "87") == [(None, "15", None)]
    told("terminate-agreement", agreement="act", occurred="2026-02-20")
    assert rates(read, "87", as_of="2026-02-19") == [(None, "15", None)]
    assert rates(read, "87", as_of="2026-02-20") == [(None, None, None)]


def test_a_rate_begins_on_the_first_of_the_month_in_which_a_bill_is_introduced(told: Tell, read: Read) -> None:
    told("draft-agreement", agreement="bill", title="Bill", form="law", parties=["south"], occurred="2025-08-20")
    told("draft-agreement", agreement="order", title="Order", form="order", parties=["north"], occurred="2025-08-21")
    begins = {"count": 0, "unit": "calendar-days", "event": "agreement/bill/announced", "align": "first-of-month"}
    told("add-provision", **provision(
        "cars", tariff("15", "section-232", stacking="replace", **CARS), agreement="order", occurred="2025-08-21",
        depends_on=[{"effect": "begins", "rule": begins}],
    ))  # fmt: skip
    assert rates(read, "cars") == [(None, None, None)]
    told("announce-agreement", agreement="bill", occurred="2025-08-28", published="2025-08-28")
    assert rates(read, "cars", as_of="2025-08-01") == [(None, "15", None)]
    assert rates(read, "cars", as_of="2025-07-31") == [(None, None, None)]
    (entry,) = read("/v1/negotiations/talks/agreements/order")["provisions"]
    assert entry["applies"] is True
    assert entry["why"].startswith("it applies since 2025-08-01: the first of the month of")


def test_a_rate_snaps_back_when_the_condition_is_met(told: Tell, read: Read, act: None) -> None:
    told("propose-tranche", tranche="mine")
    back = tariff("25", "reciprocal", stacking="replace")
    rule = {"count": 1, "unit": "months", "event": "tranche/mine/call-missed"}
    told("add-provision", **provision(
        "all", tariff("15", "reciprocal", stacking="replace"), sunset="2026-06",
        depends_on=[{"effect": "reverts", "rule": rule, "value": back}],
    ))  # fmt: skip
    told("record-missed-call", tranche="mine", occurred="2025-05-10")
    assert rates(read, "87", as_of="2025-06-09") == [(None, "15", None)]
    assert rates(read, "87", as_of="2025-06-10") == [(None, "25", None)]
    assert rates(read, "87", as_of="2026-06-30") == [(None, "25", None)]
    assert rates(read, "87", as_of="2026-07-01") == [(None, None, None)]
    (found,) = read("/v1/tariffs", negotiation="talks", product="87", as_of="2026-07-01")["items"]
    assert found["set_aside"][0]["why"] == "it ended with its sunset on 2026-06"


def test_a_suspension_ends_on_its_date_unless_it_is_prolonged(told: Tell, read: Read, act: None) -> None:
    told("add-provision", **provision("all", tariff("10", "mfn")))
    suspended = {"agreement": "act", "provision": "all"}
    told("suspend-provision", **suspended, until="2025-03-31", occurred="2025-02-01")

    def found(day: str) -> tuple[str | None, str, str]:
        entry = read("/v1/negotiations/talks/agreements/act", as_of=day)["provisions"][0]
        ((_, percent, _),) = rates(read, "87", as_of=day)
        return percent, entry["status"], entry["why"]

    assert found("2025-03-31") == (None, "suspended", "it is suspended until 2025-03-31")
    assert found("2025-04-01") == ("10", "part", "it was suspended until 2025-03-31")
    told("suspend-provision", **suspended, until="further notice", occurred="2025-03-30")
    assert found("2025-04-01") == (None, "suspended", "it is suspended until further notice")
    told("remove-provision", **suspended, occurred="2025-05-01")
    assert found("2025-05-02") == (None, "removed", "it is removed")


def test_a_condition_in_words_is_told_with_the_rate(told: Tell, read: Read, act: None) -> None:
    told("add-provision", **provision("all", tariff("10", "act")), condition="Shipped after 10 May.")
    (found,) = read("/v1/tariffs", negotiation="talks", product="87")["items"]
    assert "under a condition: Shipped after 10 May." in str(found["steps"])


def test_an_order_that_reaches_back_changes_the_past_from_when_it_was_public(told: Tell, read: Read, act: None) -> None:
    told("add-provision", **provision("all", tariff("20", "mfn"), published="2025-01-02"))
    amended = {"agreement": "act", "provision": "all", "text": "-", "value": tariff("5", "mfn")}
    told("amend-provision", **amended, occurred="2025-06-01", effective="2025-02-01", published="2025-06-01")
    assert rates(read, "87", as_of="2025-03-01", public_at="2025-05-31") == [(None, "20", None)]
    assert rates(read, "87", as_of="2025-03-01", public_at="2025-06-01") == [(None, "5", None)]
    assert rates(read, "87", as_of="2025-01-31") == [(None, "20", None)]


@pytest.mark.parametrize("seed", range(5))
def test_a_rate_does_not_depend_on_the_order_of_recording(told: Tell, read: Read, act: None, seed: int) -> None:
    random = Random(seed)
    commands = [
        provision(f"p{number}", tariff(
            str(number), random.choice(["mfn", "reciprocal", "section-232"]),
            stacking=random.choice(["add", "higher", "lower", "replace"]), goods=random.choice([[], CARS["goods"]]),
        ), occurred=f"2025-02-0{random.randint(1, 4)}")
        for number in range(6)
    ]  # fmt: skip
    found = []
    for name in ("one", "two"):
        told("open-negotiation", negotiation=name, title="Talks")
        told("add-party", negotiation=name, party="north", name="North", kind="state")
        told("draft-agreement", negotiation=name, agreement="act", title="Act", form="law", parties=["north"])
        random.shuffle(commands)
        for command in commands:
            told("add-provision", negotiation=name, **command)
        days = [f"2025-02-0{day}" for day in range(1, 6)]
        asked = [read("/v1/tariffs", negotiation=name, product="cars", as_of=day)["items"] for day in days]
        found.append([(item["rate"], item["at_least"], item["says"]) for items in asked for item in items])
    assert found[0] == found[1]


def test_unknown_goods_and_a_negative_rate_are_refused(client: TestClient, tell: Tell, told: Tell, act: None) -> None:
    told("add-provision", **provision("cars", tariff("5", "mfn", **CARS)))
    answer = client.get("/v1/tariffs", params={"negotiation": "talks", "product": "tanks"})
    assert (answer.status_code, answer.json()["code"]) == (422, "no-such-goods")
    answer = client.get("/v1/tariffs", params={"negotiation": "talks", "product": "Passenger cars"})
    assert answer.json()["code"] == "not-goods"
    assert client.get("/v1/tariffs", params={"negotiation": "none"}).status_code == 404
    problem = tell("add-provision", **provision("bad", tariff("-5", "mfn"))).json()
    assert (problem["code"], problem["errors"][0]["field"]) == ("not-a-rate", "value.percent")


def test_what_is_not_part_of_an_agreement_does_not_apply(told: Tell, read: Read, act: None) -> None:
    told("add-provision", **provision("all", tariff("5", "mfn")))
    told("suspend-provision", agreement="act", provision="all", occurred="2025-02-01")
    (found,) = read("/v1/tariffs", negotiation="talks", product="87")["items"]
    assert (found["rate"], found["set_aside"][0]["why"]) == (None, "it is suspended")


def test_a_rate_can_rest_on_what_becomes_of_a_deadline(told: Tell, read: Read, act: None) -> None:
    told("set-deadline", deadline="soon", title="Soon", due="2025-06-01")
    ends = {"count": 0, "unit": "calendar-days", "event": "deadline/soon/lapsed"}
    told("add-provision", **provision("all", tariff("5", "mfn"), depends_on=[{"effect": "ends", "rule": ends}]))
    told("record-deadline-outcome", deadline="soon", outcome="lapsed", occurred="2025-06-02")
    assert rates(read, "87", as_of="2025-06-01") == [(None, "5", None)]
    assert rates(read, "87", as_of="2025-06-02") == [(None, None, None)]


def test_without_a_product_all_that_the_schedule_names_is_shown(told: Tell, read: Read, act: None) -> None:
    told("add-provision", **provision("all", tariff("5", "mfn")))
    told("add-provision", **provision("cars", tariff("2.5", "mfn", **CARS)))
    told(
        "add-provision", **provision("steel", tariff("50", "section-232", goods=[{"codes": ["72"], "edition": "2022"}]))
    )
    items = read("/v1/tariffs", negotiation="talks")["items"]
    assert [(item["product"], item["rate"]) for item in items] == [("cars", "2.5"), ("72", "55"), (None, "5")]


def test_a_backdated_rate_is_asked_as_it_was_first_told(told: Tell, read: Read) -> None:
    told("draft-agreement", agreement="bill", title="Bill", form="law", parties=["south"], occurred="2025-08-20")
    told("announce-agreement", agreement="bill", occurred="2025-08-28")
    told("draft-agreement", agreement="order", title="Order", form="order", parties=["north"], occurred="2025-09-04")
    begins = {"count": 0, "unit": "calendar-days", "event": "agreement/bill/announced", "align": "first-of-month"}
    rate = tariff("15", "reciprocal", stacking="replace")
    depends = [{"effect": "begins", "rule": begins}]
    told("add-provision", **provision("all", rate, agreement="order", occurred="2025-09-04", depends_on=depends))
    amended = {"agreement": "order", "provision": "all", "text": "-", "value": rate | {"percent": "20"}}
    told("amend-provision", **amended, occurred="2026-03-01")
    told("terminate-agreement", agreement="order", occurred="2026-05-01")
    asked = ("2025-07-31", "2025-08-02", "2025-09-05", "2026-03-01", "2026-05-01")
    assert [rates(read, "87", as_of=day)[0][1] for day in asked] == [None, "15", "15", "20", None]


def test_the_last_of_several_snap_backs_counts(told: Tell, read: Read, act: None) -> None:
    def back(day: str, percent: str) -> dict[str, Any]:
        rule = {"count": 0, "unit": "calendar-days", "start": day}
        return {"effect": "reverts", "rule": rule, "value": tariff(percent, "mfn")}

    depends = [back("2025-06-01", "30"), back("2025-03-01", "20")]
    told("add-provision", **provision("all", tariff("1", "mfn"), depends_on=depends))
    assert [rates(read, "87", as_of=f"2025-0{month}-02")[0][1] for month in (2, 3, 7)] == ["1", "20", "30"]


def test_a_rate_that_is_resumed_is_not_the_later_one(told: Tell, read: Read, act: None) -> None:
    told("add-provision", **provision("old", tariff("15", "mfn"), occurred="2025-01-03"))
    told("add-provision", **provision("new", tariff("20", "mfn"), occurred="2025-02-01"))
    told("suspend-provision", agreement="act", provision="old", occurred="2025-03-01")
    told("resume-provision", agreement="act", provision="old", occurred="2025-03-02")
    assert rates(read, "87") == [(None, "20", None)]


def test_what_is_levied_on_every_origin_is_levied_on_one_that_is_not_named(told: Tell, read: Read, act: None) -> None:
    told("add-party", party="east", name="East", kind="state")
    told("add-provision", **provision("all", tariff("10", "mfn", levied_by="north")))
    told("add-provision", **provision("south", tariff("15", "reciprocal", levied_by="north", origin="south")))
    assert rates(read, "87", origin="east") == [(None, "10", None)]
    assert rates(read, "87", origin="south") == [(None, "25", None)]


def test_goods_are_on_a_side_of_each_quota(told: Tell, read: Read, act: None) -> None:
    for name, basis, percents in (("qa", "mfn", ("1", "10")), ("qb", "reciprocal", ("2", "20"))):
        for side, percent in zip(("inside", "outside"), percents, strict=True):
            rate = tariff(percent, basis, quota={"name": name, "side": side})
            told("add-provision", **provision(f"{name}-{side}", rate))
    assert rates(read, "87") == [
        ("inside qa, inside qb", "3", None), ("inside qa, outside qb", "21", None),
        ("outside qa, inside qb", "12", None), ("outside qa, outside qb", "30", None),
    ]  # fmt: skip


@pytest.mark.parametrize("names", [("a1", "b1", "c1"), ("c1", "b1", "a1")])
def test_what_yields_to_a_rate_that_yields_itself_stays(
    told: Tell, read: Read, act: None, names: tuple[str, str, str]
) -> None:
    x, y, z = names
    told("add-provision", **provision("mfn", tariff("1", "mfn", yields_to=["mfn"])))
    for basis, percent, before in ((x, "10", [y]), (y, "20", [z]), (z, "40", [])):
        told("add-provision", **provision(basis, tariff(percent, basis, yields_to=before)))
    assert rates(read, "87") == [(None, "51", None)]


def test_of_rates_that_yield_to_each_other_the_first_stays(told: Tell, read: Read, act: None) -> None:
    for basis, percent, before in (("mfn", "1", "zoll"), ("zoll", "40", "mfn")):
        told("add-provision", **provision(basis, tariff(percent, basis, yields_to=[before])))
    assert rates(read, "87") == [(None, "1", None)]


def test_a_code_is_not_told_apart_from_goods_that_have_none(told: Tell, read: Read, act: None) -> None:
    told("add-provision", **provision("all", tariff("10", "mfn")))
    told("add-provision", **provision("cars", tariff("5", "mfn", goods=[{"name": "cars"}])))
    (found,) = read("/v1/tariffs", negotiation="talks", product="8703")["items"]
    assert (found["rate"], found["at_least"]) == (None, None)
    assert found["says"] == "not known: another rate may count, as it is on cars, for which no codes are on record"


# The split of cash


def waterfall(*tiers: dict[str, Any], currency: str = "USD") -> dict[str, Any]:
    return {"type": "waterfall", "currency": currency, "tiers": list(tiers)}


def tier(north: str, south: str, until: Any = None) -> dict[str, Any]:
    shares = [{"party": "north", "percent": north}, {"party": "south", "percent": south}]
    return {"shares": shares} | ({"until": until} if until else {})


FIRST = tier("50", "50", {"name": "deemed", "amount": "100"})


def totals(reading: dict[str, Any]) -> list[list[str]]:
    return [[part["amount"] for part in case["totals"]] for case in reading["cases"]]


def split(read: Read, amount: str, **asked: Any) -> list[list[list[str]]]:
    params = {"provision": "act/split", "amount": amount, "currency": "USD"}
    return [totals(reading) for reading in read("/v1/negotiations/talks/split", **params | asked)["readings"]]


def test_amended_terms_split_from_their_date_what_is_distributed_after_what_is_on_record(
    told: Tell, read: Read, act: None
) -> None:
    told("add-provision", **provision("split", waterfall(FIRST, tier("10", "90")), kind="profit-split"))
    told("propose-tranche", tranche="mine")
    told("distribute-proceeds", tranche="mine", amount=usd("99.99"), to="north", occurred="2025-03-01")
    assert split(read, "10.01", as_of="2025-02-28") == [[["5.01", "5.00"]]]
    assert split(read, "10.01", as_of="2025-03-02") == [[["1.01", "9.00"]]]
    assert split(read, "10.01", as_of="2025-03-02", before="200") == [[["1.00", "9.01"]]]
    amended = {"agreement": "act", "provision": "split", "text": "-", "value": waterfall(tier("0", "100"))}
    told("amend-provision", **amended, occurred="2025-04-01")
    assert split(read, "10.01", as_of="2025-04-01") == [[["0.00", "10.01"]]]
    assert split(read, "10.01", as_of="2025-03-31") == [[["1.01", "9.00"]]]


def test_an_agreement_without_effect_splits_nothing(told: Tell, read: Read, act: None) -> None:
    told("add-provision", **provision("split", waterfall(tier("50", "50")), kind="profit-split"))
    told("suspend-agreement", agreement="act", occurred="2025-03-01")
    told("resume-agreement", agreement="act", occurred="2025-04-01")
    told("terminate-agreement", agreement="act", occurred="2025-05-01")
    found = [split(read, "10", as_of=f"2025-{month}-02") for month in ("02", "03", "04", "05")]
    assert found == [[[["5.00", "5.00"]]], [[]], [[["5.00", "5.00"]]], [[]]]
    (own,) = read("/v1/negotiations/talks/split", provision="act/split", amount="10", currency="USD")["readings"]
    assert own["says"] == "the agreement is terminated"


def test_of_an_agreement_that_all_but_one_have_left_nothing_applies(told: Tell, read: Read) -> None:
    told("draft-agreement", agreement="act", title="Act", form="treaty", parties=["north", "south"])
    told("bring-into-force", agreement="act", parties=["north", "south"])
    told("add-provision", **provision("split", waterfall(tier("50", "50")), kind="profit-split"))
    told(
        "make-claim", kind="reading", claimant="south", subject="provision/act/split", value=waterfall(tier("40", "60"))
    )
    assert split(read, "10") == [[["5.00", "5.00"]], [["4.00", "6.00"]]]
    told("withdraw-from-agreement", agreement="act", parties=["north"], occurred="2025-06-01")
    params = {"provision": "act/split", "amount": "10", "currency": "USD"}
    said = "the agreement is withdrawn for north since 2025-06-01"
    assert [(r["says"], r["cases"]) for r in read("/v1/negotiations/talks/split", **params)["readings"]] == [
        (said, [])
    ] * 2
    (entry,) = read("/v1/negotiations/talks/agreements/act")["provisions"]
    assert (entry["applies"], entry["why"]) == (False, said)
    assert split(read, "10", as_of="2025-05-31")[0] == [["5.00", "5.00"]]


def test_each_reading_of_a_split_says_of_what_kind_it_is_on_what_and_since_when(
    told: Tell, read: Read, act: None
) -> None:
    told("raise-issue", issue="royalties", title="Royalties")
    split = provision("split", waterfall(tier("50", "50")), kind="profit-split")
    told("add-provision", **split, issue="royalties", occurred="2025-04-30")
    claims = {"kind": "position", "claimant": "south", "value": {"type": "share", "percent": "40", "to": "north"}}
    told("make-claim", **claims | {"subject": "issue/royalties", "occurred": "2025-02-07"})
    told("make-claim", **claims | {"subject": "issue/royalties", "kind": "red-line", "occurred": "2025-02-08"})
    for kind in ("reading", "position", "red-line"):
        told("make-claim", **claims | {"subject": "provision/act/split", "kind": kind, "occurred": "2025-05-01"})
    params = {"provision": "act/split", "amount": "10", "currency": "USD"}
    found = read("/v1/negotiations/talks/split", **params)["readings"]
    assert [(one["kind"], one["subject"], one["since"]) for one in found] == [
        ("provision", "provision/act/split", "2025-04-30"),
        ("reading", "provision/act/split", "2025-05-01"),
        ("position", "provision/act/split", "2025-05-01"),
        ("position", "issue/royalties", "2025-02-07"),
    ]


def test_a_reading_by_risk_borne_goes_by_what_each_has_paid_in(told: Tell, read: Read, act: None) -> None:
    told("add-provision", **provision("split", waterfall(FIRST, tier("10", "90")), kind="profit-split"))
    by_risk = waterfall({"by": "contribution"})
    told("make-claim", kind="reading", claimant="south", subject="provision/act/split", value=by_risk)
    params = {"provision": "act/split", "amount": "10", "currency": "USD"}
    _, reading = read("/v1/negotiations/talks/split", **params)["readings"]
    assert reading["cases"] == []
    assert reading["says"].startswith("contribution: What each party put in is on record")
    assert split(read, "10", contributed=["north:1", "south:3"])[1] == [["2.50", "7.50"]]
    told("propose-tranche", tranche="mine")
    for party, amount in (("north", "60"), ("south", "40")):
        told("record-draw", tranche="mine", amount=usd(amount), party=party)
    assert split(read, "10")[1] == [["6.00", "4.00"]]
    told("return-funds", tranche="mine", rung="drawn", amount=usd("20"), party="north")
    assert split(read, "10")[1] == [["5.00", "5.00"]]


def test_what_is_returned_takes_back_what_was_distributed_whatever_the_order(told: Tell, read: Read, act: None) -> None:
    told("add-provision", **provision("split", waterfall(FIRST, tier("10", "90")), kind="profit-split"))
    told("propose-tranche", tranche="mine")
    told("distribute-proceeds", tranche="mine", amount=usd("1000"), to="north")
    told("return-funds", tranche="mine", rung="distributed", amount=usd("850"), occurred="2025-01-03")
    assert split(read, "10") == [[["1.00", "9.00"]]]
    told("return-funds", tranche="mine", rung="distributed", amount=usd("100"), occurred="2025-01-04")
    assert split(read, "10") == [[["5.00", "5.00"]]]


@pytest.mark.parametrize(("steps", "found"), [
    ([("60", "whole", {}), ("40", "part", {})], ["74.00", "26.00"]),
    ([("80", "whole", {}), ("20", "whole", {"command": "resize-tranche", "rung": "distributed"})], ["58.00", "42.00"]),
    ([("80", "whole", {"per": "year"})], ["50.00", "50.00"]),
])  # fmt: skip
def test_what_was_distributed_before_is_what_the_ledger_says(
    told: Tell, read: Read, act: None, steps: list[tuple[str, str, dict[str, str]]], found: list[str]
) -> None:
    told("add-provision", **provision("split", waterfall(FIRST, tier("90", "10")), kind="profit-split"))
    told("propose-tranche", tranche="whole")
    told("propose-tranche", tranche="part", part_of="whole")
    for day, (amount, tranche, more) in enumerate(steps, 3):
        facts = {"tranche": tranche, "amount": usd(amount, **{"per": more["per"]} if "per" in more else {})}
        facts |= {"rung": "distributed"} if "rung" in more else {"to": "north"}
        told(more.get("command", "distribute-proceeds"), occurred=f"2025-01-{day:02}", **facts)
    assert split(read, "100", as_of="2025-03-01") == [[found]]


def test_what_each_has_paid_in_is_what_the_ledger_says(client: TestClient, told: Tell, read: Read, act: None) -> None:
    told("add-provision", **provision("split", waterfall({"by": "contribution"}), kind="profit-split"))
    told("propose-tranche", tranche="whole")
    told("propose-tranche", tranche="part", part_of="whole")
    for party, tranche in (("north", "whole"), ("south", "whole"), ("north", "part")):
        told("record-draw", tranche=tranche, amount=usd("100"), party=party)
    assert split(read, "100") == [[["50.00", "50.00"]]]
    told("resize-tranche", tranche="whole", rung="drawn", amount=usd("400"), party="north")
    assert split(read, "100") == [[["75.00", "25.00"]]]
    told("resize-tranche", tranche="whole", rung="drawn", amount=usd("500"))
    assert split(read, "100") == [[]]
    params = {"provision": "act/split", "amount": "10", "currency": "USD", "contributed": ["north:1", "north:3"]}
    assert client.get("/v1/negotiations/talks/split", params=params).json()["code"] == "contribution-told-twice"


def test_money_that_nobody_is_told_to_have_paid_in_decides_nothing(
    client: TestClient, told: Tell, read: Read, act: None
) -> None:
    told("add-provision", **provision("split", waterfall({"by": "contribution"}), kind="profit-split"))
    told("propose-tranche", tranche="mine")
    told("record-draw", tranche="mine", amount=usd("100"), party="north")
    told("return-funds", tranche="mine", rung="drawn", amount=usd("100"), party="south")
    assert split(read, "10") == [[]]
    told("record-draw", tranche="mine", amount=usd("300"))
    assert split(read, "10") == [[]]
    params = {"provision": "act/split", "amount": "10", "currency": "USD"}
    answer = client.get("/v1/negotiations/talks/split", params=params | {"contributed": "mars:5"})
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown")


@pytest.mark.parametrize(("value", "code"), [
    (waterfall(tier("50", "49")), "shares-do-not-add-up"),
    (waterfall(tier("50", "50"), tier("10", "90")), "tiers-out-of-order"),
    (waterfall(tier("50", "50"), currency="XXX"), "unknown-currency"),
    (waterfall({"shares": [{"party": "east", "percent": "100"}]}), "unknown"),
])  # fmt: skip
def test_a_waterfall_that_cannot_be_is_refused(tell: Tell, act: None, value: Any, code: str) -> None:
    problem = tell("add-provision", **provision("split", value, kind="profit-split"))
    assert (problem.status_code, problem.json()["code"]) == (422, code)


def test_cash_of_another_currency_or_beyond_measure_is_refused(client: TestClient, told: Tell, act: None) -> None:
    told("add-provision", **provision("split", waterfall(tier("50", "50")), kind="profit-split"))

    def code(**asked: str) -> str:
        params = {"provision": "act/split", "amount": "1", "currency": "USD"} | asked
        answer = client.get("/v1/negotiations/talks/split", params=params)
        assert answer.status_code == 422
        return str(answer.json()["code"])

    yen = waterfall(tier("50", "50"), currency="JPY")
    for value in (yen, {"type": "text", "text": "As fairness has it."}, {"type": "yes-no", "answer": True}):
        told("make-claim", kind="reading", claimant="south", subject="provision/act/split", value=value)
    params = {"provision": "act/split", "amount": "1", "currency": "USD"}
    readings = client.get("/v1/negotiations/talks/split", params=params).json()["readings"]
    assert readings[1]["says"] == "it has no terms by which cash can be split"
    assert code(currency="JPY") == "not-a-currency-of-the-waterfall"
    assert code(currency="XXX") == "unknown-currency"
    assert code(amount="1.001") == "too-many-decimals"
    assert code(threshold="5") == "threshold-is-on-record"
    assert code(amount="9" * 19) == "not-an-amount"
    assert code(provision="act/none") == "no-such-provision"


# The ladder


def rung(ledger: dict[str, Any], name: str) -> dict[str, Any]:
    return next(entry for entry in ledger["rungs"] if entry["rung"] == name)


def amounts(entry: dict[str, Any], field: str = "sums") -> list[tuple[str, str]]:
    return [(told["currency"], told["amount"]) for told in entry[field]]


def test_a_part_is_not_counted_beside_its_whole(told: Tell, read: Read) -> None:
    told("select-tranche", tranche="whole", amount=usd("100"))
    told("select-tranche", tranche="part", amount=usd("40"), part_of="whole")
    told("select-tranche", tranche="piece", amount=usd("10"), part_of="part")
    told("select-tranche", tranche="other", amount=usd("7", currency="JPY"), part_of="whole")
    selected = rung(read(LEDGER), "selected")
    assert amounts(selected) == [("JPY", "7"), ("USD", "100.00")]
    assert (selected["tranches"], selected["within"]) == (["whole", "other"], ["part", "piece"])


def test_new_money_is_what_was_not_promised_before(told: Tell, read: Read) -> None:
    told("pledge-tranche", tranche="old", amount=usd("30"), includes_prior=False)
    told("pledge-tranche", tranche="new", amount=usd("100"), includes_prior=True, includes=["old"], prior=usd("45"))
    pledge = rung(read(LEDGER), "pledge")
    assert (amounts(pledge), amounts(pledge, "new_money")) == ([("USD", "100.00")], [("USD", "55.00")])
    assert (pledge["within"], pledge["untold"]) == (["old"], [])
    told("pledge-tranche", tranche="vague", amount=usd("5"), includes_prior=True)
    pledge = rung(read(LEDGER), "pledge")
    assert (amounts(pledge), pledge["new_money"], pledge["untold"]) == ([("USD", "105.00")], [], ["vague"])


def test_a_cancelled_tranche_leaves_the_promises_and_not_what_was_paid(told: Tell, read: Read) -> None:
    told("select-tranche", tranche="mine", amount=usd("100"))
    told("record-draw", tranche="mine", amount=usd("10"))
    told("return-funds", tranche="mine", rung="drawn", amount=usd("12"))
    told("cancel-tranche", tranche="mine", occurred="2025-02-01")
    ledger = read(LEDGER)
    assert rung(ledger, "selected")["known"] is False
    assert amounts(rung(ledger, "drawn")) == [("USD", "-2.00")]
    assert amounts(rung(read(LEDGER, as_of="2025-01-31"), "selected")) == [("USD", "100.00")]


def lent(told: Tell, recorded: str, *steps: str, **pledged: Any) -> None:
    """A loan of 100 with draws, and with repayments below 0: of itself, or of a part of it that was selected or not."""
    told("pledge-tranche", tranche="loan", amount=usd("100"), rung="commitment", **pledged)
    tranche = "loan"
    if recorded != "of itself":
        tranche = "purchase"
        told(
            "select-tranche", tranche=tranche, part_of="loan", **({"amount": usd("60")} if recorded == "of 60" else {})
        )
    for day, step in enumerate(steps, 3):
        facts = {"tranche": tranche, "amount": usd(step.removeprefix("-")), "occurred": f"2025-01-{day:02}"}
        told("return-funds", rung="drawn", **facts) if step.startswith("-") else told("record-draw", **facts)


RECORDED = pytest.mark.parametrize("recorded", ["of itself", "of 60", "of an amount that is not told"])


@RECORDED
@pytest.mark.parametrize(("revolving", "left"), [(None, "40.00"), (False, "40.00"), (True, "90.00")])
def test_what_is_paid_back_can_be_drawn_again_only_of_what_is_revolving_however_it_was_recorded(
    told: Tell, read: Read, recorded: str, revolving: bool | None, left: str
) -> None:
    lent(told, recorded, "60", "-50", revolving=revolving)
    (found,) = read(LEDGER)["left"]
    assert (found["tranche"], found["amount"]) == ("loan", left)
    drawn = rung(read(LEDGER), "drawn")
    assert (amounts(drawn), amounts(drawn, "returned")) == ([("USD", "10.00")], [("USD", "50.00")])
    told_sum = read("/v1/negotiations/talks/sum", rung="drawn")["sum_of"]
    assert (told_sum["sum"]["amount"], amounts(told_sum, "returned")) == ("10.00", [("USD", "50.00")])


@RECORDED
@pytest.mark.parametrize(("revolving", "over"), [(False, ["20.00"]), (True, [])])
def test_what_is_drawn_again_is_over_what_was_promised_unless_that_is_revolving(
    told: Tell, read: Read, recorded: str, revolving: bool, over: list[str]
) -> None:
    lent(told, recorded, "60", "-60", "60", revolving=revolving)
    ledger = read(LEDGER)
    assert [one["over"]["amount"] for one in ledger["over"]] == over
    assert [one["amount"] for one in ledger["left"]] == ["-20.00" if over else "40.00"]
    assert [flag["rule"] for flag in ledger["flags"]] == ["over-ceiling"] * len(over)


def test_a_part_of_what_is_revolving_is_revolving_and_of_it_alone_for_what_it_is_part_of(
    told: Tell, read: Read
) -> None:
    told("pledge-tranche", tranche="fund", amount=usd("1000"))
    lent(told, "of 60", "60", "-60", "60", revolving=True, part_of="fund")
    told("select-tranche", tranche="next", part_of="loan", amount=usd("40"), occurred="2025-01-09")
    assert {one["tranche"]: one["amount"] for one in read(LEDGER)["left"]} == {"fund": "900.00", "loan": "0.00"}
    told("pledge-tranche", tranche="loan", amount=usd("100"), rung="commitment", revolving=False, occurred="2025-01-09")
    assert {one["tranche"]: one["amount"] for one in read(LEDGER)["left"]} == {"fund": "840.00", "loan": "-60.00"}


def test_a_part_that_promises_is_used_up_by_what_was_drawn_of_it(told: Tell, read: Read) -> None:
    told("pledge-tranche", tranche="fund", amount=usd("1000"), rung="commitment")
    lent(told, "of itself", "60", "-60", "60", part_of="fund")
    assert [(one["ceiling"], one["over"]["amount"]) for one in read(LEDGER)["over"]] == [("commitment", "20.00")]


def test_a_tranche_of_which_all_came_back_is_returned(told: Tell, read: Read) -> None:
    def status() -> str:
        return str(read("/v1/negotiations/talks/tranches/loan")["status"])

    lent(told, "of itself", "60", "-50", revolving=True)
    assert status() == "drawn"
    told("return-funds", tranche="loan", rung="drawn", amount=usd("10"), occurred="2025-01-05")
    assert status() == "returned"
    shown = read("/v1/negotiations/talks/tranches", kind="returned")["items"]
    assert [(one["key"], one["revolving"], one["returned"]["drawn"][0]["amount"]) for one in shown] == [
        ("loan", True, "60.00")
    ]
    told("record-draw", tranche="loan", amount=usd("5"), occurred="2025-01-06")
    assert status() == "drawn"
    told("complete-tranche", tranche="loan", occurred="2025-01-07")
    told("return-funds", tranche="loan", rung="drawn", amount=usd("5"), occurred="2025-01-08")
    assert status() == "completed"


def test_of_what_is_completed_nothing_is_left_and_it_is_left_of_what_that_is_part_of(told: Tell, read: Read) -> None:
    def left() -> dict[str, str]:
        return {one["tranche"]: one["amount"] for one in read(LEDGER)["left"]}

    told("pledge-tranche", tranche="fund", amount=usd("1000"))
    lent(told, "of 60", "30", part_of="fund")
    told("pledge-tranche", tranche="tail", amount=usd("20"), rung="commitment", part_of="loan")
    assert left() == {"fund": "940.00", "loan": "40.00", "tail": "20.00"}
    told("complete-tranche", tranche="loan", occurred="2025-02-01")
    assert left() == {"fund": "940.00", "loan": "0.00", "tail": "0.00"}, "a part is over with its whole"
    told("pledge-tranche", tranche="loan", amount=usd("110"), rung="commitment", occurred="2025-02-02")
    assert left()["loan"] == "50.00", "it is promised anew"


def test_what_of_one_promise_will_not_come_is_not_left_of_all(told: Tell, read: Read) -> None:
    told("pledge-tranche", tranche="one", amount=usd("100"))
    told("pledge-tranche", tranche="two", amount=usd("100"))
    told("record-draw", tranche="one", amount=usd("70"))
    told("complete-tranche", tranche="one", occurred="2025-02-01")
    told("register-interest", tranche="stray")
    told("record-draw", tranche="stray", amount=usd("10"))
    found = [(one["tranche"], one["amount"]) for one in read(LEDGER)["left"]]
    assert found == [("one", "0.00"), ("two", "100.00"), (None, "90.00")]


@pytest.mark.parametrize("loop", ["part_of", "includes"])
def test_tranches_that_are_parts_of_each_other_all_count(told: Tell, read: Read, loop: str) -> None:
    def of(other: str) -> dict[str, Any]:
        return {"part_of": other} if loop == "part_of" else {"includes": [other], "includes_prior": True}

    told("propose-tranche", tranche="two")
    told("pledge-tranche", tranche="one", amount=usd("100"), **of("two"))
    told("pledge-tranche", tranche="two", amount=usd("50"), **of("one"))
    assert amounts(rung(read(LEDGER), "pledge")) == [("USD", "150.00")]


def test_earlier_money_that_is_not_known_leaves_new_money_untold(told: Tell, read: Read) -> None:
    told("register-interest", tranche="old", amount=usd("30"))
    told("pledge-tranche", tranche="new", amount=usd("100"), includes_prior=True, includes=["old"])
    pledge = rung(read(LEDGER), "pledge")
    assert (pledge["new_money"], pledge["untold"]) == ([], ["new"])
    told("pledge-tranche", tranche="old", amount=usd("30"), includes_prior=False)
    assert amounts(rung(read(LEDGER), "pledge"), "new_money") == [("USD", "70.00")]


def test_a_resized_sum_of_payments_changes_by_the_difference(told: Tell, read: Read, act: None) -> None:
    value = {"type": "cap", "on": "drawn", "zone": "UTC", "amount": usd("60", per="year")}
    told("add-provision", **provision("cap", value, kind="investment"))
    told("propose-tranche", tranche="mine")
    told("record-draw", tranche="mine", amount=usd("7", currency="JPY"))
    for when in ("2025-02-01", "2026-02-01"):
        told("record-draw", tranche="mine", amount=usd("50"), occurred=when)
    told("resize-tranche", tranche="mine", rung="drawn", amount=usd("105"), occurred="2026-07-01")
    ledger = read(LEDGER)
    assert amounts(rung(ledger, "drawn")) == [("JPY", "7"), ("USD", "105.00")]
    years = [(year["year"], year["reached"]["amount"]) for year in ledger["caps"][0]["years"]]
    assert years == [("2025", "50.00"), ("2026", "55.00")]


@pytest.fixture
def cap(told: Tell, act: None) -> None:
    value = {
        "type": "cap", "on": "called", "zone": "America/New_York", "amount": usd("20", per="year"), "tranche": "whole",
    }  # fmt: skip
    told("propose-tranche", tranche="whole")
    told("propose-tranche", tranche="mine", part_of="whole")
    told("propose-tranche", tranche="elsewhere")
    told("add-provision", **provision("cap", value, kind="investment"))


def test_calls_count_in_the_calendar_year_of_the_zone_that_the_cap_names(told: Tell, read: Read, cap: None) -> None:
    for when, amount in (("2025-12-31T23:30-05:00", "15"), ("2026-01-01T12:00+09:00", "4"), ("2026-01-05", "21")):
        told("call-capital", tranche="mine", amount=usd(amount), occurred=when)
    told("call-capital", tranche="elsewhere", amount=usd("500"), occurred="2026-01-06")
    told("call-capital", tranche="mine", amount=usd("7", currency="JPY"), occurred="2026-01-07")
    ledger = read(LEDGER)
    (found,) = ledger["caps"]
    assert [(y["year"], y["reached"]["amount"], y["headroom"]["amount"]) for y in found["years"]] == [
        ("2025", "19.00", "1.00"), ("2026", "21.00", "-1.00"),
    ]  # fmt: skip
    assert amounts(found, "not_compared") == [("JPY", "7")]
    (flag,) = [flag for flag in ledger["flags"] if flag["rule"] == "over-ceiling"]
    assert flag["details"] == ["USD 21.00 called in 2026, 1.00 over the 20.00 of act/cap"]
    (over,) = ledger["over"]
    assert (over["ceiling"], over["tranche"], over["basis"]["occurred"]) == ("act/cap", "mine", "2026-01-05")


def test_what_a_part_calls_comes_under_the_cap_also_where_its_whole_calls_something(
    told: Tell, read: Read, cap: None
) -> None:
    def reached() -> list[tuple[str, str]]:
        return [(y["year"], y["reached"]["amount"]) for y in read(LEDGER)["caps"][0]["years"]]

    told("call-capital", tranche="whole", amount=usd("4"), occurred="2025-04-15")
    told("call-capital", tranche="mine", amount=usd("3"), occurred="2025-05-01")
    assert reached() == [("2025", "4.00")], "the call on the whole may be for it"
    told("call-capital", tranche="mine", amount=usd("30"), occurred="2025-10-01")
    assert reached() == [("2025", "33.00")]
    (flag,) = read("/v1/flags", kind="over-ceiling", q="cap")["items"]
    assert "USD 33.00 called in 2025, 13.00 over the 20.00 of act/cap" in [one["text"] for one in flag["details"]]
    told("call-capital", tranche="mine", amount=usd("1"), occurred="2026-01-05")
    assert reached() == [("2025", "33.00"), ("2026", "1.00")], "each year by itself"


def test_a_whole_that_stands_lower_hides_none_of_its_parts(told: Tell, read: Read) -> None:
    told("pledge-tranche", tranche="fund", amount=usd("500"))
    told("select-tranche", tranche="gas", amount=usd("100"), part_of="fund")
    for part, amount in (("well", "80"), ("pipe", "50")):
        told("propose-tranche", tranche=part, part_of="gas")
        told("record-draw", tranche=part, amount=usd(amount))
    (left,) = read(LEDGER)["left"]
    assert left["amount"] == "370.00"


def test_what_is_left_of_all_is_told_also_where_what_came_is_included_elsewhere(told: Tell, read: Read) -> None:
    for tranche in ("one", "two"):
        told("pledge-tranche", tranche=tranche, amount=usd("100"))
    told("select-tranche", tranche="stray")
    told("record-draw", tranche="stray", amount=usd("10"))
    told("select-tranche", tranche="all", amount=usd("50"), part_of="one", includes_prior=True, includes=["stray"])
    found = [(one["tranche"], one["amount"], one["rung"]) for one in read(LEDGER)["left"]]
    assert found == [("one", "50.00", "selected"), ("two", "100.00", None)], "it is part of what comes of the one"


def test_what_came_of_an_included_promise_came_of_the_one_that_includes_it(told: Tell, read: Read) -> None:
    told("pledge-tranche", tranche="old", amount=usd("50"), includes_prior=False)
    big = usd("200", qualifier="at-least")
    told("pledge-tranche", tranche="big", amount=big, includes_prior=True, includes=["old"])
    told("contract-tranche", tranche="old", amount=usd("10"))
    ledger = read(LEDGER)
    assert [(one["tranche"], one["amount"], one["rung"]) for one in ledger["left"]] == [
        ("old", "40.00", "contracted"), ("big", "190.00", "contracted"),
    ]  # fmt: skip
    (pledged,) = [rung for rung in ledger["rungs"] if rung["rung"] == "pledge"]
    assert [(one["amount"], one["qualifiers"]) for one in pledged["new_money"]] == [("150.00", ["at-least"])]
    assert [(one["rung"], one["percent"]) for one in ledger["take_up"]] == [("contracted", "5.00")]


def test_what_is_left_of_a_part_is_told_beside_its_whole(told: Tell, read: Read) -> None:
    told("pledge-tranche", tranche="whole", amount=usd("100"))
    told("pledge-tranche", tranche="first", amount=usd("50"), part_of="whole")
    told("contract-tranche", tranche="first", amount=usd("20"))
    found = [(one["tranche"], one["amount"], one["rung"]) for one in read(LEDGER)["left"]]
    assert found == [("whole", "80.00", "contracted"), ("first", "30.00", "contracted")]


def test_a_cap_counts_returns_names_what_counts_and_takes_each_year_by_itself(
    told: Tell, read: Read, act: None
) -> None:
    def reached() -> list[tuple[str, str]]:
        return [(y["year"], y["reached"]["amount"]) for y in read(LEDGER)["caps"][0]["years"]]

    value = {"type": "cap", "on": "drawn", "zone": "UTC", "amount": usd("100", per="year")}
    told("add-provision", **provision("cap", value, kind="investment"))
    for tranche, amount, day in (("a", "120", "2025-01-02"), ("b", "50", "2024-01-02")):
        told("propose-tranche", tranche=tranche, occurred="2024-01-01")
        told("record-draw", tranche=tranche, amount=usd(amount), occurred=day)
    told("return-funds", tranche="b", rung="drawn", amount=usd("30"), occurred="2025-02-01")
    assert reached() == [("2024", "50.00"), ("2025", "90.00")]
    told("propose-tranche", tranche="c", part_of="a", occurred="2025-01-01")
    told("record-draw", tranche="c", amount=usd("10"), occurred="2025-03-01")
    told("record-draw", tranche="a", amount=usd("20"), occurred="2025-02-02")
    (over,) = [one for one in read(LEDGER)["over"] if one["ceiling"] == "act/cap"]
    assert (over["tranche"], over["basis"]["occurred"]) == ("a", "2025-02-02"), "the part is in its whole"


def test_what_is_left_counts_each_part_where_it_has_come_furthest(told: Tell, read: Read) -> None:
    told("pledge-tranche", tranche="fund", amount=usd("350"))
    told("pledge-tranche", tranche="cash", amount=usd("200"), rung="commitment", part_of="fund")
    told("pledge-tranche", tranche="ships", amount=usd("150"), rung="commitment", part_of="fund")
    told("select-tranche", tranche="gas", amount=usd("6"), part_of="cash")
    told("propose-tranche", tranche="yard", part_of="ships")
    told("contract-tranche", tranche="yard", amount=usd("5"))
    told("record-draw", tranche="yard", amount=usd("1"))
    found = {one["tranche"]: (one["amount"], one["rung"]) for one in read(LEDGER)["left"]}
    assert found == {"fund": ("339.00", "selected"), "cash": ("194.00", "selected"), "ships": ("145.00", "contracted")}


def test_a_cap_that_is_suspended_or_removed_flags_nothing(told: Tell, read: Read, cap: None) -> None:
    told("call-capital", tranche="mine", amount=usd("21"), occurred="2025-02-01")
    assert len(read("/v1/flags", kind="over-ceiling")["items"]) == 1
    told("suspend-provision", agreement="act", provision="cap", occurred="2025-03-01")
    assert read("/v1/flags", kind="over-ceiling")["items"] == []
    told("resume-provision", agreement="act", provision="cap", occurred="2025-04-01")
    assert len(read("/v1/flags", kind="over-ceiling")["items"]) == 1
    told("remove-provision", agreement="act", provision="cap", occurred="2025-05-01")
    assert read(LEDGER)["caps"] == []
    assert len(read("/v1/flags", kind="over-ceiling", as_of="2025-02-15")["items"]) == 1


def test_a_cap_of_a_treaty_that_binds_nobody_limits_nothing(told: Tell, read: Read) -> None:
    def found(**asked: Any) -> tuple[bool, str, str | None, int]:
        ledger = read(LEDGER, **asked)
        (cap,) = ledger["caps"]
        headroom = cap["years"][0]["headroom"]
        flags = [flag for flag in ledger["flags"] if flag["rule"] == "over-ceiling"]
        assert len(flags) == len(ledger["over"])
        return cap["applies"], cap["why"], headroom and headroom["amount"], len(flags)

    told("propose-tranche", tranche="mine")
    told("call-capital", tranche="mine", amount=usd("21"), occurred="2025-02-01")
    parties = {"agreement": "act", "parties": ["north", "south"]}
    told("draft-agreement", **parties, title="T", form="treaty", until="2025-12-31")
    told("add-provision", **provision("cap", {"type": "cap", "on": "called", "amount": usd("20")}, kind="investment"))
    told("sign-agreement", **parties)
    assert found(as_of="2025-03-01") == (False, "the agreement is signed, not in force", None, 0)
    told("bring-into-force", **parties, occurred="2025-04-01")
    assert found(as_of="2025-05-01") == (True, "", "-1.00", 0), "it was called before that"
    told("call-capital", tranche="mine", amount=usd("1"), occurred="2025-05-02")
    assert found(as_of="2025-05-02") == (True, "", "-2.00", 1)
    assert found(as_of="2026-05-01") == (False, "its last day was 2025-12-31", None, 1), "it was over before"
    told("suspend-agreement", agreement="act", occurred="2025-06-01")
    assert found(as_of="2025-06-02") == (False, "the agreement is suspended", None, 1), "it was over before"


@pytest.mark.parametrize("seed", range(4))
def test_what_went_over_a_cap_is_judged_by_the_day_on_which_it_came_whatever_was_told_first(
    told: Tell, read: Read, seed: int
) -> None:
    value = {"type": "cap", "on": "called", "amount": usd("5", per="year")}
    parties = {"agreement": "act", "parties": ["north", "south"]}
    told("propose-tranche", tranche="mine")
    told("draft-agreement", **parties, title="T", form="treaty")
    told("add-provision", **provision("cap", value, kind="investment"))
    records = [
        ("bring-into-force", parties | {"occurred": "2025-04-01"}),
        ("suspend-agreement", {"agreement": "act", "occurred": "2026-01-10"}),
        ("resume-agreement", {"agreement": "act", "occurred": "2026-01-20"}),
        ("terminate-agreement", {"agreement": "act", "occurred": "2026-06-01"}),
        *[
            ("call-capital", {"tranche": "mine", "amount": usd(amount), "occurred": day})
            for day, amount in (
                ("2025-02-01", "50"),
                ("2026-01-05", "4"),
                ("2026-01-15", "3"),
                ("2026-02-01", "2"),
                ("2026-06-01", "1"),
            )
        ],
    ]
    if seed:
        calls = records[4:]
        Random(seed).shuffle(calls)
        records = calls + records[:4]
    for command, facts in records:
        told(command, **facts)

    def over(day: str) -> list[tuple[str, str, str]]:
        return [
            (one["year"], one["over"]["amount"], one["basis"]["occurred"]) for one in read(LEDGER, as_of=day)["over"]
        ]

    assert over("2025-05-01") == over("2026-01-16") == []
    assert over("2026-02-01") == over("2026-05-31") == over("2027-01-01") == [("2026", "4.00", "2026-02-01")]


def test_a_cap_limits_nothing_once_all_have_left_whom_it_binds(told: Tell, read: Read) -> None:
    told("add-party", party="east", name="East", kind="state")
    told("propose-tranche", tranche="mine")
    told("draft-agreement", agreement="act", title="T", form="treaty", parties=["north", "south", "east"])
    value = {"type": "cap", "on": "called", "amount": usd("5")}
    told("add-provision", **provision("cap", value, kind="investment", binds=["north"]))
    told("bring-into-force", agreement="act", parties=["north", "south", "east"], occurred="2025-02-01")
    told("withdraw-from-agreement", agreement="act", parties=["north"], occurred="2025-03-01")
    told("call-capital", tranche="mine", amount=usd("50"), occurred="2025-04-01")
    (cap,) = read(LEDGER)["caps"]
    (entry,) = read("/v1/negotiations/talks/agreements/act")["provisions"]
    why = "it binds nobody any more: the agreement is withdrawn for north since 2025-03-01"
    assert (cap["applies"], cap["why"], cap["years"][0]["headroom"]) == (entry["applies"], entry["why"], None)
    assert (entry["why"], read(LEDGER)["over"]) == (why, [])
    told("amend-provision", agreement="act", provision="cap", text="-", binds=["south"], occurred="2025-04-02")
    assert [one["applies"] for one in read(LEDGER)["caps"]] == [True]
    assert len(read(LEDGER)["over"]) == 1


def test_a_cap_whose_last_day_is_past_limits_nothing_that_comes_after(told: Tell, read: Read, act: None) -> None:
    def found(day: str) -> tuple[list[str], str, int]:
        ledger = read(LEDGER, as_of=day)
        (cap,) = ledger["caps"]
        return (
            [year["headroom"] and year["headroom"]["amount"] for year in cap["years"]],
            cap["why"],
            len(ledger["over"]),
        )

    value = {"type": "cap", "on": "called", "amount": usd("20", per="year")}
    told("propose-tranche", tranche="mine")
    told("add-provision", **provision("cap", value, kind="investment", sunset="2025-12-31"))
    told("call-capital", tranche="mine", amount=usd("19"), occurred="2025-02-01")
    told("call-capital", tranche="mine", amount=usd("50"), occurred="2026-02-01")
    assert found("2025-12-31") == (["1.00"], "", 0)
    assert found("2026-03-01") == ([None, None], "its last day was 2025-12-31", 0)
    told("amend-provision", agreement="act", provision="cap", text="-", without=["sunset"], occurred="2026-02-02")
    assert found("2026-03-01") == (["1.00", "-30.00"], "", 1)
    told("amend-provision", agreement="act", provision="cap", text="-", sunset="2026", occurred="2026-02-03")
    assert found("2026-03-01") == (["1.00", "-30.00"], "", 1)


def test_a_cap_counts_under_its_tranche_alone_and_blames_what_was_paid(told: Tell, read: Read, act: None) -> None:
    told("propose-tranche", tranche="whole")
    told("record-draw", tranche="whole", amount=usd("100"))
    told("propose-tranche", tranche="part", part_of="whole")
    value = {"type": "cap", "on": "drawn", "zone": "UTC", "amount": usd("50"), "tranche": "part"}
    told("add-provision", **provision("cap", value, kind="investment"))
    told("record-draw", tranche="part", amount=usd("100"), occurred="2025-02-01")
    told("return-funds", tranche="part", rung="drawn", amount=usd("10"), occurred="2025-03-01")
    (over,) = read(LEDGER)["over"]
    assert (over["over"]["amount"], over["basis"]["occurred"]) == ("40.00", "2025-02-01")
    amended = {"agreement": "act", "provision": "cap", "text": "None."}
    told("suspend-provision", agreement="act", provision="cap", occurred="2025-04-01")
    told("amend-provision", **amended, value=value, occurred="2025-04-02")
    assert [(one["status"]) for one in read(LEDGER)["caps"]] == ["suspended"]
    told("amend-provision", **amended, without=["value"], occurred="2025-04-03")
    assert read(LEDGER)["caps"] == []
    told("amend-provision", **amended, value=value, occurred="2025-04-04")
    told("amend-provision", **amended, value={"type": "text", "text": "None."}, occurred="2025-04-05")
    assert read(LEDGER)["caps"] == []


def test_what_stands_on_a_rung_for_an_amount_that_is_not_told_is_named(told: Tell, read: Read) -> None:
    def selected() -> tuple[bool, list[str], list[str]]:
        entry = {rung["rung"]: rung for rung in read(LEDGER)["rungs"]}["selected"]
        return entry["known"], [one["amount"] for one in entry["sums"]], entry["without_amount"]

    told("propose-tranche", tranche="gas")
    assert selected() == (False, [], [])
    told("select-tranche", tranche="gas")
    assert selected() == (True, [], ["gas"])
    assert read("/v1/negotiations/talks/tranches/gas")["rungs"] == {"selected": []}
    told("select-tranche", tranche="mine", amount=usd("5"))
    assert selected() == (True, ["5.00"], ["gas"])
    told("resize-tranche", tranche="gas", rung="selected", amount=usd("2"))
    assert selected() == (True, ["7.00"], [])


def test_how_much_of_a_promise_is_taken_up(told: Tell, read: Read) -> None:
    told("pledge-tranche", tranche="all", amount=usd("300"), rung="commitment")
    told("select-tranche", tranche="mine", amount=usd("100"), part_of="all")
    (found,) = read(LEDGER)["take_up"]
    assert (found["rung"], found["of"], found["percent"]) == ("selected", "commitment", "33.33")


def test_what_is_left_is_told_of_each_promise_apart(told: Tell, read: Read) -> None:
    def left() -> list[tuple[str | None, str, str]]:
        return [(one["tranche"], one["rung"], one["amount"]) for one in read(LEDGER)["left"]]

    told("pledge-tranche", tranche="invest", amount=usd("550"))
    assert left() == [("invest", None, "550.00")], "nothing of it is on record"
    told("select-tranche", tranche="mine", amount=usd("40"), part_of="invest")
    told("pledge-tranche", tranche="farm", amount=usd("10"), rung="commitment")
    told("record-draw", tranche="farm", amount=usd("4"))
    assert left() == [("invest", "selected", "510.00"), ("farm", "drawn", "6.00")]
    assert [(one["of"], one["percent"]) for one in read(LEDGER)["take_up"]] == [
        ("pledge", "7.27"),
        ("commitment", "40.00"),
    ]
    told("pledge-tranche", tranche="invest", amount=usd("500"), rung="commitment")
    assert left() == [("invest", "selected", "460.00"), ("farm", "drawn", "6.00")]
    told("select-tranche", tranche="port", amount=usd("1"))
    told_apart = [("invest", "selected", "460.00"), ("farm", "drawn", "6.00")]
    assert left() == [*told_apart, (None, "selected", "465.00")], "of which the port comes is not told"
    told("propose-tranche", tranche="port", part_of="farm")
    assert left() == told_apart, "the most of it is drawn"
    told("cancel-tranche", tranche="farm")
    assert left() == [("invest", "selected", "460.00")], "what came of a promise that was cancelled comes of no other"


def test_what_is_left_of_a_promise_within_another_says_so(told: Tell, read: Read) -> None:
    told("pledge-tranche", tranche="first", amount=usd("14"), occurred="2025-01-01")
    told("pledge-tranche", tranche="second", amount=usd("27"), includes_prior=True, includes=["first"])
    told("pledge-tranche", tranche="mill", amount=usd("5"), part_of="second")
    left = {one["tranche"]: one["within"] for one in read(LEDGER)["left"]}
    assert left == {"first": "second", "second": None, "mill": "second"}


def test_nothing_is_left_of_at_least_so_much_once_there_is_more(told: Tell, read: Read) -> None:
    told("pledge-tranche", tranche="mill", amount=usd("10", qualifier="at-least"))
    told("contract-tranche", tranche="mill", amount=usd("24"))
    (left,) = read(LEDGER)["left"]
    assert (left["amount"], left["qualifiers"]) == ("0.00", ["at-least"])


def test_money_in_another_currency_comes_of_the_promise_of_its_own_tranche(told: Tell, read: Read) -> None:
    told("pledge-tranche", tranche="dollars", amount=usd("10"))
    told("pledge-tranche", tranche="yen", amount=usd("1000", currency="JPY"))
    told("record-draw", tranche="dollars", amount=usd("900", currency="JPY"))
    assert [(one["tranche"], one["amount"], one["not_compared"]) for one in read(LEDGER)["left"]] == [
        ("yen", "1000", []),
        ("dollars", "10.00", ["JPY"]),
    ]


def test_what_comes_without_a_step_between_leaves_the_less(told: Tell, read: Read) -> None:
    told("pledge-tranche", tranche="energy", amount=usd("750"))
    told("propose-tranche", tranche="gas", part_of="energy")
    told("contract-tranche", tranche="gas", amount=usd("20"))
    told("record-draw", tranche="energy", amount=usd("74"))
    (left,) = read(LEDGER)["left"]
    assert (left["rung"], left["amount"]) == ("drawn", "676.00")
    told("pledge-tranche", tranche="chips", amount=usd("40"))
    told("select-tranche", tranche="mystery", amount=usd("10"))
    told("contract-tranche", tranche="mystery", amount=usd("10"))
    assert read(LEDGER)["left"][0] == left, "what comes of no promise that is told moves none"


def test_an_instalment_is_held_against_its_own_promise(told: Tell, read: Read) -> None:
    told("pledge-tranche", tranche="all", amount=usd("4200"), rung="commitment")
    for key in ("first", "second"):
        told("pledge-tranche", tranche=key, amount=usd("550"), rung="commitment", part_of="all")
    told("record-draw", tranche="first", amount=usd("550"))
    assert read(LEDGER)["over"] == []
    told("record-draw", tranche="first", amount=usd("550"), note="Again.")
    (over,) = read(LEDGER)["over"]
    assert (over["ceiling"], over["rung"], over["tranche"], over["over"]["amount"]) == (
        *("commitment", "drawn", "first"),
        "550.00",
    )


def test_a_promise_that_is_drawn_from_and_one_that_is_selected_from_leave_what_they_leave(
    told: Tell, read: Read
) -> None:
    for key, amount in (("old", "145"), ("new", "86")):
        told("pledge-tranche", tranche=key, amount=usd(amount), rung="commitment")
    told("record-draw", tranche="old", amount=usd("131"))
    told("select-tranche", tranche="first", amount=usd("26"), part_of="new")
    assert [one["amount"] for one in read(LEDGER)["left"]] == ["14.00", "60.00"]


def test_a_cap_suspended_until_a_date_stands_for_what_comes_after(told: Tell, read: Read, act: None) -> None:
    told("propose-tranche", tranche="mine")
    value = {"type": "cap", "on": "drawn", "zone": "Asia/Tokyo", "amount": usd("5")}
    told("add-provision", **provision("cap", value, kind="investment"))
    told("suspend-provision", agreement="act", provision="cap", until="2025-03-01", occurred="2025-02-01")
    told("record-draw", tranche="mine", amount=usd("6"), occurred="2025-03-01")
    (found,) = read(LEDGER, as_of="2025-03-01")["caps"]
    assert (found["status"], found["why"]) == ("suspended", "it is suspended until 2025-03-01")
    assert ([one["status"] for one in read(LEDGER)["caps"]], read(LEDGER)["over"]) == (["part"], [])
    told("record-draw", tranche="mine", amount=usd("1"), occurred="2025-03-02")
    assert [one["over"]["amount"] for one in read(LEDGER)["over"]] == ["2.00"]


@pytest.mark.parametrize(("until", "code"), [
    ("2024-12-31", "ends-before-it-begins"), ("2025-02-30", "until-is-no-date"), ("2025-13", "until-is-no-date"),
])  # fmt: skip
def test_a_suspension_ends_on_a_date_that_exists_and_lies_ahead(
    tell: Tell, told: Tell, act: None, until: str, code: str
) -> None:
    told("add-provision", **provision("all", tariff("10", "mfn")))
    problem = tell("suspend-provision", agreement="act", provision="all", until=until).json()
    assert (problem["code"], problem["errors"][0]["field"]) == (code, "until")


def test_a_cap_told_while_its_provision_is_suspended_is_suspended(told: Tell, read: Read, act: None) -> None:
    told("propose-tranche", tranche="mine")
    told("add-provision", **provision("cap", {"type": "text", "text": "None."}, kind="investment"))
    told("suspend-provision", agreement="act", provision="cap")
    value = {"type": "cap", "on": "called", "zone": "Asia/Tokyo", "amount": usd("1", per="year")}
    told("amend-provision", agreement="act", provision="cap", text="A cap.", value=value)
    told("call-capital", tranche="mine", amount=usd("5"))
    ledger = read(LEDGER)
    assert ([cap["status"] for cap in ledger["caps"]], ledger["over"]) == (["suspended"], [])
    told("resume-provision", agreement="act", provision="cap")
    assert len(read(LEDGER)["over"]) == 1


def test_an_amount_that_is_told_anew_has_its_own_qualifier(told: Tell, read: Read) -> None:
    told("propose-tranche", tranche="mine")
    told("record-draw", tranche="mine", amount=usd("100", qualifier="about"))
    told("resize-tranche", tranche="mine", rung="drawn", amount=usd("90"))
    (found,) = rung(read(LEDGER), "drawn")["sums"]
    assert (found["amount"], found["qualifiers"]) == ("90.00", [])


def test_an_unknown_zone_is_refused(tell: Tell, act: None) -> None:
    value = {"type": "cap", "on": "called", "zone": "Mars/Olympus", "amount": usd("20")}
    problem = tell("add-provision", **provision("cap", value, kind="investment")).json()
    assert (problem["code"], problem["errors"][0]["field"]) == ("unknown-zone", "value.zone")


# Sums


@pytest.fixture
def drawn(told: Tell) -> None:
    told("propose-tranche", tranche="mine")
    told("record-draw", tranche="mine", amount=usd("10"))
    told("record-draw", tranche="mine", amount={"amount": "1000", "currency": "JPY"})
    told("register-source", source="rates", title="Rates", publisher="Bank", kind="statement", published="2025-01-02")


SUM = "/v1/negotiations/talks/sum"


def test_a_sum_is_taken_within_one_rung_and_one_currency(client: TestClient, read: Read, drawn: None) -> None:
    def code(**asked: Any) -> str:
        return str(client.get(SUM, params=asked).json()["code"])

    assert read(SUM, rung="drawn", currency="USD")["sum_of"]["sum"]["amount"] == "10.00"
    for asked in ({"rung": "contracted"}, {"rung": "drawn", "as_of": "2024-01-01"}):
        nothing = read(SUM, **asked)["sum_of"]
        assert (nothing["known"], nothing["sum"]) == (False, None)
    assert code(rung="drawn") == "mixed-currencies"
    assert code(rung=["drawn", "pledge"]) == "mixed-rungs"
    assert code(rung="drawn", convert_to="USD") == "conversion-needs-its-source"
    named = {"rung": "drawn", "convert_to": "USD", "rate_date": "2025-01-02"}
    assert code(**named, rate="EUR:1.1", rate_source="rates") == "no-rate-for-currency"
    assert code(**named, rate="JPY:0.0067", rate_source="none") == "unknown"
    for wrong in (["JPY:1", "JPY:2"], "JPY:0", "USD:2"):
        assert code(**named, rate=wrong, rate_source="rates") == "rates-contradict"
    assert read(SUM, rung="drawn", currency="JPY")["sum_of"]["tranches"] == ["mine"]
    assert code(rung="drawn", currency="XXX") == "unknown-currency"


def test_a_sum_can_be_of_one_tranche_and_its_parts(client: TestClient, told: Tell, read: Read) -> None:
    for tranche, amount, part_of in (
        ("fund", None, None),
        ("a", "3", "fund"),
        ("a1", "1", "a"),
        ("b", "4", "fund"),
        ("c", "9", None),
    ):
        more = {"amount": usd(amount)} if amount else {}
        told("pledge-tranche", tranche=tranche, **more, **({"part_of": part_of} if part_of else {}))

    def pledged(**asked: str) -> tuple[str, list[str]]:
        found = read(SUM, rung="pledge", **asked)["sum_of"]
        return found["sum"]["amount"], found["tranches"]

    assert pledged() == ("16.00", ["a", "b", "c"])
    assert pledged(tranche="fund") == ("7.00", ["a", "b"])
    assert pledged(tranche="a1") == ("1.00", ["a1"])
    told("record-draw", tranche="b", amount=usd("2"))
    assert read(SUM, rung="drawn", tranche="a")["sum_of"]["known"] is False
    answer = client.get(SUM, params={"rung": "pledge", "tranche": "stranger"})
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown")


def test_money_by_the_year_is_not_added_to_money_in_all(client: TestClient, told: Tell, drawn: None) -> None:
    told("record-draw", tranche="mine", amount=usd("1", per="year"))
    for asked in ({"currency": "USD"}, {
        "convert_to": "USD", "rate": "JPY:0.0067", "rate_date": "2025-01-02", "rate_source": "rates",
    }):  # fmt: skip
        head = client.get("/v1/records").headers["parley-position"]
        answer = client.get(SUM, params={"rung": "drawn", "min_position": head} | asked)
        assert (answer.status_code, answer.json()["code"]) == (422, "mixed-periods")
        assert answer.json()["errors"][0]["field"] == "per"
    for per, amount in (("year", "1.00"), ("total", "10.00")):
        found = client.get(SUM, params={"rung": "drawn", "currency": "USD", "per": per}).json()["sum_of"]
        assert found["sum"]["amount"] == amount


def yearly(amount: str, **period: str) -> dict[str, Any]:
    return {"amount": amount, "currency": "GBP", "per": "year"} | period


def test_amounts_by_the_year_that_follow_each_other_are_not_added(told: Tell, read: Read) -> None:
    def found(day: str, **asked: str) -> list[list[tuple[str, str | None]]]:
        entry = rung(read(LEDGER, as_of=day), "commitment")
        told_sum = read("/v1/negotiations/talks/sum", rung="commitment", as_of=day, **asked)["sum_of"]
        assert told_sum["known"] == bool(told_sum["sum"])
        return [
            [(one["amount"], one["until"]) for one in entry["sums"]],
            [(one["amount"], one["until"]) for one in [*entry["to_come"], *entry["past"]]],
            [(told_sum["sum"]["amount"], ",".join(told_sum["tranches"]))] if told_sum["sum"] else [],
        ]

    told("pledge-tranche", tranche="lease", title="Lease")
    for tranche, amount, begins, until in (
        ("early", "165", "2025-04", "2028-03"),
        ("late", "120", "2028-04", "2038-03"),
    ):
        money = yearly(amount, begins=begins, until=until)
        told("pledge-tranche", tranche=tranche, part_of="lease", amount=money, rung="commitment")
    assert found("2025-03-31") == [[], [("165.00", "2028-03-31"), ("120.00", "2038-03-31")], []]
    assert found("2028-03-31") == [[("165.00", None)], [("120.00", "2038-03-31")], [("165.00", "early")]]
    assert found("2028-04-01") == [[("120.00", None)], [("165.00", "2028-03-31")], [("120.00", "late")]]
    early = read("/v1/negotiations/talks/tranches/early")["rungs"]["commitment"][0]
    assert words.money(early) == "GBP 165 a year from 2025-04-01 until 2028-03-31"
    told("pledge-tranche", tranche="fund", amount=yearly("45"), rung="commitment")
    assert found("2028-03-31")[2] == [("210.00", "early,fund")], "what tells no period runs on every day"
    assert found("2028-03-31", tranche="lease")[2] == [("165.00", "early")]
    left = [(one["tranche"], one["amount"], one["begins"]) for one in read(LEDGER)["left"]]
    assert left == [("fund", "45.00", None), ("early", "165.00", "2025-04-01"), ("late", "120.00", "2028-04-01")]


@pytest.mark.parametrize("whole_first", [True, False])
def test_a_part_is_not_counted_beside_its_whole_whatever_their_days(
    told: Tell, read: Read, *, whole_first: bool
) -> None:
    def tell_whole(**period: str) -> None:
        told("pledge-tranche", tranche="whole", amount=yearly("6", **period))

    if whole_first:
        tell_whole()
    else:
        told("propose-tranche", tranche="whole")
    told("pledge-tranche", tranche="p1", part_of="whole", amount=yearly("2", begins="2026"))
    told("pledge-tranche", tranche="p2", part_of="whole", amount=yearly("3", begins="2025", until="2027"))
    if not whole_first:
        tell_whole()

    def found(day: str) -> tuple[list[tuple[str, str]], list[str], list[str]]:
        entry = rung(read(LEDGER, as_of=day), "pledge")
        return amounts(entry), entry["tranches"], entry["within"]

    assert found("2026-06-01") == ([("GBP", "6.00")], ["whole"], ["p1", "p2"])
    pledged = read(SUM, rung="pledge", currency="GBP", as_of="2026-06-01")["sum_of"]
    assert (pledged["sum"]["amount"], pledged["tranches"]) == ("6.00", ["whole"])
    left = {one["tranche"]: (one["amount"], one["within"]) for one in read(LEDGER)["left"]}
    assert left == {"whole": ("6.00", None), "p1": ("2.00", "whole"), "p2": ("3.00", "whole")}
    tell_whole(begins="2025", until="2025")
    assert found("2025-06-01") == ([("GBP", "6.00")], ["whole", "p1"], ["p2"])
    assert found("2026-06-01") == ([("GBP", "2.00")], ["whole", "p1"], ["p2"]), "the whole runs on none of its days"


def test_what_is_over_by_the_year_is_flagged_where_both_run_on_a_day(told: Tell, read: Read) -> None:
    def over() -> list[tuple[str, str, str]]:
        return [(one["ceiling"], one["rung"], one["over"]["amount"]) for one in read(LEDGER)["over"]]

    told("select-tranche", tranche="mine", amount=yearly("5", begins="2025"))
    told("contract-tranche", tranche="mine", amount=yearly("9", begins="2020", until="2024"))
    assert over() == [], "they run on no common day"
    told("contract-tranche", tranche="mine", amount=yearly("50", begins="2026"))
    assert over() == [("selected", "contracted", "45.00")]
    told("select-tranche", tranche="whole", amount=yearly("6"))
    told("select-tranche", tranche="part", part_of="whole", amount=yearly("8", begins="2026"))
    assert over() == [("selected", "contracted", "45.00"), ("whole", "selected", "2.00")]


def test_what_is_new_of_amounts_by_the_year_is_told_where_all_that_run_say_so(told: Tell, read: Read) -> None:
    def new(day: str) -> list[tuple[str, str]]:
        return amounts(rung(read(LEDGER, as_of=day), "pledge"), "new_money")

    told("pledge-tranche", tranche="a", amount=yearly("10", until="2026"), includes_prior=False)
    told("pledge-tranche", tranche="b", amount=yearly("20", begins="2026"), includes_prior=True)
    told("pledge-tranche", tranche="c", amount=yearly("5", begins="2020"), includes_prior=False)
    assert (new("2025-06-01"), new("2026-06-01")) == ([("GBP", "15.00")], [])


@pytest.mark.parametrize(("money", "code", "field"), [
    (usd("1", begins="2025"), "period-without-per", "amount.per"),
    (usd("1", until="2025"), "period-without-per", "amount.per"),
    (usd("1", per="year", begins="2026", until="2025-12"), "ends-before-it-begins", "amount.until"),
])  # fmt: skip
def test_a_period_that_cannot_be_is_refused(tell: Tell, money: dict[str, str], code: str, field: str) -> None:
    problem = tell("pledge-tranche", tranche="lease", amount=money).json()
    assert (problem["code"], problem["errors"][0]["field"]) == (code, field)


@pytest.mark.parametrize("period", ["begins", "until"])
def test_a_cap_has_no_period_beside_that_of_its_provision(tell: Tell, act: None, period: str) -> None:
    value = {"type": "cap", "on": "called", "amount": usd("20", per="year", **{period: "2025"})}
    problem = tell("add-provision", **provision("cap", value, kind="investment")).json()
    assert (problem["code"], problem["errors"][0]["field"]) == ("cap-has-no-period", f"value.amount.{period}")


def test_what_is_worked_out_names_the_records_that_may_be_later(told: Tell, read: Read, act: None) -> None:
    told("propose-tranche", tranche="mine")
    vague = told("record-draw", tranche="mine", amount=usd("1"), occurred="2025-02").json()["id"]
    told("add-provision", **provision("split", waterfall(tier("50", "50")), kind="profit-split"))
    of_split = {"provision": "act/split", "amount": "10", "currency": "USD"}
    for path, asked in (
        (SUM, {"rung": "drawn"}), ("/v1/negotiations/talks/split", of_split),
        ("/v1/negotiations/talks/grounds", {"view": "tranches", "key": "mine", "field": "status"}),
    ):  # fmt: skip
        assert read(path, as_of="2025-02-10", **asked)["times"]["may_be_later"] == [vague], path
        assert read(path, as_of="2025-03-01", **asked)["times"]["may_be_later"] == []


def test_a_conversion_names_its_rate_day_and_source_and_keeps_what_was_reported(read: Read, drawn: None) -> None:
    named = {"rung": "drawn", "convert_to": "USD", "rate_date": "2025-01-02", "rate_source": "rates"}
    found = read(SUM, **named, rate="JPY:0.0067455")["sum_of"]
    assert (found["sum"]["amount"], found["exact"]) == ("16.75", "16.7455")
    assert amounts(found, "reported") == [("JPY", "1000"), ("USD", "10.00")]
    assert found["rates"] == [{"currency": "JPY", "rate": "0.0067455", "date": "2025-01-02", "source": "rates"}]


# The calendar


def test_rounds_sessions_and_deadlines_are_in_the_calendar(client: TestClient, told: Tell, read: Read) -> None:
    told("schedule-round", round="2", planned_start="2025-06-03", planned_end="2025-06-05", title="Second")
    told("set-deadline", deadline="soon", title="Soon", due="2025-07")
    told("cancel-deadline", deadline="soon")
    told("set-deadline", deadline="later", title="Later", due="2025-08-01")
    told("hold-session", session="call", form="call")
    read("/v1/negotiations")
    answer = client.get("/v1/negotiations/talks/calendar", params={"as_of": "2025-01-02"})
    assert answer.headers["content-type"].startswith("text/calendar")
    lines = answer.text.splitlines()
    assert "DTSTART;VALUE=DATE:20250603" in lines
    assert "DTEND;VALUE=DATE:20250606" in lines
    assert "SUMMARY:Due: Later (as set)" in lines
    assert "Soon" not in answer.text
    assert lines.count("BEGIN:VEVENT") == 3
    assert answer.text == client.get("/v1/negotiations/talks/calendar", params={"as_of": "2025-01-02"}).text
    told("close-round", round="2", outcome="None.", occurred="2025-06-04")
    head = client.get("/v1/records").headers["parley-position"]
    lines = client.get("/v1/negotiations/talks/calendar", params={"min_position": head}).text.splitlines()
    assert {"DTSTART;VALUE=DATE:20250604", "SUMMARY:Second"} <= {*lines}, "only its end is on record"


def test_what_is_told_to_the_hour_is_in_the_calendar_at_that_hour(client: TestClient, told: Tell, read: Read) -> None:
    told("set-deadline", deadline="strike", title="Strike", due="2025-03-12T17:00-05:00")
    reading = {"kind": "reading", "subject": "deadline/strike"}
    told("make-claim", **reading, claimant="north", value={"type": "date", "date": "2025-03-12T22:00Z"})
    told("make-claim", **reading, claimant="south", value={"type": "date", "date": "2025-03-13T02:00+09:00"})
    times = {"began": "2025-01-20T22:00-05:00", "ended": "2025-01-21T01:30-05:00"}
    told("hold-session", session="night", form="plenary", occurred="2025-01-20", **times)
    told("hold-session", session="call", form="call", occurred="2025-01-22T09:30Z")
    told("hold-session", session="long", form="call", occurred="2025-01-23T09:30Z", ended="2025-01-24")
    told("open-round", round="1", occurred="2025-01-25T10:00Z")
    told("close-round", round="1", outcome="None.", occurred="2025-01-26T16:00Z")
    read("/v1/negotiations")
    text = client.get("/v1/negotiations/talks/calendar", params={"as_of": "2025-02-01"}).text
    entries = [entry.splitlines() for entry in text.split("BEGIN:VEVENT")[1:]]
    found = {
        next(line for line in entry if line.startswith("SUMMARY")): [
            line.removeprefix("DT") for line in entry if line.startswith(("DTSTART", "DTEND"))
        ]
        for entry in entries
    }
    assert found == {
        "SUMMARY:Due: Strike (as set\\, north)": ["START:20250312T220000Z"],
        "SUMMARY:Due: Strike (south)": ["START:20250312T170000Z"],
        "SUMMARY:Session night": ["START:20250121T030000Z", "END:20250121T063000Z"],
        "SUMMARY:Session call": ["START:20250122T093000Z"],
        "SUMMARY:Session long": ["START;VALUE=DATE:20250123", "END;VALUE=DATE:20250125"],
        "SUMMARY:Round 1": ["START:20250125T100000Z", "END:20250126T160000Z"],
    }


def test_a_wage_is_by_the_hour_and_no_cap_is(tell: Tell, read: Read) -> None:
    wage = {"type": "money", "money": {"amount": "16", "currency": "USD", "qualifier": "at-least", "per": "hour"}}
    claim = {"kind": "position", "claimant": "north", "subject": "issue/fish"}
    assert tell("make-claim", claim="wage", **claim, value=wage).status_code == 201
    (found,) = read("/v1/negotiations/talks/positions")["items"]
    assert found["current"]["value"]["money"]["per"] == "hour"
    assert words.value(found["current"]["value"]) == "at least USD 16 an hour"
    tell("draft-agreement", agreement="act", title="Act", form="law", parties=["north"])
    cap = {"type": "cap", "on": "called", "amount": usd("5", per="month")}
    answer = tell("add-provision", **provision("cap", cap, kind="investment"))
    assert (answer.status_code, answer.json()["code"]) == (422, "cap-by-the-year")
    assert answer.json()["errors"][0]["field"] == "value.amount.per"


def test_a_range_is_told_and_refused_where_it_is_none(tell: Tell, read: Read) -> None:
    claim = {"kind": "position", "claimant": "north", "subject": "issue/fish"}
    low, high = ({"type": "share", "percent": percent} for percent in ("40", "45"))
    assert tell("make-claim", **claim, value={"type": "range", "low": low, "high": high}).status_code == 201
    (found,) = read("/v1/negotiations/talks/positions", q="45")["items"]
    assert words.value(found["current"]["value"]) == "40 % to 45 %"
    problem = tell("make-claim", **claim, value={"type": "range", "low": high, "high": low}).json()
    assert (problem["code"], problem["errors"][0]["field"]) == ("not-a-range", "value.high")
    nested = {"type": "range", "low": {"type": "range", "low": low, "high": high}, "high": high}
    assert tell("make-claim", **claim, value=nested).status_code == 422


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"number": "9.7", "unit": "million barrels", "per": "day"}, "9.7 million barrels a day"),
        ({"number": 1188, "unit": "months", "qualifier": "at-least"}, "at least 1,188 months"),
        ({"number": "-1250.50", "unit": "tonnes", "basis": "dry weight"}, "-1,250.50 tonnes (dry weight)"),
    ],
)
def test_a_count_is_a_whole_number_or_decimal_text(told: dict[str, Any], said: str, tell: Tell, read: Read) -> None:
    claim = {"kind": "position", "claimant": "north", "subject": "issue/fish"}
    assert tell("make-claim", **claim, value={"type": "count"} | told).status_code == 201
    (found,) = read("/v1/negotiations/talks/positions")["items"]
    assert found["current"]["value"].items() >= told.items()
    assert words.value(found["current"]["value"]) == said
