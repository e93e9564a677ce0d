"""Contradictions, findings and policies over HTTP."""

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from fastapi.testclient import TestClient
from rich.console import Console

from application import words
from interfaces.show import table
from tests.interfaces.conftest import Tell

Read = Callable[..., Any]
N = "/v1/negotiations/talks"
SPLIT = f"{N}/contradictions/issue/fish:position"


def share(percent: str) -> dict[str, Any]:
    return {"type": "share", "percent": percent}


def money(amount: str, **more: str) -> dict[str, Any]:
    return {"type": "money", "money": {"amount": amount, "currency": "USD"} | more}


@pytest.fixture
def claim(tell: Tell) -> Callable[..., None]:
    def made(key: str, claimant: str, value: dict[str, Any], occurred: str = "2025-02-01", **more: Any) -> None:
        told = {"kind": "position", "subject": "issue/fish"} | more
        answer = tell("make-claim", claim=key, claimant=claimant, value=value, occurred=occurred, **told)
        assert answer.status_code == 201, answer.text

    return made


Claim = Callable[..., None]


def test_a_claim_takes_the_place_of_its_claimant_s_last_one_whether_or_not_either_is_money(
    claim: Claim, read: Read
) -> None:
    nothing = {"type": "text", "text": "Nothing."}
    values = [money("100"), nothing, money("5"), money("7", currency="JPY"), share("3")]
    for number, value in enumerate(values):
        claim(f"n{number}", "north", value, f"2025-02-0{number + 1}")
    (position,) = read(f"{N}/positions")["items"]
    assert [stand["status"] for stand in position["history"]] == [*["superseded"] * 4, "current"]


def test_money_on_two_bases_stands_side_by_side_and_what_tells_none_takes_the_place_of_both(
    claim: Claim, read: Read
) -> None:
    def stand() -> list[str]:
        (position,) = read(f"{N}/positions", party="north")["items"]
        return [told["claim"] for told in position["history"] if told["status"] == "current"]

    claim("nominal", "north", money("34.7") | {"basis": "nominal"}, "2025-02-01")
    claim("present", "north", money("3.4") | {"basis": "net present value"}, "2025-02-02")
    claim("other", "south", money("50") | {"basis": "Nominal"}, "2025-02-02")
    assert stand() == ["nominal", "present"]
    found = read(SPLIT)
    assert (found["nature"], len(found["sides"])) == ("conflict", 3)
    claim("again", "north", money("50") | {"basis": "NOMINAL"}, "2025-02-03")
    assert stand() == ["present", "again"]
    assert read(SPLIT)["nature"] == "scope"
    claim("bare", "north", money("40"), "2025-02-04")
    assert stand() == ["bare"]
    claim("last", "north", money("41") | {"basis": "nominal"}, "2025-02-05")
    assert stand() == ["last"]


def test_a_claim_that_is_made_again_stands_since_it_was_first_made_without_another_in_between(
    claim: Claim, tell: Tell, read: Read
) -> None:
    def since() -> tuple[str | None, str | None]:
        (position,) = read(f"{N}/positions", party="north")["items"]
        return position["since"], position["current"] and position["current"]["basis"]["occurred"]

    claim("n3", "north", money("100"), "2025-02-03")
    claim("n1", "north", money("100"), "2025-02-01")
    claim("s2", "south", money("200"), "2025-02-02")
    assert since() == ("2025-02-01", "2025-02-03")
    claim("n2", "north", money("100", currency="JPY"), "2025-02-02")
    assert since() == ("2025-02-01", "2025-02-03"), "what is told in another currency stands beside"
    claim("n4", "north", money("120"), "2025-02-04")
    assert since() == ("2025-02-04", "2025-02-04")
    claim("n5", "north", money("100"), "2025-02-05")
    assert since() == ("2025-02-05", "2025-02-05")
    tell("withdraw-claim", claim="n5", occurred="2025-02-06")
    claim("n7", "north", money("100"), "2025-02-07")
    assert since() == ("2025-02-07", "2025-02-07")
    tell("withdraw-claim", claim="n7", occurred="2025-02-08")
    tell("withdraw-claim", claim="n2", occurred="2025-02-08")
    assert since() == (None, None)


