"""The log: every record, once, in one gap-free order, in one SQLite file.

The library's recorder keeps the events (`stored_events`); beside it stand an index of the envelopes
(`records`, `record_parties`) and the idempotency keys (`receipts`), written in the append's own transaction.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from eventsourcing.persistence import EventStore, StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteCursor, SQLiteDatastore

from application.view import Record
from domain.event import DomainEvent
from domain.model import aggregate_of
from domain.moment import order
from domain.names import concerned
from infrastructure.serialization import EventMapper, decode_event
from infrastructure.sqlite import BUSY_SECONDS, StoreRefused, open_for_reading, open_for_writing, schema_version

SCHEMA = 1
_TABLES = (
    "CREATE TABLE IF NOT EXISTS stored_events (position INTEGER PRIMARY KEY, originator_id TEXT NOT NULL,"
    " originator_version INTEGER NOT NULL, topic TEXT NOT NULL, state BLOB NOT NULL,"
    " UNIQUE (originator_id, originator_version))",
    "CREATE TABLE IF NOT EXISTS records (position INTEGER PRIMARY KEY REFERENCES stored_events,"
    " id TEXT NOT NULL UNIQUE, negotiation TEXT NOT NULL, stream TEXT NOT NULL, type TEXT NOT NULL,"
    " occurred TEXT NOT NULL, published TEXT NOT NULL, recorded TEXT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS records_in_time ON records (negotiation, occurred, position)",
    "CREATE INDEX IF NOT EXISTS amendments ON records (negotiation, position)"
    " WHERE type IN ('Record.Corrected', 'Record.Retracted')",
    "CREATE TABLE IF NOT EXISTS record_parties (party TEXT NOT NULL, position INTEGER NOT NULL REFERENCES records,"
    " PRIMARY KEY (party, position)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS receipts (key TEXT PRIMARY KEY, digest BLOB NOT NULL, first INTEGER NOT NULL,"
    " count INTEGER NOT NULL) WITHOUT ROWID",
)


@dataclass(frozen=True)
class Receipt:
    """What a request with an idempotency key brought: the digest of its body, and its records' positions."""

    key: str
    digest: bytes
    first: int
    count: int


class LogRecorder(SQLiteApplicationRecorder):
    """The library's recorder, with the envelopes' index and the receipts in the same transaction."""

    def __init__(self, datastore: SQLiteDatastore) -> None:
        super().__init__(datastore)
        self.insert_events_statement = (
            "INSERT INTO stored_events (originator_id, originator_version, topic, state) VALUES (?, ?, ?, ?)"
        )

    def construct_create_table_statements(self) -> list[str]:
        return [*_TABLES, f"PRAGMA user_version = {SCHEMA}"]

    def _insert_events(
        self,
        c: SQLiteCursor,
        stored_events: Sequence[StoredEvent],
        *,
        events: Sequence[DomainEvent] = (),
        receipts: Sequence[Receipt] = (),
        **kwargs: Any,
    ) -> Sequence[int] | None:
        """`receipts` count their first position from 0, in the order of the events."""
        positions = super()._insert_events(c, stored_events, **kwargs) or ()
        indexed = list(zip(positions, events, strict=False))
        c.executemany("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?)", [_index(p, e) for p, e in indexed])
        c.executemany(
            "INSERT INTO record_parties VALUES (?, ?)",
            [(party, position) for position, event in indexed for party in concerned(event, "party")],
        )
        c.executemany(
            "INSERT INTO receipts VALUES (?, ?, ?, ?)",
            [(r.key, r.digest, positions[r.first], r.count) for r in receipts],
        )
        return positions


def stream_name(event: DomainEvent) -> str:
    """How people name the stream of a record: `round/3`."""
    return f"{aggregate_of(event).KIND}/{event.envelope.key}"


def _index(position: int, event: DomainEvent) -> tuple[Any, ...]:
    envelope = event.envelope
    return (
        position,
        str(envelope.id),
        envelope.negotiation,
        stream_name(event),
        event.TOPIC,
        order(envelope.occurred),
        order(envelope.published) if envelope.published else "",
        envelope.recorded.isoformat(timespec="microseconds"),
    )


class Log:
    """The log, open for appending. Raises `StoreRefused` where the file cannot be used."""

    def __init__(self, file: Path) -> None:
        _refuse_unusable(file)
        self.recorder = LogRecorder(SQLiteDatastore(str(file), lock_timeout=int(BUSY_SECONDS)))
        self.recorder.create_table()
        self._store: EventStore[UUID] = EventStore(EventMapper(), self.recorder)
        self.reader = LogReader(file)

    def append(self, events: Sequence[DomainEvent], receipts: Sequence[Receipt] = ()) -> list[int]:
        """Store events in one transaction, on disk when this returns; gives their positions.

        Raises the library's `IntegrityError` where a stream has moved or a receipt's key is taken.
        """
        recordings = self._store.put(list(events), events=events, receipts=receipts)
        return [int(recording.notification.id) for recording in recordings]

    def stream(self, stream: UUID) -> Iterator[DomainEvent]:
        """The events of one stream, in the order of their versions."""
        return self._store.get(stream)  # type: ignore[return-value]

    def close(self) -> None:
        self.reader.close()
        self.recorder.datastore.close()


