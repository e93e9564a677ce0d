"""The audit file: all about a negotiation at given times, as one archive that another installation can check.

`manifest.json` names the times, the version of the code and the hash of each file; `records.ndjson` holds the
records as they were taken down, with the recorded times of their origin; `views/` the documents of each view.
"""

import hashlib
import json
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from pydantic import TypeAdapter

from application.fold import all_views
from application.listing import ALL, Query
from application.replay import Times
from application.view import Record, View
from domain.aggregate import stream_id
from domain.erased import Erased
from domain.event import validator
from domain.fact import Fact
from domain.model import EVENT_OF_TOPIC, aggregate_of
from domain.text import Slug
from infrastructure.code_version import fold_version
from infrastructure.log import Log
from infrastructure.replayed import Histories, Replayed
from infrastructure.serialization import decode_event, encode, told_in_record
from interfaces import answering
from interfaces.client import Client, Failed, NotThere

FORMAT = 1
BYTES_MAX = 2**30
_BATCH = 1000
_UNREADABLE = (
    OSError,
    EOFError,
    MemoryError,
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    RuntimeError,
    ValueError,
    LookupError,
    TypeError,
)
"""What reading an archive that somebody has broken can raise."""
_SINCE_ZIP = (1980, 1, 1, 0, 0, 0)


class NotAnAuditFile(Exception):
    """The message says in a sentence what is wrong with the file."""


class Checked(NamedTuple):
    """What a check of one view found: how many documents are alike, and the keys of those that are not."""

    view: str
    alike: int
    differing: list[str]


async def write(file: Path, negotiation: str, times: Times, client: Client, on_view: Callable[[], None]) -> int:
    """Write the archive from a service's answers; gives the number of records in it. Raises `Failed`."""
    if file.is_dir() or not file.parent.is_dir():
        raise Failed(f"{file} cannot be written: {'it is a folder' if file.is_dir() else 'there is no such folder'}.")
    service = await client.document("/healthz")
    await client.document(f"/v1/negotiations/{negotiation}/timeline", {"limit": 1})  # fails where there is none
    asked: dict[str, Any] = {"negotiation": negotiation}
    if times.known_at:
        asked["recorded_to"] = times.known_at
    records = await client.items("/v1/records", asked)
    now = datetime.now(UTC).isoformat()
    goes_on = times.known_at in {None, now[:10]}  # what is asked for view by view would grow meanwhile
    told = {
        "as_of": times.as_of or now,
        "public_at": times.public_at,
        "known_at": records[-1]["envelope"]["recorded"] if goes_on and records else times.known_at,
    }
    params = {name: value for name, value in told.items() if value}
    files = {"records.ndjson": _lines(records)}
    for view in all_views():
        path = f"/v1/negotiations/{negotiation}" + ("" if view.name == "negotiations" else f"/{view.name}")
        files[_of(view)] = _lines(await _items(client, path, params))
        on_view()
    manifest = {
        "format": FORMAT,
        "negotiation": negotiation,
        "times": told,
        "version": service["version"],
        "fold": service["fold"],
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    }
    try:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in {"manifest.json": json.dumps(manifest, indent=2).encode(), **files}.items():
                archive.writestr(zipfile.ZipInfo(name, _SINCE_ZIP), content, zipfile.ZIP_DEFLATED)
    except OSError as error:
        raise Failed(f"{file} cannot be written: {error.strerror}.") from None
    return len(records)


async def _items(client: Client, path: str, params: dict[str, Any]) -> list[dict[str, Any]]:
    """The documents of a view, which are none where its one document was not there yet."""
    try:
        return await client.items(path, params)
    except NotThere:
        return []


class Manifest(Fact, frozen=True):
    """What stands in `manifest.json`."""

    format: int
    negotiation: Slug
    times: Times
    version: str
    fold: str
    files: dict[str, str]


