"""Differences, grounds, what rests on a source, and what if."""

import json
from collections.abc import Callable
from io import StringIO
from itertools import pairwise
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient
from rich.console import Console

from application.fold import all_views, view_named
from application.view import private_fields
from interfaces.show import difference
from tests.interfaces.conftest import Clock, Tell

Read = Callable[..., Any]
N = "/v1/negotiations/talks"


def share(percent: str) -> dict[str, Any]:
    return {"type": "share", "percent": percent}


@pytest.fixture(autouse=True)
def began(clock: Clock) -> None:
    clock.at = "2025-01-02T12:00+00:00"


@pytest.fixture
def course(tell: Tell, clock: Clock) -> dict[str, str]:
    """A source and its copy, three positions of the south, a provision that is amended; the ids of the records."""
    ids = {}

    def send(name: str, recorded: str, command: str, **facts: Any) -> None:
        clock.at = f"{recorded}T12:00+00:00"
        answer = tell(command, **facts)
        assert answer.status_code == 201, answer.text
        ids[name] = answer.json()["id"]

    article = {"publisher": "P", "kind": "article"}
    send("paper", "2025-01-03", "register-source", source="paper", title="Paper", published="2025-02-02", **article)
    send("copy", "2025-01-03", "register-source", source="copy", title="Copy", published="2025-03-02", **article)
    send("marked", "2025-01-03", "mark-source-as-copy", source="copy", of="paper")
    position = {"kind": "position", "claimant": "south", "subject": "issue/fish"}
    sources = {"one": "paper", "two": "copy"}
    for number, (claim, day, percent) in enumerate(
        (("one", "02-01", "10"), ("two", "03-01", "20"), ("three", "04-01", "30"))
    ):
        evidence = [{"source": sources[claim]}] if claim in sources else []
        facts = position | {"claim": claim, "value": share(percent), "evidence": evidence}
        send(claim, f"2025-0{number + 5}-01", "make-claim", occurred=f"2025-{day}", **facts)
    deal = {"agreement": "deal"}
    send("deal", "2025-08-01", "draft-agreement", title="Deal", form="treaty", parties=["north", "south"], **deal)
    rate = deal | {"provision": "rate"}
    send("rate", "2025-08-01", "add-provision", title="R", kind="tariff", text="15.", occurred="2025-02-01", **rate)
    send("amended", "2025-08-01", "amend-provision", text="10.", occurred="2025-03-15", **rate)
    clock.at = "2025-09-01T12:00+00:00"
    return ids


def records(bases: list[dict[str, Any]]) -> list[str]:
    return [basis["record"] for basis in bases]


def test_a_difference_tells_the_fields_and_the_records_that_changed_them(course: dict[str, str], read: Read) -> None:
    found = read(f"{N}/diff", **{"from": "2025-02-15", "to": "2025-03-20", "view": "agreements"})
    assert (found["clock"], found["from"], found["to"], found["left_out"]) == ("as_of", "2025-02-15", "2025-03-20", 0)
    (change,) = found["items"]
    assert (change["key"], change["change"], records(change["records"])) == ("deal", "changed", [course["amended"]])
    fields = {field["field"]: (field["before"], field["after"]) for field in change["fields"]}
    assert fields["provisions[rate].text"] == ("15.", "10.")
    assert not [name for name in fields if "basis" in name]


def test_a_difference_tells_who_moved_on_what_evidence(course: dict[str, str], read: Read) -> None:
    found = read(f"{N}/diff", **{"from": "2025-02-15", "to": "2025-03-20"})
    (move,) = found["moved"]
    assert (move["party"], move["subject"], move["kind"]) == ("south", "issue/fish", "position")
    assert (move["before"], move["after"]) == (share("10"), share("20"))
    assert [basis["evidence"][0]["source"] for basis in move["records"]] == ["copy"]
    assert {item["view"] for item in found["items"]} >= {"positions", "agreements"}
    assert "timeline" not in {item["view"] for item in found["items"]}


def test_who_moved_may_have_moved_before_where_a_time_is_vague(tell: Tell, read: Read) -> None:
    position = {"kind": "position", "claimant": "south", "subject": "issue/fish"}
    tell("make-claim", claim="no", value=share("0"), occurred="2024-10", **position)
    tell("make-claim", claim="yes", value=share("50"), occurred="2024-10-03", **position)
    tell("make-claim", claim="more", value=share("60"), occurred="2024-11-03", **position)
    days = ["2024-10-02", "2024-10-20", "2024-11-20"]
    moved = [read(f"{N}/diff", **{"from": one, "to": other})["moved"] for one, other in pairwise(days)]
    assert [[one["unordered"] for one in each] for each in moved] == [[["no"]], [[]]]
    console = Console(width=200, record=True, file=StringIO())
    console.print(difference(read(f"{N}/diff", **{"from": days[0], "to": days[1]})))
    assert "stands at, or no came later" in console.export_text()


