from collections.abc import Iterator

from application.flag import Detail, Observation, Rule, Seen, detail
from domain.event import DomainEvent
from domain.proposal import Proposal

_TABLED, _ANSWERED = Proposal.Tabled.TOPIC, Proposal.Answered.TOPIC


def _sees(event: DomainEvent) -> Iterator[Observation]:
    """To whom it was tabled, where that was told, and who answers."""
    proposal = f"proposal/{event.envelope.key}"
    match event:
        case Proposal.Tabled(to=to) if to:
            yield Observation(proposal, _TABLED, unit=" ".join(to))
        case Proposal.Answered(party=party):
            yield Observation(proposal, _ANSWERED, unit=party)


def _judge(seen: tuple[Seen, ...], found: tuple[Detail, ...]) -> tuple[Detail, ...]:
    """Look at the newest: an answer beside its proposal, or a proposal beside answers that are dated before it."""
    tabled = next((one for one in seen if one.what == _TABLED), None)
    if tabled is None:
        return found
    to = (tabled.unit or "").split()
    answers = seen[:-1] if seen[-1] is tabled else seen[-1:]
    others = (one for one in answers if one.unit not in to)
    text = f"tabled to {', '.join(to)}"
    return (*found, *(detail(f"answered by {one.unit}, {text}", tabled, one) for one in others))


RULE = Rule(
    name="answered-by-another",
    says="A party answers a proposal that was tabled to others.",
    severity="notice",
    source="to whom it was tabled; it stays tabled until those have answered",
    sees=_sees,
    of=(Proposal,),
    judge=_judge,
)
