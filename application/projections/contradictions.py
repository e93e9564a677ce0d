"""Contradictions: claims by different claimants on one subject that do not agree, side against side."""

from collections.abc import Iterator, Sequence
from itertools import combinations

from msgspec.structs import replace

from application.reckoning import Reckoner
from application.stand import Stand, current, with_record
from application.view import Basis, Document, Index, Record, View
from domain.claim import RIVALLING, Claim, issue_of
from domain.comparison import Relation, relation
from domain.event import DomainEvent
from domain.fact import Fact
from domain.finding import Finding, Ruling
from domain.issue import Issue
from domain.moment import order
from domain.provision import Provision
from domain.value import Text, Value, quantity

NATURES = ("conflict", "words", "scope")
"""What values that do not agree can be to each other, the worst first."""


class Side(Fact, omit_defaults=False, frozen=True):
    """One value, and the claims that agree on it: what some want, say or read, or what they will not accept."""

    kind: str
    value: Value
    claimants: tuple[str, ...]
    claims: tuple[Stand, ...]


class Settlement(Fact, omit_defaults=False, frozen=True):
    """What settled it, or is said of it, named in `by`: a finding, the issue's settlement, for all or for some parties,
    or a provision; or that the issue was `dropped`.
    """

    by: str
    basis: Basis
    parties: tuple[str, ...] = ()
    dropped: bool = False


