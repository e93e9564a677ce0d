"""A quantity: a number with its unit, and how sharply it was told."""

from decimal import Decimal
from typing import NamedTuple

_EVERYTHING = Decimal("Infinity")


class Quantity(NamedTuple):
    """A number, up to a `high` one where it is a range; `unit` holds all that has to be the same before two can be
    compared, of what kind it is first. The number is told of something that is as many `times` the unit.
    """

    number: Decimal
    unit: tuple[str, ...]
    qualifier: str = "exactly"
    high: Decimal | None = None
    times: int = 1

    @property
    def bounds(self) -> tuple[Decimal, Decimal]:
        """What it can be, in its unit: 2 years from 24 to 24 months."""
        if self.times == 1:
            return self._told
        low, high = self._told
        return low * self.times, high * self.times

    @property
    def _told(self) -> tuple[Decimal, Decimal]:
        match self.qualifier:
            case "about":
                return about(self.number)
            case "up-to":
                return (Decimal(0) if self.number >= 0 else -_EVERYTHING), self.number
            case "at-least":
                return self.number, _EVERYTHING
        return self.number, self.number if self.high is None else self.high


def about(number: Decimal) -> tuple[Decimal, Decimal]:
    """What can be meant by about a number: it is good to half of its last digit that is not zero, 57.1 from 57.05 to
    57.15, and never to more than a tenth of it either way, 20 from 18 to 22.
    """
    exponent = int(number.normalize().as_tuple().exponent)
    half = Decimal(1).scaleb(exponent) / 2
    either_way = min(half, abs(number) / 10) if number else half
    return number - either_way, number + either_way


_PARTS = {"year": ("month", 12), "week": ("day", 7), "hour": ("minute", 60)}
"""Durations that are always as many of a shorter one. A month is not always as many days."""


def alike(words: str) -> str:
    """A unit or a basis in the one form of all those that are the same: without case, and each word without the s at
    its end, as of a plural.
    """
    return " ".join(word[:-1] if word[-1] == "s" and len(word) > 2 else word for word in words.casefold().split())


def counted_in(unit: str) -> tuple[str, int]:
    """In which unit a number of something is compared, and how many of that one of it is: a year is 12 months."""
    return _PARTS.get(alike(unit), (alike(unit), 1))
