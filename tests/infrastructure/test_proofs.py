"""The tree over a log and its checkpoints, on both stores."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from application.command import all_commands
from application.registrar import Submission
from domain.event import DomainEvent
from infrastructure.canonical import leaf
from infrastructure.committer import Committer, Request
from infrastructure.database import Database, StoreRefused
from infrastructure.growing import BATCH, Grower, LogChanged
from infrastructure.log import Log, LogReader
from infrastructure.merkle import Frontier, leaf_hash
from infrastructure.migrating import migrate
from infrastructure.note import Signer
from infrastructure.proof_store import ProofReader, ProofStore
from infrastructure.sealing import Sealing, TreeThread
from infrastructure.witnesses import Witnesses
from interfaces import telling
from interfaces.main import now

SIGNER = Signer.new("talks.example/log")


def submission(command: str, **facts: Any) -> Submission:
    body = telling.adapter(command).validate_python({"negotiation": "talks", "occurred": "2025-01-02"} | facts)
    return Submission(all_commands()[command], body, "test", UUID(int=7))


@pytest.fixture
def record(database: Database) -> Iterator[Callable[[int], list[DomainEvent]]]:
    """Record notes in an open negotiation."""
    log = Log(database)
    committer = Committer(log, now)
    committer.commit([Request([submission("open-negotiation", title="Talks")])])

    def notes(count: int) -> list[DomainEvent]:
        (stored,) = committer.commit([Request([submission("annotate", note=f"日本 {n}") for n in range(count)])])
        assert not isinstance(stored, Exception), stored
        return [taken.event for taken in stored]

    yield notes
    log.close()


@pytest.fixture
def grower(database: Database, record: Callable[[int], object]) -> Iterator[Grower]:
    with closing(Grower(database)) as grower:
        yield grower


def expected(database: Database) -> bytes:
    """The root over the whole log, worked out at once."""
    frontier = Frontier()
    with closing(LogReader(database)) as log:
        for _, topic, state, _ in log.stored_after(0, 10**6):
            frontier.add(leaf_hash(leaf(topic, state)))
    return frontier.root()


def test_the_tree_is_that_of_the_log_in_whatever_batches_it_grew(
    database: Database, record: Callable[[int], object], grower: Grower
) -> None:
    for count in (0, 1, 254, 3, 700):
        if count:
            record(count)
        size = grower.grow()
        with closing(ProofReader(database)) as proofs, closing(LogReader(database)) as log:
            assert size == proofs.size() == log.head()
            assert proofs.tree().root() == expected(database)


def test_growing_goes_on_after_it_was_interrupted(
    database: Database, record: Callable[[int], object], grower: Grower
) -> None:
    record(2 * BATCH + 5)
    assert grower.grow(lambda: False) == BATCH
    store = ProofStore(database)
    with suppress(ZeroDivisionError), store.transaction():
        store.add(BATCH, [bytes(32)] * 300)
        raise ZeroDivisionError
    store.close()
    with closing(Grower(database)) as other:
        assert other.grow() == 2 * BATCH + 6
    assert grower.grow() == 2 * BATCH + 6
    with closing(ProofReader(database)) as proofs:
        assert proofs.tree().root() == expected(database)


def test_two_growers_at_once_put_each_record_in_once(database: Database, record: Callable[[int], object]) -> None:
    record(3 * BATCH)
    growers = [Grower(database), Grower(database)]
    threads = [threading.Thread(target=grower.grow) for grower in growers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for grower in growers:
        grower.close()
    with closing(ProofReader(database)) as proofs:
        assert (proofs.size(), proofs.tree().root()) == (3 * BATCH + 1, expected(database))


def test_one_process_keeps_the_tree_at_a_time(database: Database, grower: Grower) -> None:
    assert grower.leads()
    with closing(Grower(database)) as other:
        assert not other.leads()


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM records WHERE position = 5",
        "UPDATE records SET topic = 'Negotiation.Renamed' WHERE position = 5",
        "UPDATE records SET state = '{}' WHERE position = 5",
    ],
)
def test_a_log_that_was_replaced_is_neither_put_in_nor_sealed(
    database: Database, record: Callable[[int], object], grower: Grower, change: str
) -> None:
    record(4)
    grower.grow()
    with closing(database.writer("log")) as connection:
        connection.run(change)
    with pytest.raises(LogChanged):
        grower.grow()


def test_a_log_with_a_gap_or_a_damaged_record_is_not_put_in(
    database: Database, record: Callable[[int], object], grower: Grower
) -> None:
    record(9)
    with closing(database.writer("log")) as connection:
        connection.run("UPDATE records SET state = '{' WHERE position = 8")
        with pytest.raises(LogChanged, match="is damaged: it is no JSON"):
            grower.grow()
        connection.run("DELETE FROM records WHERE position = 7")
    with pytest.raises(LogChanged, match="no record at position 7, and one at 8"):
        grower.grow()
    with closing(ProofReader(database)) as proofs:
        assert proofs.size() == 0


def test_a_checkpoint_is_signed_kept_and_the_same_until_more_is_recorded(
    database: Database, record: Callable[[int], object], grower: Grower
) -> None:
    record(4)
    assert grower.seal(SIGNER) is None
    grower.grow()
    sealed = grower.seal(SIGNER)
    assert sealed
    SIGNER.verifier.check(sealed.signed)
    assert sealed.signed.checkpoint == ("talks.example/log", 5, expected(database))
    assert grower.seal(SIGNER) == sealed
    record(1)
    grower.grow()
    later = grower.seal(SIGNER)
    with closing(ProofReader(database)) as proofs:
        assert proofs.checkpoints() == [sealed, later]
        assert proofs.latest() == later
        assert proofs.of_size(5) == sealed
        assert proofs.of_size(4) is None


def test_what_does_not_go_on_from_what_was_sealed_is_not_sealed(
    database: Database, record: Callable[[int], object], grower: Grower
) -> None:
    record(4)
    grower.grow()
    grower.seal(SIGNER)
    with closing(database.writer("log")) as log, closing(database.writer("proofs")) as proofs:
        log.run("UPDATE records SET topic = 'Negotiation.Noted' WHERE position = 3")
        proofs.run("DELETE FROM tiles")
    record(2)
    assert grower.grow() == 7
    with pytest.raises(LogChanged, match="not the one that was sealed at 5 records"):
        grower.seal(SIGNER)
    with closing(database.writer("proofs")) as proofs:
        proofs.run("UPDATE checkpoints SET note = 'something else'")
    with pytest.raises(LogChanged):
        grower.seal(SIGNER)


def test_proofs_of_a_newer_version_are_refused(database: Database) -> None:
    with closing(database.writer("proofs")) as connection:
        connection.set_version("proofs", 99)
    for use in (ProofReader, ProofStore, migrate):
        with pytest.raises(StoreRefused):
            use(database)


class Inbox(HTTPServer):
    """A witness that takes what is posted, or refuses it."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.status = 200
        inbox = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                if inbox.status == 200:
                    inbox.taken.append(body)
                self.send_response(inbox.status)
                self.end_headers()

            def log_message(self, *args: object) -> None: ...

        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/add"


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with Inbox() as inbox:
        thread = threading.Thread(target=inbox.serve_forever)
        thread.start()
        yield inbox
        inbox.shutdown()
        thread.join()


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline, "it takes too long"
        time.sleep(0.02)


