"""What if, over HTTP: a view with some commands on top of a moment. Nothing here writes."""

from datetime import datetime
from typing import Annotated, Literal

import uuid_utils.compat
from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import Field

from application.listing import VIEWS
from application.listing import Query as ListQuery
from application.registrar import Submission
from application.supposition import suppose
from application.tariffs import Asked as AskedSchedule
from domain.moment import earliest
from domain.refusal import Refused
from domain.text import Slug
from infrastructure.replayed import Replayed
from infrastructure.serialization import encode
from interfaces import answering, asking, reading, reckonings, telling
from interfaces.asking import AskedAt, DocumentKey
from interfaces.problems import Problem, of_refusal
from interfaces.reading import Ask
from interfaces.reckonings import AskedRates

SUPPOSED_MAX = 1000
SUPPOSED_MAX_BYTES = 8 * 1024 * 1024
RECORDED_BY = "supposed"


class AskedSuppose(AskedRates, AskedAt):
    """Which view is read with the supposed commands on top, without a key the first of its documents; or the tariffs,
    which take no policy, and alone a product and parties.
    """

    view: Literal[*VIEWS, "tariffs"]  # type: ignore[valid-type]
    key: DocumentKey | None = None
    limit: Annotated[int, Field(ge=1, le=500)] = 100


def router(stores: Ask) -> APIRouter:
    """The one route."""
    routes = APIRouter(tags=["auditing"])

    async def show_supposed(request: Request, slug: Slug, asked: Annotated[AskedSuppose, Query()]) -> Response:
        store = stores(request)
        await store.refuse_unknown(slug)
        misplaced = asked.policy != "none" if asked.view == "tariffs" else asked.wanted != AskedSchedule()
        if misplaced:
            raise Problem(422, "not-of-this-view", "Tariffs take a product and parties, and all else takes a policy.")
        raw = await telling.read_body(request, SUPPOSED_MAX_BYTES, telling.MANY)
        lines = await run_in_threadpool(telling.lines, raw)
        if len(lines) > SUPPOSED_MAX:
            raise Problem(413, "too-many-supposed", f"At most {SUPPOSED_MAX} commands can be supposed at once.")
        submissions = await run_in_threadpool(_submissions, slug, lines)
        now = max(store.clock(), earliest(asked.as_of)) if asked.as_of else store.clock()
        try:
            body = await store.replay(asked, lambda state: _supposed(state, slug, asked, submissions, now))
        except Refused as refusal:
            raise of_refusal(refusal, None if refusal.line is None else lines[refusal.line][0]) from None
        return answering.answer(body, store.position)

    summary = "What if: a view with some commands on top of a moment. Nothing is stored."
    routes.add_api_route(
        "/v1/negotiations/{slug}/suppose",
        show_supposed,
        methods=["POST"],
        operation_id="suppose",
        summary=summary,
        response_class=Response,
        responses={200: answering.AN_OBJECT | {"description": summary}},
        openapi_extra={"requestBody": {"required": True, "content": {telling.MANY: {
            "schema": {"description": "newline-delimited JSON; `command` names the command; at most 1,000 of them"},
        }}}},
    )  # fmt: skip
    return routes


def _submissions(slug: str, lines: list[tuple[int, bytes]]) -> list[Submission]:
    request = uuid_utils.compat.uuid7()
    submissions = []
    for (number, _), (command, body) in zip(lines, telling.commands(lines), strict=True):
        if body.negotiation != slug:
            detail = f"negotiation: {body.negotiation} is not the one that is asked of, {slug}."
            raise Problem(422, "of-another-negotiation", detail, line=number)
        submissions.append(Submission(command, body, RECORDED_BY, request))
    return submissions


def _supposed(state: Replayed, slug: str, asked: AskedSuppose, submissions: list[Submission], now: datetime) -> bytes:
    state = state.with_supposed(suppose(state.history(slug), submissions, now, uuid_utils.compat.uuid7))
    if asked.view == "tariffs":
        found, rests_on = reckonings.tariffs(state, slug, asked.wanted)
        return answering.timed(encode(found), asked, state.may_be_later(rests_on))
    key = asking.key_of(asked.view, slug, asked.key)
    if key:
        return reading.show(state, (asked.view, slug, key), asked)
    return reading.listed(
        state, ListQuery(view=asked.view, negotiations=frozenset([slug]), limit=asked.limit + 1), asked
    )
