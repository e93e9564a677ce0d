"""What one may not see of a negotiation: the fourth filter beside the three clocks, and the one place of its rule.

A record is not seen where it is restricted to others; where it amends what is not seen, or tells of the erasure of
that; and where it is about a thing, or speaks of one, whose beginning is not seen. What is left is folded, and commands
are judged by it, as if there were nothing else.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Set
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
from domain.release import Access, covers, either, is_about_access, restrictions, tell
from domain.restriction import Restriction

KNOWN_MAX = 100
"""Of how many negotiations with restricted records it is kept in memory who may see which."""
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


class Audience(NamedTuple):
    """All those who are admitted to some restrictions: they see together what each of them sees."""

    of: Under

    def admits(self, restriction: Restriction) -> bool:
        return any(covers(told, restriction) for told in self.of)


def audience(under: Under) -> Seer:
    """All those who see what is under some restrictions, or under none."""
    return Audience(under) if under else EVERYONE


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


class Hidden(Container[UUID]):
    """The records of a negotiation that somebody may not see."""

    def __init__(self, under: Mapping[UUID, Under], seer: Seer) -> None:
        self._under = under
        self._seer = seer

    def __contains__(self, record: object) -> bool:
        return record in self._under and not all(map(self._seer.admits, self._under[record]))  # type: ignore[index]


class _Known:
    """What is kept of a negotiation: of each record who may see it."""

    def __init__(self, records: Iterable[Record]) -> None:
        self.traits: list[Traits] = []
        self.access: list[DomainEvent] = []
        """The events that say for whom a record is."""
        self.told: dict[UUID, Restriction] = {}
        self.unseen: Unseen | None = None
        """By everyone; worked out when it is asked for."""
        self.take(records)

    def take(self, records: Iterable[Record]) -> None:
        for record in records:
            event, one = record.event, traits(record)
            self.traits.append(one)
            if is_about_access(event):
                self.access.append(event)
                tell(self.told, [event])
            if isinstance(event, Access):
                self.unseen = None
            elif self.unseen:
                self.unseen.place(one)

    def undo(self) -> None:
        """Forget the last record."""
        last = self.traits.pop()
        if self.access and self.access[-1].envelope.id == last.id:
            self.access.pop()
            self.told = restrictions(self.access)
        self.unseen = None

    def under(self, now: datetime) -> Mapping[UUID, Under]:
        if self.unseen is None or (self.unseen.lifts and self.unseen.lifts <= now):
            self.unseen = Unseen(EVERYONE, now, self.told)
            for one in self.traits:
                self.unseen.place(one)
        return self.unseen.under


class Sights:
    """What different people may not see of negotiations in which one command is decided after another."""

    def __init__(self, read: Callable[[str, int], Iterable[Record]], restricted: Iterable[str]) -> None:
        """`read` gives the records of a negotiation that are stored after a position. Of negotiations that are not
        `restricted` everybody sees everything.
        """
        self._read = read
        self._restricted = set(restricted)
        self._decided: dict[str, list[Record]] = defaultdict(list)
        self._known: OrderedDict[str, _Known] = OrderedDict()

    def unseen(self, negotiation: str, seer: Seer, now: datetime) -> Container[UUID]:
        """The records that somebody may not see, those not yet stored among them."""
        if negotiation not in self._restricted or seer == Sight(everything=True):
            return ()
        return Hidden(self._of(negotiation).under(now), seer)

    def under(self, negotiation: str, record: UUID, now: datetime) -> Under:
        """Under which restrictions a record is, by itself or because of others."""
        return self._of(negotiation).under(now).get(record, ()) if negotiation in self._restricted else ()

    def decided(self, event: DomainEvent) -> None:
        """Take in what is not stored yet."""
        record = Record(0, event)
        self._decided[event.envelope.negotiation].append(record)
        self._take(event.envelope.negotiation, [record])

    def undone(self, event: DomainEvent) -> None:
        """Forget what was decided last: it will not be stored."""
        negotiation = event.envelope.negotiation
        self._decided[negotiation].pop()
        if negotiation in self._known:
            self._known[negotiation].undo()

    def stored(self) -> None:
        """All that was decided is read from now on."""
        self._decided.clear()

    def follow(self, negotiations: Set[str], after: int, restricted: Iterable[str]) -> None:
        """Take in what others have stored after a position, in some negotiations."""
        self._restricted.update(restricted)
        for negotiation in negotiations & self._known.keys():
            self._take(negotiation, self._read(negotiation, after))

    def clear(self) -> None:
        """Read all anew."""
        self._decided.clear()
        self._known.clear()

    def _of(self, negotiation: str) -> _Known:
        if negotiation not in self._known:
            self._known[negotiation] = _Known([*self._read(negotiation, 0), *self._decided[negotiation]])
        self._known.move_to_end(negotiation)
        while len(self._known) > KNOWN_MAX:
            self._known.popitem(last=False)
        return self._known[negotiation]

    def _take(self, negotiation: str, records: Iterable[Record]) -> None:
        records = list(records)
        if says_for_whom(records):
            self._restricted.add(negotiation)
        if negotiation in self._known:
            self._known[negotiation].take(records)


def says_for_whom(records: Iterable[Record]) -> bool:
    """Whether some records are restricted, or say for whom another is."""
    return any(is_about_access(record.event) for record in records)


def changes_for_whom(records: Iterable[Record]) -> bool:
    """Whether some records say anew for whom earlier ones are."""
    return any(isinstance(record.event, Access) for record in records)
