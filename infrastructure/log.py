"""The log: every record, once, in one gap-free order.

A record's envelope stands beside it in columns, for finding it; `record_parties`, `receipts` (the idempotency keys) and
the keys of data subjects are written in the append's own transaction.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from application.view import Record
from domain.event import DomainEvent
from infrastructure.database import Connection, Database, as_elements
from infrastructure.log_tables import AMENDING, TABLES
from infrastructure.recorder import LogRecorder, Receipt
from infrastructure.serialization import decode_event, stored
from infrastructure.subjects import Subjects


class Unreadable(Exception):
    """A record in the log that this version of the code cannot read."""

    def __init__(self, position: int, reason: str) -> None:
        super().__init__(f"the record at position {position} cannot be read: {reason}")
        self.position = position
        self.reason = reason


class LogRow(NamedTuple):
    """A record as it is stored: its position, type, JSON and negotiation."""

    position: int
    topic: str
    state: bytes
    negotiation: str


class Appended(NamedTuple):
    """A record that was appended: where, when it was taken down, and of what type."""

    position: int
    negotiation: str
    stream: UUID
    recorded: datetime
    topic: str


class LogReader:
    """The log, open for reading alone. Raises `StoreRefused` where it cannot be used."""

    def __init__(self, database: Database, skip: Callable[[int, str], None] | None = None) -> None:
        """A record that cannot be read raises `Unreadable`, or is skipped, and its position and the reason told."""
        self._skip = skip
        self._open(TABLES.reader(database))

    def _open(self, connection: Connection) -> None:
        self._connection = connection
        self.subjects = Subjects(connection)

    def head(self) -> int:
        """The last position; 0 where the log is empty."""
        return int(self._connection.value("SELECT coalesce(max(position), 0) FROM records"))

    def after(self, position: int, limit: int | None = None) -> list[Record]:
        """The next records after a position, in the order of the log."""
        bound = "" if limit is None else f" LIMIT {limit}"
        sql = f"SELECT position, topic, state FROM records WHERE position > ? ORDER BY position{bound}"
        return self._records(self._connection.rows(sql, (position,)))

    def appended(self, position: int) -> list[Appended]:
        """What is known of the records after a position without reading them."""
        sql = (
            "SELECT position, negotiation, stream_id, recorded, topic FROM records WHERE position > ? ORDER BY position"
        )
        return [
            Appended(place, negotiation, UUID(str(stream)), datetime.fromisoformat(recorded), topic)
            for place, negotiation, stream, recorded, topic in self._connection.rows(sql, (position,))
        ]

    def in_time(self, negotiation: str, until: int) -> Iterator[Record]:
        """The records of a negotiation up to a position, in the order in which they occurred."""
        last: tuple[Any, ...] = ("", 0)
        while True:
            rows = self._connection.rows(
                "SELECT position, topic, state, occurred, position FROM records"
                " WHERE negotiation = ? AND (occurred, position) > (?, ?) AND position <= ?"
                f" ORDER BY occurred, position LIMIT {PAGE}",
                (negotiation, *last, until),
            )
            yield from self._records(rows)
            last = rows[-1][3:] if rows else last
            if len(rows) < PAGE:
                return

    def of(self, negotiation: str, after: int = 0, known: int = 0) -> list[Record]:
        """The records of a negotiation after a position, in the order of the log; `known` is how many it has up to
        there, as far as that is known.
        """
        few = known > 0 and self.head() - after < known  # then all since is less to go through than all of its own
        where = "negotiation || '' = ? AND position > ?" if few else "negotiation = ? AND position + 0 > ?"
        sql = f"SELECT position, topic, state FROM records WHERE {where} ORDER BY position"
        return self._records(self._connection.rows(sql, (negotiation, after)))

    def at(self, positions: Iterable[int]) -> list[Record]:
        """The records at some positions, in the order of the log."""
        integer, elements = self._connection.dialect.types["integer"], self._connection.dialect.elements
        rows = self._connection.rows(
            "SELECT position, topic, state FROM records WHERE position IN"
            f" (SELECT CAST(value ->> 0 AS {integer}) FROM {elements}) ORDER BY position",
            (as_elements(map(str, positions)),),
        )
        return self._records(rows)

    def amended(self, negotiation: str, until: int) -> list[Record]:
        """All records of the streams in which an amendment stands, in the order of the log."""
        rows = self._connection.rows(
            "SELECT position, topic, state FROM records JOIN"
            " (SELECT DISTINCT stream_id FROM records WHERE negotiation = ? AND position <= ?"
            f" AND topic IN {AMENDING}) AS amended USING (stream_id)"
            " WHERE position <= ? ORDER BY position",
            (negotiation, until, until),
        )
        return self._records(rows)

    def streams(self, known: Mapping[UUID, int]) -> dict[UUID, list[Record]]:
        """The records of some streams after the version known of each, in the order of their versions."""
        dialect = self._connection.dialect
        rows = self._connection.rows(
            f"SELECT position, topic, state FROM {dialect.elements} JOIN records ON"
            f" stream_id = CAST(value ->> 0 AS {dialect.types['uuid']}) AND version > CAST(value ->> 1 AS INTEGER)"
            " ORDER BY version",
            (json.dumps([[str(stream), version] for stream, version in known.items()]),),
        )
        found: dict[UUID, list[Record]] = defaultdict(list)
        for record in self._records(rows):
            found[record.event.envelope.stream].append(record)
        return found

    def recorded_after(self, position: int) -> datetime | None:
        """When the next record after a position was taken down."""
        told = self._connection.value(
            "SELECT recorded FROM records WHERE position > ? ORDER BY position LIMIT 1", (position,)
        )
        return datetime.fromisoformat(told) if told else None

    def negotiation_at(self, position: int) -> str:
        """The negotiation of the record at a position."""
        return str(self._connection.value("SELECT negotiation FROM records WHERE position = ?", (position,)))

    def restricted(self) -> frozenset[str]:
        """The negotiations in which a record is or was for some alone."""
        return frozenset(name for (name,) in self._connection.rows("SELECT negotiation FROM restricted"))

    def knows(self, negotiation: str) -> bool:
        """Whether there is any record of a negotiation."""
        return bool(self._connection.rows("SELECT 1 FROM records WHERE negotiation = ? LIMIT 1", (negotiation,)))

    def lengths(self, until: int) -> dict[str, int]:
        """How many records each negotiation has up to a position."""
        rows = self._connection.rows(
            "SELECT negotiation, count(*) FROM records WHERE negotiation IS NOT NULL AND position <= ?"
            " GROUP BY negotiation ORDER BY negotiation",
            (until,),
        )
        return dict(rows)

    def negotiations(self) -> list[str]:
        rows = self._connection.rows(
            "SELECT DISTINCT negotiation FROM records WHERE negotiation IS NOT NULL ORDER BY negotiation"
        )
        return [row[0] for row in rows]

    def receipts(self, keys: Sequence[str]) -> dict[str, Receipt]:
        """What requests with these idempotency keys brought, where they came before."""
        if not keys:
            return {}
        rows = self._connection.rows(
            f"SELECT key, digest, first, count FROM receipts WHERE key {self._connection.dialect.among}",
            (as_elements(keys),),
        )
        return {row[0]: Receipt(*row) for row in rows}

    def find(self, record: str) -> LogRow | None:
        """A record by its id, as it is served."""
        row = self.as_stored(record)
        return self.served([row])[0] if row else None

    def as_stored(self, record: str) -> LogRow | None:
        """A record by its id, with what is encrypted in it."""
        rows = self._connection.rows(f"SELECT {_ROW} FROM records WHERE id = ?", (record,))
        return LogRow(*rows[0]) if rows else None

    def stored_after(self, position: int, limit: int) -> list[LogRow]:
        """The next records after a position, with what is encrypted in them."""
        sql = f"SELECT {_ROW} FROM records WHERE position > ? ORDER BY position LIMIT ?"
        return [LogRow(*row) for row in self._connection.rows(sql, (position, limit))]

    def select(
        self,
        filters: dict[str, str],
        after: int,
        limit: int,
        negotiations: frozenset[str] | None = None,
        stored: bool = False,
    ) -> list[LogRow]:
        """Records in the order of the log, of some negotiations or of all, as they are served or as they are stored.

        `filters` are of `FILTERS`; a range's bounds compare with the keys of `domain.moment.order`.
        """
        clauses = ["position > ?", *(FILTERS[name] for name in filters)]
        values = [after, *filters.values()]
        if negotiations is not None:
            clauses.append(f"negotiation {self._connection.dialect.among}")
            values.append(as_elements(sorted(negotiations)))
        rows = self._connection.rows(
            f"SELECT {_ROW} FROM records WHERE {' AND '.join(clauses)} ORDER BY position LIMIT ?", (*values, limit)
        )
        return [LogRow(*row) for row in rows] if stored else self.served(rows)

    def served(self, rows: Sequence[tuple[Any, ...]]) -> list[LogRow]:
        """Stored records as they are served, with what was sealed.

        One that somebody changed, so that it does not open, is served as it stands.
        """
        opener = self.subjects.opener(rows)
        if opener is None:
            return [LogRow(*row) for row in rows]
        return [
            LogRow(position, topic, opener.opened_or_not(topic, state), negotiation)
            for position, topic, state, negotiation in rows
        ]

    def close(self) -> None:
        self._connection.close()

    def _records(self, rows: Sequence[tuple[Any, ...]]) -> list[Record]:
        found = []
        opener = self.subjects.opener(rows)
        for position, topic, state, *_ in rows:
            try:
                found.append(Record(position, decode_event(topic, opener.opened(topic, state) if opener else state)))
            except Exception as error:
                reason = f"{type(error).__name__}: {error}"
                if self._skip is None:
                    raise Unreadable(position, reason) from error
                self._skip(position, reason)
        return found


class Log(LogReader):
    """The log, open for appending; an embedded one is made or brought to this version first."""

    def __init__(self, database: Database) -> None:
        self._skip = None
        self._open(TABLES.writer(database))
        self.recorder = LogRecorder(self._connection)

    def appending(self) -> AbstractContextManager[None]:
        """Nobody else appends meanwhile; all that is appended is on disk when it ends, or nothing."""
        return self.recorder.appending()

    def append(
        self, events: Sequence[DomainEvent], receipts: Sequence[Receipt] = (), head: int | None = None
    ) -> list[int]:
        """Store events; gives their positions. On disk when this returns, or when `appending` ends around it.

        Whoever is `appending` may know the `head`, the last position that is taken.

        Raises the library's `IntegrityError` where a stream has moved or a receipt's key is taken.
        """
        with self.appending():
            sealed = self.subjects.sealed(events)
            states = [stored(event, one.state) for event, one in zip(events, sealed, strict=True)]
            positions = list(self.recorder.insert_events(states, events=events, receipts=receipts, head=head) or ())
            if positions:
                self.subjects.append(positions[0], sealed)
        return positions

    def close(self) -> None:
        self.recorder.close()


_ROW = "position, topic, state, negotiation"
PAGE = 2000
"""How many records are read at once."""
FILTERS = {
    "negotiation": "negotiation = ?",
    "stream": "stream = ?",
    "type": "topic = ?",
    "party": "position IN (SELECT position FROM record_parties WHERE party = ?)",
    "occurred_from": "occurred >= ?",
    "occurred_to": "occurred < ?",
    "published_from": "published >= ?",
    "published_to": "published != '' AND published < ?",
    "recorded_from": "recorded >= ?",
    "recorded_to": "recorded < ?",
}
"""What the records can be narrowed by. A `to` is exclusive here: the caller passes the key just after."""
