"""Recording over HTTP: one operation for each command of the catalogue, and one for many at once."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Annotated, Any
from uuid import UUID

import msgspec
import uuid_utils.compat
from fastapi import APIRouter, Header, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from pydantic import TypeAdapter, ValidationError

from application.command import Body, Command, all_commands
from application.registrar import Submission
from application.view import Record
from domain.refusal import Refused
from infrastructure.committer import Committer
from infrastructure.committer import Request as Work
from infrastructure.log import stream_name
from infrastructure.serialization import encode
from interfaces import problems
from interfaces.problems import Problem, of_refusal, of_validation

ONE_MAX_BYTES = 1024 * 1024
MANY_MAX_BYTES = 64 * 1024 * 1024
WINDOW = 1000
LOCAL = "local"
"""Who records, as long as the service runs without identities."""

IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=200,
        pattern=r"^[!-~]+$",
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


class Recording:
    """What the endpoints share: the commands' validators and the committer, which is there once the service runs."""

    def __init__(self, committer: Callable[[], Committer]) -> None:
        self._committer = committer
        self.adapters: dict[str, TypeAdapter[Body]] = {
            name: TypeAdapter(command.body()) for name, command in all_commands().items()
        }

    async def submit(self, submissions: list[Submission], key: str | None, digest: bytes) -> list[Record]:
        """The records, once they are on disk."""
        return await asyncio.wrap_future(self._committer().submit(Work(submissions, key, digest)))

    def told(self, line: bytes, number: int) -> tuple[type[Command], Body]:
        """The command on one line of many."""
        try:
            told = msgspec.json.decode(line, type=dict[str, Any])
            name = str(told.pop("command"))
        except (msgspec.MsgspecError, KeyError):
            detail = "Each line is a JSON object with its `command` and that command's fields."
            raise Problem(400, "malformed-line", detail, line=number) from None
        if name not in self.adapters:
            raise _unknown_command(name, number)
        try:
            return all_commands()[name], self.adapters[name].validate_json(msgspec.json.encode(told), strict=True)
        except ValidationError as error:
            raise of_validation(error, number) from None


def router(committer: Callable[[], Committer]) -> APIRouter:
    """The writing routes."""
    recording = Recording(committer)
    routes = APIRouter(tags=["recording"])
    for name, command in all_commands().items():
        routes.add_api_route(
            f"/v1/records/{name}",
            _endpoint(recording, name, command),
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


def _endpoint(recording: Recording, name: str, command: type[Command]) -> Callable[..., Coroutine[Any, Any, Response]]:
    adapter = recording.adapters[name]

    async def record(request: Request, idempotency_key: IdempotencyKey = None, if_match: IfMatch = None) -> Response:
        raw = await _body(request, ONE_MAX_BYTES, "application/json")
        try:
            body = adapter.validate_json(raw, strict=True)
        except ValidationError as error:
            raise of_validation(error) from None
        version = int(if_match.strip('"')) if if_match else None
        submission = Submission(command, body, LOCAL, _request_id(), version)
        (taken,) = await recording.submit([submission], idempotency_key, _digest(name, raw))
        answer = _answer(taken)
        headers = {"Location": answer["address"], "ETag": f'"{answer["version"]}"'}
        return Response(encode(answer), 201, headers, "application/json")

    return record


def unknown_command(command: str) -> None:
    """Refuses what is not in the catalogue."""
    raise _unknown_command(command)


def _unknown_command(name: str, line: int | None = None) -> Problem:
    near = [known for known in all_commands() if set(name.split("-")) & set(known.split("-"))]
    detail = f"There is no command {name!r}. Known are: {', '.join(near or all_commands())}."
    return Problem(404 if line is None else 422, "unknown-command", detail, line=line)


def _many(recording: Recording) -> Callable[..., Coroutine[Any, Any, Response]]:
    async def record_many(request: Request, each: bool = False, idempotency_key: IdempotencyKey = None) -> Response:
        raw = await _body(request, MANY_MAX_BYTES, "application/x-ndjson")
        lines = [(number, line) for number, line in enumerate(raw.split(b"\n"), 1) if line.strip()]
        if not lines:
            raise Problem(422, "no-commands", "There is not one command in the body.")
        request_id = _request_id()
        if each:
            return StreamingResponse(
                _one_by_one(recording, lines, request_id, idempotency_key), media_type="application/x-ndjson"
            )
        told = await run_in_threadpool(lambda: [recording.told(line, number) for number, line in lines])
        submissions = [Submission(command, body, LOCAL, request_id) for command, body in told]
        try:
            taken = await recording.submit(submissions, idempotency_key, _digest("", raw))
        except Refused as refusal:
            raise of_refusal(refusal, None if refusal.line is None else lines[refusal.line][0]) from None
        return Response(encode({"records": list(map(_answer, taken))}), 201, media_type="application/json")

    return record_many


async def _one_by_one(
    recording: Recording, lines: list[tuple[int, bytes]], request_id: UUID, key: str | None
) -> AsyncIterator[bytes]:
    """A result a line, in their order."""
    for start in range(0, len(lines), WINDOW):
        window = lines[start : start + WINDOW]
        results = await asyncio.gather(*(_one(recording, number, line, request_id, key) for number, line in window))
        yield b"".join(encode(result) + b"\n" for result in results)


async def _one(recording: Recording, number: int, line: bytes, request_id: UUID, key: str | None) -> dict[str, Any]:
    try:
        command, body = recording.told(line, number)
        submission = Submission(command, body, LOCAL, request_id)
        (taken,) = await recording.submit([submission], key and f"{key}/{number}", _digest("", line))
    except Exception as error:
        problem = problems.of_error(error, number)
        return {"line": number, "status": problem.status, "problem": problem.document}
    return {"line": number, "status": 201, "record": _answer(taken)}


async def _body(request: Request, max_bytes: int, media_type: str) -> bytes:
    """The body of a request, as UTF-8 of a bounded length and of the one media type."""
    told = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if told != media_type:
        raise Problem(415, "wrong-media-type", f"The Content-Type is {media_type}.")
    chunks, length = [], 0
    async for chunk in request.stream():
        chunks.append(chunk)
        length += len(chunk)
        if length > max_bytes:
            raise Problem(
                413, "body-too-large", f"A body has at most {max_bytes} bytes.", headers={"Connection": "close"}
            )
    raw = b"".join(chunks)
    try:
        raw.decode()
    except UnicodeDecodeError:
        raise Problem(400, "not-utf-8", "The body is text in UTF-8.") from None
    return raw


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
        "type": record.event.TOPIC,
        "negotiation": envelope.negotiation,
        "stream": stream_name(record.event),
        "version": envelope.version,
        "position": record.position,
        "recorded": envelope.recorded,
    }
