"""The shortcut: a plain command and a document as it stands now are answered past the framework's routes.

To find the route and its parameters takes several times as long as to answer. What needs no explanation goes straight
to the functions that the routes call; all else, and every fault, goes by the routes, which describe and explain it.
"""

import re
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from application.command import all_commands
from application.listing import ALONE, WITHIN
from domain.text import SLUG
from interfaces import problems
from interfaces.asking import KEY_LETTER, KEY_MAX, AskedAt, key_of
from interfaces.reading import shown
from interfaces.recording import KEY_PATTERN, Recording
from interfaces.stores import Seen, Stores, address_of, identity_of

_COMMANDS = "/v1/records/"
_DOCUMENT = re.compile(
    rf"/v1/negotiations/(?P<slug>(?=[^/]{{1,80}}(/|$)){SLUG})"
    rf"(/(?P<view>({'|'.join(ALONE)})$|({'|'.join(WITHIN)})(?=/))(/(?P<key>{KEY_LETTER}{{1,{KEY_MAX}}}))?)?"
)
_KEY = re.compile(KEY_PATTERN)
_POSITION = re.compile(rb"min_position=([0-9]{1,18})")
_NOW = AskedAt()


class Shortcut:
    """Stands before the routes of a service, and takes what the parts that this process serves can answer."""

    def __init__(self, app: ASGIApp, recording: Recording | None, stores: Callable[[], Stores] | None) -> None:
        self._app = app
        self._recording = recording
        self._stores = stores

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer: ASGIApp | None = None
        if scope["type"] == "http":
            if scope["method"] == "HEAD":  # the same answer: the server leaves its body out
                scope = {**scope, "method": "GET"}
            if scope["method"] == "POST" and self._recording and not scope["query_string"]:
                answer = await _recorded(self._recording, Request(scope, receive))
            elif scope["method"] == "GET" and self._stores and (asked := _asked(scope["query_string"])):
                answer = await _shown(self._stores, Request(scope), asked)
        await (answer or self._app)(scope, receive, send)


async def _recorded(recording: Recording, request: Request) -> Response | None:
    """The answer to one command, unless there is more to its headers than a key."""
    name, key = request.scope["path"].removeprefix(_COMMANDS), request.headers.get("idempotency-key")
    if name not in all_commands() or "if-match" in request.headers or not (key is None or _KEY.fullmatch(key)):
        return None
    try:
        return await recording.one(name, request, key)
    except Exception as error:
        return problems.answer(problems.of_error(error))


def _asked(query: bytes) -> AskedAt | None:
    """What is asked of a document as it stands now, unless there is more to it than a position."""
    if not query:
        return _NOW
    position = _POSITION.fullmatch(query)
    return AskedAt(min_position=int(position[1])) if position else None


async def _shown(stores: Callable[[], Stores], request: Request, asked: AskedAt) -> Response | None:
    """The answer about a document."""
    named = _DOCUMENT.fullmatch(request.scope["path"])
    if named is None:
        return None
    slug, view = named["slug"], named["view"] or "negotiations"
    key = key_of(view, slug, named["key"])
    if key is None:
        return None
    operation = "show-negotiation" if view == "negotiations" else f"show-{view}"
    try:
        store = Seen(stores(), identity_of(request), operation, address_of(request))
        return await shown(store, (view, slug, key), asked, request.headers.get("if-none-match"))
    except Exception as error:
        return problems.answer(problems.of_error(error))
