"""Replayed states: histories held in memory, and documents folded from them at the times asked."""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

import msgspec

from application.amended import Standing
from application.fold import Place, view_named
from application.listing import Query, select
from application.policy import Policy, applied, policies, policy
from application.projections.negotiations import NegotiationDocument
from application.reckoning import Reckoner, Survey
from application.replay import Held, History, Times, merged
from application.unseen import EVERYTHING, Sight
from application.view import Record, Row, View
from domain.erasure import Erasure
from domain.event import DomainEvent
from domain.model import aggregate_of
from domain.refusal import Unknown
from infrastructure.log import LogRow
from infrastructure.serialization import encode

RECORDS_MAX = 300_000
"""How many records are held in memory, of the negotiations asked for last; one is held however long it is."""
NARROWED_MAX = 16


class Source(Protocol):
    """Where histories are read from: the log, or an archive of it."""

    def of(self, negotiation: str, after: int = 0, known: int = 0) -> list[Record]: ...

    def negotiations(self) -> list[str]: ...


Narrowed = tuple[int, datetime | None, History]
"""A history made of one of some length, and until when it holds: an embargo may lift."""
Seeing = Callable[[str], Sight | None]
"""Which restricted records of a negotiation one may see; none where one may see nothing of it at all."""


def everything(negotiation: str) -> Sight:
    """Who has the log itself sees all of it."""
    return EVERYTHING


class Histories:
    """The histories of negotiations, read when they are first asked for. One thread uses it at a time."""

    def __init__(self, log: Source) -> None:
        self._log = log
        self._held: OrderedDict[str, tuple[History, int]] = OrderedDict()
        """Each with the position of the log up to which it was looked for."""
        self._length = 0
        """How many records are held."""
        self._narrowed: OrderedDict[tuple[str, str | None, str | None, Sight], Narrowed] = OrderedDict()

    def negotiations(self) -> list[str]:
        return self._log.negotiations()

    def get(self, negotiation: str, times: Times, sight: Sight, now: datetime, head: int | None = None) -> History:
        """The history of a negotiation, without records where it is not known, as it was public and known by then,
        and as far as one may see it now.

        Where the `head` of the log is told, nothing is read of what came after it, nor for what is held up to there.
        """
        history = self._up_to_date(negotiation, head)
        if not (times.public_at or times.known_at or history.restricted):
            return history
        asked = (negotiation, times.public_at, times.known_at, sight)
        length, until, narrowed = self._narrowed.pop(asked, (-1, None, history))
        if length != len(history.records) or (until and until <= now):
            narrowed, until = history.seen_by(sight, now) if history.restricted else (history, None)
            narrowed = narrowed.narrowed(times.public_at, times.known_at)
        self._narrowed[asked] = (len(history.records), until, narrowed)
        while len(self._narrowed) > NARROWED_MAX:
            self._narrowed.popitem(last=False)
        return narrowed

    def _up_to_date(self, negotiation: str, head: int | None) -> History:
        history, until = self._held.pop(negotiation, (None, 0))
        if history and head is not None and head <= until:
            self._held[negotiation] = history, until
            return history
        self._length -= len(history.records) if history else 0
        records = self._read(negotiation, head, until, len(history.records) if history else 0)
        if history and any(isinstance(record.event, Erasure.Made) for record in records):
            self._forget(negotiation)
            history, records = None, self._read(negotiation, head)
        if history is None:
            history = History(records)
        elif records:
            history = history.extended(records)
        if history.records:
            self._held[negotiation] = history, max(head or 0, history.records[-1].position)
            self._length += len(history.records)
        while len(self._held) > 1 and self._length > RECORDS_MAX:
            _, (oldest, _) = self._held.popitem(last=False)
            self._length -= len(oldest.records)
        return history

    def _read(self, negotiation: str, head: int | None, after: int = 0, known: int = 0) -> list[Record]:
        return [r for r in self._log.of(negotiation, after, known) if head is None or r.position <= head]

    def _forget(self, negotiation: str) -> None:
        """Let go of what may have been erased since it was read."""
        for asked in [asked for asked in self._narrowed if asked[0] == negotiation]:
            del self._narrowed[asked]