@pytest.mark.parametrize(
    ("vague", "value", "later", "unordered"),
    [
        ("2025-05", share("10"), "2025-05-09", ["vague"]),
        ("2025", share("10"), "2025-05-09T10:00Z", ["vague"]),
        ("2025-05", share("10"), "2025-05", ["vague"]),
        ("2025-05", share("20"), "2025-05-09", []),
        ("2025-05", share("10"), "2025-06-01", []),
        ("2025-05-09", share("10"), "2025-05-09", []),
    ],
)
def test_which_of_two_came_last_is_not_known_where_a_time_is_vague(
    claim: Claim, read: Read, vague: str, value: dict[str, Any], later: str, unordered: list[str]
) -> None:
    claim("vague", "north", value, vague)
    claim("later", "north", share("20"), later)
    (position,) = read(f"{N}/positions")["items"]
    assert (position["current"]["claim"], position["unordered"]) == ("later", unordered)


def test_claims_that_do_not_agree_are_a_contradiction_with_both_sides(claim: Claim, read: Read) -> None:
    claim("n", "north", share("90"), "2025-02-01")
    assert read(f"{N}/contradictions")["items"] == []
    claim("s", "south", share("50"), "2025-02-05")
    (found,) = read("/v1/contradictions")["items"]
    assert (found["nature"], found["status"], found["since"]) == ("conflict", "open", "2025-02-05")
    assert [(side["value"]["percent"], side["claimants"]) for side in found["sides"]] == [
        ("90", ["north"]),
        ("50", ["south"]),
    ]
    assert [stand["claim"] for side in found["sides"] for stand in side["claims"]] == ["n", "s"]


def test_red_lines_and_threats_stand_beside_positions(claim: Claim, read: Read) -> None:
    claim("wants", "north", share("90"), "2025-02-01")
    for kind, claimant, text in (
        ("red-line", "north", "Never less than half."),
        ("threat", "north", "Else we leave."),
        ("red-line", "south", "Never more than half."),
        ("threat", "south", "Then go."),
    ):
        claim(f"{kind}-{claimant}", claimant, {"type": "text", "text": text}, "2025-02-05", kind=kind)
    found = {item["key"]: item["current"]["claim"] for item in read(f"{N}/positions", party="north")["items"]}
    assert found == {
        "issue/fish:north:position": "wants",
        "issue/fish:north:red-line": "red-line-north",
        "issue/fish:north:threat": "threat-north",
    }
    assert len(read(f"{N}/positions", kind="threat")["items"]) == 2
    sides = read(SPLIT)["sides"]
    assert [(side["kind"], side["claimants"]) for side in sides] == [
        ("position", ["north"]),
        ("red-line", ["north"]),
        ("red-line", ["south"]),
    ]


@pytest.mark.parametrize(
    ("red_line", "nature"),
    [
        (money("100", qualifier="up-to"), "conflict"),
        (money("600", qualifier="up-to"), "none"),
        (money("500"), "none"),
        ({"type": "range", "low": money("400"), "high": money("600")}, "none"),
        (money("100", qualifier="up-to", currency="EUR"), "scope"),
        ({"type": "text", "text": "Never more than a hundred."}, "words"),
        ({"type": "yes-no", "answer": False}, "conflict"),
    ],
)
def test_a_position_that_crosses_another_s_red_line_contradicts_it(
    claim: Claim, read: Read, red_line: dict[str, Any], nature: str
) -> None:
    claim("wants", "north", money("500"), "2025-02-01")
    claim("own", "north", money("450", qualifier="at-least"), "2025-02-02", kind="red-line")
    claim("not", "south", red_line, "2025-02-05", kind="red-line")
    assert [found["nature"] for found in read(f"{N}/contradictions")["items"]] == [nature][: nature != "none"]


def test_who_is_in_no_dispute_keeps_none_open(claim: Claim, tell: Tell, read: Read) -> None:
    tell("add-party", party="east", name="East", kind="state", occurred="2025-01-01")
    claim("n", "north", share("5"))
    claim("s", "south", share("7"))
    claim("e", "east", {**share("10"), "qualifier": "up-to"}, kind="red-line")
    settled = {"issue": "fish", "terms": "Six.", "occurred": "2025-03-01"}
    assert tell("settle-issue", **settled, parties=["north", "south"]).status_code == 201
    assert (read(SPLIT)["status"], read(SPLIT)["between"]) == ("settled", ["north", "south"])


