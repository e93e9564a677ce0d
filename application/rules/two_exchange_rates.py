from collections.abc import Iterator
from decimal import Decimal

from application.amounts import amount_told
from application.flag import Detail, Observation, Rule, Seen, detail
from domain.claim import Claim
from domain.event import DomainEvent
from domain.tranche import Tranche

_DIGITS = 3
"""To how many digits a converted amount is taken to be good, if it shows no more."""


def _sees(event: DomainEvent) -> Iterator[Observation]:
    told = amount_told(event)
    if told and told.quantity.number:
        for source in dict.fromkeys(evidence.source for evidence in event.envelope.evidence):
            yield Observation(source, told.subject, str(told.quantity.number), told.quantity.unit[1])


def _judge(seen: tuple[Seen, ...], found: tuple[Detail, ...]) -> tuple[Detail, ...]:
    """Compare the rates that the newest amount implies with those implied by amounts on other subjects."""
    new = seen[-1]
    for one in seen[:-1]:
        if one.what != new.what or one.unit == new.unit:
            continue
        for other, another in _pairs(seen[:-1], new.what, one.unit, new.unit):
            here, there = _rate(one, new), _rate(other, another)
            if here[0] > there[1] or there[0] > here[1]:
                rates = f"{_shown(one, new)} for {one.what}, {_shown(other, another)} for {other.what}"
                text = f"{one.unit} for one {new.unit}: {rates}"
                if any(known.text == text for known in found):
                    continue
                found = (*found, detail(text, one, new, other, another))
    return found


def _pairs(seen: tuple[Seen, ...], but: str, unit: str | None, other: str | None) -> Iterator[tuple[Seen, Seen]]:
    """The amounts told in both currencies, on other subjects than one."""
    for first in seen:
        if first.what != but and first.unit == unit:
            yield from ((first, second) for second in seen if second.what == first.what and second.unit == other)


def _rate(one: Seen, other: Seen) -> tuple[Decimal, Decimal]:
    (low, high), (least, most) = _rounded(one), _rounded(other)
    return low / most, high / least


def _rounded(seen: Seen) -> tuple[Decimal, Decimal]:
    number = Decimal(seen.number or 0)
    last = int(number.normalize().as_tuple().exponent)
    half = Decimal(1).scaleb(min(last, number.adjusted() + 1 - _DIGITS)) / 2
    return number - half, number + half


def _shown(one: Seen, other: Seen) -> str:
    return f"{Decimal(one.number or 0) / Decimal(other.number or 1):.4g}"


RULE = Rule(
    name="two-exchange-rates",
    says="One source converts between two currencies at two rates.",
    severity="warning",
    source="arithmetic; amounts are taken to be rounded to three digits",
    sees=_sees,
    of=(Claim, Tranche),
    judge=_judge,
)
