"""The registrar: takes commands down as events, or refuses them, judged against the streams as known now."""

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from typing import NamedTuple, Protocol
from uuid import UUID
from zoneinfo import available_timezones

from msgspec.structs import replace

from application.calendars import calendar
from application.command import Body, Command
from application.sights import Sights, audience
from application.unseen import EVERYTHING, Seer, Sight, Under
from domain.aggregate import Aggregate, stream_id
from domain.amendment import Corrected, in_force
from domain.claim import Claim
from domain.erasure import Erasure
from domain.event import DomainEvent, Envelope
from domain.happening import parts_of, step_of
from domain.model import AGGREGATE_OF_KIND, aggregate_of
from domain.moment import first_date, latest_date, order
from domain.names import Reference, references
from domain.negotiation import Negotiation
from domain.refusal import Refused, Unknown
from domain.release import ConsentNotForAll, Released, Restricted
from domain.restriction import Restriction
from domain.source import Source


class VersionMoved(Refused):
    """The stream has another version than the one expected; read it again and decide anew."""


class NotYetOccurred(Refused):
    """What is recorded has occurred; give the date from which it counts as `effective` instead. What is supposed can
    occur until the `as_of` that is asked for.
    """


class SeveralRecords(Refused):
    """This step was taken down more than once: name the record by its id."""


class UnknownCalendar(Refused):
    """A calendar is a country by ISO 3166 (JP, US, US-NY), or a market by its code (XNYS, ECB)."""


class UnknownZone(Refused):
    """A zone is one of the IANA database, such as America/New_York or Asia/Tokyo."""


class NotAMember(Refused):
    """Whoever restricts a record belongs to at least one of its groups."""


class RestrictedFurther(Refused):
    """What is spoken of is for some alone: restrict this record to no more than those, and for as long."""


class TakenDownByAnother(Refused):
    """What another took down is restricted by an analyst."""


class Streams(Protocol):
    """The port to the log's streams: the one aggregate of each, with all that was decided so far."""

    def get(self, kind: type[Aggregate], stream: UUID) -> Aggregate: ...

    def record(self, record: UUID) -> DomainEvent | None:
        """A stored record by its id."""

    @property
    def sights(self) -> Sights:
        """What different people may not see of it."""


@dataclass(frozen=True)
class Submission:
    """One command as it was told: by whom, in which request, and at which version it was expected to apply."""

    command: type[Command]
    body: Body
    recorded_by: str
    request: UUID
    expected_version: int | None = None
    sight: Sight = EVERYTHING
    """What whoever tells it may see."""
    amends: bool = True
    """Whether whoever tells it may put right what others took down."""

    @cached_property
    def speaks_of(self) -> list[Reference]:
        return references(self.body)


