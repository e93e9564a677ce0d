"""Deadlines: when each is due, the chain of revisions, how it ended, and what anybody said about it."""

from collections.abc import Iterator

from msgspec.structs import replace

from application.stand import Stand, about, with_record
from application.view import Basis, Document, Index, Record, View
from domain.deadline import Deadline, Rule
from domain.event import DomainEvent
from domain.fact import Fact
from domain.moment import order


class Revision(Fact, omit_defaults=False, frozen=True):
    """When it was due, or by which rule, as one record set it."""

    due: str | None
    rule: Rule | None
    party: str | None
    basis: Basis


class DeadlineDocument(Document, frozen=True):
    """One deadline; `due` and `rule` are those of the last revision."""

    title: str = ""
    about: str | None = None
    party: str | None = None
    status: str = "open"
    due: str | None = None
    rule: Rule | None = None
    revisions: tuple[Revision, ...] = ()
    outcome: str | None = None
    outcome_basis: Basis | None = None
    claims: tuple[Stand, ...] = ()


def keys(event: DomainEvent) -> Iterator[str]:
    kind, *key = about(event)
    if kind == "deadline":
        yield key[0]
    elif type(event).TOPIC.startswith("Deadline."):
        yield event.envelope.key


def evolve(document: DeadlineDocument | None, record: Record, key: str) -> DeadlineDocument:
    event = record.event
    document = document or DeadlineDocument(negotiation=event.envelope.negotiation, key=key)
    match event:
        case Deadline.Set():
            return _due(replace(document, title=event.title, about=event.about, party=event.party), record, event)
        case Deadline.Revised():
            return _due(document, record, event)
        case Deadline.Cancelled():
            return replace(document, status="cancelled")
        case Deadline.OutcomeRecorded():
            return replace(document, status="ended", outcome=event.outcome, outcome_basis=Basis.of(record))
    return replace(document, claims=with_record(document.claims, record))


def _due(document: DeadlineDocument, record: Record, event: Deadline.Set | Deadline.Revised) -> DeadlineDocument:
    revision = Revision(due=event.due, rule=event.rule, party=event.party, basis=Basis.of(record))
    return replace(
        document,
        status="open",
        due=event.due,
        rule=event.rule,
        revisions=(*document.revisions, revision),
        outcome=None,
        outcome_basis=None,
    )


def index(document: DeadlineDocument) -> Index:
    return Index(
        kind=document.status,
        date=order(document.due) if document.due else "",
        parties=frozenset(filter(None, [document.party, *(revision.party for revision in document.revisions)])),
        text=(document.key, document.title, document.rule and document.rule.after),
    )


VIEW = View("deadlines", DeadlineDocument, keys, evolve, index)
