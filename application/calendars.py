"""Calendars: the business days of countries and markets, as the library `holidays` has them."""

from datetime import date
from functools import cache, lru_cache

import holidays

from domain.refusal import Refused
from domain.rule import Works


class CalendarEnds(Refused):
    """The calendar's days off are known for a span of years only."""


@cache
def calendar(name: str) -> holidays.HolidayBase | None:
    """The calendar of a country or a part of it, or else of a market; none where there is no such."""
    country, _, part = name.partition("-")
    for known in (holidays.country_holidays, holidays.financial_holidays):
        try:
            return known(country, subdiv=part or None)
        except NotImplementedError:
            continue
    return None


@lru_cache(maxsize=1024)
def business_days(names: tuple[str, ...]) -> Works:
    """Whether a date is a business day on all of some calendars; raises `Refused` where one does not reach."""

    def works(day: date) -> bool:
        return all(_works(name, day) for name in names)

    return works


def _works(name: str, day: date) -> bool:
    known = calendar(name)
    if known is None or not known.start_year <= day.year <= known.end_year:
        raise CalendarEnds(f"{name} in {day.year}")
    return known.is_working_day(day)
