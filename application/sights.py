"""By what commands are judged: what of a negotiation the teller, and all for whom a record will be, do not see.

It is worked out once, for everyone: a record is under restrictions, by itself or because of others, whoever asks.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Container, Iterable, Mapping, Set
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from application.unseen import EVERYONE, EVERYTHING, Seer, Traits, Under, Unseen, says_for_whom, traits
from application.view import Record
from domain.event import DomainEvent
from domain.release import Access, covers, is_about_access, restrictions, tell
from domain.restriction import Restriction

KNOWN_MAX = 100
"""Of how many negotiations with restricted records it is kept in memory who may see which."""


class Audience(NamedTuple):
    """All those who are admitted to some restrictions: they see together what each of them sees."""

    of: Under

    def admits(self, restriction: Restriction) -> bool:
        return any(covers(told, restriction) for told in self.of)


def audience(under: Under) -> Seer:
    """All those who see what is under some restrictions, or under none."""
    return Audience(under) if under else EVERYONE


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
        if negotiation not in self._restricted or seer == EVERYTHING:
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
