from collections.abc import Iterator

from application.flag import Rule, Sight, by_itself
from domain.event import DomainEvent


def _sees(event: DomainEvent) -> Iterator[Sight]:
    if event.envelope.doubts:
        yield Sight("records", f"{type(event).TOPIC} would be refused by now. {' '.join(event.envelope.doubts)}")


RULE = Rule(
    name="no-longer-possible",
    says="After a correction or retraction of another record, this one would be refused.",
    severity="serious",
    source="the rule of the domain that is named",
    sees=_sees,
    judge=by_itself,
)
