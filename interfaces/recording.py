"""Recording over HTTP: one operation for each command of the catalogue, and one for many at once."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Coroutine
from functools import partial
from typing import Annotated, Any, NamedTuple
from uuid import UUID

import uuid_utils.compat
from fastapi import APIRouter, Header, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from pydantic import ValidationError

from application.access import LOCAL, Identity, operations
from application.command import all_commands
from application.registrar import Submission
from application.view import Record
from domain.model import topic_of
from domain.refusal import Refused
from infrastructure.committer import CommitQueue
from infrastructure.committer import Request as Work
from infrastructure.recorder import stream_name
from infrastructure.serialization import encode
from interfaces import problems, telling
from interfaces.problems import of_refusal, of_validation
from interfaces.stores import identity_of
from interfaces.telling import Told

MANY_MAX_BYTES = 64 * 1024 * 1024
WINDOW = 1000
KEY_PATTERN = r"^[!-~]{1,200}$"
IdempotencyKey = Annotated[
    str | None,
    Header(
        pattern=KEY_PATTERN,
        description="a repeat with the same body is answered as before",
    ),
]
IfMatch = Annotated[
    str | None,
    Header(
        pattern=r'^"?[0-9]{1,9}"?$', description='the version that the stream must have, such as "3"', examples=['"3"']
    ),
]


SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "A record as it was taken down.",
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "address": {"type": "string"},
        "type": {"type": "string"},
        "negotiation": {"type": "string"},
        "stream": {"type": "string"},
        "version": {"type": "integer"},
        "position": {"type": "integer"},
        "recorded": {"type": "string", "format": "date-time"},
    },
    "required": ["id", "address", "type", "negotiation", "stream", "version", "position", "recorded"],
}
_RECORDED = {"$ref": "#/components/schemas/Recorded"}
_ONE: dict[int | str, dict[str, Any]] = {
    201: {"description": "recorded", "content": {"application/json": {"schema": _RECORDED}}}
}
_MANY: dict[int | str, dict[str, Any]] = {
    200: {"description": "a result a line, with `each=1`", "content": {"application/x-ndjson": {}}},
    201: {
        "description": "all recorded",
        "content": {
            "application/json": {
                "schema": {"type": "object", "properties": {"records": {"type": "array", "items": _RECORDED}}}
            }
        },
    },
}


class Asked(NamedTuple):
    """What comes with the commands of one request: its id, its idempotency key, the digest of what is sent under that
    key, and the version that is expected.
    """

    request: UUID
    key: str | None
    digest: bytes
    version: int | None = None


class Recording:
    """What the endpoints share: the queue of the committer, which is there once the service runs."""

    def __init__(self, queue: Callable[[], CommitQueue]) -> None:
        self._queue = queue

    async def submit(self, identity: Identity, told: list[Told], asked: Asked) -> list[Record]:
        """The records, once they are on disk. Raises a problem where the identity may not record one of them."""
        for number, (command, body) in enumerate(told, 1):
            if not identity.may(command.name(), body.negotiation):
                line = number if len(told) > 1 else None
                raise problems.not_permitted(
                    identity.name, command.name(), operations()[command.name()], body.negotiation, line
                )
        submissions = [
            Submission(
                command,
                body,
                identity.name,
                asked.request,
                asked.version,
                identity.sight(body.negotiation),
                identity.may("correct-record", body.negotiation),
            )
            for command, body in told
        ]
        # Whoever repeats somebody else's key is not shown what that one recorded.
        key = asked.key if asked.key is None or identity == LOCAL else f"{identity.name} {asked.key}"
        return await self._queue().submit(Work(submissions, key, asked.digest))

    async def one(self, name: str, request: Request, key: str | None, version: int | None = None) -> Response:
        """The answer to one command, told in the body of a request."""
        raw = await telling.read_body(request, telling.ONE_MAX_BYTES, telling.ONE)
        try:
            body = telling.adapter(name).validate_json(raw, strict=True)
        except ValidationError as error:
            raise of_validation(error) from None
        asked = Asked(_request_id(), key, _digest(name, raw), version)
        (taken,) = await self.submit(identity_of(request), [(all_commands()[name], body)], asked)
        answer = _answer(taken)
        headers = {"Location": answer["address"], "ETag": f'"{answer["version"]}"'}
        return Response(encode(answer), 201, headers, "application/json")


def router(recording: Recording) -> APIRouter:
    """The writing routes."""
    routes = APIRouter(tags=["recording"])
    for name, command in all_commands().items():
        routes.add_api_route(
            f"/v1/records/{name}",
            _endpoint(recording, name),
            methods=["POST"],
            status_code=201,
            operation_id=name,
            response_class=Response,
            responses=_ONE,
            summary=command.summary(),
            openapi_extra={"requestBody": {"required": True, "content": {"application/json": {
                "schema": {"$ref": f"#/components/schemas/{command.__name__}"},
                "examples": {"case": {"value": command.EXAMPLE}},
            }}}},
        )  # fmt: skip
    routes.add_api_route("/v1/records/{command}", unknown_command, methods=["POST"], include_in_schema=False)
    routes.add_api_route(
        "/v1/records",
        _many(recording),
        methods=["POST"],
        status_code=201,
        operation_id="record-many",
        response_class=Response,
        responses=_MANY,
        summary="Many commands, one a line: all or nothing, or each by itself with `each=1`.",
        openapi_extra={"requestBody": {"required": True, "content": {"application/x-ndjson": {
            "schema": {"description": "newline-delimited JSON; `command` names the command"},
        }}}},
    )  # fmt: skip
    return routes


def _endpoint(recording: Recording, name: str) -> Callable[..., Coroutine[Any, Any, Response]]:
    async def record(request: Request, idempotency_key: IdempotencyKey = None, if_match: IfMatch = None) -> Response:
        return await recording.one(name, request, idempotency_key, int(if_match.strip('"')) if if_match else None)

    return record


def unknown_command(command: str) -> None:
    """Refuses what is not in the catalogue."""
    raise telling.unknown_command(command)


def _many(recording: Recording) -> Callable[..., Coroutine[Any, Any, Response]]:
    async def record_many(request: Request, each: bool = False, idempotency_key: IdempotencyKey = None) -> Response:
        if "if-match" in request.headers:
            said = "If-Match goes with one command: the version is that of one stream."
            raise problems.Problem(422, "if-match-of-many", said)
        raw = await telling.read_body(request, MANY_MAX_BYTES, telling.MANY)
        lines = await run_in_threadpool(telling.lines, raw)
        identity, request_id = identity_of(request), _request_id()
        if each:
            one = partial(_one, recording, identity, request_id, idempotency_key)
            return StreamingResponse(_one_by_one(one, lines), media_type="application/x-ndjson")
        told = await run_in_threadpool(telling.commands, lines)
        try:
            taken = await recording.submit(identity, told, Asked(request_id, idempotency_key, _digest("", raw)))
        except Refused as refusal:
            raise of_refusal(refusal, None if refusal.line is None else lines[refusal.line][0]) from None
        return Response(encode({"records": list(map(_answer, taken))}), 201, media_type="application/json")

    return record_many


async def _one_by_one(
    one: Callable[[int, int, bytes, Told | Exception], Coroutine[Any, Any, dict[str, Any]]],
    lines: list[tuple[int, bytes]],
) -> AsyncIterator[bytes]:
    """A result a line, in their order."""
    for start in range(0, len(lines), WINDOW):
        window = lines[start : start + WINDOW]
        told = await run_in_threadpool(lambda some: list(telling.each_command(some)), window)
        places = enumerate(zip(window, told, strict=True), start)
        results = await asyncio.gather(*(one(place, *line, command) for place, (line, command) in places))
        yield b"".join(encode(result) + b"\n" for result in results)


async def _one(
    recording: Recording,
    identity: Identity,
    request: UUID,
    key: str | None,
    place: int,
    number: int,
    line: bytes,
    told: Told | Exception,
) -> dict[str, Any]:
    """The result of one of many commands. Its key is one that no request can have: keys are without spaces."""
    try:
        if isinstance(told, Exception):
            raise told
        asked = Asked(request, key and f"{key}  {place}", _digest("", line))
        (taken,) = await recording.submit(identity, [told], asked)
    except Exception as error:
        problem = problems.of_error(error, number)
        return {"line": number, "status": problem.status, "problem": problem.document}
    return {"line": number, "status": 201, "record": _answer(taken)}


def _request_id() -> UUID:
    return uuid_utils.compat.uuid7()


def _digest(name: str, raw: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + raw).digest()


def _answer(record: Record) -> dict[str, Any]:
    """What a recorder is told: the record's address, its stream's version and its position in the log."""
    envelope = record.event.envelope
    return {
        "id": str(envelope.id),
        "address": f"/v1/records/{envelope.id}",
        "type": topic_of(record.event),
        "negotiation": envelope.negotiation,
        "stream": stream_name(record.event),
        "version": envelope.version,
        "position": record.position,
        "recorded": envelope.recorded,
    }
