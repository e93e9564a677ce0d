"""Errors as problem documents (RFC 9457): one table from what went wrong to a status and a stable code."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, get_args

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from application.access import Grant
from application.command import RecordName
from application.credentials import Person
from application.goods import Product
from application.policy import PolicyName
from application.registrar import VersionMoved
from domain.cap import ZoneName
from domain.claim import Subject
from domain.happening import Happening
from domain.moment import Asked, Day, Moment, Period
from domain.money import AmountText
from domain.party import CountryCode
from domain.percent import Percent, SignedPercent, UnsignedPercent
from domain.refusal import AlreadyKnown, Refused
from domain.restriction import Instant
from domain.rule import CalendarName
from domain.source import Language
from domain.tariff import CodeRange
from domain.text import Line, Prose, Quotation, Slug
from domain.vote import Cast
from infrastructure.committer import KeyReused, Overloaded, Stopping
from infrastructure.database import StoreDamaged, StoreFull, StoreLost, StoreRefused
from infrastructure.log import Unreadable
from infrastructure.view_reader import NotBuilt

MEDIA_TYPE = "application/problem+json"
FAULTS_MAX = 50
"""How many faults of one request are told: an answer is not much longer than what it answers."""
TOLD_MAX = 3
"""How many of them the sentence tells, for people."""
_STATUS: dict[type[Refused], int] = {AlreadyKnown: 409, VersionMoved: 412, KeyReused: 422}
_CODES = {
    "missing": "missing-field",
    "extra_forbidden": "unknown-field",
    "json_invalid": "malformed-json",
    "union_tag_invalid": "unknown-value-type",
    "union_tag_not_found": "unknown-value-type",
    "string_too_long": "too-long",
    "too_long": "too-long",
    "uuid_parsing": "not-an-id",
    "uuid_type": "not-an-id",
}
_SAID = {
    "extra_forbidden": "There is no such field here.",
    "too_short": "Expected: at least one.",
    "union_tag_not_found": "Expected: the whole value, with its `type`.",
}
_FORMS = {
    constraint.pattern: (code, info.description)
    for code, kind in (
        ("no-such-time", Asked),
        ("no-such-date", Moment),
        ("no-such-date", Period),
        ("no-such-date", Day),
        ("no-such-time", Instant),
        ("not-a-name", Slug),
        ("not-a-policy", PolicyName),
        ("not-an-amount", AmountText),
        ("not-a-number", Cast),
        ("not-a-country", CountryCode),
        ("not-a-subject", Subject),
        ("not-a-share", Percent),
        ("not-a-rate", UnsignedPercent),
        ("not-a-rate", SignedPercent),
        ("not-a-happening", Happening),
        ("not-a-record", RecordName),
        ("not-a-calendar", CalendarName),
        ("not-a-zone", ZoneName),
        ("not-a-language", Language),
        ("not-goods", Product),
        ("not-a-code", CodeRange),
        ("not-a-grant", Grant),
        ("not-a-person", Person),
        ("not-plain-text", Prose),
        ("not-plain-text", Quotation),
        ("not-plain-text", Line),
    )
    for info in get_args(kind)[1:]
    for constraint in getattr(info, "metadata", ())
    if hasattr(constraint, "pattern")
}

_STORE: dict[type[Exception], tuple[int, str, str]] = {
    Overloaded: (503, "overloaded", "Too many commands are waiting; send this one again in a moment."),
    Stopping: (503, "stopping", "The service is about to end; nothing was stored. Send it again."),
    StoreLost: (
        503,
        "store-unavailable",
        "The store does not answer. Send it again: with an Idempotency-Key nothing is stored twice.",
    ),
    StoreRefused: (503, "store-unavailable", "The store cannot be used by this service; nothing was stored."),
    StoreFull: (507, "store-full", "There is no room left to store anything; nothing was stored. Reading goes on."),
    NotBuilt: (
        503,
        "views-not-built",
        "The views are not made from the log yet: `parley serve` or `parley project` does that. Ask again in a moment.",
    ),
}
"""What stands in the way on the side of the service."""

_log = structlog.get_logger()


class Problem(Exception):
    """An error with its answer: `errors` lists each fault with its field, code and what would be right."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        errors: list[dict[str, Any]] | None = None,
        line: int | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        """`line` counts from 1, where one of many commands is at fault."""
        super().__init__(detail)
        self.status = status
        self.headers = headers
        self.document: dict[str, Any] = {
            "type": f"urn:parley:problem:{code}",
            "title": code.replace("-", " "),
            "status": status,
            "code": code,
            "detail": detail,
            "errors": errors or [],
        }
        if line is not None:
            self.document["line"] = line

    @property
    def faults(self) -> list[dict[str, Any]]:
        """Each fault; what is wrong as a whole is one of no field."""
        whole = {"field": "", "code": self.document["code"], "detail": self.document["detail"]}
        return self.document["errors"] or [whole]


