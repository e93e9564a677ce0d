from collections.abc import Iterator

from application.flag import Observation, Rule
from domain.event import DomainEvent
from domain.moment import date_before


def _sees(event: DomainEvent) -> Iterator[Observation]:
    envelope = event.envelope
    if envelope.published and date_before(envelope.published, envelope.occurred):
        what = f"{type(event).TOPIC} {envelope.key}"
        yield Observation(str(envelope.id), f"{what}: published {envelope.published}, occurred {envelope.occurred}")


RULE = Rule(
    name="published-before-it-occurred",
    says="It was published on a date before the one on which it occurred.",
    severity="notice",
    source="the order of time; a text that announces something is a claim of its own date",
    sees=_sees,
)
