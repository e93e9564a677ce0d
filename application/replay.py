"""Replay: the views of one negotiation at any three times.

A state is the fold of the records that count at a moment, in the order of their places. `History` holds one
negotiation's records for reading.
"""

import heapq
from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from datetime import datetime
from functools import cached_property
from itertools import chain, pairwise
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID

import msgspec

from application.amended import Amending, Standing, amended, by_stream
from application.fold import evolved, view_named
from application.unseen import Sight, says_for_whom, unseen
from application.view import Document, Index, Record, Row, View, served
from domain.amendment import Amendment, in_force
from domain.event import DomainEvent
from domain.fact import Fact
from domain.moment import Asked, first_date, is_vague, may_be_later, open_date, reached, settled_date

_PLACE = attrgetter("place")
CHECKPOINTS = 64
"""How many states of a view are kept along the time axis of a negotiation, at most."""
CHECKPOINT_MIN = 128
"""How many changes lie between two of them, at least."""


class Times(Fact, frozen=True):
    """The three times of a question; none means now, whether published or not, and all that is recorded."""

    as_of: Asked | None = None
    public_at: Asked | None = None
    known_at: Asked | None = None


class Held:
    """A document at some time, with what is worked out from it once it is asked for."""

    __slots__ = ("_body", "_index", "_view", "document", "last")

    def __init__(self, view: View, document: Document, last: tuple[str, int]) -> None:
        """`last` is the place of the last record folded into the document."""
        self.document = document
        self.last = last
        self._view = view
        self._index: Index | None = None
        self._body: bytes | None = None

    @property
    def index(self) -> Index:
        self._index = self._index or self._view.index(self.document)
        return self._index

    @property
    def body(self) -> bytes:
        """The document as it is served."""
        self._body = self._body or msgspec.json.encode(served(self.document))
        return self._body

    def row(self, sort: str) -> Row:
        """Where the document stands in a list sorted by date or key."""
        document = self.document
        return (self.index.date if sort.endswith("date") else document.key, document.negotiation, document.key)


def merged(lists: Iterable[Iterable[Held]], sort: str) -> Iterator[Held]:
    """Lists that are each in an order, as one in that order."""
    return heapq.merge(*lists, key=lambda held: held.row(sort), reverse=sort.startswith("-"))


class Change(NamedTuple):
    """On a date, a standing begins to count in a document or ceases to."""

    date: str
    key: str
    standing: Standing
    ceases: bool


class Kept:
    """All documents of a view after all changes up to a date and on it."""

    def __init__(self, date: str, state: dict[str, Held]) -> None:
        self.date = date
        self.state = state
        self._ordered: dict[str, list[Held]] = {}

    def put(self, key: str, held: Held | None) -> None:
        """Put a document in the place of another, or of none."""
        self._ordered.clear()
        self.state.pop(key, None)
        if held:
            self.state[key] = held

    def ordered(self, sort: str) -> Iterable[Held]:
        """The documents in the order of a list."""
        column = sort.removeprefix("-")
        if column not in self._ordered:
            self._ordered[column] = sorted(self.state.values(), key=lambda held: held.row(column))
        return reversed(self._ordered[column]) if sort.startswith("-") else self._ordered[column]


_NOTHING_YET = Kept("", {})


