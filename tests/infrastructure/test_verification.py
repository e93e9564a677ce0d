"""Verifying a log: whatever is changed in a record is found, and nothing else is."""

import random
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from typing import Any

import psycopg
import pytest
from eventsourcing.persistence import IntegrityError

from infrastructure.committer import Committer, Request
from infrastructure.comparison import Comparison, Finding, kept_beside
from infrastructure.database import Connection, Database
from infrastructure.growing import Grower
from infrastructure.log import Log
from infrastructure.note import Signer
from infrastructure.proof_store import ProofReader
from infrastructure.sqlite import SqliteConnection
from infrastructure.verification import LogRows, verified
from interfaces.main import now
from tests.infrastructure.test_proofs import submission

SIGNER = Signer.new("talks.example/log")
NOTES = 40


@pytest.fixture
def sealed(database: Database) -> Database:
    """A log of some records about two parties, sealed."""
    with closing(Log(database)) as log:
        begun = [
            submission("open-negotiation", title="Talks"),
            submission("add-party", party="north", name="North", kind="state", published="2025-01-03"),
            submission("add-party", party="south", name="South", kind="state"),
        ]
        notes = [submission("annotate", note=f"日本 \U0001f600 {n}", about="party/north") for n in range(NOTES)]
        committer = Committer(log, now)
        for name, work in (("a", begun), ("b", notes[:1]), ("c", notes[1:])):
            (stored,) = committer.commit([Request(work, name, name.encode())])
            assert not isinstance(stored, Exception), stored
    with closing(Grower(database)) as grower:
        grower.grow()
        grower.seal(SIGNER)
    return database


@pytest.fixture
def log(sealed: Database) -> Iterator[Connection]:
    """A connection to change the log with, past everything."""
    with closing(sealed.writer("log")) as connection:
        yield connection


@pytest.fixture
def find(sealed: Database) -> Callable[..., list[Finding]]:
    def found(*, tree: bool = True) -> list[Finding]:
        findings: list[Finding] = []
        with closing(ProofReader(sealed)) as proofs, closing(LogRows(sealed)) as rows:
            checkpoints = [kept_beside(one, SIGNER.verifier) for one in proofs.checkpoints()]
            comparison = Comparison(checkpoints, proofs if tree else None)
            for _ in verified(rows, comparison, findings):
                pass
        return findings

    return found


def test_a_log_that_nobody_changed_holds(find: Callable[..., list[Finding]]) -> None:
    assert find() == find(tree=False) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("SET topic = 'Negotiation.Suspended'", "is not the one that was sealed"),
        ("SET id = '00000000-0000-0000-0000-000000000001'", "its column id says 00000000"),
        ("SET stream_id = '00000000-0000-0000-0000-000000000001'", "its column stream_id says 00000000"),
        ("SET version = 77", "its version is 77"),
        ("SET negotiation = 'walks'", "its column negotiation says walks, and the record talks"),
        ("SET stream = 'negotiation/walks'", "its column stream says"),
        ("SET occurred = '2025-01-01'", "its column occurred says 2025-01-01, and the record 2025-01-02"),
        ("SET published = '2025-01-01'", "its column published says"),
        ("SET recorded = '2025-01-01'", "its column recorded says"),
        ("SET position = 99", "The record at position 20 is missing"),
        ("SET position = -1", "There is a record at position -1"),
    ],
)
def test_every_column_of_a_record_is_checked(
    log: Connection, find: Callable[..., list[Finding]], change: str, said: str
) -> None:
    log.run(f"UPDATE records {change} WHERE position = 20")
    found = find()
    assert said in " ".join(map(str, found))
    assert {finding.position for finding in found} <= {0, 20, *range(44, 100), -1}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("北", "日"), "is not the one that was sealed"),
        (('"note":', '"note": '), "its JSON is not written as Parley writes it"),
        (("日", "\\u65e5"), "its JSON is not written as Parley writes it"),
        (('"note":', '"nose":'), "this version cannot read it"),
        (("{", "["), "it is no JSON"),
        (('"envelope":', '"envelopf":'), "it has no envelope"),
        (('"2025-01-02"', '"2025-01-03"'), "its column occurred says 2025-01-02, and the record 2025-01-03"),
        (('"party/north"', '"party/south"'), "is filed under the parties north, and concerns south"),
    ],
)
def test_every_part_of_a_records_json_is_checked(
    log: Connection, find: Callable[..., list[Finding]], change: tuple[str, str], said: str
) -> None:
    state = bytes(log.value("SELECT state FROM records WHERE position = 20")).decode()
    old, new = change if change[0] in state else change[::-1]
    log.run("UPDATE records SET state = ? WHERE position = 20", (state.replace(old, new, 1).encode(),))
    found = find()
    assert said in " ".join(map(str, found))
    assert {finding.position for finding in found} == {20}
    assert found[0].position == 20


