"""Reading over HTTP: stored documents as they stand, lists of them, and the log itself. Nothing here writes."""

import asyncio
import base64
import hashlib
import json
import time
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Header, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from application.fold import all_views
from domain.model import EVENT_OF_TOPIC
from domain.moment import Moment, Period, instant, is_instant, order
from domain.text import Line, Slug
from infrastructure.log import LogReader
from infrastructure.view_store import Query as ListQuery
from infrastructure.view_store import ViewReader
from interfaces.problems import Problem

WAIT_SECONDS = 5.0
POLL_SECONDS = 0.005
ACROSS = ("negotiations", "agreements", "tranches", "deadlines", "sources")
"""The views that are listed across negotiations."""
WITHIN = ("positions", "rounds", "agreements", "tranches", "deadlines", "sources", "timeline")
"""The views that are lists within a negotiation; the ledger is one document."""
_AFTER_ALL = "\uffff"

Key = Annotated[
    str, Path(max_length=400, pattern=r"^[a-z0-9/:-]+$", description="the document's `key`, as lists show it")
]
IfNoneMatch = Annotated[str | None, Header(description="the ETag of an answer at hand: 304 where it still holds")]


class Asked(BaseModel):
    """What every read takes."""

    model_config = ConfigDict(extra="forbid")
    min_position: Annotated[
        int | None, Field(ge=0, le=2**62, description="wait until this position is in the answer")
    ] = None


class AskedList(Asked):
    """What every list takes."""

    party: Slug | None = None
    issue: Slug | None = None
    kind: Annotated[
        str | None, Field(pattern=r"^[A-Za-z.-]{1,60}$", description="the documents' kind, form or status")
    ] = None
    date_from: Annotated[Period | None, Field(alias="from")] = None
    date_to: Annotated[Period | None, Field(alias="to", description="inclusive")] = None
    q: Annotated[Line | None, Field(description="words, each taken as a beginning")] = None
    sort: Literal["date", "-date", "key", "-key"] = "date"
    cursor: Annotated[str | None, Field(max_length=2000, description="`next` of the page before")] = None
    limit: Annotated[int, Field(ge=1, le=500)] = 100


class AskedRecords(Asked):
    """How the log is narrowed; bounds are inclusive."""

    negotiation: Slug | None = None
    stream: Annotated[str | None, Field(pattern=r"^[a-z]+/[a-z0-9/-]+$", examples=["round/3"])] = None
    type: Literal[*sorted(EVENT_OF_TOPIC)] | None = None  # type: ignore[valid-type]
    party: Slug | None = None
    occurred_from: Period | None = None
    occurred_to: Period | None = None
    published_from: Period | None = None
    published_to: Period | None = None
    recorded_from: Moment | None = None
    recorded_to: Moment | None = None
    after: Annotated[int, Field(ge=0, le=2**62, description="the position after which to go on")] = 0
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


class Stores:
    """The two stores, opened for reading when the service starts."""

    def __init__(self, log: LogReader, views: ViewReader) -> None:
        self.log = log
        self.views = views

    async def wait_for(self, position: int | None, reached: Callable[[], int]) -> None:
        """Return once a position is reached; raises a problem after five seconds."""
        deadline = time.monotonic() + WAIT_SECONDS
        while position and reached() < position:
            if time.monotonic() > deadline:
                detail = f"Position {position} is not in the answer yet: it rests on {reached()}."
                raise Problem(503, "not-there-yet", detail, headers={"Retry-After": "1"})
            await asyncio.sleep(POLL_SECONDS)


def router(stores: Callable[[], Stores]) -> APIRouter:
    """The reading routes."""
    routes = APIRouter(tags=["reading"])
    documents = {view.name: view.document for view in all_views()}

    def route(path: str, name: str, endpoint: Callable[..., Awaitable[Response]], summary: str, schema: Any) -> None:
        content = {"application/json": {"schema": schema}}
        routes.add_api_route(
            path,
            endpoint,
            methods=["GET"],
            operation_id=name,
            summary=summary,
            response_class=Response,
            responses={200: {"content": content, "description": summary}, 304: {"description": "it still holds"}},
        )

    for name in ACROSS:
        summary = f"The {name}, across negotiations."
        route(f"/v1/{name}", f"list-{name}", _list(stores, name, within=False), summary, _page(documents[name]))
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
        route(path, f"list-{name}-of-negotiation", _list(stores, name, within=True), summary, _page(documents[name]))
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
    return dict(definitions.get("$defs", {}))


def _ref(document: type) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{document.__name__}"}


def _page(item: Any) -> dict[str, Any]:
    items = {"type": "object"} if item == dict[str, Any] else _ref(item)
    return {
        "type": "object",
        "properties": {"items": {"type": "array", "items": items}, "next": {"type": ["string", "null"]}},
        "required": ["items", "next"],
    }


def _document(stores: Callable[[], Stores], view: str, key: str | None = None) -> Callable[..., Awaitable[Response]]:
    async def show(
        request: Request, slug: Slug, asked: Annotated[Asked, Query()], if_none_match: IfNoneMatch = None
    ) -> Response:
        return await _show(stores(), view, slug, key or slug, asked, if_none_match)

    return show


def _keyed(stores: Callable[[], Stores], view: str) -> Callable[..., Awaitable[Response]]:
    async def show(
        request: Request, slug: Slug, key: Key, asked: Annotated[Asked, Query()], if_none_match: IfNoneMatch = None
    ) -> Response:
        return await _show(stores(), view, slug, key, asked, if_none_match)

    return show


