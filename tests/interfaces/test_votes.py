"""Votes over HTTP: who decided on what, where that is named, what waits for it, and what becomes of it."""

import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from fastapi.testclient import TestClient
from rich.console import Console

from interfaces.show import table
from tests.interfaces.conftest import Tell
from tests.interfaces.office import Office, holds, parley
from tests.interfaces.test_confidentiality import RED, SECRET, begin, desk_on

Read = Callable[..., Any]
N = "/v1/negotiations/talks"
CONSENT = {"vote": "consent", "body": "House of Representatives", "outcome": "carried", "occurred": "2025-03-04"}
COUNTS = {"in_favour": "122", "against": "62", "abstained": "4", "about": "agreement/deal", "party": "north"}


@pytest.fixture
def deal(tell: Tell) -> None:
    """An agreement with a provision, and a proposal on the one issue."""
    for command, facts in (
        ("draft-agreement", {"agreement": "deal", "title": "Deal", "form": "framework", "parties": ["north", "south"]}),
        ("add-provision", {"agreement": "deal", "provision": "quota", "kind": "text", "text": "Half.", "title": "Q"}),
        ("table-proposal", {"proposal": "half", "party": "north", "title": "H", "text": "Half.", "issues": ["fish"]}),
    ):
        assert tell(command, **facts).status_code == 201


@pytest.fixture
def held(tell: Tell, deal: None) -> str:
    """The House consents to the deal; the id of the record."""
    answer = tell("record-vote", **CONSENT, **COUNTS)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_a_vote_is_shown_and_found(held: str, tell: Tell, read: Read) -> None:
    found = read(f"{N}/votes/consent")
    assert (found["outcome"], found["in_favour"], found["unit"]) == ("carried", "122", "votes")
    tell("record-vote", vote="other", body="Committee", outcome="defeated", occurred="2025-03-01")
    asked: list[dict[str, str]] = [
        {"kind": "carried"}, {"party": "north"}, {"q": "representatives"}, {"q": "122"}, {"from": "2025-03-04"},
    ]  # fmt: skip
    for path in (f"{N}/votes", "/v1/votes"):
        assert [vote["key"] for vote in read(path)["items"]] == ["other", "consent"]
        for narrowed in asked:
            assert [vote["key"] for vote in read(path, **narrowed)["items"]] == ["consent"]
    assert read(f"{N}/votes", kind="blocked")["items"] == []


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        (COUNTS, "carried, 122 to 62 votes, 4 abstained, on agreement/deal"),
        ({"in_favour": "66.70", "unit": "percent of principal"}, "carried, 66.70 percent of principal in favour"),
        ({"against": "1200", "unit": "shares"}, "carried, 1,200 shares against"),
        ({}, "carried"),
        ({"title": "Third reading", "against": "2"}, "Third reading: carried, 2 votes against"),
    ],
)
def test_a_line_of_the_timeline_says_how_a_vote_went(
    deal: None, tell: Tell, read: Read, facts: dict[str, Any], says: str
) -> None:
    assert tell("record-vote", **CONSENT, **facts).status_code == 201
    (line,) = read(f"{N}/timeline", kind="Vote.Held")["items"]
    assert line["title"] == f"Vote consent: held (House of Representatives: {says})"


@pytest.mark.parametrize(
    ("about", "issue"), [("issue/fish", "fish"), ("proposal/half", "fish"), ("agreement/deal", None), (None, None)]
)
def test_a_vote_is_found_by_the_issue_that_it_was_about(
    deal: None, tell: Tell, read: Read, about: str | None, issue: str | None
) -> None:
    assert tell("record-vote", **CONSENT, **({"about": about} if about else {})).status_code == 201
    (vote,) = read(f"{N}/votes")["items"]
    assert vote["issue"] == issue
    assert [vote["key"] for vote in read(f"{N}/votes", issue="fish")["items"]] == (["consent"] if issue else [])


def test_what_was_voted_on_names_its_votes(held: str, tell: Tell, read: Read) -> None:
    tell("record-vote", vote="clause", body="Committee", outcome="defeated", about="provision/deal/quota")
    tell("record-vote", vote="plan", body="Conference", outcome="blocked", about="proposal/half")
    votes = read(f"{N}/agreements/deal")["votes"]
    assert [(vote["key"], vote["about"], vote["outcome"]) for vote in votes] == [
        ("clause", "provision/deal/quota", "defeated"),
        ("consent", "agreement/deal", "carried"),
    ]
    (vote,) = read(f"{N}/rounds/proposal/half")["votes"]
    assert (vote["key"], vote["body"], vote["outcome"]) == ("plan", "Conference", "blocked")
    tell("record-vote", vote="prayer", body="Lords", title="Not to ratify", outcome="defeated", about="agreement/deal",
         in_favour="185", against="205", unit="peers", occurred="2025-04-01")  # fmt: skip
    prayer = read(f"{N}/agreements/deal")["votes"][-1]
    assert (prayer["title"], prayer["cast"]) == ("Not to ratify", "185 to 205 peers")
    console = Console(width=200, record=True, file=StringIO())
    console.print(table("agreements", read(f"{N}/agreements")["items"]))
    assert "2025-04-01 Lords: Not to ratify: defeated, 185 to 205 peers" in console.export_text()
    assert read(f"{N}/agreements/deal", as_of="2025-03-03")["votes"] == votes[:1]
    assert read("/v1/agreements", sort="date")["items"][0]["last_occurred"] == "2025-01-02"