@pytest.mark.parametrize(
    ("asked", "before", "after"),
    [
        ({"clock": "known_at", "from": "2025-05-15", "to": "2025-06-15"}, "10", "20"),
        ({"clock": "public_at", "from": "2025-03-01", "to": "2025-03-02"}, "10", "20"),
        ({"clock": "as_of", "from": "2025-03-15", "to": "2025-04-15", "known_at": "2025-07-15"}, "20", "30"),
    ],
)
def test_a_difference_goes_by_any_of_the_clocks(
    course: dict[str, str], read: Read, asked: dict[str, str], before: str, after: str
) -> None:
    (move,) = read(f"{N}/diff", **asked)["moved"]
    assert (move["before"], move["after"]) == (share(before), share(after))


def test_a_difference_tells_what_changed_by_the_day_and_not_that_a_day_went_by(tell: Tell, read: Read) -> None:
    tell("set-deadline", deadline="reply", title="Reply", due="2025-03-10")
    told = {"kind": "reading", "claimant": "north", "subject": "deadline/reply"}
    tell("make-claim", claim="earlier", value={"type": "date", "date": "2025-03-09"}, **told)
    tell("draft-agreement", agreement="act", title="Act", form="law", parties=["north"])
    clause = {"agreement": "act", "title": "Aid", "kind": "text", "text": "-"}
    begins = {"effect": "begins", "rule": {"count": 1, "unit": "months", "start": "2025-02-10"}}
    tell("add-provision", provision="aid", depends_on=[begins], **clause)

    def changed(start: str, end: str) -> dict[str, list[str]]:
        items = read(f"{N}/diff", **{"clock": "as_of", "from": start, "to": end})["items"]
        assert all(item["records"] == item["gone"] == [] for item in items)
        return {f"{item['view']}/{item['key']}": [one["field"] for one in item["fields"]] for item in items}

    assert changed("2025-02-20", "2025-03-09") == {}
    assert changed("2025-03-09", "2025-03-11") == {
        "agreements/act": ["provisions[aid].applies", "provisions[aid].why"],
        "deadlines/reply": ["status", "says"]
        + [f"readings[{name}].{field}" for name in ("0", "earlier") for field in ("status", "says")],
    }


def test_a_difference_names_no_amendment_of_what_is_not_in_the_document(
    course: dict[str, str], tell: Tell, read: Read, clock: Clock
) -> None:
    note = tell("annotate", note="Noted.").json()["id"]
    clock.at = "2025-09-03T12:00+00:00"
    tell("retract-record", record=note, reason="Of other talks.")
    pledge = tell("pledge-tranche", tranche="all", amount={"amount": "1", "currency": "USD"}).json()["id"]
    told = {"clock": "known_at", "from": "2025-09-02", "to": "2025-09-03"}
    items = {item["view"]: item for item in read(f"{N}/diff", **told)["items"]}
    assert items.keys() == {"ledger", "negotiations", "tranches"}, "what is kept only to fold on is shown nowhere"
    assert records(items["ledger"]["records"]) == [pledge]
    assert len(items["negotiations"]["records"]) == 1


def test_a_difference_tells_that_the_evidence_alone_was_corrected(
    course: dict[str, str], tell: Tell, read: Read, clock: Clock
) -> None:
    clock.at = "2025-09-03T12:00+00:00"
    changes = {"evidence": [{"source": "copy"}]}
    corrected = tell("correct-record", record=course["three"], changes=changes, reason="It cites that.").json()["id"]
    told = {"clock": "known_at", "from": "2025-09-02", "to": "2025-09-03", "view": "positions"}
    (item,) = read(f"{N}/diff", **told)["items"]
    assert records(item["records"]) == [corrected]


