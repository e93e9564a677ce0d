"""Agreements over HTTP: how far each has come for each party, and so between each pair."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.interfaces.conftest import Tell

Read = Callable[..., Any]
BOTH = ["north", "south"]
FORCE, PROVISIONAL = ("bring-into-force", BOTH), ("apply-provisionally", BOTH)
SIGN, ANNOUNCE, CONCLUDE = ("sign-agreement", BOTH), ("announce-agreement", []), ("conclude-agreement", [])


@pytest.fixture
def deal(tell: Tell, read: Read) -> Callable[..., Any]:
    """Tells steps, a day after each other, each for some parties or for the whole; gives the agreement then."""
    assert tell("draft-agreement", agreement="deal", title="Deal", form="treaty", parties=BOTH).status_code == 201

    def stepped(*steps: tuple[str, list[str]]) -> Any:
        for day, (command, parties) in enumerate(steps, 1):
            told = {"parties": parties} if parties else {}
            answer = tell(command, agreement="deal", occurred=f"2025-03-{day:02}", **told)
            assert answer.status_code == 201, answer.text
        return read("/v1/negotiations/talks/agreements/deal")

    return stepped


def test_a_notice_of_withdrawal_shows_before_it_takes_effect(deal: Callable[..., Any], tell: Tell, read: Read) -> None:
    deal(FORCE)
    notice = {"agreement": "deal", "parties": ["north"], "occurred": "2025-04-01", "effective": "2026-04-01"}
    assert tell("withdraw-from-agreement", **notice).status_code == 201

    def asked(**times: str) -> tuple[list[tuple[str, list[str], str]], str]:
        found = read("/v1/negotiations/talks/agreements/deal", **times)
        return [(s["step"], s["parties"], s["basis"]["effective"]) for s in found["to_come"]], found["status"]

    told = [("withdrawn", ["north"], "2026-04-01")]
    assert asked(as_of="2025-03-31") == ([], "in-force")
    assert asked(as_of="2026-03-31") == (told, "in-force")
    assert asked(as_of="2026-04-01") == ([], "differs-by-party")
    found = read("/v1/negotiations/talks/diff", **{"from": "2025-03-31", "to": "2025-04-02"})["items"]
    (field,) = (field for item in found if item["view"] == "agreements" for field in item["fields"])
    assert field["field"].startswith("to_come[")
    assert [basis["effective"] for item in found if item["view"] == "agreements" for basis in item["records"]] == [
        "2026-04-01"
    ]


def test_what_is_superseded_says_so_where_it_applies(tell: Tell, read: Read) -> None:
    told = {"form": "memorandum", "parties": BOTH, "title": "-"}
    tell("draft-agreement", agreement="old", **told)
    tell("conclude-agreement", agreement="old", occurred="2025-03-02")
    cut = {"agreement": "old", "provision": "cut", "kind": "text", "title": "Cut", "text": "A third."}
    assert tell("add-provision", **cut, occurred="2025-03-02").status_code == 201
    tell("draft-agreement", agreement="new", **told, supersedes=["old"], occurred="2025-04-01")
    (provision,) = read("/v1/negotiations/talks/agreements/old")["provisions"]
    assert provision["applies"]
    assert provision["why"].endswith("concluded, not in force; new is told to take the place of the agreement")


SUSPEND, RESUME, TERMINATE = (f"{step}-agreement" for step in ("suspend", "resume", "terminate"))


@pytest.mark.parametrize(("steps", "whole", "north", "south"), [
    ([FORCE], "in-force", "in-force", "in-force"),
    ([FORCE, (SUSPEND, [])], "suspended", "suspended", "suspended"),
    ([FORCE, (SUSPEND, []), (RESUME, [])], "in-force", "in-force", "in-force"),
    ([PROVISIONAL, (SUSPEND, []), (RESUME, [])], *["applied-provisionally"] * 3),
    ([PROVISIONAL, (SUSPEND, BOTH), (RESUME, BOTH)], *["applied-provisionally"] * 3),
    ([("sign-agreement", BOTH), (SUSPEND, []), (RESUME, [])], "signed", "signed", "signed"),
    ([(RESUME, BOTH)], "drafted", "drafted", "drafted"),
    ([("announce-agreement", []), (RESUME, [])], "announced", "announced", "announced"),
    ([FORCE, ("withdraw-from-agreement", ["north"]), (SUSPEND, [])], "suspended", "withdrawn", "suspended"),
    ([FORCE, ("withdraw-from-agreement", ["north"]), (SUSPEND, []), (RESUME, [])],
        "differs-by-party", "withdrawn", "in-force"),
    ([FORCE, (SUSPEND, ["north"]), (SUSPEND, [])], "suspended", "suspended", "suspended"),
    ([FORCE, (SUSPEND, ["north"]), (SUSPEND, []), (RESUME, [])], "in-force", "in-force", "in-force"),
    ([FORCE, (SUSPEND, []), (RESUME, ["south"])], "differs-by-party", "suspended", "in-force"),
    ([FORCE, (TERMINATE, []), (SUSPEND, [])], "terminated", "terminated", "terminated"),
    ([FORCE, (TERMINATE, []), FORCE], "in-force", "in-force", "in-force"),
    ([FORCE, ("expire-agreement", [])], "expired", "expired", "expired"),
    ([FORCE, ("expire-agreement", ["north"]), (SUSPEND, [])], "suspended", "expired", "suspended"),
    ([FORCE, ("extend-agreement", []), ("extend-agreement", [])], "in-force", "in-force", "in-force"),
    ([FORCE, (SUSPEND, []), (RESUME, BOTH), (SUSPEND, [])], "suspended", "suspended", "suspended"),
    ([FORCE, (SUSPEND, BOTH), (RESUME, []), (SUSPEND, BOTH)], "suspended", "suspended", "suspended"),
    ([ANNOUNCE, (SUSPEND, []), (RESUME, [])], "announced", "announced", "announced"),
    ([(SUSPEND, []), ANNOUNCE], "suspended", "suspended", "suspended"),
    ([(SUSPEND, []), ANNOUNCE, (RESUME, [])], "announced", "announced", "announced"),
    ([CONCLUDE, ANNOUNCE], "concluded", "concluded", "concluded"),
    ([ANNOUNCE, CONCLUDE], "concluded", "concluded", "concluded"),
    ([("sign-agreement", ["north"]), CONCLUDE], "differs-by-party", "signed", "concluded"),
    ([SIGN, ("withdraw-from-agreement", ["north"]), CONCLUDE], "differs-by-party", "withdrawn", "signed"),
    ([FORCE, ANNOUNCE], "in-force", "in-force", "in-force"),
    ([FORCE, ("withdraw-from-agreement", BOTH), (SUSPEND, [])], "withdrawn", "withdrawn", "withdrawn"),
    ([("initial-agreement", BOTH), (SUSPEND, []), SIGN, ("ratify-agreement", ["north"]), (RESUME, [])],
        "differs-by-party", "ratified", "signed"),
    ([PROVISIONAL, (SUSPEND, []), ("ratify-agreement", BOTH), (RESUME, [])], *["applied-provisionally"] * 3),
    ([PROVISIONAL, (SUSPEND, []), FORCE, (SUSPEND, [])], "suspended", "suspended", "suspended"),
    ([FORCE, (SUSPEND, []), (TERMINATE, BOTH), FORCE, (SUSPEND, [])], "suspended", "suspended", "suspended"),
    ([FORCE, (TERMINATE, []), SIGN, ("ratify-agreement", BOTH), FORCE, (TERMINATE, [])], *["terminated"] * 3),
])  # fmt: skip
def test_a_resumption_goes_on_from_where_the_suspension_found_it_and_who_has_left_is_not_touched(
    deal: Callable[..., Any], steps: list[tuple[str, list[str]]], whole: str, north: str, south: str
) -> None:
    found = deal(*steps)
    assert found["status"] == whole
    assert [standing["status"] for standing in found["parties"]] == [north, south]
    assert [pair["in_force"] for pair in found["pairs"]] == [north == south == "in-force"]


def test_an_agreement_ends_with_its_term_unless_it_is_prolonged(tell: Tell, read: Read) -> None:
    drafted = {"title": "Corridor", "form": "treaty", "parties": [*BOTH, "east"], "until": "2025-07-01"}
    tell("add-party", party="east", name="East", kind="state")
    tell("draft-agreement", agreement="corridor", **drafted)
    passage = {"title": "Passage", "kind": "text", "text": "Ships pass."}
    tell("add-provision", agreement="corridor", provision="passage", **passage)
    tell("bring-into-force", agreement="corridor", parties=BOTH, occurred="2025-01-02")

    def on(day: str) -> tuple[Any, ...]:
        found = read("/v1/negotiations/talks/agreements/corridor", as_of=day)
        (provision,) = found["provisions"]
        statuses = [standing["status"] for standing in found["parties"]]
        return found["status"], found["until"], statuses, found["pairs"][0]["in_force"], provision["why"]

    stands = "differs-by-party", "2025-07-01", ["in-force", "in-force", "drafted"], True, "it is part of the agreement"
    ended = "the agreement is expired since 2025-07-02"
    assert on("2025-07-01") == stands
    assert on("2025-07-02") == ("expired", "2025-07-01", ["expired", "expired", "drafted"], False, ended)
    tell("extend-agreement", agreement="corridor", occurred="2025-06-30", note="One says 60 days, the other 120.")
    assert on("2025-06-29") == stands
    assert on("2026-07-01") == (stands[0], None, *stands[2:])
    tell("extend-agreement", agreement="corridor", until="2025-10", occurred="2025-09-01")
    assert on("2025-10-31")[0] == "differs-by-party"
    assert on("2025-11-01")[0] == "expired"
    steps = read("/v1/negotiations/talks/agreements/corridor")["steps"]
    assert [(step["step"], step["until"]) for step in steps] == [
        ("in-force", None), ("extended", None), ("extended", "2025-10"),
    ]  # fmt: skip


def test_a_provision_whose_value_is_a_rule_has_the_day_of_it(deal: Callable[..., Any], tell: Tell, read: Read) -> None:
    rule = {"count": 192, "unit": "months", "event": "agreement/deal/entered-into-force"}
    told = {"title": "Term", "kind": "procedure", "text": "Sixteen years.", "value": {"type": "rule", "rule": rule}}
    assert tell("add-provision", agreement="deal", provision="term", **told).status_code == 201
    path = "/v1/negotiations/talks/agreements/deal"
    assert [entry["day"] for entry in read(path)["provisions"]] == [None]
    deal(FORCE)
    assert [entry["day"] for entry in read(path)["provisions"]] == ["2041-03-01"]


def test_a_term_begins_anew_with_what_comes_after_it(tell: Tell, read: Read) -> None:
    told = {"title": "Truce", "form": "memorandum", "parties": BOTH, "until": "2025-07-01"}
    tell("draft-agreement", agreement="truce", **told)
    path = "/v1/negotiations/talks/agreements/truce"

    def on(day: str) -> tuple[str, str | None, list[tuple[str, str]]]:
        found = read(path, as_of=day)
        return found["status"], found["until"], [(one["status"], one["since"]) for one in found["parties"]]

    tell("announce-agreement", agreement="truce", occurred="2025-01-03")
    assert on("2025-08-01") == ("expired", "2025-07-01", [("expired", "2025-07-02")] * 2), "as a text, too"
    tell("bring-into-force", agreement="truce", parties=BOTH, occurred="2025-02-01")
    tell("expire-agreement", agreement="truce", occurred="2025-06-01")
    assert on("2025-06-02") == ("expired", "2025-07-01", [("expired", "2025-06-01")] * 2)
    tell("extend-agreement", agreement="truce", occurred="2025-07-05", until="2025-12-31")
    assert on("2025-07-06") == ("in-force", "2025-12-31", [("in-force", "2025-07-05")] * 2)
    tell("withdraw-from-agreement", agreement="truce", parties=["north"], occurred="2025-08-01")
    assert on("2026-01-05")[0::2] == ("expired", [("withdrawn", "2025-08-01"), ("expired", "2026-01-01")])
    tell("terminate-agreement", agreement="truce", parties=["south"], occurred="2025-09-01")
    assert on("2026-01-05")[0] == "differs-by-party"
    tell("bring-into-force", agreement="truce", parties=BOTH, occurred="2026-02-01")
    assert on("2026-02-02") == ("in-force", None, [("in-force", "2026-02-01")] * 2)


def test_a_term_that_ends_before_it_is_told_is_flagged(deal: Callable[..., Any], tell: Tell, read: Read) -> None:
    deal(FORCE)
    tell("extend-agreement", agreement="deal", until="2020", occurred="2025-03-05")
    (flag,) = read("/v1/negotiations/talks/flags", kind="ends-before-it-begins")["items"]
    assert (flag["rule"], flag["details"][0]["text"]) == (
        "ends-before-it-begins", "Agreement.Extended deal: until 2020, before it was told on 2025-03-05",
    )  # fmt: skip


def test_a_witness_is_named_once_and_does_not_sign(deal: Callable[..., Any], tell: Tell) -> None:
    deal()
    for witnesses, field in ((["north"], "witnesses.0"), (["east", "east"], "witnesses.1")):
        tell("add-party", party="east", name="East", kind="state", role="mediator")
        problem = tell("sign-agreement", agreement="deal", parties=BOTH, witnesses=witnesses).json()
        assert (problem["code"], problem["errors"][0]["field"]) == ("party-named-twice", field)


def test_a_draft_does_not_end_with_its_term_but_an_order_does(tell: Tell, read: Read) -> None:
    for form in ("treaty", "order"):
        told = {"title": form, "form": form, "parties": ["north"], "until": "2025-06-30", "published": "2025-01-02"}
        tell("draft-agreement", agreement=form, **told)
        value = {"type": "tariff", "percent": "10", "basis": "mfn"}
        rate = {"title": "Rate", "kind": "tariff", "text": "10 %", "value": value}
        assert tell("add-provision", agreement=form, provision="rate", **rate).status_code == 201
    statuses = {a["key"]: a["status"] for a in read("/v1/negotiations/talks/agreements")["items"]}
    assert statuses == {"treaty": "drafted", "order": "expired"}
    for day, rate in (("2025-06-30", "10"), ("2025-07-01", None)):
        (found,) = read("/v1/tariffs", negotiation="talks", product="01", as_of=day)["items"]
        assert found["rate"] == rate
    assert {one["why"] for one in found["set_aside"]} == {
        "order is expired, since 2025-07-01", "treaty is drafted, not in force",
    }  # fmt: skip


def test_a_step_that_stands_is_not_taken_again(deal: Callable[..., Any], tell: Tell) -> None:
    deal(SIGN, ("ratify-agreement", ["south"]), ("conclude-agreement", []), ANNOUNCE)
    again: list[tuple[str, dict[str, Any]]] = [
        ("sign-agreement", {"parties": ["south"]}), ("ratify-agreement", {"parties": ["south"]}),
        ("conclude-agreement", {}), ("announce-agreement", {}),
    ]  # fmt: skip
    for command, parties in again:
        problem = tell(command, agreement="deal", occurred="2025-04-01", **parties).json()
        assert problem["code"] == "step-already-taken", command


def test_who_becomes_an_observer_can_leave_what_it_signed(deal: Callable[..., Any], tell: Tell) -> None:
    deal(FORCE)
    tell("withdraw-party", party="south", occurred="2025-04-01")
    tell("add-party", party="south", name="S", kind="state", role="observer", occurred="2025-04-02")
    told = {"parties": ["south"], "occurred": "2025-05-01"}
    assert tell("withdraw-from-agreement", agreement="deal", **told).status_code == 201
    assert tell("draft-agreement", agreement="new", title="N", form="treaty", **told).status_code == 422
    told["occurred"] = "2025-03-20"
    assert tell("draft-agreement", agreement="old", title="O", form="treaty", **told).status_code == 201


@pytest.mark.parametrize(("command", "more", "parties", "code"), [
    ("draft-agreement", {"title": "D", "form": "treaty"}, ["north", "watcher"], "observer-signs-nothing"),
    ("draft-agreement", {"title": "D", "form": "treaty"}, ["north", "north"], "party-named-twice"),
    ("ratify-agreement", {"means": "accession"}, ["watcher"], "observer-signs-nothing"),
    ("sign-agreement", {}, ["south", "north", "south"], "party-named-twice"),
    ("suspend-agreement", {}, ["south", "south"], "party-named-twice"),
])  # fmt: skip
def test_each_party_is_named_once_and_who_is_only_heard_is_none(
    deal: Callable[..., Any], tell: Tell, command: str, more: dict[str, str], parties: list[str], code: str
) -> None:
    tell("add-party", party="watcher", name="W", kind="organisation", role="observer")
    agreement = "other" if command == "draft-agreement" else "deal"
    problem = tell(command, agreement=agreement, parties=parties, **more).json()
    assert (problem["code"], problem["errors"][0]["field"]) == (code, f"parties.{len(parties) - 1}")


@pytest.mark.parametrize("role", ["mediator", "guarantor"])
def test_who_helps_the_parties_along_witnesses_what_they_sign(
    deal: Callable[..., Any], tell: Tell, read: Read, role: str
) -> None:
    deal()
    tell("add-party", party="un", name="United Nations", kind="organisation", role=role)
    signed = {"agreement": "deal", "occurred": "2025-03-01", "witnesses": ["un"]}
    assert tell("sign-agreement", **signed, parties=["un"]).json()["code"] == "not-a-party-to-the-agreement"
    assert tell("sign-agreement", **signed, parties=BOTH).status_code == 201
    (found,) = read("/v1/negotiations/talks/agreements", party="un")["items"]
    assert (found["status"], [step["witnesses"] for step in found["steps"]]) == ("signed", [["un"]])
    other = {"agreement": "other", "title": "O", "form": "treaty", "parties": ["un"], "occurred": "2025-04-01"}
    assert tell("draft-agreement", **other).json()["code"] == "observer-signs-nothing"
    tell("add-party", party="un", name="United Nations", kind="organisation", occurred="2025-04-01")
    assert [one["role"] for one in read("/v1/negotiations/talks", as_of="2025-03-31")["parties"]][-1] == role
    assert [one["role"] for one in read("/v1/negotiations/talks")["parties"]][-1] == "party"
    assert tell("draft-agreement", **other).status_code == 201


def test_its_date_is_that_of_its_own_last_step_whatever_is_said_of_it(
    deal: Callable[..., Any], tell: Tell, read: Read
) -> None:
    deal(SIGN)
    told = {"claim": "c", "kind": "report", "claimant": "north", "subject": "agreement/deal/status"}
    value = {"type": "status", "status": "dead"}
    assert tell("make-claim", **told, value=value, occurred="2025-08-01").status_code == 201
    asked = {"from": "2025-03-01", "to": "2025-03-31"}
    assert [one["key"] for one in read("/v1/agreements", **asked)["items"]] == ["deal"]
    assert read("/v1/agreements", **asked | {"from": "2025-04-01", "to": "2025-12-31"})["items"] == []


def test_there_is_none_before_it_was_drafted(client: Any, deal: Callable[..., Any], tell: Tell, read: Read) -> None:
    told = {"agreement": "deal", "provision": "p", "title": "P", "kind": "text", "text": "t", "effective": "2024-11-01"}
    assert tell("add-provision", **told).status_code == 201
    deal(SIGN)
    assert read("/v1/agreements", as_of="2024-12-01")["items"] == []
    path = "/v1/negotiations/talks/agreements/deal"
    assert client.get(path, params={"as_of": "2024-12-01"}).status_code == 404
    assert client.get(path, params={"as_of": "2025-03-05"}).json()["provisions"][0]["key"] == "p"


def test_a_term_and_a_sunset_end_at_their_hour(deal: Callable[..., Any], tell: Tell, read: Read) -> None:
    both = ["north", "south"]
    for command, facts in (
        ("draft-agreement", {"title": "Truce", "form": "other", "parties": both, "until": "2025-02-28T07:00+02:00"}),
        ("add-provision", {"provision": "aid", "title": "Aid", "kind": "text", "text": "-",
                           "sunset": "2025-02-27T11:15+02:00"}),
        ("add-provision", {"provision": "fire", "title": "Fire", "kind": "text", "text": "-"}),
        ("bring-into-force", {"parties": both, "occurred": "2025-02-24T07:00+02:00"}),
    ):  # fmt: skip
        assert tell(command, agreement="truce", **facts).status_code == 201

    def standing(asked: str) -> tuple[str, list[bool]]:
        found = read("/v1/negotiations/talks/agreements/truce", as_of=asked)
        return found["status"], [one["applies"] for one in found["provisions"]]

    assert standing("2025-02-27T11:15+02:00") == ("in-force", [True, True])
    assert standing("2025-02-27T09:16Z") == ("in-force", [False, True])
    assert standing("2025-02-28T06:59+02:00") == ("in-force", [False, True])
    assert standing("2025-02-28T20:00+02:00") == standing("2025-03-01") == ("expired", [False, False])
    assert {one["since"] for one in read("/v1/negotiations/talks/agreements/truce")["parties"]} == {
        "2025-02-28T07:00+02:00"
    }
    extension = {"until": "2025-03-02T07:00+02:00", "occurred": "2025-02-28T08:00+02:00"}
    assert tell("extend-agreement", agreement="truce", **extension).status_code == 201
    assert [flag["rule"] for flag in read("/v1/negotiations/talks/flags", kind="after-the-end")["items"]] == [
        "after-the-end"
    ]


def test_a_sunset_is_lifted(deal: Callable[..., Any], tell: Tell, read: Read) -> None:
    deal(FORCE)
    told = {"agreement": "deal", "provision": "truce", "text": "For a month."}
    assert tell("add-provision", **told, title="T", kind="text", sunset="2025-04-01").status_code == 201

    def applies() -> tuple[bool, str | None]:
        (one,) = read("/v1/negotiations/talks/agreements/deal", as_of="2025-06-01")["provisions"]
        return one["applies"], one["sunset"]

    assert applies() == (False, "2025-04-01")
    amended = told | {"text": "Without an end.", "occurred": "2025-03-20"}
    assert tell("amend-provision", **amended).status_code == 201
    assert applies() == (False, "2025-04-01"), "what is not told again stays"
    assert tell("amend-provision", **amended, without=["sunset"]).status_code == 201
    assert applies() == (True, None)
    both = tell("amend-provision", **amended, sunset="2025-05-01", without=["condition", "sunset"]).json()
    assert (both["code"], both["errors"][0]["field"]) == ("told-and-left-out", "without.1")


def test_what_is_voted_down_can_be_voted_down_again_and_accepted_later(
    deal: Callable[..., Any], tell: Tell, read: Read
) -> None:
    deal(SIGN)

    def standing(command: str, day: str, **told: Any) -> list[str]:
        answer = tell(command, agreement="deal", occurred=day, parties=["north"], **told)
        assert answer.status_code == 201, answer.text
        return [one["status"] for one in read("/v1/negotiations/talks/agreements/deal")["parties"]]

    assert standing("reject-agreement", "2025-04-01", means="referendum") == ["rejected", "signed"]
    assert standing("reject-agreement", "2025-05-01", means="parliament") == ["rejected", "signed"]
    steps = read("/v1/negotiations/talks/agreements/deal")["steps"]
    assert [(step["step"], step["means"]) for step in steps[1:]] == [
        ("rejected", "referendum"),
        ("rejected", "parliament"),
    ]
    assert standing("ratify-agreement", "2025-06-01") == ["ratified", "signed"]
    assert standing("reject-agreement", "2025-07-01", means="court") == ["ratified", "signed"], "it is bound by now"
    wrong = tell("reject-agreement", agreement="deal", occurred="2025-07-02", parties=["east"], means="court").json()
    assert wrong["code"] in {"unknown", "not-a-party-to-the-agreement"}


@pytest.mark.parametrize(("form", "applies"), [("treaty", [False, False, True]), ("memorandum", [False, True, True])])
def test_of_a_treaty_nothing_applies_before_it_binds_somebody(
    form: str, applies: list[bool], tell: Tell, read: Read
) -> None:
    def told(command: str, **facts: Any) -> bool:
        answer = tell(command, agreement="pact", **facts)
        assert answer.status_code == 201, answer.text
        (provision,) = read("/v1/negotiations/talks/agreements/pact")["provisions"] or [{"applies": None}]
        return bool(provision["applies"])

    told("draft-agreement", title="Pact", form=form, parties=BOTH)
    found = [told("add-provision", provision="p", title="P", kind="text", text="t")]
    found.append(told("sign-agreement", parties=BOTH, occurred="2025-02-01"))
    found.append(told("apply-provisionally", parties=["north"], occurred="2025-03-01"))
    assert found == applies


def test_what_is_in_force_is_not_applied_provisionally(deal: Callable[..., Any]) -> None:
    found = deal(SIGN, FORCE, PROVISIONAL)
    assert [one["status"] for one in found["parties"]] == ["in-force", "in-force"]


@pytest.fixture
def pact(tell: Tell, read: Read) -> Callable[..., Any]:
    """Tells steps of a pact between four, three of whom are in force; each tells how it then stands between the pairs."""
    for party in ("east", "west"):
        tell("add-party", party=party, name=party, kind="state")
    tell("draft-agreement", agreement="pact", title="P", form="treaty", parties=[*BOTH, "east", "west"])

    def told(command: str, day: str, parties: list[str], *toward: str) -> dict[str, str]:
        more = {"toward": list(toward)} if toward else {}
        answer = tell(command, agreement="pact", occurred=day, parties=parties, **more)
        assert answer.status_code == 201, answer.text
        found = read("/v1/negotiations/talks/agreements/pact")
        return {"-".join(pair["parties"]): pair["since"] or pair["between"] for pair in found["pairs"]}

    told("bring-into-force", "2025-02-01", [*BOTH, "east"])
    return told


OLD = {"north-south": "2025-02-01", "north-east": "2025-02-01", "south-east": "2025-02-01"}


def test_what_is_suspended_toward_everybody_is_not_resumed_toward_some(pact: Callable[..., Any], tell: Tell) -> None:
    pact("suspend-agreement", "2025-03-01", ["east"])
    for command, parties, toward in (
        ("resume-agreement", ["east"], ["south"]),
        ("resume-agreement", ["south"], ["east"]),
        ("bring-into-force", ["west"], ["east"]),
    ):
        answer = tell(command, agreement="pact", parties=parties, toward=toward, occurred="2025-04-01")
        assert answer.json()["code"] == "suspended-toward-everybody"
    found = pact("resume-agreement", "2025-05-01", ["east"])
    assert found["north-east"] == "2025-05-01"


def test_what_was_told_of_two_outlasts_an_expiry_that_is_undone(pact: Callable[..., Any], tell: Tell) -> None:
    found = pact("suspend-agreement", "2025-03-01", ["east"], "north")
    tell("expire-agreement", agreement="pact", occurred="2025-04-01")
    tell("extend-agreement", agreement="pact", occurred="2025-05-01", until="2030")
    found = pact("bring-into-force", "2025-06-01", ["west"])
    assert (found["north-east"], found["south-east"]) == ("suspended", "2025-05-01")


def test_who_enters_into_force_toward_one_goes_on_to_apply_it_with_others(tell: Tell, read: Read) -> None:
    tell("add-party", party="east", name="East", kind="state")
    tell("draft-agreement", agreement="deal", title="Deal", form="treaty", parties=[*BOTH, "east"])
    tell("apply-provisionally", agreement="deal", parties=BOTH, occurred="2025-02-01")
    told = {"agreement": "deal", "parties": ["north"], "toward": ["east"], "occurred": "2025-03-01"}
    assert tell("bring-into-force", **told).status_code == 201
    pairs = {tuple(pair["parties"]): pair for pair in read("/v1/negotiations/talks/agreements/deal")["pairs"]}
    assert pairs["north", "south"]["provisional"]
    assert pairs["north", "east"]["in_force"]
    assert pairs["south", "east"]["between"] == "not-in-force"


def test_each_agreement_that_is_superseded_is_named_once(tell: Tell) -> None:
    told = {"title": "Deal", "form": "treaty", "parties": BOTH}
    tell("draft-agreement", agreement="old", **told)
    answer = tell("draft-agreement", agreement="new", **told, supersedes=["old", "old"])
    assert (answer.json()["code"], answer.json()["errors"][0]["field"]) == ("superseded-twice", "supersedes.1")


def test_two_apply_provisionally_what_is_in_force_for_one_of_them_at_most(tell: Tell, read: Read) -> None:
    tell("draft-agreement", agreement="deal", title="Deal", form="treaty", parties=BOTH)
    tell("apply-provisionally", agreement="deal", parties=["north"], occurred="2025-02-01")
    tell("bring-into-force", agreement="deal", parties=["south"], occurred="2025-03-01")
    tell("bring-into-force", agreement="deal", parties=["north"], occurred="2025-04-01")

    def pair(day: str) -> tuple[bool, bool, str | None]:
        (found,) = read("/v1/negotiations/talks/agreements/deal", as_of=day)["pairs"]
        return found["in_force"], found["provisional"], found["since"]

    assert pair("2025-02-28") == (False, False, None)
    assert pair("2025-03-31") == (False, True, "2025-03-01")
    assert pair("2025-04-01") == (True, False, "2025-04-01")


def test_what_one_of_two_rejects_applies_to_neither(tell: Tell, read: Read) -> None:
    tell("draft-agreement", agreement="deal", title="Deal", form="contract", parties=BOTH)
    tell("add-provision", agreement="deal", provision="p", title="P", kind="text", text="t")
    tell("conclude-agreement", agreement="deal", occurred="2025-02-01")
    tell("reject-agreement", agreement="deal", parties=["south"], means="parliament", occurred="2025-03-01")
    tell("sign-agreement", agreement="deal", parties=["south"], occurred="2025-04-01")

    def applies(day: str) -> tuple[bool, str]:
        (entry,) = read("/v1/negotiations/talks/agreements/deal", as_of=day)["provisions"]
        return entry["applies"], entry["why"]

    assert applies("2025-02-01")[0]
    assert applies("2025-03-01") == (False, "the agreement is rejected by south since 2025-03-01")
    assert applies("2025-04-01")[0]


def test_an_accession_is_in_force_toward_those_alone_for_whom_it_was_told(pact: Callable[..., Any], read: Read) -> None:
    apart = {"south-west": "not-in-force", "east-west": "not-in-force"}
    assert pact("bring-into-force", "2025-03-01", ["west"], "north") == OLD | {"north-west": "2025-03-01"} | apart
    found = read("/v1/negotiations/talks/agreements/pact")
    assert [found["status"], *[(one["status"], one["since"]) for one in found["parties"]]] == [
        "in-force", *[("in-force", "2025-02-01")] * 3, ("in-force", "2025-03-01"),
    ]  # fmt: skip
    assert found["steps"][-1]["toward"] == ["north"]
    later = pact("bring-into-force", "2025-04-01", ["south"], "west")
    assert later == OLD | {"north-west": "2025-03-01", "south-west": "2025-04-01", "east-west": "not-in-force"}
    assert pact("bring-into-force", "2025-05-01", ["west"]) == later | {"east-west": "2025-05-01"}
    assert read("/v1/negotiations/talks/agreements/pact", as_of="2025-03-15")["pairs"] == found["pairs"]


def test_what_comes_into_force_between_two_alone_is_in_force_for_both_and_between_no_others(
    pact: Callable[..., Any],
) -> None:
    pact("withdraw-from-agreement", "2025-03-01", [*BOTH, "east"])
    nobody = dict.fromkeys([*OLD, "south-west", "east-west"], "not-in-force") | {"south-east": None}
    assert pact("bring-into-force", "2025-04-01", ["west"], "north") == nobody | {"north-west": "2025-04-01"}
    found = pact("bring-into-force", "2025-05-01", ["south"])
    assert found == nobody | {
        "north-west": "2025-04-01", "north-south": "2025-05-01", "south-west": "2025-05-01",
    }  # fmt: skip


def test_it_is_suspended_between_two_alone_until_they_resume_it(pact: Callable[..., Any], read: Read) -> None:
    pact("bring-into-force", "2025-02-02", ["west"])
    stands = OLD | dict.fromkeys(["north-west", "south-west", "east-west"], "2025-02-02")
    assert pact("suspend-agreement", "2025-03-01", ["south"], "east") == stands | {"south-east": "suspended"}
    assert read("/v1/negotiations/talks/agreements/pact")["status"] == "in-force"
    assert pact("resume-agreement", "2025-04-01", ["east"], "south") == stands | {"south-east": "2025-04-01"}
    pact("suspend-agreement", "2025-05-01", ["south"], "east")
    assert pact("resume-agreement", "2025-06-01", ["south"]) == stands | {"south-east": "2025-06-01"}


def test_who_leaves_and_comes_back_does_so_toward_everybody(pact: Callable[..., Any]) -> None:
    pact("bring-into-force", "2025-03-01", ["west"], "north")
    assert pact("suspend-agreement", "2025-03-02", ["west"], "south")["south-west"] == "not-in-force"
    left = pact("withdraw-from-agreement", "2025-04-01", ["west"])
    assert left == OLD | dict.fromkeys(["north-west", "south-west", "east-west"])
    back = pact("bring-into-force", "2025-05-01", ["west"])
    assert back == OLD | dict.fromkeys(["north-west", "south-west", "east-west"], "2025-05-01")


def test_what_the_text_has_reached_each_party_has_that_did_not_decide_against_it(
    deal: Callable[..., Any], tell: Tell, read: Read
) -> None:
    def standing(**asked: str) -> list[tuple[str, str | None]]:
        found = read("/v1/negotiations/talks/agreements/deal", **asked)
        return [(one["status"], one["since"]) for one in found["parties"]]

    found = deal(ANNOUNCE)
    assert (found["status"], standing()) == ("announced", [("announced", "2025-03-01")] * 2)
    told = {"parties": ["south"], "means": "government"}
    tell("reject-agreement", agreement="deal", occurred="2025-03-02", **told)
    tell("conclude-agreement", agreement="deal", occurred="2025-03-03", effective="2025-03-05")
    assert standing(as_of="2025-03-04") == [("announced", "2025-03-01"), ("rejected", "2025-03-02")]
    assert standing() == [("concluded", "2025-03-05"), ("rejected", "2025-03-02")]
    tell("sign-agreement", agreement="deal", occurred="2025-03-06", parties=["south"])
    assert standing() == [("concluded", "2025-03-05"), ("signed", "2025-03-06")]


def test_a_text_that_was_settled_before_it_was_drafted_is_so_for_whom_the_draft_names(tell: Tell, read: Read) -> None:
    told = {"agreement": "deal", "title": "D", "form": "treaty"}
    tell("draft-agreement", **told, parties=BOTH, occurred="2025-04-01")
    tell("conclude-agreement", agreement="deal", occurred="2025-03-01")
    tell("announce-agreement", agreement="deal", occurred="2025-03-02")
    found = read("/v1/negotiations/talks/agreements/deal")
    assert [found["status"], *[(one["status"], one["since"]) for one in found["parties"]]] == [
        "concluded", *[("concluded", "2025-03-01")] * 2,
    ]  # fmt: skip
    tell("add-party", party="east", name="East", kind="state")
    tell("ratify-agreement", agreement="deal", parties=["east"], means="accession", occurred="2025-05-01")
    assert [one["status"] for one in read("/v1/negotiations/talks/agreements/deal")["parties"]] == [
        "concluded", "concluded", "ratified",
    ]  # fmt: skip


def test_the_first_day_on_which_it_was_in_force_between_two_is_told_and_stays(tell: Tell, read: Read) -> None:
    tell("add-party", party="east", name="East", kind="state")
    tell("draft-agreement", agreement="deal", title="D", form="treaty", parties=[*BOTH, "east"])
    tell("bring-into-force", agreement="deal", parties=["north"], occurred="2025-02-01")
    tell("bring-into-force", agreement="deal", parties=["east"], occurred="2025-03-01", effective="2025-06-01")
    tell("bring-into-force", agreement="deal", parties=["south"], occurred="2025-04-01")
    tell("terminate-agreement", agreement="deal", occurred="2025-07-01")

    def since(day: str) -> str | None:
        found: str | None = read("/v1/negotiations/talks/agreements/deal", as_of=day)["in_force_since"]
        return found

    assert [since(f"2025-0{month}-02") for month in (2, 3, 4, 6, 8)] == [None, None, *["2025-04-01"] * 3]


def test_an_order_is_in_force_for_the_one_who_issued_it(tell: Tell, read: Read) -> None:
    for form in ("order", "treaty"):
        tell("draft-agreement", agreement=form, title=form, form=form, parties=["north"])
        tell("bring-into-force", agreement=form, parties=["north"], occurred="2025-02-01")
    found = read("/v1/negotiations/talks/agreements")["items"]
    assert {one["key"]: one["in_force_since"] for one in found} == {"order": "2025-02-01", "treaty": None}


def test_what_takes_the_place_of_another_is_named_with_both(deal: Callable[..., Any], tell: Tell, read: Read) -> None:
    deal(SIGN)
    told = {"agreement": "treaty", "title": "T", "form": "treaty", "parties": BOTH, "occurred": "2025-04-01"}
    answer = tell("draft-agreement", **told, supersedes=["none"]).json()
    assert (answer["code"], answer["errors"][0]["field"]) == ("unknown", "supersedes.0")
    assert tell("draft-agreement", **told, supersedes=["deal"]).status_code == 201
    found = {one["key"]: one for one in read("/v1/negotiations/talks/agreements")["items"]}
    assert (found["treaty"]["supersedes"], found["treaty"]["superseded_by"]) == (["deal"], [])
    assert (found["deal"]["supersedes"], found["deal"]["superseded_by"]) == ([], ["treaty"])
    assert (found["deal"]["status"], found["deal"]["last_occurred"]) == ("signed", "2025-03-01")
    assert read("/v1/negotiations/talks/agreements/deal", as_of="2025-03-31")["superseded_by"] == []
