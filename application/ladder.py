"""The ladder of an investment: how much of a tranche stands on each rung.

Sums are only ever taken within one rung and one currency. On the first four rungs a newer amount takes
the place of the older; contracts, draws and distributions add up. A rung without a record is unknown,
which is not zero. What is proposed is on no rung yet: it is a candidate until it is selected, or is not.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import get_args

from msgspec.structs import replace

from domain.event import DomainEvent
from domain.fact import Fact
from domain.money import Money, in_units
from domain.tranche import Rung, Tranche

RUNGS: tuple[str, ...] = get_args(Rung)
PROPOSED = "proposed"


class Sum(Fact, omit_defaults=False, frozen=True):
    """Money on one rung: `qualifiers` are those, other than exactly, under which parts of it were told."""

    currency: str
    amount: str
    minor: int
    per: str | None = None
    qualifiers: tuple[str, ...] = ()

    def less(self, other: "Sum") -> "Sum":
        """What is left of the sum without another of the same currency."""
        minor = self.minor - other.minor
        qualifiers = tuple(sorted({*self.qualifiers, *other.qualifiers}))
        return replace(self, minor=minor, amount=in_units(minor, self.currency), qualifiers=qualifiers)


def of_money(money: Money) -> Sum:
    return Sum(
        currency=money.currency,
        amount=in_units(money.minor, money.currency),
        minor=money.minor,
        per=money.per,
        qualifiers=() if money.qualifier == "exactly" else (money.qualifier,),
    )


Rungs = dict[str, tuple[Sum, ...]]


def climb(rungs: Rungs, event: DomainEvent) -> Rungs:
    """The rungs of one tranche after an event about it."""
    match event:
        case Tranche.InterestRegistered(amount=Money() as money):
            return {**rungs, "interest": (of_money(money),)}
        case Tranche.Pledged(amount=Money() as money, rung=rung):
            return {**rungs, rung: (of_money(money),)}
        case Tranche.Proposed(amount=Money() as money):
            return {**rungs, PROPOSED: (of_money(money),)}
        case Tranche.Selected(amount=Money() as money):
            return {**_decided(rungs), "selected": (of_money(money),)}
        case Tranche.Selected() | Tranche.Rejected() | Tranche.Cancelled():
            return _decided(rungs)
        case Tranche.Resized(amount=money, rung=rung):
            return {**rungs, rung: (of_money(money),)}
        case Tranche.Contracted(amount=money):
            return {**rungs, "contracted": total([rungs.get("contracted", ()), (of_money(money),)])}
        case Tranche.Drawn(amount=money):
            return {**rungs, "drawn": total([rungs.get("drawn", ()), (of_money(money),)])}
        case Tranche.Distributed(amount=money):
            return {**rungs, "distributed": total([rungs.get("distributed", ()), (of_money(money),)])}
    return rungs


def _decided(rungs: Rungs) -> Rungs:
    """The rungs without what was proposed."""
    return {rung: sums for rung, sums in rungs.items() if rung != PROPOSED} if PROPOSED in rungs else rungs


def total(amounts: Iterable[tuple[Sum, ...]]) -> tuple[Sum, ...]:
    """One sum for each currency, and for each currency by the year."""
    minor: dict[tuple[str, str], int] = defaultdict(int)
    qualifiers: dict[tuple[str, str], set[str]] = defaultdict(set)
    for sums in amounts:
        for known in sums:
            unit = known.currency, known.per or ""
            minor[unit] += known.minor
            qualifiers[unit].update(known.qualifiers)
    return tuple(
        Sum(
            currency=unit[0],
            amount=in_units(minor[unit], unit[0]),
            minor=minor[unit],
            per=unit[1] or None,
            qualifiers=tuple(sorted(qualifiers[unit])),
        )
        for unit in sorted(minor)
    )
