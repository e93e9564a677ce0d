"""Votes: who decided on what, with which numbers, and what anybody said about it."""

from collections.abc import Iterator
from typing import get_args

from msgspec.structs import replace

from application.stand import Stand, about, with_record
from application.view import Basis, Document, Index, Record, View
from domain.claim import Claim, issue_of
from domain.event import DomainEvent
from domain.finding import Finding, Ruling
from domain.vote import Ballot, Outcome, Vote


class VoteDocument(Document, frozen=True):
    """One vote; without `about` it was on the negotiation. `claims` are what anybody said of it, such as rival counts.

    One of which only claims stand is kept only to fold on.
    """

    title: str | None = None
    body: str = ""
    party: str | None = None
    about: str | None = None
    issue: str | None = None
    outcome: str | None = None
    in_favour: str | None = None
    against: str | None = None
    abstained: str | None = None
    threshold: str | None = None
    unit: str = ""
    by_party: tuple[Ballot, ...] = ()
    basis: Basis | None = None
    claims: tuple[Stand, ...] = ()


def keys(event: DomainEvent) -> Iterator[str]:
    match event:
        case Vote.Held():
            yield event.envelope.key
        case Claim.Made() | Claim.Withdrawn() | Ruling():
            kind, key, *_ = about(event)
            if kind == "vote":
                yield key


def evolve(document: VoteDocument | None, record: Record, key: str) -> VoteDocument:
    event = record.event
    document = document or VoteDocument(negotiation=event.envelope.negotiation, key=key)
    if not isinstance(event, Vote.Held):
        return replace(document, claims=with_record(document.claims, record))
    return replace(
        document,
        title=event.title,
        body=event.body,
        party=event.party,
        about=event.about,
        issue=event.issue or issue_of(event.about or ""),
        outcome=event.outcome,
        in_favour=event.in_favour,
        against=event.against,
        abstained=event.abstained,
        threshold=event.threshold,
        unit=event.unit,
        by_party=event.by_party,
        basis=Basis.of(record),
    )


def index(document: VoteDocument) -> Index:
    numbers = (document.in_favour, document.against, document.abstained, document.threshold)
    return Index(
        kind=document.outcome or "",
        when=document.basis.occurred if document.basis else "",
        parties=frozenset(filter(None, [document.party, *(ballot.party for ballot in document.by_party)])),
        issues=frozenset(filter(None, [document.issue])),
        text=(document.key, document.title, document.body, document.unit, numbers),
        shown=document.basis is not None,
    )


VIEW = View(
    "votes",
    VoteDocument,
    keys,
    evolve,
    index,
    listed="both",
    kinds=get_args(Outcome),
    of=(Vote, Claim, Finding),
)
