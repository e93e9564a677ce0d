"""A quantity: a number with its unit, and how sharply it was told."""

from decimal import Decimal
from typing import NamedTuple

_EVERYTHING = Decimal("Infinity")


class Quantity(NamedTuple):
    """A number, up to a `high` one where it is a range; `unit` holds all that has to be the same before two can be
    compared, of what kind it is first.
    """

    number: Decimal
    unit: tuple[str, ...]
    qualifier: str = "exactly"
    high: Decimal | None = None

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
        return self.number, self.number if self.high is None else self.high

    @property
    def rounded(self) -> tuple[Decimal, Decimal]:
        """What it can be if it was rounded to its last digit that is not zero."""
        exponent = int(self.number.normalize().as_tuple().exponent)
        half = Decimal(1).scaleb(exponent) / 2
        return self.number - half, self.number + half