async def _show(
    stores: Stores, view: str, negotiation: str, key: str, asked: Asked, if_none_match: str | None
) -> Response:
    await stores.wait_for(asked.min_position, stores.views.checkpoint)
    position, body = stores.views.get((view, negotiation, key))
    if body is None:
        raise _not_found(view, negotiation, key)
    return _answer(body, position, if_none_match)


def _list(stores: Callable[[], Stores], view: str, *, within: bool) -> Callable[..., Awaitable[Response]]:
    async def listed(asked: AskedList, slug: str | None, if_none_match: str | None) -> Response:
        store = stores()
        await store.wait_for(asked.min_position, store.views.checkpoint)
        if slug and store.views.get(("negotiations", slug, slug))[1] is None:
            raise _not_found("negotiations", slug, slug)
        page = store.views.select(_query(view, slug, asked))
        more = len(page.rows) > asked.limit
        rows = page.rows[: asked.limit]
        cursor = _cursor(view, asked.sort, rows[-1][:3]) if more else None
        return _answer(_as_page([row[3] for row in rows], cursor), page.position, if_none_match)

    async def list_within(
        slug: Slug, asked: Annotated[AskedList, Query()], if_none_match: IfNoneMatch = None
    ) -> Response:
        return await listed(asked, slug, if_none_match)

    async def list_across(asked: Annotated[AskedList, Query()], if_none_match: IfNoneMatch = None) -> Response:
        return await listed(asked, None, if_none_match)

    return list_within if within else list_across


def _query(view: str, negotiation: str | None, asked: AskedList) -> ListQuery:
    return ListQuery(
        view=view,
        negotiation=negotiation,
        kind=asked.kind,
        party=asked.party,
        issue=asked.issue,
        date_from=asked.date_from and order(asked.date_from),
        date_to=asked.date_to and _until(asked.date_to),
        text=asked.q,
        sort=asked.sort,
        after=_uncursor(view, asked.sort, asked.cursor),
        limit=asked.limit + 1,
    )


def _records(stores: Callable[[], Stores]) -> Callable[..., Awaitable[Response]]:
    async def records(asked: Annotated[AskedRecords, Query()], if_none_match: IfNoneMatch = None) -> Response:
        log = stores().log
        await stores().wait_for(asked.min_position, log.head)
        told = asked.model_dump(exclude={"min_position", "after", "limit"}, exclude_none=True)
        filters = {name: _bound(name, value) for name, value in told.items()}
        head = log.head()
        rows = log.select(filters, asked.after, asked.limit + 1)
        more = len(rows) > asked.limit
        rows = rows[: asked.limit]
        cursor = str(rows[-1][0]) if more else None
        return _answer(_as_page(list(map(_as_told, rows)), cursor), head, if_none_match)

    return records


def _record(stores: Callable[[], Stores]) -> Callable[..., Awaitable[Response]]:
    async def record(id: UUID, asked: Annotated[Asked, Query()], if_none_match: IfNoneMatch = None) -> Response:
        log = stores().log
        await stores().wait_for(asked.min_position, log.head)
        row = log.find(str(id))
        if row is None:
            raise Problem(404, "not-found", f"There is no record {id}.")
        return _answer(_as_told(row), row[0], if_none_match)

    return record


def _as_page(items: list[bytes], cursor: str | None) -> bytes:
    """Documents as they stand, and where the next page goes on."""
    return b'{"items":[' + b",".join(items) + b'],"next":' + json.dumps(cursor).encode() + b"}"


def _as_told(row: tuple[int, str, bytes]) -> bytes:
    """A record as it stands in the log, with its position and type before it."""
    position, topic, state = row
    return b'{"position":%d,"type":"%s",' % (position, topic.encode()) + state[1:]


def _bound(name: str, value: str) -> str:
    """The key that a bound of a range compares with; a `to` takes in its whole date."""
    if name.startswith("recorded"):
        value = instant(value).isoformat(timespec="microseconds") if is_instant(value) else value
        return value + _AFTER_ALL if name.endswith("_to") else value
    if name.endswith("_to"):
        return _until(value)
    return order(value) if name.endswith("_from") else value


def _until(period: str) -> str:
    """The key just after everything in a period."""
    return period + _AFTER_ALL


def _cursor(view: str, sort: str, place: tuple[str, str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps([view, sort, *place]).encode()).decode()


def _uncursor(view: str, sort: str, cursor: str | None) -> tuple[str, str, str] | None:
    """Where a page goes on. A cursor goes with its list and its order alone."""
    if cursor is None:
        return None
    try:
        of_view, of_sort, column, negotiation, key = json.loads(base64.urlsafe_b64decode(cursor))
    except (ValueError, TypeError):
        of_view = of_sort = None
    if (of_view, of_sort) != (view, sort):
        raise Problem(422, "bad-cursor", "A cursor is the `next` of an earlier page of the same list, sorted alike.")
    return str(column), str(negotiation), str(key)


def _not_found(view: str, negotiation: str, key: str) -> Problem:
    what = f"{key} among the {view} of {negotiation}" if view in WITHIN else f"negotiation {negotiation}"
    return Problem(404, "not-found", f"There is no {what}.")


def _answer(body: bytes, position: int, if_none_match: str | None) -> Response:
    """A document with its ETag and the position that it rests on."""
    etag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    headers = {"ETag": etag, "Parley-Position": str(position)}
    held = {tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")}
    if etag in held or "*" in held:
        return Response(status_code=304, headers=headers)
    return Response(body, 200, headers, "application/json")
