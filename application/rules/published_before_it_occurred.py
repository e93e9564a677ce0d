from collections.abc import Iterator

from application.flag import Rule, Sight, by_itself
from domain.event import DomainEvent
from domain.moment import surely_before


def _sees(event: DomainEvent) -> Iterator[Sight]:
    envelope = event.envelope
    if envelope.published and surely_before(_day(envelope.published), _day(envelope.occurred)):
        what = f"{type(event).TOPIC} {envelope.key}"
        yield Sight(str(envelope.id), f"{what}: published {envelope.published}, occurred {envelope.occurred}")


def _day(moment: str) -> str:
    """Its date alone: what is told at a table can be out within the hour, and the offsets of the two may differ."""
    return moment[:10]


RULE = Rule(
    name="published-before-it-occurred",
    says="It was published on a date before the one on which it occurred.",
    severity="notice",
    source="the order of time; a text that announces something is a claim of its own date",
    sees=_sees,
    judge=by_itself,
)