def _refuse_unusable(file: Path) -> None:
    try:
        connection = open_for_writing(file)
        try:
            version = schema_version(connection)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise StoreRefused(f"The log {file} cannot be opened: {error}.") from None
    if version > SCHEMA:
        raise StoreRefused(
            f"The log {file} was written by a newer version of Parley (schema {version}, this one knows {SCHEMA})."
        )


class LogReader:
    """The log, open for reading alone."""

    def __init__(self, file: Path) -> None:
        self._connection = open_for_reading(file)
        if schema_version(self._connection) > SCHEMA:
            raise StoreRefused(f"The log {file} was written by a newer version of Parley.")

    def head(self) -> int:
        """The last position; 0 where the log is empty."""
        return int(self._connection.execute("SELECT coalesce(max(position), 0) FROM stored_events").fetchone()[0])

    def after(self, position: int, limit: int) -> list[Record]:
        """The next records after a position, in the order of the log."""
        rows = self._connection.execute(
            "SELECT position, topic, state FROM stored_events WHERE position > ? ORDER BY position LIMIT ?",
            (position, limit),
        )
        return [_record(row) for row in rows]

    def in_time(self, negotiation: str, until: int) -> Iterator[Record]:
        """The records of a negotiation up to a position, in the order in which they occurred."""
        rows = self._connection.execute(
            "SELECT e.position, e.topic, e.state FROM records r JOIN stored_events e USING (position)"
            " WHERE r.negotiation = ? AND r.position <= ? ORDER BY r.occurred, r.position",
            (negotiation, until),
        )
        return map(_record, rows)

    def of(self, negotiation: str, after: int = 0) -> list[Record]:
        """The records of a negotiation after a position, in the order of the log."""
        own = "+r.negotiation" if after else "r.negotiation"  # later ones are few: go by position, not by negotiation
        rows = self._connection.execute(
            "SELECT e.position, e.topic, e.state FROM records r JOIN stored_events e USING (position)"
            f" WHERE {own} = ? AND r.position > ? ORDER BY r.position",
            (negotiation, after),
        )
        return list(map(_record, rows))

    def amended(self, negotiation: str, until: int) -> list[Record]:
        """All records of the streams in which a correction or retraction stands, in the order of the log."""
        rows = self._connection.execute(
            "SELECT position, topic, state FROM stored_events WHERE position <= ? AND originator_id IN"
            " (SELECT e.originator_id FROM records r JOIN stored_events e USING (position)"
            " WHERE r.negotiation = ? AND r.position <= ? AND r.type IN ('Record.Corrected', 'Record.Retracted'))"
            " ORDER BY position",
            (until, negotiation, until),
        )
        return list(map(_record, rows))

    def knows(self, negotiation: str) -> bool:
        """Whether there is any record of a negotiation."""
        found = self._connection.execute("SELECT 1 FROM records WHERE negotiation = ? LIMIT 1", (negotiation,))
        return found.fetchone() is not None

    def negotiations(self) -> list[str]:
        return [row[0] for row in self._connection.execute("SELECT DISTINCT negotiation FROM records ORDER BY 1")]

    def receipt(self, key: str) -> Receipt | None:
        row = self._connection.execute("SELECT * FROM receipts WHERE key = ?", (key,)).fetchone()
        return row and Receipt(*row)

    def find(self, record: str) -> tuple[int, str, bytes] | None:
        """A record by its id: its position, type and JSON."""
        row = self._connection.execute(
            "SELECT e.position, e.topic, e.state FROM records r JOIN stored_events e USING (position) WHERE r.id = ?",
            (record,),
        ).fetchone()
        return row and (row[0], row[1], row[2])

    def select(self, filters: dict[str, str], after: int, limit: int) -> list[tuple[int, str, bytes]]:
        """Records in the order of the log: positions, types and JSON.

        `filters` are of `FILTERS`; a range's bounds compare with the keys of `domain.moment.order`.
        """
        clauses, values = ["r.position > ?"], [str(after)]
        for name, value in filters.items():
            clauses.append(FILTERS[name])
            values.append(value)
        rows = self._connection.execute(
            "SELECT e.position, e.topic, e.state FROM records r JOIN stored_events e USING (position)"
            f" WHERE {' AND '.join(clauses)} ORDER BY r.position LIMIT ?",
            (after, *values[1:], limit),
        )
        return rows.fetchall()

    def close(self) -> None:
        self._connection.close()


FILTERS = {
    "negotiation": "r.negotiation = ?",
    "stream": "r.stream = ?",
    "type": "r.type = ?",
    "party": "r.position IN (SELECT position FROM record_parties WHERE party = ?)",
    "occurred_from": "r.occurred >= ?",
    "occurred_to": "r.occurred < ?",
    "published_from": "r.published >= ?",
    "published_to": "r.published != '' AND r.published < ?",
    "recorded_from": "r.recorded >= ?",
    "recorded_to": "r.recorded < ?",
}
"""What the records can be narrowed by. A `to` is exclusive here: the caller passes the key just after."""


def _record(row: tuple[int, str, bytes]) -> Record:
    return Record(row[0], decode_event(row[1], row[2]))
