from collections.abc import Iterator
from decimal import Decimal

from application.flag import Observation, Rule
from application.voted import in_words
from domain.event import DomainEvent
from domain.vote import Vote


def _sees(event: DomainEvent) -> Iterator[Observation]:
    """At the threshold itself, or at a tie, either can be: some take more than that, and some a casting vote."""
    if not isinstance(event, Vote.Held):
        return
    cast = {"in-favour": event.in_favour, "against": event.against, "abstained": event.abstained}
    for side in (side for side, told in cast.items() if told is not None and not Decimal(told)):
        if voted := [one.party for one in event.by_party if one.voted == side]:
            text = f"{in_words(event)}: nothing {side.replace('-', ' ')}, although {', '.join(voted)} is told to be"
            yield Observation(f"vote/{event.envelope.key}", text)
    if event.in_favour is None:
        return
    bar, what = (event.threshold, "needed") if event.threshold else (event.against, "against")
    over = Decimal(event.in_favour).compare(Decimal(bar)) if bar else 0
    if (event.outcome, over) in {("carried", -1), ("defeated", 1)}:
        text = f"{in_words(event)}: {event.outcome} with {event.in_favour} in favour, {bar} {what}"
        yield Observation(f"vote/{event.envelope.key}", text)


RULE = Rule(
    name="outcome-against-the-numbers",
    says="A vote is carried with less in favour than it takes, or than is against it; or it is defeated with more; or"
    " nothing is cast on a side on which a party stood.",
    severity="notice",
    source="arithmetic; who has a veto, or a majority of another kind, can turn a vote",
    sees=_sees,
    of=(Vote,),
)
