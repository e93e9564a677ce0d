from collections.abc import Iterator

from application.flag import Detail, Observation, Rule, Seen, detail
from application.steps import seen_of, term_before, terms, told
from domain.agreement import Agreement
from domain.deadline import Deadline
from domain.event import DomainEvent
from domain.happening import in_words
from domain.moment import date_before, surely_before
from domain.proposal import Proposal
from domain.round import Round
from domain.tranche import FirstStep, Tranche

_Steps = tuple[type[DomainEvent], ...]
_FUNDED: _Steps = (Tranche.Contracted, Tranche.CapitalCalled, Tranche.Drawn, Tranche.Completed)
_TRANCHE_AGAIN: _Steps = tuple(FirstStep.__subclasses__())
_CONSENT: _Steps = (Agreement.Signed, Agreement.Ratified, Agreement.Deposited)
_IN_EFFECT: _Steps = (Agreement.AppliedProvisionally, Agreement.EnteredIntoForce)
_AGREEMENT_OVER: tuple[_Steps, _Steps] = (
    (Agreement.Suspended, Agreement.Resumed, Agreement.Amended, Agreement.Extended, *_CONSENT, *_IN_EFFECT),
    _IN_EFFECT,
)
_ANEW = {step.TOPIC for step in _IN_EFFECT}
_ENDS: dict[type[DomainEvent], tuple[_Steps, _Steps]] = {
    Tranche.Rejected: (_FUNDED, _TRANCHE_AGAIN),
    Tranche.Cancelled: (_FUNDED, _TRANCHE_AGAIN),
    Tranche.Completed: ((Tranche.Contracted, Tranche.CapitalCalled), _TRANCHE_AGAIN),
    Agreement.Withdrawn: (
        (Agreement.Suspended, Agreement.Resumed, Agreement.Terminated, Agreement.Expired, *_IN_EFFECT),
        (*_CONSENT, *_IN_EFFECT),
    ),
    Agreement.Terminated: _AGREEMENT_OVER,
    Agreement.Expired: _AGREEMENT_OVER,
    Deadline.Cancelled: ((Deadline.Revised, Deadline.OutcomeRecorded), (Deadline.Revised,)),
    Deadline.OutcomeRecorded: ((Deadline.Revised,), (Deadline.Revised,)),
    Proposal.Withdrawn: ((Proposal.Answered,), ()),
    Round.Closed: ((Round.Extended, Round.Cancelled), ()),
    Round.Cancelled: (
        (Round.Extended, Round.Closed, Round.Opened),
        (Round.Scheduled, Round.Rescheduled, Round.Opened),
    ),
}
"""For each step that ends something: those that do not come after it, and those with which it begins again."""
_WATCHED = {step for end, (over, again) in _ENDS.items() for step in (end, *over, *again)}
_OVER = {end.TOPIC: {step.TOPIC for step in over} for end, (over, _) in _ENDS.items()}
_AGAIN = {end.TOPIC: {step.TOPIC for step in again} for end, (_, again) in _ENDS.items()}


def _sees(event: DomainEvent) -> Iterator[Observation]:
    if type(event) in _WATCHED:
        yield from seen_of(event, event.envelope.occurred)
    yield from terms(event)


def _judge(seen: tuple[Seen, ...], found: tuple[Detail, ...]) -> tuple[Detail, ...]:
    """Look at the newest: whether an earlier end still stands for whoever takes the step."""
    step, end = seen[-1], None
    for one in seen[:-1]:
        if one.unit not in {"", step.unit}:
            continue
        if step.what in _OVER.get(one.what, ()) and _surely_before(one, step):
            end = one
        elif end and one.what in _AGAIN[end.what]:
            end = None
    if end is None:
        return (*found, *_after_its_term(seen, found))
    ended = (
        "its outcome was on record" if end.what == Deadline.OutcomeRecorded.TOPIC else f"it was {in_words(end.what)}"
    )
    return (*found, detail(f"{told(step)}, after {ended}", end, step))


def _after_its_term(seen: tuple[Seen, ...], found: tuple[Detail, ...]) -> Iterator[Detail]:
    """An extension after the term, where the agreement did not begin anew and no step is told that ended it."""
    newest, before = seen[-1], term_before(seen)
    if before is None or not surely_before(before[1], newest.basis.occurred):
        return
    anew = any(one.what in _ANEW and date_before(before[1], one.basis.takes_effect) for one in seen)
    if not anew and all(newest.basis not in one.records for one in found):
        yield detail(f"extended, after its term was over, on {before[1]}", before[0], newest)


def _surely_before(end: Seen, step: Seen) -> bool:
    """Whether an end had taken effect on a day before a step, wherever that was."""
    ended, taken = end.basis.takes_effect, step.basis.occurred
    return date_before(ended, taken) and surely_before(ended, taken)


RULE = Rule(
    name="after-the-end",
    says="A step is taken after another that ended what it is about.",
    severity="warning",
    source="the ladder of an investment; the life of a treaty (VCLT, articles 54 to 70); a deadline; a round",
    sees=_sees,
    of=(Tranche, Agreement, Deadline, Proposal, Round),
    judge=_judge,
)
