"""The projector: folds new records into the view store, in batches, each in one transaction with its position.

One process keeps the views live, all of them together, so that an answer never mixes two states; a standby takes
over when that one ends. The views are a copy of the log: they are made anew beside those that serve.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from uuid import uuid4

import structlog

from application.amended import Amended, Named, Standing, by_stream
from application.fold import Place, touched, view_named
from application.projections.flags import IMPOSSIBLE
from application.unseen import changes_for_whom
from application.view import Document, Record, View
from domain.erasure import Erasure
from domain.finding import Finding
from domain.moment import reached
from domain.names import references
from infrastructure.code_version import fold_version
from infrastructure.database import Database, StoreRefused
from infrastructure.documents import Documents, Parked
from infrastructure.filling import filled
from infrastructure.folding import Folding, Fresh, Kept, KeptDocuments, counting, fresh, postponed, taken
from infrastructure.log import LogReader
from infrastructure.public_log import PublicLog
from infrastructure.touches import Touches
from infrastructure.view_store import Build, ViewStore

BATCH = 4000
BATCH_MIN = 100
BATCH_SECONDS = 1.0
"""How long a batch should take at most: whoever ends the process waits for it."""
LONG = 10_000
"""From how many records on a negotiation is folded in batches."""

CLOCKS_DIFFER = timedelta(minutes=1)
"""How much a clock may be behind the one by which the views were kept before: they then stand still until it is there.
"""

_log = structlog.get_logger()


class Superseded(Exception):
    """The views that serve were made by another version of the code, which keeps them live."""


class ClockSetBack(StoreRefused):
    """The views stand at a time that is still to come: they hold what does not count yet, and are made anew."""


class Projector:
    """Owns its connections: one thread uses it at a time."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._log = LogReader(database, skip=self._park_unreadable)
        try:
            self._store = ViewStore(database)
        except BaseException:
            self._log.close()
            raise
        self._public = PublicLog(self._log)
        self._clock = clock
        self._stands_at = ""
        """The time at which the views stand: read once for each transaction, so that no record falls between two."""
        self._documents: Documents
        self._kept = KeptDocuments()
        self._amendments: dict[str, Amended] = {}
        """What amendments have made of negotiations, as far as the log was read."""
        self._touches = Touches()
        self._reached: Build | None = None
        """The build as it was when all this was in memory."""
        self._name = str(uuid4())
        self._batch = BATCH
        """How many records are folded at once: fewer where they took long."""
        self._unreadable: list[int] = []
        """The records of a batch that could not be read."""

    def leads(self) -> bool:
        """Whether this is the one that keeps the views live; it stays so until it is closed."""
        return self._store.leads()

    def is_current(self) -> bool:
        """Whether views that this version of the code made are serving, from this log and not from a longer one, and
        at a time that has come.
        """
        serving = self._store.serving()
        if serving is None or serving.fold != fold_version() or self._is_ahead(serving):
            return False
        return serving.position <= self._log.head()

    def catch_up(self, enough: Callable[[], bool] = lambda: False) -> int:
        """Fold what is new or has come into effect, all or until it is enough; gives the position reached.

        Raises `Superseded` and `ClockSetBack`.
        """
        more = True
        while more:
            with self._transaction():
                serving = self._store.serving()
                if serving is None or serving.fold != fold_version():
                    raise Superseded
                position, more = self._step(serving)
            more = more and not enough()
        return position

    def rebuild(self) -> Iterator[int]:
        """Make every document anew, and let them serve; gives how many more records are folded, as it goes.

        Can be killed at any time, and goes on where it was. What serves is kept live meanwhile.
        """
        if not self._store.rebuilds():
            raise StoreRefused("The views are being made anew by another process.")
        try:
            yield from self._rebuild()
        finally:
            self._reached = None
            self._store.end_rebuild()

    def _rebuild(self) -> Iterator[int]:
        with self._transaction():
            build = self._store.unfinished(fold_version())
            if build is None or self._is_ahead(build):
                build = self._store.begin(fold_version())
        if build.position == 0:
            yield from self._fill_all(build)
        while not self._swap_if_reached(build.number):
            yield 0  # whoever makes it may stop here

    def _fill_all(self, build: Build) -> Iterator[int]:
        documents = self._store.documents(build.number)
        done = documents.rebuilt()
        # All up to one position, the one at which the first attempt began: what came since is folded after it.
        head = max(done.values(), default=0) or self._log.head()
        with self._transaction():
            self._move_to_now(self._no_earlier(build, self._store.serving()))
            documents.advance(0, self._name, self._stands_at)
        lengths = {name: length for name, length in self._log.lengths(head).items() if name not in done}
        yield from self._fill(documents, {n: length for n, length in lengths.items() if length <= LONG}, head)
        for negotiation in (name for name, length in lengths.items() if length > LONG):
            yield from self._fill_long(build, negotiation, head)
        with self._transaction():
            documents.end_rebuild()
            documents.advance(head, self._name, self._stands_at)
            self._store.index(build.number)

    def _fill(self, documents: Documents, lengths: dict[str, int], head: int) -> Iterator[int]:
        """Fold whole negotiations, each group of them stored in one transaction."""
        for negotiations, length, folded in filled(self._database, lengths, head, self._stands_at):
            with self._transaction():
                documents.put(folded.documents)
                for postponed in folded.postponed:
                    documents.postpone(*postponed)
                for parked in folded.parked:
                    documents.park(parked)
                documents.restrict(self._public.restricted.intersection(negotiations))
                for negotiation in negotiations:
                    documents.mark_rebuilt(negotiation, head)
            yield length

    def _fill_long(self, build: Build, negotiation: str, head: int) -> Iterator[int]:
        """Fold a negotiation whose documents may not all be held at once, batch by batch."""
        with self._transaction():
            self._remember(build)
            batches = self._begin_anew(negotiation, head)
        for batch in batches:
            with self._transaction():
                self._fold(batch, head)
            yield len(batch)
        with self._transaction():
            self._documents.mark_rebuilt(negotiation, head)

    def _swap_if_reached(self, number: int) -> bool:
        """Fold a batch of what was recorded meanwhile; where nothing is left, let the build serve."""
        with self._transaction():
            serving, build = self._store.serving(), self._store.build(number)
            position, more = self._step(self._no_earlier(build, serving))
            behind = serving is not None and serving.fold == build.fold and position < serving.position
            ready = not more and (not behind or position == self._log.head())
            if ready:
                self._store.swap(number)
        return ready

    def _move_to_now(self, build: Build) -> None:
        """Let the views stand at the time that it is, under its restrictions. Raises `ClockSetBack`.

        What counted in a build counts: it never stands at an earlier time than before.
        """
        if self._is_ahead(build):
            raise ClockSetBack(
                f"The views stand at {build.stands_at}, the clock at {self._clock().isoformat()}: `parley rebuild`."
            )
        now = max(self._clock(), _stood(build))
        self._stands_at = now.isoformat()
        self._public.look(now)

    def _no_earlier(self, build: Build, serving: Build | None) -> Build:
        """A build that stands no earlier than the one that serves, unless that is ahead of the clock."""
        if serving is None or _stood(serving) <= _stood(build) or self._is_ahead(serving):
            return build
        return build._replace(stands_at=serving.stands_at)

    def _is_ahead(self, build: Build) -> bool:
        return _stood(build) - self._clock() > CLOCKS_DIFFER

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            with self._store.transaction():
                yield
        except BaseException:
            self._reached = None
            raise

    def _remember(self, build: Build) -> None:
        """Forget what is in memory, where somebody else has changed the documents since."""
        if self._reached != build:
            self._kept.clear()
            self._amendments.clear()
            self._touches.clear()
            self._public.clear()
            self._documents = self._store.documents(build.number)
            self._reached = build

    def _step(self, build: Build) -> tuple[int, bool]:
        """Fold a batch into a build; gives the position reached, and whether there may be more."""
        began, size = time.monotonic(), self._batch
        self._remember(build)
        self._unreadable.clear()
        batch = self._log.after(build.position, size)
        read = [*(record.position for record in batch), *self._unreadable]
        # Only now, so that no record of the batch can be restricted without that being seen.
        self._move_to_now(build)
        changed = self._retry(build.position)
        position = max(read, default=build.position)
        self._take(batch, build.position)
        changed |= self._take_due(position)
        now = build._replace(position=position, writer=self._name)
        if changed or now != build:
            now = now._replace(stands_at=self._stands_at)
            self._documents.advance(position, self._name, self._stands_at)
        self._reached = now
        took = time.monotonic() - began
        self._batch = max(BATCH_MIN, int(len(read) / took)) if took > BATCH_SECONDS else min(BATCH, 2 * size)
        return position, len(read) == size

    def _take_due(self, checkpoint: int) -> bool:
        """Fold the records whose time has come, if there are any."""
        due = [(position, moment) for position, moment in self._documents.pending() if reached(moment, self._stands_at)]
        if due:
            self._documents.take_effect(due)
            positions = sorted({position for position, _ in due})
            self._take([record for position in positions for record in self._log.after(position - 1, 1)], checkpoint)
        return bool(due)

    def _retry(self, until: int) -> bool:
        """Fold anew what was parked, where that was asked for."""
        again = self._documents.parked(again=True)
        unread = {parked.negotiation for parked in again if not parked.view}
        for negotiation in unread:  # what cannot be read may be missing anywhere
            self._fold_anew(negotiation, until)
        for parked in again:
            if parked.negotiation not in unread:
                self._documents.unpark(parked.place)
                self._refold(parked.negotiation, {parked.place: view_named(parked.view)}, until)
        return bool(again)

    def _take(self, records: Sequence[Record], checkpoint: int) -> None:
        """Fold records: those of a stream with corrections by folding anew all that the stream touches."""
        standings: list[Standing] = []
        until = max([checkpoint, *(record.position for record in records)])
        by_negotiation: dict[str, list[Record]] = defaultdict(list)
        for record in records:
            by_negotiation[record.event.envelope.negotiation].append(record)
        for negotiation, own in by_negotiation.items():
            restricted = negotiation in self._public.restricted
            erased = any(isinstance(record.event, Erasure.Made) for record in own)
            if erased or (restricted and (changes_for_whom(own) or own[0].position <= checkpoint)):
                self._fold_anew(negotiation, until)
            elif not restricted:
                standings += self._standings(negotiation, own, checkpoint, until)
            else:
                standings += self._standings(negotiation, self._seen(negotiation, own, until), checkpoint, until)
        self._fold(standings, until)

    def _standings(self, negotiation: str, told: Sequence[Record], checkpoint: int, until: int) -> list[Standing]:
        """Records of a negotiation as they stand, those after the checkpoint new; what they change of earlier ones, by
        correcting them or because its time has come, is folded at once.
        """
        amended = self._amendments.get(negotiation) or self._amended(negotiation, checkpoint)
        self._amendments[negotiation] = amended
        new = {record.position: record for record in told if record.position > checkpoint}
        unknown = set(amended.unknown)
        amending = amended.follow(list(new.values()), lambda streams: self._public.streams(negotiation, streams, until))
        changed = amending.gone + amending.come
        due = {record.position for record in told} & amended.positions - new.keys()
        for stream in {record.event.envelope.stream for record in told if record.position in due}:
            # With the time of one amendment come the beginnings and ends of others' standings.
            known = map(amended.doubted, amended.standings[stream])
            changed += [one for one in known if one.begins or one.ends or _at(one) in due]
        places: dict[Place, View] = {}
        for standing in changed:
            self._postpone(standing)
            places |= {place: view for view, place in touched(standing.record)}
        standings = amended.of([one for one in told if one.position in new or one.position not in amended.positions])
        if unknown != amended.unknown:
            self._touches.forget(negotiation)
            places |= self._speaking_of(unknown ^ amended.unknown, negotiation, amended, until)
        else:
            self._touches.follow(negotiation, (one.record for one in standings if _at(one) in new))
        if places:
            self._refold(negotiation, places, until)
        return standings

    def _speaking_of(
        self, names: Collection[Named], negotiation: str, amended: Amended, until: int
    ) -> dict[Place, View]:
        """The documents of whether those records are still possible that speak of some names; and all that findings
        touch, which rule only as long as they are.
        """
        flags, found = view_named("flags"), dict[Place, View]()
        for standing in amended.in_time(self._public.in_time(negotiation, until)):
            event = standing.record.event
            if any((name.kind, name.key) in names for name in references(event)):
                found["flags", negotiation, f"{IMPOSSIBLE}{event.envelope.id}"] = flags
                if isinstance(event, Finding.Made):
                    found |= {place: view for view, place in touched(standing.record)}
        return found

    def _seen(self, negotiation: str, records: Sequence[Record], until: int) -> list[Record]:
        """Those of some new records that everybody may see; of the others, those under an embargo are postponed."""
        self._documents.restrict([negotiation])
        unseen = self._public.unseen(negotiation, until)
        for position in unseen.lifting.keys() & {record.position for record in records}:
            self._documents.postpone(position, unseen.lifting[position], negotiation)
        return [record for record in records if record.position not in unseen.positions]

    def _fold_anew(self, negotiation: str, until: int) -> None:
        """Fold all of a negotiation from nothing: what everybody may see of it, or can read, is another than before."""
        for batch in self._begin_anew(negotiation, until):
            self._fold(batch, until)

    def _begin_anew(self, negotiation: str, until: int) -> Iterator[list[Standing]]:
        """Forget all that was folded of a negotiation; gives what it is to be folded from, in batches."""
        self._documents.forget(negotiation)
        self._kept.clear()
        self._touches.forget(negotiation)
        unseen = self._public.unseen(negotiation, until)
        if negotiation in self._public.restricted:
            self._documents.restrict([negotiation])
            for position, lifts in unseen.lifting.items():
                self._documents.postpone(position, lifts, negotiation)
        amended = self._amendments[negotiation] = self._amended(negotiation, until)
        standings = amended.in_time(self._public.in_time(negotiation, until))
        return iter(lambda: list(islice(standings, BATCH)), [])

    def _postpone(self, standing: Standing) -> None:
        for late in postponed(standing, self._stands_at):
            self._documents.postpone(*late)

    def _fold(self, standings: Sequence[Standing], until: int) -> None:
        for standing in standings:
            self._postpone(standing)
        foldings = counting(standings, self._stands_at)
        before = self._before(foldings)
        late: dict[str, dict[Place, View]] = defaultdict(dict)
        folded: list[Fresh] = []
        for place, (view, touching) in foldings.items():
            kept = before.get(place)
            touching.sort(key=lambda record: record.place)
            if kept and kept.stored.folded >= touching[0].place:
                late[place[1]][place] = view
                continue
            document = self._taken(view, place, kept.document if kept else None, touching)
            if document is not None:
                folded.append(fresh(view, place, document, touching[-1], kept))
        self._put(folded)
        for negotiation, places in late.items():
            self._refold(negotiation, places, until)

    def _before(self, foldings: dict[Place, Folding]) -> dict[Place, Kept]:
        """The documents that are there already: in memory, or in the store."""
        known = self._kept.of(foldings)
        for place, stored in self._documents.get([place for place in foldings if place not in known]).items():
            known[place] = Kept.of(foldings[place].view, stored)
        return known

    def _taken(self, view: View, place: Place, document: Document | None, records: Sequence[Record]) -> Document | None:
        """The document after some records; those that the fold cannot take are parked."""
        document, parked = taken(view, place, document, records)
        for one in parked:
            self._documents.park(one)
        return document

    def _park_unreadable(self, position: int, reason: str) -> None:
        _log.error("a record cannot be read, and is parked", position=position, reason=reason)
        self._unreadable.append(position)
        self._documents.park(Parked(position, "", self._log.negotiation_at(position), "", reason))

    def _refold(self, negotiation: str, places: dict[Place, View], until: int) -> None:
        """Fold some documents from nothing, because a record belongs before the last one that they hold."""
        views = set(places.values())
        records: dict[Place, list[Record]] = defaultdict(list)
        amended = self._amendments.get(negotiation) or self._amended(negotiation, until)
        for standing in amended.in_time(self._touching(negotiation, places, amended, until)):
            for view, place in touched(standing.record, views):
                if place in places and standing.counts(view, self._stands_at):
                    records[place].append(standing.record)
        before = self._before({place: Folding(view, []) for place, view in places.items()})
        folded: list[Fresh] = []
        for place, view in places.items():
            self._documents.unpark(place)
            document = self._taken(view, place, None, records[place]) if records[place] else None
            if document is None:
                self._documents.delete(place)
                self._kept.drop(place)
            else:
                folded.append(fresh(view, place, document, records[place][-1], before.get(place)))
        self._put(folded)

    def _touching(self, negotiation: str, places: Collection[Place], amended: Amended, until: int) -> Iterator[Record]:
        """The records that touch some documents, and perhaps others, in the order in which they occurred."""

        def told() -> Iterator[Record]:
            return self._public.in_time(negotiation, until)

        positions = self._touches.of(negotiation, places, lambda: (one.record for one in amended.in_time(told())))
        return told() if positions is None else self._public.at(positions - amended.positions, negotiation, until)

    def _amended(self, negotiation: str, until: int) -> Amended:
        return Amended(by_stream(self._public.amended(negotiation, until)))

    def _put(self, folded: Sequence[Fresh]) -> None:
        stored = self._documents.put([one.changed for one in folded])
        for one, now in zip(folded, stored, strict=True):
            self._kept.keep(one.changed.place, Kept(now, one.document, one.index))

    def close(self) -> None:
        self._log.close()
        self._store.close()


def _stood(build: Build) -> datetime:
    """The time at which a build stands: of one in which nothing is yet, before all."""
    return datetime.fromisoformat(build.stands_at) if build.stands_at else datetime.min.replace(tzinfo=UTC)


def _at(standing: Standing) -> int:
    return standing.record.position
