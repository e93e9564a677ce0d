"""Steps: what rules about the course of things see in them."""

from collections.abc import Iterator

from application.flag import Observation, Seen
from domain.agreement import Agreement
from domain.agreement import Step as AgreementStep
from domain.event import DomainEvent
from domain.happening import in_words
from domain.model import aggregate_of
from domain.moment import date_before

DRAFTED, EXTENDED = "drafted until", "extended until"
"""What says how long an agreement is to last."""


def seen_of(event: DomainEvent, number: str | None = None) -> Iterator[Observation]:
    """A step, for each whose it is or toward whom it is taken: `unit` names the party, and is empty for the thing as a
    whole.
    """
    for taker in (*event.takers, *event.toward) if isinstance(event, AgreementStep) else ("",):
        yield Observation(f"{aggregate_of(event).KIND}/{event.envelope.key}", event.TOPIC, number, taker)


def told(step: Seen) -> str:
    """A step in words, with whose it is: `signed for north`."""
    return f"{in_words(step.what)} for {step.unit}" if step.unit else in_words(step.what)


def terms(event: DomainEvent) -> Iterator[Observation]:
    """How long an agreement is to last, as a step says: `number` is the end, where one is told."""
    if isinstance(event, Agreement.Drafted | Agreement.Extended):
        what = DRAFTED if isinstance(event, Agreement.Drafted) else EXTENDED
        yield Observation(f"agreement/{event.envelope.key}", what, event.until, event.envelope.occurred)


def term_before(seen: tuple[Seen, ...]) -> tuple[Seen, str] | None:
    """Where the newest is an extension, what said before how long the agreement was to last, and until when."""
    newest = seen[-1]
    earlier = [
        one
        for one in seen[:-1]
        if one.what in {DRAFTED, EXTENDED} and date_before(one.basis.occurred, newest.basis.occurred)
    ]
    if newest.what != EXTENDED or not earlier or earlier[-1].number is None:
        return None
    return earlier[-1], earlier[-1].number