def test_it_is_dropped_with_its_issue_until_that_comes_back_or_somebody_claims_more(
    claim: Claim, tell: Tell, read: Read
) -> None:
    claim("n", "north", share("5"), "2025-02-01")
    claim("s", "south", share("7"), "2025-02-02")
    tell("drop-issue", issue="fish", occurred="2025-03-01")
    assert read(SPLIT, as_of="2025-02-28")["status"] == "open"
    assert (read(SPLIT)["nature"], read(SPLIT)["status"]) == ("conflict", "dropped")
    tell("reopen-issue", issue="fish", occurred="2025-03-02")
    assert read(SPLIT)["status"] == "open"
    tell("drop-issue", issue="fish", occurred="2025-03-03")
    assert read(SPLIT)["status"] == "dropped"
    claim("n2", "north", share("6"), "2025-03-04")
    assert read(SPLIT)["status"] == "open"


def test_for_whom_somebody_spoke_does_not_depend_on_what_is_told_first(claim: Claim, tell: Tell, read: Read) -> None:
    office = {"party": "office", "name": "O", "kind": "office"}
    tell("add-party", **office, represents="north", occurred="2025-01-01")
    tell("withdraw-party", party="office", occurred="2025-06-01")
    tell("add-party", **office, represents="south", occurred="2025-07-01")
    claim("then", "office", share("5"), "2025-02-01")
    claim("now", "office", share("6"), "2025-08-01")
    claim("before", "office", share("7"), "2024-12-01")
    history = read(f"{N}/positions/issue/fish:office:position")["history"]
    assert {one["claim"]: one["represents"] for one in history} == {"before": "north", "then": "north", "now": "south"}


def test_a_finding_settles_what_is_disputed_whatever_other_red_lines_there_are(
    claim: Claim, tell: Tell, read: Read
) -> None:
    claim("n", "north", share("90"), "2025-02-01")
    claim("s", "south", share("50"), "2025-02-05")
    claim("line", "south", {**share("95"), "qualifier": "up-to"}, "2025-02-06", kind="red-line")
    told = {"finding": "f", "prefers": "n", "over": ["s"], "policy": "p", "reasons": "r"}
    assert tell("make-finding", **told, occurred="2025-03-01").status_code == 201
    assert read(SPLIT)["status"] == "settled"
    claim("line-2", "south", {**share("80"), "qualifier": "up-to"}, "2025-04-01", kind="red-line")
    assert (read(SPLIT)["nature"], read(SPLIT)["status"]) == ("conflict", "open")


def test_whether_other_words_contradict_is_for_a_reader_to_say(claim: Claim, read: Read) -> None:
    claim("n", "north", {"type": "text", "text": "The plant is ours."})
    claim("s", "south", {"type": "text", "text": "The plant belongs to the north."})
    (found,) = read(f"{N}/contradictions", kind="words")["items"]
    assert (found["nature"], len(found["sides"])) == ("words", 2)
    assert read(f"{N}/contradictions", kind="conflict")["items"] == []


def test_on_one_side_everybody_has_their_own_number(claim: Claim, tell: Tell, read: Read) -> None:
    def trucks(number: int, **more: str) -> dict[str, Any]:
        return {"type": "count", "number": number, "unit": "trucks a day"} | more

    tell("raise-issue", issue="coal", title="Coal")
    tell("add-party", party="east", name="East", kind="state")
    claim("n", "north", trucks(165))
    claim("s", "south", trucks(160, qualifier="about"))
    claim("n2", "north", trucks(25, basis="fuel"), subject="issue/coal")
    claim("n3", "north", trucks(8, basis="food"), "2025-02-02", subject="issue/coal")
    claim("s2", "south", trucks(9, basis="food"), subject="issue/coal")
    told = [words.value(side["value"]) for side in read(f"{N}/contradictions")["items"][0]["sides"]]
    assert told == ["25 trucks a day (fuel)", "9 trucks a day (food)", "8 trucks a day (food)"]
    claim("t", "east", trucks(200))
    console = Console(width=200, record=True, file=StringIO())
    console.print(table("contradictions", read(f"{N}/contradictions", issue="fish")["items"]))
    assert "north: 165 trucks a day; south: about 160 trucks a day" in console.export_text()


