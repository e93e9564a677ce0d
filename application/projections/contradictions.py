"""Contradictions: claims by different claimants on one subject that do not agree, side against side."""

from collections.abc import Iterator
from itertools import combinations

from msgspec.structs import replace

from application.stand import Stand, current, with_record
from application.view import Basis, Document, Index, Record, View
from domain.claim import Claim, issue_of
from domain.comparison import relation
from domain.event import DomainEvent
from domain.fact import Fact
from domain.finding import Finding, Ruling
from domain.issue import Issue
from domain.moment import order
from domain.provision import Provision
from domain.value import Value


class Side(Fact, omit_defaults=False, frozen=True):
    """One value, and the claims that agree on it."""

    value: Value
    claimants: tuple[str, ...]
    claims: tuple[Stand, ...]


class Settlement(Fact, omit_defaults=False, frozen=True):
    """What settled it: a finding, a provision on the issue, or the issue's settlement; `by` names it."""

    by: str
    basis: Basis


class ContradictionDocument(Document, frozen=True):
    """`nature` is conflict, scope (the values speak of different things), or none while all agree.

    `since` is when it became what it is. `claims` are all on the subject, also those that no longer stand.
    """

    subject: str
    issue: str | None
    kind: str
    nature: str = "none"
    status: str = "open"
    since: str | None = None
    between: tuple[str, ...] = ()
    sides: tuple[Side, ...] = ()
    settled_by: tuple[Settlement, ...] = ()
    claims: tuple[Stand, ...] = ()


def keys(event: DomainEvent) -> Iterator[str]:
    match event:
        case Claim.Made() | Claim.Withdrawn() | Ruling():
            yield f"{event.subject}:{event.kind}"
        case Provision.Added() if event.issue:
            yield f"issue/{event.issue}:position"
        case Issue.Settled() | Issue.Reopened():
            yield f"issue/{event.envelope.key}:position"


def evolve(document: ContradictionDocument | None, record: Record, key: str) -> ContradictionDocument:
    subject, _, kind = key.partition(":")
    event = record.event
    document = document or ContradictionDocument(
        negotiation=event.envelope.negotiation, key=key, subject=subject, issue=issue_of(subject), kind=kind
    )
    settled = _settled(document.settled_by, record)
    claims = with_record(document.claims, record)
    sides = _sides(current(claims))
    nature = _nature(sides)
    since = document.since if nature == document.nature else event.envelope.takes_effect
    after = [s for s in settled if since and order(s.basis.occurred) >= order(since)]
    return replace(
        document,
        nature=nature,
        status="settled" if after else "open",
        since=since if nature != "none" else None,
        between=tuple(sorted({claimant for side in sides for claimant in side.claimants})),
        sides=sides,
        settled_by=settled,
        claims=claims,
    )


def _settled(settled: tuple[Settlement, ...], record: Record) -> tuple[Settlement, ...]:
    basis = Basis.of(record)
    match record.event:
        case Finding.Made(envelope=envelope):
            return (*settled, Settlement(by=f"finding/{envelope.key}", basis=basis))
        case Finding.Revoked(envelope=envelope):
            return tuple(entry for entry in settled if entry.by != f"finding/{envelope.key}")
        case Provision.Added(envelope=envelope):
            return (*settled, Settlement(by=f"provision/{envelope.key}", basis=basis))
        case Issue.Settled(envelope=envelope):
            return (*settled, Settlement(by=f"issue/{envelope.key}", basis=basis))
        case Issue.Reopened():
            return ()
    return settled


def _sides(stands: tuple[Stand, ...]) -> tuple[Side, ...]:
    """The claims that stand, those that agree together, in the order in which they were made."""
    sides: list[list[Stand]] = []
    for stand in stands:
        side = next((s for s in sides if relation(s[0].value, stand.value) == "agree"), None)
        if side is None:
            sides.append([stand])
        else:
            side.append(stand)
    return tuple(
        Side(value=side[0].value, claimants=tuple(sorted({s.claimant for s in side})), claims=tuple(side))
        for side in sides
    )


def _nature(sides: tuple[Side, ...]) -> str:
    """The worst of what any two claimants' values are to each other."""
    found = {
        relation(one.value, other.value)
        for one, other in combinations(sides, 2)
        if len({*one.claimants, *other.claimants}) > 1
    }
    return "conflict" if "conflict" in found else "scope" if found else "none"


def index(document: ContradictionDocument) -> Index:
    return Index(
        kind=document.nature,
        date=order(document.since) if document.since else "",
        parties=frozenset(document.between),
        issues=frozenset([document.issue] if document.issue else []),
        text=(document.subject, document.claims),
        shown=document.nature != "none",
    )


VIEW = View("contradictions", ContradictionDocument, keys, evolve, index)
