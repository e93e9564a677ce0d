"""The recorder: the library's port for storing events, with what is stored beside them in the same transaction."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import RLock
from typing import Any
from uuid import UUID

from eventsourcing.persistence import (
    ApplicationRecorder,
    Notification,
    NotSupportedError,
    StoredEvent,
    Subscription,
)

from domain.event import DomainEvent
from domain.model import aggregate_of
from domain.moment import order
from domain.names import concerned
from domain.release import is_about_access
from infrastructure.database import Connection

_COLUMNS = "position", "stream_id", "version", "topic", "state"
ENVELOPE = "id", "negotiation", "stream", "occurred", "published", "recorded"


@dataclass(frozen=True)
class Receipt:
    """What a request with an idempotency key brought: the digest of its body, and its records' positions."""

    key: str
    digest: bytes
    first: int
    count: int


class LogRecorder(ApplicationRecorder):
    """The library's port for storing events. Any number of threads can use it, one at a time.

    `select_events`, `select_notifications` and `subscribe` are there for the contract of that port alone, to which
    the library's own test cases hold it: Parley reads the log in ways of its own.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._alone = RLock()
        self._appending = False

    @contextmanager
    def appending(self) -> Iterator[None]:
        """Nobody else appends meanwhile; all that is inserted is on disk when it ends, or nothing."""
        with self._alone:
            if self._appending:
                yield
                return
            self._appending = True
            try:
                with self._connection.transaction("log"):
                    yield
            finally:
                self._appending = False

    def insert_events(
        self,
        stored_events: Sequence[StoredEvent],
        *,
        events: Sequence[DomainEvent] = (),
        receipts: Sequence[Receipt] = (),
        head: int | None = None,
        **kwargs: Any,
    ) -> Sequence[int] | None:
        """`receipts` count their first position from 0, in the order of the events.

        Whoever appends may know the `head`, the last position that is taken.
        """
        with self.appending():
            first = (self.max_notification_id() or 0 if head is None else head) + 1
            positions = range(first, first + len(stored_events))
            rows = [
                (position, str(stored.originator_id), stored.originator_version, stored.topic, stored.state)
                for position, stored in zip(positions, stored_events, strict=True)
            ]
            if events:
                rows = [row + envelope_columns(event) for row, event in zip(rows, events, strict=True)]
            self._connection.insert("records", [*_COLUMNS, *(ENVELOPE if events else ())], rows)
            indexed = zip(positions, events, strict=False)
            parties = [(party, position) for position, event in indexed for party in concerned(event, "party")[0]]
            self._connection.insert("record_parties", ["party", "position"], parties)
            restricted = {(event.envelope.negotiation,) for event in events if is_about_access(event)}
            if restricted:
                self._connection.many("INSERT INTO restricted VALUES (?) ON CONFLICT DO NOTHING", restricted)
            told = [(r.key, r.digest, first + r.first, r.count) for r in receipts]
            self._connection.insert("receipts", ["key", "digest", "first", "count"], told)
            self._connection.tell()
        return list(positions)

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        bounds: dict[str, Any] = {"stream_id = ?": str(originator_id), "version > ?": gt, "version <= ?": lte}
        found = self._select("version", bounds, "version DESC" if desc else "version", limit)
        return [StoredEvent(originator_id, version, topic, state) for version, topic, state in found]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        bounds: dict[str, Any] = {f"position >{'=' * inclusive_of_start} ?": start, "position <= ?": stop}
        wanted = f" AND topic IN ({', '.join('?' * len(topics))})" if topics else ""
        found = self._select("position, stream_id, version", bounds, "position", limit, wanted, topics)
        return [
            Notification(
                originator_id=UUID(str(stream)), originator_version=version, topic=topic, state=state, id=place
            )
            for place, stream, version, topic, state in found
        ]

    def max_notification_id(self) -> int | None:
        with self._alone:
            position = self._connection.value("SELECT max(position) FROM records")
        return None if position is None else int(position)

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> Subscription[ApplicationRecorder]:
        """Not offered: whoever follows the log waits for `News` and reads on."""
        raise NotSupportedError("Wait for the database's news, and select the notifications after the last.")

    def close(self) -> None:
        """Once nobody uses it: a connection that is closed in the middle of a statement brings the process down."""
        with self._alone:
            self._connection.close()

    def _select(
        self,
        columns: str,
        bounds: dict[str, Any],
        order_by: str,
        limit: int | None,
        wanted: str = "",
        values: Sequence[Any] = (),
    ) -> list[tuple[Any, ...]]:
        told = {clause: value for clause, value in bounds.items() if value is not None}
        where = " AND ".join(["1 = 1", *told]) + wanted
        limited = "" if limit is None else f" LIMIT {int(limit)}"
        sql = f"SELECT {columns}, topic, state FROM records WHERE {where} ORDER BY {order_by}{limited}"
        with self._alone:
            return self._connection.rows(sql, [*told.values(), *values])


def stream_name(event: DomainEvent) -> str:
    """How people name the stream of a record: `round/3`."""
    return f"{aggregate_of(event).KIND}/{event.envelope.key}"


def envelope_columns(event: DomainEvent) -> tuple[Any, ...]:
    """What stands of an envelope in columns of its own, in the order of `ENVELOPE`."""
    envelope = event.envelope
    return (
        str(envelope.id),
        envelope.negotiation,
        stream_name(event),
        order(envelope.occurred),
        order(envelope.published) if envelope.published else "",
        envelope.recorded.isoformat(timespec="microseconds"),
    )
