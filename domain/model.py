"""The whole model: every aggregate and, by the name under which the log keeps it, every event."""

from collections.abc import Collection

from domain.aggregate import Aggregate
from domain.agreement import Agreement
from domain.amendment import Amendment, Corrected, Retracted
from domain.claim import Claim
from domain.deadline import Deadline
from domain.erased import Erased
from domain.erasure import Erasure
from domain.event import DomainEvent
from domain.finding import Finding
from domain.incident import Incident
from domain.issue import Issue
from domain.negotiation import Negotiation
from domain.party import Party
from domain.proposal import Proposal
from domain.provision import Provision
from domain.release import Released, Restricted
from domain.round import Round
from domain.session import Session
from domain.source import Source
from domain.tranche import Tranche
from domain.vote import Vote

AGGREGATES: tuple[type[Aggregate], ...] = (
    Negotiation,
    Party,
    Issue,
    Deadline,
    Round,
    Session,
    Incident,
    Proposal,
    Vote,
    Claim,
    Finding,
    Agreement,
    Provision,
    Tranche,
    Source,
    Erasure,
)
AGGREGATE_OF_KIND: dict[str, type[Aggregate]] = {aggregate.KIND: aggregate for aggregate in AGGREGATES}
AGGREGATE_OF_EVENT: dict[type[DomainEvent], type[Aggregate]] = {
    event: aggregate
    for aggregate in AGGREGATES
    for event in vars(aggregate).values()
    if isinstance(event, type) and issubclass(event, DomainEvent) and event is not DomainEvent
}
AMENDMENTS: tuple[type[DomainEvent], ...] = (Corrected, Retracted, Restricted, Released)
EVENT_OF_TOPIC: dict[str, type[DomainEvent]] = {event.TOPIC: event for event in (*AGGREGATE_OF_EVENT, *AMENDMENTS)}


def aggregate_of(event: DomainEvent) -> type[Aggregate]:
    """Of what kind the stream is that an event belongs to."""
    if isinstance(event, Amendment | Erased):
        return AGGREGATE_OF_KIND[event.kind]
    return AGGREGATE_OF_EVENT[type(event)]


def topic_of(event: DomainEvent) -> str:
    """Under which name the log keeps an event."""
    return event.was if isinstance(event, Erased) else event.TOPIC


def is_about(event: type[DomainEvent], kinds: Collection[type[Aggregate]]) -> bool:
    """Whether events of a type are about one of some kinds of things; where no kind is given, they are."""
    return not kinds or AGGREGATE_OF_EVENT.get(event) in kinds
