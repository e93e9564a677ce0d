"""The committer: commands that arrive at the same time share one transaction, in one order.

Whoever waits is answered when the records are on disk, not before.
"""

import asyncio
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import uuid_utils.compat

from application.registrar import Registrar, Submission, needed
from application.sights import Sights
from application.unseen import Sight
from application.view import Record
from domain.aggregate import Aggregate
from domain.erasure import Erasure
from domain.event import DomainEvent, with_version
from domain.model import aggregate_of
from domain.refusal import Refused
from infrastructure.database import BUSY_SECONDS, StoreLost
from infrastructure.log import Log, Unreadable
from infrastructure.recorder import Receipt
from infrastructure.serialization import decode_event

QUEUE_MAX = 5_000
GROUP_MAX = 256
STREAMS_MAX = 50_000
PAUSE_SECONDS = 0.2


class Overloaded(Exception):
    """More commands are waiting than the committer takes; try again in a moment."""


class KeyReused(Refused):
    """An idempotency key stands for one request; it came with another body before, or what it brought was erased."""


class Stopping(Exception):
    """The service is about to end, and takes no more commands."""


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
        self.sights = Sights(log.of, log.restricted())

    def get(self, kind: type[Aggregate], stream: UUID) -> Aggregate:
        if held := self._held.get(stream):
            self._held.move_to_end(stream)
            return held
        self.fetch([(kind, stream)])
        return self._held[stream]

    def fetch(self, needed: Iterable[tuple[type[Aggregate], UUID]]) -> None:
        """Read the streams that are not in memory, all at once."""
        missing = {stream: kind for kind, stream in needed if stream not in self._held}
        stored = self._log.streams(dict.fromkeys(missing, 0)) if missing else {}
        for stream, kind in missing.items():
            self._held[stream] = kind.of(stream)
            self._held[stream].load(record.event for record in stored.get(stream, ()))

    def record(self, record: UUID) -> DomainEvent | None:
        found = self._log.find(str(record))
        return found and decode_event(found.topic, found.state)

    def follow(self, streams: Iterable[UUID]) -> None:
        """Take in what another process has appended to streams that are in memory."""
        known = {stream: self._held.pop(stream) for stream in streams if stream in self._held}
        stored = self._log.streams({stream: held.version for stream, held in known.items()}) if known else {}
        for stream, held in known.items():
            held.load(record.event for record in stored.get(stream, ()))
            self._held[stream] = held

    def shrink(self) -> None:
        """Let go of those that were not asked for longest. Never while a decision is not yet stored."""
        while len(self._held) > STREAMS_MAX:
            self._held.popitem(last=False)

    def clear(self) -> None:
        self._held.clear()
        self.sights.clear()


Outcome = list[Record] | Exception
"""The records of a request, or why there are none."""


class Decided(NamedTuple):
    """The events of a group of requests, and what became of each: the slice of its events, the records that it
    brought before, or why it was refused."""

    events: list[DomainEvent]
    receipts: dict[str, Receipt]
    outcomes: list[slice | Outcome]


