"""Reading over HTTP: documents and lists of them, now or at other times, and the log itself. Nothing here writes."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import TypeAdapter

from application.fold import Place, all_views, view_named
from application.listing import ACROSS, ALONE, WITHIN
from application.listing import Query as ListQuery
from application.view import Row
from domain.text import Slug
from infrastructure.replayed import Replayed
from infrastructure.view_reader import Found
from interfaces import answering, asking
from interfaces.asking import (
    Asked,
    AskedAcross,
    AskedAt,
    AskedDeadlines,
    AskedDeadlinesAcross,
    AskedList,
    AskedRecords,
    IfNoneMatch,
    Key,
)
from interfaces.stores import Seen, replayed_rows

Ask = Callable[[Request], Seen]
"""Gives the stores, as far as whoever sends a request may see them."""


def router(stores: Ask) -> APIRouter:
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
    for name in ALONE:
        path, summary = f"/v1/negotiations/{{slug}}/{name}", f"The {name} of a negotiation."
        route(path, f"show-{name}", _document(stores, name, name), summary, _ref(documents[name]))
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


def _document(stores: Ask, view: str, key: str | None = None) -> Callable[..., Awaitable[Response]]:
    async def show(
        request: Request, slug: Slug, asked: Annotated[AskedAt, Query()], if_none_match: IfNoneMatch = None
    ) -> Response:
        return await shown(stores(request), (view, slug, key or slug), asked, if_none_match)

    return show


def _keyed(stores: Ask, view: str) -> Callable[..., Awaitable[Response]]:
    async def show(
        request: Request, slug: Slug, key: Key, asked: Annotated[AskedAt, Query()], if_none_match: IfNoneMatch = None
    ) -> Response:
        return await shown(stores(request), (view, slug, key), asked, if_none_match)

    return show


async def shown(store: Seen, place: Place, asked: AskedAt, if_none_match: str | None) -> Response:
    """The answer with one document."""
    if asked.is_now:
        stored = await store.stored(place, asked.min_position)
        if stored:
            position, found = stored
            return answering.answer(answering.timed(answering.flagged(place, *found), asked), position, if_none_match)
    body = await store.replay(asked, lambda state: show(state, place, asked))
    return answering.answer(body, store.position, if_none_match)


def show(state: Replayed, place: Place, asked: AskedAt) -> bytes:
    """The answer with a replayed document."""
    document = state.document(place)
    _refuse_strangers(state, place[1], asked)
    if document is None:
        raise answering.not_found(place, asked)
    body = answering.flagged(place, document.body, state.flags([place]).get(place, ()))
    return answering.timed(body, asked, state.may_be_later([place]))


def _refuse_strangers(state: Replayed, negotiation: str, asked: AskedAt) -> None:
    kind, _, of = asked.policy.partition(":")
    told: list[tuple[str, str, str | None]] = [("policy", "party" if kind == "account" else "policy", of)]
    if isinstance(asked, AskedList):
        told += [("party", "party", asked.party), ("issue", "issue", asked.issue)]
    state.refuse_strangers(negotiation, told)


def _list_within(stores: Ask, view: str) -> Callable[..., Awaitable[Response]]:
    told = asking.of_view(AskedDeadlines if view == "deadlines" else AskedList, view_named(view))

    async def listed(
        request: Request,
        slug: Slug,
        asked: Annotated[told, Query()],  # type: ignore[valid-type]
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        return await _list(stores(request), view, slug, asked, if_none_match)

    return listed


def _list_across(stores: Ask, view: str) -> Callable[..., Awaitable[Response]]:
    told = asking.of_view(AskedDeadlinesAcross if view == "deadlines" else AskedAcross, view_named(view))

    async def listed(
        request: Request,
        asked: Annotated[told, Query()],  # type: ignore[valid-type]
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        across: AskedAcross = asked
        return await _list(stores(request), view, across.negotiation, across, if_none_match)

    return listed


async def _list(
    store: Seen, view: str, negotiation: str | None, asked: AskedList, if_none_match: str | None
) -> Response:
    if negotiation:
        await store.refuse_unknown(negotiation)
    query = asking.query(view, negotiation, asked)
    if not asked.is_now:
        query = store.narrowed(query)
        body = await store.replay(asked, lambda state: listed(state, query, asked, negotiation))
        return answering.answer(body, store.position, if_none_match)
    page = await store.page(query, asked)
    if negotiation and not page.rows and (asked.party or asked.issue):
        await store.replay(asked, lambda state: _refuse_strangers(state, negotiation, asked))
    return answering.answer(answering.timed(_as_page(query, page.rows), asked), page.position, if_none_match)


def listed(state: Replayed, query: ListQuery, asked: AskedAt, negotiation: str | None = None) -> bytes:
    """The answer with a replayed page, of one negotiation or across them."""
    rows = replayed_rows(state, query)
    if negotiation and (not rows or asked.policy != "none"):
        _refuse_strangers(state, negotiation, asked)
    places = [(query.view, row[1], row[2]) for row, _ in rows[: query.limit - 1]]
    return answering.timed(_as_page(query, rows), asked, state.may_be_later(places))


def _as_page(query: ListQuery, rows: list[tuple[Row, Found]]) -> bytes:
    """A page, and where the next one goes on: a query asks for one document more than the page holds."""
    held = rows[: query.limit - 1]
    following = asking.cursor(query.view, query.sort, held[-1][0]) if len(rows) > len(held) else None
    items = [answering.flagged((query.view, row[1], row[2]), *found) for row, found in held]
    return answering.as_page(items, following)


def _records(stores: Ask) -> Callable[..., Awaitable[Response]]:
    async def records(
        request: Request, asked: Annotated[AskedRecords, Query()], if_none_match: IfNoneMatch = None
    ) -> Response:
        store = stores(request)
        await store.wait_for(asked.min_position)
        told = asked.model_dump(exclude={"min_position", "form", "after", "limit"}, exclude_none=True)
        filters = {name: asking.bound(name, value) for name, value in told.items()}
        head = store.head()
        rows = await store.records(filters, asked.after, asked.limit + 1, asked.form == "stored")
        more = len(rows) > asked.limit
        rows = rows[: asked.limit]
        following = str(rows[-1].position) if more else None
        return answering.answer(answering.as_page(list(map(answering.as_told, rows)), following), head, if_none_match)

    return records


def _record(stores: Ask) -> Callable[..., Awaitable[Response]]:
    async def record(
        request: Request, id: UUID, asked: Annotated[Asked, Query()], if_none_match: IfNoneMatch = None
    ) -> Response:
        store = stores(request)
        await store.wait_for(asked.min_position)
        row = await store.record(id)
        return answering.answer(answering.as_told(row), row.position, if_none_match)

    return record