def test_the_thread_grows_seals_and_hands_over_and_tries_a_witness_again(
    database: Database, record: Callable[[int], object], inbox: Inbox, tmp_path: Path
) -> None:
    inbox.status = 500
    witnesses = Witnesses(inbox.url, tmp_path)
    thread = TreeThread(database, lambda: Sealing(SIGNER, 0.1, witnesses))
    record(3)
    with capture_logs() as told:
        thread.start()
        until(lambda: [one for one in told if "witness does not take" in one["event"]])
    inbox.status = 200
    until(lambda: inbox.taken)
    record(2)
    thread.stop()
    with closing(ProofReader(database)) as proofs:
        first, last = proofs.checkpoints()
        assert [first.size, last.size] == [4, 6]
        assert first.handed
        assert last.handed
    assert inbox.taken == [first.note, last.note]
    assert sorted(file.read_text() for file in tmp_path.iterdir()) == sorted([first.note, last.note])


def test_a_file_grows_by_each_note_and_a_witness_that_is_not_there_is_logged(
    database: Database, record: Callable[[int], object], grower: Grower, tmp_path: Path
) -> None:
    grower.grow()
    sealed = grower.seal(SIGNER)
    assert sealed
    file = tmp_path / "notes"
    assert Witnesses(None, file).hand(sealed)
    assert Witnesses(None, file).hand(sealed)
    assert file.read_text() == f"{sealed.note}\n{sealed.note}\n"
    with capture_logs() as told:
        assert not Witnesses("http://127.0.0.1:1/", tmp_path / "no" / "folder").hand(sealed)
    assert len(told) == 2
    assert not Witnesses(None, None)


def test_the_thread_without_a_key_grows_and_seals_nothing(database: Database, record: Callable[[int], object]) -> None:
    record(3)
    thread = TreeThread(database, lambda: Sealing(None, 0.1, Witnesses(None, None)))
    thread.start()
    with closing(ProofReader(database)) as proofs:
        until(lambda: proofs.size() == 4)
        thread.stop()
        assert proofs.latest() is None


def test_the_thread_says_that_the_log_was_changed_and_seals_nothing_more(
    database: Database, record: Callable[[int], object], grower: Grower
) -> None:
    record(3)
    grower.grow()
    with closing(database.writer("log")) as connection:
        connection.run("DELETE FROM records WHERE position > 2")
    thread = TreeThread(database, lambda: Sealing(SIGNER, 0.1, Witnesses(None, None)))
    with capture_logs() as told:
        thread.start()
        until(lambda: told)
        thread.stop()
    assert told[0]["log_level"] == "error"
    assert "no record at position 4" in told[0]["error"]
    with closing(ProofReader(database)) as proofs:
        assert proofs.latest() is None


def test_a_key_that_cannot_be_read_stops_the_sealing_alone(database: Database, record: Callable[[int], object]) -> None:
    def refused() -> Sealing:
        raise StoreRefused("no key")

    thread = TreeThread(database, refused)
    with capture_logs() as told:
        thread.start()
        until(lambda: told)
        thread.stop()
    assert told[0]["error"] == "no key"
