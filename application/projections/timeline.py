"""The timeline: every record as one line, where it belongs in time."""

from collections.abc import Iterator
from datetime import datetime

from msgspec.structs import replace

from application.reckoning import in_words as rule_in_words
from application.view import Basis, Document, Index, Record, View, texts
from application.voted import in_words as vote_in_words
from application.words import fact_in_words, shortened
from domain.agreement import Step
from domain.amendment import Amendment, Corrected
from domain.claim import Claim
from domain.erased import ERASED, Erased
from domain.erasure import Erasure
from domain.event import DomainEvent
from domain.finding import Finding
from domain.happening import in_words
from domain.model import EVENT_OF_TOPIC, aggregate_of, topic_of
from domain.names import concerned
from domain.proposal import Proposal
from domain.rule import Rule
from domain.session import Session
from domain.vote import Vote

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
    if isinstance(event, Erasure.Made):
        yield from map(str, event.records)


def evolve(document: TimelineDocument | None, record: Record, key: str) -> TimelineDocument:
    event = record.event
    if isinstance(event, Erasure.Made) and key != str(event.envelope.id):
        return _explained(document, record, key)
    topic = topic_of(event)
    parties, issues = concerned(event, "party", "issue")
    return TimelineDocument(
        negotiation=event.envelope.negotiation,
        key=key,
        type=topic,
        about=getattr(event, "subject", None)
        or getattr(event, "about", None)
        or f"{aggregate_of(event).KIND}/{event.envelope.key}",
        title=f"{topic.partition('.')[0]} {event.envelope.key}: {_step(event)}{_salient(event)}",
        parties=tuple(sorted(parties)),
        issues=tuple(sorted(issues)),
        text=document.text if document else _told(event),
        recorded=event.envelope.recorded,
        basis=Basis.of(record),
    )


def _explained(document: TimelineDocument | None, erasure: Record, key: str) -> TimelineDocument:
    """The line of a record that was erased, with when and why; of one that does not count, nothing that is shown."""
    envelope = erasure.event.envelope
    text = f"Erased on {envelope.occurred}: {envelope.reason}"
    if document:
        return replace(document, text=text)
    return TimelineDocument(
        negotiation=envelope.negotiation,
        key=key,
        type="",
        about="",
        title="",
        parties=(),
        issues=(),
        text=text,
        recorded=envelope.recorded,
        basis=Basis.of(erasure),
    )


def _step(event: DomainEvent) -> str:
    """What was done, by whom, and from when it counts where that is another day."""
    occurred, effective = event.envelope.occurred, event.envelope.effective
    since = f", from {effective}" if effective and effective[:10] != occurred[:10] else ""
    return f"{in_words(topic_of(event))}{_who(event)}{since}"


def _who(event: DomainEvent) -> str:
    """Whose step it is, or whose word."""
    match event:
        case Claim.Made(claimant=who) | Proposal.Tabled(party=who) | Proposal.Answered(party=who):
            return f" by {who}"
        case Step():
            told, toward = ", ".join(filter(None, event.takers)), ", ".join(event.toward)
            who = f" {'for' if event.STEP in _FOR else 'by'} {told}" if told else ""
            return f"{who} toward {toward}" if toward else who
        case Session.Held(participants=participants):
            told = ", ".join(dict.fromkeys(one.party for one in participants))
            return f" with {told}" if told else ""
    return ""


_FOR = {"in-force", "suspended", "resumed", "terminated", "expired"}
"""Steps that are taken for a party, and not by it."""


def _salient(event: DomainEvent) -> str:
    """What says most about the record, where anything does."""
    if isinstance(event, Erased):
        return f" {ERASED}"
    told = ", ".join(filter(None, _facts(event)))
    return f" ({shortened(told, LINE_LENGTH)})" if told else ""


def _facts(event: DomainEvent) -> Iterator[str | None]:
    match event:
        case Erasure.Made(records=records, named_in=named):
            yield f"{len(records)} records erased, and a name in {len(named)}"
        case Amendment(envelope=envelope):
            yield ", ".join(event.changes) if isinstance(event, Corrected) else None
            yield envelope.reason
        case Claim.Made(kind=kind, subject=subject, value=value):
            yield f"{kind} on {subject}: {fact_in_words(value)}"
        case Vote.Held():
            yield vote_in_words(event)
        case Finding.Made(prefers=prefers, over=over, policy=policy):
            yield f"{prefers} over {', '.join(over)}: {policy}"
        case _:
            yield next(_texts(event), None)
            yield from (fact_in_words(getattr(event, name, None)) for name in ("amount", "value"))


def _texts(event: DomainEvent) -> Iterator[str]:
    for name in _SAYING:
        if told := getattr(event, name, None):
            text = rule_in_words(told) if isinstance(told, Rule) else told
            yield f"{name} {text}" if name in {"until", "to", "due"} else text


_SAYING = (
    *("title", "name", "subject", "answer", "outcome", "terms", "text", "due", "rule", "until", "to", "note"),
    *("planned_start", "planned_end"),
)
"""The fields that say most about a record, the first that it has before the others."""


def _told(event: DomainEvent) -> str:
    """All that was told in words, for reading and for searching."""
    return ERASED if isinstance(event, Erased) else texts(event)


def index(document: TimelineDocument) -> Index:
    return Index(
        kind=document.type,
        when=document.basis.occurred,
        parties=frozenset(document.parties),
        issues=frozenset(document.issues),
        text=(document.title, document.text, document.basis.reason, document.basis.evidence),
        shown=bool(document.type),
    )


VIEW = View("timeline", TimelineDocument, keys, evolve, index, kinds=tuple(EVENT_OF_TOPIC), follows="occurred")
