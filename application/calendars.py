"""Calendars: the business days of countries and markets, as the library `holidays` has them."""

from datetime import date
from functools import cache, lru_cache

import holidays
from holidays.registry import COUNTRIES, FINANCIAL

from domain.refusal import Refused
from domain.rule import Works

CALENDARS_MAX = 128
"""How many are in memory, each with the days of the years that were asked of it."""


class CalendarEnds(Refused):
    """The calendar's days off are known for a span of years only."""


@lru_cache(maxsize=CALENDARS_MAX)
def calendar(name: str) -> holidays.HolidayBase | None:
    """The calendar of a country or a part of it, or else of a market; none where there is no such."""
    country, _, part = name.partition("-")
    if country not in _countries_and_markets():
        return None
    for known in (holidays.country_holidays, holidays.financial_holidays):
        try:
            return known(country, subdiv=part or None)
        except NotImplementedError:
            continue
    return None


@cache
def _countries_and_markets() -> frozenset[str]:
    """All their names. The library looks for them among others of its own, such as those of months."""
    return frozenset(name for known in (COUNTRIES, FINANCIAL) for names in known.values() for name in names)


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
