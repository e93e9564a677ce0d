"""Amended: what corrections and retractions make of records.

A record changes things between two moments: from when it takes effect until an amendment of it holds. The projector and
every replay fold the same standings.
"""

import heapq
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID

from application.view import Record, View
from domain.aggregate import as_they_stand
from domain.amendment import Amendment, doubted
from domain.model import aggregate_of
from domain.moment import earliest, first_date, reached
from domain.names import references

_PLACE = attrgetter("place")
Named = tuple[str, str]
"""A kind and a key."""


class Standing(NamedTuple):
    """A record as it stands while some of its stream's amendments hold, and others do not.

    `begins` are the times from which the former hold, `ends` those from which one of the latter would: of
    each the ones that decide, by their dates and by their instants.
    """

    record: Record
    begins: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()

    @property
    def place(self) -> tuple[str, int]:
        """Where the record belongs in a fold."""
        return self.record.place

    def since(self, view: View) -> tuple[str, ...]:
        """All the times that must have begun for the record to count in a view."""
        return (self._own(view), *self.begins)

    def counts(self, view: View, asked: str) -> bool:
        """Whether the record counts in a view at an asked time."""
        return reached(self._own(view), asked) and self.holds(asked)

    def holds(self, asked: str) -> bool:
        """Whether the record stands like this at an asked time, wherever it lies in time itself."""
        for time in self.begins:  # no generator: each record is asked in every view
            if not reached(time, asked):
                return False
        return not self.ends or not self.has_ended(asked)

    def _own(self, view: View) -> str:
        envelope = self.record.event.envelope
        return envelope.occurred if view.follows == "occurred" else envelope.takes_effect

    def has_ended(self, asked: str) -> bool:
        return any(reached(time, asked) for time in self.ends)


class Amending(NamedTuple):
    """What amendments change: the standings as they were, and as they are, each doubted by what was unknown then."""

    gone: list[Standing]
    come: list[Standing]


class Amended:
    """What corrections and retractions have made of the streams that they touch."""

    def __init__(self, streams: Iterable[Sequence[Record]]) -> None:
        """Each stream is given whole, in the order of the log."""
        self.records: dict[UUID, Sequence[Record]] = {}
        self.standings: dict[UUID, list[Standing]] = {}
        self.positions: set[int] = set()
        self.unknown: set[Named] = set()
        """What is not known at any time, because all that was told of it is retracted."""
        for records in streams:
            self.take(records)

    def follow(self, new: Sequence[Record], read: Callable[[set[UUID]], Iterable[Sequence[Record]]]) -> Amending:
        """Judge the streams anew that new records amend, or belong to; gives what that changes of earlier records.

        `read` gives the whole streams that are amended only now, the new records among them.
        """
        streams, positions = self.touched_by(new), {record.position for record in new}
        told = {records[0].event.envelope.stream: records for records in by_stream(new)}
        known = [[*self.records[stream], *told[stream]] for stream in streams & self.records.keys()]
        unknown, amending = set(self.unknown), Amending([], [])
        for records in [*known, *read(streams - self.records.keys())]:
            for all_of, own in zip(amending, self.take(records), strict=True):
                all_of += [standing for standing in own if standing.record.position not in positions]
        return Amending([_doubted(one, unknown) for one in amending.gone], [*map(self.doubted, amending.come)])

    def of(self, records: Sequence[Record]) -> list[Standing]:
        """How some records stand."""
        positions = {record.position for record in records}
        streams = {record.event.envelope.stream for record in records} & self.standings.keys()
        standings = [one for stream in streams for one in self.standings[stream] if one.record.position in positions]
        standings += [Standing(record) for record in records if record.position not in self.positions]
        return [self.doubted(standing) for standing in standings]

    def take(self, records: Sequence[Record]) -> Amending:
        """Judge a stream anew; gives the standings that are others than before."""
        event = records[0].event
        stream, named = event.envelope.stream, (aggregate_of(event).KIND, event.envelope.key)
        before = self.standings.get(stream) or [Standing(record) for record in records]
        now = list(_standings(records))
        if all(isinstance(standing.record.event, Amendment) for standing in now):
            self.unknown.add(named)
        else:
            self.unknown.discard(named)
        self.records[stream], self.standings[stream] = records, now
        self.positions.update(record.position for record in records)
        was, is_now = ({(s.record.position, s.begins, s.ends): s for s in known} for known in (before, now))
        return Amending(
            [standing for at, standing in was.items() if is_now.get(at) != standing],
            [standing for at, standing in is_now.items() if was.get(at) != standing],
        )

    def touched_by(self, records: Iterable[Record]) -> set[UUID]:
        """The streams that some more records change, of those with amendments in them by then."""
        events = [record.event for record in records]
        amending = {event.envelope.stream for event in events if isinstance(event, Amendment)}
        return amending | ({event.envelope.stream for event in events} & self.standings.keys())

    def in_time(self, records: Iterable[Record]) -> Iterator[Standing]:
        """All standings of a negotiation in the order of their places, as the records are given."""
        if not self.standings:
            return map(Standing, records)
        others = (self.doubted(Standing(record)) for record in records if record.position not in self.positions)
        amended = sorted((self.doubted(s) for known in self.standings.values() for s in known), key=_PLACE)
        return heapq.merge(others, amended, key=_PLACE)

    def doubted(self, standing: Standing) -> Standing:
        """The standing, doubted where its record speaks of what is no longer known."""
        return _doubted(standing, self.unknown)


def _doubted(standing: Standing, unknown: Collection[Named]) -> Standing:
    if not unknown:
        return standing
    event = standing.record.event
    for name in references(event):
        if (name.kind, name.key) in unknown:
            event = doubted(event, f"{name.kind} {name.key}: what was told of it is retracted.")
    return standing._replace(record=standing.record._replace(event=event))


def _standings(records: Sequence[Record]) -> Iterator[Standing]:
    """The standings of one stream.

    A date and an instant can put the same two times in different orders, so both orders are gone through.
    """
    events = [record.event for record in records]
    position = {record.event.envelope.id: record.position for record in records}
    turns = {e.envelope.effective for e in events if isinstance(e, Amendment) and e.envelope.effective}
    by_date, by_instant = (sorted(turns, key=key) for key in (first_date, earliest))
    holding = {frozenset(turns[:count]) for turns in (by_date, by_instant) for count in range(len(turns) + 1)}
    for held in sorted(holding, key=len):
        later = turns - held
        begins = {max(held, key=key) for key in (first_date, earliest)} if held else set()
        ends = {min(later, key=key) for key in (first_date, earliest)} if later else set()
        for event in as_they_stand(aggregate_of(events[0]), events, held):
            yield Standing(Record(position[event.envelope.id], event), tuple(sorted(begins)), tuple(sorted(ends)))


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
