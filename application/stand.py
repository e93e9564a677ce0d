"""Where claimants stand on a subject: each one's claims that nothing newer has replaced, and how they were ruled on."""

from typing import ClassVar

from msgspec.structs import replace

from application.view import Basis, Record
from domain.claim import Claim
from domain.comparison import relation
from domain.event import DomainEvent
from domain.fact import Fact
from domain.finding import Finding, Ruling
from domain.quantity import alike
from domain.value import Amount, Count, Value


class RulingEntry(Fact, omit_defaults=False, frozen=True):
    """What a finding that stands says of a claim: preferred, or set aside."""

    finding: str
    policy: str
    preferred: bool
    reasons: str
    basis: Basis


class Stand(Fact, omit_defaults=False, frozen=True):
    """A claim as a document shows it. `status` is current, superseded or withdrawn; `represents` is for whom the
    claimant spoke.
    """

    SEARCHED: ClassVar[tuple[str, ...]] = ("speaker", "value", "quotation")
    claim: str
    kind: str
    claimant: str
    represents: str | None
    speaker: str | None
    subject: str
    value: Value
    certainty: str
    quotation: str | None
    basis: Basis
    status: str = "current"
    findings: tuple[RulingEntry, ...] = ()


def about(event: DomainEvent) -> list[str]:
    """The parts of the subject that a claim or a finding is about; none for other events."""
    if isinstance(event, Claim.Made | Claim.Withdrawn | Ruling):
        return (event.subject or "").split("/")
    return [""]


def with_record(stands: tuple[Stand, ...], record: Record) -> tuple[Stand, ...]:
    """The stands after a record about a claim or a finding: in the order in which the claims were made.

    A finding that would be refused by now, as a claim that it names is retracted, rules nothing.
    """
    match record.event:
        case Claim.Made() as made:
            new = Stand(
                claim=made.envelope.key,
                kind=made.kind,
                claimant=made.claimant,
                represents=made.represents,
                speaker=made.speaker,
                subject=made.subject,
                value=made.value,
                certainty=made.certainty,
                quotation=made.quotation,
                basis=Basis.of(record),
            )
            return (*_superseded(stands, new), new)
        case Claim.Withdrawn(envelope=envelope):
            return tuple(replace(s, status="withdrawn") if s.claim == envelope.key else s for s in stands)
        case Finding.Made() as made if not made.envelope.doubts:
            return tuple(_ruled(stand, made, record) for stand in stands)
        case Finding.Revoked(envelope=envelope):
            return tuple(
                replace(s, findings=tuple(entry for entry in s.findings if entry.finding != envelope.key))
                for s in stands
            )
    return stands


def current(stands: tuple[Stand, ...]) -> tuple[Stand, ...]:
    return tuple(stand for stand in stands if stand.status == "current")


def since(stands: tuple[Stand, ...], stand: Stand) -> str:
    """When the claims began that agree with a current one, without another or a withdrawal in between."""
    began = stand
    for told in (told for told in reversed(stands) if _alike(told, stand)):
        if told.status == "withdrawn" or relation(told.value, stand.value) != "agree":
            break
        began = told
    return began.basis.takes_effect


def unordered(stands: tuple[Stand, ...], stand: Stand) -> tuple[str, ...]:
    """The claims of another value that may have come after a current one: their vague time holds its own."""
    periods = {stand.basis.occurred[:4], stand.basis.occurred[:7]}
    return tuple(
        told.claim
        for told in stands
        if told.basis.occurred in periods
        and told is not stand
        and _alike(told, stand)
        and relation(told.value, stand.value) != "agree"
    )


def _superseded(stands: tuple[Stand, ...], new: Stand) -> list[Stand]:
    """The earlier claims after a newer one: it takes the place of its like, unless they tell money in two currencies,
    or money or numbers on two bases.
    """
    told = list(stands)
    for place in [n for n, stand in enumerate(stands) if stand.status == "current" and _alike(stand, new)]:
        told[place] = replace(stands[place], status="superseded")
    return told


def _alike(one: Stand, other: Stand) -> bool:
    if (one.kind, one.claimant, one.subject) != (other.kind, other.claimant, other.subject):
        return False
    told, new = one.value, other.value
    if isinstance(told, Amount) and isinstance(new, Amount):
        return told.money.currency == new.money.currency and _may_be_of_one_basis(told, new)
    return not (isinstance(told, Count) and isinstance(new, Count)) or _may_be_of_one_basis(told, new)


def _may_be_of_one_basis(one: Amount | Count, other: Amount | Count) -> bool:
    """What tells no basis can be of any."""
    return len({alike(told.basis) for told in (one, other) if told.basis}) < 2


def _ruled(stand: Stand, made: Finding.Made, record: Record) -> Stand:
    if stand.claim not in (made.prefers, *made.over):
        return stand
    entry = RulingEntry(
        finding=made.envelope.key,
        policy=made.policy,
        preferred=stand.claim == made.prefers,
        reasons=made.reasons,
        basis=Basis.of(record),
    )
    return replace(stand, findings=(*stand.findings, entry))
