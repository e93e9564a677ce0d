"""How an answer looks: documents with their flags and times, pages, ETags, and how routes are described."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import msgspec
from fastapi import APIRouter, Response

from application.fold import Place
from application.replay import Times
from infrastructure.documents import Parked
from infrastructure.log import LogRow
from interfaces.asking import AskedAt, AskedTimes
from interfaces.problems import Problem

AN_OBJECT: dict[str, Any] = {"content": {"application/json": {"schema": {"type": "object"}}}}


def get(
    routes: APIRouter, path: str, name: str, endpoint: Any, summary: str, content: dict[str, Any] = AN_OBJECT
) -> None:
    """Add a reading route with its answers to the OpenAPI document."""
    routes.add_api_route(
        path,
        endpoint,
        methods=["GET"],
        operation_id=name,
        summary=summary,
        response_class=Response,
        responses={200: content | {"description": summary}, 304: {"description": "it still holds"}},
    )


def flagged(place: Place, body: bytes, flags: Sequence[bytes], parked: Sequence[Parked] = ()) -> bytes:
    """A document with what of flags touches it, and with the records that should be in it and could not be folded."""
    told = [msgspec.json.decode(flag) for flag in flags]
    touched = f"{place[0]}/{place[2]}"
    shown = [
        {"flag": flag["key"], "rule": flag["rule"], "severity": flag["severity"]}
        | {"details": [detail["text"] for detail in flag["details"] if touched in detail["touches"]]}
        for flag in told
    ]
    answer = _with(body, "flags", msgspec.json.encode(shown))
    missing = [{"position": one.position, "reason": one.reason} for one in parked]
    return _with(answer, "missing", msgspec.json.encode(missing)) if missing else answer


def timed(body: bytes, asked: AskedTimes, may_be_later: Sequence[str] = ()) -> bytes:
    """An answer that says at which times, and by which policy, it was asked."""
    times = {"as_of": asked.as_of, "public_at": asked.public_at, "known_at": asked.known_at}
    policy = {"policy": asked.policy} if isinstance(asked, AskedAt) else {}
    return _with(body, "times", json.dumps(times | policy | {"may_be_later": list(may_be_later)}).encode())


def _with(body: bytes, name: str, value: bytes) -> bytes:
    return body[:-1] + b',"' + name.encode() + b'":' + value + b"}"


def as_page(items: Sequence[bytes], following: str | None) -> bytes:
    """Documents as they stand, and where the next page goes on."""
    return b'{"items":[' + b",".join(items) + b'],"next":' + json.dumps(following).encode() + b"}"


def as_told(row: LogRow) -> bytes:
    """A record as it stands in the log, with its position and type before it."""
    return b'{"position":%d,"type":"%s",' % (row.position, row.topic.encode()) + row.state[1:]


def answer(
    body: bytes, position: int, if_none_match: str | None = None, media_type: str = "application/json"
) -> Response:
    """A document with its ETag and the position that it rests on."""
    etag = f'"{hashlib.sha256(body).hexdigest()[:24]}"'
    headers = {"ETag": etag, "Parley-Position": str(position)}
    held = {tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")}
    if etag in held or "*" in held:
        return Response(status_code=304, headers=headers)
    return Response(body, 200, headers, media_type)


def not_found(place: Place, asked: AskedTimes | None = None) -> Problem:
    """There is no such document, or there was none at the times asked."""
    view, negotiation, key = place
    if view == "negotiations":
        what = f"negotiation {negotiation}"
    elif key == view:  # the one of its negotiation
        what = f"{key} of {negotiation}"
    else:
        what = f"{key} among the {view} of {negotiation}"
    told = asked.times if asked else Times()
    at = [f"{name} {getattr(told, name)}" for name in told.__struct_fields__ if getattr(told, name)]
    return Problem(404, "not-found", f"There is no {what}" + (f", {', '.join(at)}." if at else "."))


def schema_with_flags_and_times(document: dict[str, Any]) -> dict[str, Any]:
    """The JSON schema of a document as it is served."""
    flags = {
        "type": "array",
        "description": "what is irregular in the records that it rests on",
        "items": {
            "type": "object",
            "properties": {name: {"type": "string"} for name in ("flag", "rule", "severity")}
            | {"details": {"type": "array", "items": {"type": "string"}}},
        },
    }
    missing = {
        "type": "array",
        "description": "records that should be in it and could not be folded, where there are any",
        "items": {"type": "object", "properties": {"position": {"type": "integer"}, "reason": {"type": "string"}}},
    }
    properties = document["properties"] | {"flags": flags, "missing": missing, "times": TIMES}
    return document | {"properties": properties, "required": [*document.get("required", ()), "flags"]}


_TIME = {"type": ["string", "null"]}
TIMES: dict[str, Any] = {
    "type": "object",
    "description": "the times and the policy that the answer was asked at; `may_be_later` lists records dated vaguely",
    "properties": {
        "as_of": _TIME,
        "public_at": _TIME,
        "known_at": _TIME,
        "policy": {"type": "string"},
        "may_be_later": {"type": "array", "items": {"type": "string"}},
    },
}
