"""A rule for a day: a date, or so many days or months after something, on the calendars that are named."""

from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta
from functools import lru_cache
from typing import Annotated, Literal, Self

from pydantic import Field

from domain.fact import Fact
from domain.happening import Happening
from domain.moment import Moment
from domain.names import Names, PartyKey
from domain.refusal import Refused
from domain.text import Line

COUNT_MAX = 36_525
"""A hundred years of days."""
MONTHS_MAX = 1_200

CalendarName = Annotated[
    str,
    Names("calendar"),
    Field(
        pattern=r"^[A-Z0-9]{2,5}(-[A-Z0-9]{1,6})?$",
        description=(
            "whose days off count: a country by ISO 3166-1 (`JP`), with a part of it by ISO 3166-2 (`US-NY`), "
            "or an exchange or settlement system by its code (`XNYS`, `ECB`)"
        ),
        examples=["JP", "US", "XNYS"],
    ),
]
Works = Callable[[date], bool]
"""Whether a date is a business day."""


class RuleCountsFromNothing(Refused):
    """A rule says from what it counts: an `event` on record, a `start` that is told, or what it is `after` in words."""


class RuleCountsFromTwo(Refused):
    """A rule counts from an `event` on record, by a party where `by` says so, by each of `by_all` or by so many as
    `by_number` says, or from a `start` that is told.
    """


class RuleNeedsCalendar(Refused):
    """Business days, and the roll from a day that is none, are those of a calendar: name at least one."""


class DueForNobody(Refused):
    """The day of a deadline is no step that parties take: a rule counts from it without `by`, `by_all`, `by_number`."""


class RuleReachesTooFar(Refused):
    """A rule reaches a hundred years at most."""


class Rule(Fact, frozen=True):
    """`count` days or months after an event, before it where that is below 0; the day next to it is the first.

    An event that parties bring about counts `by` one of them, once the last of several has (`by_all`), or once so many
    different ones have, whoever they are (`by_number`). An agreement enters into force once; for who joins it later it
    does so `by` that party (Vienna Convention on the Law of Treaties, article 24).

    On several calendars a business day is one on all of them. What falls on a day that is none rolls to the
    `following` or `preceding` one, or to the following unless that lies in the next month
    (`modified-following`). `align` takes the first day of the month that is reached, before the roll. With the
    bound `not-before` it is the first day on which something can be, in place of the last.
    """

    count: Annotated[int, Field(ge=-COUNT_MAX, le=COUNT_MAX)]
    unit: Literal["calendar-days", "business-days", "months"]
    after: Line | None = None
    event: Happening | None = None
    by: PartyKey | None = None
    by_all: Annotated[tuple[PartyKey, ...], Field(max_length=300)] = ()
    by_number: Annotated[int, Field(ge=2, le=1000)] | None = None
    start: Moment | None = None
    calendars: Annotated[tuple[CalendarName, ...], Field(max_length=10)] = ()
    roll: Literal["none", "following", "preceding", "modified-following"] = "none"
    align: Literal["first-of-month"] | None = None
    bound: Literal["by", "not-before"] = "by"

    def check(self) -> Self:
        if not (self.after or self.event or self.start):
            raise RuleCountsFromNothing(f"{self.count} {self.unit}", "event")
        if self.event and self.start:
            raise RuleCountsFromTwo(self.start, "start")
        if self.by and (self.by_all or not self.event):
            raise RuleCountsFromTwo(self.by, "by")
        if self.by_all and not self.event:
            raise RuleCountsFromTwo(self.by_all[0], "by_all")
        if self.by_number and (self.by or self.by_all or not self.event):
            raise RuleCountsFromTwo(self.by_number, "by_number")
        if self.is_of_a_day and (self.by or self.by_all or self.by_number):
            raise DueForNobody(self.event or "", "by" if self.by else "by_all" if self.by_all else "by_number")
        if (self.unit == "business-days" or self.roll != "none") and not self.calendars:
            raise RuleNeedsCalendar(f"{self.count} {self.unit}", "calendars")
        if self.unit == "months" and abs(self.count) > MONTHS_MAX:
            raise RuleReachesTooFar(f"{self.count} months", "count")
        return self

    @property
    def is_of_a_day(self) -> bool:
        """Whether it counts from the day of a deadline, which is no step that anybody takes."""
        return bool(self.event and self.event.endswith("/due"))

    def day(self, start: date, works: Works) -> date:
        """The day that the rule names, counted from a day."""
        match self.unit:
            case "business-days":
                day = _business_days_after(start, self.count, works)
            case "months":
                day = _months_after(start, self.count)
            case _:
                day = start + timedelta(days=self.count)
        return _rolled(day.replace(day=1) if self.align else day, self.roll, works)


@lru_cache(maxsize=4096)
def _business_days_after(start: date, count: int, works: Works) -> date:
    """Also before, where the count is below 0."""
    day, step = start, timedelta(days=1 if count > 0 else -1)
    for _ in range(abs(count)):
        day += step
        while not works(day):
            day += step
    return day


def _months_after(start: date, count: int) -> date:
    """The same day of a later or an earlier month, or its last day where it has none such."""
    years, month = divmod(start.month - 1 + count, 12)
    year, month = start.year + years, month + 1
    return date(year, month, min(start.day, monthrange(year, month)[1]))


def _rolled(day: date, roll: str, works: Works) -> date:
    if roll == "none" or works(day):
        return day
    following = _business_days_after(day, 1, works)
    if roll == "following" or (roll == "modified-following" and following.month == day.month):
        return following
    while not works(day):
        day -= timedelta(days=1)
    return day
