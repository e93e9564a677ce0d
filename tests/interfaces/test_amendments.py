"""Corrections and retractions: later records; the log keeps all, and every answer follows what is in force."""

import json
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
    (detail,) = flag["details"]
    assert detail["text"].startswith(f"round/1, closed on 2025-02-03 (record {closed}), would be refused by now. ")
    assert [basis["record"] for basis in detail["records"]] == [closed]
    round_ = read(f"{N}/rounds/round/1")
    assert round_["outcome"] == "Done."
    assert {"flag": flag["key"], "rule": "no-longer-possible", "severity": "serious"} | {
        "details": [detail["text"] for detail in flag["details"]]
    } in round_["flags"]


def test_each_record_that_is_no_longer_possible_is_flagged_and_what_rests_on_a_retracted_source_is_told(
    tell: Tell, read: Read
) -> None:
    told = {"source": "paper", "title": "Paper", "publisher": "P", "kind": "article"}
    paper = of(tell("register-source", **told))
    notes = [of(tell("annotate", note="Noted.", evidence=[{"source": "paper"}])) for _ in range(3)]
    of(tell("retract-record", record=paper, reason="It is forged."))
    flags = read(f"{N}/flags", kind="no-longer-possible")["items"]
    assert [basis["record"] for flag in flags for detail in flag["details"] for basis in detail["records"]] == notes
    assert [one["basis"]["record"] for one in read(f"{N}/reliance", source="paper")["records"]] == notes


def test_what_speaks_of_a_name_that_is_told_again_is_no_longer_doubted(tell: Tell, read: Read) -> None:
    party = of(tell("add-party", party="east", name="Aest", kind="state"))
    value = {"type": "text", "text": "-"}
    of(tell("make-claim", claim="a", kind="position", claimant="east", subject="issue/fish", value=value))
    of(tell("retract-record", record=party, reason="The name is misspelt."))
    assert [flag["rule"] for flag in read(f"{N}/flags")["items"]] == ["no-longer-possible"]
    of(tell("add-party", party="east", name="East", kind="state"))
    assert read(f"{N}/flags")["items"] == read(f"{N}/flags", as_of="2999-12-31")["items"] == []


def test_all_that_speaks_of_a_retracted_name_is_flagged_until_that_is_told_again_however_much_it_is(
    tell: Tell, read: Read
) -> None:
    coal = of(tell("raise-issue", issue="coal", title="Coal"))
    notes = [of(tell("annotate", note=f"Note {number}.", about="issue/coal")) for number in range(120)]
    of(tell("annotate", note="Of fish.", about="issue/fish"))
    of(tell("correct-record", record=notes[0], changes={"note": "The first."}, reason="Misheard."))
    of(tell("retract-record", record=coal, reason="Never raised."))
    flags = read(f"{N}/flags", kind="no-longer-possible", limit=200)["items"]
    assert sorted(basis["record"] for flag in flags for basis in flag["details"][0]["records"]) == sorted(notes)
    assert read(f"{N}/flags", as_of="2999-12-31", limit=200)["items"] == flags
    for note in notes[:2]:
        of(tell("retract-record", record=note, reason="Of other talks."))
    assert len(read(f"{N}/flags", limit=200)["items"]) == 118
    of(tell("raise-issue", issue="coal", title="Coal"))
    assert read(f"{N}/flags")["items"] == read(f"{N}/flags", as_of="2999-12-31")["items"] == []


def test_nothing_applies_of_an_agreement_that_is_suspended_or_terminated(tell: Tell, read: Read) -> None:
    named = {"agreement": "deal", "title": "Deal", "form": "memorandum", "parties": ["north", "south"]}
    of(tell("draft-agreement", **named))
    clause = {"agreement": "deal", "provision": "one", "title": "One", "kind": "text", "text": "All."}
    of(tell("add-provision", **clause))
    of(tell("conclude-agreement", agreement="deal"))
    of(tell("suspend-agreement", agreement="deal", occurred="2025-02-01"))
    of(tell("resume-agreement", agreement="deal", occurred="2025-03-01"))
    of(tell("terminate-agreement", agreement="deal", occurred="2025-04-01"))
    for day, applies, why in (
        ("2025-01-31", True, "it is part of the agreement; the agreement is concluded, not in force"),
        ("2025-02-01", False, "the agreement is suspended"),
        ("2025-03-01", True, "it is part of the agreement; the agreement is concluded, not in force"),
        ("2025-04-01", False, "the agreement is terminated"),
    ):
        (entry,) = read(f"{N}/agreements/deal", as_of=day)["provisions"]
        assert (entry["applies"], entry["why"]) == (applies, why)


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