def of_refusal(refusal: Refused, line: int | None = None) -> Problem:
    """What the domain refuses."""
    status = next((code for kind, code in _STATUS.items() if isinstance(refusal, kind)), 422)
    detail = str(refusal)
    if isinstance(refusal.__cause__, ValidationError):  # of a record as it would stand corrected
        fault = _fault(refusal.__cause__.errors(include_url=False)[0])
        detail = f"{fault['field'].removeprefix('envelope.')}: {fault['detail']}"
    error = {"field": refusal.field, "code": refusal.code, "detail": detail}
    return Problem(status, refusal.code, detail, [error], line)


def of_validation(error: ValidationError, line: int | None = None) -> Problem:
    """What does not have the form of its command."""
    errors = [_fault(fault) for fault in error.errors(include_url=False)[:FAULTS_MAX]]
    status = 400 if errors[0]["code"] == "malformed-json" else 422
    return Problem(status, errors[0]["code"], _detail(errors), errors, line)


def of_lines(faulty: Sequence[Problem]) -> Problem:
    """What is wrong with several of many lines, each fault with its line."""
    first = faulty[0].document
    errors = [{"line": one.document["line"], **fault} for one in faulty for fault in one.faults][:FAULTS_MAX]
    detail = first["detail"]
    if len(faulty) > 1:
        detail += f" Also at fault: line {', '.join(str(one.document['line']) for one in faulty[1:])}."
    return Problem(first["status"], first["code"], detail, errors, first["line"])


def _detail(faults: Sequence[dict[str, str]]) -> str:
    """The first few faults in one line."""
    told = " ".join(f"{fault['field'] or 'body'}: {fault['detail'].removesuffix('.')}." for fault in faults[:TOLD_MAX])
    return told + (f" And {len(faults) - TOLD_MAX} more." if len(faults) > TOLD_MAX else "")


def _fault(fault: Any) -> dict[str, str]:
    context = fault.get("ctx", {})
    path = _path(fault["loc"])
    refusal = context.get("error")
    if isinstance(refusal, Refused):
        field = ".".join(filter(None, (path, refusal.field)))
        return {"field": field, "code": refusal.code, "detail": str(refusal)}
    if form := _FORMS.get(context.get("pattern")):
        plus = (
            " A plus sign in an address is written %2B." if " " in str(fault["input"]) and "no-such" in form[0] else ""
        )
        return {"field": path, "code": form[0], "detail": f"Expected: {form[1]}.{plus}"}
    if fault["type"] == "string_type":
        return {"field": path, "code": "not-text", "detail": "This is text, in quotes; amounts and shares too."}
    code = _CODES.get(fault["type"], fault["type"].replace("_", "-"))
    return {"field": path, "code": code, "detail": _SAID.get(fault["type"], fault["msg"])}


def _path(location: tuple[int | str, ...]) -> str:
    """The path of a field. The tags of typed values, which pydantic puts in, are not part of it."""
    parts: list[str] = []
    skip = False
    for part in location:
        if skip:
            skip = False
            continue
        parts.append(str(part))
        skip = part == "value"
    return ".".join(parts)


