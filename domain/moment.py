"""When: a year, a month, a date, or an instant with its offset, with the precision that was told.

`2025`, `2025-07`, `2025-07-22`, `2025-07-22T20:15-04:00`. A moment is kept as it was written.
"""

from datetime import UTC, datetime
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


def is_instant(moment: str) -> bool:
    return "T" in moment


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


def reached(moment: str, now: datetime) -> bool:
    """Whether a moment has begun at an instant: a date begins with that date in UTC."""
    if is_instant(moment):
        return instant(moment) <= now
    return order(moment) <= now.astimezone(UTC).date().isoformat()


def surely_before(one: str, other: str) -> bool:
    """Whether one moment lies before another as far as both were told: July is not before 22 July."""
    if is_instant(one) and is_instant(other):
        return instant(one) < instant(other)
    told = min(len(one), len(other), 10)
    return one[:told] < other[:told]


class EndsBeforeItBegins(Refused):
    """What ends does not end before it begins."""


def refuse_backwards(start: str, end: str | None, field: str) -> None:
    """Refuse an end that surely lies before its start; `field` is the path of the end."""
    if end is not None and surely_before(end, start):
        raise EndsBeforeItBegins(f"{start} to {end}", field)
