"""Positions: where each claimant stands on each subject, on what evidence, and what it said before."""

from collections.abc import Iterator, Sequence
from functools import reduce
from typing import get_args

from msgspec.structs import replace

from application.stand import Stand, current, since, unordered, with_record
from application.view import AtOnce, Document, Index, Record, View
from domain.claim import Claim, Kind, issue_of
from domain.event import DomainEvent
from domain.finding import Finding, Ruling


class PositionDocument(Document, frozen=True):
    """One claimant's claims of one kind on one subject. `current` is none where the last one was withdrawn, and `since`
    when the claims that agree with it began, without another or a withdrawal in between. `unordered` are claims of
    another value that may have come after it, as their time is too vague.

    One without claims, as they were retracted, is kept only to fold on.
    """

    subject: str
    issue: str | None
    party: str
    kind: str
    current: Stand | None = None
    since: str | None = None
    unordered: tuple[str, ...] = ()
    history: tuple[Stand, ...] = ()


def keys(event: DomainEvent) -> Iterator[str]:
    match event:
        case Claim.Made() | Claim.Withdrawn():
            yield f"{event.subject}:{event.claimant}:{event.kind}"
        case Ruling():
            for claimant in event.claimants:
                yield f"{event.subject}:{claimant}:{event.kind}"


def evolve_all(document: PositionDocument | None, records: Sequence[Record], key: str) -> PositionDocument:
    subject, party, kind = key.split(":")
    document = document or PositionDocument(
        negotiation=records[0].event.envelope.negotiation,
        key=key,
        subject=subject,
        issue=issue_of(subject),
        party=party,
        kind=kind,
    )
    issues = [record.event.issue for record in records if isinstance(record.event, Claim.Made) and record.event.issue]
    history = reduce(with_record, records, document.history)
    return reviewed(replace(document, issue=issues[-1] if issues else document.issue, history=history))


def reviewed(document: PositionDocument) -> PositionDocument:
    """The document with what stands now, as its history makes it."""
    history = document.history
    now = next(reversed(current(history)), None)
    if now is None:
        return replace(document, current=None, since=None, unordered=())
    return replace(document, current=now, since=since(history, now), unordered=unordered(history, now))


def index(document: PositionDocument) -> Index:
    last = document.history[-1:]
    return Index(
        kind=document.kind,
        when=last[0].basis.occurred if last else "",
        parties=frozenset([document.party]),
        issues=frozenset([document.issue] if document.issue else []),
        text=(document.subject, document.history),
        shown=bool(document.history),
    )


VIEW = View(
    "positions",
    PositionDocument,
    keys,
    AtOnce(evolve_all),
    index,
    kinds=get_args(Kind),
    of=(Claim, Finding),
    reviewed=reviewed,
)
