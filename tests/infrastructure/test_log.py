"""The log, on both stores: what is acknowledged is there, once, whoever else writes."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from eventsourcing.persistence import ApplicationRecorder, IntegrityError, NotSupportedError
from eventsourcing.tests.persistence import ApplicationRecorderTestCase, NonInterleavingNotificationIDsBaseCase
from pydantic import TypeAdapter

from application.command import all_commands
from application.registrar import Submission
from application.view import Record
from domain.refusal import Refused
from infrastructure.committer import CommitQueue, Committer, KeyReused, Outcome, Overloaded, Request, Stopping
from infrastructure.database import Database, StoreDamaged, StoreFull, StoreLost, StoreRefused
from infrastructure.log import Log, LogReader, Unreadable
from infrastructure.migrating import migrate
from infrastructure.recorder import LogRecorder
from infrastructure.settings import Settings
from infrastructure.sqlite import SqliteDatabase
from infrastructure.view_store import TABLES as VIEWS
from infrastructure.view_store import ViewStore

Writer = Callable[[], Committer]


def told(command: str, **facts: str) -> Submission:
    kind = all_commands()[command]
    body = {"negotiation": "talks", "occurred": "2025-01-02"} | facts
    return Submission(kind, TypeAdapter(kind.body()).validate_python(body), "test", UUID(int=0))


def one(committer: Committer, request: Request) -> list[Record]:
    """The records of one request; raises why there are none."""
    (outcome,) = committer.commit([request])
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


@pytest.fixture
def writer(database: Database) -> Iterator[Writer]:
    """A committer with a connection of its own, as another process would have."""
    logs: list[Log] = []

    def start() -> Committer:
        logs.append(Log(database))
        return Committer(logs[-1], lambda: datetime(2025, 6, 1, tzinfo=UTC))

    yield start
    for log in logs:
        log.close()


@pytest.fixture
def reader(database: Database) -> Iterator[Callable[[], LogReader]]:
    opened: list[LogReader] = []

    def read() -> LogReader:
        opened.append(LogReader(database))
        return opened[-1]

    yield read
    for log in opened:
        log.close()


@pytest.fixture
def recorder(request: pytest.FixtureRequest, database: Database) -> Iterator[None]:
    log = Log(database)
    request.cls.recorder = log.recorder
    yield
    with log.recorder.appending():  # some cases leave a thread that still reads
        pass
    log.close()


@pytest.mark.usefixtures("recorder")
class TestTheLibrarysRecorderCases:
    """The library's own test cases for recorders, run as they stand."""

    recorder: LogRecorder

    @pytest.mark.parametrize(
        ("case", "name"),
        [
            (ApplicationRecorderTestCase, "test_insert_select"),
            (ApplicationRecorderTestCase, "test_performance"),
            (ApplicationRecorderTestCase, "test_concurrent_no_conflicts"),
            (ApplicationRecorderTestCase, "test_concurrent_throughput"),
            (NonInterleavingNotificationIDsBaseCase, "test"),
        ],
    )
    def test_case(self, case: Any, name: str) -> None:
        ours = type("Ours", (case,), {"create_recorder": lambda _: self.recorder})
        getattr(ours(name), name)()

    def test_the_recorder_is_one_of_the_librarys_and_offers_no_subscription(self) -> None:
        assert isinstance(self.recorder, ApplicationRecorder)
        with pytest.raises(NotSupportedError):
            self.recorder.subscribe()


def test_several_writers_on_one_log_lose_nothing_and_leave_no_gap(
    writer: Writer, reader: Callable[[], LogReader]
) -> None:
    writers = [writer() for _ in range(3)]
    one(writers[0], Request([told("open-negotiation", title="Talks")]))

    def write(number: int) -> None:
        for n in range(50):
            (outcome,) = writers[number].commit([Request([told("annotate", note=f"Note {n}.")], f"key-{n}", b"")])
            assert not isinstance(outcome, Exception)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(write, range(3)))
    records = reader().after(0)
    assert [record.position for record in records] == list(range(1, 52))
    assert [record.event.originator_version for record in records] == list(range(1, 52))


