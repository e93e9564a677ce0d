"""The typed values that a claim can assert."""

from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema

from domain.cap import Cap
from domain.fact import Fact
from domain.moment import Moment
from domain.money import Money, Per, Qualifier, days_of, in_units
from domain.percent import Percent, SignedPercent
from domain.quantity import Quantity, alike, counted_in
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
        money, basis = self.money, alike(self.basis or "")
        unit = "money", money.currency, money.per or "", basis, *days_of(money.begins, money.until)
        return Quantity(Decimal(in_units(money.minor, money.currency)), unit, money.qualifier)


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
        return Quantity(Decimal(self.percent), ("rate", alike(self.basis or "")), self.qualifier)


class _Either:
    """Says in one sentence what a number can be, which is told in one of two forms."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        says = 'Expected: a whole number such as 45, or decimal text, in quotes, such as "9.7" (up to 4 decimals).'
        return {**handler(source), "custom_error_type": "not_a_number", "custom_error_message": says}


Number = Annotated[
    Annotated[int, Field(ge=-(10**15), le=10**15)]
    | Annotated[
        str,
        Field(
            pattern=r"^-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,4})?$",
            description="a number as decimal text, without separators",
            examples=["9.7", "-0.25"],
        ),
    ],
    _Either(),
]


class Count(Fact, tag="count", frozen=True):
    """A number of things or days, or by how many there are more or fewer; `unit` says of what, and `basis` what is
    counted among them, or how.
    """

    number: Number
    unit: Line
    qualifier: Qualifier = "exactly"
    per: Per | None = None
    basis: Line | None = None

    @property
    def quantity(self) -> Quantity:
        unit, times = counted_in(self.unit)
        told = "count", unit, self.per or "", alike(self.basis or "")
        return Quantity(Decimal(self.number), told, self.qualifier, times=times)


class NotARange(Refused):
    """A range goes from a number to a higher one of the same kind and unit, both told without a qualifier."""


Measured = Annotated[Amount | Share | Rate | Count, Field(discriminator="type")]


class Range(Fact, tag="range", frozen=True):
    """Something from a `low` number to a `high` one, both included."""

    low: Measured
    high: Measured

    def check(self) -> Self:
        low, high = self.low.quantity, self.high.quantity
        if low.unit != high.unit or low.bounds >= high.bounds or {low.qualifier, high.qualifier} != {"exactly"}:
            raise NotARange(f"{low.number} to {high.number}", "high")
        return self

    @property
    def quantity(self) -> Quantity:
        low, high = self.low.quantity, self.high.quantity
        return Quantity(low.bounds[0], low.unit, high=high.bounds[1])


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
