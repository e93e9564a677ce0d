"""A cap: how much money can be asked for, chosen or paid at most, in all or in any calendar year."""

from typing import Annotated, Literal, Self

from pydantic import Field

from domain.fact import Fact
from domain.money import Money
from domain.names import Names, TrancheKey
from domain.refusal import Refused

ZoneName = Annotated[
    str,
    Names("zone"),
    Field(
        pattern=r"^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}$",
        max_length=60,
        description="a time zone of the IANA database, in which a calendar year begins and ends",
        examples=["America/New_York"],
    ),
]


class CapByTheYear(Refused):
    """A cap is on an amount in all, or by the calendar year."""


class CapHasNoPeriod(Refused):
    """A cap holds as long as its provision does: tell when that begins, and its sunset."""


class Cap(Fact, tag="cap", frozen=True):
    """At most `amount`, by the calendar year where it is `per` year: of what is called, selected and so on.

    It is about a tranche with all its parts, or about all tranches.
    """

    amount: Money
    on: Literal["called", "selected", "contracted", "drawn"]
    zone: ZoneName = "UTC"
    tranche: TrancheKey | None = None

    def check(self) -> Self:
        if self.amount.per not in (None, "year"):
            raise CapByTheYear(self.amount.per, "amount.per")
        if period := self.amount.begins or self.amount.until:
            raise CapHasNoPeriod(period, "amount.begins" if self.amount.begins else "amount.until")
        return self
