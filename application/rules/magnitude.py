from collections.abc import Iterator
from decimal import Decimal

from application.amounts import amount_told
from application.flag import Detail, Observation, Rule, Seen, detail
from domain.claim import Claim
from domain.event import DomainEvent
from domain.quantity import alike
from domain.tranche import FirstStep, Step, Tranche
from domain.value import Count

_NEAR = Decimal("1.25")
"""How far from a power of ten two amounts can lie apart and still look like a slip of the point."""


_FEW = 100
"""Fewer things than that are counted one by one: a whole number of them is no figure in which the point slips."""


def _sees(event: DomainEvent) -> Iterator[Observation]:
    """A payment is a part of an amount, and not told to be the whole of it."""
    told = None if isinstance(event, Step) and not isinstance(event, FirstStep) else amount_told(event)
    if told and told.number and not (isinstance(told.value, Count) and _is_few(told.value)):
        yield Observation(told.subject, told.subject, str(told.number), told.unit)


def _is_few(count: Count) -> bool:
    return isinstance(count.number, int) and abs(count.number) < _FEW


def _judge(seen: tuple[Seen, ...], found: tuple[Detail, ...]) -> tuple[Detail, ...]:
    new = seen[-1]
    for one in seen[:-1]:
        if alike(one.unit or "") == alike(new.unit or "") and _sources(one) != _sources(new) and _slipped(one, new):
            text = f"{new.what}: {Decimal(one.number or 0):,f} and {Decimal(new.number or 0):,f} {new.unit}"
            return (*found, detail(text, one, new))
    return found


def _sources(seen: Seen) -> tuple[str | None, tuple[str, ...]]:
    return seen.told_by, tuple(evidence.source for evidence in seen.basis.evidence)


def _slipped(one: Seen, other: Seen) -> bool:
    low, high = sorted((Decimal(one.number or 0), Decimal(other.number or 0)), key=abs)
    for places in range(1, 7):
        ratio = high / low.scaleb(places)
        if 1 / _NEAR <= ratio <= _NEAR:
            return True
    return False


RULE = Rule(
    name="magnitude",
    says="Two sources tell the same amount or number, a power of ten apart.",
    severity="warning",
    source="arithmetic; within a quarter of ten, a hundred, ... times as much",
    sees=_sees,
    of=(Claim, Tranche),
    judge=_judge,
)
