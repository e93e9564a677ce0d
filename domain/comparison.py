"""Whether two claimed values agree, are told in different scopes, or conflict."""

from decimal import Decimal
from functools import lru_cache
from typing import Literal, NamedTuple

from domain.moment import is_instant, may_be_later, reached, surely_before
from domain.money import in_units
from domain.text import words
from domain.value import Amount, Count, Rate, Share, Text, Value, When

Relation = Literal["agree", "scope", "conflict"]
_EVERYTHING = Decimal("Infinity")


class Quantity(NamedTuple):
    """A number with its unit, which holds all that has to be the same before two numbers can be compared."""

    number: Decimal
    unit: tuple[str, ...]
    qualifier: str = "exactly"

    @property
    def bounds(self) -> tuple[Decimal, Decimal]:
        """What it can be: `about` is good to half of its last digit that is not zero, 40 from 35 to 45."""
        match self.qualifier:
            case "about":
                return self.rounded
            case "up-to":
                return (Decimal(0) if self.number >= 0 else -_EVERYTHING), self.number
            case "at-least":
                return self.number, _EVERYTHING
        return self.number, self.number

    @property
    def rounded(self) -> tuple[Decimal, Decimal]:
        """What it can be if it was rounded to its last digit that is not zero."""
        exponent = int(self.number.normalize().as_tuple().exponent)
        half = Decimal(1).scaleb(exponent) / 2
        return self.number - half, self.number + half


def quantity(value: Value) -> Quantity | None:
    """The number in a value, if it has one."""
    match value:
        case Amount(money=money):
            number = Decimal(in_units(money.minor, money.currency))
            return Quantity(number, ("money", money.currency, money.per or ""), money.qualifier)
        case Count():
            return Quantity(Decimal(value.number), ("count", value.unit, value.per or ""), value.qualifier)
        case Share():
            return Quantity(Decimal(value.percent), ("share", value.to or ""), value.qualifier)
        case Rate():
            return Quantity(Decimal(value.percent), ("rate", value.basis or ""), value.qualifier)
    return None


@lru_cache(maxsize=4096)
def relation(one: Value, other: Value) -> Relation:
    """How two values on one subject stand to each other.

    Another currency, unit, basis or period is another scope, and so is a bound beside a number that it
    allows. Values of different kinds conflict, and so do words that are not the same words.
    """
    if one == other:
        return "agree"
    if type(one) is not type(other):
        return "conflict"
    if isinstance(one, Text) and isinstance(other, Text):
        return "agree" if words(one.text) == words(other.text) else "conflict"
    if isinstance(one, When) and isinstance(other, When):
        return "agree" if _may_be_one(one.date, other.date) else "conflict"
    first, second = quantity(one), quantity(other)
    if first is None or second is None:
        return "conflict"
    return _between(first, second)


def _between(one: Quantity, other: Quantity) -> Relation:
    if one.unit != other.unit:
        return "scope"
    bounding = {"up-to", "at-least"} & {one.qualifier, other.qualifier}
    if bounding and one.qualifier == other.qualifier:
        return "agree" if one.number == other.number else "conflict"
    if max(one.bounds[0], other.bounds[0]) > min(one.bounds[1], other.bounds[1]):
        return "conflict"
    return "scope" if bounding else "agree"


def _may_be_one(one: str, other: str) -> bool:
    """A date is that of an instant which falls on it somewhere: in Vienna it was the 24th, in Washington the 23rd."""
    if is_instant(one) != is_instant(other):
        day, told = (other, one) if is_instant(one) else (one, other)
        return reached(day, told) and may_be_later(day, told)
    return not surely_before(one, other) and not surely_before(other, one)
