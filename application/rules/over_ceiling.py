from collections import defaultdict
from collections.abc import Iterator

from application.flag import Detail, Rule, Seen, Sight, detail
from domain.event import DomainEvent
from domain.money import Money, in_units
from domain.tranche import Tranche


def _sees(event: DomainEvent) -> Iterator[Sight]:
    match event:
        case Tranche.Selected(amount=Money() as money):
            rung = "selected"
        case Tranche.Pledged(amount=Money() as money, rung=rung) | Tranche.Resized(amount=money, rung=rung):
            pass
        case _:
            return
    yield Sight(
        "ladder", f"{rung} {event.envelope.key}", str(money.minor), f"{money.currency} {money.per or ''}".strip()
    )


def _judge(seen: tuple[Seen, ...], found: tuple[Detail, ...]) -> tuple[Detail, ...]:
    """Compare, in each currency, what is selected with what is committed, or pledged where nothing is committed."""
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for one in seen:
        sums[one.what.split()[0], one.unit or ""] += int(one.number or 0)
    over = []
    for (rung, unit), selected in sums.items():
        ceiling = sums.get(("commitment", unit), sums.get(("pledge", unit)))
        if rung == "selected" and ceiling is not None and selected > ceiling:
            newest = [one for one in seen if one.unit == unit and one.what.startswith("selected ")][-1]
            currency = unit.split()[0]
            text = f"{unit} {in_units(selected, currency)} selected, {in_units(selected - ceiling, currency)} over"
            over.append(detail(f"{text} the {in_units(ceiling, currency)} that are promised", newest))
    return tuple(over)


RULE = Rule(
    name="over-ceiling",
    says="More is selected than is committed or pledged.",
    severity="warning",
    source="the ladder of an investment: what is selected is a part of what is promised",
    sees=_sees,
    judge=_judge,
    replaces=True,
)
