"""Stored documents on the day: what depends on it is worked out from them, from the streams that rules count from, and
from those in which a record is postponed.

So nothing more of a negotiation is read, however long it is.
"""

from collections.abc import Collection, Sequence
from uuid import UUID

from application.amended import Standing, amended
from application.fold import Place, view_named
from application.listing import ALL, Query, select
from application.reckoning import Reckoner
from application.replay import Held
from application.view import Row, View
from infrastructure.database import Database
from infrastructure.log import LogReader
from infrastructure.serialization import decode_document
from infrastructure.view_reader import Got, Page, State, ViewReader


class TodayReader:
    """The view store with what is worked out. Of what somebody may see alone, too much is read: whoever asks looks at
    what the answer says of that. One thread uses it at a time.
    """

    def __init__(self, database: Database) -> None:
        self._views = ViewReader(database)
        self._log = LogReader(database, skip=lambda *_: None)  # the views say what is missing

    def get(self, place: Place, asked: str) -> Got:
        """A document on the day of an asked time, if it is there."""
        view = view_named(place[0])

        def on_the_day(rows: list[tuple[Row, bytes]], state: State) -> list[tuple[Row, bytes]]:
            documents = self._worked_out(view, rows, state, asked)
            return [(row, held.body) for (row, _), held in zip(rows, documents, strict=True)]

        return self._views.get_then(place, on_the_day)

    def select(self, query: Query, asked: str) -> Page:
        """A page of documents on the day of an asked time, as `ViewReader.select` gives it."""
        view = view_named(query.view)

        def on_the_day(rows: list[tuple[Row, bytes]], state: State) -> list[tuple[Row, bytes]]:
            documents = self._worked_out(view, rows, state, asked)
            if not view.by_day:
                return [(row, held.body) for (row, _), held in zip(rows, documents, strict=True)]
            documents.sort(key=lambda held: held.row(query.sort), reverse=query.sort.startswith("-"))
            found = select(documents, query._replace(party=None, issue=None, text=None))
            return [(row, held.body) for row, held in found]

        return self._views.select(_all_of(query) if view.by_day else query, on_the_day)

    def close(self) -> None:
        self._views.close()
        self._log.close()

    def _worked_out(self, view: View, stored: Sequence[tuple[Row, bytes]], state: State, asked: str) -> list[Held]:
        """Documents, each at its place in a list, on a day.

        What they count from shows while they are worked out: those that need more are worked out again with it.
        """
        work_out = view.reckoned or (lambda document, _: document)
        known, later = dict[UUID, list[Standing]](), dict[str, set[UUID]]()
        documents = [decode_document(view, body) for _, body in stored]
        found = {}
        waiting = list(range(len(stored)))
        while waiting:
            needed = {}
            for n in waiting:
                streams = _Streams(stored[n][0][1], known, later)
                found[n] = work_out(documents[n], Reckoner(streams, asked))
                if streams.missing or streams.misses_later:
                    needed[n] = streams
            later |= self._postponed({one.negotiation for one in needed.values() if one.misses_later}, state)
            missing = set[UUID]().union(*later.values(), *(one.missing for one in needed.values())) - known.keys()
            known |= self._read(missing, state.position)
            waiting = list(needed)
        return [Held(view, found[n], ("", 0)) for n in range(len(stored))]

    def _postponed(self, negotiations: Collection[str], state: State) -> dict[str, set[UUID]]:
        """By negotiation the streams in which a record is postponed."""
        found = {negotiation: set[UUID]() for negotiation in negotiations}
        for record in self._log.at(state.postponed(negotiations)) if negotiations else ():
            found[record.event.envelope.negotiation].add(record.event.envelope.stream)
        return found

    def _read(self, streams: Collection[UUID], position: int) -> dict[UUID, list[Standing]]:
        """The standings of streams up to a position; of one that is not there, none."""
        told = self._log.streams(dict.fromkeys(streams, 0)) if streams else {}
        until = {stream: [r for r in told.get(stream, ()) if r.position <= position] for stream in streams}
        return {stream: list(amended(records).in_time(records)) for stream, records in until.items()}


class _Streams:
    """Those of one negotiation that were read; what else is asked for is missing."""

    def __init__(self, negotiation: str, known: dict[UUID, list[Standing]], later: dict[str, set[UUID]]) -> None:
        self.negotiation = negotiation
        self.missing: set[UUID] = set()
        self.misses_later = False
        self._known = known
        self._later = later

    def of_stream(self, stream: UUID) -> Sequence[Standing]:
        if stream not in self._known:
            self.missing.add(stream)
        return self._known.get(stream, ())

    def later(self) -> Sequence[Standing]:
        self.misses_later = self.negotiation not in self._later
        return [one for stream in self._later.get(self.negotiation, ()) for one in self._known[stream]]


def _all_of(query: Query) -> Query:
    """A query without what only the day decides."""
    return query._replace(kind=None, status=None, date_from=None, date_to=None, sort="key", after=None, limit=ALL)
