"""The projector: folds new records into the view store, in batches, each in one transaction with its checkpoint."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import islice
from threading import Event, Thread
from typing import NamedTuple

import structlog

from application.fold import Place, evolved, touched
from application.view import Document, Record, View
from domain.moment import reached
from infrastructure.log import LogReader
from infrastructure.serialization import decode_document, encode
from infrastructure.view_store import ViewStore

BATCH = 1000
POLL_SECONDS = 1.0

_log = structlog.get_logger()


class Folding(NamedTuple):
    """One document that a batch touches, and the batch's records that touch it."""

    view: View
    records: list[Record]


class Projector:
    """Owns its connections: one thread uses it at a time."""

    def __init__(self, log: LogReader, store: ViewStore, clock: Callable[[], datetime]) -> None:
        self._log = log
        self._store = store
        self._clock = clock

    def catch_up(self) -> int:
        """Fold all that is new or has come into effect; gives the position reached."""
        while True:
            with self._store.transaction():
                position, more = self._step()
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
                self._store.forget(negotiation)
                records = self._log.in_time(negotiation, head)
                while batch := list(islice(records, BATCH)):
                    self._fold(batch)
                    yield negotiation, len(batch)
                self._store.mark_rebuilt(negotiation, head)
        with self._store.transaction():
            self._store.end_rebuild(head)

    def _step(self) -> tuple[int, bool]:
        checkpoint = self._store.checkpoint()
        batch = self._log.after(checkpoint, BATCH)
        rebuilt = self._store.rebuilt()
        position = batch[-1].position if batch else checkpoint
        self._fold([r for r in batch if r.position > rebuilt.get(r.event.envelope.negotiation, 0)])
        if batch:
            self._store.advance(position)
        self._fold_due()
        return position, len(batch) == BATCH

    def _fold_due(self) -> None:
        """Fold the records whose time has come."""
        now = self._clock()
        due = [position for position, moment in self._store.pending() if reached(moment, now)]
        if due:
            self._store.take_effect(due)
            self._fold([record for position in due for record in self._log.after(position - 1, 1)])

    def _fold(self, records: Iterable[Record]) -> None:
        now = self._clock()
        foldings: dict[Place, Folding] = {}
        for record in records:
            effective = reached(record.event.envelope.takes_effect, now)
            if not effective:
                envelope = record.event.envelope
                self._store.postpone(record.position, envelope.negotiation, envelope.takes_effect)
            for view, place in touched(record):
                if effective or view.follows == "occurred":
                    foldings.setdefault(place, Folding(view, [])).records.append(record)
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
            self._refold(negotiation, places, max(record.position for place in places for record in foldings[place][1]))

    def _refold(self, negotiation: str, places: dict[Place, View], until: int) -> None:
        """Fold some documents from nothing, because a record belongs before the last one that they hold."""
        now = self._clock()
        until = max(until, self._store.checkpoint())
        documents: dict[Place, Document] = {}
        last: dict[Place, Record] = {}
        for record in self._log.in_time(negotiation, until):
            effective = reached(record.event.envelope.takes_effect, now)
            for view, place in touched(record):
                if place in places and (effective or view.follows == "occurred"):
                    documents[place] = view.evolve(documents.get(place), record, place[2])
                    last[place] = record
        for place, document in documents.items():
            self._put(places[place], place, document, last[place])

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