@pytest.mark.parametrize(
    ("facts", "code", "field"),
    [
        ({"about": "agreement/dael"}, "unknown", "about"),
        ({"party": "nroth"}, "unknown", "party"),
        ({"by_party": [{"party": "nroth", "voted": "against"}]}, "unknown", "by_party.0.party"),
        (
            {"by_party": [{"party": "north", "voted": "against"}, {"party": "north", "voted": "in-favour"}]},
            "party-named-twice",
            "by_party.1",
        ),
        ({"in_favour": "100.5", "unit": "percent of principal"}, "share-above-the-whole", "in_favour"),
    ],
)
def test_what_cannot_be_is_refused(tell: Tell, read: Read, facts: dict[str, Any], code: str, field: str) -> None:
    problem = tell("record-vote", **CONSENT, **facts).json()
    assert (problem["status"], problem["code"], problem["errors"][0]["field"]) == (422, code, field)
    assert read(f"{N}/votes")["items"] == []


def test_a_second_reading_is_another_vote(held: str, tell: Tell, read: Read) -> None:
    assert tell("record-vote", **CONSENT).json()["code"] == "already-known"
    second = CONSENT | {"vote": "consent-second-reading", "outcome": "defeated", "occurred": "2025-04-04"}
    assert tell("record-vote", **second).status_code == 201
    assert [vote["outcome"] for vote in read(f"{N}/votes")["items"]] == ["carried", "defeated"]


def test_rules_and_conditions_count_from_the_outcome_of_a_vote(deal: None, tell: Tell, read: Read) -> None:
    begins = {"effect": "begins", "rule": {"count": 10, "unit": "calendar-days", "event": "vote/consent/carried"}}
    ends = {"effect": "ends", "rule": {"count": 0, "unit": "calendar-days", "event": "vote/consent/defeated"}}
    assert tell("set-deadline", deadline="pay", title="Pay", rule=begins["rule"]).json()["code"] == "unknown"
    held = tell("record-vote", **CONSENT).json()["id"]
    told = {"agreement": "deal", "provision": "tax", "kind": "text", "text": "None.", "title": "T"}
    tell("conclude-agreement", agreement="deal")
    assert tell("add-provision", **told, depends_on=[begins, ends]).status_code == 201
    assert tell("set-deadline", deadline="pay", title="Pay", rule=begins["rule"]).status_code == 201
    assert read(f"{N}/deadlines/pay")["day"] == "2025-03-14"

    def applies(day: str) -> bool:
        provisions = read(f"{N}/agreements/deal", as_of=day)["provisions"]
        return next(bool(entry["applies"]) for entry in provisions if entry["key"] == "tax")

    assert [applies(day) for day in ("2025-03-03", "2025-03-13", "2025-03-14")] == [False, False, True]
    tell("correct-record", record=held, changes={"outcome": "defeated"}, reason="Misread.", occurred="2025-03-20")
    assert read(f"{N}/deadlines/pay")["day"] is None
    assert not applies("2025-03-14")


def test_rival_counts_contradict_each_other(held: str, tell: Tell, read: Read) -> None:
    for claimant, number in (("north", 122), ("south", 119)):
        value = {"type": "count", "number": number, "unit": "votes"}
        report = {"kind": "report", "claimant": claimant, "subject": "vote/consent/amount/in-favour", "value": value}
        assert tell("make-claim", **report).status_code == 201
    (found,) = read(f"{N}/contradictions")["items"]
    assert (found["subject"], found["nature"]) == ("vote/consent/amount/in-favour", "conflict")
    assert [claim["claimant"] for claim in read(f"{N}/votes/consent")["claims"]] == ["north", "south"]
    assert read(f"{N}/votes", as_of="2025-03-03")["items"] == [], "what is only spoken of is no vote yet"


