"""What if: commands on top of a moment, judged as if they were told, and never stored."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from application.registrar import Registrar, Submission
from application.replay import History
from application.sights import Sights
from application.view import Record
from domain.aggregate import Aggregate
from domain.event import DomainEvent


class SupposedStreams:
    """The streams of one negotiation, as they are known at a moment; nothing here reaches the log."""

    def __init__(self, history: History) -> None:
        self._records = {record.event.envelope.id: record.event for record in history.records}
        self._of: dict[UUID, list[DomainEvent]] = defaultdict(list)
        for event in self._records.values():
            self._of[event.envelope.stream].append(event)
        self._held: dict[UUID, Aggregate] = {}
        restricted = [history.negotiation] if history.restricted else []
        self.sights = Sights(lambda *_: history.records, restricted)

    def get(self, kind: type[Aggregate], stream: UUID) -> Aggregate:
        if stream not in self._held:
            aggregate = kind.of(stream)
            for event in self._of[stream]:
                aggregate.take(event)
                aggregate.version = event.envelope.version
            self._held[stream] = aggregate
        return self._held[stream]

    def record(self, record: UUID) -> DomainEvent | None:
        return self._records.get(record)


def suppose(
    history: History, submissions: Sequence[Submission], now: datetime, mint: Callable[[], UUID]
) -> list[Record]:
    """The records that the commands would become, at the end of the log. Raises `Refused` as the registrar does."""
    events = Registrar(SupposedStreams(history), mint).take_down(submissions, now)
    head = history.records[-1].position if history.records else 0
    return [Record(head + number, event) for number, event in enumerate(events, 1)]