class Replayed:
    """Documents at the times asked, as the view store would serve them at those times."""

    def __init__(
        self,
        histories: Histories,
        times: Times,
        going_by: str = "none",
        supposed: Sequence[Record] = (),
        now: datetime | None = None,
        seeing: Seeing = everything,
        head: int | None = None,
        until: int | None = None,
    ) -> None:
        """`going_by` names a policy; the supposed records belong to one negotiation and count on top.

        Where no time of the world is asked for, it is `now`. `seeing` says what whoever asks may see, `head` up to
        which position of the log the state is asked for at least, and `until` at most.
        """
        self.disclosed: dict[str, set[UUID]] = defaultdict(set)
        """By negotiation the restricted records from which something was worked out."""
        self._histories = histories
        self._times = times
        self._going_by = going_by
        self._supposed = supposed
        self._folded: dict[str, History] = {}
        self._policies: dict[str, Policy] = {}
        self._now = now or datetime.now(UTC)
        self._seeing = seeing
        self._head = head
        self._until = until
        self.as_of = times.as_of or self._now.isoformat()

    def history(self, negotiation: str) -> History:
        """One negotiation's records that were public and known by then, all of which are taken to be read."""
        history = self._history(negotiation)
        if len(self.disclosed.get(negotiation, ())) < len(history.confidential):
            self._disclose(negotiation, history.records)
        return history

    def knows(self, negotiation: str) -> bool:
        """Whether anything of a negotiation is seen."""
        return bool(self._history(negotiation).records)

    def refuse_strangers(self, negotiation: str, told: Iterable[tuple[str, str, str | None]]) -> None:
        """Raise `Unknown` where nobody told of a thing at any time, as far as one may see: each is the field in which
        it is named, its kind and its key. That nothing is found would read as if nothing had been said.
        """
        named = [(field, kind, key) for field, kind, key in told if key]
        history = self._other(Times(), self._supposed)._history(negotiation) if named else History(())
        if not history.records:
            return
        known = {name: record.position for record in reversed(history.records) for name in _names(record.event)}
        for field, kind, key in named:
            if (kind, key) not in known:
                names = sorted(k for (of, k), at in known.items() if of == kind and at not in history.confidential)
                raise Unknown(f"{kind} {key} (known are: {', '.join(names) or 'none'})", field)

    def shown(self, row: LogRow) -> LogRow | None:
        """A record, with its version among those that are seen; none where it is not seen."""
        history = self._history(row.negotiation)
        version = history.versions.get(row.position)
        if version is None:
            return None
        told = msgspec.json.decode(row.state)
        if row.position in history.confidential:
            self.disclosed[row.negotiation].add(UUID(told["envelope"]["id"]))
        told["envelope"]["version"] = version
        return row._replace(state=encode(told))

    def at(self, times: Times) -> "Replayed":
        """The state at other times."""
        return self._other(times)

    def with_supposed(self, records: Sequence[Record]) -> "Replayed":
        """The same state, with records of one negotiation on top that somebody supposes."""
        return self._other(self._times, records)

    def _other(self, times: Times, supposed: Sequence[Record] = ()) -> "Replayed":
        """Another state for the same asker; what it discloses counts as disclosed here."""
        told = (self._going_by, supposed, self._now, self._seeing, self._head, self._until)
        other = Replayed(self._histories, times, *told)
        other.disclosed = self.disclosed
        return other

    def document(self, place: Place) -> Held | None:
        """One document, or none if there was none."""
        view, negotiation, key = place
        history = self._history(negotiation)
        found = history.view(view).document(key, self.as_of)
        if found is None or not found.index.shown:
            return None
        self._disclose_in([place])
        seen = self._seen(negotiation, view_named(view), found)
        return self._on_the_day(negotiation, view_named(view), seen) if seen else None

    def select(self, query: Query) -> list[tuple[Row, Held]]:
        """A page of a list."""
        view = view_named(query.view)
        negotiations = query.negotiations
        if negotiations is None:
            negotiations = frozenset(self._histories.negotiations())
        lists = [self._listed(view, negotiation, query.sort) for negotiation in sorted(negotiations)]
        found = select(merged(lists, query.sort), query)
        self._disclose_in((view.name, row[1], row[2]) for row, _ in found)
        return found if view.by_day else [(row, self._on_the_day(row[1], view, held)) for row, held in found]

    def flags(self, places: Iterable[Place]) -> dict[Place, list[bytes]]:
        """The flags that touch documents, by the places of those."""
        flags: dict[str, list[Held]] = {}
        found: dict[Place, list[bytes]] = {}
        for place in places:
            name, negotiation, key = place
            if negotiation not in flags:
                known = self._history(negotiation).view("flags").documents(self.as_of)
                flags[negotiation] = [held for _, held in sorted(known.items()) if held.index.shown]
            touched = f"{name}/{key}"
            touching = [held for held in flags[negotiation] if touched in held.index.touches]
            if touching:
                found[place] = [held.body for held in touching]
                self._disclose_in(("flags", negotiation, held.document.key) for held in touching)
        return found

    def may_be_later(self, places: Iterable[Place]) -> list[str]:
        """The records counted in documents that may not have counted yet, because they were dated vaguely."""
        keys: dict[tuple[str, str], set[str]] = defaultdict(set)
        for view, negotiation, key in places:
            keys[view, negotiation].add(key)
        later = set[str]()
        for (view, negotiation), known in keys.items():
            history = self._history(negotiation)
            folded = history.view(view)
            if self._times.as_of:
                later.update(folded.may_be_later(known, self.as_of))
            if history.vaguely_public:
                counted = (str(r.event.envelope.id) for key in known for r in folded.records(key, self.as_of))
                later.update(history.vaguely_public.intersection(counted))
        return sorted(later)

    def survey(self, negotiation: str) -> Survey:
        """What works out the things of a negotiation that depend on the day."""
        return Survey(self.history(negotiation), self.as_of)

    def _history(self, negotiation: str) -> History:
        if negotiation not in self._folded:
            sight = self._seeing(negotiation)
            history = History(())
            if sight:
                history = self._histories.get(negotiation, self._times, sight, self._now, self._head)
                history = history.up_to(self._until) if self._until is not None else history
            own = [record for record in self._supposed if record.event.envelope.negotiation == negotiation]
            self._folded[negotiation] = history.with_supposed(own, self._times.public_at) if own else history
        return self._folded[negotiation]

    def _disclose_in(self, places: Iterable[Place]) -> None:
        for view, negotiation, key in places:
            history = self._history(negotiation)
            if history.confidential:
                self._disclose(negotiation, history.view(view).records(key, self.as_of))

    def _disclose(self, negotiation: str, records: Iterable[Record]) -> None:
        history = self._history(negotiation)
        if history.confidential:
            envelopes = (record.event.envelope for record in records)
            named = (one for envelope in envelopes for one in (envelope.id, *envelope.corrections))
            self.disclosed[negotiation].update(history.secret.intersection(named))

    def _listed(self, view: View, negotiation: str, sort: str) -> Iterable[Held]:
        documents = self._history(negotiation).view(view.name).listed(self.as_of, sort)
        if self._going_by == "none" and not view.by_day:
            return documents
        seen = [seen for held in documents if (seen := self._seen(negotiation, view, held))]
        if view.by_day:
            seen = [self._on_the_day(negotiation, view, held) for held in seen]
        return sorted(seen, key=lambda held: held.row(sort), reverse=sort.startswith("-"))

    def _on_the_day(self, negotiation: str, view: View, held: Held) -> Held:
        """A document with what depends on the day."""
        if view.reckoned is None:
            return held
        reckoner = Reckoner(_Streams(negotiation, self.history), self.as_of)
        return Held(view, view.reckoned(held.document, reckoner), held.last)

    def _seen(self, negotiation: str, view: View, held: Held) -> Held | None:
        """A document as it is seen under the policy; none if nothing of it is left."""
        if self._going_by == "none":
            return held
        if negotiation not in self._policies:
            parties = self._history(negotiation).view("negotiations").document(negotiation, self.as_of)
            known = parties.document if parties else None
            self._policies[negotiation] = policy(
                self._going_by, known if isinstance(known, NegotiationDocument) else None
            )
        document = applied(self._policies[negotiation], held.document, view)
        return Held(view, document, held.last) if document else None


class _Streams:
    """Those of one negotiation, of which all records are taken to be read once one is asked for."""

    def __init__(self, negotiation: str, history: Callable[[str], History]) -> None:
        self.negotiation = negotiation
        self._history = history

    def of_stream(self, stream: UUID) -> Sequence[Standing]:
        return self._history(self.negotiation).of_stream(stream)

    def later(self) -> Sequence[Standing]:
        return self._history(self.negotiation).later()


def _names(event: DomainEvent) -> Iterator[tuple[str, str]]:
    """What can be spoken of as soon as an event is told, each with its kind."""
    yield aggregate_of(event).KIND, event.envelope.key
    yield from (("policy", name) for name in policies(event))
