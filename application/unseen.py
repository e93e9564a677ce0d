"""What one may not see of a negotiation: the fourth filter beside the three clocks, and the one place of its rule.

A record is not seen where it is restricted to others; where it amends what is not seen, or tells of the erasure of
that; and where it is about a thing, or speaks of one, whose beginning is not seen. What is left is folded, and commands
are judged by it, as if there were nothing else.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cache
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
from domain.release import Access, either, is_about_access, tell
from domain.restriction import Restriction

Thing = tuple[str, str]
Under = tuple[Restriction, ...]
"""Restrictions because of which something is not seen: whoever is admitted to all of them sees it."""


class Seer(Protocol):
    """One or several people, who see what is under some restrictions."""

    def admits(self, restriction: Restriction) -> bool: ...


class Sight(NamedTuple):
    """Which restricted records one may see: all of them, or those for one of some groups."""

    everything: bool = False
    groups: frozenset[str] = frozenset()

    def admits(self, restriction: Restriction) -> bool:
        return self.everything or not self.groups.isdisjoint(restriction.groups)


EVERYONE = Sight()
"""What each reader of a negotiation may see."""
EVERYTHING = Sight(everything=True)
"""What a reader may see from whom nothing is kept."""


class Traits(NamedTuple):
    """What of a record says who may see it, beside restrictions: what it names, is about and speaks of."""

    position: int
    id: UUID
    names: tuple[UUID, ...]
    """The records that it amends, or tells the erasure of."""
    begins: Thing | None
    speaks_of: frozenset[Thing]


def traits(record: Record) -> Traits:
    event = record.event
    kind, key = aggregate_of(event), event.envelope.key
    names: tuple[UUID, ...] = ()
    if isinstance(event, Amendment | Erased) and event.record:
        names = (event.record,)
    elif isinstance(event, Erasure.Made):
        names = (*event.records, *event.named_in)
    begins = (kind.KIND, key) if EVENT_OF_TOPIC[topic_of(event)].BEGINS else None
    owners = zip(kind.ADDRESS[:-1], key.split("/"), strict=False)
    about = {("negotiation", event.envelope.negotiation), *owners, (kind.KIND, key)}
    return Traits(record.position, event.envelope.id, names, begins, frozenset({*about, *_spoken_of(event)} - {begins}))


class Unseen:
    """The records of one negotiation that somebody may not see, taken in the order of the log."""

    def __init__(self, seer: Seer, now: datetime, told: dict[UUID, Restriction] | None = None) -> None:
        """`told` are the restrictions of what is placed."""
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
        self._told = {} if told is None else told
        self._things: dict[Thing, Under] = {}
        """The things whose beginning is not seen."""
        self._known: set[Thing] = set()

    def take(self, records: Iterable[Record]) -> None:
        """Go on with the next records of the log. Where one says anew for whom an earlier one is, begin anew."""
        records = list(records)
        tell(self._told, (record.event for record in records))
        for record in records:
            self.place(traits(record))

    def place(self, one: Traits) -> None:
        """Go on with one record, of which it is told already for whom it is."""
        told = self._told.get(one.id)
        held = told if told and told.holds(self._now) else None
        under = [held] if held and not self._seer.admits(held) else []
        under += (why for named in one.names for why in self.under.get(named, ()))
        if self._things:
            hidden = (one.speaks_of & self._things.keys()) - self._known
            under += (why for thing in sorted(hidden) for why in self._things[thing])
        if under:
            self.positions.add(one.position)
            self.under[one.id] = tuple(dict.fromkeys(under))
            if one.begins:
                self._things[one.begins] = _either(self._things.get(one.begins), self.under[one.id])
            if held and held.until:
                self.lifting[one.position] = held.until
                self.lifts = min(filter(None, (self.lifts, instant(held.until))))
            return
        if one.begins:
            self._known.add(one.begins)
        if held:
            self.restricted.add(one.position)


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


def says_for_whom(records: Iterable[Record]) -> bool:
    """Whether some records are restricted, or say for whom another is."""
    return any(is_about_access(record.event) for record in records)


def changes_for_whom(records: Iterable[Record]) -> bool:
    """Whether some records say anew for whom earlier ones are."""
    return any(isinstance(record.event, Access) for record in records)
