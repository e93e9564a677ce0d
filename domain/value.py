"""The typed values that a claim can assert."""

from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field

from domain.cap import Cap
from domain.fact import Fact
from domain.moment import Moment
from domain.money import Money, Per, Qualifier, in_units
from domain.percent import Percent, SignedPercent
from domain.quantity import Quantity
from domain.refusal import Refused
from domain.rule import Rule
from domain.tariff import Tariff
from domain.text import Line, Prose, Slug
from domain.waterfall import Waterfall


class Text(Fact, tag="text", frozen=True):
    """What was asserted, in words."""

    text: Prose


class Amount(Fact, tag="money", frozen=True):
    """Money, with its qualifier; `basis` says what is counted, or how, such as face value or grant equivalent."""

    money: Money
    basis: Line | None = None

    @property
    def quantity(self) -> Quantity:
        unit = "money", self.money.currency, self.money.per or "", self.basis or ""
        return Quantity(Decimal(in_units(self.money.minor, self.money.currency)), unit, self.money.qualifier)


class Share(Fact, tag="share", frozen=True):
    """A part of a whole that goes to one party."""

    percent: Percent
    to: Slug | None = None
    qualifier: Qualifier = "exactly"

    @property
    def quantity(self) -> Quantity:
        return Quantity(Decimal(self.percent), ("share", self.to or ""), self.qualifier)


class Rate(Fact, tag="rate", frozen=True):
    """A rate, such as of a tariff, of interest or of growth; `basis` says what it is a rate of, or on top of what."""

    percent: SignedPercent
    basis: Line | None = None
    qualifier: Qualifier = "exactly"

    @property
    def quantity(self) -> Quantity:
        return Quantity(Decimal(self.percent), ("rate", self.basis or ""), self.qualifier)


class Count(Fact, tag="count", frozen=True):
    """A number of things or days, or by how many there are more or fewer; `unit` says of what."""

    number: Annotated[int, Field(ge=-(10**15), le=10**15)]
    unit: Line
    qualifier: Qualifier = "exactly"
    per: Per | None = None

    @property
    def quantity(self) -> Quantity:
        return Quantity(Decimal(self.number), ("count", self.unit, self.per or ""), self.qualifier)


class NotARange(Refused):
    """A range goes from a number to a higher one of the same kind and unit, both told without a qualifier."""


Measured = Annotated[Amount | Share | Rate | Count, Field(discriminator="type")]


class Range(Fact, tag="range", frozen=True):
    """Something from a `low` number to a `high` one, both included."""

    low: Measured
    high: Measured

    def check(self) -> Self:
        low, high = self.low.quantity, self.high.quantity
        if low.unit != high.unit or low.number >= high.number or {low.qualifier, high.qualifier} != {"exactly"}:
            raise NotARange(f"{low.number} to {high.number}", "high")
        return self

    @property
    def quantity(self) -> Quantity:
        return self.low.quantity._replace(high=self.high.quantity.number)


class When(Fact, tag="date", frozen=True):
    """A date or an instant."""

    date: Moment


class Status(Fact, tag="status", frozen=True):
    """A status, by the name that the model or the claimant gives it."""

    status: Slug


class Answer(Fact, tag="yes-no", frozen=True):
    """Yes or no."""

    answer: bool


class RuledDate(Fact, tag="rule", frozen=True):
    """A date that a rule gives."""

    rule: Rule


Value = Text | Amount | Share | Rate | Count | Range | When | Status | Answer | RuledDate | Waterfall | Cap | Tariff
Told = Annotated[Value, Field(discriminator="type")]


def quantity(value: Value) -> Quantity | None:
    """The number in a value, if it has one."""
    return value.quantity if isinstance(value, Amount | Share | Rate | Count | Range) else None
