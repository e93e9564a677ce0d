"""Reading over HTTP: lists and their filters, pages, validators, waiting, and that nothing here writes."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from fastapi.concurrency import run_in_threadpool
from fastapi.testclient import TestClient

from application.access import Identity
from application.fold import Place, view_named
from application.listing import Query
from infrastructure.database import StoreDamaged
from infrastructure.documents import Parked
from infrastructure.log import Log
from infrastructure.projector import Projector
from infrastructure.settings import Settings
from infrastructure.sqlite import StoreRefused
from infrastructure.view_store import ViewStore
from interfaces import stores
from interfaces.asking import AskedList
from interfaces.main import application, projector
from interfaces.problems import Problem
from tests.interfaces.conftest import Tell

Read = Callable[..., Any]
POSITION = {"kind": "position", "subject": "issue/fish", "value": {"type": "share", "percent": "50"}}


@pytest.fixture
def positions(tell: Tell) -> None:
    tell("raise-issue", issue="coal", title="Coal")
    tell("make-claim", claimant="north", occurred="2025-02", **POSITION)
    tell("make-claim", claimant="south", occurred="2025-02-10", speaker="Café Minister", **POSITION)
    tell("make-claim", claimant="south", occurred="2025-03-01T23:00-05:00", **POSITION | {"subject": "issue/coal"})


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, ["north", "south", "south"]),
        ({"party": "north"}, ["north"]),
        ({"issue": "coal"}, ["south"]),
        ({"party": "south", "issue": "fish"}, ["south"]),
        ({"kind": "report"}, []),
        ({"from": "2025-02-02"}, ["north", "south", "south"]),
        ({"from": "2025-02-28", "to": "2025-02-28"}, ["north"]),
        ({"from": "2025-03"}, ["south"]),
        ({"from": "2025-02-01", "to": "2025-02"}, ["north", "south"]),
        ({"to": "2025-03-01"}, ["north", "south", "south"]),
        ({"to": "2025-02"}, ["north", "south"]),
        ({"from": "2025-03-01", "to": "2025-03-01"}, ["south"]),
        ({"q": "cafe min"}, ["south"]),
        ({"q": '" OR *'}, []),
        ({"q": "㌖" * 300}, []),
        ({"q": "min nothing"}, []),
        ({"sort": "-date"}, ["south", "south", "north"]),
        ({"sort": "key"}, ["south", "north", "south"]),
    ],
)
def test_lists_are_narrowed_and_sorted(
    positions: None, read: Read, params: dict[str, str], expected: list[str]
) -> None:
    items = read("/v1/negotiations/talks/positions", **params)["items"]
    assert [item["party"] for item in items] == expected


@pytest.mark.parametrize("times", [{}, {"as_of": "2999-12-31"}])
def test_what_is_dated_vaguely_is_listed_wherever_it_may_have_happened(
    tell: Tell, read: Read, times: dict[str, str]
) -> None:
    for occurred in ("2025-03", "2025", "2025-03-10", "2025-02", "2026"):
        tell("annotate", occurred=occurred, note=f"Noted in {occurred}.", about="issue/fish")

    def noted(start: str, end: str) -> list[str]:
        asked = {"from": start, "to": end, "kind": "Negotiation.Annotated"} | times
        return [item["basis"]["occurred"] for item in read("/v1/negotiations/talks/timeline", **asked)["items"]]

    assert noted("2025-03-20", "2025-03-31") == ["2025", "2025-03"]
    assert noted("2025-03-05", "2025-03-31") == ["2025", "2025-03", "2025-03-10"]
    assert noted("2025-03", "2025-03") == ["2025", "2025-03", "2025-03-10"]
    assert noted("2025-12-31", "2026-01-01") == ["2025", "2026"]
    assert noted("2026-02-01", "2026-12-31") == ["2026"]


@pytest.mark.parametrize("path", ["/v1/flags", "/v1/deadlines", "/v1/negotiations/talks/timeline"])
def test_a_kind_that_a_list_does_not_know_is_refused_with_those_that_it_knows(client: TestClient, path: str) -> None:
    answer = client.get(path, params={"kind": "postion"})
    known = view_named(path.rpartition("/")[2]).kinds
    assert answer.status_code == 422
    assert all(kind in answer.json()["detail"] for kind in known)


def test_an_agreement_is_found_by_who_signed_and_by_its_goods_and_a_deadline_by_its_issue(
    tell: Tell, read: Read
) -> None:
    tell("draft-agreement", agreement="deal", title="Deal", form="order", parties=["north"])
    tell("sign-agreement", agreement="deal", parties=["north"], by=[{"party": "north", "person": "Ann Porter"}])
    tariff = {"type": "tariff", "levied_by": "north", "basis": "act", "percent": "10", "goods": [{"name": "chairs"}]}
    told = {"agreement": "deal", "provision": "rate", "title": "R", "kind": "tariff", "text": "-", "value": tariff}
    assert tell("add-provision", **told).status_code == 201
    for sought, found in (("porter", ["deal"]), ("chairs", ["deal"]), ("tables", [])):
        items = read("/v1/negotiations/talks/agreements", q=sought)["items"]
        assert [item["key"] for item in items] == found
    tell("set-deadline", deadline="soon", title="Soon", due="2026-01-01", about="issue/fish/amount")
    tell("set-deadline", deadline="later", title="Later", due="2026-01-01")
    assert [item["key"] for item in read("/v1/deadlines", issue="fish")["items"]] == ["soon"]


def test_numbers_are_found_however_their_digits_are_grouped(tell: Tell, read: Read) -> None:
    def found(view: str, sought: str) -> list[str]:
        stored, replayed = (
            read(f"/v1/negotiations/talks/{view}", q=sought, **at)["items"] for at in ({}, {"as_of": "2999-12-31"})
        )
        assert stored == replayed
        return [item["key"] for item in stored]

    value = {"type": "count", "number": 800000, "unit": "vehicles"}
    tell("make-claim", claimant="north", **POSITION | {"value": value})
    tell("make-claim", claimant="south", **POSITION | {"value": {"type": "text", "text": "700,000 vehicles"}})
    north, south = (f"issue/fish:{party}:position" for party in ("north", "south"))
    for sought in ("800000", "800,000", "800\u202f000", "800,000 vehicles"):
        assert found("positions", sought) == [north]
    for sought in ("700000", "700,000", "700\u2009000"):
        assert found("positions", sought) == [south]
    assert found("positions", "800 000") == found("positions", "000") == []
    tell("pledge-tranche", tranche="first", amount={"amount": "179000000", "currency": "USD"})
    tell("resize-tranche", tranche="first", rung="pledge", amount={"amount": "186000000", "currency": "USD"})
    assert found("tranches", "179") == found("tranches", "186,000,000") == ["first"]
    tell("draft-agreement", agreement="deal", title="Deal", form="treaty", parties=["north", "south"])
    tell("add-provision", agreement="deal", provision="p", title="P", kind="text", text="-", number="18.51")
    assert found("agreements", "18.51") == ["deal"]
    assert found("agreements", "18.52") == []


@pytest.mark.parametrize("sort", ["date", "-date", "key", "-key"])
def test_pages_hold_every_document_once_in_order(tell: Tell, read: Read, sort: str) -> None:
    for number in range(7):
        tell("raise-issue", issue=f"i{number}", title="I")
        tell("make-claim", claimant="north", **POSITION | {"subject": f"issue/i{number}"})
    path = "/v1/negotiations/talks/timeline"
    whole = read(path, sort=sort)["items"]
    paged: list[Any] = []
    cursor: dict[str, str] = {}
    while True:
        page = read(path, sort=sort, limit=4, **cursor)
        paged += page["items"]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert paged == whole
    assert len(whole) == 18


def test_a_cursor_goes_with_its_list_and_its_order_alone(tell: Tell, client: TestClient, read: Read) -> None:
    cursor = read("/v1/negotiations/talks/timeline", limit=1)["next"]
    for path in ("/v1/negotiations/talks/timeline?sort=-date", "/v1/negotiations/talks/positions?sort=date"):
        answer = client.get(f"{path}&cursor={cursor}")
        assert (answer.status_code, answer.json()["code"]) == (422, "bad-cursor")


def test_a_path_answers_no_other_method(client: TestClient) -> None:
    for path, allowed in (("/v1/records/open-round", "POST"), ("/v1/records", "GET, POST")):
        answer = client.delete(path)
        assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


def test_an_etag_that_still_holds_is_answered_with_304(tell: Tell, client: TestClient, read: Read) -> None:
    read("/v1/negotiations/talks")
    first = client.get("/v1/negotiations/talks")
    assert first.headers["parley-position"] == "4"
    again = client.get("/v1/negotiations/talks", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    tell("reword-issue", issue="fish", title="Fisheries")
    read("/v1/negotiations/talks")
    changed = client.get("/v1/negotiations/talks", headers={"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200


def test_a_position_that_does_not_come_is_503(tell: Tell, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "WAIT_SECONDS", 0.05)
    answer = client.get("/v1/negotiations", params={"min_position": 99})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


def test_a_position_that_comes_is_waited_for(tell: Tell, client: TestClient) -> None:
    answers = []
    waiting = threading.Thread(
        target=lambda: answers.append(client.get("/v1/negotiations/talks", params={"min_position": 5}))
    )
    waiting.start()
    time.sleep(0.1)
    tell("raise-issue", issue="coal", title="Coal")
    waiting.join()
    assert [issue["key"] for issue in answers[0].json()["issues"]] == ["fish", "coal"]


def test_a_replayed_answer_says_no_more_than_the_position_it_was_begun_at(
    tell: Tell, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    replayed = stores.Stores.in_turn

    async def while_another_records(self: stores.Stores, work: Callable[[], Any]) -> Any:
        found = await replayed(self, work)
        await run_in_threadpool(tell, "annotate", note="Noted.")
        return found

    monkeypatch.setattr(stores.Stores, "in_turn", while_another_records)
    for path in ("", "/flags", "/deadlines"):
        before = client.get("/v1/records", params={"limit": 1}).headers["parley-position"]
        answer = client.get(f"/v1/negotiations/talks{path}", params={"as_of": "2025-06-01"})
        assert answer.headers["parley-position"] == before


def test_who_reads_its_own_write_does_not_wait_for_views_that_lag(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores, "SOON_SECONDS", 0)
    monkeypatch.setattr(stores, "WAIT_SECONDS", 0.05)
    told = {"negotiation": "talks", "occurred": "2025-01-02"}
    Log(settings.store()).close()
    with closing(projector(settings)) as views, TestClient(application(settings, ("recording", "reading"))) as client:

        def record(command: str, **body: Any) -> int:
            return int(client.post(f"/v1/records/{command}", json=told | body).json()["position"])

        record("open-negotiation", title="Talks")
        for _ in views.rebuild():
            pass
        record("add-party", party="north", name="North", kind="state")
        record("raise-issue", issue="fish", title="Fish")
        record("register-source", source="memo", title="Memo", publisher="P", kind="article", published="2025-03-01")
        claimed = {"claim": "c", "kind": "position", "claimant": "north", "subject": "issue/fish"}
        value = {"value": {"type": "text", "text": "None."}, "evidence": [{"source": "memo"}]}
        head = record("make-claim", published="2024-12-01", **claimed, **value)
        paths = ["", "/positions/issue/fish:north:position", "/positions", "/timeline", "/flags", "/positions/none"]
        asked = [f"/v1/negotiations/talks{path}?min_position={head}" for path in paths]
        asked.append(f"/v1/sources?negotiation=talks&min_position={head}")
        across = f"/v1/sources?min_position={head}"

        at_once = [client.get(path) for path in asked]
        assert client.get(across).status_code == 503
        views.catch_up()
        stored = [client.get(path) for path in asked]

    assert [answer.content for answer in at_once] == [answer.content for answer in stored]
    assert [answer.status_code for answer in at_once] == [200, 200, 200, 200, 200, 404, 200]
    assert {answer.headers["parley-position"] for answer in at_once[:5]} == {str(head)}
    assert at_once[1].json()["flags"]


@pytest.fixture
def lagging(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[TestClient, Projector]]:
    """A service whose views hold the first record of two, until the projector is told to go on."""
    monkeypatch.setattr(stores, "SOON_SECONDS", 0)
    monkeypatch.setattr(stores, "WAIT_SECONDS", 0.2)
    Log(settings.store()).close()
    with closing(projector(settings)) as views, TestClient(application(settings, ("recording", "reading"))) as client:
        told = {"negotiation": "talks", "occurred": "2025-01-02"}
        assert client.post("/v1/records/open-negotiation", json=told | {"title": "Talks"}).status_code == 201
        for _ in views.rebuild():
            pass
        assert client.post("/v1/records/annotate", json=told | {"note": "Noted."}).status_code == 201
        yield client, views


def test_views_that_miss_something_are_waited_for(lagging: tuple[TestClient, Projector], settings: Settings) -> None:
    client, _ = lagging
    with closing(ViewStore(settings.store())) as store, store.transaction():
        serving = store.serving()
        assert serving
        store.documents(serving.number).park(Parked(1, "timeline", "talks", "none", "for a test"))
    answer = client.get("/v1/negotiations/talks?min_position=2")
    assert (answer.status_code, answer.json()["code"]) == (503, "not-there-yet")


def test_a_position_that_does_not_come_is_waited_for_once(lagging: tuple[TestClient, Projector]) -> None:
    client, _ = lagging
    began = time.monotonic()
    assert client.get("/v1/negotiations/talks?min_position=99").status_code == 503
    assert time.monotonic() - began < 0.4
    assert client.get("/v1/negotiations/none/timeline?min_position=99").status_code == 404
    assert client.get("/v1/negotiations/none/timeline?cursor=abc").status_code == 404


def test_who_may_see_some_negotiations_waits_across_them(lagging: tuple[TestClient, Projector]) -> None:
    client, _ = lagging
    some = Identity("reader", {"talks": frozenset({"reader"})})
    seen = stores.Seen(client.app.state.stores, some, "list-sources", "")  # type: ignore[attr-defined]
    with pytest.raises(Problem, match="Position 2"):
        asyncio.run(seen.page(Query("sources"), AskedList(min_position=2)))


def test_a_damaged_document_takes_no_other_with_it(lagging: tuple[TestClient, Projector], settings: Settings) -> None:
    client, views = lagging
    views.catch_up()
    with closing(settings.store().writer("views")) as connection:
        build = connection.value("SELECT build FROM builds")
        connection.run(f"UPDATE documents_{build} SET packed = ? WHERE view = 'ledger'", (b"none",))
    places: list[Place] = [("negotiations", "talks", "talks"), ("ledger", "talks", "ledger")]

    async def both() -> list[Any]:
        asked = client.app.state.stores  # type: ignore[attr-defined]
        return await asyncio.gather(*map(asked.get, places), return_exceptions=True)

    whole, damaged = asyncio.run(both())
    assert places[0] in whole.found
    assert isinstance(damaged, StoreDamaged)
    assert client.get("/v1/negotiations/talks").status_code == 200
    answer = client.get("/v1/negotiations/talks/ledger")
    assert (answer.status_code, answer.json()["code"]) == (500, "store-damaged")


def test_what_goes_wrong_before_the_routes_is_a_problem_document(client: TestClient) -> None:
    del client.app.state.stores  # type: ignore[attr-defined]
    answer = client.get("/v1/negotiations/talks")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"negotiation": "talks", "stream": "party/north"}, [2]),
        ({"type": "Party.Added"}, [2, 3]),
        ({"party": "south"}, [3]),
        ({"occurred_from": "2025-02"}, [5]),
        ({"occurred_to": "2025-01-02"}, [1, 2, 3, 4]),
        ({"published_from": "2025-02", "published_to": "2025-02"}, [5]),
        ({"published_to": "2025-01-31"}, []),
        ({"recorded_from": "2020-01-01", "limit": 2}, [1, 2]),
        ({"recorded_to": "2020-01-01T00:00Z"}, []),
        ({"after": 4}, [5]),
    ],
)
def test_the_log_is_narrowed(tell: Tell, read: Read, params: dict[str, Any], expected: list[int]) -> None:
    tell("annotate", note="Noted.", occurred="2025-02-03", published="2025-02-04")
    assert [item["position"] for item in read("/v1/records", **params)["items"]] == expected


def test_a_late_record_lands_where_it_belongs(tell: Tell, read: Read) -> None:
    tell("make-claim", claimant="north", occurred="2025-03-01", **POSITION)
    tell(
        "make-claim",
        claimant="north",
        occurred="2025-02-01",
        **POSITION | {"value": {"type": "share", "percent": "10"}},
    )
    (item,) = read("/v1/negotiations/talks/positions")["items"]
    assert item["current"]["value"]["percent"] == "50"
    assert [(stand["value"]["percent"], stand["status"]) for stand in item["history"]] == [
        ("10", "superseded"),
        ("50", "current"),
    ]


def test_the_reading_part_has_no_writing_route_and_writes_nothing(tell: Tell, read: Read, settings: Settings) -> None:
    read("/v1/negotiations/talks")
    with TestClient(application(settings, parts=("reading",))) as alone:
        assert alone.get("/v1/negotiations/talks").json()["title"] == "Talks"
        paths = alone.get("/openapi.json").json()["paths"]
        posted = [path for path, operations in paths.items() if set(operations) != {"get"}]
        assert posted == ["/v1/negotiations/{slug}/suppose"]
        assert alone.post("/v1/records/annotate", json={}).status_code in {404, 405}
        with pytest.raises(Exception, match="readonly"):
            alone.app.state.stores.views._connection.run("DELETE FROM builds")  # type: ignore[attr-defined]


def test_reading_alone_needs_a_store(settings: Settings) -> None:
    with pytest.raises(StoreRefused, match="There is no store"), TestClient(application(settings, parts=("reading",))):
        pass


def test_a_proposal_to_some_stays_tabled_until_all_of_them_have_answered(tell: Tell, read: Read) -> None:
    for party in ("east", "west"):
        assert tell("add-party", party=party, name=party, kind="state").status_code == 201
    told = {"proposal": "half", "party": "north", "title": "Half", "text": "Half each.", "to": ["south", "east"]}
    assert tell("table-proposal", **told).status_code == 201

    def after(party: str, said: str) -> tuple[str, list[str], list[str]]:
        assert tell("answer-proposal", proposal="half", party=party, answer=said).status_code == 201
        found = read("/v1/negotiations/talks/rounds/proposal/half")
        return found["status"], found["accepted_by"], found["awaited"]

    assert after("west", "rejected") == ("tabled", [], ["south", "east"])
    assert after("south", "accepted") == ("tabled", ["south"], ["east"])
    assert after("east", "rejected") == ("differs-by-party", ["south"], [])
    assert after("east", "accepted-in-part") == ("differs-by-party", ["south"], [])
    assert after("south", "accepted-in-part") == ("accepted-in-part", [], [])
    assert after("east", "accepted") == ("differs-by-party", ["east"], [])
    assert after("south", "accepted") == ("accepted", ["south", "east"], [])
    (found,) = read("/v1/negotiations/talks/rounds", party="south", kind="proposal")["items"]
    assert found["proposal"]["to"] == ["south", "east"]


def test_a_proposal_that_was_withdrawn_waits_for_nobody(tell: Tell, read: Read) -> None:
    told = {"proposal": "half", "party": "north", "title": "Half", "text": "Half each.", "to": ["south"]}
    tell("table-proposal", **told)
    assert tell("withdraw-proposal", proposal="half", note="It lapsed.").status_code == 201
    for _ in range(2):
        found = read("/v1/negotiations/talks/rounds/proposal/half")
        assert (found["status"], found["awaited"]) == ("withdrawn", [])
        tell("answer-proposal", proposal="half", party="south", answer="accepted")
    (line,) = read("/v1/negotiations/talks/timeline", kind="Proposal.Withdrawn")["items"]
    assert line["title"] == "Proposal half: withdrawn (It lapsed.)"


def test_a_proposal_stands_as_all_who_answered_it_answered_last(tell: Tell, read: Read) -> None:
    def status() -> str:
        return str(read("/v1/negotiations/talks/rounds/proposal/half")["status"])

    def answer(party: str, said: str) -> None:
        assert tell("answer-proposal", proposal="half", party=party, answer=said).status_code == 201

    for party, role in (("east", "party"), ("west", "observer")):
        told = {"party": party, "name": party, "kind": "state", "role": role}
        assert tell("add-party", **told).status_code == 201
    assert tell("table-proposal", proposal="half", party="north", title="Half", text="Half each.").status_code == 201
    answer("east", "rejected")
    assert status() == "rejected"
    answer("west", "accepted")
    assert status() == "differs-by-party"
    answer("east", "accepted")
    assert status() == "accepted"


def test_a_person_can_be_a_party(tell: Tell, read: Read) -> None:
    judge = {"party": "lead-mediator", "name": "A. Judge", "kind": "person", "role": "mediator"}
    assert tell("add-party", **judge).status_code == 201
    assert read("/v1/negotiations/talks")["parties"][-1]["kind"] == "person"


def test_until_when_a_negotiation_is_suspended_is_told_as_that(tell: Tell, read: Read) -> None:
    told = {"until": "the general is released", "reason": "He was taken."}
    assert tell("suspend-negotiation", **told).status_code == 201
    (_, life) = read("/v1/negotiations/talks")["life"]
    assert (life["note"], life["basis"]["reason"]) == ("until the general is released", "He was taken.")


def test_the_terms_of_an_issue_are_gone_with_its_settlement(tell: Tell, read: Read) -> None:
    assert tell("settle-issue", issue="fish", terms="Half each.").status_code == 201
    assert tell("reopen-issue", issue="fish", occurred="2025-02-01").status_code == 201
    (issue,) = read("/v1/negotiations/talks")["issues"]
    assert (issue["status"], issue["terms"]) == ("open", None)


def test_a_list_of_a_negotiation_that_nobody_opened_is_refused(client: TestClient) -> None:
    answer = client.get("/v1/deadlines", params={"negotiation": "taks"})
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


def test_an_incident_is_found_spoken_of_and_counted_from(tell: Tell, read: Read) -> None:
    told = {"incident": "raid", "title": "A raid", "text": "On a yard.", "place": "Georgia", "parties": ["north"]}
    assert tell("record-incident", **told, issues=["fish"], occurred="2025-02-03").status_code == 201
    assert tell("record-incident", **told).json()["code"] == "already-known"
    rule = {"count": 10, "unit": "calendar-days", "event": "incident/raid/occurred"}
    assert tell("set-deadline", deadline="answer", title="Answer", rule=rule).status_code == 201
    for claimant, number in (("north", 475), ("south", 300)):
        value = {"type": "count", "number": number, "unit": "people"}
        report = {"kind": "report", "claimant": claimant, "subject": "incident/raid/amount", "value": value}
        assert tell("make-claim", **report, occurred="2025-02-05").status_code == 201
    path = "/v1/negotiations/talks/rounds"
    for asked in ({"kind": "incident"}, {"party": "north"}, {"issue": "fish"}, {"q": "yard"}, {"from": "2025-02-03"}):
        (found,) = read(path, **asked)["items"]
        assert (found["key"], found["status"], found["incident"]["parties"]) == ("incident/raid", "occurred", ["north"])
    assert len(read(f"{path}/incident/raid")["claims"]) == 2
    assert read("/v1/contradictions", negotiation="talks")["items"][0]["subject"] == "incident/raid/amount"
    assert read("/v1/negotiations/talks/deadlines/answer")["day"] == "2025-02-13"


def test_a_line_of_the_timeline_says_who_and_what(tell: Tell, read: Callable[..., Any]) -> None:
    tell("raise-issue", issue="coal", title="Coal")
    tell("pledge-tranche", tranche="t", amount={"amount": "9", "currency": "USD"})
    claim = {"kind": "position", "claimant": "north", "subject": "issue/fish"}
    told = tell("make-claim", claim="c", **claim, value={"type": "text", "text": "Half."}).json()
    tell("correct-record", record=told["id"], changes={"quotation": "Half of it."}, reason="A slip.")
    tell("set-deadline", deadline="d", title="Reply", due="2025-05-01")
    tell("revise-deadline", deadline="d", due="2025-06-01")
    tell("revise-deadline", deadline="d", rule={"count": 3, "unit": "months", "event": "issue/fish/settled"})
    tell("link-issue", issue="fish", to="coal")
    tell("table-proposal", proposal="p", party="north", title="Half", text="Half.")
    tell("answer-proposal", proposal="p", party="south", answer="rejected", text="No.")
    tell("draft-agreement", agreement="a", title="A", form="treaty", parties=["north", "south"])
    tell("sign-agreement", agreement="a", parties=["north", "south"])
    tell("terminate-agreement", agreement="a")
    tell("record-draw", tranche="t", amount={"amount": "3.25", "currency": "USD"})
    titles = [item["title"] for item in read("/v1/negotiations/talks/timeline", limit=100)["items"]]
    assert titles[-13:] == [
        "Tranche t: pledged (USD 9)",
        "Claim c: made by north (position on issue/fish: Half.)",
        "Record c: corrected (quotation, A slip.)",
        "Deadline d: set (Reply)",
        "Deadline d: revised (due 2025-06-01)",
        "Deadline d: revised (3 months after issue/fish/settled)",
        "Issue fish: linked (to coal)",
        "Proposal p: tabled by north (Half)",
        "Proposal p: answered by south (rejected)",
        "Agreement a: drafted (A)",
        "Agreement a: signed by north, south",
        "Agreement a: terminated",
        "Tranche t: drawn (USD 3.25)",
    ]
