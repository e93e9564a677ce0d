"""The views, on both stores: kept live by one, taken over by another, made anew beside those that serve."""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from msgspec.structs import replace

from application.amended import Standing
from application.fold import view_named
from application.listing import Query
from application.replay import Times
from application.unseen import Sight
from application.view import Record
from domain.deadline import Deadline
from infrastructure import projector as projecting
from infrastructure.committer import Committer, Request
from infrastructure.database import Database, StoreLost, StoreRefused, TableMissing
from infrastructure.documents import unpacked
from infrastructure.filling import filled
from infrastructure.folding import postponed
from infrastructure.keeping import ProjectorThread
from infrastructure.log import Log, LogReader
from infrastructure.migrating import migrate
from infrastructure.postgres import PostgresConnection
from infrastructure.projector import ClockSetBack, Projector, Superseded
from infrastructure.replayed import Histories
from infrastructure.settings import Settings
from infrastructure.sqlite import SqliteDatabase
from infrastructure.today import TodayReader
from infrastructure.view_reader import NARROWED, NotBuilt, ViewReader
from infrastructure.view_store import TABLES, ViewStore
from interfaces.health import readiness
from interfaces.main import application
from tests.infrastructure.test_log import one, told
from tests.scenario import a, empty, placed

PLACE = "negotiations", "talks", "talks"


def now() -> datetime:
    return datetime.now(UTC)


