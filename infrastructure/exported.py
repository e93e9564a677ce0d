"""Verifying an export of the whole log: a file with a record a line, as `parley export --form stored` writes it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from infrastructure.canonical import NotARecord, decoded, refuse_doubles, told_leaf
from infrastructure.comparison import Comparison, Finding
from infrastructure.merkle import leaf_hash
from infrastructure.verification import Streams

STEP = 500


def verified_file(file: Path, comparison: Comparison, found: list[Finding]) -> Iterator[int]:
    """Add what is found; gives how many more bytes of the file were verified, as it goes. Raises `OSError`."""
    streams, expected, done = Streams(), 1, 0
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            done += len(line)
            if line.strip():
                position, record, leaf, faults = _read(line, expected, streams)
                comparison.add(position, record, leaf)
                found += [Finding(position, f"Line {number}, the record {record}: {fault}.") for fault in faults]
                expected = position + 1
            if number % STEP == 0:
                yield done
                done = 0
    found += comparison.findings()
    yield done


def _read(line: bytes, expected: int, streams: Streams) -> tuple[int, str, bytes | None, list[str]]:
    """The place, the id and the leaf's hash of a line, and what is wrong with it."""
    cut = "" if line.endswith(b"\n") else ", and the file is cut off in it"
    try:
        refuse_doubles(line)
        told: dict[str, Any] = decoded(line)
        position, topic = told.pop("position"), told.pop("type")
        if type(position) is not int or not isinstance(topic, str):
            raise NotARecord("its position is no number, or its type no text")
        record, envelope = str(told["envelope"].get("id")), told["envelope"]
        leaf = leaf_hash(told_leaf(topic, told))
    except (NotARecord, KeyError) as error:
        streams.some_missing = True
        why = f"it has no {error.args[0]}" if isinstance(error, KeyError) else str(error)
        return expected, "unreadable", None, [f"{why}{cut}"]
    faults = []
    if position != expected:
        faults.append(f"it is at position {position}, and {expected} comes next: the whole log has to be there")
        position = max(position, expected)
        streams.some_missing = True
    if type(envelope.get("version")) is not int:
        faults.append("its version is no number")
    if fault := streams.fault([envelope.get("stream")], envelope.get("version")):
        faults.append(fault)
    return position, record, leaf, faults
