"""The timeline: every record as one line, where it belongs in time."""

from collections.abc import Iterator
from datetime import datetime

from application.view import Basis, Document, Index, Record, View, texts
from domain.event import DomainEvent
from domain.model import aggregate_of
from domain.moment import order
from domain.names import concerned
from domain.refusal import kebab

LINE_LENGTH = 160


class TimelineDocument(Document, frozen=True):
    """One record: what happened, in a line. Its key is the id of the record."""

    type: str
    about: str
    title: str
    parties: tuple[str, ...]
    issues: tuple[str, ...]
    text: str
    recorded: datetime
    basis: Basis


def keys(event: DomainEvent) -> Iterator[str]:
    yield str(event.envelope.id)


def evolve(document: TimelineDocument | None, record: Record, key: str) -> TimelineDocument:
    event = record.event
    kind, _, happened = type(event).TOPIC.partition(".")
    parties, issues = concerned(event, "party", "issue")
    return TimelineDocument(
        negotiation=event.envelope.negotiation,
        key=key,
        type=type(event).TOPIC,
        about=getattr(event, "subject", None)
        or getattr(event, "about", None)
        or f"{aggregate_of(event).KIND}/{event.envelope.key}",
        title=f"{kind} {event.envelope.key}: {kebab(happened).replace('-', ' ')}{_salient(event)}",
        parties=tuple(sorted(parties)),
        issues=tuple(sorted(issues)),
        text=_told(event),
        recorded=event.envelope.recorded,
        basis=Basis.of(record),
    )


def _salient(event: DomainEvent) -> str:
    """The fact that says most about the record, where it has one."""
    for field in ("title", "name", "subject", "outcome", "text", "note", "planned_start", "due"):
        told = getattr(event, field, None)
        if told:
            return f" ({told if len(told) <= LINE_LENGTH else told[: LINE_LENGTH - 1] + '…'})"
    return ""


def _told(event: DomainEvent) -> str:
    """All that was told in words, for reading and for searching."""
    return texts(tuple(getattr(event, name) for name in event.__struct_fields__ if name != "envelope"))


def index(document: TimelineDocument) -> Index:
    return Index(
        kind=document.type,
        date=order(document.basis.occurred),
        parties=frozenset(document.parties),
        issues=frozenset(document.issues),
        text=(document.title, document.text, document.basis.reason, document.basis.evidence),
    )


VIEW = View("timeline", TimelineDocument, keys, evolve, index, follows="occurred")
