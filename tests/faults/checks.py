"""What must hold afterwards, whatever has happened: read from the store itself, when nothing runs any more."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from application.projections.flags import IMPOSSIBLE
from application.view import Record
from infrastructure.database import Database
from infrastructure.documents import unpacked
from infrastructure.log import LogReader
from infrastructure.projector import Projector
from infrastructure.serialization import encode_document
from infrastructure.view_reader import ViewReader
from tests.application.naive import replay
from tests.faults.clients import Acknowledged
from tests.faults.stores import rows

Rows = dict[tuple[str, str, str], tuple[Any, ...]]
DOCUMENTS = (
    "SELECT view, negotiation, key, kind, date, tags, lists, folded_date, folded_position, packed, private"
    " FROM documents_{}"
)
TAGS = "SELECT view, negotiation, key, tag FROM tags_{0} JOIN documents_{0} ON id = document"


@dataclass
class Found:
    """What does not hold, in sentences."""

    records: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def all(self) -> list[str]:
        return [*self.lost, *self.doubled, *self.skipped, *self.wrong]


def checked_log(database: Database, acknowledged: Sequence[Acknowledged]) -> Found:
    """Every acknowledged record is there, once and as it was told; nobody else's is."""
    log = LogReader(database)
    try:
        records = log.after(0)
        receipts = log.receipts([one.key for one in acknowledged])
    finally:
        log.close()
    found = Found(len(records))
    by_id = {str(record.event.envelope.id): record for record in records}
    for one in acknowledged:
        told, record, receipt = one.answer, by_id.get(one.answer["id"]), receipts.get(one.key)
        if record is None:
            found.lost.append(f"{one.key} was acknowledged as {told['id']} at {told['position']} and is not there")
        elif (record.position, record.event.envelope.version) != (told["position"], told["version"]):
            found.wrong.append(f"{told['id']} was acknowledged at {told['position']} and is at {record.position}")
        elif receipt is None or (receipt.first, receipt.count) != (record.position, 1):
            found.wrong.append(f"the receipt of {one.key} does not name the record at {record.position}")
        elif str(record.event.envelope.correlation) != one.correlation:
            found.wrong.append(f"{told['id']} was acknowledged to {one.key} and is another's")
    brought = Counter(str(record.event.envelope.correlation) for record in records)
    keys = {one.correlation: one.key for one in acknowledged}
    found.doubled += [f"{keys.get(one, one)} brought {count} records" for one, count in brought.items() if count > 1]
    found.wrong += [f"nobody was told of the record of {one}" for one in brought.keys() - keys.keys()]
    found.wrong += [*_gaps(records), *_times_that_go_back(records)]
    return found


def _gaps(records: Sequence[Record]) -> Iterator[str]:
    if [record.position for record in records] != list(range(1, len(records) + 1)):
        yield "the positions have gaps"
    versions: dict[Any, list[int]] = defaultdict(list)
    for record in records:
        versions[record.event.envelope.stream].append(record.event.envelope.version)
    for stream, found in versions.items():
        if found != list(range(1, len(found) + 1)):
            yield f"the versions of stream {stream} have gaps"


def _times_that_go_back(records: Sequence[Record]) -> Iterator[str]:
    last = datetime.min.replace(tzinfo=UTC)
    for record in records:
        if record.event.envelope.recorded < last:
            yield f"the record at {record.position} was recorded before the one before it"
        last = record.event.envelope.recorded


def check_views(database: Database, found: Found) -> None:
    """The views hold each record once, and are what a replay makes of the log, and what a rebuild makes of it."""
    log, views = LogReader(database), ViewReader(database)
    try:
        found.wrong += [f"position {one.position} is parked: {one.reason}" for one in views.parked()]
        if (position := views.position()) != log.head():
            found.skipped.append(f"the views stand at {position}, the log at {log.head()}")
        live = stored(database, DOCUMENTS)
        found.skipped += _not_in_timeline(log.after(0), live)
        found.wrong += [f"live and replay differ in {place}" for place in _unlike_replay(log, live)]
    finally:
        log.close()
        views.close()
    tags = stored(database, TAGS)
    rebuild(database)
    found.wrong += [f"live and rebuilt differ in {place}" for place in unlike(live, stored(database, DOCUMENTS))]
    found.wrong += [f"the tags of {place} differ from rebuilt ones" for place in unlike(tags, stored(database, TAGS))]


def _not_in_timeline(records: Sequence[Record], live: Rows) -> Iterator[str]:
    there = {place for place in live if place[0] == "timeline"}
    for record in records:
        place = ("timeline", record.event.envelope.negotiation, str(record.event.envelope.id))
        if place not in there:
            yield f"the record at {record.position} is not in the timeline"
        there.discard(place)
    yield from (f"the timeline has {place}, the log has not" for place in there)


def _unlike_replay(log: LogReader, live: Rows) -> list[tuple[str, str, str]]:
    """Against the replay that is written apart, for tests, which judges nothing anew."""
    now = datetime.now(UTC).isoformat()
    replayed = {
        (view, negotiation, key): encode_document(document)
        for negotiation in log.negotiations()
        for (view, key), document in replay(log.of(negotiation), now, None, None).items()
    }
    judged = {
        place: (unpacked(row[-2]), unpacked(row[-1]))
        for place, row in live.items()
        if not place[-1].startswith(IMPOSSIBLE)
    }
    return unlike(judged, replayed)


def unlike(one: Rows, other: Rows) -> list[tuple[str, str, str]]:
    return sorted(place for place in one.keys() | other.keys() if one.get(place) != other.get(place))


def stored(database: Database, sql: str) -> Rows:
    """What is kept of each document of the build that serves, in rows of a fixed order."""
    ((build,),) = rows(database, "views", "SELECT build FROM builds WHERE serving = 1")
    found: dict[tuple[str, str, str], list[Any]] = defaultdict(list)
    for view, negotiation, key, *rest in rows(database, "views", sql.format(build)):
        found[view, negotiation, key] += rest if len(rest) > 1 else [str(rest[0])]
    return {place: tuple(row if len(row) > 1 and sql is DOCUMENTS else sorted(row)) for place, row in found.items()}


def rebuild(database: Database) -> None:
    """All views anew; goes on where one was killed."""
    projector = Projector(database, lambda: datetime.now(UTC))
    for _ in projector.rebuild():
        pass
    projector.close()