def test_a_day_of_publication_that_nobody_told_follows_the_corrected_day(tell: Tell, read: Read) -> None:
    told = {"source": "paper", "title": "Paper", "publisher": "P", "kind": "article", "published": "2025-02-10"}
    of(tell("register-source", **told))
    facts = {"issue": "fish", "title": "Fishing", "evidence": [{"source": "paper"}]}
    of(tell("reword-issue", occurred="2025-02-08", **facts))

    def published() -> str | None:
        (line,) = read(f"{N}/timeline", kind="Issue.Reworded")["items"]
        return str(line["basis"]["published"])

    assert published() == "2025-02-10"
    correction = of(tell("correct-record", record="issue/fish/reworded", changes={"occurred": "2025-02-12"}, **REASON))
    assert published() == "2025-02-12"
    assert read(f"/v1/records/{correction}")["changes"] == {"occurred": "2025-02-12", "published": "2025-02-12"}
    assert read(f"{N}/flags")["items"] == []
    of(tell("correct-record", record="issue/fish/reworded", changes={"occurred": "2025-02-09"}, **REASON))
    assert published() == "2025-02-10"
    of(tell("retract-record", record=correction, **REASON))
    assert published() == "2025-02-10"
    of(tell("correct-record", record="issue/fish/reworded", changes={"published": "2025-02-11"}, **REASON))
    of(tell("correct-record", record="issue/fish/reworded", changes={"occurred": "2025-02-12"}, **REASON))
    assert published() == "2025-02-11"


def test_a_record_is_named_by_its_step(tell: Tell, read: Read, settled: str) -> None:
    of(tell("correct-record", record="issue/fish/settled", changes={"terms": "A third."}, **REASON))
    assert (issue(read)["terms"], issue(read)["basis"]["record"]) == ("A third.", settled)
    of(tell("retract-record", record="issue/fish/corrected", **REASON))
    assert issue(read)["terms"] == "Half each."
    of(tell("retract-record", record="issue/fish/settled", **REASON))
    assert issue(read)["status"] == "open"
    again = tell("retract-record", record="issue/fish/settled", **REASON)
    assert again.json()["code"] == "record-already-retracted"
    told_again = of(tell("settle-issue", issue="fish", terms="All.", occurred="2025-03-01"))
    of(tell("correct-record", record="issue/fish/settled", changes={"terms": "Nearly all."}, **REASON))
    assert (issue(read)["terms"], issue(read)["basis"]["record"]) == ("Nearly all.", told_again)


def test_where_a_corrected_record_cannot_be_is_told_of_the_correction(tell: Tell) -> None:
    of(tell("draft-agreement", agreement="deal", title="Deal", form="memorandum", parties=["north", "south"]))
    of(tell("add-provision", agreement="deal", provision="one", title="One", kind="text", text="All."))
    changes = {"binds": ["north", "north"]}
    answer = tell("correct-record", record="provision/deal/one/added", changes=changes, **REASON).json()
    assert (answer["code"], answer["errors"][0]["field"]) == ("party-named-twice", "changes.binds.1")