def needed(submissions: Iterable[Submission]) -> Iterator[tuple[type[Aggregate], UUID]]:
    """The streams that commands will be judged by, as far as they name them: so they can all be read at once."""
    for submission in submissions:
        body, kind = submission.body, submission.command.aggregate()
        yield Negotiation, stream_id(body.negotiation, Negotiation.KIND, body.negotiation)
        own: list[str] = list(filter(None, (getattr(body, part) for part in kind.ADDRESS))) if kind else []
        if kind and len(own) == len(kind.ADDRESS):
            yield kind, stream_id(body.negotiation, kind.KIND, "/".join(own))
        for name in submission.speaks_of:
            if name.kind in AGGREGATE_OF_KIND:
                yield AGGREGATE_OF_KIND[name.kind], stream_id(body.negotiation, name.kind, name.key)


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
                self._streams.sights.decided(events[-1])
            except Exception as error:
                if isinstance(error, Refused):
                    error.line = line
                self.give_back(events)
                raise
        return events

    def give_back(self, events: Sequence[DomainEvent]) -> None:
        """Undo decisions that will not be stored."""
        for event in reversed(events):
            self._streams.sights.undone(event)
            stream = self._streams.get(aggregate_of(event), event.originator_id)
            stream.rewind(event.originator_version - 1)

    def _decide(self, submission: Submission, now: datetime) -> DomainEvent:
        command, body = submission.command, submission.body
        _refuse_for_others(body.restriction, submission.sight, "restriction")
        target = self._target(submission, now)
        stream, known = target.stream, target.known
        subject = body.data_subject or _data_subject(submission, target)
        facts = {name: getattr(body, name) for name in command.facts()}
        if command.aggregate() is None:
            facts |= {"record": target.record, "kind": stream.KIND}
        event = command.EVENT(envelope=self._envelope(submission, target.key, stream, subject, now), **facts)
        spoken_of = [name for name in submission.speaks_of if (name.kind, name.key) != (stream.KIND, target.key)]
        if command.EVENT not in (Negotiation.Opened, Erasure.Made) and command.aggregate():
            spoken_of.insert(0, Reference("negotiation", body.negotiation, "negotiation"))
        _refuse_unknown(target, spoken_of)
        _refuse_future(body.occurred, now, "occurred")
        if submission.expected_version not in (None, len(target.own.records)):
            raise VersionMoved(f"expected {submission.expected_version}, found {len(target.own.records)}")
        self._refuse_amendment(event, target, submission, now)
        if isinstance(event, Corrected):
            event = _with_publication(event, target)
        if published := body.published or _published(known, body):
            event = replace(event, envelope=replace(event.envelope, published=published))
        try:
            return stream.decide(event.gather(known), target.hidden)
        except Unknown as unknown:
            if target.own.history and not stream.without(target.hidden).history:
                raise RestrictedFurther(f"{stream.KIND} {target.key}", unknown.field) from None
            raise

    def _target(self, submission: Submission, now: datetime) -> "_Target":
        command, body, sight = submission.command, submission.body, submission.sight
        negotiation = body.negotiation
        not_told = self._unseen(negotiation, sight, now)
        under: Under = (body.restriction,) if body.restriction else ()
        record: UUID | None = None
        if kind := command.aggregate():
            key = "/".join(getattr(body, part) or str(self._mint()) for part in kind.ADDRESS)
        else:
            named = self._named(negotiation, body.record, not_told)  # type: ignore[attr-defined]
            kind, key, record = aggregate_of(named), named.envelope.key, named.envelope.id
            under += self._streams.sights.under(negotiation, record, now)
        hidden = self._unseen(negotiation, audience(under), now)
        stream = self._stream(negotiation, kind.KIND, key)
        return _Target(
            key=key,
            record=record,
            stream=stream,
            own=stream.without(not_told),
            hidden=hidden,
            known=lambda kind, key: self._stream(negotiation, kind, key).without(hidden),
            told=lambda kind, key: self._stream(negotiation, kind, key).without(not_told),
        )

    def _refuse_amendment(self, event: DomainEvent, target: "_Target", submission: Submission, now: datetime) -> None:
        """Refuse what would make of the record that it names something that cannot be, or that this one may not do."""
        if isinstance(event, Corrected):
            corrected = event.check().corrected(target.own)
            _refuse_future(corrected.envelope.occurred, now, "changes.occurred")
            _refuse_unknown(target, [_changed(name) for name in references(corrected)])
            corrected.gather(target.known)
        elif isinstance(event, Restricted):
            _refuse_for_others(event.to, submission.sight, "to")
            named = next(one for one in target.own.records if one.envelope.id == event.record)
            if not submission.amends and named.envelope.recorded_by != submission.recorded_by:
                raise TakenDownByAnother(event.record, "record")
        elif isinstance(event, Released) and (before := event.standing(target.own)):
            self._refuse_without_consent(event, before, submission.sight, now)

    def _refuse_without_consent(self, event: Released, before: Restriction, sight: Sight, now: datetime) -> None:
        event.refuse_without_consent(before, sight.groups)
        if event.consent:
            left, negotiation = event.leaves(before), event.envelope.negotiation
            hidden = self._unseen(negotiation, audience((left,) if left else ()), now)
            if not self._stream(negotiation, Source.KIND, event.consent).without(hidden).history:
                raise ConsentNotForAll(event.consent, "consent")

    def _envelope(
        self, submission: Submission, key: str, aggregate: Aggregate, data_subject: str | None, now: datetime
    ) -> Envelope:
        body = submission.body
        return Envelope(
            id=self._mint(),
            negotiation=body.negotiation,
            key=key,
            stream=aggregate.id,
            version=aggregate.version + 1,
            occurred=body.occurred,
            effective=body.effective,
            recorded=now,
            recorded_by=submission.recorded_by,
            evidence=body.evidence,
            reason=body.reason,
            command=submission.request,
            causation=body.causation,
            correlation=body.correlation or submission.request,
            restriction=body.restriction,
            data_subject=data_subject,
        )

    def _named(self, negotiation: str, record: str, not_told: Container[UUID]) -> DomainEvent:
        """The record of this negotiation that is meant, where whoever names it may see it: by its id, or by its step,
        as it stands now; what was retracted is meant only where nothing else can be.
        """
        if "/" in record:
            kind, key, step = parts_of(record)
            known = self._stream(negotiation, kind, key).without(not_told).records if kind in AGGREGATE_OF_KIND else []
            meant = [event for event in in_force(known) if step_of(event) == step]
            found = meant or [event for event in known if step_of(event) == step]
        else:
            event = self._streams.record(UUID(record))
            found = [event] if event and event.envelope.negotiation == negotiation else []
            found = [event for event in found if event.envelope.id not in not_told and self._is_in_stream(event)]
        if len(found) > 1:
            raise SeveralRecords(", ".join(str(event.envelope.id) for event in found), "record")
        if not found:
            raise Unknown(f"record {record}", "record")
        return found[0]

    def _is_in_stream(self, event: DomainEvent) -> bool:
        stream = self._stream(event.envelope.negotiation, aggregate_of(event).KIND, event.envelope.key)
        return any(known.envelope.id == event.envelope.id for known in stream.records)

    def _unseen(self, negotiation: str, seer: Seer, now: datetime) -> Container[UUID]:
        return self._streams.sights.unseen(negotiation, seer, now)

    def _stream(self, negotiation: str, kind: str, key: str) -> Aggregate:
        return self._streams.get(AGGREGATE_OF_KIND[kind], stream_id(negotiation, kind, key))


