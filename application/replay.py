"""Replay: the views of one negotiation at any three times.

What a record changes, it changes between two moments: from when it takes effect until a correction or a
retraction of it holds. A state is the fold of the records that count at a moment, in the order of their
places. `History` holds one negotiation's records for reading; the projector uses the same standings.
"""

import heapq
from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from operator import attrgetter
from typing import NamedTuple, cast
from uuid import UUID

from application.fold import evolved, view_named
from application.view import Document, Record, View
from domain.aggregate import as_they_stand
from domain.amendment import Amendment, doubted
from domain.fact import Fact
from domain.model import aggregate_of
from domain.moment import first_date, open_date, order, reached, settled_date
from domain.names import references

CHECKPOINTS = 16
"""How many states of a view are kept along the time axis of a negotiation, at most."""
CHECKPOINT_MIN = 128
"""How many changes lie between two of them, at least."""


class Times(Fact, frozen=True):
    """The three times of a question; none means now, whether published or not, and all that is recorded."""

    as_of: str | None = None
    public_at: str | None = None
    known_at: str | None = None


class Standing(NamedTuple):
    """A record as it stands between two moments, `begins` and `ends`, that its amendments set."""

    record: Record
    begins: str | None = None
    ends: str | None = None

    def since(self, view: View) -> str:
        """From when the record counts in a view."""
        envelope = self.record.event.envelope
        own = envelope.occurred if view.follows == "occurred" else envelope.takes_effect
        return max(own, self.begins, key=order) if self.begins else own

    def counts(self, view: View, asked: str) -> bool:
        """Whether the record counts in a view at an asked time."""
        return reached(self.since(view), asked) and not (self.ends and reached(self.ends, asked))


class Amended:
    """What corrections and retractions have made of the streams that they touch."""

    def __init__(self, streams: Iterable[Sequence[Record]]) -> None:
        """Each stream is given whole, in the order of the log."""
        self.standings: dict[UUID, list[Standing]] = {}
        self.positions: set[int] = set()
        self.unknown: set[tuple[str, str]] = set()
        """The kinds and keys of what is no longer known, because all that was told of it is retracted."""
        for records in streams:
            self.positions.update(record.position for record in records)
            self.standings[records[0].event.envelope.stream] = list(self._standings(records))

    def _standings(self, records: Sequence[Record]) -> Iterator[Standing]:
        events = [record.event for record in records]
        position = {record.event.envelope.id: record.position for record in records}
        kind, key = aggregate_of(events[0]), events[0].envelope.key
        turns = {e.envelope.effective for e in events if isinstance(e, Amendment) and e.envelope.effective}
        for begins, ends in pairwise([None, *sorted(turns, key=order), None]):
            first = begins or ("1500-01-01" if turns else None)
            standing = as_they_stand(kind, events, first)
            for event in standing:
                yield Standing(Record(position[event.envelope.id], event), begins, ends)
        if all(isinstance(event, Amendment) for event in standing):
            self.unknown.add((kind.KIND, key))

    def in_time(self, records: Iterable[Record]) -> Iterator[Standing]:
        """All standings of a negotiation in the order of their places, as the records are given."""
        others = (self._doubted(Standing(record)) for record in records if record.position not in self.positions)
        amended = sorted((self._doubted(s) for known in self.standings.values() for s in known), key=_place)
        return heapq.merge(others, amended, key=_place)

    def _doubted(self, standing: Standing) -> Standing:
        """The standing, doubted where its record speaks of what is no longer known."""
        if not self.unknown:
            return standing
        event = standing.record.event
        for name in references(event):
            if (name.kind, name.key) in self.unknown:
                event = doubted(event, f"{name.kind} {name.key}: what was told of it is retracted.")
        return standing._replace(record=standing.record._replace(event=event))


def amended(records: Sequence[Record]) -> Amended:
    """What amendments have made of a negotiation's records, given in the order of the log."""
    streams = {record.event.envelope.stream for record in records if isinstance(record.event, Amendment)}
    touched = [record for record in records if record.event.envelope.stream in streams] if streams else []
    return Amended(by_stream(touched))


def by_stream(records: Iterable[Record]) -> list[list[Record]]:
    """Records of several streams, apart."""
    streams: dict[UUID, list[Record]] = defaultdict(list)
    for record in records:
        streams[record.event.envelope.stream].append(record)
    return list(streams.values())


def _place(standing: Standing) -> tuple[str, int]:
    return standing.record.place


class Held(NamedTuple):
    """A document at some time, and the place of the last record folded into it."""

    document: Document
    last: tuple[str, int]


class Change(NamedTuple):
    """On a date, a standing begins to count in a document or ceases to."""

    date: str
    key: str
    standing: Standing
    ceases: bool