def test_a_side_of_a_contradiction_is_the_same_where_another_comes_before_it(
    tell: Tell, read: Read, clock: Clock
) -> None:
    clock.at = "2025-09-03T12:00+00:00"
    for claim, claimant, day, percent in (("a", "north", "02-01", "10"), ("c", "south", "04-01", "30")):
        facts = {"kind": "position", "claimant": claimant, "subject": "issue/fish", "value": share(percent)}
        tell("make-claim", claim=claim, occurred=f"2025-{day}", **facts)
    facts = {"kind": "position", "claimant": "north", "subject": "issue/fish", "value": share("20")}
    tell("make-claim", claim="b", occurred="2025-05-01", **facts)
    told = {"clock": "as_of", "from": "2025-04-01", "to": "2025-05-01", "view": "contradictions"}
    (item,) = read(f"{N}/diff", **told)["items"]
    assert sorted(one["field"] for one in item["fields"] if one["field"].startswith("sides")) == [
        "sides[a]",
        "sides[b]",
    ]


def test_what_is_only_there_on_one_side_is_added_or_removed(course: dict[str, str], tell: Tell, read: Read) -> None:
    tell("retract-record", record=course["one"], reason="Misheard.", effective="2025-02-10")
    asked = {"view": "positions", "key": "issue/fish:south:position"}
    (item,) = read(f"{N}/diff", **asked, **{"from": "2025-01-15", "to": "2025-02-05"})["items"]
    assert (item["change"], records(item["records"])) == ("added", [course["one"]])
    (item,) = read(f"{N}/diff", **asked, **{"from": "2025-02-05", "to": "2025-02-15"})["items"]
    assert (item["change"], records(item["gone"])) == ("removed", [course["one"]])
    assert read(f"{N}/diff", **asked, **{"from": "2025-02-15", "to": "2025-02-16"})["items"] == []


def test_a_difference_names_the_amendment_that_made_it(
    course: dict[str, str], tell: Tell, read: Read, clock: Clock
) -> None:
    clock.at = "2025-09-05T12:00+00:00"
    taken_back = tell("retract-record", record=course["three"], reason="Misheard.").json()["id"]
    found = read(f"{N}/diff", clock="known_at", view="positions", **{"from": "2025-09-04", "to": "2025-09-05"})
    (item,) = found["items"]
    assert (records(item["records"]), records(item["gone"])) == ([taken_back], [course["three"]])
    assert item["records"][0]["reason"] == "Misheard."
    clock.at = "2025-09-06T12:00+00:00"
    corrected = tell("correct-record", record=course["two"], changes={"value": share("25")}, reason="Misheard.").json()[
        "id"
    ]
    (item,) = read(f"{N}/diff", clock="known_at", view="positions", **{"from": "2025-09-05", "to": "2025-09-06"})[
        "items"
    ]
    assert (records(item["records"]), item["gone"]) == ([corrected], [])


def shifts(read: Read, start: str, end: str, clock: str = "known_at", **asked: str) -> dict[str, list[tuple[Any, Any]]]:
    """Who moved, and of whom the record was put right: by the percentages before and after."""
    found = read(f"{N}/diff", clock=clock, **{"from": start, "to": end}, **asked)

    def percent(value: dict[str, Any] | None) -> Any:
        return value and value["percent"]

    return {
        told: [(percent(one["before"]), percent(one["after"])) for one in found[told]]
        for told in ("moved", "corrected")
    }


def test_nobody_moved_of_whom_the_record_was_put_right(
    course: dict[str, str], tell: Tell, read: Read, clock: Clock
) -> None:
    def on(day: str, command: str, **facts: Any) -> str:
        clock.at = f"2025-09-{day}T12:00+00:00"
        answer = tell(command, **facts)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    on("03", "correct-record", record=course["three"], changes={"value": share("35")}, reason="Misheard.")
    assert shifts(read, "2025-09-02", "2025-09-03") == {"moved": [], "corrected": [("30", "35")]}
    taken_back = on("04", "retract-record", record=course["three"], reason="Of other talks.")
    assert shifts(read, "2025-09-03", "2025-09-04") == {"moved": [], "corrected": [("35", "20")]}
    on("05", "retract-record", record=taken_back, reason="Of these talks.")
    assert shifts(read, "2025-09-04", "2025-09-05") == {"moved": [], "corrected": [("20", "35")]}
    withdrawn = on("06", "withdraw-claim", claim="three", occurred="2025-05-01")
    assert shifts(read, "2025-09-05", "2025-09-06") == {"moved": [("35", None)], "corrected": []}
    on("07", "retract-record", record=withdrawn, reason="It never was.")
    assert shifts(read, "2025-09-06", "2025-09-07") == {"moved": [], "corrected": [(None, "35")]}


