from collections.abc import Iterator

from application.binding import UNILATERAL
from application.flag import LADDER, Detail, Observation, Rule, Seen, detail
from application.ladder import COMMITTED, Holding
from application.steps import seen_of, told
from application.tally import Tally, families
from domain.agreement import Agreement
from domain.event import DomainEvent
from domain.happening import in_words
from domain.moment import date_before
from domain.round import Round
from domain.tranche import Step, Tranche

_Steps = tuple[type[DomainEvent] | str, ...]
_ISSUED = "issued"
"""An order, a law or a statement stands as it is issued: nobody has to sign it or bring it into force."""
_AGREED: _Steps = (Agreement.Signed, Agreement.Concluded)
_IN_EFFECT: _Steps = (Agreement.EnteredIntoForce, Agreement.AppliedProvisionally)
_ON_THE_LADDER: dict[type[DomainEvent], _Steps] = {
    Tranche.Contracted: (Tranche.Selected, Tranche.Pledged),
    Tranche.CallMissed: (Tranche.CapitalCalled,),
    Tranche.Drawn: (Tranche.Contracted, COMMITTED),
    Tranche.Distributed: (Tranche.Drawn,),
    Tranche.Returned: (Tranche.Drawn, Tranche.Distributed),
    Tranche.Completed: (Tranche.Drawn,),
}
"""For each step of a tranche those of which one comes before it: its own, or one of a whole or of a part of it."""
BEFORE: dict[type[DomainEvent], _Steps] = {
    Agreement.Ratified: (Agreement.Signed, Agreement.Concluded),
    Agreement.Deposited: (Agreement.Ratified,),
    Agreement.EnteredIntoForce: (*_AGREED, Agreement.Ratified, Agreement.Deposited, _ISSUED),
    Agreement.Suspended: (*_IN_EFFECT, _ISSUED),
    Agreement.Resumed: (Agreement.Suspended,),
    Agreement.Withdrawn: (*_IN_EFFECT, *_AGREED, _ISSUED),
    Agreement.Terminated: (*_IN_EFFECT, *_AGREED, _ISSUED),
    Agreement.Expired: (*_IN_EFFECT, *_AGREED, _ISSUED),
    Round.Extended: (Round.Scheduled, Round.Opened),
    Round.Closed: (Round.Opened,),
}
"""For each step those of which one comes before it, for the same party or for the whole."""
_CONSENT = (Agreement.Ratified, Agreement.Deposited)
_CONSENTED = {step.TOPIC for step in _CONSENT}
"""What binds more than a signature does (VCLT, articles 14 and 16). Where two others have ratified, that is what it
takes; between two alone, one may be bound by its signature where the other ratifies.
"""
_WATCHED = {step for steps in BEFORE.items() for step in (steps[0], *steps[1])}


def _sees(event: DomainEvent) -> Iterator[Observation]:
    if type(event) in _WATCHED:
        yield from seen_of(event, getattr(event, "means", None))
    if isinstance(event, Agreement.Drafted) and event.form in {*UNILATERAL, "statement"}:
        yield Observation(f"agreement/{event.envelope.key}", _ISSUED)
    if isinstance(event, Step):
        yield Observation(LADDER, "")


def _judge(seen: tuple[Seen, ...], found: tuple[Detail, ...]) -> tuple[Detail, ...]:
    """Look at all that was seen anew: what comes first on one day cannot be told from the day."""
    return tuple(
        detail(f"{told(step)}, but not {_any(before)} before", step)
        for step in seen
        if (before := _before(step, seen)) and not any(_comes_before(other, step, before) for other in seen)
    )


def _comes_before(other: Seen, step: Seen, before: _Steps) -> bool:
    what = [kind if isinstance(kind, str) else kind.TOPIC for kind in before]
    in_time = not date_before(step.basis.occurred, other.basis.occurred)
    return in_time and other.what in what and (not step.unit or other.unit in {None, "", step.unit})


def _in_time(other: Seen, step: Seen) -> bool:
    return other.basis.occurred[:10] <= step.basis.occurred[:10]


def _before(step: Seen, seen: tuple[Seen, ...]) -> _Steps:
    """Those of which one comes before a step: nothing before an accession (VCLT, article 15), and more than a signature
    before what others have ratified comes into force.
    """
    if step.number == "accession":
        return ()
    if step.what == Agreement.EnteredIntoForce.TOPIC:
        consented = {one.unit for one in seen if one.what in _CONSENTED and _in_time(one, step)}
        if len(consented - {step.unit}) > 1:
            return _CONSENT
    return next((before for kind, before in BEFORE.items() if step.what == kind.TOPIC), ())


def _on_the_ladder(tally: Tally) -> Iterator[Detail]:
    """Of each tranche the first time that a step was taken."""
    holdings, related = tally.holdings, families(tally.holdings)
    for key, holding in holdings.items():
        for kind, before in _ON_THE_LADDER.items():
            step = holding.steps.get(kind.TOPIC)
            if step and not any(_was_taken(holdings[one], before, step.occurred) for one in related[key]):
                text = f"{key} {in_words(kind.TOPIC)}, but not {_any(before)} before"
                touches = ("ledger/ledger", f"timeline/{step.record}", f"tranches/{key}")
                yield Detail(text=text, records=(step,), touches=touches)


def _was_taken(holding: Holding, steps: _Steps, by: str) -> bool:
    """Whether one of some steps was taken by then, or may have been, as far as both were told."""
    first = (holding.steps.get(kind if isinstance(kind, str) else kind.TOPIC) for kind in steps)
    return any(one is not None and not date_before(by, one.occurred) for one in first)


def _any(steps: _Steps) -> str:
    return " or ".join(in_words(step.TOPIC) for step in steps if not isinstance(step, str))


RULE = Rule(
    name="step-missing",
    says="A status is reached without the step before it.",
    severity="notice",
    source="the ladder of an investment; the life of a treaty (VCLT, articles 9 to 24); the course of a round",
    sees=_sees,
    of=(Tranche, Agreement, Round),
    judge=_judge,
    tally=_on_the_ladder,
)