def test_a_record_of_a_provision_and_one_whose_outcome_was_corrected_are_named_as_they_stand(
    tell: Tell, read: Read
) -> None:
    of(tell("draft-agreement", agreement="deal", title="Deal", form="memorandum", parties=["north", "south"]))
    of(tell("add-provision", agreement="deal", provision="one", title="One", kind="text", text="All."))
    of(tell("correct-record", record="provision/deal/one/added", changes={"text": "Half."}, **REASON))
    assert read(f"{N}/agreements/deal")["provisions"][0]["text"] == "Half."
    vote = of(tell("record-vote", vote="one", body="The house", about="agreement/deal", outcome="carried"))
    of(tell("correct-record", record="vote/one/carried", changes={"outcome": "defeated"}, **REASON))
    retraction = of(tell("retract-record", record="vote/one/defeated", **REASON))
    assert read(f"/v1/records/{retraction}")["record"] == vote


def test_a_step_that_was_taken_down_twice_names_no_record(tell: Tell) -> None:
    told = [of(tell("reword-issue", issue="fish", title=title)) for title in ("Fishing", "Fisheries")]
    answer = tell("retract-record", record="issue/fish/reworded", **REASON).json()
    assert (answer["code"], [error["field"] for error in answer["errors"]]) == ("several-records", ["record"])
    assert all(record in answer["detail"] for record in told)
    of(tell("retract-record", record=told[0], **REASON))
    of(tell("retract-record", record="issue/fish/reworded", **REASON))


