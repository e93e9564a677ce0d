from collections.abc import Iterator

from application.flag import LADDER, Detail, Observation, Rule
from application.ladder import board
from application.tally import Tally, concerns, overs, promises
from domain.agreement import Agreement
from domain.event import DomainEvent
from domain.provision import Provision
from domain.tranche import Tranche


def _sees(event: DomainEvent) -> Iterator[Observation]:
    if concerns(event):
        yield Observation(LADDER, "")


def _judge(tally: Tally) -> Iterator[Detail]:
    """Compare what is selected with what is promised, and what comes under a cap with that."""
    standing = board(tally.holdings)
    for one in overs(tally, standing, promises(tally, standing)):
        year = f" in {one.year}" if one.year else ""
        text = (
            f"{one.reached.unit} {one.reached.amount} {one.rung}{year}, {one.over.amount} over the "
            f"{one.allowed.amount} of {one.ceiling}"
        )
        touches = ("ledger/ledger", f"tranches/{one.tranche}")
        yield Detail(text=text, records=(one.last,), touches=touches)


RULE = Rule(
    name="over-ceiling",
    says="More is selected than is promised, or stands in parts than in their whole, on a rung of a tranche than on the"
    " one before, or under a cap than it allows; or more is returned than was there.",
    severity="warning",
    source="the ladder of an investment, on which each rung is a part of the one before; the cap's provision",
    sees=_sees,
    of=(Tranche, Provision, Agreement),
    tally=_judge,
)
