"""Negotiations: the life of each, who takes part, what is on the agenda, and what they set out to reach."""

from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from application.view import Basis, Document, Index, Record, View
from domain.event import DomainEvent
from domain.fact import Fact
from domain.issue import Issue
from domain.negotiation import Negotiation
from domain.party import Party
from domain.text import until


class PartyEntry(Fact, omit_defaults=False, frozen=True):
    """A party, and the last record about it."""

    key: str
    name: str
    kind: str
    role: str
    code: str | None
    represents: str | None
    status: str
    basis: Basis


class LinkEntry(Fact, omit_defaults=False, frozen=True):
    """A tie to another issue."""

    to: str
    relation: str
    basis: Basis


class IssueEntry(Fact, omit_defaults=False, frozen=True):
    """An issue, and the last record that changed how it stands.

    `settled_for` are those for whom it is settled, where that is not for all.
    """

    key: str
    title: str = ""
    text: str | None = None
    status: str = "open"
    terms: str | None = None
    settled_for: tuple[str, ...] = ()
    links: tuple[LinkEntry, ...] = ()
    basis: Basis | None = None


class ObjectiveEntry(Fact, omit_defaults=False, frozen=True):
    """What the negotiation or a party sets out to reach."""

    key: str
    text: str
    party: str | None
    basis: Basis


class LifeEntry(Fact, omit_defaults=False, frozen=True):
    """A step in the negotiation's life."""

    status: str
    note: str | None
    basis: Basis


class NoteEntry(Fact, frozen=True, omit_defaults=False):
    """An officer's note, on the whole or on one thing."""

    note: str
    about: str | None
    basis: Basis


class NegotiationDocument(Document, frozen=True):
    """One negotiation. Parties, issues and objectives stand in the order in which they came up."""

    title: str = ""
    description: str | None = None
    status: str = "open"
    opened: str | None = None
    parties: tuple[PartyEntry, ...] = ()
    issues: tuple[IssueEntry, ...] = ()
    objectives: tuple[ObjectiveEntry, ...] = ()
    life: tuple[LifeEntry, ...] = ()
    notes: tuple[NoteEntry, ...] = ()


def keys(event: DomainEvent) -> Iterator[str]:
    kind, _, happened = type(event).TOPIC.partition(".")
    if kind in {"Negotiation", "Party", "Issue"} and happened != "StatementIssued":
        yield event.envelope.negotiation


def evolve(document: NegotiationDocument | None, record: Record, key: str) -> NegotiationDocument:
    event = record.event
    basis = Basis.of(record)
    document = document or NegotiationDocument(negotiation=key, key=key)
    match event:
        case Negotiation.Opened():
            document = replace(
                document, title=event.title, description=event.description, opened=event.envelope.occurred
            )
            return _lived(document, "open", None, basis)
        case Negotiation.Suspended():
            return _lived(document, "suspended", until(event.until) or None, basis)
        case Negotiation.Resumed():
            return _lived(document, "open", None, basis)
        case Negotiation.Concluded():
            return _lived(document, "concluded", event.outcome, basis)
        case Negotiation.Abandoned():
            return _lived(document, "abandoned", None, basis)
        case Negotiation.ObjectiveSet():
            objective = ObjectiveEntry(key=event.objective, text=event.text, party=event.party, basis=basis)
            return replace(document, objectives=put(document.objectives, objective))
        case Negotiation.Annotated():
            note = NoteEntry(note=event.note, about=event.about, basis=basis)
            return replace(document, notes=(*document.notes, note))
        case Party.Added():
            party = PartyEntry(
                key=event.envelope.key,
                name=event.name,
                kind=event.kind,
                role=event.role,
                code=event.code,
                represents=event.represents,
                status="joined",
                basis=basis,
            )
            return replace(document, parties=put(document.parties, party))
        case Party.Withdrawn():
            return replace(
                document,
                parties=tuple(
                    replace(party, status="withdrawn", basis=basis) if party.key == event.envelope.key else party
                    for party in document.parties
                ),
            )
        case _ if type(event).TOPIC.startswith("Issue."):
            before = next(
                (i for i in document.issues if i.key == event.envelope.key), IssueEntry(key=event.envelope.key)
            )
            return replace(document, issues=put(document.issues, _issue(before, event, basis)))
    return document


def _lived(document: NegotiationDocument, status: str, note: str | None, basis: Basis) -> NegotiationDocument:
    entry = LifeEntry(status=status, note=note, basis=basis)
    return replace(document, status=status, life=(*document.life, entry))


def _issue(issue: IssueEntry, event: DomainEvent, basis: Basis) -> IssueEntry:
    match event:
        case Issue.Raised():
            return replace(issue, title=event.title, text=event.text, status="open", basis=basis)
        case Issue.Reworded():
            return replace(issue, title=event.title, text=event.text, basis=issue.basis or basis)
        case Issue.Linked():
            return replace(issue, links=(*issue.links, LinkEntry(to=event.to, relation=event.relation, basis=basis)))
        case Issue.Settled():
            parties = tuple(dict.fromkeys([*issue.settled_for, *event.parties])) if event.parties else ()
            return replace(issue, status="settled", terms=event.terms, settled_for=parties, basis=basis)
        case Issue.Dropped():
            return replace(issue, status="dropped", settled_for=(), basis=basis)
        case Issue.Reopened():
            return replace(issue, status="open", terms=None, settled_for=(), basis=basis)
    return issue


def put(entries: tuple[Any, ...], entry: Any) -> tuple[Any, ...]:
    """The entries with one replaced where it stood, or added at the end."""
    if any(other.key == entry.key for other in entries):
        return tuple(entry if other.key == entry.key else other for other in entries)
    return (*entries, entry)


def index(document: NegotiationDocument) -> Index:
    return Index(
        kind=document.status,
        when=document.opened or "",
        parties=frozenset(party.key for party in document.parties),
        issues=frozenset(issue.key for issue in document.issues),
        text=(
            *(document.key, document.title, document.description),
            *(party.name for party in document.parties),
            *(told for issue in document.issues for told in (issue.title, issue.text, issue.terms)),
            *(objective.text for objective in document.objectives),
            *(note.note for note in document.notes),
        ),
    )


VIEW = View(
    "negotiations",
    NegotiationDocument,
    keys,
    evolve,
    index,
    listed="across",
    kinds=("open", "suspended", "concluded", "abandoned"),
    of=(Negotiation, Party, Issue),
)