def test_what_is_told_late_and_does_not_stand_moves_nobody(
    course: dict[str, str], tell: Tell, read: Read, clock: Clock
) -> None:
    clock.at = "2025-09-03T12:00+00:00"
    tell("correct-record", record=course["three"], changes={"value": share("35")}, reason="Misheard.")
    late = {"claim": "late", "kind": "position", "claimant": "south", "subject": "issue/fish", "value": share("5")}
    assert tell("make-claim", **late, occurred="2025-01-15").status_code == 201
    assert shifts(read, "2025-09-02", "2025-09-03") == {"moved": [], "corrected": [("30", "35")]}


def test_who_moved_has_moved_although_the_record_was_put_right_as_well(
    course: dict[str, str], tell: Tell, read: Read, clock: Clock
) -> None:
    clock.at = "2025-09-03T12:00+00:00"
    tell("correct-record", record=course["two"], changes={"value": share("25")}, reason="Misheard.")
    assert shifts(read, "2025-06-15", "2025-09-03") == {"moved": [("20", "30")], "corrected": []}
    assert shifts(read, "2025-05-15", "2025-09-03", as_of="2025-03-15") == {"moved": [("10", "25")], "corrected": []}
    assert shifts(read, "2025-06-15", "2025-09-03", as_of="2025-03-15") == {"moved": [], "corrected": [("20", "25")]}


def test_a_claim_that_was_dated_wrongly_moves_nobody_by_what_was_known_but_on_its_day(
    course: dict[str, str], tell: Tell, read: Read, clock: Clock
) -> None:
    clock.at = "2025-09-03T12:00+00:00"
    tell("correct-record", record=course["three"], changes={"occurred": "2025-03-10"}, reason="It was in March.")
    told = {"moved": [], "corrected": [("20", "30")]}
    assert shifts(read, "2025-09-02", "2025-09-03", as_of="2025-03-15") == told
    assert shifts(read, "2025-03-09", "2025-03-10", "as_of") == {"moved": [("20", "30")], "corrected": []}


def test_a_field_has_its_records_and_a_copy_counts_as_its_original(course: dict[str, str], read: Read) -> None:
    asked = {"view": "positions", "key": "issue/fish:south:position", "field": "current.value.percent"}
    found = read(f"{N}/grounds", **asked)
    assert found["value"] == "30"
    assert [(step["before"], step["after"], step["basis"]["record"]) for step in found["steps"]] == [
        (None, "10", course["one"]),
        ("10", "20", course["two"]),
        ("20", "30", course["three"]),
    ]
    assert found["sources"] == [
        {"source": "paper", "cited": ["paper", "copy"], "records": [course["one"], course["two"]]}
    ]
    assert read(f"{N}/grounds", **asked, as_of="2025-03-15")["value"] == "20"


def test_nothing_rests_on_what_is_about_an_agreement_that_is_not_there_yet(
    tell: Tell, read: Read, clock: Clock
) -> None:
    clock.at = "2025-04-01T12:00+00:00"
    claim = {"claimant": "north", "kind": "reading", "value": {"type": "text", "text": "It binds."}}
    deal = {"agreement": "deal", "title": "Deal", "form": "memorandum", "parties": ["north"]}
    drafted = tell("draft-agreement", **deal, occurred="2025-03-01").json()["id"]
    assert tell("make-claim", **claim, subject="agreement/deal", occurred="2025-02-01").status_code == 201
    for field in ("status", "title"):
        steps = read(f"{N}/grounds", view="agreements", key="deal", field=field)["steps"]
        assert [step["basis"]["record"] for step in steps] == [drafted]


def test_a_field_rests_on_the_records_that_changed_it_alone(course: dict[str, str], read: Read) -> None:
    found = read(f"{N}/grounds", view="agreements", key="deal", field="provisions[rate].text")
    assert [step["basis"]["record"] for step in found["steps"]] == [course["rate"], course["amended"]]
    found = read(f"{N}/grounds", view="agreements", key="deal", field="title")
    assert [step["basis"]["record"] for step in found["steps"]] == [course["deal"]]
    whole = read(f"{N}/grounds", view="agreements", key="deal")
    assert len(whole["steps"]) == 3
    assert read(f"{N}/grounds", view="negotiations", field="title")["value"] == "Talks"


PRIVATE = {view.name: {*names} for view in all_views() if (names := private_fields(view.document))}


def test_some_views_have_fields_of_their_own_to_fold_on() -> None:
    assert {"flags": {"seen", "tally"}, "ledger": {"tally"}, "tranches": {"holding"}} == PRIVATE


