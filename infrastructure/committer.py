"""The committer: commands that arrive at the same time share one transaction, in one order.

One thread decides and appends; whoever waits is answered when the records are on disk, not before.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import datetime
from queue import Full, Queue
from threading import Thread
from typing import NamedTuple
from uuid import UUID

import uuid_utils.compat
from eventsourcing.persistence import IntegrityError

from application.registrar import Registrar, Submission
from application.view import Record
from domain.aggregate import Aggregate
from domain.event import DomainEvent
from domain.refusal import Refused
from infrastructure.log import Log, Receipt
from infrastructure.serialization import decode_event

QUEUE_MAX = 10_000
GROUP_MAX = 256
STREAMS_MAX = 50_000
ATTEMPTS = 4


class Overloaded(Exception):
    """More commands are waiting than the committer takes; try again in a moment."""


class KeyReused(Refused):
    """An idempotency key stands for one request; this one came with another body before."""


class StreamMoved(Refused):
    """The stream kept moving while the command was decided; send it again."""


class Request(NamedTuple):
    """Commands that are stored together or not at all; `key` and `digest` make a repeat harmless."""

    submissions: Sequence[Submission]
    key: str | None = None
    digest: bytes = b""


class CachedStreams:
    """The aggregates in memory, each read from the log when it is first asked for."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._held: OrderedDict[UUID, Aggregate] = OrderedDict()

    def get(self, kind: type[Aggregate], stream: UUID) -> Aggregate:
        if held := self._held.get(stream):
            self._held.move_to_end(stream)
            return held
        aggregate = kind.of(stream)
        for event in self._log.stream(stream):
            event.mutate(aggregate)
        self._held[stream] = aggregate
        return aggregate

    def record(self, record: UUID) -> DomainEvent | None:
        found = self._log.reader.find(str(record))
        return found and decode_event(*found[1:])

    def shrink(self) -> None:
        """Let go of those that were not asked for longest. Never while a decision is not yet stored."""
        while len(self._held) > STREAMS_MAX:
            self._held.popitem(last=False)

    def clear(self) -> None:
        self._held.clear()


Answers = Future[list[Record]]


class Committer(Thread):
    """Started with `start`; `submit` can be called from any thread."""

    def __init__(self, log: Log, clock: Callable[[], datetime], on_commit: Callable[[], None]) -> None:
        super().__init__(name="committer", daemon=True)
        self._log = log
        self._clock = clock
        self._on_commit = on_commit
        self._streams = CachedStreams(log)
        self._registrar = Registrar(self._streams, uuid_utils.compat.uuid7)
        self._queue: Queue[tuple[Request, Answers] | None] = Queue(QUEUE_MAX)
        self._head = log.reader.head()
        last = log.reader.after(self._head - 1, 1)
        self._now = last[0].event.envelope.recorded if last else clock()

    def submit(self, request: Request) -> Answers:
        """The records, once they are on disk. Raises `Overloaded` where too many wait; the future raises `Refused`."""
        answer: Answers = Future()
        try:
            self._queue.put_nowait((request, answer))
        except Full:
            raise Overloaded from None
        return answer

    def stop(self) -> None:
        """Store what was submitted, and end."""
        self._queue.put(None)
        self.join()

    def run(self) -> None:
        going = True
        while going:
            group = [self._queue.get()]
            while len(group) < GROUP_MAX and not self._queue.empty():
                group.append(self._queue.get())
            going = None not in group
            self._commit([waiting for waiting in group if waiting is not None])

    def _commit(self, group: list[tuple[Request, Answers]]) -> None:
        outcomes: Sequence[list[Record] | Exception] = [StreamMoved(self._head)] * len(group)
        for _ in range(ATTEMPTS):
            try:
                outcomes = self._store(group)
                break
            except IntegrityError:
                self._streams.clear()
            except Exception as error:
                self._streams.clear()
                outcomes = [error] * len(group)
                break
        self._on_commit()
        for (_, answer), outcome in zip(group, outcomes, strict=True):
            if not answer.set_running_or_notify_cancel():
                continue
            if isinstance(outcome, Exception):
                answer.set_exception(outcome)
            else:
                answer.set_result(outcome)

    def _store(self, group: list[tuple[Request, Answers]]) -> list[list[Record] | Exception]:
        """Decide each request after those before it, append what was decided, and say what became of each."""
        self._see_other_writers()
        events: list[DomainEvent] = []
        receipts: dict[str, Receipt] = {}
        outcomes: list[slice | list[Record] | Exception] = []
        for request, _ in group:
            try:
                outcomes.append(self._decide(request, events, receipts))
            except Exception as error:
                outcomes.append(error)
        positions = self._log.append(events, list(receipts.values())) if events else []
        self._head = positions[-1] if positions else self._head
        self._streams.shrink()
        records = [Record(position, event) for position, event in zip(positions, events, strict=True)]
        return [records[outcome] if isinstance(outcome, slice) else outcome for outcome in outcomes]

    def _decide(
        self, request: Request, events: list[DomainEvent], receipts: dict[str, Receipt]
    ) -> slice | list[Record]:
        """Add a request's events, and give their slice; or the records of the same request that came before."""
        earlier = receipts.get(request.key or "")
        known = earlier or (self._log.reader.receipt(request.key) if request.key else None)
        if known and known.digest != request.digest:
            raise KeyReused(request.key)
        if earlier:
            return slice(earlier.first, earlier.first + earlier.count)
        if known:
            return self._log.reader.after(known.first - 1, known.count)
        self._now = max(self._now, self._clock())
        decided = self._registrar.take_down(request.submissions, self._now)
        receipt = Receipt(request.key or "", request.digest, len(events), len(decided))
        if request.key:
            receipts[request.key] = receipt
        events += decided
        return slice(receipt.first, receipt.first + receipt.count)

    def _see_other_writers(self) -> None:
        """Forget the streams in memory where another process has appended since."""
        head = self._log.reader.head()
        if head != self._head:
            self._streams.clear()
            self._head = head
