from collections.abc import Iterator

from application.flag import Observation, Rule
from domain.agreement import Agreement
from domain.deadline import Deadline
from domain.event import DomainEvent
from domain.moment import date_before
from domain.provision import Provision


def _sees(event: DomainEvent) -> Iterator[Observation]:
    begins = event.envelope.takes_effect
    match event:
        case Deadline.Set(due=ends) | Deadline.Revised(due=ends):
            told = f"due {ends}, before it holds, from {begins}"
        case Agreement.Drafted(until=ends) | Agreement.Extended(until=ends):
            told = f"until {ends}, before it was told on {begins}"
        case Provision.Added(sunset=ends) | Provision.Amended(sunset=ends):
            told = f"ends {ends}, before it begins on {begins}"
        case _:
            return
    if ends and date_before(ends, begins):
        yield Observation(str(event.envelope.id), f"{type(event).TOPIC} {event.envelope.key}: {told}")


RULE = Rule(
    name="ends-before-it-begins",
    says="A deadline falls, or an agreement or a provision ends, on a date before the one from which it holds.",
    severity="notice",
    source="the order of time; a year is easily told wrong",
    sees=_sees,
    of=(Agreement, Deadline, Provision),
)
