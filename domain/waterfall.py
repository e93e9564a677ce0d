"""A waterfall: who gets how much of a cash flow, tier by tier.

All cash is counted towards each threshold. A tier's shares apply until its threshold is paid off; then
those of the next one do. Amounts are whole minor units, and interest is an exact fraction of them until
what is owed is rounded to one.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import Field

from domain.fact import Fact
from domain.moment import Day
from domain.money import AmountText, Currency, Money
from domain.names import PartyKey
from domain.percent import Percent, UnsignedPercent
from domain.refusal import Refused
from domain.text import Line


class SharesDoNotAddUp(Refused):
    """The shares of a tier add up to exactly 100 per cent, each party named once."""


class SharesToldTwice(Refused):
    """A tier has shares in per cent, or goes by what each party put in; not both, and not neither."""


class TiersOutOfOrder(Refused):
    """Every tier but the last has a threshold, each above the one before it; the last is open."""


class FixingsOutOfOrder(Refused):
    """The fixings of a rate follow each other in time."""


class ThresholdUnknown(Refused):
    """The amount of the threshold is not on record."""


class RateUnknown(Refused):
    """The rate is not on record for the days on which interest runs."""


class ContributionsUnknown(Refused):
    """What each party put in is on record, and not below 0."""


class Portion(Fact, frozen=True):
    """The share of one party."""

    party: PartyKey
    percent: Percent


class Fixing(Fact, frozen=True):
    """What a named rate is, from a day on."""

    since: Day
    percent: UnsignedPercent


class Interest(Fact, frozen=True):
    """Simple interest at a named rate and a spread, on the principal that is still owed, from a day on.

    What is paid goes to the interest first. A day counts as a 360th or a 365th of a year.
    """

    rate: Line
    since: Day
    fixings: Annotated[tuple[Fixing, ...], Field(max_length=1000)] = ()
    spread: UnsignedPercent = "0"
    day_count: Literal["actual/360", "actual/365"] = "actual/365"

    def check(self) -> Self:
        days = [fixing.since for fixing in self.fixings]
        if days != sorted(set(days)):
            raise FixingsOutOfOrder(", ".join(days), "fixings")
        return self

    def accrued(self, principal: Fraction, start: date, end: date) -> Fraction:
        """The interest on a principal from a day until another, in the same units."""
        if principal == 0 or end <= start:
            return Fraction(0)
        turns = [date.fromisoformat(fixing.since) for fixing in self.fixings]
        if not turns or turns[0] > start:
            raise RateUnknown(f"{self.rate} on {start}", "fixings")
        total = Fraction(0)
        for fixing, since, until in zip(self.fixings, turns, [*turns[1:], end], strict=True):
            days = (min(until, end) - max(since, start)).days
            yearly = Fraction(Decimal(fixing.percent) + Decimal(self.spread)) / 100
            total += principal * yearly * max(days, 0) / int(self.day_count.removeprefix("actual/"))
        return total


class Threshold(Fact, frozen=True):
    """What has to be paid before the next tier: an amount where it is known, with interest where it bears any."""

    name: Line
    amount: AmountText | None = None
    interest: Interest | None = None


class Tier(Fact, frozen=True):
    """Who gets which share until a threshold is reached; without one, of all the rest."""

    shares: Annotated[tuple[Portion, ...], Field(max_length=50)] = ()
    by: Literal["shares", "contribution"] = "shares"
    until: Threshold | None = None

    def check(self) -> Self:
        if bool(self.shares) != (self.by == "shares"):
            raise SharesToldTwice(self.by, "shares")
        whole = sum((Decimal(portion.percent) for portion in self.shares), Decimal(0))
        named = {portion.party for portion in self.shares}
        if self.shares and (whole != 100 or len(named) != len(self.shares)):
            raise SharesDoNotAddUp(f"{whole} % among {len(named)}", "shares")
        return self


class Waterfall(Fact, tag="waterfall", frozen=True):
    """The tiers through which cash of one currency runs."""

    currency: Currency
    tiers: Annotated[tuple[Tier, ...], Field(min_length=1, max_length=20)]

    def check(self) -> Self:
        Money(amount="0", currency=self.currency).check()
        told = [(number, tier.until) for number, tier in enumerate(self.tiers)]
        below = 0
        for number, until in told:
            if (until is None) != (number == len(told) - 1):
                raise TiersOutOfOrder(f"tier {number + 1} of {len(told)}", f"tiers.{number}.until")
            if until and until.amount is not None:
                minor = Money(amount=until.amount, currency=self.currency).check().minor
                if minor <= below:
                    raise TiersOutOfOrder(until.amount, f"tiers.{number}.until.amount")
                below = minor
        return self


class Cash(NamedTuple):
    """Cash that is distributed on a day, in minor units."""

    day: date
    minor: int


class Slice(NamedTuple):
    """The part of a distribution that falls into one tier, and of that each party's; all in minor units.

    `owed` is what was still to be paid before the tier's threshold, exactly; none in an open tier.
    """

    tier: int
    minor: int
    parts: dict[str, int]
    owed: Fraction | None


class _Account:
    """What is still owed before a threshold is reached."""

    def __init__(self, threshold: Threshold, currency: str) -> None:
        if threshold.amount is None:
            raise ThresholdUnknown(threshold.name, "threshold")
        self._terms = threshold.interest
        self._principal = Fraction(Money(amount=threshold.amount, currency=currency).minor)
        self._interest = Fraction(0)
        self._beyond = 0
        self._day = date.fromisoformat(threshold.interest.since) if threshold.interest else date.min

    def owed(self, day: date) -> Fraction:
        """What is owed on a day, before anything is paid on it."""
        if self._terms and day > self._day:
            self._interest += self._terms.accrued(self._principal, self._day, day)
            self._day = day
        return self._principal + self._interest

    def pay(self, minor: int) -> None:
        """Take a payment: what is owed, rounded to the minor unit, settles all of it. One below 0 gives some back."""
        minor += self._beyond
        self._beyond = max(0, minor - max(0, round(self._principal + self._interest)))
        if minor >= round(self._principal + self._interest):
            self._principal = self._interest = Fraction(0)
            return
        interest = min(self._interest, Fraction(max(minor, 0)))
        self._interest -= interest
        self._principal -= minor - interest


def split(
    waterfall: Waterfall, cash: Cash, earlier: Sequence[Cash] = (), contributed: dict[str, int] | None = None
) -> list[Slice]:
    """How a distribution is split, after earlier ones, in the order of the tiers.

    The parts of all slices add up to the cash. Raises `Refused` where a threshold, a rate or what the
    parties put in would have to be known and is not.
    """
    accounts = [_Account(tier.until, waterfall.currency) for tier in waterfall.tiers if tier.until]
    for paid in sorted(earlier):
        for account in accounts:
            account.owed(paid.day)
            account.pay(paid.minor)
    slices, left = [], cash.minor
    for number, tier in enumerate(waterfall.tiers):
        owed = accounts[number].owed(cash.day) if tier.until else None
        minor = left if owed is None else min(left, max(0, round(owed) - (cash.minor - left)))
        if minor:
            slices.append(Slice(number, minor, _shared(minor, tier, contributed), owed))
            left -= minor
    return slices


def _shared(minor: int, tier: Tier, contributed: dict[str, int] | None) -> dict[str, int]:
    told = (contributed or {}).values()
    if tier.by == "contribution" and (not any(told) or min(told) < 0):
        raise ContributionsUnknown("contribution", "contributed")
    weights = {portion.party: Fraction(Decimal(portion.percent)) for portion in tier.shares} or contributed or {}
    return dict(zip(weights, apportioned(minor, list(weights.values())), strict=True))


def apportioned(minor: int, weights: Sequence[Fraction | int]) -> list[int]:
    """An amount in minor units by weights, as whole minor units that add up to it.

    Largest remainder: each gets its quota rounded down, and the units left go to the largest fractions, the
    one that is named first where two are alike.
    """
    whole = sum(weights)
    quotas = [minor * Fraction(weight) / whole for weight in weights]
    parts = [int(quota) for quota in quotas]
    by_remainder = sorted(range(len(parts)), key=lambda place: parts[place] - quotas[place])
    for place in by_remainder[: minor - sum(parts)]:
        parts[place] += 1
    return parts