def test_it_ends_when_one_side_comes_round(claim: Claim, read: Read) -> None:
    claim("n", "north", share("90"), "2025-02-01")
    claim("s", "south", share("50"), "2025-02-05")
    claim("s2", "south", share("90"), "2025-03-05")
    assert read(f"{N}/contradictions")["items"] == []
    assert read(SPLIT, as_of="2025-03-04")["nature"] == "conflict"
    assert read(f"{N}/contradictions", as_of="2025-02-04")["items"] == []


def test_a_withdrawn_claim_contradicts_nobody(claim: Claim, tell: Tell, read: Read) -> None:
    claim("n", "north", share("90"))
    claim("s", "south", share("50"))
    tell("withdraw-claim", claim="s", occurred="2025-02-09")
    assert read(f"{N}/contradictions")["items"] == []


def test_nobody_contradicts_himself(claim: Claim, read: Read) -> None:
    claim("n", "north", share("90"))
    claim("n2", "north", share("50"), "2025-02-02", speaker="Somebody")
    assert read(f"{N}/contradictions")["items"] == []


@pytest.mark.parametrize(
    ("north", "south"),
    [
        (money("5", per="year"), money("5")),
        (money("5", qualifier="up-to"), money("5")),
        ({"type": "count", "number": 45, "unit": "calendar days"}, {"type": "count", "number": 45, "unit": "business days"}),
        (money("5"), money("5", currency="EUR")),
    ],
)  # fmt: skip
def test_another_scope_is_no_true_conflict(
    claim: Claim, read: Read, north: dict[str, Any], south: dict[str, Any]
) -> None:
    claim("n", "north", north)
    claim("s", "south", south)
    (found,) = read(f"{N}/contradictions")["items"]
    assert found["nature"] == "scope"
    assert read(f"{N}/contradictions", kind="conflict")["items"] == []


def test_a_settlement_settles_what_was_in_dispute_before_it(claim: Claim, tell: Tell, read: Read) -> None:
    claim("n", "north", share("90"), "2025-02-01")
    claim("s", "south", share("50"), "2025-02-05")
    tell("settle-issue", issue="fish", terms="Half.", occurred="2025-04-01")
    found = read(SPLIT)
    assert (found["status"], [entry["by"] for entry in found["settled_by"]]) == ("settled", ["issue/fish"])
    assert read(SPLIT, as_of="2025-03-31")["status"] == "open"
    tell("reopen-issue", issue="fish", occurred="2025-05-01")
    assert read(SPLIT)["status"] == "open"


def test_a_finding_prefers_a_claim_until_it_is_revoked(claim: Claim, tell: Tell, read: Read) -> None:
    claim("n", "north", share("90"))
    claim("s", "south", share("50"))
    made = {"prefers": "s", "over": ["n"], "policy": "text-over-report", "reasons": "The text says so."}
    assert tell("make-finding", finding="f", occurred="2025-03-01", **made).status_code == 201
    stands = {stand["claim"]: stand["findings"] for side in read(SPLIT)["sides"] for stand in side["claims"]}
    assert {key: [(f["finding"], f["preferred"]) for f in told] for key, told in stands.items()} == {
        "n": [("f", False)],
        "s": [("f", True)],
    }
    assert read(SPLIT)["status"] == "settled"
    assert [item["party"] for item in read(f"{N}/positions", policy="findings")["items"]] == ["south"]
    assert [item["party"] for item in read(f"{N}/positions", policy="findings:text-over-report")["items"]] == ["south"]
    assert tell("revoke-finding", finding="f", occurred="2025-04-01").status_code == 201
    assert len(read(f"{N}/positions", policy="findings")["items"]) == 2
    assert [item["party"] for item in read(f"{N}/positions", policy="findings", as_of="2025-03-31")["items"]] == [
        "south"
    ]