def test_wrong_figures_are_corrected_and_a_vote_is_retracted(held: str, tell: Tell, read: Read) -> None:
    changes = {"in_favour": "42", "outcome": "defeated"}
    correction = tell("correct-record", record=held, changes=changes, reason="Misread.", occurred="2025-03-06")
    assert correction.status_code == 201, correction.text
    vote = read(f"{N}/votes/consent")
    assert (vote["in_favour"], vote["outcome"], vote["against"]) == ("42", "defeated", "62")
    assert vote["basis"]["corrections"] == [correction.json()["id"]]
    assert [one["outcome"] for one in read(f"{N}/agreements/deal")["votes"]] == ["defeated"]
    wrong = tell("correct-record", record=held, changes={"about": "issue/fish"}, reason="Misread.")
    assert wrong.json()["code"] == "not-a-field-of-the-record"
    tell("retract-record", record=held, reason="Never held.")
    assert read(f"{N}/votes")["items"] == read(f"{N}/agreements/deal")["votes"] == []


def test_a_vote_has_grounds_and_is_a_difference(held: str, read: Read) -> None:
    found = read(f"{N}/grounds", view="votes", key="consent", field="outcome")
    assert [(step["after"], step["basis"]["record"]) for step in found["steps"]] == [("carried", held)]
    found = read(f"{N}/grounds", view="agreements", key="deal", field="votes[consent].outcome")
    assert [step["basis"]["record"] for step in found["steps"]] == [held]
    items = read(f"{N}/diff", **{"from": "2025-03-03", "to": "2025-03-04"})["items"]
    changed = {item["view"]: item["change"] for item in items if item["view"] in {"votes", "agreements"}}
    assert changed == {"votes": "added", "agreements": "changed"}


def test_a_vote_can_be_supposed(deal: None, client: TestClient, read: Read) -> None:
    line = CONSENT | COUNTS | {"command": "record-vote", "negotiation": "talks"}
    headers = {"Content-Type": "application/x-ndjson"}
    answer = client.post(f"{N}/suppose", params={"view": "votes"}, content=json.dumps(line), headers=headers)
    assert [vote["outcome"] for vote in answer.json()["items"]] == ["carried"], answer.text
    assert read(f"{N}/votes")["items"] == []


def test_an_outcome_that_the_numbers_do_not_make_is_flagged_with_the_vote(deal: None, tell: Tell, read: Read) -> None:
    told = CONSENT | COUNTS | {"in_favour": "65.1", "against": "4", "unit": "percent of principal"}
    assert tell("record-vote", **told, threshold="66.67").status_code == 201
    (flag,) = read(f"{N}/flags")["items"]
    assert (flag["rule"], flag["severity"]) == ("outcome-against-the-numbers", "notice")
    assert flag["details"][0]["text"].endswith("carried with 65.1 in favour, 66.67 needed")
    for place in ("votes/consent", "agreements/deal"):
        assert [entry["rule"] for entry in read(f"{N}/{place}")["flags"]] == [flag["rule"]]


def test_votes_are_shown_as_a_table(held: str, read: Read, capsys: pytest.CaptureFixture[str]) -> None:
    Console(width=200).print(table("votes", read(f"{N}/votes")["items"]))
    shown = capsys.readouterr().out
    assert "House of Representatives" in shown
    assert "122 to 62 votes, 4 abstained" in shown


@pytest.mark.parametrize("until", [None, "2026-07-01T00:00Z"])
def test_a_restricted_vote_shows_to_its_groups_alone_until_the_embargo_ends(address: str, until: str | None) -> None:
    with desk_on(address) as desk:
        begin(desk)
        draft = {"agreement": "deal", "title": "Deal", "form": "treaty", "parties": ["north", "south"]}
        assert desk.tell("anybody", "draft-agreement", **draft).status_code == 201
        told = CONSENT | COUNTS | {"body": SECRET, "restriction": RED | ({"until": until} if until else {})}
        assert desk.tell("red", "record-vote", **told).status_code == 201

        def seen(who: str) -> tuple[int, int]:
            asked = {"as_of": "2026-05-01", "min_position": desk.head()}
            votes = desk.ask(who, f"{N}/votes", **asked).json()["items"]
            return len(votes), len(desk.ask(who, f"{N}/agreements/deal", **asked).json()["votes"])

        assert (seen("public"), seen("blue"), seen("red")) == ((0, 0), (0, 0), (1, 1))
        assert desk.ask("public", f"{N}/timeline", q=SECRET).json()["items"] == []
        desk.clock.at = "2026-12-01T12:00:00+00:00"
        assert seen("public") == ((1, 1) if until else (0, 0))


def test_a_vote_that_was_told_in_confidence_is_erased(chosen: str, office: Office) -> None:
    told = CONSENT | {"body": "Quillwort committee", "about": "issue/fish"}
    office.tell("record-vote", **told, data_subject="Confidence of Quillwort")
    assert [vote["body"] for vote in office.read(f"{N}/votes")["items"]] == ["Quillwort committee"]
    assert parley("erase", "Confidence of Quillwort", "--reason", "Asked for.").exit_code == 0
    assert office.read(f"{N}/votes")["items"] == []
    assert office.read(f"{N}/timeline", kind="Vote.Held")["items"][0]["title"].endswith("held [erased]")
    assert not holds(chosen, b"Quillwort")