class ViewHistory:
    """One view of a negotiation at any time of the world.

    A state is advanced as the live views are: records that come last are folded onto it, and a document in
    which one belongs earlier, or no longer counts, is folded anew, it alone. States at some dates are kept,
    the last one at the last of them all.
    """

    def __init__(self, view: View, standings: Iterable[Standing]) -> None:
        """The standings are given in the order of their places."""
        self._view = view
        self._of: dict[str, list[Standing]] = defaultdict(list)
        self._changes_of: dict[str, list[Change]] = defaultdict(list)
        for standing in standings:
            for change in self._changes_by(standing):
                self._changes_of[change.key].append(change)
                if not change.ceases:
                    self._of[change.key].append(standing)
        for changes in self._changes_of.values():
            changes.sort(key=_date)
        self._changes = sorted(chain.from_iterable(self._changes_of.values()), key=_date)
        self._vague = [change for change in self._changes if self._is_vague(change)]
        self._tip: Kept | None = None
        self._spread()

    def change(self, amending: Amending) -> None:
        """Let some standings go and take in others, wherever they belong."""
        gone, come = ([c for s in own for c in self._changes_by(s)] for own in amending)
        for change in gone:
            for changes in (self._changes, self._changes_of[change.key], self._vague):
                _remove(changes, change)
            if not change.ceases:
                self._of[change.key].remove(change.standing)
        for change in come:
            insort(self._changes, change, key=_date)
            insort(self._changes_of[change.key], change, key=_date)
            if self._is_vague(change):
                insort(self._vague, change, key=_date)
            if not change.ceases:
                insort(self._of[change.key], change.standing, key=_PLACE)
        if len(self._changes) > 2 * self._spread_over:
            self._spread()
            return
        end = self._tip.date if self._tip else ""
        dates: dict[str, str] = {}
        for change in sorted([*gone, *(c for c in come if c.date < end)], key=_date):
            dates.setdefault(change.key, change.date)
        self._put_right(dates)
        last = sorted((c for c in come if c.date > end or (c.date == end and c.key not in dates)), key=_date)
        if self._tip and last:
            self._tip = Kept(last[-1].date, self._advanced(self._tip.state, last, last[-1].date))
        self._keep()

    def documents(self, asked: str) -> dict[str, Held]:
        """All documents of the view, by their keys."""
        kept, changes = self._last_kept(asked, self._changes)
        return self._advanced(kept.state, changes, asked)

    def listed(self, asked: str, sort: str) -> Iterator[Held]:
        """All documents in the order of a list."""
        kept, changes = self._last_kept(asked, self._changes)
        changed = self._changed(kept.state, changes, asked)
        same = (held for held in kept.ordered(sort) if held.document.key not in changed)
        own = Kept(asked, {key: held for key, held in changed.items() if held})
        return merged([same, own.ordered(sort)], sort)

    def document(self, key: str, asked: str) -> Held | None:
        """One document, or none if nothing that touches it counts yet."""
        kept, changes = self._last_kept(asked, self._changes_of.get(key, []))
        return self._folded(key, kept.state.get(key), changes, asked)

    def may_be_later(self, keys: Container[str], asked: str) -> Iterator[str]:
        """The records counted in some documents that may not have counted yet, because their time was told vaguely.

        Only what began in the year before can be in doubt, and only if its date or the hour in it is not told.
        """
        recent = settled_date(asked)
        lately = self._changes[bisect_right(self._changes, recent, key=_date) : _end(self._changes, asked)]
        year = f"{int(recent[:4]) - 1}{recent[4:]}"
        vague = self._vague[bisect_left(self._vague, year, key=_date) : _end(self._vague, recent)]
        for change in [*vague, *lately]:
            standing = change.standing
            counted = change.key in keys and not change.ceases and standing.counts(self._view, asked)
            if counted and any(may_be_later(time, asked) for time in standing.since(self._view)):
                yield str(standing.record.event.envelope.id)

    def records(self, key: str, asked: str) -> list[Record]:
        """The records that count in a document, in the order of their places."""
        return [s.record for s in self._of.get(key, ()) if s.counts(self._view, asked)]

    def all_records(self, asked: str) -> list[Record]:
        """The records that count in any document, in the order of their places."""
        known = {s.record.event.envelope.id: s for of in self._of.values() for s in of if s.counts(self._view, asked)}
        return [standing.record for standing in sorted(known.values(), key=_PLACE)]

    def _changes_by(self, standing: Standing) -> Iterator[Change]:
        since = standing.since(self._view)
        for key in self._view.keys(standing.record.event):
            yield Change(max(map(first_date, since)), key, standing, ceases=False)
            if standing.ends:
                yield Change(min(map(first_date, standing.ends)), key, standing, ceases=True)

    def _is_vague(self, change: Change) -> bool:
        since = () if change.ceases else change.standing.since(self._view)
        return any(map(is_vague, since))

    def _spread(self) -> None:
        """Keep states at dates spread over all changes."""
        self._kept = [_NOTHING_YET]
        self._tip = None
        self._spread_over = max(CHECKPOINT_MIN, len(self._changes))
        self._keep()

    def _put_right(self, dates: dict[str, str]) -> None:
        """Fold some documents anew in the states that are kept, each in those from a date on."""
        states = [*self._kept, *([self._tip] if self._tip else [])]
        for before, kept in pairwise(states):
            for key in [key for key, date in dates.items() if date <= kept.date]:
                changes = self._changes_of[key]
                since = changes[bisect_right(changes, before.date, key=_date) : _end(changes, kept.date)]
                kept.put(key, self._folded(key, before.state.get(key), since, kept.date))

    def _keep(self) -> None:
        """Keep states at dates spread over the changes after the last that is kept, and one at the end."""
        spacing = max(CHECKPOINT_MIN, len(self._changes) // CHECKPOINTS)
        date, state = self._kept[-1].date, self._kept[-1].state
        waiting = self._changes[bisect_right(self._changes, date, key=_date) :]
        if self._tip and len(waiting) < spacing:
            return
        while waiting:
            date = waiting[min(spacing, len(waiting)) - 1].date
            end = _end(waiting, date)
            state = self._advanced(state, waiting[:end], date)
            waiting = waiting[end:]
            self._tip = Kept(date, state)
            if waiting:
                self._kept.append(self._tip)

    def _last_kept(self, asked: str, changes: Sequence[Change]) -> tuple[Kept, Sequence[Change]]:
        """The last state that is kept before an asked time, and those of some changes that came after it."""
        settled = settled_date(asked)
        if self._tip and self._tip.date <= settled:
            kept = self._tip
        else:
            kept = self._kept[max(0, bisect_right(self._kept, settled, key=_kept_at) - 1)]
        return kept, changes[bisect_right(changes, kept.date, key=_date) : _end(changes, asked)]

    def _advanced(self, state: dict[str, Held], changes: Sequence[Change], asked: str) -> dict[str, Held]:
        if not changes:
            return state
        changed = self._changed(state, changes, asked)
        return {key: held for key, held in (state | changed).items() if held}

    def _changed(self, state: dict[str, Held], changes: Iterable[Change], asked: str) -> dict[str, Held | None]:
        by_key: dict[str, list[Change]] = defaultdict(list)
        for change in changes:
            by_key[change.key].append(change)
        return {key: self._folded(key, state.get(key), own, asked) for key, own in by_key.items()}

    def _folded(self, key: str, base: Held | None, changes: Sequence[Change], asked: str) -> Held | None:
        """A document at an asked time, from an earlier state of it and what changed since."""
        new = [c.standing.record for c in changes if not c.ceases and c.standing.counts(self._view, asked)]
        ceased = any(c.ceases and c.standing.has_ended(asked) for c in changes)
        new.sort(key=_PLACE)
        if not new and not ceased:
            return base
        if ceased or (base and new[0].place <= base.last):
            base, new = None, self.records(key, asked)
        if not new:
            return None
        return Held(self._view, evolved(self._view, key, base.document if base else None, new), new[-1].place)


def _date(change: Change) -> str:
    return change.date


def _remove(changes: list[Change], change: Change) -> None:
    """Take a change out of a list in the order of dates, if it is there."""
    first, end = (side(changes, change.date, key=_date) for side in (bisect_left, bisect_right))
    found = next((at for at in range(first, end) if changes[at] == change), None)
    if found is not None:
        del changes[found]


def _kept_at(kept: Kept) -> str:
    return kept.date


def _end(changes: Sequence[Change], asked: str) -> int:
    """How many of the changes can have begun at an asked time."""
    return bisect_right(changes, open_date(asked), key=_date)


class History:
    """The records of one negotiation, to be folded at any times."""

    def __init__(self, records: Sequence[Record]) -> None:
        """The records are given in the order of the log."""
        self.records = list(records)
        self.restricted = says_for_whom(self.records)
        """Whether it depends on who asks."""
        self.confidential = frozenset[int]()
        """The restricted records in it, by their positions, where it is what somebody may see."""
        self.vaguely_public = frozenset[str]()
        """The records that may have become public only later than asked, because the date was told vaguely."""
        self._amended = amended(self.records)
        self._standings: list[Standing] | None = None
        self._views: dict[str, ViewHistory] = {}
        self._streams: dict[UUID, list[Standing]] | None = None
        self._later: list[Standing] | None = None

    @cached_property
    def secret(self) -> frozenset[UUID]:
        """The restricted records in it, by their ids."""
        return frozenset(r.event.envelope.id for r in self.records if r.position in self.confidential)

    @cached_property
    def versions(self) -> dict[int, int]:
        """By position the number of each record in its stream, as far as that is in this history."""
        counts: dict[UUID, int] = defaultdict(int)
        found = {}
        for position, event in self.records:
            counts[event.envelope.stream] += 1
            found[position] = counts[event.envelope.stream]
        return found

    @property
    def negotiation(self) -> str:
        """Whose history this is; nobody's where nothing is on record."""
        return self.records[0].event.envelope.negotiation if self.records else ""

    def of_stream(self, stream: UUID) -> list[Standing]:
        """The standings of one stream, in no order."""
        if self._streams is None:
            self._streams = defaultdict(list)
            for standing in self._amended.in_time(self.records):
                self._streams[standing.record.event.envelope.stream].append(standing)
        return self._streams.get(stream, [])

    def later(self) -> list[Standing]:
        """The standings that take effect at another time than they occurred, in no order."""
        if self._later is None:
            self._later = [one for one in self._in_time() if one.record.event.envelope.effective]
        return self._later

    def view(self, name: str) -> ViewHistory:
        """One view; made when it is first asked for."""
        if name not in self._views:
            self._views[name] = ViewHistory(view_named(name), self._in_time())
        return self._views[name]

    def _in_time(self) -> list[Standing]:
        """All standings, in the order of their places."""
        if self._standings is None:
            self._standings = list(self._amended.in_time(sorted(self.records, key=_PLACE)))
        return self._standings

    def extended(self, records: Sequence[Record]) -> "History":
        """The history with more records at the end of the log: itself, or another that takes its place."""
        unknown = set(self._amended.unknown)
        self.records += records
        amending = self._amended.follow(records, self._whole)
        if unknown != self._amended.unknown:  # whatever speaks of it stands otherwise
            return History(self.records)
        self.__dict__.pop("versions", None)
        self.restricted = self.restricted or says_for_whom(records)
        self._standings = self._streams = self._later = None
        for view in self._views.values():
            view.change(amending._replace(come=amending.come + self._amended.of(records)))
        return self

    def _whole(self, streams: set[UUID]) -> list[list[Record]]:
        return by_stream(r for r in self.records if r.event.envelope.stream in streams) if streams else []

    def with_supposed(self, records: Sequence[Record], public_at: str | None) -> "History":
        """A history of its own, with records on top that somebody supposes: of those that say when they are published,
        what was public by then.
        """
        counted = [record for record in records if public_at is None or _may_count(record.event, public_at)]
        own = self._of([*self.records, *counted])
        own.confidential -= {record.position for record in counted}  # they are numbered after those that are seen
        dated = [(str(record.event.envelope.id), record.event.envelope.published) for record in counted]
        own.vaguely_public |= {named for named, when in dated if public_at and when and may_be_later(when, public_at)}
        return own

    def seen_by(self, sight: Sight, now: datetime) -> tuple["History", datetime | None]:
        """A history of its own, of what one may see; and until when it holds, as an embargo will lift."""
        hidden = unseen(self.records, sight, now)
        seen = History([record for record in self.records if record.position not in hidden.positions])
        seen.confidential = frozenset(hidden.restricted)
        return seen, hidden.lifts

    def up_to(self, position: int) -> "History":
        """The history up to a position of the log."""
        if not self.records or self.records[-1].position <= position:
            return self
        return self._of([record for record in self.records if record.position <= position])

    def narrowed(self, public_at: str | None, known_at: str | None) -> "History":
        """A history of its own, of what was public and recorded by then. What carries no date was not public.

        An amendment that says nothing of a publication puts right what Parley took down, whatever was public.
        """
        records = self.records
        if known_at:
            records = [r for r in records if reached(r.event.envelope.recorded.isoformat(), known_at)]
        if public_at:
            public = list(_public(records, public_at))
            narrowed = History([record for record, _ in public])
            narrowed.vaguely_public = frozenset(
                str(record.event.envelope.id) for record, when in public if when and may_be_later(when, public_at)
            )
        elif len(records) == len(self.records):
            return self
        else:
            return self._of(records)
        narrowed.confidential = self.confidential
        return narrowed

    def _of(self, records: list[Record]) -> "History":
        """A history of its own, of other records: some of these, or more."""
        some = History(records)
        some.confidential, some.vaguely_public = self.confidential, self.vaguely_public
        return some


def _public(records: Sequence[Record], asked: str) -> Iterator[tuple[Record, str | None]]:
    """What was public by then, in the order of the log, and when it was published, as corrected by then."""
    told = [r for r in records if not isinstance(r.event, Amendment) or _may_count(r.event, asked)]
    streams = {record.event.envelope.stream for record in told if isinstance(record.event, Amendment)}
    published = {
        event.envelope.id: event.envelope.published
        for stream in by_stream(record for record in told if record.event.envelope.stream in streams)
        for event in in_force([record.event for record in stream])
    }
    public = set[UUID]()
    for record in told:
        event, named = record.event, record.event.envelope.id
        when = published.get(named, event.envelope.published)
        if event.record in public if isinstance(event, Amendment) else when and reached(when, asked):
            public.add(named)
            yield record, when


def _may_count(event: DomainEvent, asked: str) -> bool:
    published = event.envelope.published
    return published is None or reached(published, asked)