def test_a_position_without_claims_is_not_shown_although_a_finding_was_made_on_it(
    claim: Claim, client: TestClient, tell: Tell, read: Read
) -> None:
    claim("n", "north", share("90"))
    south = {"claim": "s", "kind": "position", "claimant": "south", "subject": "issue/fish", "value": share("50")}
    made = tell("make-claim", **south).json()["id"]
    tell("make-finding", prefers="n", over=["s"], policy="p", reasons="So.", occurred="2025-03-01")
    tell("retract-record", record=made, reason="Misheard.")
    for times in ({}, {"as_of": "2999-12-31"}):
        assert [item["party"] for item in read(f"{N}/positions", **times)["items"]] == ["north"]
        assert client.get(f"{N}/positions/issue/fish:south:position", params=times).status_code == 404
    assert tell("make-claim", **south).status_code == 201
    assert [item["party"] for item in read(f"{N}/positions")["items"]] == ["south", "north"]


def test_a_finding_on_a_claim_that_was_retracted_rules_nothing_until_that_is_told_again(
    claim: Claim, tell: Tell, read: Read
) -> None:
    def rulings() -> list[str]:
        stored, replayed = (
            read(f"{N}/positions/issue/fish:north:position", **at)["current"] for at in ({}, {"as_of": "2999-12-31"})
        )
        assert stored == replayed
        return [ruling["finding"] for ruling in stored["findings"]]

    claim("n", "north", share("90"))
    told = {"claim": "s", "kind": "position", "claimant": "south", "subject": "issue/fish", "value": share("50")}
    south = tell("make-claim", **told).json()["id"]
    tell("make-finding", finding="f", prefers="s", over=["n"], policy="p", reasons="So.", occurred="2025-03-01")
    assert rulings() == ["f"]
    taken_back = tell("retract-record", record=south, reason="Misheard.").json()["id"]
    assert rulings() == []
    tell("add-party", party="west", name="West", kind="state", occurred="2025-01-01")
    claim("w", "west", share("10"))
    assert (read(SPLIT)["status"], read(SPLIT)["settled_by"]) == ("open", [])
    tell("withdraw-claim", claim="w", occurred="2025-03-02")
    assert [item["party"] for item in read(f"{N}/positions", policy="findings")["items"]] == ["north", "west"]
    assert [flag["rule"] for flag in read(f"{N}/flags")["items"]] == ["no-longer-possible"]
    tell("retract-record", record=taken_back, reason="It was said after all.")
    assert rulings() == ["f"]
    assert "north" not in [item["party"] for item in read(f"{N}/positions", policy="findings")["items"]]


def test_a_policy_under_which_no_finding_was_ever_made_is_refused(
    claim: Claim, client: TestClient, tell: Tell, read: Read
) -> None:
    def asked(path: str, policy: str, **times: str) -> tuple[int, str]:
        answer = client.get(f"{N}/{path}", params={"policy": f"findings:{policy}"} | times)
        return answer.status_code, answer.json().get("detail", "")

    claim("n", "north", share("90"))
    claim("s", "south", share("50"))
    code, detail = asked("positions", "text")
    assert (code, detail.startswith("policy text (known are: none)")) == (422, True)
    made = {"prefers": "s", "over": ["n"], "policy": "report", "reasons": "The text says so."}
    finding = tell("make-finding", finding="f", occurred="2025-03-01", **made).json()["id"]
    tell("correct-record", record=finding, changes={"policy": "text"}, reason="Mistyped.")
    tell("retract-record", record=finding, reason="No finding at all.")
    for path in ("positions", "positions/issue/fish:south:position", "contradictions", "ledger"):
        assert [asked(path, known, as_of="2025-02-01")[0] for known in ("report", "text")] == [200, 200]
        code, detail = asked(path, "nosuch")
        assert (code, detail.startswith("policy nosuch (known are: report, text)")) == (422, True)
    assert len(read(f"{N}/positions", policy="findings:text")["items"]) == 2


def test_an_account_holds_the_claims_of_a_party_and_its_offices(claim: Claim, tell: Tell, read: Read) -> None:
    tell("add-party", party="ministry", name="Ministry", kind="office", represents="north")
    claim("n", "north", share("90"))
    claim("m", "ministry", share("80"))
    claim("s", "south", share("50"))
    found = read(f"{N}/positions", policy="account:north")
    assert sorted(item["party"] for item in found["items"]) == ["ministry", "north"]
    assert found["times"]["policy"] == "account:north"
    assert read(f"{N}/contradictions", policy="account:south")["items"] == []
    (between,) = read(f"{N}/contradictions", policy="account:north")["items"]
    assert between["between"] == ["ministry", "north"]


