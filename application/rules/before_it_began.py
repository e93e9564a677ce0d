from collections.abc import Iterator

from application.flag import Detail, Observation, Rule, Seen, detail
from application.steps import seen_of, told
from domain.agreement import Agreement
from domain.deadline import Deadline
from domain.event import DomainEvent
from domain.happening import in_words
from domain.issue import Issue
from domain.moment import date_before
from domain.party import Party
from domain.proposal import Proposal
from domain.provision import Provision

_BEGINS = (Issue.Raised, Party.Added, Deadline.Set, Agreement.Drafted, Proposal.Tabled, Provision.Added)
_FIRST = {begins.TOPIC for begins in _BEGINS}
"""The steps with which something begins."""


def _sees(event: DomainEvent) -> Iterator[Observation]:
    yield from seen_of(event, event.envelope.occurred)


def _judge(seen: tuple[Seen, ...], found: tuple[Detail, ...]) -> tuple[Detail, ...]:
    """Look at the newest: where all begins with it, at what came before."""
    if seen[-1].what not in _FIRST or any(one.what in _FIRST for one in seen[:-1]):
        return found
    begins = seen[-1]
    early = [one for one in seen[:-1] if date_before(one.basis.occurred, begins.basis.occurred)]
    return (*found, *(detail(f"{told(one)}, before it was {in_words(begins.what)}", one, begins) for one in early))


RULE = Rule(
    name="before-it-began",
    says="A step is dated before the one with which that begins of which it is a step.",
    severity="notice",
    source="the order of time; a year is easily told wrong",
    sees=_sees,
    of=(Issue, Party, Deadline, Agreement, Proposal, Provision),
    judge=_judge,
)
