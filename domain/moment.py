"""When: a year, a month, a date, or an instant with its offset, with the precision that was told.

`2025`, `2025-07`, `2025-07-22`, `2025-07-22T20:15-04:00`. A moment is kept as it was written.
"""

import re
from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Annotated

from pydantic import Field

from domain.refusal import Refused

_YEAR = r"(1[5-9]|2[0-9])[0-9]{2}"
_LEAP = r"(1[5-9]|2[0-9])(0[48]|[2468][048]|[13579][26])|(16|20|24|28)00"
_DAY = r"(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8])"
_DATE = rf"({_YEAR}-({_DAY})|({_LEAP})-02-29)"
_OFFSET = r"(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9]|[+-]14:00)"
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?"

INSTANT_PATTERN = rf"{_DATE}T{_TIME}{_OFFSET}"
MOMENT_PATTERN = rf"^({_YEAR}(-(0[1-9]|1[0-2]))?|{_DATE}|{INSTANT_PATTERN})$"

Moment = Annotated[
    str,
    Field(
        pattern=MOMENT_PATTERN,
        description="a year, month or date that exists, or an instant with its offset, between the years 1500 and 2999",
        examples=["2025-07", "2025-07-22", "2025-07-22T20:15-04:00"],
    ),
]
Period = Annotated[
    str,
    Field(
        pattern=rf"^({_YEAR}(-(0[1-9]|1[0-2]))?|{_DATE})$",
        description="a year, month or date that exists, taken whole",
        examples=["2025-07"],
    ),
]
Day = Annotated[str, Field(pattern=rf"^{_DATE}$", description="a date that exists", examples=["2025-07-22"])]

Asked = Annotated[
    str,
    Field(
        pattern=rf"^({_DATE}|{INSTANT_PATTERN})$",
        description="a date that exists, or an instant with its offset, between the years 1500 and 2999",
        examples=["2025-07-22", "2025-07-22T20:15-04:00"],
    ),
]
"""A time at which a state is asked for."""

_DAY_LENGTH = timedelta(days=1)
_FURTHEST_EAST = timedelta(hours=14)
_FURTHEST_WEST = timedelta(hours=-12)


def is_moment(text: str) -> bool:
    """Whether a text tells a moment."""
    return re.fullmatch(MOMENT_PATTERN, text) is not None


def is_instant(moment: str) -> bool:
    return "T" in moment


@lru_cache(maxsize=4096)
def instant(moment: str) -> datetime:
    """The instant that a moment with an offset names, in UTC."""
    return datetime.fromisoformat(moment).astimezone(UTC)


@lru_cache(maxsize=4096)
def order(moment: str) -> str:
    """A key that sorts moments: by the calendar date as it was written, then by the instant.

    A vague moment counts from its earliest, so `2025-07` sorts as `2025-07-01`, and a date before the
    instants of that date. Two instants on different written dates sort by those dates.
    """
    if is_instant(moment):
        return f"{moment[:10]}T{instant(moment).isoformat(timespec='microseconds')}"
    return (moment + "-01-01")[:10]


def first_date(moment: str) -> str:
    """The calendar date as it was written; of a vague moment the first."""
    return order(moment)[:10]


@lru_cache(maxsize=4096)
def earliest(moment: str) -> datetime:
    """The instant from which a moment counts: a date begins where the day begins first, 14 hours ahead of UTC."""
    if is_instant(moment):
        return instant(moment)
    return datetime.fromisoformat(first_date(moment)).replace(tzinfo=UTC) - _FURTHEST_EAST


def reached(moment: str, asked: str) -> bool:
    """Whether a moment has begun at an asked time: a date asks by written dates, an instant by instants."""
    if is_instant(asked):
        return earliest(moment) <= instant(asked)
    return first_date(moment) <= asked


@lru_cache(maxsize=4096)
def year_of(moment: str) -> str | None:
    """The calendar year of a moment; none for an instant near a new year, where that depends on the zone."""
    if not is_instant(moment):
        return moment[:4]
    first, last = (str((instant(moment) + zone).year) for zone in (_FURTHEST_WEST, _FURTHEST_EAST))
    return first if first == last else None


def may_be_later(moment: str, asked: str) -> bool:
    """Whether a moment that has begun at an asked time was told too vaguely to be sure of it."""
    if is_instant(moment):
        return False
    if not is_instant(asked):
        return last_date(moment).isoformat() > asked
    return datetime.combine(last_date(moment), time(), UTC) + _DAY_LENGTH - _FURTHEST_WEST > instant(asked)


def latest_date(now: datetime) -> str:
    """The calendar date where the day begins first."""
    return (now + _FURTHEST_EAST).date().isoformat()


def settled_date(asked: str) -> str:
    """A date all of which is past at an asked time, wherever it was written; for a date, that date itself.

    An offset can be written as far to the west as to the east.
    """
    if is_instant(asked):
        return (instant(asked) - _FURTHEST_EAST - _DAY_LENGTH).date().isoformat()
    return asked


def open_date(asked: str) -> str:
    """The last date that can have begun at an asked time."""
    return latest_date(instant(asked)) if is_instant(asked) else asked


@lru_cache(maxsize=4096)
def last_date(moment: str) -> date:
    """The calendar date as it was written; of a vague moment the last."""
    if is_instant(moment):
        return date.fromisoformat(moment[:10])
    year, *rest = map(int, moment.split("-"))
    month = rest[0] if rest else 12
    return date(year, month, rest[1] if len(rest) > 1 else monthrange(year, month)[1])


def is_vague(moment: str) -> bool:
    """Whether no more than a month or a year is told."""
    return len(moment) < len("2025-07-22")


def vaguely(date: str) -> tuple[str, str]:
    """The year and the month of a date: what is told as no more than that may be of that date or later."""
    return date[:4], date[:7]


def surely_before(one: str, other: str) -> bool:
    """Whether one moment lies before another as far as both were told: July is not before 22 July."""
    if is_instant(one) and is_instant(other):
        return instant(one) < instant(other)
    told = min(len(one), len(other), 10)
    return one[:told] < other[:told]


def date_before(one: str, other: str) -> bool:
    """Whether one moment surely lies before another by their dates alone.

    What is told at a table can be out within the hour, and the offsets of the two may differ.
    """
    return surely_before(one[:10], other[:10])


class EndsBeforeItBegins(Refused):
    """What ends does not end before it begins."""


def refuse_backwards(start: str, end: str | None, field: str) -> None:
    """Refuse an end that surely lies before its start; `field` is the path of the end."""
    if end is not None and surely_before(end, start):
        raise EndsBeforeItBegins(f"{start} to {end}", field)
