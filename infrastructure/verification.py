"""Verifying a store: every record in itself, with its columns and parties, and all of them against what was sealed.

What is derived from a record is worked out again: its columns, its parties, its version in its stream, its position.
A receipt is no record: its key and its digest rest on nothing else, and only what it counts is checked.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

from domain.erasure import Erasure
from domain.names import concerned
from domain.release import is_about_access
from infrastructure.canonical import NotARecord, decoded, stored, told_leaf
from infrastructure.comparison import Comparison, Finding
from infrastructure.database import StoreDamaged
from infrastructure.encryption import Opener
from infrastructure.log import LogReader
from infrastructure.merkle import leaf_hash
from infrastructure.recorder import ENVELOPE, envelope_columns
from infrastructure.serialization import decode_event

T = TypeVar("T")
PAGE = 500
PARTIES_PAGE = 50_000
UNREADABLE_MAX = 10_000
_COLUMNS = ("position", "stream_id", "version", "topic", "state", *ENVELOPE)
_FIRST, _LAST = -(2**63), 2**63 - 1


class Row(NamedTuple):
    """A record as it lies in the store."""

    position: int
    stream_id: Any
    version: int
    topic: str
    state: Any
    envelope: tuple[Any, ...]


class LogRows(LogReader):
    """The log's tables as they lie there, without a look at what they mean."""

    def count(self) -> int:
        return int(self._connection.value("SELECT count(*) FROM records"))

    def page(self, after: int, until: int, limit: int = PAGE) -> list[Row]:
        """The rows after a position, in the order of positions. Raises `StoreDamaged`."""
        found = self._connection.rows(
            f"SELECT {', '.join(_COLUMNS)} FROM records WHERE position > ? AND position <= ?"
            f" ORDER BY position LIMIT {limit}",
            (after, until),
        )
        return [
            Row(position, stream, version, topic, state, tuple(rest))
            for position, stream, version, topic, state, *rest in found
        ]

    def parties(self, first: int, last: int) -> dict[int, set[str]]:
        """The parties of the records in a range, as the index has them."""
        rows = self._connection.rows(
            "SELECT position, party FROM record_parties WHERE position >= ? AND position <= ?", (first, last)
        )
        return _by_position((position, party) for position, party in rows)

    def sealed(self, first: int, last: int) -> dict[int, set[tuple[str, int]]]:
        """The subjects with whose keys the records in a range are sealed, as the index has them."""
        rows = self._connection.rows(
            "SELECT position, subject, whole FROM record_subjects WHERE position >= ? AND position <= ?", (first, last)
        )
        return _by_position((position, (subject, whole)) for position, subject, whole in rows)

    def stray_parties(self) -> list[tuple[Any, ...]]:
        """The places in the index of parties at which there is no record."""
        return self._connection.rows(
            "SELECT position, party FROM record_parties WHERE NOT EXISTS"
            " (SELECT 1 FROM records WHERE records.position = record_parties.position) ORDER BY position LIMIT 1000"
        )

    def stray_receipts(self) -> list[tuple[Any, ...]]:
        """The receipts that count what is not there, or what another counts."""
        return self._connection.rows(
            "SELECT key, first, count FROM (SELECT key, first, count, lead(first) OVER (ORDER BY first, key) AS later"
            " FROM receipts) AS told WHERE first < 1 OR count < 1 OR first + count > later"
            " OR first + count - 1 > (SELECT coalesce(max(position), 0) FROM records) ORDER BY first LIMIT 1000"
        )

    def erased(self) -> set[tuple[str, str]]:
        """What erasures tell of: the subject and the record of each."""
        rows = self._connection.rows(
            f"SELECT position, topic, state FROM records WHERE topic = '{Erasure.Made.TOPIC}' ORDER BY position"
        )
        made = [record.event for record in self._records(rows)]
        return {
            (one.envelope.key.partition("-")[0], str(named))
            for one in made
            if isinstance(one, Erasure.Made)
            for named in (*one.records, *one.named_in)
        }

    def faults(self) -> list[str]:
        """What the database itself finds wrong with how it keeps the log."""
        return self._connection.faults()


