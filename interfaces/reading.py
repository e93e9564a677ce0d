"""Reading over HTTP: documents and lists of them, now or at other times, and the log itself. Nothing here writes."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import TypeAdapter

from application.fold import Place, all_views, view_named
from application.listing import Query as ListQuery
from application.view import Row
from domain.text import Slug
from infrastructure.log import LogReader
from infrastructure.replayed import Histories, Replayed
from infrastructure.view_reader import Found, ViewReader
from interfaces import answering, asking
from interfaces.asking import (
    Asked,
    AskedAcross,
    AskedAt,
    AskedDeadlines,
    AskedDeadlinesAcross,
    AskedList,
    AskedRecords,
    AskedTimes,
    IfNoneMatch,
    Key,
)
from interfaces.problems import Problem

WAIT_SECONDS = 5.0
POLL_SECONDS = 0.005
ACROSS = ("negotiations", "agreements", "tranches", "deadlines", "sources", "contradictions", "flags")
"""The views that are listed across negotiations."""
WITHIN = (
    "positions",
    "rounds",
    "agreements",
    "tranches",
    "deadlines",
    "sources",
    "timeline",
    "contradictions",
    "flags",
)
"""The views that are lists within a negotiation; the ledger is one document."""

T = TypeVar("T")


class Stores:
    """The stores, opened for reading when the service starts: the log, the views, and the histories in memory."""

    def __init__(self, log: LogReader, views: ViewReader, histories: Histories, clock: Callable[[], datetime]) -> None:
        self.log = log
        self.views = views
        self.clock = clock
        self.histories = histories
        self._replays = ThreadPoolExecutor(1, "replays")
        self._asked: list[tuple[Place, asyncio.Future[tuple[int, Found | None]]]] = []

    async def wait_for(self, position: int | None, reached: Callable[[], int]) -> None:
        """Return once a position is reached; raises a problem after five seconds."""
        deadline = time.monotonic() + WAIT_SECONDS
        while position and reached() < position:
            if time.monotonic() > deadline:
                detail = (
                    f"Position {position} is not in the answer yet: it rests on {reached()}."
                    " `parley serve` or `parley project` folds what is recorded; /readyz tells how far it is behind."
                )
                raise Problem(503, "not-there-yet", detail, headers={"Retry-After": "1"})
            await asyncio.sleep(POLL_SECONDS)

    async def document(self, place: Place) -> tuple[int, Found | None]:
        """The position that the store has reached, and the document. What is asked for at once is one question."""
        loop = asyncio.get_running_loop()
        if not self._asked:
            loop.call_soon(self._answer)
        answer: asyncio.Future[tuple[int, Found | None]] = loop.create_future()
        self._asked.append((place, answer))
        return await answer

    def _answer(self) -> None:
        asked, self._asked = self._asked, []
        asked = [(place, answer) for place, answer in asked if not answer.done()]
        try:
            position, found = self.views.get({place for place, _ in asked})
        except Exception as error:
            for _, answer in asked:
                answer.set_exception(error)
            return
        for place, answer in asked:
            answer.set_result((position, found.get(place)))

    def refuse_unknown(self, negotiation: str) -> None:
        """Raise a problem where nothing is recorded of a negotiation."""
        if not self.log.knows(negotiation):
            raise answering.not_found(("negotiations", negotiation, negotiation))

    async def replay(self, asked: AskedTimes, work: Callable[[Replayed], T]) -> T:
        """What some work makes of the state at the times asked; one replay at a time, beside the other reads."""
        asking.refuse_future(asked.known_at, self.clock())
        await self.wait_for(asked.min_position, self.log.head)
        now = self.clock()
        policy = asked.policy if isinstance(asked, AskedAt) else "none"

        def replayed() -> T:
            return work(Replayed(self.histories, asked.times, policy, now=now))

        return await asyncio.get_running_loop().run_in_executor(self._replays, replayed)

    def close(self) -> None:
        self._replays.shutdown()
        self.views.close()


def router(stores: Callable[[], Stores]) -> APIRouter:
    """The reading routes."""
    routes = APIRouter(tags=["reading"])
    documents = {view.name: view.document for view in all_views()}

    def route(path: str, name: str, endpoint: Callable[..., Awaitable[Response]], summary: str, schema: Any) -> None:
        content = {"application/json": {"schema": schema}}
        answering.get(routes, path, name, endpoint, summary, {"content": content})

    for name in ACROSS:
        summary = f"The {name}, across negotiations."
        route(f"/v1/{name}", f"list-{name}", _list_across(stores, name), summary, _page(documents[name]))
    route(
        "/v1/negotiations/{slug}",
        "show-negotiation",
        _document(stores, "negotiations"),
        "One negotiation: its life, parties, issues and objectives.",
        _ref(documents["negotiations"]),
    )
    route(
        "/v1/negotiations/{slug}/ledger",
        "show-ledger",
        _document(stores, "ledger", "ledger"),
        "What stands on each rung of the investment ladder, by currency, and what is left.",
        _ref(documents["ledger"]),
    )
    for name in WITHIN:
        path, summary = f"/v1/negotiations/{{slug}}/{name}", f"The {name} of a negotiation."
        route(path, f"list-{name}-of-negotiation", _list_within(stores, name), summary, _page(documents[name]))
        route(
            f"{path}/{{key:path}}", f"show-{name}", _keyed(stores, name), f"One of the {name}.", _ref(documents[name])
        )
    route("/v1/records", "list-records", _records(stores), "The log itself, in its order.", _page(dict[str, Any]))
    route(
        "/v1/records/{id:uuid}", "show-record", _record(stores), "One record, as it was taken down.", {"type": "object"}
    )
    return routes


def schemas() -> dict[str, Any]:
    """The JSON schemas of all documents, by name."""
    adapters: list[Any] = [(view.name, "serialization", TypeAdapter(view.document)) for view in all_views()]
    _, definitions = TypeAdapter.json_schemas(adapters, ref_template="#/components/schemas/{model}")
    found: dict[str, Any] = definitions.get("$defs", {})
    for view in all_views():
        name = view.document.__name__
        found[name] = answering.schema_with_flags_and_times(found[name])
    return found


def _ref(document: type) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{document.__name__}"}


def _page(item: Any) -> dict[str, Any]:
    items = {"type": "object"} if item == dict[str, Any] else _ref(item)
    return {
        "type": "object",
        "properties": {
            "items": {"type": "array", "items": items},
            "next": {"type": ["string", "null"]},
            "times": answering.TIMES,
        },
        "required": ["items", "next"],
    }


def _document(stores: Callable[[], Stores], view: str, key: str | None = None) -> Callable[..., Awaitable[Response]]:
    async def show(
        request: Request, slug: Slug, asked: Annotated[AskedAt, Query()], if_none_match: IfNoneMatch = None
    ) -> Response:
        return await shown(stores(), (view, slug, key or slug), asked, if_none_match)

    return show


def _keyed(stores: Callable[[], Stores], view: str) -> Callable[..., Awaitable[Response]]:
    async def show(
        request: Request, slug: Slug, key: Key, asked: Annotated[AskedAt, Query()], if_none_match: IfNoneMatch = None
    ) -> Response:
        return await shown(stores(), (view, slug, key), asked, if_none_match)

    return show


async def shown(stores: Stores, place: Place, asked: AskedAt, if_none_match: str | None) -> Response:
    """The answer with one document."""
    if not asked.is_now or view_named(place[0]).reckoned:
        body = await stores.replay(asked, lambda state: show(state, place, asked))
        return answering.answer(body, stores.log.head(), if_none_match)
    await stores.wait_for(asked.min_position, stores.views.position)
    position, found = await stores.document(place)
    if found is None:
        raise answering.not_found(place)
    return answering.answer(answering.timed(answering.flagged(*found), asked), position, if_none_match)


def show(state: Replayed, place: Place, asked: AskedAt) -> bytes:
    """The answer with a replayed document."""
    document = state.document(place)
    if document is None:
        raise answering.not_found(place, asked)
    body = answering.flagged(document.body, state.flags([place]).get(place, ()))
    return answering.timed(body, asked, state.may_be_later([place]))


def _list_within(stores: Callable[[], Stores], view: str) -> Callable[..., Awaitable[Response]]:
    told = AskedDeadlines if view == "deadlines" else AskedList

    async def listed(
        slug: Slug,
        asked: Annotated[told, Query()],  # type: ignore[valid-type]
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        store = stores()
        store.refuse_unknown(slug)
        return await _list(store, view, slug, asked, if_none_match)

    return listed


def _list_across(stores: Callable[[], Stores], view: str) -> Callable[..., Awaitable[Response]]:
    told = AskedDeadlinesAcross if view == "deadlines" else AskedAcross

    async def listed(
        asked: Annotated[told, Query()],  # type: ignore[valid-type]
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        across: AskedAcross = asked
        return await _list(stores(), view, across.negotiation, across, if_none_match)

    return listed


async def _list(
    stores: Stores, view: str, negotiation: str | None, asked: AskedList, if_none_match: str | None
) -> Response:
    query = asking.query(view, negotiation, asked)
    if not asked.is_now or view_named(view).reckoned:
        body = await stores.replay(asked, lambda state: listed(state, query, asked))
        return answering.answer(body, stores.log.head(), if_none_match)
    await stores.wait_for(asked.min_position, stores.views.position)
    page = stores.views.select(query)
    return answering.answer(answering.timed(_as_page(query, page.rows), asked), page.position, if_none_match)


def listed(state: Replayed, query: ListQuery, asked: AskedAt) -> bytes:
    """The answer with a replayed page."""
    found = state.select(query)
    places = [(query.view, row[1], row[2]) for row, _ in found[: query.limit - 1]]
    flags = state.flags(places)
    rows = [(row, Found(held.body, flags.get((query.view, row[1], row[2]), ()))) for row, held in found]
    return answering.timed(_as_page(query, rows), asked, state.may_be_later(places))


def _as_page(query: ListQuery, rows: list[tuple[Row, Found]]) -> bytes:
    """A page, and where the next one goes on: a query asks for one document more than the page holds."""
    held = rows[: query.limit - 1]
    following = asking.cursor(query.view, query.sort, held[-1][0]) if len(rows) > len(held) else None
    items = [answering.flagged(*found) for _, found in held]
    return answering.as_page(items, following)


def _records(stores: Callable[[], Stores]) -> Callable[..., Awaitable[Response]]:
    async def records(asked: Annotated[AskedRecords, Query()], if_none_match: IfNoneMatch = None) -> Response:
        log = stores().log
        await stores().wait_for(asked.min_position, log.head)
        told = asked.model_dump(exclude={"min_position", "after", "limit"}, exclude_none=True)
        filters = {name: asking.bound(name, value) for name, value in told.items()}
        head = log.head()
        rows = log.select(filters, asked.after, asked.limit + 1)
        more = len(rows) > asked.limit
        rows = rows[: asked.limit]
        following = str(rows[-1][0]) if more else None
        return answering.answer(answering.as_page(list(map(answering.as_told, rows)), following), head, if_none_match)

    return records


def _record(stores: Callable[[], Stores]) -> Callable[..., Awaitable[Response]]:
    async def record(id: UUID, asked: Annotated[Asked, Query()], if_none_match: IfNoneMatch = None) -> Response:
        log = stores().log
        await stores().wait_for(asked.min_position, log.head)
        row = log.find(str(id))
        if row is None:
            raise Problem(404, "not-found", f"There is no record {id}.")
        return answering.answer(answering.as_told(row), row[0], if_none_match)

    return record
