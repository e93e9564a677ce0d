"""Whether two claimed values agree, are told in different scopes or in other words, or conflict."""

from functools import lru_cache
from typing import Literal

from domain.moment import is_instant, may_be_later, reached, surely_before
from domain.quantity import Quantity
from domain.text import words
from domain.value import Text, Value, When, quantity

WHOLE = 100
"""All of something, in percent."""
Relation = Literal["agree", "scope", "words", "conflict"]


@lru_cache(maxsize=4096)
def relation(one: Value, other: Value) -> Relation:
    """How two values on one subject stand to each other.

    Another currency, unit, basis or period is another scope, and so is a bound or a range beside a number that it
    allows; but of one whole, two cannot have more than all together. Years and months are one unit, and so are weeks
    and days, or hours and minutes. Values of different kinds conflict; of two texts
    in other words only a reader can say whether they do.
    """
    if one == other:
        return "agree"
    if isinstance(one, Text) and isinstance(other, Text):
        return "agree" if _words(one.text) == _words(other.text) else "words"
    first, second = quantity(one), quantity(other)
    if first and second:
        return _between(first, second)
    if isinstance(one, When) and isinstance(other, When):
        return "agree" if _may_be_one(one.date, other.date) else "conflict"
    return "conflict"


@lru_cache(maxsize=4096)
def _words(text: str) -> list[str]:
    return words(text)


def _between(one: Quantity, other: Quantity) -> Relation:
    if one.unit[0] != other.unit[0]:
        return "conflict"
    if one.unit != other.unit:
        kind, *to = one.unit
        together = one.bounds[0] + other.bounds[0]
        return "conflict" if kind == "share" and all((*to, *other.unit[1:])) and together > WHOLE else "scope"
    bounding = {"up-to", "at-least"} & {one.qualifier, other.qualifier}
    if bounding and one.qualifier == other.qualifier:
        return "agree" if one.bounds == other.bounds else "conflict"
    low, high = max(one.bounds[0], other.bounds[0]), min(one.bounds[1], other.bounds[1])
    # What two rounded numbers only touch was rounded to one of them.
    if low > high or (low == high and {one.qualifier, other.qualifier} == {"about"}):
        return "conflict"
    ranges = (one.high, other.high) != (None, None) and one.bounds != other.bounds
    return "scope" if bounding or ranges else "agree"


def _may_be_one(one: str, other: str) -> bool:
    """A date is that of an instant which falls on it somewhere: in Vienna it was the 24th, in Washington the 23rd."""
    if is_instant(one) != is_instant(other):
        day, told = (other, one) if is_instant(one) else (one, other)
        return reached(day, told) and may_be_later(day, told)
    return not surely_before(one, other) and not surely_before(other, one)
