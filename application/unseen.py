"""What one may not see of a negotiation: the fourth filter beside the three clocks, and the one place of its rule.

A record is not seen where it is restricted to others; where it amends what is not seen, or tells of the erasure of
that; and where it is about a thing, or speaks of one, whose beginning is not seen. What is left is folded, and commands
are judged by it, as if there were nothing else.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol, get_type_hints
from uuid import UUID

from application.view import Record
from domain.amendment import Amendment, Corrected
from domain.erased import Erased
from domain.erasure import Erasure
from domain.event import DomainEvent, Envelope
from domain.model import AGGREGATE_OF_EVENT, EVENT_OF_TOPIC, aggregate_of, topic_of
from domain.moment import instant
from domain.names import named_in, references
from domain.release import Access, covers, either, is_about_access, restrictions
from domain.restriction import Restriction

SEERS_MAX = 16
"""By how many people's sight commands about one negotiation are judged without reading it anew."""
Thing = tuple[str, str]
Under = tuple[Restriction, ...]
"""Restrictions because of which something is not seen: whoever is admitted to all of them sees it."""
NOTHING: Mapping[UUID, Under] = MappingProxyType({})


class Seer(Protocol):
    """One or several people, who see what is under some restrictions. To be told from others by its value."""

    def admits(self, restriction: Restriction) -> bool: ...


class Sight(NamedTuple):
    """Which restricted records one may see: all of them, or those for one of some groups."""

    everything: bool = False
    groups: frozenset[str] = frozenset()

    def admits(self, restriction: Restriction) -> bool:
        return self.everything or not self.groups.isdisjoint(restriction.groups)


EVERYONE = Sight()
"""What each reader of a negotiation may see."""


class Audience(NamedTuple):
    """All those who are admitted to some restrictions: they see together what each of them sees."""

    of: Under

    def admits(self, restriction: Restriction) -> bool:
        return any(covers(told, restriction) for told in self.of)


def audience(under: Under) -> Seer:
    """All those who see what is under some restrictions, or under none."""
    return Audience(under) if under else EVERYONE


class Unseen:
    """The records of one negotiation that somebody may not see, taken in the order of the log."""

    def __init__(self, seer: Seer, now: datetime) -> None:
        self.under: dict[UUID, Under] = {}
        """Because of what each of them is not seen."""
        self.positions: set[int] = set()
        self.lifting: dict[int, str] = {}
        """The embargoes that have not lifted, on records that are not seen: when each will."""
        self.lifts: datetime | None = None
        """When the next embargo lifts."""
        self.restricted: set[int] = set()
        """The records under a restriction that are seen."""
        self._seer = seer
        self._now = now
        self._told: dict[UUID, Restriction] = {}
        self._things: dict[Thing, Under] = {}
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
        under = [held] if held and not self._seer.admits(held) else []
        under += self._because_of(event, thing if begins else None, thing)
        if under:
            self.positions.add(record.position)
            self.under[envelope.id] = tuple(dict.fromkeys(under))
            if begins:
                self._things[thing] = _either(self._things.get(thing), self.under[envelope.id])
            if held and held.until:
                self.lifting[record.position] = held.until
                self.lifts = min(filter(None, (self.lifts, instant(held.until))))
            return
        if begins:
            self._known.add(thing)
        if held:
            self.restricted.add(record.position)

    def _because_of(self, event: DomainEvent, begun: Thing | None, about: Thing) -> Iterator[Restriction]:
        """Why an event is not seen, because of others. `begun` is the thing that begins with it."""
        if isinstance(event, Amendment | Erased) and event.record:
            yield from self.under.get(event.record, ())
        if isinstance(event, Erasure.Made):
            for erased in (*event.records, *event.named_in):
                yield from self.under.get(erased, ())
        if self._things:
            spoken_of = {("negotiation", event.envelope.negotiation), about, *_spoken_of(event)} - {begun}
            for named in sorted(spoken_of & self._things.keys() - self._known):
                yield from self._things[named]


