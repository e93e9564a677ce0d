"""An aggregate: what one stream of records adds up to, at its end or at any time before.

The log keeps records in the order in which they were taken down; a state is folded in the order in
which things occurred, so that a late record lands where it belongs in time.
"""

from bisect import insort
from datetime import UTC, datetime
from typing import Self
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.domain import BaseAggregate

from domain.event import DomainEvent
from domain.moment import order
from domain.refusal import AlreadyKnown, Unknown

_NAMESPACE = uuid5(NAMESPACE_URL, "urn:parley:stream")
_BLANK = datetime.min.replace(tzinfo=UTC)


def stream_id(negotiation: str, kind: str, key: str) -> UUID:
    """The stream of a thing, derived from the names that people give it (RFC 9562, version 5)."""
    return uuid5(_NAMESPACE, f"{negotiation}/{kind}/{key}")


def _in_time(event: DomainEvent) -> tuple[str, int]:
    return order(event.envelope.occurred), event.envelope.version


class Aggregate(BaseAggregate[UUID]):
    """Subclasses hold their state in attributes, blank until a record changes them."""

    # Without annotations: the library would turn an annotated class into a dataclass.
    KIND = ""
    ADDRESS = tuple[str, ...]()
    """The fields of a command that name the aggregate, beside the negotiation."""

    def __init__(self) -> None:
        self.history: list[DomainEvent] = []
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

    def take(self, event: DomainEvent) -> None:
        """Put a record in its place in time."""
        late = bool(self.history) and _in_time(event) < _in_time(self.history[-1])
        insort(self.history, event, key=_in_time)
        if late:
            self._fold()
        else:
            event.change(self)

    def at(self, moment: str) -> Self:
        """The state when something occurred at a moment, as known now."""
        if not self.history or order(moment) >= order(self.history[-1].envelope.occurred):
            return self
        past = type(self).of(self.id)
        past.version = self.version
        past.history = [event for event in self.history if order(event.envelope.occurred) <= order(moment)]
        past._fold()
        return past

    def rewind(self, version: int) -> None:
        """Forget the records after a version: they were never stored."""
        self.history = [event for event in self.history if event.originator_version <= version]
        self.version = version
        self._fold()

    def decide(self, event: DomainEvent) -> DomainEvent:
        """Judge an event at its time, take it in, and return it as it is to be recorded.

        Raises `Refused`, and then nothing has changed.
        """
        if not self.version and not event.BEGINS:
            raise Unknown(f"{self.KIND} {event.envelope.key}", self.ADDRESS[-1])
        decided = event.check().decide(self.at(event.envelope.occurred), self)
        decided.mutate(self)
        return decided

    def refuse_if_known(self) -> None:
        """For an event that can only be the first: refuse if the name is taken, at whatever time."""
        if self.version:
            raise AlreadyKnown(f"{self.KIND} {self.history[0].envelope.key}", self.ADDRESS[-1])

    def _fold(self) -> None:
        self.blank()
        for event in self.history:
            event.change(self)