@pytest.fixture
def fund(tell: Tell, clock: Clock) -> Callable[..., None]:
    """Tell a step of one tranche."""
    clock.at = "2025-02-01T12:00+00:00"

    def step(command: str, amount: str, occurred: str) -> None:
        money = {"amount": amount, "currency": "USD"}
        assert tell(command, tranche="fund", amount=money, occurred=occurred).status_code == 201

    return step


@pytest.mark.parametrize("view", PRIVATE)
def test_what_a_fold_goes_on_from_is_in_no_answer(
    view: str, client: TestClient, fund: Callable[..., None], read: Read
) -> None:
    """As it is stored and replayed, in a difference, in grounds and in what is said of the answers."""
    fund("select-tranche", "9", "2025-01-03")
    fund("pledge-tranche", "5", "2025-01-04")
    found = [read(f"{N}/{view}"), read(f"{N}/{view}", as_of="2025-01-04")]
    documents = [document for one in found for document in one.get("items", [one])]
    asked = {"view": view, "key": documents[-1]["key"]}
    documents.append(read(f"{N}/grounds", **asked)["value"])
    difference = read(f"{N}/diff", view=view, **{"from": "2025-01-03", "to": "2025-01-04"})["items"]
    assert difference
    documents.append({field["field"].partition(".")[0]: field for one in difference for field in one["fields"]})
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    documents.append(schemas[view_named(view).document.__name__]["properties"])
    assert len(documents) >= 5
    for document in documents:
        assert not PRIVATE[view] & document.keys()
    for field in PRIVATE[view]:
        answer = client.get(f"{N}/grounds", params=asked | {"field": field}).json()
        assert answer["code"] == "no-such-field"
        assert f", {field}" not in answer["detail"]


def test_what_a_rule_only_looked_at_makes_no_difference(fund: Callable[..., None], read: Read) -> None:
    fund("select-tranche", "9", "2025-01-03")
    fund("record-draw", "1", "2025-01-03")
    fund("contract-tranche", "9", "2025-01-04")
    asked = {"from": "2025-01-03", "to": "2025-01-04", "view": "flags"}
    assert [flag["rule"] for flag in read(f"{N}/flags", as_of="2025-01-03")["items"]] == ["step-missing"]
    assert read(f"{N}/diff", **asked)["items"] == []


def test_what_is_worked_out_is_told_as_it_is_shown_with_all_that_it_rests_on(tell: Tell, read: Read) -> None:
    told = [
        tell("set-deadline", deadline="reply", title="Reply", due="2025-03-10").json()["id"],
        tell("revise-deadline", deadline="reply", due="2025-03-12").json()["id"],
    ]
    for field, value in (("day", "2025-03-12"), ("status", "overdue")):
        found = read(f"{N}/grounds", view="deadlines", key="reply", field=field, as_of="2025-03-13")
        assert (found["value"], found["worked_out"]) == (value, True)
        assert records([step["basis"] for step in found["steps"]]) == told
        first = {"day": "2025-03-10", "status": "overdue"}[field]
        assert [(step["before"], step["after"]) for step in found["steps"]] == [(None, first), (first, value)]
    found = read(f"{N}/grounds", view="deadlines", key="reply", field="due")
    assert (found["value"], found["worked_out"]) == ("2025-03-12", False)


def test_a_field_that_is_not_worked_out_has_the_steps_that_there_were(tell: Tell, read: Read, clock: Clock) -> None:
    clock.at = "2025-06-01T12:00+00:00"
    tell("draft-agreement", agreement="a", title="A", form="treaty", parties=["north", "south"], until="2025-03-01")
    tell("bring-into-force", agreement="a", parties=["north", "south"])
    tell("terminate-agreement", agreement="a", occurred="2025-02-01")
    found = read(f"{N}/grounds", view="agreements", key="a", field="status", as_of="2025-04-01")
    assert [(step["before"], step["after"]) for step in found["steps"]] == [
        (None, "drafted"), ("drafted", "in-force"), ("in-force", "terminated"),
    ]  # fmt: skip


