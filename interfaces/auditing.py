"""Auditing over HTTP: differences, grounds, and what rests on a source. Nothing here writes."""

from collections.abc import Callable
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from application.difference import Change, Move, PutRight, Shift, Side, difference
from application.grounds import Reliance, grounds, reliance
from application.listing import VIEWS
from application.path import PATH_PATTERN
from domain.moment import Asked as Time
from domain.moment import earliest, first_date, is_instant
from domain.text import Slug
from infrastructure.access import AccessStore
from infrastructure.replayed import Replayed
from infrastructure.serialization import encode
from interfaces import answering, asking
from interfaces.asking import AskedTimes, DocumentKey, IfNoneMatch
from interfaces.problems import Problem
from interfaces.reading import Ask


class AskedDifference(AskedTimes):
    """Which two moments are compared, on which clock; the other two clocks stand still."""

    date_from: Annotated[Time, Field(alias="from")]
    date_to: Annotated[Time, Field(alias="to")]
    clock: Literal["as_of", "public_at", "known_at"] = "as_of"
    view: Annotated[Literal[*VIEWS] | None, Field(description="without it all but the timeline")] = None  # type: ignore[valid-type]
    key: DocumentKey | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 500

    def at(self, moment: str | None) -> AskedTimes:
        """One side of the difference; without a moment what is the same for both."""
        times = {"as_of": self.as_of, "public_at": self.public_at, "known_at": self.known_at}
        return AskedTimes(min_position=self.min_position, **times | ({self.clock: moment} if moment else {}))


class AskedGrounds(AskedTimes):
    """Of which document, and which of its fields."""

    view: Literal[*VIEWS]  # type: ignore[valid-type]
    key: Annotated[DocumentKey | None, Field(description="not needed for the negotiation itself and its ledger")] = None
    field: Annotated[
        str | None, Field(pattern=PATH_PATTERN, max_length=300, examples=["provisions[profit-split].text", "status"])
    ] = None


class AskedReliance(AskedTimes):
    """On which source."""

    source: Slug


class AskedReads(BaseModel):
    """Which reads of restricted records."""

    model_config = ConfigDict(extra="forbid")
    negotiation: Slug | None = None
    after: Annotated[UUID | None, Field(description="`next` of the page before")] = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


def router(stores: Ask, access: Callable[[], AccessStore]) -> APIRouter:
    """The auditing routes."""
    routes = APIRouter(tags=["auditing"])

    async def show_difference(
        request: Request, slug: Slug, asked: Annotated[AskedDifference, Query()], if_none_match: IfNoneMatch = None
    ) -> Response:
        store = stores(request)
        await store.refuse_unknown(slug)
        if getattr(asked, asked.clock) is not None:
            raise Problem(422, "clock-told-twice", f"{asked.clock}: This clock runs from `from` to `to`.")
        sides = [asked.at(moment) for moment in (asked.date_from, asked.date_to)]
        asking.refuse_future(sides[0].known_at, store.clock())
        _refuse_backwards(asked.date_from, asked.date_to)

        def compared(state: Replayed) -> list[Change | Shift]:
            earlier = state.at(sides[0].times)
            before, after = (Side(side.history(slug), side.as_of) for side in (earlier, state))
            return list(difference(before, after, asked.view, asking.key_of(asked.view, slug, asked.key)))

        found = await store.replay(sides[1], compared)
        changes = [change for change in found if isinstance(change, Change)]
        told = {
            "clock": asked.clock,
            "from": asked.date_from,
            "to": asked.date_to,
            "items": changes[: asked.limit],
            "left_out": max(0, len(changes) - asked.limit),
            "moved": [shift for shift in found if isinstance(shift, Move)],
            "corrected": [shift for shift in found if isinstance(shift, PutRight)],
        }
        return answering.answer(answering.timed(encode(told), asked.at(None)), store.position, if_none_match)

    async def show_grounds(
        request: Request, slug: Slug, asked: Annotated[AskedGrounds, Query()], if_none_match: IfNoneMatch = None
    ) -> Response:
        store = stores(request)
        await store.refuse_unknown(slug)
        key = asking.key_of(asked.view, slug, asked.key)
        if key is None:
            raise Problem(422, "missing-parameter", f"key: Which of the {asked.view}? Give the document's key.")
        place = (asked.view, slug, key)

        def found(state: Replayed) -> bytes:
            told = grounds(state.history(slug), asked.view, key, asked.field, state.as_of)
            if told is None:
                raise answering.not_found(place, asked)
            return answering.timed(encode(told), asked, state.may_be_later([place]))

        return answering.answer(await store.replay(asked, found), store.position, if_none_match)

    async def show_reliance(
        request: Request, slug: Slug, asked: Annotated[AskedReliance, Query()], if_none_match: IfNoneMatch = None
    ) -> Response:
        store = stores(request)
        await store.refuse_unknown(slug)

        def found(state: Replayed) -> Reliance:
            resting = reliance(state.history(slug), asked.source, state.as_of)
            if not (resting.records or resting.retracted) and state.document(("sources", slug, asked.source)) is None:
                raise answering.not_found(("sources", slug, asked.source), asked)
            return resting

        body = encode(await store.replay(asked, found))
        return answering.answer(answering.timed(body, asked), store.position, if_none_match)

    async def list_reads(request: Request, asked: Annotated[AskedReads, Query()]) -> Response:
        store = stores(request)
        rows = access().reads(asked.after, asked.limit + 1, asked.negotiation, store.negotiations)
        held = rows[: asked.limit]
        items = [encode({"id": id, **read._asdict()}) for id, read in held]
        following = str(held[-1][0]) if len(rows) > len(held) else None
        return answering.answer(answering.as_page(items, following), store.head())

    summary = "Who read which restricted records, and at which address."
    answering.get(routes, "/v1/reads", "list-reads", list_reads, summary)

    def get(path: str, endpoint: Any, summary: str) -> None:
        answering.get(routes, f"/v1/negotiations/{{slug}}/{path}", f"show-{path}", endpoint, summary)

    summary = (
        "What changed between two moments, by which records; in `moved` who moved, by claiming or withdrawing;"
        " in `corrected` who did not, but stands elsewhere as the record was put right."
    )
    get("diff", show_difference, summary)
    get("grounds", show_grounds, "The records and sources that a field of a view rests on.")
    get(
        "reliance",
        show_reliance,
        "The records and documents that rest on a source or its copies, and which of these are retracted.",
    )
    return routes


def _refuse_backwards(start: str, end: str) -> None:
    backwards = first_date(end) < first_date(start)
    if is_instant(start) and is_instant(end):
        backwards = earliest(end) < earliest(start)
    if backwards:
        raise Problem(422, "to-before-from", f"to: {end} lies before {start}.")