def test_what_is_new_of_a_negotiation_is_the_same_by_its_own_index_and_by_position(
    writer: Writer, reader: Callable[[], LogReader]
) -> None:
    """It is looked for in the way that has less to go through; told latest first, so that the index is in no order."""
    submissions = [told("open-negotiation", negotiation=name, title="Talks") for name in ("talks", "others")]
    for day in range(20, 2, -1):
        submissions.append(told("annotate", occurred=f"2025-01-{day:02}", note=f"Note of {day}."))
        submissions.append(told("annotate", negotiation="others", note=f"Theirs of {day}."))
    writer().commit([Request([submission]) for submission in submissions])
    log = reader()
    own = [record for record in log.after(0) if record.event.envelope.negotiation == "talks"]
    for after in (0, 1, 17, log.head()):
        new = [record for record in own if record.position > after]
        assert [log.of("talks", after, known) for known in (0, after, 1000)] == [new, new, new]


def test_what_another_process_wrote_is_seen_at_once(writer: Writer) -> None:
    """Each judges by what it holds in memory, which the other has moved."""
    mine, other = writer(), writer()
    one(mine, Request([told("open-negotiation", title="Talks")]))
    one(other, Request([told("raise-issue", issue="fish", title="Fish")]))
    one(mine, Request([told("settle-issue", issue="fish", terms="Half.")]))
    with pytest.raises(Refused):
        one(other, Request([told("settle-issue", issue="fish", terms="Half.")]))
    with pytest.raises(Refused):
        one(mine, Request([told("raise-issue", issue="fish", title="Again")]))