class Desk:
    """Somebody who records, and somebody who reads."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.log = Log(database)
        self.committer = Committer(self.log, now)
        self.reader = ViewReader(database)
        self.tell("open-negotiation", title="Talks")
        self.tell("raise-issue", issue="fish", title="Fish")

    def tell(self, command: str, **facts: str) -> Record:
        return one(self.committer, Request([told(command, **facts)]))[0]

    def read(self, *place: str) -> dict[str, Any]:
        found = self.reader.get([place or PLACE]).found  # type: ignore[list-item]
        (document,) = found.values()
        return json.loads(document.body) | {"missing": [one.position for one in document.parked]}

    def documents(self) -> dict[Any, Any]:
        connection = self.database.reader("views")
        build = connection.value("SELECT build FROM builds WHERE serving = 1")
        rows = connection.rows(f"SELECT view, negotiation, key, packed, private FROM documents_{build}")
        connection.close()
        return {tuple(place): (unpacked(body), unpacked(private)) for *place, body, private in rows}

    def ready(self) -> dict[str, Any]:
        return readiness(self.log, self.reader, now())


@pytest.fixture
def desk(database: Database) -> Iterator[Desk]:
    if database.migrates_itself:
        migrate(database)
    desk = Desk(database)
    yield desk
    desk.log.close()
    desk.reader.close()


@contextmanager
def projector(desk: Desk, *, built: bool = True) -> Iterator[Projector]:
    projector = Projector(desk.database, now)
    try:
        if built:
            rebuilt(projector)
        yield projector
    finally:
        projector.close()


def rebuilt(projector: Projector) -> int:
    """How many records were folded."""
    return sum(projector.rebuild())


class Clocks:
    """A clock that is set."""

    def __init__(self) -> None:
        self.off = timedelta()

    def __call__(self) -> datetime:
        return now() + self.off


def same_as_made_anew(desk: Desk) -> bool:
    kept = desk.documents()
    with projector(desk):
        return desk.documents() == kept


def test_a_fold_goes_on_from_what_another_has_stored(desk: Desk) -> None:
    """Also from what no answer shows: what stands on the rungs, and what a rule looked at."""
    with projector(desk):
        pass
    for command in ("select-tranche", "pledge-tranche", "contract-tranche"):
        desk.tell(command, tranche="fund", amount={"amount": "5", "currency": "USD"})  # type: ignore[arg-type]
        with projector(desk, built=False) as another:
            another.catch_up()
    assert {view for (view, *_), (_, private) in desk.documents().items() if private} == {"flags", "ledger", "tranches"}
    assert same_as_made_anew(desk)


def test_a_standby_whose_clock_is_behind_takes_nothing_out_of_the_views(desk: Desk) -> None:
    clock = Clocks()
    with projector(desk) as first:
        desk.tell("raise-issue", issue="whales", title="Whales", occurred=now().isoformat())
        first.catch_up()
    clock.off = timedelta(seconds=-3)
    with closing(Projector(desk.database, clock)) as standby:
        desk.tell("raise-issue", issue="squid", title="Squid", occurred="2025-01-03")
        standby.catch_up()
    assert [issue["key"] for issue in desk.read()["issues"]] == ["fish", "squid", "whales"]
    assert same_as_made_anew(desk)


def test_what_a_wrong_clock_has_let_count_is_taken_back(desk: Desk) -> None:
    clock = Clocks()
    in_a_week = (now() + timedelta(days=7)).date().isoformat()
    with closing(Projector(desk.database, clock)) as keeping:
        rebuilt(keeping)
        desk.tell("settle-issue", issue="fish", terms="Half each.", effective=in_a_week)
        keeping.catch_up()
        clock.off = timedelta(days=14)
        keeping.catch_up()
        assert desk.read()["issues"][0]["status"] == "settled"
        clock.off = timedelta()
        with pytest.raises(ClockSetBack):
            keeping.catch_up()
        assert not keeping.is_current()
        rebuilt(keeping)
        assert keeping.is_current()
        assert desk.read()["issues"][0]["status"] == "open"
        clock.off = timedelta(days=14)
        keeping.catch_up()
        assert desk.read()["issues"][0]["status"] == "settled"


def test_views_that_are_made_anew_stand_no_earlier_than_those_before(desk: Desk) -> None:
    clock = Clocks()
    soon = (now() + timedelta(seconds=30)).isoformat()
    desk.tell("settle-issue", issue="fish", terms="Half each.", effective=soon)
    with closing(Projector(desk.database, clock)) as keeping:
        for seconds in (40, 10):
            clock.off = timedelta(seconds=seconds)
            rebuilt(keeping)
            assert desk.read()["issues"][0]["status"] == "settled"


def test_a_rebuild_can_be_left_while_it_follows_what_is_recorded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infrastructure.projector.BATCH", 2)
    with projector(desk, built=False) as making:
        steps = making.rebuild()
        assert next(steps) == 2
        desk.committer.commit([Request([told("annotate", note=f"Note {n}.") for n in range(9)])])
        assert list(steps).count(0) >= 4


def test_a_build_that_was_begun_by_a_wrong_clock_is_given_up(desk: Desk) -> None:
    clock = Clocks()
    desk.tell(
        "settle-issue", issue="fish", terms="Half each.", effective=(now() + timedelta(days=7)).date().isoformat()
    )
    with closing(Projector(desk.database, clock)) as keeping:
        clock.off = timedelta(days=14)
        next(begun := keeping.rebuild())
        begun.close()  # type: ignore[attr-defined]
        clock.off = timedelta()
        rebuilt(keeping)
        assert desk.read()["issues"][0]["status"] == "open"


def test_that_the_clock_is_behind_the_log_is_told(desk: Desk) -> None:
    assert desk.ready()["clock"] == {"behind_seconds": 0.0}
    assert 3590 < readiness(desk.log, desk.reader, now() - timedelta(hours=1))["clock"]["behind_seconds"] < 3610


def test_before_the_first_build_there_is_nothing_to_read(desk: Desk) -> None:
    assert desk.reader.position() == 0
    with pytest.raises(NotBuilt):
        desk.reader.get([PLACE])
    ready = desk.ready()
    assert (ready["ready"], ready["behind"]["records"]) == (False, 2)
    with projector(desk):
        assert desk.read()["title"] == "Talks"
        assert desk.ready()["behind"] == {"records": 0, "seconds": 0.0}


def rows_gone_through(plan: dict[str, Any]) -> Iterator[float]:
    """How many rows each step of a plan has looked at."""
    left_out = sum(count for name, count in plan.items() if name.startswith("Rows Removed"))
    yield (plan["Actual Rows"] + left_out) * plan["Actual Loops"]
    for step in plan.get("Plans", ()):
        yield from rows_gone_through(step)


def test_who_reads_views_that_another_version_has_made_since_is_told_so(desk: Desk) -> None:
    with projector(desk):
        desk.read()
    desk.database.reset("views", TABLES.version + 1)
    with closing(desk.database.writer("views")) as connection, connection.transaction("views"):
        connection.set_version("views", TABLES.version + 1)
    with pytest.raises(StoreRefused, match="brought to this version"):
        desk.read()


def test_who_reads_does_not_look_for_ever_for_a_table_that_is_gone(desk: Desk) -> None:
    with projector(desk), closing(desk.database.writer("log")) as connection:
        connection.run("ALTER TABLE records RENAME TO away")
        with pytest.raises(TableMissing):
            desk.read()
        connection.run("ALTER TABLE away RENAME TO records")
        assert desk.read()["title"] == "Talks"


def test_what_every_read_asks_of_the_log_is_answered_by_an_index(desk: Desk) -> None:
    explain = "EXPLAIN QUERY PLAN" if isinstance(desk.database, SqliteDatabase) else "EXPLAIN"
    with closing(desk.database.reader("views")) as connection:
        assert "narrowings" in str(connection.rows(f"{explain} {NARROWED}", (1,)))


def test_postgresql_goes_through_no_more_documents_than_it_must(
    new_store: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no statistics of the documents, and guesses."""
    desk = Desk(Settings(database=new_store("postgresql")).store())
    notes = [told("annotate", note=f"Noted as number {n}.") for n in range(1000)]
    one(desk.committer, Request(notes))
    one(desk.committer, Request([told("open-negotiation", negotiation="others", title="Others")]))
    article = {"title": "A text", "publisher": "A paper", "kind": "article"}
    articles = [told("register-source", negotiation="others", source=f"s{n}", **article) for n in range(300)]
    one(desk.committer, Request(articles))
    plain, looked_at = PostgresConnection.rows, list[float]()

    def explained(self: PostgresConnection, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        ((plan,),) = plain(self, f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", values)
        looked_at.extend(rows_gone_through(plan[0]["Plan"]))
        return plain(self, sql, values)

    with projector(desk):
        monkeypatch.setattr(PostgresConnection, "rows", explained)
        desk.read()
        assert not desk.reader.select(Query("sources", frozenset(["talks"]))).rows
        assert max(looked_at) < 100
        for text, found in (("noted number", 100), ("number 77", 11), ("nothing", 0)):
            page = desk.reader.select(Query("timeline", frozenset(["talks"]), text=text, limit=100))
            assert len(page.rows) == found
        assert max(looked_at) < 5000
    desk.log.close()
    desk.reader.close()


def test_what_is_behind_is_told_in_records_and_seconds(desk: Desk) -> None:
    with projector(desk) as live:
        desk.tell("annotate", note="Noted.")
        time.sleep(0.01)
        behind = desk.ready()["behind"]
        assert behind["records"] == 1
        assert behind["seconds"] > 0
        live.catch_up()
        assert desk.ready()["behind"]["records"] == 0


def test_one_keeps_the_views_and_a_standby_takes_over(desk: Desk) -> None:
    with projector(desk) as standby:
        with projector(desk, built=False) as leader:
            assert leader.leads()
            assert not standby.leads()
            assert leader.leads()
        assert standby.leads()


def test_one_makes_the_views_anew_at_a_time(desk: Desk) -> None:
    with projector(desk, built=False) as first, projector(desk, built=False) as second:
        rebuild = first.rebuild()
        next(rebuild)
        with pytest.raises(StoreRefused, match="by another process"):
            rebuilt(second)
        rebuild.close()
        assert rebuilt(second) == 0
        assert desk.read()["title"] == "Talks"
        desk.tell("annotate", note="Noted.")
        assert rebuilt(first) == 3


@pytest.mark.parametrize(
    "way", [{"filling.ALONE_MAX": -1}, {"projector.LONG": 0, "projector.BATCH": 2}], ids=["processes", "batches"]
)
def test_views_are_the_same_however_they_are_made_anew(
    way: dict[str, int], desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By other processes, each negotiation at once; or here, batch by batch."""
    for number in range(4):
        desk.tell("raise-issue", issue=f"i{number}", title="Issue", effective=f"{2024 + number}-01-01")
    unreadable = desk.tell("raise-issue", issue="coal", title="Coal")
    rename(desk, unreadable.position, "Issue.Dreamt")
    with projector(desk) as live:
        before = desk.documents()
        for name, value in way.items():
            monkeypatch.setattr(f"infrastructure.{name}", value)
        assert rebuilt(live) == 6
        assert desk.documents() == before
        assert desk.read()["missing"] == [unreadable.position]


def test_who_ends_it_does_not_wait_for_all_that_is_left(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infrastructure.projector.BATCH_SECONDS", 0)
    monkeypatch.setattr("infrastructure.projector.BATCH_MIN", 2)
    with projector(desk) as live:
        desk.tell("annotate", note="It takes long.")
        live.catch_up()
        desk.committer.commit([Request([told("annotate", note=f"Note {n}.") for n in range(2000)])])
        assert live.catch_up(lambda: True) < desk.log.head()
        assert live.catch_up() == desk.log.head()


def test_what_is_replayed_ends_where_it_is_told_to(desk: Desk) -> None:
    head = desk.log.head()
    desk.tell("raise-issue", issue="coal", title="Coal")
    histories = Histories(desk.log)
    for until, length in ((head, head), (head + 1, head + 1), (None, head + 1)):
        assert len(histories.get("talks", Times(), Sight(everything=True), now(), until).records) == length


def test_a_rule_counts_from_what_can_be_read(desk: Desk) -> None:
    rule = {"count": 3, "unit": "calendar-days", "event": "issue/fish/settled"}
    desk.tell("set-deadline", deadline="end", title="End", rule=rule)  # type: ignore[arg-type]
    settled = desk.tell("settle-issue", issue="fish", terms="Half each.")
    with projector(desk) as live, closing(TodayReader(desk.database)) as reader:
        place = "deadlines", "talks", "end"
        (found,) = reader.get(place, now().isoformat()).found.values()
        assert (json.loads(found.body)["day"], found.parked) == ("2025-01-05", ())
        rename(desk, settled.position, "Issue.Dreamt")
        rebuilt(live)
        (found,) = reader.get(place, now().isoformat()).found.values()
        assert (json.loads(found.body)["day"], [one.position for one in found.parked]) == (None, [settled.position])


def test_a_rebuild_that_goes_on_later_takes_what_came_meanwhile_and_what_was_corrected(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infrastructure.filling.GROUP", 1)
    monkeypatch.setattr("infrastructure.projector.BATCH", 3)
    desk.tell("open-negotiation", negotiation="zzz", title="Last")
    raised = desk.tell("raise-issue", negotiation="zzz", issue="fish", title="Fish")
    with projector(desk, built=False) as broken_off:
        rebuild = broken_off.rebuild()
        next(rebuild)
        rebuild.close()
    name = str(raised.event.envelope.id)
    desk.tell("correct-record", negotiation="zzz", record=name, changes={"title": "Salmon"}, reason="Misheard.")  # type: ignore[arg-type]
    for number in range(20):
        desk.tell("raise-issue", negotiation="zzz", issue=f"i{number}", title="Issue", effective="2025-03-01")
    with projector(desk) as live:
        desk.tell("raise-issue", negotiation="zzz", issue="rice", title="Rice", occurred="2025-01-01")
        live.catch_up()
        before = desk.documents()
        titles = {one["key"]: one["title"] for one in desk.read("negotiations", "zzz", "zzz")["issues"]}
        assert titles["fish"] == "Salmon"
        assert len(titles) == 22
        rebuilt(live)
        assert desk.documents() == before


def test_a_document_with_more_words_than_one_text_can_hold_is_stored_and_found(desk: Desk) -> None:
    desk.tell("add-party", party="north", name="North", kind="state")
    told = {"claimant": "north", "subject": "issue/fish", "kind": "position"}
    with projector(desk) as live:
        for number in range(70):
            text = " ".join(f"w{number}x{n}" for n in range(1800))
            desk.tell("make-claim", value={"type": "text", "text": text}, **told)  # type: ignore[arg-type]
        live.catch_up()
        for _ in range(2):
            for word in ("w0x0", "w69x1799"):
                assert desk.reader.select(Query("positions", frozenset(["talks"]), text=word)).rows
            rebuilt(live)


def test_a_list_is_of_one_state(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Something is recorded and folded after its position was read, and before its documents are."""
    with projector(desk) as live:
        read_position = desk.reader._position

        def meanwhile(build: int) -> int:
            position = read_position(build)
            desk.tell("raise-issue", issue="coal", title="Coal")
            live.catch_up()
            return position

        with monkeypatch.context() as patched:
            patched.setattr(desk.reader, "_position", meanwhile)
            page = desk.reader.select(Query(view="negotiations"))
        ((_, found),) = page.rows
        assert page.position == 2
        assert [issue["key"] for issue in json.loads(found.body)["issues"]] == ["fish"]
        assert desk.reader.position() == 3


def test_views_of_a_longer_log_than_there_is_are_made_anew(desk: Desk) -> None:
    """The log was put back from an older copy."""
    with projector(desk) as live:
        desk.tell("annotate", note="Lost.")
        live.catch_up()
        connection = desk.database.writer("log")
        connection.run("DELETE FROM records WHERE position = 3")
        connection.close()
        assert not live.is_current()
        assert rebuilt(live) == 2
        assert live.is_current()
        assert desk.reader.position() == 2


def test_a_last_record_that_cannot_be_read_holds_up_nobody_who_waits(desk: Desk) -> None:
    with projector(desk) as live:
        record = desk.tell("raise-issue", issue="coal", title="Coal")
        rename(desk, record.position, "Issue.Dreamt")
        assert live.catch_up() == record.position
        assert desk.read()["missing"] == [record.position]


def test_a_document_is_found_by_all_that_was_ever_added_to_it(desk: Desk) -> None:
    def found(text: str) -> bool:
        return bool(desk.reader.select(Query("positions", frozenset(["talks"]), text=text)).rows)

    def claim(words: str, occurred: str, key: str) -> Record:
        told = {"claimant": "north", "subject": "issue/fish", "kind": "position", "claim": key, "occurred": occurred}
        return desk.tell("make-claim", value={"type": "text", "text": words}, **told)  # type: ignore[arg-type]

    desk.tell("add-party", party="north", name="North", kind="state")
    with projector(desk) as live:
        claim("Cod and herring.", "2025-02-01", "first")
        live.catch_up()
        claim("Nothing at all.", "2025-02-03", "third")
        live.catch_up()
        assert found("herring nothing")
        assert found("her noth fish")
        claim("日本政府は関税措置の見直しを求める。 a\u19b0b", "2025-02-04", "fourth")
        live.catch_up()
        assert all(map(found, ("関税", "税", "措置の見直し", "herring 日本", "a\u19b0b")))
        assert not any(map(found, ("措関", "日税", "a\u19b0c")))
        assert not found("herring salmon")
        assert not found("...")
        wrong = claim("Salmon, late.", "2025-02-02", "second")
        live.catch_up()
        assert found("herring nothing salmon")
        desk.tell("retract-record", record=str(wrong.event.envelope.id), reason="Misheard.")
        live.catch_up()
        assert found("herring nothing")
        assert not found("salmon")
        rebuilt(live)
        assert found("herring nothing")
        assert not found("salmon")


def test_two_that_fold_in_turns_double_and_skip_nothing(desk: Desk) -> None:
    with projector(desk) as first, projector(desk, built=False) as second:
        for number in range(6):
            desk.tell("raise-issue", issue=f"i{number}", title="Issue")
            (first, second)[number % 2].catch_up()
        live = desk.documents()
        rebuilt(first)
        assert desk.documents() == live
        assert len(desk.read()["issues"]) == 7


def test_reads_go_on_and_never_mix_while_views_are_swapped(desk: Desk) -> None:
    """Each build is of one state: an answer holds all of its issues, or all of the next."""
    reader = ViewReader(desk.database)
    seen: list[tuple[int, int]] = []
    stopping = threading.Event()

    def read() -> None:
        while not stopping.is_set():
            position, found, *_ = reader.get([PLACE])
            seen.append((position, len(json.loads(found[PLACE].body)["issues"])))

    with projector(desk) as live:
        thread = threading.Thread(target=read)
        thread.start()
        for number in range(20):
            desk.tell("raise-issue", issue=f"i{number}", title="Issue")
            rebuilt(live)
        stopping.set()
        thread.join()
    reader.close()
    assert len(seen) > 20
    assert all(issues == position - 1 for position, issues in seen)
    assert seen == sorted(seen)


def test_views_of_another_version_are_made_anew_and_left_to_it_afterwards(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with projector(desk) as old, projector(desk, built=False) as new:
        assert new.is_current()
        monkeypatch.setattr(projecting, "fold_version", lambda: "next")
        assert not new.is_current()
        rebuilt(new)
        desk.tell("annotate", note="Noted.")
        new.catch_up()
        monkeypatch.undo()
        with pytest.raises(Superseded):
            old.catch_up()
        assert desk.reader.position() == 3


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Lets the fold of negotiations stumble over issues that are called Broken, or mends it."""
    view = view_named("negotiations")
    evolve = view.evolve

    def stumbling(document: Any, record: Record, key: str) -> Any:
        if getattr(record.event, "title", "") == "Broken":
            raise ZeroDivisionError("no way")
        return evolve(document, record, key)

    def set_broken(yes: bool) -> None:
        monkeypatch.setattr(type(view), "__setattr__", object.__setattr__)
        monkeypatch.setattr(view, "evolve", stumbling if yes else evolve)

    return set_broken


def test_what_a_fold_cannot_take_is_parked_and_the_rest_goes_on(desk: Desk, broken: Callable[[bool], None]) -> None:
    with projector(desk) as live:
        broken(True)
        record = desk.tell("raise-issue", issue="bad", title="Broken")
        desk.tell("raise-issue", issue="coal", title="Coal")
        live.catch_up()
        document = desk.read()
        assert document["missing"] == [record.position]
        assert [issue["key"] for issue in document["issues"]] == ["fish", "coal"]
        assert desk.ready()["parked"] == [
            {
                "position": record.position,
                "view": "negotiations",
                "negotiation": "talks",
                "key": "talks",
                "reason": "ZeroDivisionError: no way",
            }
        ]
        broken(False)
        live.catch_up()
        assert desk.read()["missing"] == [record.position]
        retry(desk)
        live.catch_up()
        document = desk.read()
        assert document["missing"] == []
        assert [issue["key"] for issue in document["issues"]] == ["fish", "bad", "coal"]
        whole = desk.documents()
        rebuilt(live)
        assert desk.documents() == whole


def test_what_is_tried_again_and_fails_stays_parked(desk: Desk, broken: Callable[[bool], None]) -> None:
    with projector(desk) as live:
        broken(True)
        record = desk.tell("raise-issue", issue="bad", title="Broken")
        live.catch_up()
        retry(desk)
        live.catch_up()
        assert desk.read()["missing"] == [record.position]
        rebuilt(live)
        assert desk.read()["missing"] == [record.position]


def retry(desk: Desk) -> None:
    store = ViewStore(desk.database)
    serving = store.serving()
    assert serving
    store.documents(serving.number).retry()
    store.close()


def test_a_record_that_cannot_be_read_is_parked_until_it_can(desk: Desk) -> None:
    with projector(desk) as live:
        record = desk.tell("raise-issue", issue="coal", title="Coal")
        rename(desk, record.position, "Issue.Dreamt")
        desk.tell("raise-issue", issue="rice", title="Rice")
        live.catch_up()
        assert desk.read()["missing"] == [record.position]
        assert [issue["key"] for issue in desk.read()["issues"]] == ["fish", "rice"]
        assert desk.read("timeline", "talks", str(desk.log.after(0, 1)[0].event.envelope.id))["missing"] == [3]
        rename(desk, record.position, record.event.TOPIC)
        retry(desk)
        live.catch_up()
        assert desk.read()["missing"] == []
        assert [issue["key"] for issue in desk.read()["issues"]] == ["fish", "coal", "rice"]


def test_of_a_long_negotiation_no_more_is_read_for_a_late_record_than_touches_the_same(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = desk.tell("raise-issue", issue="coal", title="Coal")
    desk.committer.commit([Request([told("hold-session", session=f"s{n}", form="call") for n in range(200)])])
    rename(desk, record.position, "Issue.Dreamt")
    read: list[int] = []
    decoded = LogReader._records

    def reads(log: LogReader, rows: Any) -> list[Record]:
        found = decoded(log, rows)
        read.extend(record.position for record in found)
        return found

    with projector(desk) as live:
        desk.tell("raise-issue", issue="iron", title="Iron", occurred="2024-12-01")
        live.catch_up()
        monkeypatch.setattr(LogReader, "_records", reads)
        late = desk.tell("raise-issue", issue="rice", title="Rice", occurred="2024-12-01")
        live.catch_up()
        assert late.position in read
        assert len(read) < 20
        rename(desk, record.position, record.event.TOPIC)
        retry(desk)
        desk.tell("raise-issue", issue="tin", title="Tin", occurred="2024-12-01")
        live.catch_up()
        assert {issue["key"] for issue in desk.read()["issues"]} == {"fish", "coal", "iron", "rice", "tin"}
    assert same_as_made_anew(desk)


def test_an_amendment_that_could_not_be_read_holds_once_it_can(desk: Desk) -> None:
    with projector(desk) as live:
        coal = desk.tell("raise-issue", issue="coal", title="Coal")
        retraction = desk.tell("retract-record", record=str(coal.event.envelope.id), reason="Never raised.")
        rename(desk, retraction.position, "Issue.Dreamt")
        live.catch_up()
        assert [issue["key"] for issue in desk.read()["issues"]] == ["fish", "coal"]
        rename(desk, retraction.position, retraction.event.TOPIC)
        retry(desk)
        live.catch_up()
        assert [issue["key"] for issue in desk.read()["issues"]] == ["fish"]
    assert same_as_made_anew(desk)


def rename(desk: Desk, position: int, topic: str) -> None:
    connection = desk.database.writer("log")
    connection.run("UPDATE records SET topic = ? WHERE position = ?", (topic, position))
    connection.close()


def test_the_thread_folds_news_at_once_and_goes_on_after_the_store_was_lost(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infrastructure.keeping.POLL_SECONDS", 0.1)
    projector = Projector(desk.database, now)
    losses = [StoreLost("gone"), ValueError("odd")]
    catch_up = projector.catch_up

    def failing(enough: Callable[[], bool]) -> int:
        if losses:
            raise losses.pop()
        return catch_up(enough)

    monkeypatch.setattr(projector, "catch_up", failing)
    thread = ProjectorThread(projector, desk.database.news())
    thread.start()
    assert thread.up_to_date.wait(10)
    record = desk.tell("annotate", note="Noted.")
    deadline = time.monotonic() + 10
    while desk.reader.position() < record.position:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    thread.stop()
    assert not losses


def test_the_thread_ends_where_another_version_keeps_the_views(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infrastructure.keeping.POLL_SECONDS", 0.05)
    thread = ProjectorThread(Projector(desk.database, now), desk.database.news())
    thread.start()
    assert thread.up_to_date.wait(10)
    connection = desk.database.writer("views")
    connection.run("UPDATE builds SET fold = 'next'")
    connection.close()
    thread.join(10)
    assert not thread.is_alive()
    thread.stop()


def test_views_of_another_schema_are_refused_or_made_anew(desk: Desk) -> None:
    with projector(desk):
        pass
    connection = desk.database.writer("views")
    connection.set_version("views", 99)
    connection.close()
    with pytest.raises(StoreRefused, match="run `parley migrate`"):
        ViewReader(desk.database)
    migrate(desk.database)
    with projector(desk):
        reader = ViewReader(desk.database)
        assert reader.position() == 2
        reader.close()


def test_the_service_says_what_is_missing_in_a_document(address: str, broken: Callable[[bool], None]) -> None:
    broken(True)
    with TestClient(application(Settings(database=address))) as client:
        for command, facts in (
            ("open-negotiation", {"title": "T"}),
            ("raise-issue", {"issue": "b", "title": "Broken"}),
        ):
            body = {"negotiation": "talks", "occurred": "2025-01-02"} | facts
            assert client.post(f"/v1/records/{command}", json=body).status_code == 201
        (listed,) = client.get("/v1/negotiations", params={"min_position": 2}).json()["items"]  # waits for the views
        assert listed["missing"] == [{"position": 2, "reason": "ZeroDivisionError: no way"}]
        document = client.get("/v1/negotiations/talks", params={"min_position": 2}).json()
        assert document["missing"] == listed["missing"]
        ready = client.get("/readyz")
        assert (ready.status_code, ready.json()["parked"][0]["position"]) == (200, 2)


def test_a_reader_alone_has_no_right_to_write(desk: Desk) -> None:
    with projector(desk):
        for part in ("log", "views"):
            reader = desk.database.reader(part)  # type: ignore[arg-type]
            with pytest.raises(Exception, match=r"read-?only"):
                reader.run("DELETE FROM records" if part == "log" else "DELETE FROM builds")
            reader.close()


def test_log_readers_see_what_is_committed_alone(desk: Desk) -> None:
    reader = LogReader(desk.database)
    with desk.log.appending():
        desk.log.append([])
        assert reader.head() == 2
    reader.close()


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
def test_a_fold_that_raises_leaves_no_log_open(database: Database, address: str) -> None:
    file = address.removeprefix("sqlite:///")

    def times_open() -> int:
        return sum(os.path.realpath(f"/proc/self/fd/{number}") == file for number in os.listdir("/proc/self/fd"))

    with closing(database.writer("log")) as connection:
        connection.run("ALTER TABLE records RENAME TO gone")
    assert times_open() == 0
    with pytest.raises(TableMissing) as kept:  # noqa: F841  (with the frames in which it was raised)
        list(filled(database, {"talks": 2}, 2, now().isoformat()))
    assert times_open() == 0


def test_a_record_is_postponed_until_it_has_occurred_also_where_it_changes_something_earlier() -> None:
    """It is today somewhere: what follows when things occurred shows it only then."""
    event = placed(a(Deadline.Set, "2026-05-31T23:00-05:00", title="Reply", due="2026-09-10"), empty(Deadline), 1)
    event = replace(event, envelope=replace(event.envelope, effective="2026-05-20"))
    late = postponed(Standing(Record(1, event)), "2026-06-01T00:00+00:00")
    assert [(one.position, one.due) for one in late] == [(1, "2026-05-31T23:00-05:00")]
