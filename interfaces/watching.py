"""What passes by on the way of every request: counted, told where it was refused, and given its safe headers.

It stands outside of all else, also of what answers an error that nobody foresaw. It costs a request some two
microseconds: counters in memory, which are put into words when somebody asks for them.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from http import HTTPStatus
from time import perf_counter
from urllib.parse import quote

import msgspec
import structlog
import uuid_utils.compat
from opentelemetry.trace import Tracer
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from interfaces import headers, problems, templates
from interfaces.gate import CREDENTIAL_IN_ADDRESS

BUCKETS = (0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""The bounds of the times that are told apart, in seconds."""
_METHODS = {method: method for method in ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH")}
PARAMETERS_MAX = 64
"""How many parameters a query may have: no operation takes half of them, and each wrong one is looked at."""
_PATH_LENGTH = 300
_PROBLEM_LENGTH = 64 * 1024

_log = structlog.get_logger()


class Timed:
    """How many requests took how long."""

    __slots__ = ("counts", "seconds")

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS) + 1)
        self.seconds = 0.0


@dataclass
class Watch:
    """What one process has seen since it began. Its event loop alone writes it."""

    tracer: Tracer | None = None
    """What requests, commits and folds are traced with, where traces were asked for."""
    logs: bool = False
    """Whether each refused or failed request is a line in the log, but for those that were too many."""
    requests: dict[tuple[str, str, int], Timed] = field(default_factory=lambda: defaultdict(Timed))
    """By the template of the route, the method, and the first digit of the status."""
    refused: Counter[str] = field(default_factory=Counter)
    """By the code of the problem."""
    turned_away: Counter[str] = field(default_factory=Counter)
    """Connections that have not reached the application, by the code of the problem."""


class Watched:
    """An application, and what passes by on the way to it."""

    def __init__(self, app: ASGIApp, watch: Watch) -> None:
        self._app = app
        self._watch = watch
        self._template = templates.Templates().of
        self._docs = headers.of_docs()
        said = f"A query has at most {PARAMETERS_MAX} parameters."
        self._too_many = problems.answer(problems.Problem(422, "too-many-parameters", said))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status, request, problem = perf_counter(), 500, "", b""

        async def tell(message: Message) -> None:
            nonlocal status, request, problem
            if message["type"] == "http.response.start":
                status = message["status"]
                more = self._docs if scope["path"] in headers.DOCS_PATHS else headers.SAFE
                if status >= 400:
                    request = str(uuid_utils.compat.uuid7())
                    more = [*more, (b"parley-request", request.encode())]
                message["headers"] = [*message["headers"], *more]
            elif request:
                problem += message.get("body", b"")[:_PROBLEM_LENGTH]
            await send(message)

        asked = self._app if scope["query_string"].count(b"&") < PARAMETERS_MAX else self._too_many
        try:
            await asked(scope, receive, tell)
        finally:
            seconds = perf_counter() - began
            timed = self._watch.requests[self._template(scope), _METHODS.get(scope["method"], "OTHER"), status // 100]
            timed.seconds += seconds
            timed.counts[bisect_left(BUCKETS, seconds)] += 1
            if status >= 400:
                self._refused(scope, request, status, _code(problem), seconds)

    def _refused(self, scope: Scope, request: str, status: int, code: str, seconds: float) -> None:
        """Nothing of its body, its query or its headers is told, but what it is followed by from elsewhere.

        What comes from outside is quoted: a terminal would obey what stands in it. That somebody sends too much is
        counted alone: nobody fills the log with it.
        """
        self._watch.refused[code] += 1
        if not self._watch.logs or status == HTTPStatus.TOO_MANY_REQUESTS:
            return
        client = scope["client"][0] if scope["client"] else ""
        path = "" if code == CREDENTIAL_IN_ADDRESS else quote(scope["path"][:_PATH_LENGTH])
        told = {"request": request, "client": client, "method": scope["method"], "path": path, "status": status}
        followed = dict(scope["headers"]).get(b"traceparent", b"")[:64]
        told |= {"code": code, "seconds": round(seconds, 6)} | ({"traceparent": quote(followed)} if followed else {})
        if status >= 500:
            _log.error("a request failed", **told)
        else:
            _log.warning("a request was refused", **told)


def _code(problem: bytes) -> str:
    try:
        return str(msgspec.json.decode(problem)["code"])
    except (msgspec.MsgspecError, LookupError, TypeError):
        return "unknown"