def of_error(error: Exception, line: int | None = None) -> Problem:
    """The problem that an error is answered with; one that nobody foresaw is logged, and its internals kept here."""
    match error:
        case Problem():
            return error
        case Refused():
            return of_refusal(error, line)
        case RequestValidationError():
            faults = [_fault({**fault, "loc": fault["loc"][1:]}) for fault in error.errors()[:FAULTS_MAX]]
            return Problem(422, faults[0]["code"].replace("field", "parameter"), _detail(faults), faults)
        case _ if type(error) in _STORE:
            status, code, detail = _STORE[type(error)]
            headers = {"Retry-After": "1"} if status == 503 else None
            return Problem(status, code, detail, line=line, headers=headers)
        case StoreDamaged():
            _log.error("damaged store", exc_info=error)
            return Problem(500, "store-damaged", "This is not stored as it was written; the service's log says more.")
        case Unreadable():
            _log.error("unreadable record", exc_info=error)
            return Problem(500, "unreadable-record", f"In the log {error}.", line=line)
        case HTTPException():
            code = {404: "not-found", 405: "method-not-allowed"}.get(error.status_code, "bad-request")
            return Problem(error.status_code, code, str(error.detail), headers=dict(error.headers or {}))
    _log.error("unforeseen error", exc_info=error)
    return Problem(500, "internal-error", "Something went wrong here; nothing was stored.", line=line)


def not_permitted(
    name: str, operation: str, roles: Iterable[str], negotiation: str | None = None, line: int | None = None
) -> Problem:
    """An identity has none of the roles that an operation needs. Says nothing of what is on record."""
    needed = " or ".join(sorted(roles)) + (f" of {negotiation}" if negotiation else "")
    return Problem(403, "not-permitted", f"{name} may not {operation}: that takes the role of {needed}.", line=line)


_RECORD = "records/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def _allowed(app: FastAPI, path: str) -> str:
    """The methods that the OpenAPI document has for a path; the router knows those of one route alone."""
    paths = app.openapi()["paths"]
    templates = [path] if path in paths else paths
    matching = [
        known
        for known in templates
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", known).replace("records/[^/]+", _RECORD), path)
    ]
    return ", ".join(sorted({method.upper() for known in matching for method in paths[known]}))


def install(app: FastAPI) -> None:
    """Answer every error of an application with a problem document."""

    def explain(request: Request, error: Exception) -> Response:
        problem = of_error(error)
        if problem.status == 405:
            problem.headers = {"Allow": _allowed(app, request.url.path)}
            if not problem.headers["Allow"]:
                problem = Problem(404, "not-found", f"There is nothing at {request.url.path}.")
        return answer(problem)

    for kind in (Problem, Refused, RequestValidationError, *_STORE, HTTPException, Exception):
        app.add_exception_handler(kind, explain)


def answer(problem: Problem) -> Response:
    return JSONResponse(problem.document, problem.status, problem.headers, MEDIA_TYPE)


SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "What went wrong (RFC 9457).",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "stable"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {name: {"type": "string"} for name in ("field", "code", "detail")}
                | {"line": {"type": "integer", "description": "of several of many commands, which one"}},
                "required": ["field", "code", "detail"],
            },
        },
        "line": {"type": "integer", "description": "which of many commands, from 1"},
    },
    "required": ["type", "title", "status", "code", "detail", "errors"],
}
_WHEN = {
    "400": "the body cannot be read",
    "401": "whoever asks is not known",
    "403": "whoever asks has no role for this",
    "404": "there is no such thing",
    "405": "this path has other methods",
    "409": "it contradicts what is known",
    "412": "the stream has another version",
    "413": "the body is too large",
    "415": "the body is of another media type",
    "429": "too much at once",
    "422": "it cannot be, or does not have the right form",
    "503": "not now: try again",
    "507": "there is no room left",
}


def describe(operation: dict[str, Any]) -> None:
    """Add the problem documents to one operation of the OpenAPI document."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for status, when in _WHEN.items():
        operation["responses"][status] = {"description": when, "content": content}