class ViewHistory:
    """One view of a negotiation at any time of the world.

    A state is advanced as the live views are: records that come last are folded onto it, and a document in
    which one belongs earlier, or no longer counts, is folded anew, it alone. States at some dates are kept.
    """

    def __init__(self, view: View, standings: Iterable[Standing]) -> None:
        """The standings are given in the order of their places."""
        self._view = view
        self._of: dict[str, list[Standing]] = defaultdict(list)
        self._changes: list[Change] = []
        self._changes_of: dict[str, list[Change]] = defaultdict(list)
        self._kept: list[tuple[str, dict[str, Held]]] = [("", {})]
        for standing in standings:
            for change in self._changes_by(standing):
                self._changes.append(change)
        self._changes.sort(key=_date)
        for change in self._changes:
            self._changes_of[change.key].append(change)
        self._keep()

    def add(self, standing: Standing) -> None:
        """Take in one more record, wherever it belongs."""
        for change in self._changes_by(standing):
            insort(self._changes, change, key=_date)
            insort(self._changes_of[change.key], change, key=_date)
            self._kept = self._kept[: bisect_left(self._kept, change.date, key=lambda kept: kept[0])] or [("", {})]
            self._of[change.key].sort(key=_place)
        self._keep()

    def documents(self, asked: str) -> dict[str, Document]:
        """All documents of the view, by their keys."""
        since, state = self._last_kept(asked)
        changes = self._changes[bisect_right(self._changes, since, key=_date) : self._end(self._changes, asked)]
        return {key: held.document for key, held in self._advanced(state, changes, asked).items()}

    def document(self, key: str, asked: str) -> Document | None:
        """One document, or none if nothing that touches it counts yet."""
        since, state = self._last_kept(asked)
        known = self._changes_of.get(key, [])
        changes = known[bisect_right(known, since, key=_date) : self._end(known, asked)]
        held = self._folded(key, state.get(key), changes, asked)
        return held and held.document

    def records(self, key: str, asked: str) -> list[Record]:
        """The records that count in a document, in the order of their places."""
        return [s.record for s in self._of.get(key, ()) if s.counts(self._view, asked)]

    def all_records(self, asked: str) -> list[Record]:
        """The records that count in any document, in the order of their places."""
        known = {s.record.event.envelope.id: s for of in self._of.values() for s in of if s.counts(self._view, asked)}
        return [standing.record for standing in sorted(known.values(), key=_place)]

    def _changes_by(self, standing: Standing) -> Iterator[Change]:
        since = first_date(standing.since(self._view))
        for key in self._view.keys(standing.record.event):
            self._of[key].append(standing)
            yield Change(since, key, standing, ceases=False)
            if standing.ends:
                yield Change(first_date(standing.ends), key, standing, ceases=True)

    def _keep(self) -> None:
        """Keep states at dates spread over the changes after the last that is kept."""
        spacing = max(CHECKPOINT_MIN, len(self._changes) // CHECKPOINTS)
        since, state = self._kept[-1]
        waiting: list[Change] = []
        start = bisect_right(self._changes, since, key=_date)
        if len(self._changes) - start < spacing:
            return
        for date, changes in groupby(self._changes[start:], key=_date):
            waiting += changes
            if len(waiting) >= spacing:
                state = self._advanced(state, waiting, date)
                self._kept.append((date, state))
                waiting = []

    def _last_kept(self, asked: str) -> tuple[str, dict[str, Held]]:
        return self._kept[max(0, bisect_right(self._kept, settled_date(asked), key=lambda kept: kept[0]) - 1)]

    def _end(self, changes: Sequence[Change], asked: str) -> int:
        return bisect_right(changes, open_date(asked), key=_date)

    def _advanced(self, state: dict[str, Held], changes: Iterable[Change], asked: str) -> dict[str, Held]:
        by_key: dict[str, list[Change]] = defaultdict(list)
        for change in changes:
            by_key[change.key].append(change)
        state = dict(state)
        for key, own in by_key.items():
            held = self._folded(key, state.pop(key, None), own, asked)
            if held:
                state[key] = held
        return state

    def _folded(self, key: str, base: Held | None, changes: Sequence[Change], asked: str) -> Held | None:
        """A document at an asked time, from an earlier state of it and what changed since."""
        new = [c.standing.record for c in changes if not c.ceases and c.standing.counts(self._view, asked)]
        ceased = any(c.ceases and reached(cast("str", c.standing.ends), asked) for c in changes)
        new.sort(key=attrgetter("place"))
        if not new and not ceased:
            return base
        if ceased or (base and new[0].place <= base.last):
            base, new = None, self.records(key, asked)
        if not new:
            return None
        place = (self._view.name, new[0].event.envelope.negotiation, key)
        return Held(evolved(self._view, place, base and base.document, new), new[-1].place)


def _date(change: Change) -> str:
    return change.date


class History:
    """The records of one negotiation, to be folded at any times."""

    def __init__(self, records: Sequence[Record]) -> None:
        """The records are given in the order of the log."""
        self.records = list(records)
        self._amended = amended(self.records)
        self._standings: list[Standing] | None = None
        self._views: dict[str, ViewHistory] = {}

    def view(self, name: str) -> ViewHistory:
        """One view; made when it is first asked for."""
        if name not in self._views:
            if self._standings is None:
                self._standings = list(self._amended.in_time(sorted(self.records, key=attrgetter("place"))))
            self._views[name] = ViewHistory(view_named(name), self._standings)
        return self._views[name]

    def extended(self, records: Sequence[Record]) -> "History":
        """The history with more records at the end of the log; this one is no longer to be used."""
        if self._amended.positions or any(isinstance(record.event, Amendment) for record in records):
            return History([*self.records, *records])
        self.records += records
        self._standings = None
        for view in self._views.values():
            for record in records:
                view.add(Standing(record))
        return self

    def with_supposed(self, records: Sequence[Record]) -> "History":
        """A history of its own, with records on top that somebody supposes."""
        return History([*self.records, *records])

    def narrowed(self, public_at: str | None, known_at: str | None) -> "History":
        """A history of its own, of what was public and recorded by then. What carries no date was not public.

        An amendment that says nothing of a publication puts right what Parley took down, whatever was public.
        """
        records = self.records
        if known_at:
            records = records[: bisect_right(records, False, key=lambda record: not _known(record, known_at))]
        if public_at:
            records = [record for record in records if _public(record, public_at)]
        return self if len(records) == len(self.records) else History(records)


def _known(record: Record, asked: str) -> bool:
    recorded = record.event.envelope.recorded.isoformat()
    return reached(recorded, asked)


def _public(record: Record, asked: str) -> bool:
    published = record.event.envelope.published
    return reached(published, asked) if published else isinstance(record.event, Amendment)
