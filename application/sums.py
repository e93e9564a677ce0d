"""Sums of the ladder: of one rung and one currency, or of several currencies at rates that the asker names."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Annotated

from pydantic import Field

from application.ladder import Sum, period, sum_of
from application.projections.ledger import LedgerDocument, RungEntry
from domain.fact import Fact
from domain.money import decimals, shifted
from domain.refusal import Refused

RateText = Annotated[
    str,
    Field(
        pattern=r"^[A-Z]{3}:(0|[1-9][0-9]{0,8})(\.[0-9]{1,12})?$",
        description="a currency and how much of the currency asked for one unit of it is worth",
        examples=["JPY:0.00671"],
    ),
]


class MixedRungs(Refused):
    """A sum is taken within one rung: what is pledged and what is drawn are not two parts of one amount."""


class MixedCurrencies(Refused):
    """A sum is taken within one currency: name one, or convert with a rate for each other one."""


class MixedPeriods(Refused):
    """An amount by the year is not added to one in all: ask for `per=year`, or `per=total`."""


class NoRateForCurrency(Refused):
    """A conversion names a rate for every currency in the sum."""


class RatesContradict(Refused):
    """A conversion has one rate above 0 for each currency other than its own, and names no currency beside."""


class ConversionNeedsItsSource(Refused):
    """A conversion names its rates, the day that they are of, and the source on file that has them."""


class Rate(Fact, omit_defaults=False, frozen=True):
    """What one unit of a currency was taken to be worth, on which day, and what says so."""

    currency: str
    rate: str
    date: str
    source: str


class Summed(Fact, omit_defaults=False, frozen=True):
    """A sum, and the amounts as they are reported. It is none where nothing is on record, which is not zero.

    What was `returned` is in neither: together they are what came in all. Of amounts by the year, or by another time,
    it is of those that run on the day; what begins later is `to_come`, and what has ended is `past`. `exact` is a
    converted sum before it was rounded half to even to the minor unit.
    """

    rung: str
    known: bool
    sum: Sum | None
    reported: tuple[Sum, ...]
    tranches: tuple[str, ...]
    rates: tuple[Rate, ...] = ()
    exact: str | None = None
    returned: tuple[Sum, ...] = ()
    to_come: tuple[Sum, ...] = ()
    past: tuple[Sum, ...] = ()


def summed(ledger: LedgerDocument, rungs: Sequence[str], currency: str | None, per: str | None = None) -> Summed:
    """The sum of one rung; of all amounts, or of those by the `year` or in `total` alone.

    Raises `Refused` for several rungs, for several currencies if none is named, and for amounts by the year beside
    others.
    """
    entry = _entry(ledger, rungs)
    reported = _asked(entry.sums, currency, per)
    if len({told.currency for told in reported}) > 1:
        raise MixedCurrencies(", ".join(told.currency for told in reported), "currency")
    if len(reported) > 1:
        raise MixedPeriods(entry.rung, "per")
    only = reported[0] if reported else None
    return Summed(
        rung=entry.rung,
        known=only is not None,
        sum=only,
        reported=reported,
        tranches=_of(ledger, entry, reported),
        returned=_asked(entry.returned, currency, per),
        to_come=_asked(entry.to_come, currency, per),
        past=_asked(entry.past, currency, per),
    )


def converted(
    ledger: LedgerDocument,
    rungs: Sequence[str],
    into: str,
    rates: Mapping[str, str],
    date: str,
    source: str,
    per: str | None = None,
) -> Summed:
    """The sum of one rung in one currency, at the rates named. Raises `Refused` as `summed` does, and where a rate is
    missing.
    """
    entry = _entry(ledger, rungs)
    reported = _asked(entry.sums, None, per)
    if len({told.per for told in reported}) > 1:
        raise MixedPeriods(entry.rung, "per")
    for name, rate in rates.items():
        if name == into or not Fraction(rate):
            raise RatesContradict(f"{name}:{rate}", "rate")
    exact = Fraction(0)
    for told in reported:
        if told.currency != into and told.currency not in rates:
            raise NoRateForCurrency(told.currency, "rate")
        units = Fraction(told.minor, 10 ** decimals(told.currency))
        exact += units * (1 if told.currency == into else Fraction(rates[told.currency]))
    minor = exact * 10 ** decimals(into)
    qualifiers = {qualifier for told in reported for qualifier in told.qualifiers}
    by = f"/{reported[0].per}" if reported and reported[0].per else ""
    return Summed(
        rung=entry.rung,
        known=bool(reported),
        sum=sum_of(into + by, round(minor), qualifiers) if reported else None,
        reported=reported,
        tranches=_of(ledger, entry, reported),
        rates=tuple(Rate(currency=name, rate=rate, date=date, source=source) for name, rate in sorted(rates.items())),
        exact=_decimal(exact) if reported else None,
        returned=_asked(entry.returned, None, per),
        to_come=_asked(entry.to_come, None, per),
        past=_asked(entry.past, None, per),
    )


def _of(ledger: LedgerDocument, entry: RungEntry, reported: Sequence[Sum]) -> tuple[str, ...]:
    """The tranches whose money is among what is reported."""
    lines = {key: ledger.tally.holdings[key].lines[entry.rung] for key in entry.tranches}
    idle = {told.unit for told in (*entry.to_come, *entry.past)}
    rates = {told.unit for told in reported}
    running = {key: {period(unit)[0] for unit in units.keys() - idle} for key, units in lines.items()}
    return tuple(key for key, units in running.items() if not rates.isdisjoint(units))


def _asked(sums: Sequence[Sum], currency: str | None, per: str | None) -> tuple[Sum, ...]:
    """Of some sums those in a currency, if one is named, and by the `year` or in `total`."""
    return tuple(told for told in sums if currency in (None, told.currency) and per in (None, told.per or "total"))


def _entry(ledger: LedgerDocument, rungs: Sequence[str]) -> RungEntry:
    if len(set(rungs)) != 1:
        raise MixedRungs(", ".join(rungs), "rung")
    entries = (*ledger.rungs, ledger.candidates, ledger.called)
    unknown = RungEntry(rung=rungs[0], known=False, sums=(), tranches=())
    return next((entry for entry in entries if entry.rung == rungs[0]), unknown)


def _decimal(exact: Fraction) -> str:
    """A product of decimals as decimal text, with all its digits."""
    places = 0
    while (exact * 10**places).denominator != 1:
        places += 1
    return shifted(int(exact * 10**places), places)