def test_of_many_steps_it_is_not_worked_out_what_each_makes_of_a_field(
    tell: Tell, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("application.grounds.WORKED_OUT_MAX", 1)
    tell("set-deadline", deadline="reply", title="Reply", due="2025-03-10")
    tell("revise-deadline", deadline="reply", due="2025-03-12")
    found = read(f"{N}/grounds", view="deadlines", key="reply", field="day")
    assert [(step["before"], step["after"]) for step in found["steps"]] == [(None, None)] * 2


def test_a_source_has_all_that_rests_on_it_from_whichever_copy_it_is_asked(course: dict[str, str], read: Read) -> None:
    for source in ("paper", "copy"):
        found = read(f"{N}/reliance", source=source)
        assert (found["source"], found["copies"]) == ("paper", ["copy"])
        assert [entry["basis"]["record"] for entry in found["records"]] == [course["one"], course["two"]]
        assert "positions/issue/fish:south:position" in found["documents"]
    assert read(f"{N}/reliance", source="paper", as_of="2025-02-15")["documents"]


def test_reliance_on_a_source_says_by_which_record_it_is_retracted(
    course: dict[str, str], tell: Tell, read: Read, clock: Clock
) -> None:
    def retracted(source: str, **times: str) -> list[tuple[str, str]]:
        found = read(f"{N}/reliance", source=source, **times)["retracted"]
        return [(one["source"], one["basis"]["record"]) for one in found]

    tell("retract-record", record=course["marked"], reason="It differs.")
    assert retracted("copy") == retracted("paper") == []
    clock.at = "2025-09-03T12:00+00:00"
    forged = tell("retract-record", record=course["paper"], reason="It is forged.").json()["id"]
    assert retracted("paper") == [("paper", forged)]
    assert records([one["basis"] for one in read(f"{N}/reliance", source="paper")["records"]]) == [course["one"]]
    assert retracted("paper", known_at="2025-09-02") == retracted("copy") == []
    later = tell("retract-record", record=course["copy"], reason="As well.", effective="2025-08-01").json()["id"]
    assert retracted("copy", as_of="2025-07-31") == []
    assert retracted("copy", as_of="2025-08-01") == [("copy", later)]
    tell("retract-record", record=forged, reason="It is genuine.")
    assert retracted("paper") == []


def test_reliance_names_each_copy_that_is_retracted_and_a_source_on_which_nothing_rests(
    course: dict[str, str], tell: Tell, read: Read
) -> None:
    told = {"title": "Post", "publisher": "P", "kind": "article"}
    post = tell("register-source", source="post", **told).json()["id"]
    forged = [
        tell("retract-record", record=record, reason="It is forged.").json()["id"] for record in (course["copy"], post)
    ]
    found = read(f"{N}/reliance", source="paper")["retracted"]
    assert [(one["source"], one["basis"]["record"]) for one in found] == [("copy", forged[0])]
    found = read(f"{N}/reliance", source="post")
    assert [one["basis"]["record"] for one in found["retracted"]] == forged[1:]
    assert found["records"] == []
    tell("register-source", source="post", **told)
    assert read(f"{N}/reliance", source="post")["retracted"] == []


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("diff?from=2025-03-01&to=2025-02-01", 422, "to-before-from"),
        ("diff?from=2025-03-01T12:00Z&to=2025-03-01T13:00%2B02:00", 422, "to-before-from"),
        ("diff?from=2025-03-01", 422, "missing-parameter"),
        ("diff?from=2025-03&to=2025-04-01", 422, "no-such-time"),
        ("diff?from=2025-03-01&to=2025-04-01&clock=wall", 422, None),
        ("diff?from=2025-03-01&to=2025-04-01&as_of=2025-03-15", 422, "clock-told-twice"),
        ("diff?from=2025-03-01&to=2026-04-01&clock=known_at", 422, "known-at-in-the-future"),
        ("diff?from=2025-03-01&to=2025-04-01&view=weather", 422, None),
        ("grounds?view=agreements", 422, "missing-parameter"),
        ("grounds?view=agreements&key=none", 404, "not-found"),
        ("grounds?view=agreements&key=deal&field=colour", 422, "no-such-field"),
        ("grounds?view=agreements&key=deal&field=..", 422, None),
        ("grounds?view=agreements&key=deal&field=__class__", 422, None),
        ("grounds?view=agreements&key=deal&field=provisions[rate].__class__", 422, None),
        ("reliance?source=none", 404, "not-found"),
        ("reliance", 422, "missing-parameter"),
    ],
)
def test_what_cannot_be_asked_is_a_problem(
    course: dict[str, str], client: TestClient, path: str, status: int, code: str | None
) -> None:
    answer = client.get(f"{N}/{path}")
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    assert code in (None, answer.json()["code"])


