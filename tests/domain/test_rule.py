from datetime import date, timedelta
from typing import get_args

import holidays
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from application.calendars import CALENDARS_MAX, CalendarEnds, business_days, calendar
from domain.deadline import Deadline
from domain.happening import STEPS, Happening, parts_of, step_of
from domain.model import AGGREGATE_OF_EVENT
from domain.rule import (
    DueForNobody,
    Rule,
    RuleCountsFromNothing,
    RuleCountsFromTwo,
    RuleNeedsCalendar,
    RuleReachesTooFar,
)
from domain.vote import Outcome, Vote
from tests.scenario import a

CALENDARS = ("JP", "US", "US-NY", "GB", "DE", "FR", "KR", "CN", "SA", "XNYS")
DAYS = st.dates(date(2000, 1, 1), date(2049, 12, 31))


def on_weekdays(day: date) -> bool:
    return day.weekday() < 5


def rule(**told):
    return Rule(**{"count": 0, "unit": "calendar-days", "start": "2026-02-17", **told}).check()


@given(DAYS, st.integers(0, 60), st.lists(st.sampled_from(CALENDARS), min_size=1, max_size=3, unique=True))
@settings(max_examples=300, deadline=None)
def test_business_days_agree_with_a_naive_count(start, count, names):
    def closed(name, day):
        known = calendar(name)
        holiday = known.get(day) is not None  # before all else: only then its year is there
        weekend = {3, 4} if name == "SA" and day < date(2013, 6, 29) else known.weekend
        weekend = day.weekday() in weekend and day not in known.weekend_workdays
        return weekend or holiday

    day, left = start, count
    while left:
        day = day + timedelta(1)
        if not any(closed(name, day) for name in names):
            left -= 1
    found = rule(count=count, unit="business-days", calendars=tuple(names)).day(start, business_days(tuple(names)))
    assert found == day


@given(DAYS, st.integers(-60, -1))
def test_business_days_before_a_day_count_back_to_one(start, count):
    day = rule(count=count, unit="business-days", calendars=("US",)).day(start, on_weekdays)
    assert on_weekdays(day)
    assert sum(on_weekdays(day + timedelta(n)) for n in range((start - day).days)) == -count


@pytest.mark.parametrize(
    ("names", "day"), [(["US"], "2026-04-21"), (["JP"], "2026-04-23"), (["JP", "US"], "2026-04-23")]
)
def test_45_business_days_after_the_selection_of_the_first_batch(names, day):
    told = rule(count=45, unit="business-days", calendars=tuple(names))
    assert told.day(date(2026, 2, 17), business_days(tuple(names))).isoformat() == day


def test_a_calendar_does_not_answer_for_years_that_it_does_not_know():
    assert isinstance(calendar("JP"), holidays.HolidayBase)
    assert calendar("XX") is None
    with pytest.raises(CalendarEnds, match="JP in 1900"):
        business_days(("JP",))(date(1900, 1, 1))
    with pytest.raises(CalendarEnds, match="japan in 2026"):
        business_days(("japan",))(date(2026, 1, 1))


def test_every_country_and_market_has_a_calendar_and_no_other_name_of_the_library_has():
    known = {**holidays.list_supported_countries(), **holidays.list_supported_financial()}
    others = {name for name in dir(holidays) if len(name) <= 5 and name.isupper()} - known.keys() - {"SIFMA"}
    assert {"JAN", "MON", "DEC", "BANK", "ROMA"} <= others
    parts = [f"{name}-{part}" for name in ("US", "USA", "GB", "UK", "DE") for part in known[name]]
    assert not [name for name in (*known, *parts, "SIFMA") if calendar(name) is None]
    assert not [name for name in (*others, "US-XX", "XNYS-NY", "JAN-NY", "") if calendar(name) is not None]
    assert calendar.cache_info().currsize == CALENDARS_MAX


@pytest.mark.parametrize(
    ("start", "months", "day"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2028-01-31", 1, "2028-02-29"),
        ("2026-11-30", 3, "2027-02-28"),
        ("2026-12-15", 12, "2027-12-15"),
        ("2026-05-05", 0, "2026-05-05"),
    ],
)
def test_months_end_on_the_same_day_or_the_last(start, months, day):
    assert rule(count=months, unit="months").day(date.fromisoformat(start), on_weekdays).isoformat() == day


