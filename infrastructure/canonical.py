"""The canonical form of a record: the bytes that stand for it in the tree, alike on every machine and store.

It is the JSON object of the record as it is stored, with its topic as `type` and without `envelope.version`, in the
form of RFC 8785. The version and the position are left out because they can be worked out from the order of the log:
whoever may not see every record is told another version, and the proof has to hold for that reader too.

RFC 8785 knows no integer beyond 2**53: here such a number is written with all its digits, so that every record that
can be stored has a form, and no integer is rounded to another. There is no NaN or Infinity in the log.
"""

import json
import re
from math import isfinite
from typing import Any

import msgspec
import rfc8785


class NotARecord(Exception):
    """What is stored is no record's JSON; the message says why, for people."""


class _Float(float):
    """A floating-point number: the encoder does not know this type, and so leaves it to RFC 8785's own rules."""


def _float(told: str) -> _Float:
    number = _Float(told)
    if not isfinite(number):
        raise ValueError(f"{told} is beyond all numbers")
    return number


_decoder = msgspec.json.Decoder(float_hook=_float)
_sorted = msgspec.json.Encoder(order="sorted")
_as_told = msgspec.json.Encoder(enc_hook=float)
_BEYOND_BMP = re.compile(rb"[\xf0-\xf4]").search
"""RFC 8785 sorts names by UTF-16, the encoder by code points: they differ only where there are such letters."""


def leaf(topic: str, state: bytes) -> bytes:
    """The canonical form of a stored record. Raises `NotARecord`."""
    return told_leaf(topic, decoded(state))


def told_leaf(topic: str, told: dict[str, Any]) -> bytes:
    """The canonical form of a record that is decoded already; `told` is left as it is. Raises `NotARecord`."""
    if "type" in told:
        raise NotARecord("it has a `type` beside the one under which it is stored")
    envelope = {name: value for name, value in told["envelope"].items() if name != "version"}
    try:
        return _canonical(told | {"type": topic, "envelope": envelope})
    except RecursionError:
        raise NotARecord("it nests too deep") from None


def decoded(state: bytes) -> dict[str, Any]:
    """A record's JSON, its fields in their order. Raises `NotARecord`."""
    try:
        told = _decoder.decode(state)
    except (ValueError, RecursionError) as error:  # msgspec's and Unicode's own are among them
        raise NotARecord(f"it is no JSON: {error}") from None
    if not isinstance(told, dict) or not isinstance(told.get("envelope"), dict):
        raise NotARecord("it has no envelope")
    return told


def refuse_doubles(line: bytes) -> None:
    """Raise `NotARecord` where an object in JSON has a member twice: of two readers each may take another."""

    def once(members: list[tuple[str, Any]]) -> None:
        names = [name for name, _ in members]
        if len(set(names)) < len(names):
            raise NotARecord(f"it has {max(names, key=names.count)!r} twice")

    try:
        json.loads(line, object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise NotARecord(f"it is no JSON: {error}") from None


def stored(told: dict[str, Any]) -> bytes:
    """A decoded record as the log writes it: no other bytes of the same meaning are stored."""
    return _as_told.encode(told)


def _canonical(value: Any) -> bytes:
    """A decoded value in the form of RFC 8785, with integers of any size."""
    try:
        encoded = _sorted.encode(value)
    except TypeError:
        return _slowly(value)
    return encoded if encoded.isascii() or not _BEYOND_BMP(encoded) else _slowly(value)


def _slowly(value: Any) -> bytes:
    match value:
        case dict():
            names = sorted(value, key=lambda name: name.encode("utf-16-be"))
            return b"{%s}" % b",".join(b"%s:%s" % (rfc8785.dumps(name), _slowly(value[name])) for name in names)
        case list():
            return b"[%s]" % b",".join(map(_slowly, value))
        case int() if not isinstance(value, bool):
            return str(value).encode()
    return rfc8785.dumps(value)
