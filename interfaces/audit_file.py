"""The audit file: all about a negotiation at given times, as one archive that another installation can check.

`manifest.json` names the times, the version of the code and the hash of each file; `records.ndjson` holds the
records as they were taken down, with the recorded times of their origin; `views/` the documents of each view.
"""

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from application.fold import all_views
from application.listing import Query
from application.replay import Times
from application.view import Record
from domain.event import DomainEvent
from infrastructure.code_version import fold_version
from infrastructure.log import Log
from infrastructure.replayed import Histories, Replayed
from infrastructure.serialization import decode_event
from interfaces import asking
from interfaces.client import Client, NotThere

FORMAT = 1
_BATCH = 1000
_SINCE_ZIP = (1980, 1, 1, 0, 0, 0)


class NotAnAuditFile(Exception):
    """The message says in a sentence what is wrong with the file."""


class Checked(NamedTuple):
    """What a check of one view found: how many documents are alike, and the keys of those that are not."""

    view: str
    alike: int
    differing: list[str]


async def write(file: Path, negotiation: str, times: Times, client: Client, on_view: Callable[[], None]) -> int:
    """Write the archive from a service's answers; gives the number of records in it."""
    service = await client.document("/healthz")
    await client.document(f"/v1/negotiations/{negotiation}/timeline", {"limit": 1})  # fails where there is none
    asked: dict[str, Any] = {"negotiation": negotiation}
    if times.known_at:
        asked["recorded_to"] = times.known_at
    records = await client.items("/v1/records", asked)
    told = {
        "as_of": times.as_of or datetime.now(UTC).isoformat(),
        "public_at": times.public_at,
        "known_at": times.known_at or (records[-1]["envelope"]["recorded"] if records else None),
    }
    params = {name: value for name, value in told.items() if value}
    files = {"records.ndjson": _lines(records)}
    for view in all_views():
        path = f"/v1/negotiations/{negotiation}" + ("" if view.name == "negotiations" else f"/{view.name}")
        files[f"views/{view.name}.ndjson"] = _lines(await _items(client, path, params))
        on_view()
    manifest = {
        "format": FORMAT,
        "negotiation": negotiation,
        "times": told,
        "version": service["version"],
        "fold": service["fold"],
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    }
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {"manifest.json": json.dumps(manifest, indent=2).encode(), **files}.items():
            archive.writestr(zipfile.ZipInfo(name, _SINCE_ZIP), content, zipfile.ZIP_DEFLATED)
    return len(records)


async def _items(client: Client, path: str, params: dict[str, Any]) -> list[dict[str, Any]]:
    """The documents of a view, which are none where its one document was not there yet."""
    try:
        return await client.items(path, params)
    except NotThere:
        return []


class AuditFile:
    """An archive, read and held to its own hashes."""

    def __init__(self, file: Path) -> None:
        try:
            with zipfile.ZipFile(file) as archive:
                self._files = {name: archive.read(name) for name in archive.namelist()}
            self.manifest: dict[str, Any] = json.loads(self._files.pop("manifest.json"))
            hashes = self.manifest["files"]
        except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
            raise NotAnAuditFile(f"{file} is no audit file: {error}") from None
        if self.manifest["format"] != FORMAT:
            raise NotAnAuditFile(f"{file} is of format {self.manifest['format']}; this version reads {FORMAT}.")
        for name in sorted({*hashes, *self._files}):
            if hashlib.sha256(self._files.get(name, b"")).hexdigest() != hashes.get(name):
                raise NotAnAuditFile(f"{file}: {name} is not what the manifest says it is.")

    @property
    def same_code(self) -> bool:
        """Whether this installation folds with the code that made the archive."""
        return bool(self.manifest["fold"] == fold_version())

    def records(self) -> list[Record]:
        """The records, in the order of their log."""
        told = [msgspec.json.decode(line) for line in self._files["records.ndjson"].splitlines()]
        return [Record(line.pop("position"), _event(line)) for line in told]

    # What `Histories` reads from: an archive instead of a log.

    def of(self, negotiation: str, after: int = 0) -> list[Record]:
        return [record for record in self.records() if record.position > after]

    def negotiations(self) -> list[str]:
        return [self.manifest["negotiation"]]

    def check(self) -> Iterator[Checked]:
        """Replay the records, and compare each view with the one in the archive."""
        state = Replayed(Histories(self), msgspec.convert(self.manifest["times"], Times))
        negotiation = self.manifest["negotiation"]
        for view in all_views():
            found = state.select(Query(view=view.name, negotiation=negotiation, limit=2**31))
            flags = state.flags([(view.name, negotiation, row[2]) for row, _ in found])
            own = {
                row[2]: asking.flagged(held.body, flags.get((view.name, negotiation, row[2]), ()))
                for row, held in found
            }
            held = {
                item["key"]: item for item in map(json.loads, self._files[f"views/{view.name}.ndjson"].splitlines())
            }
            differing = [
                key
                for key in sorted({*own, *held})
                if key not in own or key not in held or json.loads(own[key]) != held[key]
            ]
            yield Checked(view.name, len({*own, *held}) - len(differing), differing)

    def load(self, log: Log) -> int:
        """Put the records into a log that holds none yet; gives their number."""
        if log.reader.head():
            raise NotAnAuditFile("The store holds records already; an audit file is loaded into a store of its own.")
        events = [record.event for record in self.records()]
        for start in range(0, len(events), _BATCH):
            log.append(events[start : start + _BATCH])
        return len(events)


def _event(told: dict[str, Any]) -> DomainEvent:
    return decode_event(told.pop("type"), msgspec.json.encode(told))


def _lines(items: list[dict[str, Any]]) -> bytes:
    for item in items:
        item.pop("times", None)
    return b"".join(json.dumps(item, ensure_ascii=False).encode() + b"\n" for item in items)