@pytest.mark.parametrize("column", ["state", "topic", "stream", "occurred", "version", "stream_id"])
@pytest.mark.parametrize("value", ["NULL", "77", "1000000000000", "0.5", "x'ff'", "'x'"])
def test_a_value_of_a_type_that_its_column_does_not_have_is_found(
    log: Connection, find: Callable[..., list[Finding]], column: str, value: str
) -> None:
    if not isinstance(log, SqliteConnection):
        return  # columns of PostgreSQL hold values of their types alone
    log.run("PRAGMA writable_schema = ON")
    log.run("UPDATE sqlite_master SET sql = replace(sql, ' NOT NULL', '') WHERE name = 'records'")
    log.run("PRAGMA writable_schema = RESET")
    log.run(f"UPDATE records SET {column} = {value} WHERE position = 20")
    assert {finding.position for finding in find()} - {0} == {20}


def test_a_version_that_was_changed_in_all_places_is_found(log: Connection, find: Callable[..., list[Finding]]) -> None:
    state = bytes(log.value("SELECT state FROM records WHERE position = 43"))
    version = log.value("SELECT version FROM records WHERE position = 43")
    told = state.replace(b'"version":%d' % version, b'"version":99')
    log.run("UPDATE records SET version = 99, state = ? WHERE position = 43", (told,))
    (finding,) = find()
    assert finding.position == 43
    assert "its version is 99, and it is the 41. of its stream" in finding.told


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("DELETE FROM record_parties WHERE position = 20", "is filed under the parties none, and concerns north"),
        ("UPDATE record_parties SET party = 'norti' WHERE position = 20", "is filed under the parties norti"),
        ("UPDATE record_parties SET position = 21 WHERE position = 1", ""),
        ("UPDATE record_parties SET position = 77 WHERE position = 20", "filed under position 77, where no record is"),
        ("UPDATE receipts SET first = 3 WHERE key = 'b'", "which others count"),
        ("UPDATE receipts SET count = 2 WHERE key = 'b'", "which others count"),
        ("UPDATE receipts SET count = 200 WHERE key = 'c'", "which others count or are not there"),
        ("UPDATE receipts SET first = -3 WHERE key = 'a'", "which others count or are not there"),
        ("DELETE FROM records WHERE position > 40", "the last 3 are missing"),
        ("DELETE FROM records WHERE position = 12", "The record at position 12 is missing"),
    ],
)
def test_what_stands_beside_the_records_is_checked(
    log: Connection, find: Callable[..., list[Finding]], change: str, said: str
) -> None:
    changed = log.rows(f"{change} RETURNING 1")
    assert bool(said) == bool(changed)
    assert said in " ".join(map(str, find()))
    assert bool(find()) == bool(changed)


def test_what_was_put_in_is_found(log: Connection, find: Callable[..., list[Finding]]) -> None:
    log.run(
        "INSERT INTO records SELECT 0, stream_id, 88, topic, state, NULL, negotiation, stream, occurred, published,"
        " recorded FROM records WHERE position = 9"
    )
    assert "There is a record at position 0: the first is at 1." in " ".join(map(str, find()))


def test_a_large_gap_is_one_sentence(log: Connection, find: Callable[..., list[Finding]]) -> None:
    log.run("UPDATE records SET position = 1000000000000000000 WHERE position = 43")
    assert "The records at positions 43 to 999999999999999999 are missing." in " ".join(map(str, find()))