class Committer:
    """Decides and stores. One thread uses it at a time; several processes can have one each on the same log."""

    def __init__(self, log: Log, clock: Callable[[], datetime]) -> None:
        self._log = log
        self._clock = clock
        self._streams = CachedStreams(log)
        self._registrar = Registrar(self._streams, uuid_utils.compat.uuid7)
        self._head = log.head()
        self._now = log.recorded_after(self._head - 1) or clock()
        self.taken = 0
        """How many records it has stored."""
        self._unsure: Decided | None = None
        """What was being appended when the store was lost: it may be on disk."""

    def commit(self, requests: Sequence[Request]) -> list[Outcome]:
        """What becomes of each request, in their order: what is answered with records is on disk."""
        deadline = time.monotonic() + BUSY_SECONDS
        self._unsure = None
        while True:
            try:
                return self._commit(requests)
            except Exception as error:
                self._streams.clear()
                if not isinstance(error, StoreLost) or time.monotonic() > deadline:
                    return [error] * len(requests)
                time.sleep(PAUSE_SECONDS)

    def _commit(self, requests: Sequence[Request]) -> list[Outcome]:
        """Decide each request after those before it, while nobody else appends, and append what was decided.

        An earlier attempt has ended by now, whichever way: if its records are there, they are the answer.
        """
        with self._log.appending():
            self._see_other_writers()
            decided, first = self._unsure, self._first_of(self._unsure)
            if decided is None or first is None:
                decided, first = self._decided(requests), self._head + 1
                if decided.events:
                    self._unsure = decided
                    self._log.append(decided.events, list(decided.receipts.values()), self._head)
                    self._streams.sights.stored()
        self._head = max(self._head, first + len(decided.events) - 1)
        self.taken += len(decided.events)
        records = [Record(position, event) for position, event in enumerate(decided.events, first)]
        outcomes = [records[outcome] if isinstance(outcome, slice) else outcome for outcome in decided.outcomes]
        outcomes = [self._as_seen(request, outcome) for request, outcome in zip(requests, outcomes, strict=True)]
        self._streams.shrink()
        return outcomes

    def _as_seen(self, request: Request, outcome: Outcome) -> Outcome:
        """Records with their versions among those that whoever tells them may see."""
        if isinstance(outcome, Exception):
            return outcome
        return [
            self._seen(record, submission.sight)
            for submission, record in zip(request.submissions, outcome, strict=True)
        ]

    def _seen(self, record: Record, sight: Sight) -> Record:
        event = record.event
        try:
            aggregate = self._streams.get(aggregate_of(event), event.envelope.stream)
        except Unreadable:  # of a record that came before: it is on disk, whatever else is not
            return record
        known = aggregate.without(self._streams.sights.unseen(event.envelope.negotiation, sight, self._now))
        if known is aggregate:
            return record
        version = sum(one.originator_version <= event.originator_version for one in known.records)
        return record._replace(event=with_version(event, version))

    def _first_of(self, unsure: Decided | None) -> int | None:
        """The position of the first record of an attempt, if it is in the log."""
        found = self._log.find(str(unsure.events[0].envelope.id)) if unsure else None
        return found and found[0]

    def _see_other_writers(self) -> None:
        """Take in what another process has appended since to streams in memory; forget all where it may have erased."""
        before, appended = self._head, self._log.appended(self._head)
        for one in appended:
            self._head = one.position
            self._now = max(self._now, one.recorded)
        if any(one.topic == Erasure.Made.TOPIC for one in appended):
            self._streams.clear()
        with suppress(Unreadable):  # whoever needs such a stream meets with it
            self._streams.follow(dict.fromkeys(one.stream for one in appended))
        if appended:
            self._streams.sights.follow({one.negotiation for one in appended}, before, self._log.restricted())

    def _decided(self, requests: Sequence[Request]) -> Decided:
        decided = Decided([], {}, [])
        known = self._log.receipts([request.key for request in requests if request.key])
        with suppress(Unreadable):  # whoever needs that stream meets with it below, and nobody else
            self._streams.fetch(needed(submission for request in requests for submission in request.submissions))
        for request in requests:
            try:
                decided.outcomes.append(self._decide(request, decided, known))
            except Exception as error:
                decided.outcomes.append(error)
        return decided

    def _decide(self, request: Request, decided: Decided, known: dict[str, Receipt]) -> slice | list[Record]:
        """Add a request's events, and give their slice; or the records of the same request that came before."""
        earlier = decided.receipts.get(request.key or "")
        before = earlier or known.get(request.key or "")
        if before and before.digest != request.digest:
            raise KeyReused(request.key)
        if earlier:
            return slice(earlier.first, earlier.first + earlier.count)
        if before:
            return self._log.after(before.first - 1, before.count)
        self._now = max(self._now, self._clock())
        events = self._registrar.take_down(request.submissions, self._now)
        receipt = Receipt(request.key or "", request.digest, len(decided.events), len(events))
        if request.key:
            decided.receipts[request.key] = receipt
        decided.events.extend(events)
        return slice(receipt.first, receipt.first + receipt.count)


class CommitQueue:
    """Requests wait here for the committer, which takes all that have come while it was busy. In one event loop."""

    def __init__(self, committer: Committer) -> None:
        self._committer = committer
        self._waiting: list[tuple[Request, asyncio.Future[list[Record]]]] = []
        self._thread = ThreadPoolExecutor(1, "committer")
        self.groups: Counter[int] = Counter()
        """How many groups there were of so many requests."""
        self._committing: asyncio.Task[None] | None = None
        self._stopping = False

    @property
    def depth(self) -> int:
        """How many requests wait to be taken."""
        return len(self._waiting)

    @property
    def taken(self) -> int:
        """How many records were stored."""
        return self._committer.taken

    async def submit(self, request: Request) -> list[Record]:
        """The records, once they are on disk. Raises `Overloaded` where too many wait, `Stopping`, and `Refused`."""
        if self._stopping:
            raise Stopping
        if len(self._waiting) >= QUEUE_MAX:
            raise Overloaded
        answer: asyncio.Future[list[Record]] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, answer))
        if self._committing is None or self._committing.done():
            self._committing = asyncio.create_task(self._commit())
        return await answer

    async def _commit(self) -> None:
        loop = asyncio.get_running_loop()
        while group := self._waiting[:GROUP_MAX]:
            del self._waiting[:GROUP_MAX]
            self.groups[len(group)] += 1
            requests = [request for request, _ in group]
            outcomes: list[Outcome]
            try:
                outcomes = await loop.run_in_executor(self._thread, self._committer.commit, requests)
            except Exception as error:  # nobody else would tell those who wait
                outcomes = [error] * len(group)
            if self._stopping and isinstance(outcomes[0], StoreLost):  # each group would wait as long as this one
                group, self._waiting = group + self._waiting, []
                outcomes = [outcomes[0]] * len(group)
            for (_, answer), outcome in zip(group, outcomes, strict=True):
                if answer.done():  # whoever asked has gone
                    continue
                if isinstance(outcome, Exception):
                    answer.set_exception(outcome)
                else:
                    answer.set_result(outcome)

    async def stop(self) -> None:
        """Store what was submitted, and take no more."""
        self._stopping = True
        if self._committing:
            await self._committing
        self._thread.shutdown()
