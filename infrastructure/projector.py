"""The projector: folds new records into the view store, in batches, each in one transaction with its checkpoint."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from threading import Event, Thread
from typing import NamedTuple

import structlog

from application.fold import Place, all_views, evolved, touched, view_named
from application.projections.flags import IMPOSSIBLE
from application.replay import Amended, Standing, by_stream
from application.view import Document, Record, View
from domain.moment import reached
from infrastructure.log import LogReader
from infrastructure.serialization import decode_document, encode
from infrastructure.view_store import ViewStore

BATCH = 1000
POLL_SECONDS = 1.0

_log = structlog.get_logger()


class Folding(NamedTuple):
    """One document that a batch touches, and the batch's records that count in it."""

    view: View
    records: list[Record]


class Projector:
    """Owns its connections: one thread uses it at a time."""

    def __init__(self, log: LogReader, store: ViewStore, clock: Callable[[], datetime]) -> None:
        self._log = log
        self._store = store
        self._clock = clock
        self._asked = clock().isoformat()
        """The time at which the views stand: read once for each transaction, so that no record falls between two."""
        self._amendments: dict[str, Amended] = {}
        """What amendments have made of negotiations, as far as the log was read."""
        self._reached = 0

    def catch_up(self) -> int:
        """Fold all that is new or has come into effect; gives the position reached."""
        while True:
            try:
                with self._store.transaction():
                    position, more = self._step()
            except Exception:
                self._amendments.clear()
                raise
            self._reached = position
            if not more:
                return position

    def rebuild(self) -> Iterator[tuple[str, int]]:
        """Make every document anew, negotiation by negotiation; gives each negotiation as it goes, and its records.

        Can be killed at any time, and run beside a live projector: what is folded already is not folded twice.
        """
        head = self._log.head()
        with self._store.transaction():
            self._store.begin_rebuild()
        for negotiation in self._log.negotiations():
            with self._store.transaction():
                self._asked = self._clock().isoformat()
                self._store.forget(negotiation)
                standings = self._amended(negotiation, head).in_time(self._log.in_time(negotiation, head))
                while batch := list(islice(standings, BATCH)):
                    self._fold(batch, head)
                    yield negotiation, len(batch)
                self._store.mark_rebuilt(negotiation, head)
        with self._store.transaction():
            self._store.end_rebuild(head)

    def _step(self) -> tuple[int, bool]:
        self._asked = self._clock().isoformat()
        checkpoint = self._store.checkpoint()
        if checkpoint != self._reached:
            self._amendments.clear()
        batch = self._log.after(checkpoint, BATCH)
        rebuilt = self._store.rebuilt()
        position = batch[-1].position if batch else checkpoint
        self._take([r for r in batch if r.position > rebuilt.get(r.event.envelope.negotiation, 0)], checkpoint)
        if batch:
            self._store.advance(position)
        self._take_due(position)
        return position, len(batch) == BATCH

    def _take_due(self, checkpoint: int) -> None:
        """Fold the records whose time has come."""
        due = [(position, moment) for position, moment in self._store.pending() if reached(moment, self._asked)]
        if due:
            self._store.take_effect(due)
            positions = sorted({position for position, _ in due})
            self._take([record for position in positions for record in self._log.after(position - 1, 1)], checkpoint)

    def _take(self, records: Sequence[Record], checkpoint: int) -> None:
        """Fold records: those of a stream with corrections by folding anew all that the stream touches."""
        standings: list[Standing] = []
        until = max([checkpoint, *(record.position for record in records)])
        for negotiation in dict.fromkeys(record.event.envelope.negotiation for record in records):
            own = [record for record in records if record.event.envelope.negotiation == negotiation]
            before = amended = self._amendments.get(negotiation) or self._amended(negotiation, checkpoint)
            if amended.is_touched_by(own):
                told = self._log.amended(negotiation, until)
                before = Amended(by_stream(record for record in told if record.position <= checkpoint))
                amended = Amended(by_stream(told))
            self._amendments[negotiation] = amended
            standings += [amended.doubted(Standing(r)) for r in own if r.position not in amended.positions]
            streams = {r.event.envelope.stream for r in own if r.position in amended.positions}
            if streams:
                places = {("flags", negotiation, IMPOSSIBLE): view_named("flags")}
                for known in (before, amended):
                    for stream in streams:
                        for standing in known.standings.get(stream, ()):
                            self._postpone(standing)
                            places |= {place: view for view, place in touched(standing.record)}
                self._refold(negotiation, places, until)
        self._fold(standings, until)

    def _postpone(self, standing: Standing) -> None:
        """Remember a record that takes effect later."""
        envelope = standing.record.event.envelope
        for moment in (envelope.takes_effect, *standing.begins):
            if not reached(moment, self._asked):
                self._store.postpone(standing.record.position, envelope.negotiation, moment)

    def _fold(self, standings: Iterable[Standing], until: int) -> None:
        foldings: dict[Place, Folding] = {}
        for standing in standings:
            self._postpone(standing)
            for view, place in touched(standing.record):
                if standing.counts(view, self._asked):
                    foldings.setdefault(place, Folding(view, [])).records.append(standing.record)
        late: dict[str, dict[Place, View]] = defaultdict(dict)
        for place, (view, touching) in foldings.items():
            stored = self._store.get(place)
            touching.sort(key=lambda record: record.place)
            if stored and stored.folded >= touching[0].place:
                late[place[1]][place] = view
                continue
            document = evolved(view, place, decode_document(view, stored.body) if stored else None, touching)
            self._put(view, place, document, touching[-1])
        for negotiation, places in late.items():
            self._refold(negotiation, places, until)

    def _refold(self, negotiation: str, places: dict[Place, View], until: int) -> None:
        """Fold some documents from nothing, because a record belongs before the last one that they hold."""
        views = [view for view in all_views() if view in places.values()]
        counting: dict[Place, list[Record]] = defaultdict(list)
        amended = self._amendments.get(negotiation) or self._amended(negotiation, until)
        for standing in amended.in_time(self._log.in_time(negotiation, until)):
            for view, place in touched(standing.record, views):
                if place in places and standing.counts(view, self._asked):
                    counting[place].append(standing.record)
        for place, view in places.items():
            if records := counting[place]:
                self._put(view, place, evolved(view, place, None, records), records[-1])
            else:
                self._store.delete(place)

    def _amended(self, negotiation: str, until: int) -> Amended:
        return Amended(by_stream(self._log.amended(negotiation, until)))

    def _put(self, view: View, place: Place, document: Document, last: Record) -> None:
        self._store.put(place, last.place, encode(document), view.index(document))

    def close(self) -> None:
        self._log.close()
        self._store.close()


class ProjectorThread(Thread):
    """Keeps the views live: folds when it is woken, and at least once a second."""

    def __init__(self, projector: Projector) -> None:
        super().__init__(name="projector", daemon=True)
        self._projector = projector
        self._news = Event()
        self._stopping = False

    def wake(self) -> None:
        self._news.set()

    def run(self) -> None:
        while not self._stopping:
            self._news.wait(POLL_SECONDS)
            self._news.clear()
            try:
                self._projector.catch_up()
            except Exception:
                _log.exception("projection failed, and is tried again")

    def stop(self) -> None:
        """Fold what is left, and end."""
        self._stopping = True
        self._news.set()
        self.join()
        self._projector.close()