def test_no_negotiation_has_no_difference(client: TestClient) -> None:
    for path in ("diff?from=2025-03-01&to=2025-04-01", "grounds?view=ledger", "reliance?source=a"):
        assert client.get(f"/v1/negotiations/none/{path}").status_code == 404


@pytest.fixture
def suppose(client: TestClient) -> Callable[..., httpx2.Response]:
    def posted(commands: list[dict[str, Any]] | bytes, **params: Any) -> httpx2.Response:
        told = commands if isinstance(commands, bytes) else b"".join(
            json.dumps({"negotiation": "talks", "occurred": "2025-06-01"} | command).encode() + b"\n"
            for command in commands
        )  # fmt: skip
        headers = {"Content-Type": "application/x-ndjson"}
        return client.post(f"{N}/suppose", params=params, content=told, headers=headers)

    return posted


Suppose = Callable[..., httpx2.Response]
SETTLE = {"command": "settle-issue", "issue": "fish", "terms": "Half."}


def test_what_is_supposed_is_shown_and_not_stored(
    course: dict[str, str], suppose: Suppose, client: TestClient, read: Read
) -> None:
    before = client.get("/v1/records").headers["parley-position"]
    answer = suppose([SETTLE], view="negotiations")
    assert answer.status_code == 200, answer.text
    assert [issue["status"] for issue in answer.json()["issues"]] == ["settled"]
    assert client.get("/v1/records").headers["parley-position"] == before
    assert [issue["status"] for issue in read(N)["issues"]] == ["open"]
    assert [issue["status"] for issue in read(N, as_of="2026-01-01")["issues"]] == ["open"]


def test_tariffs_can_be_read_under_a_supposition(course: dict[str, str], tell: Tell, suppose: Suppose) -> None:
    rate = {"type": "tariff", "percent": "5", "basis": "mfn", "stacking": "replace"}
    told = [
        {"command": "draft-agreement", "agreement": "act", "title": "Act", "form": "law", "parties": ["north"]},
        {"command": "add-provision", "agreement": "act", "provision": "rate", "title": "R", "kind": "tariff"}
        | {"text": "-", "value": rate},
    ]
    answer = suppose(told, view="tariffs", product="87")
    assert answer.status_code == 200, answer.text
    assert [item["rate"] for item in answer.json()["items"]] == ["5"]
    assert suppose(told, view="tariffs", product="87", as_of="2025-05-31").json()["times"]["as_of"] == "2025-05-31"
    for wrong in ({"view": "tariffs", "policy": "findings"}, {"view": "ledger", "product": "87"}):
        assert suppose(told, **wrong).json()["code"] == "not-of-this-view"
    assert suppose(told, view="tariffs", origin="nobody").json()["code"] == "unknown"


def test_what_is_supposed_is_flagged_as_what_is_told(clock: Clock, tell: Tell, suppose: Suppose) -> None:
    clock.at = "2025-05-01T12:00+00:00"
    both = {"agreement": "deal", "parties": ["north", "south"]}
    tell("draft-agreement", **both, title="Deal", form="treaty")
    tell("sign-agreement", **both, occurred="2025-02-01")
    tell("withdraw-from-agreement", agreement="deal", parties=["south"], occurred="2025-03-01")
    force = both | {"command": "bring-into-force", "occurred": "2025-04-01"}
    found = suppose([force], view="agreements", key="deal").json()
    assert [flag["rule"] for flag in found["flags"]] == ["after-the-end"]
    (flag,) = suppose([force], view="flags").json()["items"]
    assert flag["details"][0]["text"] == "entered into force for south, after it was withdrawn"


def test_commands_are_supposed_on_top_of_each_other_and_of_any_moment(course: dict[str, str], suppose: Suppose) -> None:
    coal = {"command": "raise-issue", "issue": "coal", "title": "Coal"}
    claim = {
        "command": "make-claim",
        "claimant": "south",
        "kind": "position",
        "subject": "issue/coal",
        "value": share("5"),
    }
    items = suppose([coal, claim], view="positions", as_of="2025-07-01").json()["items"]
    assert {item["subject"] for item in items} == {"issue/fish", "issue/coal"}
    early = claim | {"subject": "issue/fish", "occurred": "2025-02-20"}
    document = {"view": "positions", "key": "issue/fish:south:position"}
    answer = suppose([early], **document, as_of="2025-02-25", known_at="2025-05-15").json()
    assert (answer["current"]["value"], answer["times"]["as_of"]) == (share("5"), "2025-02-25")


