"""The log on disk: what is acknowledged is there, once, whoever else writes."""

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from eventsourcing.persistence import IntegrityError
from pydantic import TypeAdapter

from application.command import all_commands
from application.registrar import Submission
from domain.refusal import Refused
from infrastructure.committer import Committer, KeyReused, Overloaded, Request
from infrastructure.log import Log, LogReader
from infrastructure.sqlite import StoreRefused

Writer = Callable[[], Committer]


def told(command: str, **facts: str) -> Submission:
    kind = all_commands()[command]
    body = {"negotiation": "talks", "occurred": "2025-01-02"} | facts
    return Submission(kind, TypeAdapter(kind.body()).validate_python(body), "test", UUID(int=0))


@pytest.fixture
def writer(tmp_path: Path) -> Writer:
    """A committer with connections of its own, as another process would have."""

    def start() -> Committer:
        committer = Committer(Log(tmp_path / "log"), lambda: datetime(2025, 6, 1, tzinfo=UTC), lambda: None)
        committer.start()
        return committer

    return start


def test_several_writers_on_one_file_lose_nothing_and_leave_no_gap(writer: Writer, tmp_path: Path) -> None:
    writers = [writer() for _ in range(3)]
    writers[0].submit(Request([told("open-negotiation", title="Talks")])).result(10)
    with ThreadPoolExecutor(12) as pool:
        requests = [
            (writers[n % 3], Request([told("annotate", note=f"Note {n}.")], f"key-{n % 50}", b"")) for n in range(150)
        ]
        answers = list(pool.map(lambda ask: ask[0].submit(ask[1]).exception(30), requests))
    assert all(error is None or isinstance(error, Refused) for error in answers)
    records = LogReader(tmp_path / "log").after(0, 1000)
    assert [record.position for record in records] == list(range(1, 52))
    assert [record.event.originator_version for record in records] == list(range(1, 52))


def test_a_key_that_another_writer_stored_is_answered_as_before(writer: Writer) -> None:
    one, other = writer(), writer()
    first = one.submit(Request([told("open-negotiation", title="Talks")], "key", b"body")).result(10)
    assert other.submit(Request([told("open-negotiation", title="Talks")], "key", b"body")).result(10) == first
    with pytest.raises(KeyReused):
        other.submit(Request([told("open-negotiation", title="Else")], "key", b"else")).result(10)


def test_recorded_times_never_go_back(writer: Writer, tmp_path: Path) -> None:
    committer = writer()
    committer.submit(Request([told("open-negotiation", title="Talks")])).result(10)
    committer.stop()
    back = Committer(Log(tmp_path / "log"), lambda: datetime(2025, 5, 1, tzinfo=UTC), lambda: None)
    back.start()
    (record,) = back.submit(Request([told("annotate", note="Noted.")])).result(10)
    assert record.event.envelope.recorded == datetime(2025, 6, 1, tzinfo=UTC)


def test_more_than_the_queue_holds_is_refused_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infrastructure.committer.QUEUE_MAX", 1)
    idle = Committer(Log(tmp_path / "log"), lambda: datetime(2025, 6, 1, tzinfo=UTC), lambda: None)
    idle.submit(Request([told("open-negotiation", title="Talks")]))
    with pytest.raises(Overloaded):
        idle.submit(Request([told("annotate", note="Noted.")]))


def test_a_stream_that_moved_is_an_integrity_error_and_stores_nothing(writer: Writer, tmp_path: Path) -> None:
    (record,) = writer().submit(Request([told("open-negotiation", title="Talks")])).result(10)
    log = Log(tmp_path / "log")
    with pytest.raises(IntegrityError):
        log.append([record.event])
    assert log.reader.head() == 1


def test_every_connection_that_writes_waits_for_the_disk(tmp_path: Path) -> None:
    log = Log(tmp_path / "log")
    with log.recorder.datastore.transaction(commit=True) as cursor:
        cursor.execute("PRAGMA synchronous")
        assert cursor.fetchone()[0] == 2
        cursor.execute("PRAGMA journal_mode")
        assert cursor.fetchone()[0] == "wal"


def test_a_log_of_a_newer_version_is_refused_in_one_sentence(tmp_path: Path) -> None:
    Log(tmp_path / "log").close()
    with sqlite3.connect(tmp_path / "log") as connection:
        connection.execute("PRAGMA user_version = 99")
    for opened in (Log, LogReader):
        with pytest.raises(StoreRefused, match="newer version of Parley"):
            opened(tmp_path / "log")
