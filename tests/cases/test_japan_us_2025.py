"""The first case, recorded whole from `japan-us-2025.ndjson`: each question of a desk officer is one GET."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from infrastructure.settings import Settings
from interfaces.main import application
from tests.conftest import STORES

CASE = Path(__file__).with_name("japan-us-2025.ndjson").read_bytes()
HEADERS = {"Content-Type": "application/x-ndjson", "Idempotency-Key": "japan-us-2025"}

Read = Callable[..., Any]


@pytest.fixture(scope="module", params=STORES)
def client(request: pytest.FixtureRequest, new_store: Callable[[str], str]) -> Iterator[TestClient]:
    with TestClient(application(Settings(database=new_store(request.param)))) as client:
        yield client


@pytest.fixture(scope="module")
def recorded(client: TestClient) -> bytes:
    """What the recorder is answered."""
    answer = client.post("/v1/records", content=CASE, headers=HEADERS)
    assert answer.status_code == 201, answer.text
    return answer.content


@pytest.fixture(scope="module")
def read(client: TestClient, recorded: bytes) -> Read:
    """An answer that rests on the whole case."""
    last = len(CASE.splitlines())

    def get(path: str, **params: Any) -> Any:
        answer = client.get(f"/v1/negotiations/japan-us-2025/{path}", params=params | {"min_position": last})
        assert answer.status_code == 200, answer.text
        return answer.json()

    return get


def usd(billions: int, **differs: Any) -> dict[str, Any]:
    """A sum as the ledger shows it."""
    whole = {"currency": "USD", "amount": f"{billions}000000000.00", "minor": billions * 10**11}
    return whole | {"per": None, "begins": None, "until": None, "qualifiers": []} | differs


def cited(entry: dict[str, Any]) -> list[str]:
    """The sources on which an entry rests."""
    return [evidence["source"] for evidence in entry["basis"]["evidence"]]


def test_every_line_is_taken_down_in_its_place(client: TestClient, recorded: bytes, read: Read) -> None:
    log = client.get("/v1/records", params={"negotiation": "japan-us-2025", "limit": 1000}).json()
    assert [record["position"] for record in log["items"]] == list(range(1, len(CASE.splitlines()) + 1))


def test_the_whole_case_recorded_again_with_the_same_key_is_answered_as_before(
    client: TestClient, recorded: bytes
) -> None:
    again = client.post("/v1/records", content=CASE, headers=HEADERS)
    assert (again.status_code, again.content) == (201, recorded)
    log = client.get("/v1/records", params={"limit": 1000})
    assert len(log.json()["items"]) == len(CASE.splitlines())


def rungs(ledger: dict[str, Any]) -> dict[str, Any]:
    return {entry["rung"]: entry for entry in ledger["rungs"]}


def test_of_the_first_batch_only_candidates_were_known_on_13_february(read: Read) -> None:
    """Question 3."""
    ledger = read("ledger", as_of="2026-02-13", public_at="2026-02-13")
    assert ledger["candidates"]["sums"] == [usd(0, amount="42500000000.00", minor=425 * 10**10, qualifiers=["about"])]
    assert not rungs(ledger)["selected"]["known"]


def test_36_billion_of_the_first_batch_were_selected_by_18_february(read: Read) -> None:
    """Question 3."""
    ledger = read("ledger", as_of="2026-02-18", public_at="2026-02-18")
    assert rungs(ledger)["selected"]["sums"] == [usd(36)]
    assert ledger["times"] == {
        "as_of": "2026-02-18", "public_at": "2026-02-18", "known_at": None, "policy": "none", "may_be_later": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("product", "times", "rate", "says"),
    [
        ("beef", {"as_of": "2025-08-20", "public_at": "2025-09-01"}, "41.4", "26.4 % mfn, plus 15 % reciprocal"),
        (
            "beef",
            {"as_of": "2025-08-20", "public_at": "2025-09-05"},
            "26.4",
            "the higher of 26.4 % mfn and 15 % reciprocal",
        ),
        ("cars", {"as_of": "2025-09-10"}, "27.5", "27.5 % section-232"),
        ("cars", {"as_of": "2025-09-17"}, "15", "15 % section-232"),
        ("beef", {"as_of": "2026-02-21"}, "26.4", "26.4 % mfn"),
        ("beef", {"as_of": "2026-02-24"}, "36.4", "26.4 % mfn, plus 10 % section-122"),
        ("beef", {"as_of": "2026-07-23"}, "36.4", "26.4 % mfn, plus 10 % section-122"),
        ("beef", {"as_of": "2026-07-24"}, "26.4", "26.4 % mfn"),
    ],
)
def test_the_rate_on_beef_and_cars(
    client: TestClient, read: Read, product: str, times: dict[str, str], rate: str, says: str
) -> None:
    """Questions 1 and 2, and what the judgment of February 2026 left."""
    asked = {"negotiation": "japan-us-2025", "product": product, "levied_by": "united-states", "origin": "japan"}
    (found,) = client.get("/v1/tariffs", params=asked | times).json()["items"]
    assert (found["rate"], found["says"]) == (rate, says)


def test_a_rate_names_the_steps_that_led_to_it_and_why_others_do_not_count(client: TestClient, read: Read) -> None:
    asked = {"negotiation": "japan-us-2025", "product": "beef", "as_of": "2026-02-21"}
    (found,) = client.get("/v1/tariffs", params=asked).json()["items"]
    assert [(step["basis"], step["provision"], step["result"]) for step in found["steps"]] == [
        ("mfn", "us-tariff-schedule/beef", "26.4")
    ]
    assert cited({"basis": found["steps"][0]["record"]}) == ["us-notice-2025-08-07"]
    assert [(rate["provision"], rate["why"]) for rate in found["set_aside"]] == [
        ("reciprocal-tariff-order/rate", "reciprocal-tariff-order is terminated, since 2026-02-20")
    ]


def split_of(read: Read, **asked: Any) -> list[dict[str, Any]]:
    told = {"provision": "memorandum/profit-split", "currency": "USD", "amount": "10000000000"}
    return read("split", **told | asked)["readings"]


def parts(case: dict[str, Any]) -> dict[str, str]:
    return {part["party"]: part["amount"] for part in case["totals"]}


def test_ten_billion_are_split_before_and_after_the_threshold(read: Read) -> None:
    """Question 11: the amount of the threshold is not on record, so both are told."""
    own = split_of(read)[0]
    assert [(case["supposing"], parts(case)) for case in own["cases"]] == [
        (
            "before deemed allocation amount is reached",
            {"japan": "5000000000.00", "united-states": "5000000000.00"},
        ),
        ("after deemed allocation amount is reached", {"japan": "1000000000.00", "united-states": "9000000000.00"}),
    ]


def test_a_distribution_that_crosses_the_threshold_is_split_on_both_sides_to_the_cent(read: Read) -> None:
    """Question 11."""
    own = split_of(read, threshold="100000000000.01", before="95000000000")[0]
    (case,) = own["cases"]
    assert [(one["tier"], one["amount"], one["owed"]) for one in case["slices"]] == [
        (1, "5000000000.01", "5000000000.01"),
        (2, "4999999999.99", None),
    ]
    assert parts(case) == {"japan": "3000000000.01", "united-states": "6999999999.99"}


def test_rival_readings_of_the_split_stand_side_by_side(read: Read) -> None:
    """Question 11: the same cash, by each claim."""
    _, *claims = split_of(read)
    assert [(claim["claimant"], [parts(case) for case in claim["cases"]]) for claim in claims] == [
        ("japan", []),
        ("united-states", [{"united-states": "9000000000.00", None: "1000000000.00"}]),
    ]


def test_on_23_july_one_side_alone_has_spoken_of_the_split_of_profits(read: Read) -> None:
    """Question 4."""
    (stand,) = read("positions", issue="profit-split", kind="position", public_at="2025-07-23")["items"]
    assert (stand["party"], stand["current"]["value"]) == (
        "united-states",
        {"type": "share", "percent": "90", "to": "united-states"},
    )
    assert stand["current"]["speaker"] == "Donald Trump"
    assert stand["current"]["basis"]["occurred"] == "2025-07-22T20:15-04:00"
    assert cited(stand["current"]) == ["trump-post-2025-07-22", "article-2026-02-14"]
    assert read("contradictions", issue="profit-split", public_at="2025-07-23")["items"] == []


def test_on_26_july_the_two_sides_contradict_each_other(read: Read) -> None:
    """Question 4."""
    (found,) = read("contradictions", issue="profit-split", public_at="2025-07-26")["items"]
    assert (found["nature"], found["status"], found["since"]) == ("conflict", "open", "2025-07-25")
    sides = {side["claimants"][0]: side for side in found["sides"]}
    assert set(sides) == {"japan", "united-states"} == set(found["between"])
    assert sides["united-states"]["value"] == {"type": "share", "percent": "90", "to": "united-states"}
    assert sides["japan"]["value"]["text"] == "What each side gets goes by what it puts in and what it risks."
    assert cited(sides["japan"]["claims"][0]) == ["japan-briefing-2025-07-25"]


def test_by_5_september_the_memorandum_has_settled_it(read: Read) -> None:
    """Question 4."""
    (found,) = read("contradictions", issue="profit-split", public_at="2025-09-05")["items"]
    for entry in (*found["settled_by"], *found["provisions"]):
        assert entry["basis"]["occurred"] == "2025-09-04"
        assert cited(entry) == ["memorandum"]
    told = [entry["by"] for entry in (*found["settled_by"], *found["provisions"])]
    assert (found["status"], told) == ("settled", ["issue/profit-split", "provision/memorandum/profit-split"])
    assert read("contradictions", issue="profit-split", public_at="2025-09-03")["items"][0]["status"] == "open"


def test_who_moved_in_the_week_of_the_framework(read: Read) -> None:
    """Question 4, as a difference: nobody had spoken of the split before."""
    found = read("diff", clock="public_at", view="positions", **{"from": "2025-07-21", "to": "2025-07-26"})
    moves = {(move["party"], move["subject"]): move for move in found["moved"]}
    assert moves["japan", "issue/profit-split"]["before"] is None
    evidence = [e["source"] for b in moves["japan", "issue/profit-split"]["records"] for e in b["evidence"]]
    assert evidence == ["japan-briefing-2025-07-25"]


def test_the_memorandum_settles_the_split_of_profits(read: Read) -> None:
    """Question 4: on which date, and what."""
    agreement = read("agreements/memorandum", as_of="2025-09-05", public_at="2025-09-05")
    provisions = {entry["key"]: entry for entry in agreement["provisions"]}
    split = provisions["profit-split"]
    assert split["text"] == (
        "Half to each side up to the deemed allocation amount, which covers interest and principal; "
        "from there on 90 per cent for the United States, 10 for Japan."
    )
    assert split["issue"] == "profit-split"
    assert (split["basis"]["occurred"], split["basis"]["published"]) == ("2025-09-04", "2025-09-04")
    assert split["basis"]["evidence"] == [{"source": "memorandum", "locator": "on distribution"}]


def test_the_ledger_has_each_rung_in_its_own_currency(read: Read) -> None:
    """Question 5."""
    known = rungs(read("ledger", as_of="2026-05-02"))
    assert known["pledge"]["sums"] == [usd(550)]
    assert known["interest"]["sums"] == [usd(400, qualifiers=["up-to"])]
    assert known["selected"]["sums"] == [usd(109)]
    yen = usd(0, currency="JPY", amount="340000000000", minor=340_000_000_000)
    assert known["contracted"]["sums"] == [yen | {"qualifiers": ["at-least"]}]


def test_what_is_drawn_is_unknown_which_is_not_zero(read: Read) -> None:
    """Question 5."""
    known = rungs(read("ledger", as_of="2026-05-02"))
    for rung in ("drawn", "distributed", "commitment"):
        assert (known[rung]["known"], known[rung]["sums"], known[rung]["tranches"]) == (False, [], [])


def test_441_billion_are_left_after_both_batches(read: Read) -> None:
    """Question 7."""
    assert read("ledger", as_of="2026-03-20")["left"] == [
        usd(441)
        | {"tranche": "whole-commitment", "within": None, "of": "pledge", "rung": "selected", "not_compared": []}
    ]
    assert read("ledger", as_of="2026-03-18")["left"] == [
        usd(514)
        | {"tranche": "whole-commitment", "within": None, "of": "pledge", "rung": "selected", "not_compared": []}
    ]


def test_every_reading_of_the_time_to_fund_is_shown_with_its_holder(read: Read) -> None:
    """Question 6: what the 45 days are."""
    provisions = {entry["key"]: entry for entry in read("agreements/memorandum")["provisions"]}
    funding = provisions["funding"]
    assert funding["value"] == {"type": "count", "number": 45, "unit": "business days", "qualifier": "up-to"}
    readings = {claim["claimant"]: claim for claim in funding["claims"] if claim["status"] == "current"}
    assert {holder: claim["quotation"] for holder, claim in readings.items()} == {
        "newspaper-one": "only 45 days",
        "newspaper-two": "at least 45 days",
    }
    assert readings["newspaper-one"]["value"] == {"type": "count", "number": 45, "unit": "days"}
    assert readings["newspaper-two"]["value"]["qualifier"] == "at-least"
    assert cited(readings["newspaper-one"]) == ["newspaper-one-on-45-days"]


def test_every_date_by_which_the_first_batch_must_be_funded_is_shown_with_its_holder(read: Read) -> None:
    """Question 6: which day that makes it."""
    deadline = read("deadlines/first-batch-funding", as_of="2026-04-22")
    assert (deadline["day"], deadline["days_left"], deadline["status"]) == ("2026-04-23", 1, "upcoming")
    assert [
        (reading["claimant"], reading["day"], reading["bound"], reading["status"]) for reading in deadline["readings"]
    ] == [
        (None, "2026-04-23", "by", "upcoming"),
        ("newspaper-one", "2026-04-03", "by", "overdue"),
        ("newspaper-two", "2026-04-03", "not-before", "open"),
        ("desk", "2026-04-21", "by", "overdue"),
        ("desk", "2026-04-23", "by", "upcoming"),
        ("desk", "2026-04-23", "by", "upcoming"),
    ]
    assert [reading["says"].partition(", 2026")[0] for reading in deadline["readings"][3:]] == [
        "45 business days after tranche/first-batch/selected (US)",
        "45 business days after tranche/first-batch/selected (JP)",
        "45 business days after tranche/first-batch/selected (JP and US)",
    ]
    assert deadline["readings"][1]["says"].endswith("overdue, outcome unknown")


def test_whether_the_visit_to_osaka_was_part_of_the_talks_is_disputed(read: Read) -> None:
    """Question 8: by whom, on what evidence."""
    found = read("contradictions/session/osaka-2025-07-19/membership:report", as_of="2025-07-20")
    assert (found["nature"], found["status"]) == ("conflict", "open")
    assert [
        (side["claimants"], side["value"]["answer"], [cited(claim) for claim in side["claims"]])
        for side in found["sides"]
    ] == [
        (["japan-press"], True, [["press-list-of-talks"]]),
        (["united-states"], False, [["us-account-of-osaka"]]),
    ]
    visit = read("rounds/session/osaka-2025-07-19")
    assert visit["round"] is None
    assert [who.get("person") for who in visit["sessions"][0]["participants"]] == ["Scott Bessent", None]


@pytest.mark.parametrize(
    ("day", "due"),
    [
        ("2025-07-06", "2025-07-09"),
        ("2025-07-07", "2025-08-01"),
        ("2025-07-30", "2025-08-01"),
        ("2025-07-31", "2025-08-07"),
    ],
)
def test_the_deadline_of_9_july_as_it_stood(read: Read, day: str, due: str) -> None:
    """Question 9."""
    deadline = read("deadlines/tariff-pause", as_of=day)
    assert deadline["due"] == due
    said = [claim for claim in deadline["claims"] if claim["status"] == "current"]
    assert [(claim["claimant"], claim["value"]["date"]) for claim in said] == [("united-states", due)]


def test_the_deadline_of_9_july_has_its_chain_of_revisions(read: Read) -> None:
    """Question 9: when it moved, to when, by whom."""
    deadline = read("deadlines/tariff-pause")
    assert [
        (revision["basis"]["occurred"], revision["due"], revision["party"], cited(revision))
        for revision in deadline["revisions"]
    ] == [
        ("2025-04-09", "2025-07-09", "united-states", ["desk-file"]),
        ("2025-07-07", "2025-08-01", "united-states", ["letter-2025-07-07"]),
        ("2025-07-31", "2025-08-07", "united-states", ["tariff-order-2025-07-31"]),
    ]
    assert (deadline["status"], deadline["outcome"]) == ("lapsed", "lapsed")


def test_the_deadline_of_9_july_shows_what_each_side_said_at_each_revision(read: Read) -> None:
    """Question 9: the United States names each date; of Japan only its answer to the last one is on file."""
    claims = read("deadlines/tariff-pause")["claims"]
    assert [
        (claim["basis"]["occurred"], claim["value"]["date"], claim["status"])
        for claim in claims
        if claim["claimant"] == "united-states"
    ] == [
        ("2025-04-09", "2025-07-09", "superseded"),
        ("2025-07-07", "2025-08-01", "superseded"),
        ("2025-07-31", "2025-08-07", "current"),
    ]
    (answer,) = [claim for claim in claims if claim["claimant"] == "japan"]
    assert (answer["basis"]["occurred"], answer["subject"]) == ("2025-08-07", "deadline/tariff-pause/status")
    assert answer["value"]["text"] == "What took effect on 7 August departs from the agreement."
    assert cited(answer) == ["japan-statement-2025-08-07"]


def test_the_records_that_carry_a_flag(read: Read) -> None:
    """Question 10."""
    flags = {(flag["rule"], flag["key"].partition("/")[2]): flag for flag in read("flags")["items"]}

    def told(rule: str) -> list[tuple[str, list[str]]]:
        return [
            (detail["text"], [e["source"] for basis in detail["records"] for e in basis["evidence"]])
            for (name, _), flag in flags.items()
            if name == rule
            for detail in flag["details"]
        ]

    ((weekday, sources),) = told("weekday")
    assert "Friday, the 14th" in weekday
    assert "2026-02-14 is a Saturday" in weekday
    assert sources == ["article-2026-02-14"]
    ((rates, sources),) = told("two-exchange-rates")
    assert "1.188" in rates
    assert "1.175" in rates
    assert set(sources) == {"article-2026-02-14", "framework-2025-07-22"}
    ((yen, sources),) = told("magnitude")
    assert "8,000,000,000,000 and 80,000,000,000,000 JPY" in yen
    assert sources == ["daily-2025-07-24", "desk-file"]


def test_a_flag_is_on_the_document_that_it_touches(read: Read) -> None:
    """Question 10."""
    tranche = read("tranches/whole-commitment")
    assert {flag["rule"] for flag in tranche["flags"]} == {"magnitude", "two-exchange-rates"}


def test_the_status_of_an_instrument_is_each_party_s_own(read: Read) -> None:
    """Whether the framework binds: the desk asks each side's account."""
    accounts = {
        party: read("agreements/memorandum", policy=f"account:{party}")["claims"]
        for party in ("japan", "united-states")
    }
    assert {party: [claim["claimant"] for claim in claims] for party, claims in accounts.items()} == {
        "japan": ["japan"],
        "united-states": ["united-states"],
    }
