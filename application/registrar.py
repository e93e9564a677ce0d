"""The registrar: takes commands down as events, or refuses them, judged against the streams as known now."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol
from uuid import UUID

from application.command import Body, Command
from domain.aggregate import Aggregate, stream_id
from domain.event import DomainEvent, Envelope
from domain.model import AGGREGATE_OF_EVENT, AGGREGATE_OF_KIND
from domain.moment import order
from domain.names import Reference, references
from domain.negotiation import Negotiation
from domain.refusal import Refused, Unknown
from domain.source import Source

_FURTHEST_EAST = timedelta(hours=14)


class VersionMoved(Refused):
    """The stream has another version than the one expected; read it again and decide anew."""


class NotYetOccurred(Refused):
    """What is recorded has occurred; give the date from which it counts as `effective` instead."""


class Streams(Protocol):
    """The port to the log's streams: the one aggregate of each, with all that was decided so far."""

    def get(self, kind: type[Aggregate], stream: UUID) -> Aggregate: ...


class Submission(NamedTuple):
    """One command as it was told: by whom, in which request, and at which version it was expected to apply."""

    command: type[Command]
    body: Body
    recorded_by: str
    request: UUID
    expected_version: int | None = None


class Registrar:
    """Decides; storing what it decided is the caller's business."""

    def __init__(self, streams: Streams, mint: Callable[[], UUID]) -> None:
        """`mint` gives a new identifier at each call (RFC 9562, version 7)."""
        self._streams = streams
        self._mint = mint

    def take_down(self, submissions: Sequence[Submission], now: datetime) -> list[DomainEvent]:
        """The events of all the commands, each judged after those before it.

        Raises `Refused` for the first that cannot be, with its index in `refusal.line`, and then none
        of them has changed anything.
        """
        events: list[DomainEvent] = []
        for line, submission in enumerate(submissions):
            try:
                events.append(self._decide(submission, now))
            except Exception as error:
                if isinstance(error, Refused):
                    error.line = line
                self.give_back(events)
                raise
        return events

    def give_back(self, events: Sequence[DomainEvent]) -> None:
        """Undo decisions that will not be stored."""
        for event in reversed(events):
            stream = self._streams.get(AGGREGATE_OF_EVENT[type(event)], event.originator_id)
            stream.rewind(event.originator_version - 1)

    def _decide(self, submission: Submission, now: datetime) -> DomainEvent:
        command, body = submission.command, submission.body
        kind = command.aggregate()
        self._refuse_unknown_names(command, body)
        if order(body.occurred)[:10] > _latest_date(now):
            raise NotYetOccurred(body.occurred, "occurred")
        key = "/".join(getattr(body, part) or str(self._mint()) for part in kind.ADDRESS)
        aggregate = self._stream(body.negotiation, kind, key)
        if submission.expected_version not in (None, aggregate.version):
            raise VersionMoved(f"expected {submission.expected_version}, found {aggregate.version}")
        envelope = Envelope(
            id=self._mint(),
            negotiation=body.negotiation,
            key=key,
            stream=aggregate.id,
            version=aggregate.version + 1,
            occurred=body.occurred,
            effective=body.effective,
            published=body.published or self._published_by(body),
            recorded=now,
            recorded_by=submission.recorded_by,
            evidence=body.evidence,
            reason=body.reason,
            command=submission.request,
            causation=body.causation,
            correlation=body.correlation or submission.request,
        )
        facts = {name: getattr(body, name) for name in command.facts()}
        return aggregate.decide(command.EVENT(envelope=envelope, **facts))

    def _refuse_unknown_names(self, command: type[Command], body: Body) -> None:
        spoken_of = list(references(body))
        if command.EVENT is not Negotiation.Opened:
            spoken_of.insert(0, Reference("negotiation", body.negotiation, "negotiation"))
        for kind, key, field in spoken_of:
            if not self._stream(body.negotiation, AGGREGATE_OF_KIND[kind], key).version:
                raise Unknown(f"{kind} {key}", field)

    def _published_by(self, body: Body) -> str | None:
        """The earliest date on which a source that the record rests on was published."""
        sources = [self._stream(body.negotiation, Source, evidence.source) for evidence in body.evidence]
        dates = [source.published for source in sources if isinstance(source, Source) and source.published]
        return min(dates, key=order, default=None)

    def _stream(self, negotiation: str, kind: type[Aggregate], key: str) -> Aggregate:
        return self._streams.get(kind, stream_id(negotiation, kind.KIND, key))


def _latest_date(now: datetime) -> str:
    """The calendar date where the day begins first, fourteen hours ahead of UTC."""
    return (now + _FURTHEST_EAST).date().isoformat()