def test_what_another_process_appends_to_a_long_stream_is_added_to_what_is_in_memory(
    writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, other = writer(), writer()
    one(mine, Request([told("open-negotiation", title="Talks")]))
    for number in range(5):
        one(mine, Request([told("annotate", note=f"Note {number}.")]))
    one(other, Request([told("annotate", note="Another's.")]))
    read: list[int] = []
    streams = Log.streams

    def counted(log: Log, known: dict[UUID, int]) -> dict[UUID, list[Record]]:
        found = streams(log, known)
        read.extend(record.position for records in found.values() for record in records)
        return found

    monkeypatch.setattr(Log, "streams", counted)
    (record,) = one(mine, Request([told("annotate", note="Mine.")]))
    assert (record.position, read) == (8, [7])
    assert record.event.originator_version == 8


def test_a_refusal_in_a_group_touches_nobody_else(writer: Writer, reader: Callable[[], LogReader]) -> None:
    outcomes = writer().commit(
        [
            Request([told("annotate", note="Too early.")]),
            Request([told("open-negotiation", title="Talks")]),
            Request([told("annotate", note="Noted."), told("raise-issue", issue="fish", title="Fish")]),
            Request([told("annotate", note="Half of it."), told("settle-issue", issue="none", terms="None.")]),
            Request([told("annotate", note="Noted, too.")]),
        ]
    )
    assert [isinstance(outcome, Refused) for outcome in outcomes] == [True, False, False, True, False]
    assert [record.position for record in reader().after(0)] == [1, 2, 3, 4]


def test_what_cannot_be_read_stands_in_nobody_elses_way(writer: Writer, database: Database) -> None:
    """Another version has told something of a kind that this one does not know."""
    mine = writer()
    one(mine, Request([told("open-negotiation", title="Talks")]))
    one(writer(), Request([told("open-negotiation", negotiation="other", title="Other")]))
    with closing(database.writer("log")) as connection:
        connection.run("UPDATE records SET topic = 'Negotiation.Dreamt' WHERE negotiation = 'other'")
    group = [Request([told("annotate", negotiation=name, note="Noted.")]) for name in ("other", "talks")]
    for committer in (mine, writer()):
        outcomes = committer.commit(group)
        assert isinstance(outcomes[0], Unreadable)
        assert not isinstance(outcomes[1], Exception)


def test_a_key_that_another_writer_stored_is_answered_as_before(writer: Writer) -> None:
    mine, other = writer(), writer()
    first = one(mine, Request([told("open-negotiation", title="Talks")], "key", b"body"))
    assert one(other, Request([told("open-negotiation", title="Talks")], "key", b"body")) == first
    with pytest.raises(KeyReused):
        one(other, Request([told("open-negotiation", title="Else")], "key", b"else"))


def test_a_repeat_within_one_group_is_the_same_records(writer: Writer) -> None:
    request = Request([told("open-negotiation", title="Talks")], "key", b"body")
    first, again, other = writer().commit([request, request, request._replace(digest=b"else")])
    assert first == again
    assert isinstance(other, KeyReused)


def test_recorded_times_never_go_back(database: Database, writer: Writer) -> None:
    one(writer(), Request([told("open-negotiation", title="Talks")]))
    log = Log(database)
    back = Committer(log, lambda: datetime(2025, 5, 1, tzinfo=UTC))
    (record,) = one(back, Request([told("annotate", note="Noted.")]))
    log.close()
    assert record.event.envelope.recorded == datetime(2025, 6, 1, tzinfo=UTC)


def test_a_stream_that_moved_is_an_integrity_error_and_stores_nothing(writer: Writer, database: Database) -> None:
    (record,) = one(writer(), Request([told("open-negotiation", title="Talks")]))
    log = Log(database)
    with pytest.raises(IntegrityError):
        log.append([record.event])
    assert log.head() == 1
    log.close()


class Failing:
    """A connection whose next commit ends in a given way."""

    def __init__(self, log: Log) -> None:
        self._connection: Any = log.recorder._connection
        self._transaction = self._connection.transaction
        self.failures: list[tuple[str, Exception]] = []
        self._connection.transaction = self.transaction

    @contextmanager
    def transaction(self, lock: Any = None) -> Iterator[None]:
        when, error = self.failures.pop() if self.failures else ("", Exception())
        if when == "before":
            raise error
        with self._transaction(lock):
            yield
            if when == "instead":
                raise error
        if when == "after":
            raise error


@pytest.mark.parametrize("when", ["before", "instead", "after"])
def test_a_connection_lost_at_any_point_of_the_commit_ends_in_the_truth(
    when: str, database: Database, reader: Callable[[], LogReader]
) -> None:
    """Also where the records are on disk and only the answer was lost: no conflict, and nothing twice."""
    log = Log(database)
    committer = Committer(log, lambda: datetime(2025, 6, 1, tzinfo=UTC))
    one(committer, Request([told("open-negotiation", title="Talks")]))
    failing = Failing(log)
    failing.failures = [(when, StoreLost("gone"))]
    outcomes = committer.commit(
        [
            Request([told("raise-issue", issue="fish", title="Fish")]),
            Request([told("raise-issue", issue="fish", title="Twice")]),
            Request([told("annotate", note="Noted.")], "key", b"body"),
        ]
    )
    assert [isinstance(outcome, Refused) for outcome in outcomes] == [False, True, False]
    stored = [[record] for record in reader().after(1)]
    assert [outcomes[0], outcomes[2]] == stored
    assert one(committer, Request([told("annotate", note="Noted.")], "key", b"body")) == outcomes[2]
    log.close()


def test_a_reader_whose_connection_was_lost_asks_on_a_new_one(new_store: Callable[[str], str]) -> None:
    address = new_store("postgresql")
    reader = LogReader(Settings(database=address).store())
    with psycopg.connect(address, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid != pg_backend_pid()"
        )
    assert reader.head() == 0
    reader.close()


def test_a_full_disk_stores_nothing_and_is_told_as_such(database: Database) -> None:
    log = Log(database)
    committer = Committer(log, lambda: datetime(2025, 6, 1, tzinfo=UTC))
    failing = Failing(log)
    failing.failures = [("instead", StoreFull("full"))]
    with pytest.raises(StoreFull):
        one(committer, Request([told("open-negotiation", title="Talks")]))
    assert log.head() == 0
    assert one(committer, Request([told("open-negotiation", title="Talks")]))[0].position == 1
    log.close()


def test_more_than_the_queue_holds_is_refused_at_once(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infrastructure.committer.QUEUE_MAX", 1)

    async def crowd() -> list[Any]:
        queue = CommitQueue(writer())
        asked = [queue.submit(Request([told("open-negotiation", title="Talks")], "key", b"")) for _ in range(3)]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        await queue.stop()
        with pytest.raises(Stopping):
            await queue.submit(Request([]))
        return answers

    answers = asyncio.run(crowd())
    assert [isinstance(answer, Overloaded) for answer in answers] == [False, True, True]


def test_what_was_submitted_before_the_stop_is_stored(writer: Writer, reader: Callable[[], LogReader]) -> None:
    async def stopped() -> list[Any]:
        queue = CommitQueue(writer())
        first = asyncio.create_task(queue.submit(Request([told("open-negotiation", title="Talks")])))
        notes = [asyncio.create_task(queue.submit(Request([told("annotate", note="Noted.")]))) for _ in range(600)]
        gone = asyncio.create_task(queue.submit(Request([told("annotate", note="Gone.")])))
        await asyncio.sleep(0)
        gone.cancel()
        await queue.stop()
        return await asyncio.gather(first, *notes)

    asyncio.run(stopped())
    assert reader().head() == 602


def test_an_error_of_the_committer_is_the_answer_to_all_of_its_group_and_to_nobody_after(
    writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    committer = writer()
    commit, failures = committer.commit, [RuntimeError("unforeseen")]

    def failing(requests: Sequence[Request]) -> list[Outcome]:
        if failures:
            raise failures.pop()
        return commit(requests)

    monkeypatch.setattr(committer, "commit", failing)
    opening = Request([told("open-negotiation", title="Talks")])

    async def asked() -> list[Any]:
        queue = CommitQueue(committer)
        async with asyncio.timeout(10):
            answers = await asyncio.gather(*(queue.submit(opening) for _ in range(3)), return_exceptions=True)
            answers += await queue.submit(opening)
            await queue.stop()
        return answers

    *failed, opened = asyncio.run(asked())
    assert [str(answer) for answer in failed] == ["unforeseen"] * 3
    assert opened.position == 1


def test_where_the_store_is_lost_at_the_stop_nobody_waits_longer_than_the_first(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infrastructure.committer.GROUP_MAX", 1)
    monkeypatch.setattr("infrastructure.committer.BUSY_SECONDS", -1.0)
    log = Log(database)
    committer = Committer(log, lambda: datetime(2025, 6, 1, tzinfo=UTC))
    Failing(log).failures = [("before", StoreLost("gone"))]

    async def stopped() -> list[Any]:
        queue = CommitQueue(committer)
        asked = [
            asyncio.create_task(queue.submit(Request([told("open-negotiation", title="Talks")]))) for _ in range(3)
        ]
        await asyncio.sleep(0)
        await queue.stop()
        return await asyncio.gather(*asked, return_exceptions=True)

    assert [type(answer) for answer in asyncio.run(stopped())] == [StoreLost] * 3
    assert log.head() == 0
    log.close()


def test_a_record_that_cannot_be_read_is_named(writer: Writer, database: Database) -> None:
    one(writer(), Request([told("open-negotiation", title="Talks")]))
    connection = database.writer("log")
    connection.run("UPDATE records SET topic = 'Negotiation.Dreamt'")
    connection.close()
    log = LogReader(database)
    with pytest.raises(Unreadable, match="position 1"):
        log.after(0)
    log.close()


def test_a_record_of_a_newer_version_is_unreadable(database: Database, writer: Writer) -> None:
    one(writer(), Request([told("open-negotiation", title="Talks")]))
    connection = database.writer("log")
    (state,) = connection.rows("SELECT state FROM records")[0]
    connection.run("UPDATE records SET state = ?", (b'{"schema":2,' + state[1:],))
    connection.close()
    said = "position 1 cannot be read: NewerVersion: Negotiation.Opened is known up to version 1"
    with closing(LogReader(database)) as log, pytest.raises(Unreadable, match=said):
        log.after(0)


def test_a_file_that_is_closed_holds_all_though_others_have_it_open(tmp_path: Path) -> None:
    """People copy the one file."""
    database = SqliteDatabase(tmp_path / "log")
    log = Log(database)
    one(Committer(log, lambda: datetime(2025, 6, 1, tzinfo=UTC)), Request([told("open-negotiation", title="Talks")]))
    with closing(LogReader(database)) as other:
        assert other.head() == 1
        log.close()
        copied = SqliteDatabase(tmp_path / "copied")
        copied.files["log"].write_bytes(database.files["log"].read_bytes())
        with closing(LogReader(copied)) as copy:
            assert copy.head() == 1


def test_every_connection_that_writes_the_log_waits_for_the_disk(tmp_path: Path) -> None:
    connection = SqliteDatabase(tmp_path / "log").writer("log")
    assert connection.value("PRAGMA synchronous") == 2
    assert connection.value("PRAGMA journal_mode") == "wal"
    connection.close()


def test_what_is_made_again_from_the_log_waits_for_the_disk_only_where_it_is_told_to(database: Database) -> None:
    kept = "PRAGMA synchronous" if isinstance(database, SqliteDatabase) else "SHOW synchronous_commit"
    waiting = {"PRAGMA synchronous": (1, 2), "SHOW synchronous_commit": ("off", "on")}[kept]
    for part in ("views", "proofs"):
        with closing(database.writer(part)) as connection:
            for waits in (False, True, False):
                with suppress(KeyError), connection.transaction(part, waits=waits):
                    assert connection.value(kept) == waiting[waits]
                    raise KeyError


def test_a_log_of_a_newer_version_is_refused_in_one_sentence(database: Database) -> None:
    connection = database.writer("log")
    connection.set_version("log", 99)
    connection.close()
    for opened in (Log, LogReader, migrate):
        with pytest.raises(StoreRefused, match="newer version of Parley"):
            opened(database)


def test_a_log_that_was_never_made_is_refused_with_the_command_to_run(new_database: Callable[[], str]) -> None:
    with pytest.raises(StoreRefused, match="run `parley migrate`"):
        Log(Settings(database=new_database()).store())


def test_six_processes_can_make_views_of_another_version_anew_at_once(database: Database) -> None:
    VIEWS.migrate(database)
    with closing(database.writer("views")) as connection:
        connection.set_version("views", 99)
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(VIEWS.migrate, [database] * 6))
    with closing(ViewStore(database)) as store:
        assert store.serving() is None


def test_six_processes_can_migrate_at_once(new_database: Callable[[], str]) -> None:
    database = Settings(database=new_database()).store()
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(migrate, [database] * 6))
    log = Log(database)
    assert log.head() == 0
    log.close()


VERSION_1 = """
CREATE TABLE stored_events (position INTEGER PRIMARY KEY, originator_id TEXT NOT NULL, originator_version INTEGER NOT
    NULL, topic TEXT NOT NULL, state BLOB NOT NULL, UNIQUE (originator_id, originator_version));
CREATE TABLE records (position INTEGER PRIMARY KEY REFERENCES stored_events, id TEXT NOT NULL UNIQUE, negotiation TEXT
    NOT NULL, stream TEXT NOT NULL, type TEXT NOT NULL, occurred TEXT NOT NULL, published TEXT NOT NULL, recorded TEXT
    NOT NULL);
CREATE INDEX records_in_time ON records (negotiation, occurred, position);
CREATE INDEX amendments ON records (negotiation, position) WHERE type IN ('Record.Corrected', 'Record.Retracted');
CREATE TABLE record_parties (party TEXT NOT NULL, position INTEGER NOT NULL REFERENCES records,
    PRIMARY KEY (party, position)) WITHOUT ROWID;
CREATE TABLE receipts (key TEXT PRIMARY KEY, digest BLOB NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL)
    WITHOUT ROWID;
PRAGMA user_version = 1;
"""


def test_a_file_of_version_1_is_brought_to_this_version(tmp_path: Path) -> None:
    new = Log(SqliteDatabase(tmp_path / "new"))
    committer = Committer(new, lambda: datetime(2025, 6, 1, tzinfo=UTC))
    told_first = [
        told("open-negotiation", title="Talks"),
        told("add-party", party="north", name="North", kind="state"),
    ]
    one(committer, Request(told_first, "key", b"body"))
    with sqlite3.connect(tmp_path / "old") as old:
        old.executescript(VERSION_1)
        old.execute("ATTACH ? AS new", (str(tmp_path / "new"),))
        old.executescript(
            "INSERT INTO stored_events SELECT position, stream_id, version, topic, state FROM new.records;"
            "INSERT INTO records SELECT position, id, negotiation, stream, topic, occurred, published, recorded"
            " FROM new.records;"
            "INSERT INTO record_parties SELECT * FROM new.record_parties;"
            "INSERT INTO receipts SELECT * FROM new.receipts;"
        )
    old.close()
    upgraded = Log(SqliteDatabase(tmp_path / "old"))
    assert upgraded.after(0) == new.after(0)
    assert upgraded.select({"party": "north"}, 0, 10) == new.select({"party": "north"}, 0, 10)
    assert upgraded.receipts(["key"]) == new.receipts(["key"])
    again = Committer(upgraded, lambda: datetime(2025, 6, 1, tzinfo=UTC))
    assert one(again, Request([told("annotate", note="Noted.")]))[0].position == 3
    for log in (new, upgraded):
        log.close()


@pytest.mark.parametrize("address", ["postgresql"], indirect=True)
def test_a_transaction_that_could_not_begin_leaves_a_connection_that_can_be_opened_again(
    database: Database, address: str
) -> None:
    """Whatever it was that stood in the way: here the right to the function that locks."""
    with psycopg.connect(address, autocommit=True) as server:
        name = server.info.dbname
        for statement in (
            f"CREATE ROLE clerk_{name} LOGIN",
            f"GRANT ALL ON ALL TABLES IN SCHEMA public TO clerk_{name}",
            "REVOKE EXECUTE ON FUNCTION pg_advisory_xact_lock(bigint) FROM PUBLIC",
        ):
            server.execute(statement)  # type: ignore[arg-type]
        clerk = Settings(database=address.replace("postgres:@", f"clerk_{name}:@")).store()
        with closing(clerk.writer("log")) as connection:
            with pytest.raises(StoreRefused), connection.transaction("log"):
                pass
            assert connection.value("SELECT 1") == 1
            server.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", (f"clerk_{name}",)
            )
            with pytest.raises(StoreLost):
                connection.value("SELECT 1")
            assert connection.value("SELECT 1") == 1


def test_a_description_of_the_tables_that_is_no_text_any_more_is_damage(tmp_path: Path) -> None:
    file = tmp_path / "parley.db"
    migrate(SqliteDatabase(file))
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    file.write_bytes(file.read_bytes().replace(b"records_in_time ON records", b"records_in_time O\xf2 records"))
    with pytest.raises(StoreDamaged), closing(SqliteDatabase(file).reader("log")) as connection:
        connection.faults()
