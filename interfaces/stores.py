"""What reading asks of the stores: for everybody, and as far as one who asks may see it."""

import asyncio
import heapq
import time
from collections.abc import Callable, Container
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TypeVar
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from fastapi import Request

from application.access import LOCAL, Identity, operations
from application.fold import Place, view_named
from application.listing import Query
from application.unseen import EVERYONE, Sight
from application.view import Row
from infrastructure.database import StoreDamaged, StoreRefused
from infrastructure.log import LogReader, LogRow
from infrastructure.replayed import Histories, Replayed
from infrastructure.today import TodayReader
from infrastructure.view_reader import Found, Got, Page, ViewReader
from interfaces import answering, asking
from interfaces.asking import AskedAt, AskedTimes
from interfaces.problems import Problem, not_permitted

WAIT_SECONDS = 5.0
POLL_SECONDS = 0.005
SOON_SECONDS = 0.01
"""How long views that do not hold a position yet are waited for: mostly they are that near. Then the log answers."""

NOT_RECORDED = (
    "Restricted records are in this answer, and this process cannot record that they are read, as on a replica:"
    " ask one that can write."
)

T = TypeVar("T")
Journal = Callable[[datetime, str, str, str, list[str]], None]
"""Takes down when, by whom, in which negotiation, at which address and which restricted records were read. Raises where
it cannot."""


class Stores:
    """The stores, opened for reading when the service starts: the log, the views, and the histories in memory."""

    def __init__(
        self,
        log: LogReader,
        views: ViewReader,
        today: TodayReader,
        histories: Histories,
        clock: Callable[[], datetime],
        journal: Journal,
    ) -> None:
        self.log = log
        self.views = views
        self.today = today
        self.clock = clock
        self.histories = histories
        self.journal = journal
        self._replays = ThreadPoolExecutor(1, "replays")
        self._asked: list[tuple[Place, asyncio.Future[Got]]] = []

    async def wait_for(self, position: int | None, reached: Callable[[], int]) -> None:
        """Return once a position is reached; raises a problem after five seconds."""
        if not await _is_reached(position, reached, WAIT_SECONDS):
            detail = (
                f"Position {position} is not in the answer yet: it rests on {reached()}."
                " `parley serve` or `parley project` folds what is recorded; /readyz tells how far it is behind."
            )
            raise Problem(503, "not-there-yet", detail, headers={"Retry-After": "1"})

    async def hold_soon(self, position: int | None, negotiations: Container[str]) -> bool:
        """Whether the views hold a position, now or in a moment.

        They are waited for where something is parked in one of the negotiations: they alone say what is missing.
        """
        if await _is_reached(position, self.views.position, SOON_SECONDS):
            return True
        if not self.views.position() or all(one.negotiation not in negotiations for one in self.views.parked()):
            return False
        await self.wait_for(position, self.views.position)
        return True

    async def get(self, place: Place) -> Got:
        """A document as it is stored, or worked out from it today; what is asked for at once is one question."""
        if view_named(place[0]).reckoned:
            return await self.in_turn(lambda: self.today.get(place, self.clock().isoformat()))
        loop = asyncio.get_running_loop()
        if not self._asked:
            loop.call_soon(self._answer)
        answer: asyncio.Future[Got] = loop.create_future()
        self._asked.append((place, answer))
        return await answer

    def _answer(self) -> None:
        asked, self._asked = self._asked, []
        self._answer_all([(place, answer) for place, answer in asked if not answer.done()])

    def _answer_all(self, asked: list[tuple[Place, asyncio.Future[Got]]]) -> None:
        try:
            got = self.views.get({place for place, _ in asked})
        except Exception as error:
            if isinstance(error, StoreDamaged) and len(asked) > 1:  # the others are answered
                for one in asked:
                    self._answer_all([one])
                return
            for _, answer in asked:
                answer.set_exception(error)
            return
        for _, answer in asked:
            answer.set_result(got)

    async def select(self, query: Query) -> Page:
        """A page of documents as they are stored, or worked out from them today."""
        if view_named(query.view).reckoned:
            return await self.in_turn(lambda: self.today.select(query, self.clock().isoformat()))
        return self.views.select(query)

    async def in_turn(self, work: Callable[[], T]) -> T:
        """What some work with the histories comes to; one at a time, beside the other reads."""
        return await asyncio.get_running_loop().run_in_executor(self._replays, work)

    def close(self) -> None:
        self._replays.shutdown()
        self.views.close()
        self.today.close()


