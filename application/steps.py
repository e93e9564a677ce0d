"""Steps: what rules about the course of things see in them."""

from collections.abc import Iterator

from application.flag import Observation, Seen
from domain.agreement import Step as AgreementStep
from domain.event import DomainEvent
from domain.happening import in_words
from domain.model import aggregate_of


def seen_of(event: DomainEvent, number: str | None = None) -> Iterator[Observation]:
    """A step, for each whose it is or toward whom it is taken: `unit` names the party, and is empty for the thing as a
    whole.
    """
    for taker in (*event.takers, *event.toward) if isinstance(event, AgreementStep) else ("",):
        yield Observation(f"{aggregate_of(event).KIND}/{event.envelope.key}", event.TOPIC, number, taker)


def told(step: Seen) -> str:
    """A step in words, with whose it is: `signed for north`."""
    return f"{in_words(step.what)} for {step.unit}" if step.unit else in_words(step.what)