def _by_position(filed: Iterable[tuple[int, T]]) -> dict[int, set[T]]:
    found: dict[int, set[T]] = {}
    for position, one in filed:
        found.setdefault(position, set()).add(one)
    return found


class Streams:
    """Counts the records of each stream, in the order of the log."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self.some_missing = False
        """Whether a record was missing so far: it may have been of any stream."""

    def fault(self, named: Sequence[Any], *versions: Any) -> str | None:
        """What is wrong with the versions that the next record of a stream is told to have, if anything is.

        Where two streams are named, one of them is wrong: it is of the one in which it comes next.
        """
        told = {str(version): version for version in versions}
        streams = list(map(str, named))
        stream = next((one for one in streams if str(self._counts[one] + 1) in told), streams[0])
        number = self._counts[stream] + 1
        one = versions[0] if len(told) == 1 and isinstance(versions[0], int) else number
        self._counts[stream] = max(one, number)
        wrong = [version for version in told if version != str(number)]
        if one > number and self.some_missing:
            return None
        return f"its version is {wrong[0]}, and it is the {number}. of its stream" if wrong else None


def verified(log: LogRows, comparison: Comparison, found: list[Finding]) -> Iterator[int]:
    """Add what is found; gives how many more records were verified, as it goes. The log may grow meanwhile."""
    found += [Finding(0, f"The database says of the log: {told}.") for told in _told_faults(log)]
    streams, last, parties, end, count = Streams(), 0, dict[int, set[str]](), _FIRST, log.count()
    restricted, gone = set[str](), dict[tuple[str, str], int]()
    for page in _pages(log, log.head(), found):
        opener = log.subjects.opener([(row.position, row.topic, _bytes(row.state)) for row in page])
        for row in page:
            if row.position > end:
                end = row.position + PARTIES_PAGE if row.position <= count else _LAST
                parties, sealed = _parties(log, row.position, end, found), log.sealed(row.position, end)
            gap = _gap(last, row.position)
            streams.some_missing |= bool(gap)
            found += gap
            last = row.position
            leaf, record, faults = check(row, streams, parties.get(row.position, set()), opener, restricted)
            comparison.add(row.position, record, leaf)
            subjects = opener.subjects(_bytes(row.state)) if opener else set[tuple[str, int]]()
            if _is_misfiled(subjects, sealed.get(row.position, set())):
                faults.append("the index of data subjects does not say with whose keys it is sealed")
            for subject, _ in subjects:
                if opener and opener.is_gone(subject):
                    gone[subject, record] = row.position
            found += [Finding(row.position, f"The record at position {row.position} ({record}): {t}.") for t in faults]
        yield len(page)
    found += comparison.findings()
    found += _strays(log)
    for subject, record in gone.keys() - (log.erased() if gone else set()):
        position = gone[subject, record]
        told = f"A key of the record at position {position} ({record}) is gone, and no erasure tells of it."
        found.append(Finding(position, told))
    for negotiation in sorted(restricted - log.restricted()):
        found.append(Finding(0, f"Records of {negotiation} are restricted, and the index says that none is."))


def check(
    row: Row, streams: Streams, parties: set[str], opener: Opener | None, restricted: set[str]
) -> tuple[bytes | None, str, list[str]]:
    """The hash of a record's canonical form, its id, and what is wrong with its row.

    `opener` opens what is encrypted; the negotiation of a record that is for some alone is added to `restricted`.
    """
    record, faults = str(row.envelope[0]), []
    state = _bytes(row.state)
    try:
        told = decoded(state)
        leaf = leaf_hash(told_leaf(str(row.topic), told))
    except NotARecord as error:
        _version_fault(row, {"stream": row.stream_id, "version": row.version}, streams)
        return None, record, [str(error)]
    if row.state != stored(told):
        faults.append("its JSON is not written as Parley writes it")
    envelope = told["envelope"]
    if fault := _version_fault(row, envelope, streams):
        faults.append(fault)
    try:
        event = decode_event(row.topic, opener.opened(row.topic, state) if opener else state)
        expected = ("stream_id", str(event.envelope.stream)), *zip(ENVELOPE, envelope_columns(event), strict=True)
        named = concerned(event, "party")[0]
    except Exception as error:
        return leaf, record, [*faults, f"this version cannot read it: {type(error).__name__}: {error}"]
    columns = dict(zip(("stream_id", *ENVELOPE), (row.stream_id, *row.envelope), strict=True))
    for name, value in expected:
        if str(columns[name]) != value:
            faults.append(f"its column {name} says {columns[name]}, and the record {value}")
    if is_about_access(event):
        restricted.add(event.envelope.negotiation)
    if parties != named:
        faults.append(f"it is filed under the parties {_list(parties)}, and concerns {_list(named)}")
    return leaf, record, faults


def _is_misfiled(sealed: set[tuple[str, int]], told: set[tuple[str, int]]) -> bool:
    """Whether the index of data subjects is not that of a record; of one that is sealed as a whole, it alone says whose
    names stand within.
    """
    return not sealed <= told or (told != sealed and not any(whole for _, whole in sealed))


def _bytes(state: Any) -> bytes:
    """In a file that somebody has changed a column may hold a value of any type, or none."""
    return state if isinstance(state, bytes) else str(state).encode()


def _version_fault(row: Row, envelope: dict[str, Any], streams: Streams) -> str | None:
    """What stands before the first place counts nowhere."""
    if row.position < 1:
        return None
    return streams.fault((row.stream_id, envelope.get("stream")), row.version, envelope.get("version"))


def _pages(log: LogRows, head: int, found: list[Finding]) -> Iterator[Sequence[Row]]:
    """The rows in their order; around what cannot be read one by one."""
    after, unreadable = _FIRST, 0
    while True:
        try:
            page = log.page(after, head)
            if not page:
                return
            after = page[-1].position
            yield page
        except StoreDamaged:
            for position in range(max(after, 0) + 1, min(max(after, 0) + PAGE, head) + 1):
                try:
                    yield log.page(position - 1, position, 1)
                except StoreDamaged as error:
                    unreadable += 1
                    found.append(Finding(position, f"The record at position {position} cannot be read: {error}."))
            after = max(after, 0) + PAGE
            if unreadable > UNREADABLE_MAX:
                return


def _gap(last: int, position: int) -> list[Finding]:
    """What is missing between two records that follow each other, or the one that stands where none can."""
    if position < 1:
        return [Finding(position, f"There is a record at position {position}: the first is at 1.")]
    first = max(last, 0) + 1
    if position == first:
        return []
    if position - first > PAGE:
        return [Finding(first, f"The records at positions {first} to {position - 1} are missing.")]
    return [Finding(place, f"The record at position {place} is missing.") for place in range(first, position)]


def _parties(log: LogRows, first: int, last: int, found: list[Finding]) -> dict[int, set[str]]:
    try:
        return log.parties(first, last)
    except StoreDamaged as error:
        found.append(Finding(0, f"The index of parties cannot be read: {error}."))
        return {}


def _told_faults(log: LogRows) -> list[str]:
    try:
        return log.faults()
    except StoreDamaged as error:
        return [str(error)]


def _strays(log: LogRows) -> Iterator[Finding]:
    try:
        for position, party in log.stray_parties():
            yield Finding(position, f"The party {party} is filed under position {position}, where no record is.")
        for key, first, count in log.stray_receipts():
            told = (
                f"The receipt {key} counts {count} records from position {first}, which others count or are not there."
            )
            yield Finding(0, told)
    except StoreDamaged as error:
        yield Finding(0, f"The index of parties, or the receipts, cannot be read: {error}.")


def _list(names: set[str] | frozenset[str]) -> str:
    return ", ".join(sorted(names)) or "none"
