"""Stored documents on the day: what depends on it is worked out from them, and from the streams that rules count from.

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
from infrastructure.view_reader import Got, Page, ViewReader


class TodayReader:
    """The view store with what is worked out. Of what somebody may see alone, too much is read: whoever asks looks at
    what the answer says of that. One thread uses it at a time.
    """

    def __init__(self, database: Database) -> None:
        self._views = ViewReader(database)
        self._log = LogReader(database, skip=lambda *_: None)  # the views say what is missing

    def get(self, place: Place, asked: str) -> Got:
        """A document on the day of an asked time, if it is there."""
        got = self._views.get([place])
        found = got.found.get(place)
        if found is None:
            return got
        (held,) = self._worked_out(view_named(place[0]), [(place[1], found.body)], got.position, asked)
        return got._replace(found={place: found._replace(body=held.body)})

    def select(self, query: Query, asked: str) -> Page:
        """A page of documents on the day of an asked time, as `ViewReader.select` gives it."""
        view = view_named(query.view)

        def on_the_day(rows: list[tuple[Row, bytes]], position: int) -> list[tuple[Row, bytes]]:
            documents = self._worked_out(view, [(row[1], body) for row, body in rows], position, asked)
            if not view.by_day:
                return [(row, held.body) for (row, _), held in zip(rows, documents, strict=True)]
            documents.sort(key=lambda held: held.row(query.sort), reverse=query.sort.startswith("-"))
            found = select(documents, query._replace(party=None, issue=None, text=None))
            return [(row, held.body) for row, held in found]

        return self._views.select(_all_of(query) if view.by_day else query, on_the_day)

    def close(self) -> None:
        self._views.close()
        self._log.close()

    def _worked_out(self, view: View, stored: Sequence[tuple[str, bytes]], position: int, asked: str) -> list[Held]:
        """Documents, each of a negotiation, on a day; the views hold all up to a position.

        What they count from shows while they are worked out: those that need more are worked out again with it.
        """
        work_out = view.reckoned or (lambda document, _: document)
        known: dict[UUID, list[Standing]] = {}
        documents = [decode_document(view, body) for _, body in stored]
        found = {}
        waiting = list(range(len(stored)))
        while waiting:
            needed = {}
            for n in waiting:
                streams = _Streams(stored[n][0], known)
                found[n] = work_out(documents[n], Reckoner(streams, asked))
                if streams.missing:
                    needed[n] = streams.missing
            known |= self._read({stream for missing in needed.values() for stream in missing}, position)
            waiting = list(needed)
        return [Held(view, found[n], ("", 0)) for n in range(len(stored))]

    def _read(self, streams: Collection[UUID], position: int) -> dict[UUID, list[Standing]]:
        """The standings of streams up to a position; of one that is not there, none."""
        told = self._log.streams(dict.fromkeys(streams, 0)) if streams else {}
        until = {stream: [r for r in told.get(stream, ()) if r.position <= position] for stream in streams}
        return {stream: list(amended(records).in_time(records)) for stream, records in until.items()}


class _Streams:
    """Those of one negotiation that were read; what else is asked for is missing."""

    def __init__(self, negotiation: str, known: dict[UUID, list[Standing]]) -> None:
        self.negotiation = negotiation
        self.missing: set[UUID] = set()
        self._known = known

    def of_stream(self, stream: UUID) -> Sequence[Standing]:
        if stream not in self._known:
            self.missing.add(stream)
        return self._known.get(stream, ())


def _all_of(query: Query) -> Query:
    """A query without what only the day decides."""
    return query._replace(kind=None, status=None, date_from=None, date_to=None, sort="key", after=None, limit=ALL)
