"""What one may not see of a negotiation: the fourth filter beside the three clocks, and the one place of its rule.

A record is not seen where it is restricted to others; where it amends what is not seen, or tells of the erasure of
that; and where it is about a thing, or speaks of one, whose beginning is not seen. What is left is folded as if there
were nothing else.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from application.view import Record
from domain.amendment import Amendment
from domain.erased import Erased
from domain.erasure import Erasure
from domain.event import DomainEvent
from domain.model import EVENT_OF_TOPIC, aggregate_of, topic_of
from domain.moment import instant
from domain.names import references
from domain.release import Access, is_about_access, restrictions
from domain.restriction import Restriction

Thing = tuple[str, str]


class Sight(NamedTuple):
    """Which restricted records one may see: all of them, or those for one of some groups."""

    everything: bool = False
    groups: frozenset[str] = frozenset()

    def admits(self, restriction: Restriction) -> bool:
        return self.everything or not self.groups.isdisjoint(restriction.groups)


EVERYONE = Sight()
"""What each reader of a negotiation may see."""


class Unseen:
    """The records of one negotiation that somebody may not see, taken in the order of the log."""

    def __init__(self, sight: Sight, now: datetime) -> None:
        self.positions: set[int] = set()
        self.lifting: dict[int, str] = {}
        """The embargoes that have not lifted, on records that are not seen: when each will."""
        self.restricted: set[int] = set()
        """The records under a restriction that are seen."""
        self._sight = sight
        self._now = now
        self._told: dict[UUID, Restriction] = {}
        self._ids: set[UUID] = set()
        self._things: set[Thing] = set()
        """The things whose beginning is not seen."""
        self._known: set[Thing] = set()

    def take(self, records: Iterable[Record]) -> None:
        """Go on with the next records of the log. Where one says anew for whom an earlier one is, begin anew."""
        records = list(records)
        self._told |= restrictions(record.event for record in records)
        for record in records:
            self._take(record)

    def _take(self, record: Record) -> None:
        event = record.event
        envelope = event.envelope
        thing = aggregate_of(event).KIND, envelope.key
        told = self._told.get(envelope.id)
        held = told if told and told.holds(self._now) else None
        begins = EVENT_OF_TOPIC[topic_of(event)].BEGINS
        if self._is_withheld(event, None if begins else thing, held):
            self.positions.add(record.position)
            self._ids.add(envelope.id)
            if begins:
                self._things.add(thing)
            if held and held.until:
                self.lifting[record.position] = held.until
            return
        if begins:
            self._known.add(thing)
        if held:
            self.restricted.add(record.position)

    def _is_withheld(self, event: DomainEvent, about: Thing | None, held: Restriction | None) -> bool:
        """`about` is the thing that the event is about, unless it begins that."""
        if held and not self._sight.admits(held):
            return True
        if isinstance(event, Amendment | Erased) and event.record:
            return event.record in self._ids
        if isinstance(event, Erasure.Made) and not self._ids.isdisjoint((*event.records, *event.named_in)):
            return True
        if not self._things:
            return False
        spoken_of = {(name.kind, name.key) for name in references(event)}
        spoken_of |= {("negotiation", event.envelope.negotiation)} | ({about} if about else set())
        return any(named in self._things and named not in self._known for named in spoken_of)

    @property
    def lifts(self) -> datetime | None:
        """When the next embargo lifts."""
        return min(map(instant, self.lifting.values()), default=None)


def unseen(records: Iterable[Record], sight: Sight, now: datetime) -> Unseen:
    """What somebody may not see of a negotiation's records, given in the order of the log."""
    found = Unseen(sight, now)
    found.take(records)
    return found


def says_for_whom(records: Iterable[Record]) -> bool:
    """Whether some records are restricted, or say for whom another is."""
    return any(is_about_access(record.event) for record in records)


def changes_for_whom(records: Iterable[Record]) -> bool:
    """Whether some records say anew for whom earlier ones are."""
    return any(isinstance(record.event, Access) for record in records)
