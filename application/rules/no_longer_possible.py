from collections.abc import Iterator

from application.flag import Observation, Rule
from domain.event import DomainEvent


def _sees(event: DomainEvent) -> Iterator[Observation]:
    if event.envelope.doubts:
        envelope = event.envelope
        record = f"{type(event).TOPIC} {envelope.key} ({envelope.id})"
        told = f"{record} would be refused by now. {' '.join(envelope.doubts)}"
        yield Observation(str(event.envelope.id), told)


RULE = Rule(
    name="no-longer-possible",
    says="After another record was corrected, retracted or released, this one would be refused.",
    severity="serious",
    source="the rule of the domain that is named",
    sees=_sees,
)