class Seen:
    """The stores, as far as whoever asks may see them: every read passes through here."""

    def __init__(self, stores: Stores, identity: Identity, operation: str, address: str) -> None:
        """Raises a problem where the identity may not do this with any negotiation."""
        if not identity.may_anywhere(operation):
            raise not_permitted(identity.name, operation, operations()[operation])
        self.clock = stores.clock
        self.head = stores.log.head
        self.position = 0
        """What was replayed last rests on all up to this position."""
        self._stores = stores
        self._identity = identity
        self._operation = operation
        self._address = address

    @property
    def negotiations(self) -> frozenset[str] | None:
        """Those of which whoever asks may see something: `None` is all of them, and an empty set is nothing."""
        return self._identity.where(self._operation)

    def sight(self, negotiation: str) -> Sight | None:
        """Which restricted records of a negotiation it may see; none where it may see nothing of it."""
        if not self._identity.may(self._operation, negotiation):
            return None
        return self._identity.sight(negotiation)

    async def refuse_unknown(self, negotiation: str) -> None:
        """Raise a problem where nothing of a negotiation is known to whoever asks."""
        log, sight = self._stores.log, self.sight(negotiation)
        known = sight is not None and log.knows(negotiation)
        if known and sight and not sight.everything and negotiation in log.restricted():
            known = await self._stores.in_turn(lambda: self._replayed(AskedTimes()).knows(negotiation))
        if not known:
            raise answering.not_found(("negotiations", negotiation, negotiation))

    async def wait_for(self, position: int | None, reached: Callable[[], int] | None = None) -> None:
        """Return once the log, or something else, has reached a position."""
        await self._stores.wait_for(position, reached or self.head)

    async def stored(self, place: Place, min_position: int | None) -> tuple[int, Found] | None:
        """A document with the position that it rests on; none where it has to be replayed: for whoever asks, or because
        the views do not hold a position yet.
        """
        sight = self.sight(place[1])
        if sight is None:
            raise answering.not_found(place)
        if not await self._stores.hold_soon(min_position, [place[1]]):
            return None
        position, documents, restricted, narrowed = await self._stores.get(place)
        if place[1] in narrowed or (place[1] in restricted and self._sees_otherwise(*place[:2])):
            return None
        found = documents.get(place)
        if found is None:
            raise answering.not_found(place)
        return position, found

    async def page(self, query: Query, asked: AskedAt) -> Page:
        """A page of stored documents; of negotiations of which whoever asks may see more, or less since they were
        stored, replayed ones.
        """
        within, query = query.negotiations, self.narrowed(query)
        if within is None:
            await self._stores.wait_for(asked.min_position, self._stores.views.position)
        elif not await self._stores.hold_soon(asked.min_position, within):
            rows = await self.replay(asked, lambda state: replayed_rows(state, query))
            return Page(rows, self.position)
        others, page = frozenset[str](), await self._stores.select(query)
        if self._others(page, query):  # what is replayed is cut where the stored end: mostly, in a moment, at the end
            await _is_reached(self.head(), self._stores.views.position, SOON_SECONDS)
        while more := self._others(page, query) - others:
            others |= more
            page = await self._stores.select(query._replace(left_out=others))
        if not others:
            return page
        own = query._replace(negotiations=others)
        rows = await self.replay(asked, lambda state: replayed_rows(state, own), until=page.position)
        merged = heapq.merge(page.rows, rows, key=lambda row: row[0], reverse=query.sort.startswith("-"))
        return Page(list(merged)[: query.limit], page.position)

    def _others(self, page: Page, query: Query) -> frozenset[str]:
        """The negotiations of a page of which whoever asks sees more or less than is stored."""
        others = frozenset(n for n in page.restricted if self._sees_otherwise(query.view, n)) | page.narrowed
        return others if query.negotiations is None else others & query.negotiations

    def _sees_otherwise(self, view: str, negotiation: str) -> bool:
        """Whether whoever asks sees a view of a restricted negotiation otherwise than as it is stored: what is worked
        out rests on all records that one may see, and so is replayed.
        """
        return view_named(view).reckoned is not None or self.sight(negotiation) != EVERYONE

    def narrowed(self, query: Query) -> Query:
        """A query, of the negotiations alone that whoever asks may see."""
        allowed = self.negotiations
        if allowed is None:
            return query
        asked = query.negotiations
        return query._replace(negotiations=allowed if asked is None else allowed & asked)

    async def replay(self, asked: AskedTimes, work: Callable[[Replayed], T], until: int | None = None) -> T:
        """What some work makes of the state at the times asked, of all that is recorded or up to a position; what it
        discloses is recorded before it is answered.
        """
        stores = self._stores
        asking.refuse_future(asked.known_at, stores.clock())
        await self.wait_for(asked.min_position)
        self.position = self.head()

        def replayed() -> T:
            state = self._replayed(asked, self.position, self.position if until is None else until)
            found = work(state)
            self._record(state.disclosed)
            return found

        return await stores.in_turn(replayed)

    def _replayed(self, asked: AskedTimes, head: int | None = None, until: int | None = None) -> Replayed:
        policy = asked.policy if isinstance(asked, AskedAt) else "none"
        histories, now = self._stores.histories, self.clock()
        return Replayed(histories, asked.times, policy, now=now, seeing=self.sight, head=head, until=until)

    async def records(self, filters: dict[str, str], after: int, limit: int, stored: bool = False) -> list[LogRow]:
        """Records in the order of the log, as `LogReader.select` gives them."""
        found: list[LogRow] = []
        while True:
            rows = self._stores.log.select(filters, after, limit, self.negotiations, stored)
            found += await self._shown(rows)
            if len(found) >= limit or len(rows) < limit:
                return found[:limit]
            after = rows[-1].position

    async def record(self, record: UUID) -> LogRow:
        """One record."""
        shown = await self._shown_one(self._stores.log.find(str(record)))
        if not shown:
            raise no_record(record)
        return shown[0]

    async def record_as_stored(self, record: UUID) -> LogRow:
        """One record in the form that its proof is of: what can be erased is encrypted in it."""
        row = self._stores.log.as_stored(str(record))
        if row is None or not await self._shown_one(row):
            raise no_record(record)
        return row

    async def _shown_one(self, row: LogRow | None) -> list[LogRow]:
        return await self._shown([row]) if row and self.sight(row.negotiation) else []

    async def _shown(self, rows: list[LogRow]) -> list[LogRow]:
        """Those rows that whoever asks may see, each with its version among those."""
        restricted = self._stores.log.restricted().intersection(row.negotiation for row in rows)
        if not restricted:
            return rows

        def shown() -> list[LogRow]:
            state = self._replayed(AskedTimes())
            found = [state.shown(row) if row.negotiation in restricted else row for row in rows]
            self._record(state.disclosed)
            return [row for row in found if row]

        return await self._stores.in_turn(shown)

    def _record(self, disclosed: dict[str, set[UUID]]) -> None:
        for negotiation, records in disclosed.items():
            if records:
                told = sorted(map(str, records))
                try:
                    self._stores.journal(self.clock(), self._identity.name, negotiation, self._address, told)
                except StoreRefused:
                    raise Problem(503, "read-not-recorded", NOT_RECORDED) from None