Known = Callable[[str, str], Aggregate]
"""Gives the stream of a kind and a key, as it is known to somebody."""


class _Target(NamedTuple):
    """The stream that a record will stand in, as it is and as whoever tells the record knows it (`own`).

    Of others' streams those for whom the record will be know what is `known`, and whoever tells it what is `told`;
    `hidden` are the records that one of the former does not see.
    """

    key: str
    record: UUID | None
    """The one that it amends."""
    stream: Aggregate
    own: Aggregate
    hidden: Container[UUID]
    known: Known
    told: Known


def _data_subject(submission: Submission, target: _Target) -> str | None:
    """With whose key a record is kept: as those are whose facts it changes or repeats, as far as all those see them for
    whom it will be.
    """
    about: Sequence[DomainEvent] = ()
    own = target.known(target.stream.KIND, target.key)
    if target.record:
        about = [event for event in own.records if event.envelope.id == target.record]
    elif submission.command.derives():
        claims = [name.key for name in submission.speaks_of if name.kind == Claim.KIND]
        streams = (own, *(target.known(Claim.KIND, key) for key in claims))
        about = [event for stream in streams for event in stream.history]
    return next((event.envelope.data_subject for event in about if event.envelope.data_subject), None)


def _refuse_for_others(told: Restriction | None, sight: Sight, field: str) -> None:
    if told and not sight.admits(told):
        raise NotAMember(", ".join(told.groups), f"{field}.groups")


def _refuse_unknown(target: _Target, spoken_of: Iterable[Reference]) -> None:
    for kind, key, field in spoken_of:
        match kind:
            case "calendar":
                if calendar(key) is None:
                    raise UnknownCalendar(key, field)
            case "zone":
                if key not in _zones():
                    raise UnknownZone(key, field)
            case _:
                if not target.known(kind, key).history:
                    raise (RestrictedFurther if target.told(kind, key).history else Unknown)(f"{kind} {key}", field)


def _published(known: Known, told: Body | Envelope) -> str | None:
    """The earliest date on which a source that the record rests on was published, and not before it had occurred."""
    sources = [known(Source.KIND, evidence.source) for evidence in told.evidence]
    dates = [source.published for source in sources if isinstance(source, Source) and source.published]
    return min((max(day, told.occurred, key=order) for day in dates), key=order, default=None)


def _with_publication(correction: Corrected, target: _Target) -> Corrected:
    """A correction of when something occurred, with what that makes of a date of publication that nobody told."""
    if "occurred" not in correction.changes or "published" in correction.changes:
        return correction
    before = next(event.envelope for event in target.own.history if event.envelope.id == correction.record)
    after = _published(target.known, correction.corrected(target.own).envelope)
    if after is None or before.published != _published(target.known, before):
        return correction
    return replace(correction, changes=correction.changes | {"published": after})


@cache
def _zones() -> frozenset[str]:
    """Those that mean the same on every machine."""
    return frozenset(available_timezones()) - {"localtime", "posixrules", "Factory"}


def _refuse_future(occurred: str, now: datetime, field: str) -> None:
    if first_date(occurred) > latest_date(now):
        raise NotYetOccurred(occurred, field)


def _changed(name: Reference) -> Reference:
    return name._replace(field=f"changes.{name.field.removeprefix('envelope.')}")