class AuditFile:
    """An archive, read and held to its own hashes. Whatever is wrong with it is raised as `NotAnAuditFile`."""

    def __init__(self, file: Path) -> None:
        try:
            self._files = _unpacked(file)
            manifest = TypeAdapter(Manifest).validate_json(self._files.pop("manifest.json"), strict=True)
            self.manifest: Manifest = manifest
            self._records = [_record(line) for line in self._files["records.ndjson"].splitlines()]
            self._documents = {
                view.name: {item["key"]: item for item in map(json.loads, self._files[_of(view)].splitlines())}
                for view in all_views()
            }
        except _UNREADABLE as error:
            raise NotAnAuditFile(f"{file} is no audit file: {str(error) or type(error).__name__}") from None
        if self.manifest.format != FORMAT:
            raise NotAnAuditFile(f"{file} is of format {self.manifest.format}; this version reads {FORMAT}.")
        for name in sorted({*self.manifest.files, *self._files}):
            if hashlib.sha256(self._files.get(name, b"")).hexdigest() != self.manifest.files.get(name):
                raise NotAnAuditFile(f"{file}: {name} is not what the manifest says it is.")
        if fault := _out_of_order(self._records, self.manifest.negotiation):
            raise NotAnAuditFile(f"{file}: {fault}")

    @property
    def same_code(self) -> bool:
        """Whether this installation folds with the code that made the archive."""
        return self.manifest.fold == fold_version()

    # What `Histories` reads from: an archive instead of a log.

    def of(self, negotiation: str, after: int = 0, known: int = 0) -> list[Record]:
        return [record for record in self._records if record.position > after]

    def negotiations(self) -> list[str]:
        return [self.manifest.negotiation]

    def check(self) -> Iterator[Checked]:
        """Replay the records, and compare each view with the one in the archive."""
        negotiation = self.manifest.negotiation
        state = Replayed(Histories(self), self.manifest.times)
        for view in all_views():
            found = state.select(Query(view=view.name, negotiations=frozenset([negotiation]), limit=ALL))
            places = [(view.name, negotiation, row[2]) for row, _ in found]
            flags = state.flags(places)
            own = {
                place[2]: json.loads(answering.flagged(place, held.body, flags.get(place, ())))
                for place, (_, held) in zip(places, found, strict=True)
            }
            held = self._documents[view.name]
            differing = [key for key in sorted({*own, *held}) if own.get(key) != held.get(key)]
            yield Checked(view.name, len({*own, *held}) - len(differing), differing)

    def load(self, log: Log) -> int:
        """Put the records into a log that holds none yet; gives their number."""
        if not self._records:
            raise NotAnAuditFile("The archive holds no record: nothing had been taken down by then.")
        if log.head():
            raise NotAnAuditFile("The store holds records already; an audit file is loaded into a store of its own.")
        with log.appending():
            for start in range(0, len(self._records), _BATCH):
                log.append([record.event for record in self._records[start : start + _BATCH]])
        return len(self._records)


def _unpacked(file: Path) -> dict[str, bytes]:
    """The files of an archive by their names, each there once and no other than there should be."""
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        if sorted(names) != sorted(["manifest.json", "records.ndjson", *map(_of, all_views())]):
            raise ValueError("it does not hold a manifest, the records and each view, once and nothing else")
        if sum(entry.file_size for entry in archive.infolist()) > BYTES_MAX:
            raise ValueError(f"it unpacks to more than {BYTES_MAX:,} bytes")
        return {name: archive.read(name) for name in names}


def _of(view: View) -> str:
    return f"views/{view.name}.ndjson"


def _record(line: bytes) -> Record:
    """A record, held to every constraint that one which is told has to keep."""
    told = msgspec.json.decode(line, type=dict[str, Any])
    event = EVENT_OF_TOPIC[told.pop("type")]
    position = msgspec.convert(told.pop("position"), int)
    if told.get("erased"):
        erased = decode_event(event.TOPIC, encode(told))
        return Record(position, validator(Erased).validate_json(encode(erased), strict=True))
    current = encode(told_in_record(event.TOPIC, encode(told)))
    return Record(position, validator(event).validate_json(current, strict=True))


def _out_of_order(records: list[Record], negotiation: str) -> str | None:
    """What is wrong with the records as the log of one negotiation."""
    versions: dict[UUID, int] = defaultdict(int)
    seen = set[UUID]()
    before = 0
    for position, event in records:
        envelope = event.envelope
        versions[envelope.stream] += 1
        stream = stream_id(negotiation, aggregate_of(event).KIND, envelope.key)
        if envelope.negotiation != negotiation or envelope.stream != stream:
            return f"record {envelope.id} is none of {negotiation}."
        if position <= before or envelope.version != versions[envelope.stream] or envelope.id in seen:
            return f"record {envelope.id} is not in its place."
        before = position
        seen.add(envelope.id)
    return None


def _lines(items: list[dict[str, Any]]) -> bytes:
    for item in items:
        item.pop("times", None)
    return b"".join(json.dumps(item, ensure_ascii=False).encode() + b"\n" for item in items)