class ContradictionDocument(Document, frozen=True):
    """`nature` is conflict, words (other words: whether they conflict only a reader can say), scope (the values speak
    of different things), or none while all agree. Red lines stand among the positions.

    `since` is when it became what it is. It is settled by what came after the last claim that stands: the
    issue's settlement, or a finding that rules on every claim in dispute, but for those that say what it
    prefers; and `dropped` where the issue left the agenda after it. `provisions` are the texts on the issue, or the one
    that it is about; that they are agreed is for the issue to say. `claims` also holds those that no longer stand.
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
    provisions: tuple[Settlement, ...] = ()
    claims: tuple[Stand, ...] = ()


def keys(event: DomainEvent) -> Iterator[str]:
    match event:
        case Claim.Made() | Claim.Withdrawn() | Ruling() if event.kind in RIVALLING:
            yield f"{event.subject}:{RIVALLING[event.kind]}"
        case Provision.Added() if event.issue:
            yield f"issue/{event.issue}:position"
        case Issue.Settled() | Issue.Dropped() | Issue.Reopened():
            yield f"issue/{event.envelope.key}:position"


def evolve(document: ContradictionDocument | None, record: Record, key: str) -> ContradictionDocument:
    subject, _, kind = key.partition(":")
    event = record.event
    document = document or ContradictionDocument(
        negotiation=event.envelope.negotiation, key=key, subject=subject, issue=issue_of(subject), kind=kind
    )
    document = _with_settlement(document, record)
    issue = event.issue if isinstance(event, Claim.Made) else None
    claims = with_record(document.claims, record)
    return _sided(replace(document, issue=issue or document.issue, claims=claims), event.envelope.takes_effect)


def _with_settlement(document: ContradictionDocument, record: Record) -> ContradictionDocument:
    settled, basis = document.settled_by, Basis.of(record)
    match record.event:
        case Finding.Made(envelope=envelope) if not envelope.doubts:
            settled = (*settled, Settlement(by=f"finding/{envelope.key}", basis=basis))
        case Finding.Revoked(envelope=envelope):
            settled = tuple(entry for entry in settled if entry.by != f"finding/{envelope.key}")
        case Issue.Settled(envelope=envelope, parties=parties):
            settled = (*settled, Settlement(by=f"issue/{envelope.key}", basis=basis, parties=parties))
        case Issue.Dropped(envelope=envelope):
            settled = (*settled, Settlement(by=f"issue/{envelope.key}", basis=basis, dropped=True))
        case Issue.Reopened(envelope=envelope):
            settled = tuple(entry for entry in settled if entry.by != f"issue/{envelope.key}")
        case Provision.Added(envelope=envelope) | Provision.Amended(envelope=envelope):
            provision = Settlement(by=f"provision/{envelope.key}", basis=basis)
            return replace(document, provisions=(*document.provisions, provision))
    return replace(document, settled_by=settled)


def _sided(document: ContradictionDocument, moment: str) -> ContradictionDocument:
    """The document with its sides as its claims make them, at the moment of the last change."""
    sides = _sides(current(document.claims))
    disputed = [side for side in sides if any(_between(side, other) in NATURES for other in sides)]
    nature = _nature(disputed)
    since = document.since if nature == document.nature else moment
    rulings = [entry for entry in document.settled_by if entry.by.startswith("finding/")]
    agreed = [entry for entry in document.settled_by if entry not in rulings and not entry.dropped]
    dropped = [entry for entry in document.settled_by if entry.dropped]
    if any(_is_ruled(entry, disputed) for entry in rulings) or _is_over(agreed, disputed):
        status = "settled"
    else:
        status = "dropped" if _is_over(dropped, disputed) else "open"
    return replace(
        document,
        nature=nature,
        status=status,
        since=since if nature != "none" else None,
        between=tuple(sorted({claimant for side in disputed for claimant in side.claimants})),
        sides=sides,
    )


def _is_ruled(entry: Settlement, sides: Sequence[Side]) -> bool:
    return all(_ruled_on(side, entry.by.partition("/")[2]) for side in sides)


def _is_over(settlements: list[Settlement], sides: Sequence[Side]) -> bool:
    """Whether the issue was over for each claimant, or for whom it spoke, after the last that it claimed."""
    return bool(settlements) and all(
        any(
            (not entry.parties or stand.claimant in entry.parties or stand.represents in entry.parties)
            and order(stand.basis.occurred) <= order(entry.basis.occurred)
            for entry in settlements
        )
        for side in sides
        for stand in side.claims
    )


def _ruled_on(side: Side, finding: str) -> bool:
    """Whether a finding is on every claim of a side, or prefers one of them: whoever says the same adds nothing."""
    told = [{found.finding: found.preferred for found in stand.findings} for stand in side.claims]
    return any(one.get(finding) for one in told) or all(finding in one for one in told)


def reviewed(document: ContradictionDocument) -> ContradictionDocument:
    """The document after claims were left out of it."""
    return _sided(document, document.since or "")


def _sides(stands: tuple[Stand, ...]) -> tuple[Side, ...]:
    """The claims that stand, those that agree together, in the order in which they were made."""
    sides: list[list[Stand]] = []
    for stand in stands:
        alike = (s for s in sides if s[0].kind == stand.kind and relation(s[0].value, stand.value) == "agree")
        side = next(alike, None)
        if side is None:
            sides.append([stand])
        else:
            side.append(stand)
    return tuple(
        Side(
            kind=side[0].kind,
            value=side[0].value,
            claimants=tuple(sorted({s.claimant for s in side})),
            claims=tuple(side),
        )
        for side in sides
    )


def _nature(sides: Sequence[Side]) -> str:
    """The worst of what any two sides are to each other."""
    worst = len(NATURES)
    for one, other in combinations(sides, 2):
        if (nature := _between(one, other)) in NATURES:
            worst = min(worst, NATURES.index(nature))
        if worst == 0:
            break
    return (*NATURES, "none")[worst]


def _between(one: Side, other: Side) -> Relation:
    """What two sides are to each other; those of one claimant alone do not contradict each other.

    What is within the bound of a red line is allowed by it, and what a text allows only a reader can say.
    """
    if one is other or len({*one.claimants, *other.claimants}) == 1:
        return "agree"
    told = relation(one.value, other.value)
    if "red-line" not in (one.kind, other.kind):
        return told
    if told == "conflict" and (isinstance(one.value, Text) or isinstance(other.value, Text)):
        return "words"
    return "agree" if told == "scope" and _of_one_unit(one, other) else told


def _of_one_unit(one: Side, other: Side) -> bool:
    first, second = quantity(one.value), quantity(other.value)
    return bool(first and second and first.unit == second.unit)


def reckoned(document: ContradictionDocument, reckoner: Reckoner) -> ContradictionDocument:
    """What parties want of a provision is settled or dropped with the issue that this is on: its records, and those of
    the provision, name no more than themselves.
    """
    about, _, provision = document.subject.partition("/")
    if about != "provision" or document.kind != "position":
        return document
    for record in reckoner.steps("provision", provision):
        document = _with_settlement(document, record)
    for record in reckoner.steps("issue", document.issue) if document.issue else ():
        document = _with_settlement(document, record)
    return _sided(document, document.since or "")


def index(document: ContradictionDocument) -> Index:
    return Index(
        kind=document.nature,
        when=document.since or "",
        parties=frozenset(document.between),
        issues=frozenset([document.issue] if document.issue else []),
        text=(document.subject, document.claims),
        shown=document.nature != "none",
    )


VIEW = View(
    "contradictions",
    ContradictionDocument,
    keys,
    evolve,
    index,
    listed="both",
    kinds=NATURES,
    of=(Claim, Finding, Provision, Issue),
    reviewed=reviewed,
    reckoned=reckoned,
)
