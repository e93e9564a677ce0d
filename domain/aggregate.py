"""An aggregate: what one stream of records adds up to, at its end or at any time before.

The log keeps records in the order in which they were taken down; a state is folded in the order in
which things occurred, so that a late record lands where it belongs in time.
"""

from bisect import bisect_right, insort
from collections.abc import Container, Iterable, Sequence, Set
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Self
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.domain import BaseAggregate

from domain.amendment import Amendment, always, doubted, in_force
from domain.erased import Erased
from domain.event import DomainEvent
from domain.moment import order
from domain.refusal import AlreadyKnown, Refused, Unknown

_NAMESPACE = uuid5(NAMESPACE_URL, "urn:parley:stream")
_BLANK = datetime.min.replace(tzinfo=UTC)


@lru_cache(maxsize=65_536)
def stream_id(negotiation: str, kind: str, key: str) -> UUID:
    """The stream of a thing, derived from the names that people give it (RFC 9562, version 5)."""
    return uuid5(_NAMESPACE, f"{negotiation}/{kind}/{key}")


def _in_time(event: DomainEvent) -> tuple[str, int]:
    return order(event.envelope.occurred), event.envelope.version


def _occurred(event: DomainEvent) -> str:
    return order(event.envelope.occurred)


@cache
def _overrides(event: type[DomainEvent], method: str) -> bool:
    """Whether events of a type do something of their own here."""
    return getattr(event, method) is not getattr(DomainEvent, method)


def _holds_from_a_date(event: DomainEvent) -> bool:
    """Whether an event changes what stands only from a date on."""
    return isinstance(event, Amendment) and event.envelope.effective is not None