BAD: list[tuple[str, dict[str, Any], str, str]] = [
    ("retract-record", {"reason": None}, "no-reason-given", "reason"),
    ("retract-record", {"record": str(uuid4())}, "unknown", "record"),
    ("retract-record", {"record": "fish"}, "not-a-record", "record"),
    ("retract-record", {"record": "issue/fish/dropped"}, "unknown", "record"),
    ("retract-record", {"record": "issue/coal/raised"}, "unknown", "record"),
    ("retract-record", {"record": "fish/issue/raised"}, "unknown", "record"),
    ("retract-record", {"record": "provision/deal/one/added"}, "unknown", "record"),
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


def test_a_name_is_known_until_it_is_retracted_for_all_times(tell: Tell, read: Read) -> None:
    coal = of(tell("raise-issue", issue="coal", title="Coal"))
    of(tell("retract-record", record=coal, effective="2090-01-01", **REASON))
    of(tell("settle-issue", issue="coal", terms="None."))
    assert read(f"{N}/flags")["items"] == []
    assert "coal" in [entry["key"] for entry in read(N)["issues"]]


def test_the_opening_of_a_negotiation_can_be_retracted_and_that_too(tell: Tell, client: TestClient, read: Read) -> None:
    opening = read("/v1/records", stream="negotiation/talks")["items"][0]["envelope"]["id"]
    retraction = of(tell("retract-record", record=opening, **REASON))
    assert tell("raise-issue", issue="coal", title="Coal").json()["code"] == "unknown"
    of(tell("retract-record", record=retraction, **REASON))
    of(tell("raise-issue", issue="coal", title="Coal"))
    assert read(N)["title"] == "Talks"


@pytest.mark.parametrize("name", ["kind", "claimant", "subject"])
def test_who_claims_what_is_told_anew_and_not_corrected(tell: Tell, name: str) -> None:
    value = {"type": "text", "text": "None."}
    claim = of(tell("make-claim", kind="position", claimant="north", subject="issue/fish", value=value))
    changed = {"kind": "report", "claimant": "south", "subject": "issue/coal"}
    answer = tell("correct-record", record=claim, changes={name: changed[name]}, **REASON)
    assert answer.json()["code"] == "not-a-field-of-the-record"


def test_a_number_that_is_none_is_refused_and_blocks_nothing(tell: Tell, client: TestClient, settled: str) -> None:
    told = {"negotiation": "talks", "occurred": "2025-03-01", "record": settled, **REASON}
    body = json.dumps(told | {"changes": {"evidence": [{"source": "s", "locator": float("nan")}]}})
    headers = {"Content-Type": "application/json"}
    answer = client.post("/v1/records/correct-record", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "not-a-number")
    of(tell("correct-record", record=settled, changes={"terms": "A third."}, **REASON))


def test_a_flag_is_on_what_takes_effect_after_the_retraction(tell: Tell, read: Read, clock: Clock) -> None:
    clock.at = "2026-01-01T12:00+00:00"
    south = read("/v1/records", stream="party/south")["items"][0]["envelope"]["id"]
    value = {"type": "text", "text": "None."}
    claim = {"kind": "position", "claimant": "south", "subject": "issue/fish", "value": value}
    of(tell("make-claim", effective="2026-03-01", **claim))
    of(tell("retract-record", record=south, **REASON))
    clock.at = "2026-04-01T12:00+00:00"
    of(tell("annotate", note="Later."))
    stored, replayed = (read(f"{N}/flags", **asked)["items"] for asked in ({}, {"as_of": "2026-04-01"}))
    assert stored == replayed
    assert [flag["rule"] for flag in stored] == ["no-longer-possible"]


def test_a_flag_goes_with_its_record_when_the_retraction_of_that_takes_effect(
    tell: Tell, read: Read, clock: Clock
) -> None:
    clock.at = "2026-01-01T12:00+00:00"
    coal = of(tell("raise-issue", issue="coal", title="Coal"))
    note = of(tell("annotate", note="Of coal.", about="issue/coal"))
    of(tell("retract-record", record=note, effective="2026-03-01", **REASON))
    of(tell("retract-record", record=coal, **REASON))
    assert len(read(f"{N}/flags")["items"]) == 1
    clock.at = "2026-04-01T12:00+00:00"
    of(tell("annotate", note="Later."))
    assert read(f"{N}/flags")["items"] == read(f"{N}/flags", as_of="2026-04-01")["items"] == []


def test_times_in_far_offsets_put_no_record_twice_into_a_sum(tell: Tell, read: Read) -> None:
    """By its date the first correction comes before the second, by its instant after it."""
    usd = {"currency": "USD"}
    of(tell("pledge-tranche", tranche="ports", amount={"amount": "100", **usd}))
    draw = of(tell("record-draw", tranche="ports", amount={"amount": "10", **usd}, occurred="2025-03-01"))
    for changes, effective in (
        ({"amount": {"amount": "20", **usd}}, "2025-07-22T23:00-10:00"),
        ({"note": "Later."}, "2025-07-23T00:30+14:00"),
    ):
        of(tell("correct-record", record=draw, changes=changes, effective=effective, **REASON))
    drawn = {
        asked: [money["amount"] for money in read(f"{N}/tranches/ports", as_of=asked)["rungs"]["drawn"]]
        for asked in (
            "2025-07-21",
            "2025-07-22",
            "2025-07-23",
            "2025-07-22T10:00Z",
            "2025-07-22T12:00Z",
            "2025-07-23T10:00Z",
        )
    }
    assert drawn == {
        "2025-07-21": ["10.00"],
        "2025-07-22": ["20.00"],
        "2025-07-23": ["20.00"],
        "2025-07-22T10:00Z": ["10.00"],
        "2025-07-22T12:00Z": ["10.00"],
        "2025-07-23T10:00Z": ["20.00"],
    }


def test_a_second_correction_of_a_step_is_judged_without_the_step(tell: Tell, read: Read) -> None:
    of(tell("pledge-tranche", tranche="ports", amount={"amount": "100", "currency": "USD"}))
    selected = of(
        tell("select-tranche", tranche="ports", amount={"amount": "5", "currency": "USD"}, occurred="2025-02-01")
    )
    for amount in ("6", "7"):
        changes = {"amount": {"amount": amount, "currency": "USD"}}
        of(tell("correct-record", record=selected, changes=changes, effective="2025-02-01", **REASON))
    assert [money["amount"] for money in read(f"{N}/tranches/ports")["rungs"]["selected"]] == ["7.00"]


def test_what_cannot_be_is_told_in_words_of_a_correction_too(tell: Tell) -> None:
    record = tell("annotate", note="Told.").json()["id"]
    told = tell("correct-record", record=record, changes={"occurred": "2025-02-30"}, reason="A slip.").json()
    assert (told["code"], told["errors"][0]["field"]) == ("would-be-invalid", "changes.occurred")
    assert told["detail"].startswith("occurred: Expected: a year, month or date that exists")
