"""Each check of the harness can fail: the log and the views are tampered with, and it is found."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from infrastructure.committer import Committer, Request
from infrastructure.database import Database, Part
from infrastructure.log import Log
from infrastructure.migrating import migrate
from infrastructure.sqlite import SqliteDatabase
from tests.faults.checks import Found, check_views, checked_log, rebuild
from tests.faults.clients import Acknowledged
from tests.infrastructure.test_log import one, told

TOLD = [
    ("open-negotiation", {"title": "Talks"}),
    ("add-party", {"party": "north", "name": "North", "kind": "state"}),
    ("annotate", {"note": "Noted."}),
    ("annotate", {"note": "Noted, too."}),
]
Tamper = Callable[[Part, str], Found]


@pytest.fixture
def database(tmp_path: Path) -> Database:
    database = SqliteDatabase(tmp_path / "parley.db")
    migrate(database)
    return database


@pytest.fixture
def acknowledged(database: Database) -> list[Acknowledged]:
    """A few records, folded, and what their clients were told."""
    log = Log(database)
    committer = Committer(log, lambda: datetime.now(UTC))
    noted = []
    for n, (command, facts) in enumerate(TOLD):
        key, correlation = f"key-{n}", str(uuid4())
        submission = told(command, **facts, correlation=correlation)
        (record,) = one(committer, Request([submission], key, b"body"))
        envelope = record.event.envelope
        answer = {"id": str(envelope.id), "position": record.position, "version": envelope.version}
        noted.append(Acknowledged(key, correlation, answer))
    log.close()
    rebuild(database)
    return noted


@pytest.fixture
def tampered(database: Database, acknowledged: list[Acknowledged]) -> Tamper:
    """What is found after a statement that no part of Parley would make."""

    def tamper(part: Part, statement: str) -> Found:
        connection = database.writer(part)
        if part == "views":
            statement = statement.format(connection.value("SELECT build FROM builds WHERE serving = 1"))
        connection.run(statement)
        connection.close()
        found = checked_log(database, acknowledged)
        check_views(database, found)
        return found

    return tamper


def test_what_is_as_it_was_told_is_found_so(tampered: Tamper) -> None:
    assert tampered("log", "SELECT 1") == Found(records=4)


def test_a_lost_record_is_found_with_its_gaps(tampered: Tamper) -> None:
    found = tampered("log", "DELETE FROM records WHERE position = 3")
    assert len(found.lost) == 1
    assert "the positions have gaps" in found.wrong
    assert any("the versions" in sentence for sentence in found.wrong)
    assert any("the timeline has" in sentence for sentence in found.skipped)


def test_a_second_record_of_one_key_is_found(database: Database, acknowledged: list[Acknowledged]) -> None:
    log = Log(database)
    command = told("annotate", note="Again.", correlation=acknowledged[1].correlation)
    one(Committer(log, lambda: datetime.now(UTC)), Request([command], "other", b"body"))
    log.close()
    assert checked_log(database, acknowledged).doubled == ["key-1 brought 2 records"]


def test_a_record_that_nobody_was_told_of_is_found(database: Database, acknowledged: list[Acknowledged]) -> None:
    found = checked_log(database, acknowledged[:-1])
    assert found.wrong == [f"nobody was told of the record of {acknowledged[-1].correlation}"]


@pytest.mark.parametrize(
    ("part", "statement", "where", "sentence"),
    [
        ("log", "DELETE FROM receipts WHERE key = 'key-2'", "wrong", "the receipt of key-2"),
        ("log", "UPDATE receipts SET first = 2 WHERE key = 'key-2'", "wrong", "the receipt of key-2"),
        (
            "views",
            "DELETE FROM documents_{} WHERE view = 'timeline' AND folded_position = 2",
            "skipped",
            "at 2 is not in",
        ),
        ("views", "UPDATE builds SET position = 3", "skipped", "the views stand at 3"),
        ("views", "UPDATE documents_{} SET folded_position = 1 WHERE view = 'negotiations'", "wrong", "rebuilt"),
        ("views", "DELETE FROM tags_{}", "wrong", "the tags of"),
        ("views", "UPDATE documents_{} SET date = '2020' WHERE view = 'timeline'", "wrong", "rebuilt"),
    ],
)
def test_what_was_changed_is_found(tampered: Tamper, part: Part, statement: str, where: str, sentence: str) -> None:
    found = tampered(part, statement)
    assert any(sentence in told for told in getattr(found, where)), found