def test_a_finding_settles_what_it_has_judged_alone(claim: Claim, tell: Tell, read: Read) -> None:
    claim("n", "north", share("90"))
    claim("s", "south", share("50"))
    tell("make-finding", prefers="s", over=["n"], policy="p", reasons="So.", occurred="2025-03-01")
    assert read(SPLIT)["status"] == "settled"
    assert read(f"{N}/contradictions", policy="findings")["items"] == []
    claim("n2", "north", share("70"), "2025-03-02")
    assert read(SPLIT)["status"] == "open"


def test_whoever_repeats_what_a_finding_prefers_does_not_open_it_again(claim: Claim, tell: Tell, read: Read) -> None:
    def status() -> str:
        return str(read(SPLIT)["status"])

    assert tell("add-party", party="press", name="Press", kind="press", role="observer").status_code == 201
    claim("n", "north", share("90"))
    claim("s", "south", share("50"), "2025-02-05")
    ruling = {"finding": "f", "prefers": "n", "over": ["s"], "policy": "p", "analyst": "A", "reasons": "So."}
    assert tell("make-finding", **ruling, occurred="2025-03-01").status_code == 201
    assert status() == "settled"
    claim("p", "press", share("90.0"), "2025-03-02")
    assert status() == "settled"
    claim("q", "press", share("50"), "2025-03-03")
    assert status() == "open", "what was set aside is said anew"


def test_what_two_agree_on_is_not_settled_for_the_third(claim: Claim, tell: Tell, read: Read) -> None:
    tell("add-party", party="east", name="East", kind="state")
    for claimant, percent in (("north", "90"), ("south", "50"), ("east", "10")):
        claim(claimant, claimant, share(percent), "2025-02-01")
    terms = {"issue": "fish", "terms": "Seventy."}
    assert tell("settle-issue", **terms, parties=["north", "south"], occurred="2025-03-01").status_code == 201
    assert read(SPLIT)["status"] == "open"
    (issue,) = read(N)["issues"]
    assert (issue["status"], issue["settled_for"]) == ("settled", ["north", "south"])
    assert tell("settle-issue", **terms, parties=["east"], occurred="2025-04-01").status_code == 201
    found = read(SPLIT)
    assert (found["status"], [entry["parties"] for entry in found["settled_by"]]) == (
        "settled", [["north", "south"], ["east"]],
    )  # fmt: skip
    assert tell("settle-issue", **terms, parties=["east"], occurred="2025-05-01").status_code == 422


def test_what_a_party_settles_is_settled_for_who_speaks_for_it(claim: Claim, tell: Tell, read: Read) -> None:
    tell("add-party", party="treasury", name="T", kind="office", represents="north", occurred="2025-01-01")
    claim("n", "treasury", share("90"), "2025-02-01")
    claim("s", "south", share("50"), "2025-02-05")
    settled = {"issue": "fish", "terms": "Half.", "occurred": "2025-03-01"}
    assert tell("settle-issue", **settled, parties=["north", "south"]).status_code == 201
    assert read(SPLIT)["status"] == "settled"
    assert {one["represents"] for side in read(SPLIT)["sides"] for one in side["claims"]} == {"north", None}


def test_a_new_claim_after_the_settlement_opens_it_again(claim: Claim, tell: Tell, read: Read) -> None:
    claim("n", "north", share("90"))
    claim("s", "south", share("50"))
    tell("settle-issue", issue="fish", terms="Half.", occurred="2025-04-01")
    assert read(SPLIT)["status"] == "settled"
    claim("n2", "north", share("80"), "2025-05-01")
    assert read(SPLIT)["status"] == "open"


def test_what_a_draft_says_settles_nothing(claim: Claim, tell: Tell, read: Read) -> None:
    claim("n", "north", share("90"))
    claim("s", "south", share("50"))
    tell("draft-agreement", agreement="deal", title="Deal", form="treaty", parties=["north", "south"])
    facts = {"agreement": "deal", "provision": "split", "title": "Split", "kind": "profit-split", "text": "Half."}
    assert tell("add-provision", issue="fish", occurred="2025-03-01", **facts).status_code == 201
    found = read(SPLIT)
    assert (found["status"], [entry["by"] for entry in found["provisions"]]) == ("open", ["provision/deal/split"])