@pytest.mark.parametrize(
    ("roll", "day"),
    [
        ("none", "2026-01-31"),
        ("following", "2026-02-02"),
        ("preceding", "2026-01-30"),
        ("modified-following", "2026-01-30"),
    ],
)
def test_what_falls_on_a_closed_day_rolls(roll, day):
    told = rule(count=30, roll=roll, calendars=("US",))
    assert told.day(date(2026, 1, 1), on_weekdays).isoformat() == day
    assert told.day(date(2026, 1, 2), lambda _: True) == date(2026, 2, 1)


def test_modified_following_stays_in_the_month_where_it_can():
    told = rule(count=9, roll="modified-following", calendars=("US",))
    assert told.day(date(2026, 1, 1), on_weekdays) == date(2026, 1, 12)


def test_the_first_of_the_month_can_lie_before_the_event():
    assert rule(align="first-of-month").day(date(2025, 8, 28), on_weekdays) == date(2025, 8, 1)


@pytest.mark.parametrize(
    ("told", "refusal"),
    [
        ({"start": None}, RuleCountsFromNothing),
        ({"event": "tranche/a/selected"}, RuleCountsFromTwo),
        ({"by": "north"}, RuleCountsFromTwo),
        ({"by_number": 2}, RuleCountsFromTwo),
        ({"start": None, "event": "deadline/a/due", "by": "north"}, DueForNobody),
        ({"start": None, "event": "deadline/a/due", "by_all": ("north",)}, DueForNobody),
        ({"start": None, "event": "deadline/a/due", "by_number": 2}, DueForNobody),
        ({"start": None, "event": "issue/a/settled", "by_number": 2, "by": "north"}, RuleCountsFromTwo),
        ({"start": None, "event": "issue/a/settled", "by_number": 2, "by_all": ("north",)}, RuleCountsFromTwo),
        ({"unit": "business-days"}, RuleNeedsCalendar),
        ({"roll": "following"}, RuleNeedsCalendar),
        ({"unit": "months", "count": 1201}, RuleReachesTooFar),
    ],
)
def test_a_rule_that_cannot_be_counted_is_refused(told, refusal):
    with pytest.raises(refusal):
        rule(**told)


def test_every_step_of_the_model_can_be_waited_for():
    left_out = {"negotiation", "claim", "finding", "source", "erasure"}
    outcomes = {"Deadline.OutcomeRecorded": ("due", "met", "met-late", "waived", "lapsed", "overtaken")}
    outcomes["Vote.Held"] = get_args(Outcome)
    for event, aggregate in AGGREGATE_OF_EVENT.items():
        if aggregate.KIND not in left_out and event.TOPIC not in outcomes:
            assert step_of(event) in STEPS[aggregate.KIND]
    told = sum(map(len, STEPS.values()))
    events = [event for event, aggregate in AGGREGATE_OF_EVENT.items() if aggregate.KIND not in left_out]
    assert told == len(events) - len(outcomes) + sum(map(len, outcomes.values()))


@pytest.mark.parametrize(
    ("told", "parts"),
    [
        ("tranche/first/selected", ("tranche", "first", "selected")),
        ("provision/mou/split/added", ("provision", "mou/split", "added")),
        ("agreement/mou/entered-into-force", ("agreement", "mou", "entered-into-force")),
    ],
)
def test_a_happening_names_a_thing_and_a_step(told, parts):
    assert TypeAdapter(Happening).validate_python(told) == told
    assert parts_of(told) == parts


@pytest.mark.parametrize(
    "told", ["tranche/first/signed", "agreement/mou", "moon/full/rises", "provision/mou/added", "tranche/A/selected"]
)
def test_what_cannot_happen_is_refused(told):
    with pytest.raises(ValidationError):
        TypeAdapter(Happening).validate_python(told)


def test_the_outcome_of_a_deadline_or_a_vote_is_its_step():
    assert step_of(a(Deadline.OutcomeRecorded, "2026-01-01", outcome="lapsed")) == "lapsed"
    assert step_of(a(Vote.Held, "2026-01-01", body="Senate", outcome="carried")) == "carried"
