from collections.abc import Iterator

from application.flag import Observation, Rule
from domain.event import DomainEvent
from domain.moment import surely_before


def _sees(event: DomainEvent) -> Iterator[Observation]:
    envelope = event.envelope
    if envelope.effective and envelope.published and surely_before(envelope.effective, envelope.published):
        yield Observation(
            str(envelope.id),
            f"{type(event).TOPIC} {envelope.key}: in effect {envelope.effective}, published {envelope.published}",
        )


RULE = Rule(
    name="effect-before-publication",
    says="It takes effect before it was published.",
    severity="notice",
    source="rules are not retroactive unless they say so (VCLT, article 28)",
    sees=_sees,
)