def test_a_type_within_a_record_is_found(log: Connection, find: Callable[..., list[Finding]]) -> None:
    """It would be served, and left out of the tree by whoever puts the column in its place."""
    state = bytes(log.value("SELECT state FROM records WHERE position = 20"))
    changed = state.replace(b'"note":', b'"type":"Negotiation.Abandoned","note":')
    log.run("UPDATE records SET state = ? WHERE position = 20", (changed,))
    for tree in (True, False):
        assert "it has a `type` beside the one under which it is stored" in " ".join(map(str, find(tree=tree)))


def test_what_would_change_what_is_written_is_found(log: Connection, find: Callable[..., list[Finding]]) -> None:
    if isinstance(log, SqliteConnection):
        log.run("CREATE TRIGGER more AFTER INSERT ON receipts BEGIN SELECT 1; END")
        kind = "trigger"
    else:
        log.run("CREATE RULE more AS ON INSERT TO receipts DO ALSO NOTHING")
        kind = "rule"
    assert [str(one) for one in find()] == [
        f"The database says of the log: there is a {kind} more, which Parley has not made."
    ]


def test_without_the_tree_a_checkpoint_still_finds_it(
    log: Connection, find: Callable[..., list[Finding]], sealed: Database
) -> None:
    state = bytes(log.value("SELECT state FROM records WHERE position = 20"))
    log.run("UPDATE records SET state = ? WHERE position = 20", (state.replace("日".encode(), "北".encode()),))
    (finding,) = find(tree=False)
    assert "What differs is among its first 43 records. The proofs of the store" in finding.told


def test_a_damaged_tree_is_told_from_a_changed_log(find: Callable[..., list[Finding]], sealed: Database) -> None:
    with closing(sealed.writer("proofs")) as proofs:
        hashes = bytearray(proofs.value("SELECT hashes FROM tiles WHERE level = 0"))
        hashes[32 * 19] ^= 1
        proofs.run("UPDATE tiles SET hashes = ? WHERE level = 0", (bytes(hashes),))
    (finding,) = find()
    assert "The tree is damaged at position 20: the record is as in the checkpoint kept beside the log" in finding.told


def test_what_is_recorded_while_it_is_verified_is_left_alone(sealed: Database) -> None:
    findings: list[Finding] = []
    with closing(ProofReader(sealed)) as proofs, closing(LogRows(sealed)) as rows, closing(Log(sealed)) as log:
        comparison = Comparison([kept_beside(one, None) for one in proofs.checkpoints()], proofs)
        verifying = verified(rows, comparison, findings)
        count = next(verifying)
        work = [submission("annotate", note=f"late {n}") for n in range(5)]
        Committer(log, now).commit([Request(work, "late", b"")])
        with closing(Grower(sealed)) as grower:
            grower.grow()
        count += sum(verifying)
    assert (count, findings) == (NOTES + 3, [])


COLUMNS = "position stream_id version topic state id negotiation stream occurred published recorded".split()


@pytest.mark.parametrize("seed", range(33))
def test_any_changed_byte_is_found(log: Connection, find: Callable[..., list[Finding]], seed: int) -> None:
    """Each names the record, and no other record but one to whose place it was moved."""
    chance = random.Random(seed)
    position, column = chance.randrange(1, NOTES + 4), COLUMNS[seed % len(COLUMNS)]
    value = log.value(f"SELECT {column} FROM records WHERE position = ?", (position,))
    changed, taken = value, []
    while not taken:  # the database does not take what no column of this type holds, nor a place that is another's
        changed = changed_byte(value, chance)
        with suppress(IntegrityError, psycopg.DataError):
            taken = log.rows(f"UPDATE records SET {column} = ? WHERE position = ? RETURNING 1", (changed, position))
    found = find()
    assert found
    moved = {changed} if column == "position" else set()
    assert position in {finding.position for finding in found} - {0}
    assert {finding.position for finding in found if finding.position <= NOTES + 3} <= {0, position} | moved


def changed_byte(value: Any, chance: random.Random) -> Any:
    """A value with one byte that differs, of the same type."""
    if isinstance(value, int):
        return value ^ chance.randrange(1, 256)
    told = bytearray(value if isinstance(value, bytes) else str(value).encode() or b" ")
    place = chance.randrange(len(told))
    if isinstance(value, bytes):
        told[place] ^= chance.randrange(1, 256)
        return bytes(told)
    told[place] = chance.choice([byte for byte in b"0123456789abcdef-./TZ" if byte != told[place]])
    return told.decode(errors="replace")
