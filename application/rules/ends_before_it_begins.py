from collections.abc import Iterator

from application.flag import Detail, Observation, Rule, Seen, by_itself, detail
from application.steps import DRAFTED, EXTENDED, term_before, terms
from domain.agreement import Agreement
from domain.deadline import Deadline
from domain.event import DomainEvent
from domain.moment import date_before
from domain.provision import Provision


def _sees(event: DomainEvent) -> Iterator[Observation]:
    yield from terms(event)
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


def _judge(seen: tuple[Seen, ...], found: tuple[Detail, ...]) -> tuple[Detail, ...]:
    """Look at the newest: an extension begins where the term before it ends."""
    newest = seen[-1]
    if newest.what not in {DRAFTED, EXTENDED}:
        return by_itself(seen, found)
    before = term_before(seen)
    if before and newest.number and date_before(newest.number, before[1]):
        text = f"{newest.what} {newest.number}, before its term was over, on {before[1]}"
        return (*found, detail(text, before[0], newest))
    return found


RULE = Rule(
    name="ends-before-it-begins",
    says="A deadline falls, or an agreement, its extension or a provision ends, on a date before the one from which it"
    " holds.",
    severity="notice",
    source="the order of time; a year is easily told wrong",
    sees=_sees,
    of=(Agreement, Deadline, Provision),
    judge=_judge,
)
