"""Erasing while others record and read, and where it is killed: nothing is lost, and nothing is left half done."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from uuid import UUID

import psycopg
import pytest
from msgspec.structs import replace

from application.replay import Times
from application.unseen import Sight
from domain.claim import Claim
from infrastructure.committer import Committer, Request
from infrastructure.database import Database
from infrastructure.erasing import Eraser
from infrastructure.log import Log, LogReader, Unreadable
from infrastructure.migrating import migrate
from infrastructure.replayed import Histories
from infrastructure.serialization import encode_event, stored
from infrastructure.view_store import ViewStore
from interfaces.main import now
from tests.infrastructure.test_log import one, told
from tests.interfaces.office import Office, holds, parley

ADA = "Ada Quillwort"
KILLED = """
import os, signal, sys
from infrastructure import erasing, subjects, view_store
from infrastructure.settings import Settings
from interfaces.main import now

address, owner, name, when = sys.argv[1:]
kind = {"Subjects": subjects.Subjects, "ViewStore": view_store.ViewStore}[owner]
done = getattr(kind, name)

def killed(*told):
    if when == "after":
        done(*told)
    os.kill(os.getpid(), signal.SIGKILL)

setattr(kind, name, killed)
eraser = erasing.Eraser(Settings(database=address).store(), now)
eraser.erase("Ada Quillwort", "Asked for.")
eraser.finish()
"""
POINTS = [
    ("Subjects", "destroy", "before"),
    ("Subjects", "destroy", "after"),
    ("Subjects", "purge", "before"),
    ("ViewStore", "purge", "before"),
    ("ViewStore", "purge", "after"),
    ("Subjects", "finish", "before"),
]


pytestmark = pytest.mark.usefixtures("chosen")


@pytest.mark.parametrize("point", POINTS, ids="-".join)
def test_an_erasure_that_is_killed_is_finished_by_the_next(
    office: Office, address: str, point: tuple[str, str, str]
) -> None:
    record = office.claim("a", speaker=ADA)
    office.claim("b", data_subject=ADA)
    office.timeline()
    assert subprocess.run([sys.executable, "-c", KILLED, address, *point], check=False).returncode == -9
    recorded = office.read("/v1/records", type="Erasure.Made")["items"]
    assert len(recorded) == (point[1] != "destroy")
    assert office.record(record)["speaker"] == ("[erased]" if recorded else ADA)
    again = parley("erase", ADA, "--reason", "Asked for.")
    assert again.exit_code == 0, again.output
    assert len(office.read("/v1/records", type="Erasure.Made")["items"]) == 1
    assert office.record(record)["speaker"] == "[erased]"
    assert not holds(address, ADA.encode())
    assert parley("erase", ADA, "--reason", "Asked for.").exit_code == 1


def test_what_is_recorded_meanwhile_is_erased_or_readable_and_never_lost(database: Database) -> None:
    def recording(number: int) -> list[str]:
        with closing(Log(database)) as log:
            committer = Committer(log, now)
            return [
                str(one(committer, Request([told("annotate", note="Noted.", data_subject=ADA)]))[0].event.envelope.id)
                for _ in range(25)
            ]

    with closing(Log(database)) as log:
        one(Committer(log, now), Request([told("open-negotiation", title="Talks")]))
    with ThreadPoolExecutor(3) as threads, closing(Eraser(database, now)) as eraser:
        others = [threads.submit(recording, number) for number in range(2)]
        erased = 0
        while not all(other.done() for other in others):
            made = eraser.erase(ADA, "Asked for.")
            erased += made.records if made else 0
            time.sleep(0.01)
        acknowledged = [record for other in others for record in other.result()]
    with closing(LogReader(database)) as log:
        events = [record.event for record in log.after(0)]
    whole = {str(name) for event in events for name in getattr(event, "records", ())}
    readable = {str(event.envelope.id) for event in events if event.TOPIC == "Negotiation.Annotated"}
    assert len(whole) == erased > 0
    assert not whole & readable
    assert whole | readable >= {*acknowledged}


def test_other_processes_let_go_of_what_they_had_in_memory(database: Database) -> None:
    with closing(Log(database)) as log, closing(Log(database)) as other, closing(LogReader(database)) as past:
        committer, histories, then = Committer(log, now), Histories(past), Times(known_at="2999-12-31")
        for command, facts in {
            "open-negotiation": {"title": "Talks"},
            "add-party": {"party": "north", "name": "North", "kind": "state"},
            "raise-issue": {"issue": "fish", "title": "Fish"},
        }.items():
            one(committer, Request([told(command, **facts)]))
        body = {"kind": "position", "claimant": "north", "subject": "issue/fish", "claim": "a", "speaker": ADA}
        claim = one(committer, Request([told("make-claim", **body, value={"type": "text", "text": "All."})]))[0].event
        assert all(ADA in str(histories.get("talks", times, Sight(), now()).records) for times in (then, Times()))
        with closing(Eraser(database, now)) as eraser:
            eraser.erase(ADA, "Asked for.")
        assert ADA not in str(histories.get("talks", Times(), Sight(), now()).records)
        assert not histories._narrowed
        one(committer, Request([told("withdraw-claim", claim="a", occurred="2025-01-03")]))
        stream = committer._streams.get(Claim, claim.envelope.stream)
        assert [getattr(event, "speaker", "") for event in stream.records] == ["[erased]", ""]
        assert other.subjects.unfinished()


def test_a_record_that_was_changed_does_not_open(database: Database) -> None:
    with closing(Log(database)) as log:
        committer = Committer(log, lambda: datetime(2025, 6, 1, tzinfo=UTC))
        one(committer, Request([told("open-negotiation", title="Talks")]))
        first, second = (
            one(committer, Request([told("annotate", note=note, data_subject=ADA)]))[0] for note in ("One.", "Two.")
        )
        connection = database.writer("log")
        states = dict(connection.rows("SELECT position, state FROM records"))
        sealed = {position: bytes(state).partition(b'"sealed":')[2] for position, state in states.items()}
        moved = bytes(states[first.position]).replace(sealed[first.position], sealed[second.position])
        connection.run("UPDATE records SET state = ? WHERE position = ?", (moved, first.position))
        connection.close()
        with pytest.raises(Unreadable, match="NotSealedHere"):
            log.after(first.position - 1)
        assert [row[2] for row in log.select({}, first.position - 1, 1)] == [moved]
        assert log.after(second.position - 1) == [second]


def test_what_stands_in_the_way_of_the_views_is_told_and_done_the_next_time(office: Office, database: Database) -> None:
    office.claim("a", speaker=ADA)
    with closing(ViewStore(database)) as rebuilding:
        assert rebuilding.rebuilds()
        result = parley("erase", ADA, "--reason", "Asked for.")
        assert result.exit_code == 1
        assert "in which the name was: 1; in talks." in result.output
        assert "The views are being made anew; repeat this when that is done." in result.output
    again = parley("erase", ADA, "--reason", "Asked for.")
    assert again.exit_code == 0
    assert "interrupted is finished" in again.output


def test_a_log_of_an_older_schema_keeps_what_it_holds_as_it_is(database: Database) -> None:
    with closing(Log(database)) as log:
        one(Committer(log, now), Request([told("open-negotiation", title="Talks")]))
        event = one(Committer(log, now), Request([told("annotate", note=f"By {ADA}.")]))[0].event
    connection = database.writer("log")
    for table in ("subject_keys", "record_subjects", "unfinished_erasures", "restricted"):
        connection.run(f"DROP TABLE {table}")
    connection.run("DROP INDEX narrowings")
    connection.set_version("log", 2)
    connection.close()
    migrate(database)
    plain = replace(event, envelope=replace(event.envelope, id=UUID(int=9), version=3, data_subject=ADA))
    with closing(Log(database)) as log:
        log.recorder.insert_events([stored(plain, encode_event(plain))], events=[plain])
        assert [record.event for record in log.after(1)] == [event, plain]
        assert log.subjects.find(ADA) == []
        one(Committer(log, now), Request([told("annotate", note="Noted.", data_subject=ADA)]))
        (subject,) = log.subjects.find(ADA)
        assert len(log.subjects.concerned(subject)) == 1


def test_no_statistics_keep_samples_of_what_can_be_erased(office: Office, address: str) -> None:
    office.timeline()
    if address.startswith("sqlite:///"):
        return  # it keeps none
    with psycopg.connect(address) as connection:
        rows = connection.execute("SELECT relname, reloptions FROM pg_class WHERE relkind = 'r'").fetchall()
    options = {name.rpartition("_")[0] if name[-1].isdigit() else name: told for name, told in rows}
    for table in ("subject_keys", "documents", "texts", "parked"):
        assert "autovacuum_analyze_threshold=2147483647" in options[table]
