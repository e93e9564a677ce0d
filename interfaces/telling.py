"""What callers tell: the bodies of commands, one or many a line, read and checked."""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import msgspec
from fastapi import Request
from pydantic import TypeAdapter, ValidationError
from starlette.requests import ClientDisconnect

from application.command import Body, Command, all_commands
from interfaces.problems import FAULTS_MAX, Problem, of_lines, of_validation

ONE = "application/json"
MANY = "application/x-ndjson"
ONE_MAX_BYTES = 1024 * 1024
"""How long one command is, however it comes."""
NESTED_MAX = 50_000
"""How much JSON may hold that holds something else: empty lists take hundreds of times as much room as their text."""
DEPTH_MAX = 32
"""How deep what is told may nest. No command needs more than ten levels; what parses JSON calls itself for each."""
_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
_STEPS = {b"[": 1, b"{": 1, b"]": -1, b"}": -1}
Told = tuple[type[Command], Body]


@cache
def adapter(name: str) -> TypeAdapter[Body]:
    """What checks the body of a command."""
    return TypeAdapter(all_commands()[name].body())


async def read_body(request: Request, max_bytes: int, media_type: str) -> bytes:
    """The body of a request, as UTF-8 of a bounded length and of the one media type."""
    told = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if told != media_type:
        raise Problem(415, "wrong-media-type", f"The Content-Type is {media_type}.")
    chunks, length = [], 0
    try:
        async for chunk in request.stream():
            chunks.append(chunk)
            length += len(chunk)
            if length > max_bytes:
                raise Problem(
                    413, "body-too-large", f"A body has at most {max_bytes} bytes.", headers={"Connection": "close"}
                )
    except ClientDisconnect:
        raise Problem(400, "body-incomplete", "The body did not come to its end; nothing was stored.") from None
    raw = b"".join(chunks)
    try:
        raw.decode()
    except UnicodeDecodeError:
        raise Problem(400, "not-utf-8", "The body is text in UTF-8.") from None
    if media_type == ONE:
        refuse_too_deep(raw)
    return raw


def refuse_too_deep(raw: bytes, line: int | None = None) -> None:
    """Raise a problem where JSON nests deeper than it may, or too often; what is none is found by whoever reads it."""
    if raw.count(b"[") + raw.count(b"{") <= DEPTH_MAX:
        return
    depth = nested = 0
    for token in _TOKENS.finditer(raw):
        step = _STEPS.get(token[0], 0)
        depth += step
        nested += step > 0
        if depth > DEPTH_MAX:
            raise Problem(400, "too-deep", f"What is told nests at most {DEPTH_MAX} levels deep.", line=line)
        if nested > NESTED_MAX:
            detail = f"What is told holds at most {NESTED_MAX} lists and objects."
            raise Problem(413, "too-much-nested", detail, line=line)


def lines(raw: bytes) -> list[tuple[int, bytes]]:
    """The lines of a body that hold something, numbered from 1."""
    found = [(number, line) for number, line in enumerate(raw.split(b"\n"), 1) if line.strip()]
    if not found:
        raise Problem(422, "no-commands", "There is not one command in the body.")
    return found


def command(line: bytes, number: int) -> Told:
    """The command on one line of many."""
    if len(line) > ONE_MAX_BYTES:
        raise Problem(413, "line-too-long", f"A command has at most {ONE_MAX_BYTES} bytes.", line=number)
    refuse_too_deep(line, number)
    try:
        told = msgspec.json.decode(line, type=dict[str, Any])
        name = str(told.pop("command"))
    except (msgspec.MsgspecError, KeyError):
        detail = "Each line is a JSON object with its `command` and that command's fields."
        raise Problem(400, "malformed-line", detail, line=number) from None
    if name not in all_commands():
        raise unknown_command(name, number)
    try:
        return all_commands()[name], adapter(name).validate_json(msgspec.json.encode(told), strict=True)
    except ValidationError as error:
        raise of_validation(error, number) from None


def each_command(lines: Iterable[tuple[int, bytes]]) -> Iterator[Told | Exception]:
    """The command on each of many lines, or what is wrong with it."""
    for number, line in lines:
        try:
            yield command(line, number)
        except Exception as error:
            error.__context__ = None  # with what led to it, all that was read of the line would be held
            yield error.with_traceback(None)


def commands(lines: list[tuple[int, bytes]]) -> list[Told]:
    """The commands on many lines. Raises one problem with the faults of all of them."""
    told, faulty = list[Told](), list[Problem]()
    for one in each_command(lines):
        if isinstance(one, Problem):
            faulty.append(one)
            if len(faulty) == FAULTS_MAX:
                break
        elif isinstance(one, Exception):
            raise one
        else:
            told.append(one)
    if faulty:
        raise of_lines(faulty)
    return told


def unknown_command(name: str, line: int | None = None) -> Problem:
    """Refuses what is not in the catalogue."""
    near = [known for known in all_commands() if set(name.split("-")) & set(known.split("-"))]
    detail = f"There is no command {name!r}. Known are: {', '.join(near or all_commands())}."
    return Problem(404 if line is None else 422, "unknown-command", detail, line=line)
