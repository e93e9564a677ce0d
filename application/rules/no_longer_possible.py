from collections.abc import Iterator

from application.flag import Observation, Rule
from domain.event import DomainEvent
from domain.happening import in_words
from domain.model import aggregate_of


def _sees(event: DomainEvent) -> Iterator[Observation]:
    if event.envelope.doubts:
        envelope, about = event.envelope, aggregate_of(event).KIND
        record = f"{about}/{envelope.key}, {in_words(event.TOPIC)} on {envelope.occurred} (record {envelope.id}),"
        told = f"{record} would be refused by now. {' '.join(envelope.doubts)}"
        yield Observation(str(event.envelope.id), told)


RULE = Rule(
    name="no-longer-possible",
    says="After another record was corrected, retracted or released, this one would be refused.",
    severity="serious",
    source="the rule of the domain that is named",
    sees=_sees,
)