async def _is_reached(position: int | None, reached: Callable[[], int], seconds: float) -> bool:
    """Whether a position is reached within some seconds."""
    deadline = time.monotonic() + seconds
    while position and reached() < position:
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(POLL_SECONDS)
    return True


def no_record(record: UUID) -> Problem:
    return Problem(404, "not-found", f"There is no record {record}.")


def seen(stores: Stores, request: Request) -> Seen:
    """The stores, as whoever sends a request may see them; the operation is that of its route."""
    return Seen(stores, identity_of(request), request.scope["route"].operation_id, address_of(request))


def identity_of(request: Request) -> Identity:
    """Who asks, as the gate found; where there is none, whoever has the store at hand."""
    identity: Identity = request.scope.get("identity", LOCAL)
    return identity


def address_of(request: Request) -> str:
    """What is asked, with its parameters, but without the words that are sought: a name among them may be erased."""
    path, query = request.scope["path"], request.scope["query_string"]
    told = [one for one in parse_qsl(query.decode("latin-1"), keep_blank_values=True) if one[0] != "q"] if query else ()
    return f"{path}?{urlencode(told)}" if told else str(path)


def replayed_rows(state: Replayed, query: Query) -> list[tuple[Row, Found]]:
    """A replayed page, with the flags that touch its documents."""
    found = state.select(query)
    flags = state.flags([(query.view, row[1], row[2]) for row, _ in found])
    return [(row, Found(held.body, flags.get((query.view, row[1], row[2]), ()))) for row, held in found]