class Aggregate(BaseAggregate[UUID]):
    """Subclasses hold their state in attributes, blank until a record changes them."""

    # Without annotations: the library would turn an annotated class into a dataclass.
    KIND = ""
    ADDRESS = tuple[str, ...]()
    """The fields of a command that name the aggregate, beside the negotiation."""

    def __init__(self) -> None:
        self.records: list[DomainEvent] = []
        """All of the stream, in the order of the log."""
        self.history: list[DomainEvent] = []
        """Those in force, as corrected, in the order in which they occurred; what was erased is not among them."""
        self._turns = False
        """Whether an amendment holds from a date on; kept, so that a decision need not go through a long stream."""
        self._loads = False
        """Whether records are taken in that are folded only when all are there."""
        self.blank()

    def blank(self) -> None:
        """The state before any record."""

    @classmethod
    def of(cls, stream: UUID) -> Self:
        """The aggregate of a stream, with no records yet."""
        aggregate = cls.__new__(cls)
        aggregate.__base_init__(stream, 0, _BLANK)
        aggregate.__init__()  # type: ignore[misc]
        return aggregate

    def load(self, events: Iterable[DomainEvent]) -> None:
        """Take in the next records of the stream, in the order of the log, with one fold at most."""
        told = list(events)
        self._loads = len(told) > 1
        for event in told:
            event.mutate(self)
        if self._loads:
            self._fold(in_force(self.records, always))
        self._loads = False

    def take(self, event: DomainEvent) -> None:
        """Put a record in its place in time; a correction or retraction changes what stands there."""
        self.records.append(event)
        self._turns = self._turns or _holds_from_a_date(event)
        if self._loads or isinstance(event, Erased):
            pass
        elif isinstance(event, Amendment):
            self._fold(in_force(self.records, always))
        elif not self.history or _in_time(event) > _in_time(self.history[-1]):
            self.history.append(event)
            event.change(self)
        else:
            insort(self.history, event, key=_in_time)
            if _overrides(type(event), "change"):
                self._change_by_all()

    def at(self, moment: str) -> Self:
        """The state when something occurred at a moment, as known now."""
        if self._turns:
            standing = in_force(self.records, lambda amendment: amendment.holds_at(moment))
            return self._with([event for event in standing if order(event.envelope.occurred) <= order(moment)])
        if not self.history or order(moment) >= order(self.history[-1].envelope.occurred):
            return self
        return self._with(self.history[: bisect_right(self.history, order(moment), key=_occurred)])

    def before(self, version: int) -> Self:
        """The state on which the record of a version was taken down, as its records stand now."""
        earlier: dict[UUID, DomainEvent] = {}
        for event in self.records:
            if event.record in earlier if isinstance(event, Amendment) else event.originator_version < version:
                earlier[event.envelope.id] = event
        return self._with(in_force(list(earlier.values()), always), list(earlier.values()))

    def without(self, hidden: Container[UUID]) -> Self:
        """The state as those know it who do not see some records."""
        if not hidden:
            return self
        shown = [event for event in self.records if event.envelope.id not in hidden]
        return self if len(shown) == len(self.records) else self._with(in_force(shown, always), shown)

    def rewind(self, version: int) -> None:
        """Forget the records after a version: they were never stored."""
        self.records = [event for event in self.records if event.originator_version <= version]
        self.version = version
        self._turns = any(map(_holds_from_a_date, self.records))
        self._fold(in_force(self.records, always))

    def decide(self, event: DomainEvent, hidden: Container[UUID] = ()) -> DomainEvent:
        """Judge an event at its time, take it in, and return it as it is to be recorded.

        It is judged by what all those know for whom it is: `hidden` are the records that one of them does not see.
        Raises `Refused`, and then nothing has changed.
        """
        known = self.without(hidden)
        if isinstance(event, Amendment):
            if all(event.record != record.envelope.id for record in known.records):
                raise Unknown(f"record {event.record}", "record")
        elif not known.history and not event.BEGINS:
            raise Unknown(f"{self.KIND} {event.envelope.key}", self.ADDRESS[-1])
        decided = known.judged(event)
        decided.mutate(self)
        return decided

    def judged(self, event: DomainEvent) -> DomainEvent:
        """An event as its own type judges it at its time; for a type that does not, no state has to be worked out."""
        checked = event.check()
        return checked.decide(self.at(event.envelope.occurred), self) if _overrides(type(event), "decide") else checked

    def refuse_if_known(self) -> None:
        """For an event that can only be the first: refuse if the name is taken, at whatever time."""
        if self.history:
            raise AlreadyKnown(f"{self.KIND} {self.history[0].envelope.key}", self.ADDRESS[-1])

    def _with(self, events: list[DomainEvent], records: list[DomainEvent] | None = None) -> Self:
        other = type(self).of(self.id)
        other.version = self.version
        other.records = self.records if records is None else records
        other._turns = self._turns if records is None else any(map(_holds_from_a_date, records))
        other._fold(events)
        return other

    def _fold(self, events: list[DomainEvent]) -> None:
        self.history = sorted((event for event in events if not isinstance(event, Amendment | Erased)), key=_in_time)
        self._change_by_all()

    def _change_by_all(self) -> None:
        self.blank()
        for event in self.history:
            event.change(self)


def as_they_stand(kind: type[Aggregate], records: Sequence[DomainEvent], held: Set[str]) -> list[DomainEvent]:
    """The records of one stream in force, each judged anew after those before it.

    Those amendments are taken to hold that hold always, or from one of the times `held`. What a correction
    has made impossible stands, with the reason among its envelope's `doubts`.
    """
    aggregate = kind.of(records[0].envelope.stream)
    standing: list[DomainEvent] = []
    for record in in_force(records, lambda amendment: amendment.envelope.effective in (None, *held)):
        if isinstance(record, Amendment | Erased):
            standing.append(record)
            continue
        judged = _judged(record, aggregate)
        aggregate.take(judged)
        standing.append(judged)
    return standing


def _judged(event: DomainEvent, aggregate: Aggregate) -> DomainEvent:
    try:
        if not aggregate.history and not event.BEGINS:
            raise Unknown(f"{aggregate.KIND} {event.envelope.key}", aggregate.ADDRESS[-1])
        return aggregate.judged(event)
    except Refused as refusal:
        return doubted(event, str(refusal))
