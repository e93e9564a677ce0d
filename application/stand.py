"""Where claimants stand on a subject: each one's claim that nothing newer has replaced."""

from msgspec.structs import replace

from application.view import Basis, Record
from domain.claim import Claim
from domain.fact import Fact
from domain.value import Value


class Stand(Fact, omit_defaults=False, frozen=True):
    """A claim as a document shows it. `status` is current, superseded or withdrawn."""

    claim: str
    kind: str
    claimant: str
    speaker: str | None
    subject: str
    value: Value
    certainty: str
    quotation: str | None
    basis: Basis
    status: str = "current"


def with_claim(stands: tuple[Stand, ...], record: Record) -> tuple[Stand, ...]:
    """The stands after a record about a claim: in the order in which the claims were made."""
    match record.event:
        case Claim.Made() as made:
            new = Stand(
                claim=made.envelope.key,
                kind=made.kind,
                claimant=made.claimant,
                speaker=made.speaker,
                subject=made.subject,
                value=made.value,
                certainty=made.certainty,
                quotation=made.quotation,
                basis=Basis.of(record),
            )
            return (*(_after(new, stand) for stand in stands), new)
        case Claim.Withdrawn(envelope=envelope):
            return tuple(_marked(stand, "withdrawn") if stand.claim == envelope.key else stand for stand in stands)
    return stands


def current(stands: tuple[Stand, ...]) -> tuple[Stand, ...]:
    return tuple(stand for stand in stands if stand.status == "current")


def _after(new: Stand, stand: Stand) -> Stand:
    same = (stand.kind, stand.claimant, stand.subject) == (new.kind, new.claimant, new.subject)
    return _marked(stand, "superseded") if same and stand.status == "current" else stand


def _marked(stand: Stand, status: str) -> Stand:
    return replace(stand, status=status)