def _spoken_of(event: DomainEvent) -> Iterator[Thing]:
    """The things that an event speaks of; a correction also of those that stand in what it changes."""
    for name in references(event):
        yield name.kind, name.key
    if isinstance(event, Corrected):
        for field, value in event.changes.items():
            for hint in _hints(event.kind)[field]:
                for name in named_in(hint, value):
                    yield name.kind, name.key


@cache
def _hints(kind: str) -> dict[str, list[Any]]:
    """How the fields are annotated that a correction of a record about one kind of thing can change."""
    found: dict[str, list[Any]] = defaultdict(list)
    for event in (Envelope, *(event for event, aggregate in AGGREGATE_OF_EVENT.items() if kind == aggregate.KIND)):
        for name, hint in get_type_hints(event, include_extras=True).items():
            found[name].append(hint)
    return found


def _either(one: Under | None, other: Under) -> Under:
    """For whom a thing is that was begun for some, and again for others."""
    return other if one is None else tuple(either(first, second) for first in one for second in other)


def unseen(records: Iterable[Record], seer: Seer, now: datetime) -> Unseen:
    """What somebody may not see of a negotiation's records, given in the order of the log."""
    found = Unseen(seer, now)
    found.take(records)
    return found


class Sights:
    """What different people may not see of negotiations in which one command is decided after another."""

    def __init__(self, read: Callable[[str, int], Iterable[Record]], restricted: Iterable[str]) -> None:
        """`read` gives the records of a negotiation that are stored after a position. Of negotiations that are not
        `restricted` everybody sees everything.
        """
        self._read = read
        self._restricted = set(restricted)
        self._decided: dict[str, list[Record]] = defaultdict(list)
        self._held: dict[str, dict[Seer, Unseen]] = defaultdict(dict)

    def unseen(self, negotiation: str, seer: Seer, now: datetime) -> Mapping[UUID, Under]:
        """The records that somebody may not see, and because of what; those not yet stored among them."""
        if negotiation not in self._restricted or seer == Sight(everything=True):
            return NOTHING
        held = self._held[negotiation]
        known = held.get(seer)
        if known is None or (known.lifts and known.lifts <= now):
            if len(held) >= SEERS_MAX:
                held.clear()
            records = [*self._read(negotiation, 0), *self._decided[negotiation]]
            known = held[seer] = unseen(records, seer, now)
        return known.under

    def decided(self, event: DomainEvent) -> None:
        """Take in what is not stored yet."""
        record = Record(0, event)
        self._decided[event.envelope.negotiation].append(record)
        self._take(event.envelope.negotiation, [record])

    def undone(self, event: DomainEvent) -> None:
        """Forget what was decided last: it will not be stored."""
        self._decided[event.envelope.negotiation].pop()
        self._held.pop(event.envelope.negotiation, None)

    def stored(self) -> None:
        """All that was decided is read from now on."""
        self._decided.clear()

    def follow(self, negotiations: Set[str], after: int, restricted: Iterable[str]) -> None:
        """Take in what others have stored after a position, in some negotiations."""
        self._restricted.update(restricted)
        for negotiation in negotiations & self._held.keys():
            self._take(negotiation, list(self._read(negotiation, after)))

    def clear(self) -> None:
        """Read all anew."""
        self._decided.clear()
        self._held.clear()

    def _take(self, negotiation: str, records: list[Record]) -> None:
        if says_for_whom(records):
            self._restricted.add(negotiation)
        if changes_for_whom(records):
            self._held.pop(negotiation, None)
        for known in self._held.get(negotiation, {}).values():
            known.take(records)


def says_for_whom(records: Iterable[Record]) -> bool:
    """Whether some records are restricted, or say for whom another is."""
    return any(is_about_access(record.event) for record in records)


def changes_for_whom(records: Iterable[Record]) -> bool:
    """Whether some records say anew for whom earlier ones are."""
    return any(isinstance(record.event, Access) for record in records)
