"""The log as each of its readers may see it: what the stored views are folded from, and nothing more."""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from uuid import UUID

from application.unseen import EVERYONE, Unseen, changes_for_whom
from application.view import Record
from domain.amendment import Amendment
from infrastructure.log import LogReader


class PublicLog:
    """Leaves out what is restricted, in those negotiations in which anything is. One thread uses it at a time."""

    def __init__(self, log: LogReader) -> None:
        self._log = log
        self._unseen: dict[str, tuple[int, Unseen]] = {}
        """By negotiation what is not seen of its records up to a position."""

    def look(self, now: datetime) -> None:
        """See which negotiations are restricted at a time: before anything else is asked, and whenever time passes."""
        self._now = now
        self.restricted = self._log.restricted()
        for negotiation, (_, known) in list(self._unseen.items()):
            if known.lifts and known.lifts <= now:
                del self._unseen[negotiation]

    def clear(self) -> None:
        """Forget what was looked at: it may have come to nothing."""
        self._unseen.clear()

    def in_time(self, negotiation: str, until: int) -> Iterator[Record]:
        """The records of a negotiation up to a position, in the order in which they occurred."""
        hidden = self.unseen(negotiation, until).positions
        return (record for record in self._log.in_time(negotiation, until) if record.position not in hidden)

    def at(self, positions: Iterable[int], negotiation: str, until: int) -> Iterator[Record]:
        """The records of a negotiation at some positions up to one, in the order in which they occurred."""
        seen = set(positions).difference(self.unseen(negotiation, until).positions)
        found = self._log.at(position for position in seen if position <= until)
        return iter(sorted(found, key=lambda record: record.place))

    def amended(self, negotiation: str, until: int) -> list[Record]:
        """All records of the streams in which an amendment stands that is seen, in the order of the log."""
        hidden = self.unseen(negotiation, until).positions
        told = [record for record in self._log.amended(negotiation, until) if record.position not in hidden]
        streams = {record.event.envelope.stream for record in told if isinstance(record.event, Amendment)}
        return [record for record in told if record.event.envelope.stream in streams]

    def streams(self, negotiation: str, streams: Collection[UUID], until: int) -> list[list[Record]]:
        """The records of some streams of a negotiation up to a position, each stream in the order of the log."""
        hidden = self.unseen(negotiation, until).positions
        told = self._log.streams(dict.fromkeys(streams, 0)).values() if streams else ()
        return [[r for r in records if r.position <= until and r.position not in hidden] for records in told]

    def unseen(self, negotiation: str, until: int) -> Unseen:
        """What is not seen of a negotiation up to a position, or further."""
        reached, known = self._unseen.get(negotiation, (0, Unseen(EVERYONE, self._now)))
        if negotiation in self.restricted and reached < until:
            records = self._up_to(until, negotiation, reached)
            if reached and changes_for_whom(records):
                records, known = self._up_to(until, negotiation), Unseen(EVERYONE, self._now)
            known.take(records)
            self._unseen[negotiation] = until, known
        return known

    def _up_to(self, until: int, negotiation: str, after: int = 0) -> list[Record]:
        return [record for record in self._log.of(negotiation, after) if record.position <= until]
