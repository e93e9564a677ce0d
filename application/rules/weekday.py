import re
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from functools import cache
from typing import NamedTuple

from babel import Locale

from application.flag import Observation, Rule
from domain.claim import Claim
from domain.event import DomainEvent
from domain.moment import first_date
from domain.value import Text, When

LANGUAGES = ("en", "ja", "ko", "zh", "de", "fr", "es", "it", "pt")
"""The languages whose names of weekdays are known (CLDR)."""


_NEAR = timedelta(days=200)
"""How far from the record a date lies whose year is left out: a little more than half a year."""


_NUMBER = re.compile(r"\d")


class Names(NamedTuple):
    """The names of the weekdays (Monday 0) and months (January 1), and patterns that find them in a text.

    Short names of weekdays count in brackets alone: elsewhere they can be other words.
    """

    weekdays: dict[str, int]
    months: dict[str, int]
    weekday: re.Pattern[str]
    day: re.Pattern[str]


@cache
def _names() -> Names:
    locales = [Locale(language) for language in LANGUAGES]
    weekdays = {name.casefold(): n for locale in locales for n, name in locale.days["format"]["wide"].items()}
    short = {name.casefold(): n for locale in locales for n, name in locale.days["format"]["abbreviated"].items()}
    alone = rf"(?<=[(\uff08])(?:{_any(short)})(?=[)\uff09])"
    months = {name.casefold(): n for locale in locales for n, name in locale.months["format"]["wide"].items()}
    month = _any(months)
    day = (
        rf"(?P<m1>{month})\s*(?P<d1>\d{{1,2}})(?!\d)(?:\w\w)?,?(?:\s+(?P<y1>\d{{4}}))?"
        rf"|(?<!\d)(?P<d2>\d{{1,2}})(?:st|nd|rd|th|\.|º)?\s+(?:of\s+|de\s+)?(?P<m2>{month}),?(?:\s+(?P<y2>\d{{4}}))?"
        r"|(?<!\d)(?P<d3>\d{1,2})(?:st|nd|rd|th|日|일|º)"
    )
    return Names(short | weekdays, months, re.compile(rf"{_any(weekdays)}|{alone}"), re.compile(day))


def _any(names: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, names), key=len, reverse=True))


def _sees(event: DomainEvent) -> Iterator[Observation]:
    wrong = next(filter(None, (_mismatch(text, event) for text in _texts(event))), None)
    if wrong:
        yield Observation(str(event.envelope.id), wrong)


def _texts(event: DomainEvent) -> Iterator[str]:
    """What is told in somebody's words."""
    if isinstance(event, Claim.Made):
        if event.quotation:
            yield event.quotation
        if isinstance(event.value, Text):
            yield event.value.text
    yield from (evidence.quotation for evidence in event.envelope.evidence if evidence.quotation)


def _mismatch(text: str, event: DomainEvent) -> str | None:
    """What does not fit, in words. Where it is not said which date is meant, nothing is found."""
    if not _NUMBER.search(text) and not (isinstance(event, Claim.Made) and isinstance(event.value, When)):
        return None  # most texts: to look for the names of all weekdays takes longer than all else about a record
    named = _names().weekday.search(text.casefold())
    dates = list(_dates(text.casefold(), event)) if named else []
    if not named or not dates or any(day.weekday() == _names().weekdays[named.group()] for day in dates):
        return None
    weekday = Locale("en").days["format"]["wide"][dates[0].weekday()]
    return f"“{text}”: {dates[0].isoformat()} is a {weekday}"


def _dates(text: str, event: DomainEvent) -> Iterator[date]:
    """The dates that may be meant: the one that is claimed; else the day in the text, in a month or year near by."""
    if isinstance(event, Claim.Made) and isinstance(event.value, When):
        if len(event.value.date) >= len("2026-02-14"):
            yield date.fromisoformat(event.value.date[:10])
        return
    found = _names().day.search(text)
    if not found:
        return
    told = date.fromisoformat(first_date(event.envelope.occurred))
    day = int(found["d1"] or found["d2"] or found["d3"])
    if month := found["m1"] or found["m2"]:
        year = found["y1"] or found["y2"]
        for number in [int(year)] if year else (told.year, told.year + 1, told.year - 1):
            dates = _date(number, _names().months[month], day)
            yield from (near for near in dates if year or abs(near - told) <= _NEAR)
    else:
        for months in (0, 1, -1):
            number, rest = divmod(told.year * 12 + told.month - 1 + months, 12)
            yield from _date(number, rest + 1, day)


def _date(year: int, month: int, day: int) -> Iterator[date]:
    try:
        yield date(year, month, day)
    except ValueError:
        return


RULE = Rule(
    name="weekday",
    says="A weekday is named that does not fit the date.",
    severity="warning",
    source="the Gregorian calendar; names of weekdays from the Unicode CLDR",
    sees=_sees,
)