@pytest.fixture
def public(tell: Tell, read: Read) -> None:
    """What the negotiation begins with is public."""
    for record in read("/v1/records")["items"]:
        changes = {"published": "2025-01-02"}
        tell("correct-record", record=record["envelope"]["id"], changes=changes, reason="It is public.")


def test_what_was_vaguely_public_is_so_under_a_supposition(
    public: None, tell: Tell, read: Read, suppose: Suppose
) -> None:
    claim = {"claimant": "north", "kind": "position", "subject": "issue/fish", "value": share("5")}
    told = tell("make-claim", **claim, published="2025-02").json()["id"]
    key = "issue/fish:north:position"
    asked = {"public_at": "2025-02-10", "as_of": "2025-03-01"}
    assert read(f"{N}/positions/{key}", **asked)["times"]["may_be_later"] == [told]
    coal = {"command": "raise-issue", "issue": "coal", "title": "Coal", "occurred": "2025-02-01"}
    answer = suppose([coal], view="positions", key=key, **asked)
    assert answer.status_code == 200, answer.text
    assert answer.json()["times"]["may_be_later"] == [told]


@pytest.mark.parametrize(("public_at", "counts", "vague"), [
    (None, True, False),
    ("2025-04-30", False, False),
    ("2025-05-10", True, True),
    ("2025-06-01", True, False),
])  # fmt: skip
def test_what_is_supposed_counts_from_when_it_is_published(
    public: None, suppose: Suppose, public_at: str | None, counts: bool, vague: bool
) -> None:
    claim = {"command": "make-claim", "claimant": "south", "kind": "position", "value": share("5")}
    lines = [
        claim | {"subject": "issue/fish", "occurred": "2025-04-01", "published": "2025-05"},
        claim | {"subject": "issue/coal", "occurred": "2025-04-01"},
    ]
    coal = {"command": "raise-issue", "issue": "coal", "title": "Coal", "occurred": "2025-04-01"}
    asked = {"as_of": "2025-08-01"} | ({"public_at": public_at} if public_at else {})
    answer = suppose([coal, *lines], view="positions", **asked).json()
    supposed = {item["subject"] for item in answer["items"] if item["current"]["value"] == share("5")}
    assert supposed == {"issue/coal", *(["issue/fish"] if counts else [])}
    assert bool(answer["times"]["may_be_later"]) is vague


def test_a_supposition_in_the_future_is_seen_from_there(course: dict[str, str], suppose: Suppose) -> None:
    later = SETTLE | {"occurred": "2027-01-01"}
    assert suppose([later], view="negotiations", as_of="2027-01-02").json()["issues"][0]["status"] == "settled"
    assert suppose([later], view="negotiations").json()["code"] == "not-yet-occurred"


def test_a_correction_can_be_supposed(course: dict[str, str], suppose: Suppose) -> None:
    correction = {
        "command": "correct-record",
        "record": course["three"],
        "changes": {"value": share("99")},
        "reason": "?",
    }
    answer = suppose([correction], view="positions", key="issue/fish:south:position")
    assert answer.json()["current"]["value"] == share("99")


@pytest.mark.parametrize(
    ("commands", "params", "status", "code"),
    [
        ([SETTLE | {"issue": "none"}], {}, 422, "unknown"),
        ([SETTLE | {"terms": ""}], {}, 422, "not-plain-text"),
        ([SETTLE | {"negotiation": "others"}], {}, 422, "of-another-negotiation"),
        ([{"command": "dance"}], {}, 422, "unknown-command"),
        ([SETTLE] * 1001, {}, 413, "too-many-supposed"),
        (b"", {}, 422, "no-commands"),
        (b"{", {}, 400, "malformed-line"),
        ([SETTLE], {"view": "agreements", "key": "none"}, 404, "not-found"),
        ([SETTLE], {"view": "weather"}, 422, None),
        ([SETTLE], {"known_at": "2999-01-01"}, 422, "known-at-in-the-future"),
    ],
)
def test_what_cannot_be_supposed_is_a_problem(
    course: dict[str, str], suppose: Suppose, commands: Any, params: dict[str, str], status: int, code: str | None
) -> None:
    answer = suppose(commands, **{"view": "negotiations"} | params)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    assert code in (None, answer.json()["code"])


def test_a_refused_line_is_named(course: dict[str, str], suppose: Suppose) -> None:
    assert suppose([SETTLE, SETTLE], view="negotiations").json()["line"] == 2
