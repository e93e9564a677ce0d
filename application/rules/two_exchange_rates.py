from collections.abc import Iterator
from decimal import Decimal

from application.amounts import amount_told
from application.flag import Detail, Observation, Rule, Seen, detail
from domain.claim import Claim
from domain.event import DomainEvent
from domain.quantity import about
from domain.tranche import Tranche
from domain.value import Amount


def _sees(event: DomainEvent) -> Iterator[Observation]:
    told = amount_told(event)
    if told and told.number and isinstance(told.value, Amount):
        money = told.value.money
        for source in dict.fromkeys(evidence.source for evidence in event.envelope.evidence):
            yield Observation(source, told.subject, str(told.number), money.currency, money.qualifier)


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
    """What an amount can have been before it was rounded: 4.1 billion to a tenth of one, 550 billion to a billion."""
    number = Decimal(seen.number or 0)
    last, thousands = int(number.normalize().as_tuple().exponent), max(number.adjusted() // 3 * 3, 0)
    half = Decimal(1).scaleb(min(last, thousands)) / 2
    low, high = about(number) if seen.qualifier == "about" else (number, number)
    return min(low, number - half), max(high, number + half)


def _shown(one: Seen, other: Seen) -> str:
    return f"{Decimal(one.number or 0) / Decimal(other.number or 1):.4g}"


RULE = Rule(
    name="two-exchange-rates",
    says="One source converts between two currencies at two rates.",
    severity="warning",
    source="arithmetic; an amount is good to its last digit that is not zero, 550 billion to a billion",
    sees=_sees,
    of=(Claim, Tranche),
    judge=_judge,
)