def test_a_policy_leaves_whole_pages(claim: Claim, read: Read) -> None:
    for number, claimant in enumerate(["north", "north", "south", "north", "south"]):
        claim(
            f"c{number}",
            claimant,
            share("5"),
            f"2025-02-0{number + 1}",
            subject=f"issue/fish/rate/x{number}",
            kind="report",
        )
    page = read(f"{N}/positions", policy="account:south", limit=1)
    assert (page["items"][0]["subject"], bool(page["next"])) == ("issue/fish/rate/x2", True)
    page = read(f"{N}/positions", policy="account:south", limit=1, cursor=page["next"])
    assert (page["items"][0]["subject"], page["next"]) == ("issue/fish/rate/x4", None)


def test_an_agreement_that_one_party_has_left_is_still_in_force_for_another(tell: Tell, read: Read) -> None:
    tell("draft-agreement", agreement="deal", title="Deal", form="treaty", parties=["north", "south"])
    tell("sign-agreement", agreement="deal", parties=["north", "south"], occurred="2025-02-01")
    tell("bring-into-force", agreement="deal", parties=["north", "south"], occurred="2025-03-01")
    left = tell("withdraw-from-agreement", agreement="deal", parties=["south"], occurred="2025-06-01")
    assert left.status_code == 201
    stands = {entry["party"]: entry["status"] for entry in read(f"{N}/agreements/deal")["parties"]}
    assert stands == {"north": "in-force", "south": "withdrawn"}


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({"prefers": "n", "over": ["other"]}, 422, "finding-on-different-subjects", "over"),
        ({"prefers": "n", "over": ["n"]}, 422, "prefers-what-it-sets-aside", "over"),
        ({"prefers": "n", "over": []}, 422, None, "over"),
        ({"prefers": "none", "over": ["n"]}, 422, "unknown", "prefers"),
        ({"prefers": "n", "over": ["none"]}, 422, "unknown", "over.0"),
    ],
)
def test_a_finding_that_cannot_be_is_refused(
    claim: Claim, tell: Tell, body: dict[str, Any], status: int, code: str | None, field: str
) -> None:
    tell("raise-issue", issue="coal", title="Coal")
    claim("n", "north", share("90"))
    claim("other", "south", share("50"), subject="issue/coal")
    answer = tell("make-finding", policy="mine", reasons="So.", **body)
    assert answer.status_code == status, answer.text
    assert code in (None, answer.json()["code"])
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_what_is_said_of_a_provision_is_found_by_its_issue(tell: Tell, read: Read) -> None:
    tell("draft-agreement", agreement="deal", title="Deal", form="treaty", parties=["north", "south"])
    clause = {"agreement": "deal", "title": "One", "kind": "text", "text": "-"}
    tell("add-provision", provision="one", issue="fish", **clause)
    tell("add-provision", provision="two", **clause)
    facts = {"kind": "reading", "value": {"type": "text", "text": "Half."}}
    tell("make-claim", claim="a", claimant="north", subject="provision/deal/one", **facts)
    tell("make-claim", claim="b", claimant="south", subject="provision/deal/two", **facts)
    tell(
        "make-claim",
        claim="c",
        claimant="south",
        subject="provision/deal/one/binding",
        **facts | {"value": {"type": "yes-no", "answer": True}},
    )
    tell(
        "make-claim",
        claim="d",
        claimant="north",
        subject="provision/deal/one/binding",
        **facts | {"value": {"type": "yes-no", "answer": False}},
    )

    def found(view: str) -> list[str]:
        return [item["key"] for item in read(f"{N}/{view}", issue="fish", sort="key")["items"]]

    one, binding = "provision/deal/one", "provision/deal/one/binding"
    assert found("positions") == [f"{binding}:north:reading", f"{binding}:south:reading", f"{one}:north:reading"]
    assert found("contradictions") == [f"{binding}:reading"]
    assert len(found("timeline")) == 5


def test_what_is_wanted_of_a_provision_is_settled_with_its_issue(claim: Claim, tell: Tell, read: Read) -> None:
    tell("draft-agreement", agreement="deal", title="Deal", form="treaty", parties=["north", "south"])
    clause = {"agreement": "deal", "provision": "one", "title": "One", "kind": "quota", "text": "-"}
    tell("add-provision", issue="fish", value=share("40"), **clause)
    claim("n", "north", share("90"), "2025-02-01", subject="provision/deal/one")
    claim("s", "south", share("50"), "2025-02-05", subject="provision/deal/one")
    tell("amend-provision", agreement="deal", provision="one", text="-", value=share("60"), occurred="2025-03-01")
    contradiction = "contradictions/provision/deal/one:position"

    def standing(**asked: str) -> tuple[str, list[str], list[str]]:
        found = read(f"{N}/{contradiction}", **asked)
        return found["status"], [one["by"] for one in found["settled_by"]], [one["by"] for one in found["provisions"]]

    assert standing() == ("open", [], ["provision/deal/one"] * 2)
    assert standing(as_of="2025-02-28") == ("open", [], ["provision/deal/one"])
    settled = tell("settle-issue", issue="fish", terms="60.", occurred="2025-04-01").json()["id"]
    assert standing() == standing(as_of="2999-12-31") == ("settled", ["issue/fish"], ["provision/deal/one"] * 2)
    assert standing(as_of="2025-03-31")[:2] == ("open", [])
    (listed,) = read(f"{N}/contradictions")["items"]
    assert listed["status"] == "settled"
    found = read(f"{N}/grounds", view="contradictions", key="provision/deal/one:position", field="status")
    assert (found["value"], found["worked_out"]) == ("settled", True)
    assert found["elsewhere"][-1]["record"] == settled
    tell("reopen-issue", issue="fish", occurred="2025-05-01")
    tell("drop-issue", issue="fish", occurred="2025-06-01")
    assert (standing()[0], standing(as_of="2025-05-01")[0]) == ("dropped", "open")
    (change,) = read(f"{N}/diff", **{"from": "2025-03-31", "to": "2025-04-01", "view": "contradictions"})["items"]
    assert {field["field"]: field["after"] for field in change["fields"]}["status"] == "settled"


def test_what_is_said_of_the_negotiation_itself_is_a_report_on_its_own_key(
    claim: Claim, tell: Tell, read: Read
) -> None:
    subject = "negotiation/talks/amount/rounds"
    for claimant, number in (("north", 11), ("south", 13)):
        value = {"type": "count", "number": number, "unit": "rounds"}
        claim(claimant, claimant, value, kind="report", subject=subject)
    (found,) = read(f"{N}/contradictions", q="rounds")["items"]
    assert (found["key"], found["nature"], found["issue"]) == (f"{subject}:report", "conflict", None)
    assert read(f"{N}/contradictions/{found['key']}")["sides"] == found["sides"]
    keys = [item["key"] for item in read(f"{N}/positions", kind="report", sort="key")["items"]]
    assert keys == [f"{subject}:north:report", f"{subject}:south:report"]
    assert tell("annotate", note="Which count?", about=subject).status_code == 201
    other = tell("make-claim", kind="report", claimant="north", subject="negotiation/others/amount/rounds", value=value)
    assert (other.status_code, other.json()["code"]) == (422, "unknown")
    wants = tell("make-claim", kind="position", claimant="north", subject="negotiation/talks", value=value)
    assert wants.json()["code"] == "claim-does-not-fit-subject"


def test_what_is_said_of_something_is_found_by_the_one_issue_that_it_is_about(
    tell: Tell, claim: Claim, read: Read
) -> None:
    tell("raise-issue", issue="coal", title="Coal")
    tell("set-deadline", deadline="end", title="End", due="2025-06", about="issue/fish")
    tell("record-incident", incident="raid", title="Raid", issues=["fish"])
    tell("hold-session", session="call", form="call", issues=["fish", "coal"])
    tell("table-proposal", proposal="half", party="north", title="Half", text="Half.", issues=["fish"])
    date, words = {"type": "date", "date": "2025-07-01"}, {"type": "text", "text": "It failed."}
    claim("end", "south", date, kind="reading", subject="deadline/end")
    for subject in ("incident/raid/status", "session/call/status", "proposal/half/status"):
        claim(subject.replace("/", "-"), "south", words, kind="report", subject=subject)
    found = {item["subject"] for item in read(f"{N}/positions", issue="fish")["items"]}
    assert found == {"deadline/end", "incident/raid/status", "proposal/half/status"}
