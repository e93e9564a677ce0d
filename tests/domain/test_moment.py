import json
from calendar import isleap
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from domain.moment import (
    EndsBeforeItBegins,
    Moment,
    Period,
    first_date,
    instant,
    is_instant,
    is_vague,
    last_date,
    may_be_later,
    open_date,
    order,
    reached,
    refuse_backwards,
    settled_date,
    surely_before,
    vaguely,
)

MOMENT = TypeAdapter(Moment)
OFFSETS = st.integers(-13 * 60 - 59, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
INSTANTS = st.datetimes(datetime(1500, 1, 2), datetime(2999, 12, 30), timezones=OFFSETS)


def told(value):
    return MOMENT.validate_json(json.dumps(value), strict=True)


def exists(value):
    try:
        return told(value) == value
    except ValidationError:
        return False


@pytest.mark.parametrize(
    "moment",
    [
        "1500",
        "2999",
        "2025-07",
        "2025-07-22",
        "2025-07-22T20:15Z",
        "2025-07-22T20:15-04:00",
        "2025-07-22T20:15:30+14:00",
        "2025-07-22T23:59:59.999999-13:59",
        "2024-02-29T00:00Z",
    ],
)
def test_a_moment_is_kept_as_it_was_told(moment):
    assert told(moment) == moment


@pytest.mark.parametrize(
    "moment",
    [
        "",
        "soon",
        "1499",
        "3000",
        "25",
        "02025",
        "2025-00",
        "2025-13",
        "2025-7",
        "2025-07-22 ",
        "2025-07-22\n",
        " 2025",
        "2025-W30",
        "2025-203",
        "20250722",
        "2025-07-22T20:15",
        "2025-07-22 20:15Z",
        "2025-07-22t20:15z",
        "2025-07-22T24:00Z",
        "2025-07-22T20:60Z",
        "2025-07-22T20:15:60Z",
        "2025-07-22T20Z",
        "2025-07-22T20:15:30.Z",
        "2025-07-22T20:15:30.1234567Z",
        "2025-07-22T20:15+14:01",
        "2025-07-22T20:15-14:01",
        "2025-07-22T20:15+15:00",
        "2025-07-22T20:15+09:60",
        "2025-07-22T20:15+0900",
        "2025-07-22T20:15+09",
        "2025-02-29T10:00Z",
        "2025-07T10:00Z",
        "\uff12\uff10\uff12\uff15",
        "\u0662\u0660\u0662\u0665",
        2025,
        None,
    ],
)
def test_what_is_no_moment_is_refused(moment):
    with pytest.raises(ValidationError):
        told(moment)


def test_the_29th_of_february_exists_in_leap_years_alone():
    years = range(1500, 3000)
    assert [year for year in years if exists(f"{year}-02-29")] == [year for year in years if isleap(year)]


@pytest.mark.parametrize("year", [1900, 2000, 2024, 2025])
def test_the_dates_that_can_be_told_are_the_dates_that_exist(year):
    calendar = {(date(year, 1, 1) + timedelta(days)).isoformat() for days in range(365 + isleap(year))}
    spelled = {f"{year}-{month:02}-{day:02}" for month in range(14) for day in range(33)}
    assert {day for day in spelled if exists(day)} == calendar


@pytest.mark.parametrize("period", ["1500", "2025-07", "2025-07-22", "2024-02-29", "2999-12-31"])
def test_a_period_is_a_year_a_month_or_a_date_that_exists(period):
    assert TypeAdapter(Period).validate_python(period, strict=True) == period


@pytest.mark.parametrize("other", ["1499", "2025-13", "2025-02-29", "2025-07-22T20:15Z", "2025-07-22\n", " 2025"])
def test_a_period_is_nothing_else(other):
    with pytest.raises(ValidationError):
        TypeAdapter(Period).validate_python(other, strict=True)


@given(INSTANTS)
@settings(max_examples=100, deadline=None, database=None)
def test_every_instant_with_an_offset_can_be_told_and_is_that_instant(moment):
    written = moment.isoformat()
    assert told(written) == written
    assert is_instant(written)
    assert instant(written) == moment
    assert instant(written).tzinfo is UTC


def test_what_is_no_instant_has_no_time():
    assert not any(map(is_instant, ["2025", "2025-07", "2025-07-22"]))


def test_moments_sort_by_the_written_date_then_by_the_instant_and_vague_ones_first():
    in_order = [
        "2024-12-31",
        "2025-07-21T23:59-10:00",
        "2025-07-22",
        "2025-07-22T08:00+09:00",
        "2025-07-22T01:00Z",
        "2025-07-22T01:00:00.5Z",
        "2025-07-22T00:30-04:00",
        "2025-07-23T00:30+14:00",
        "2025-08",
        "2025-08-02",
        "2026",
    ]
    shuffled = in_order[::-2] + in_order[-2::-2]
    assert sorted(shuffled, key=order) == in_order


@pytest.mark.parametrize(
    ("one", "same"),
    [
        ("2025", "2025-01"),
        ("2025", "2025-01-01"),
        ("2025-07", "2025-07-01"),
        ("2025-07-22T10:00Z", "2025-07-22T10:00:00+00:00"),
        ("2025-07-22T10:00Z", "2025-07-22T12:00:00.000+02:00"),
    ],
)
def test_moments_that_begin_together_sort_as_one(one, same):
    assert order(one) == order(same)


@given(INSTANTS, INSTANTS)
@settings(max_examples=100, deadline=None, database=None)
def test_instants_of_one_written_date_sort_as_they_followed_each_other(one, other):
    other = other.replace(year=one.year, month=one.month, day=one.day)
    assert (order(one.isoformat()) < order(other.isoformat())) == (one < other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2024", "2025"),
        ("2024", "2025-01-01"),
        ("2024-12-31", "2025"),
        ("2025-06", "2025-07-22"),
        ("2025-06-30", "2025-07"),
        ("2025-07-21", "2025-07-22T00:00Z"),
        ("2025-07-21T23:59Z", "2025-07-22"),
        ("2025-07-22T10:00Z", "2025-07-22T10:01Z"),
        ("2025-07-23T00:00+14:00", "2025-07-22T11:00Z"),
    ],
)
def test_what_lies_before_lies_surely_before_and_never_the_other_way(one, other):
    assert surely_before(one, other)
    assert not surely_before(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2025", "2025-07-22"),
        ("2025-07", "2025-07-22"),
        ("2025-07-22", "2025-07-22"),
        ("2025-07-22", "2025-07-22T10:00Z"),
        ("2025-07-22T10:00Z", "2025-07-22T06:00-04:00"),
    ],
)
def test_of_two_moments_that_may_be_one_neither_lies_surely_before(one, other):
    assert not surely_before(one, other)
    assert not surely_before(other, one)


NOON = "2025-07-22T12:00Z"


@pytest.mark.parametrize(
    ("moment", "has_begun"),
    [
        ("2025", True),
        ("2025-07", True),
        ("2025-08", False),
        ("2026", False),
        ("2025-07-22", True),
        ("2025-07-23", True),
        ("2025-07-24", False),
        ("2025-07-22T12:00Z", True),
        ("2025-07-22T12:00:00.000001Z", False),
        ("2025-07-23T02:00+14:00", True),
        ("2025-07-22T08:01-04:00", False),
    ],
)
def test_a_moment_is_reached_when_it_has_begun(moment, has_begun):
    assert reached(moment, NOON) is has_begun


def test_a_date_begins_where_the_day_begins_first():
    assert not reached("2025-07-23", "2025-07-22T09:59:59Z")
    assert reached("2025-07-23", "2025-07-22T10:00Z")


@pytest.mark.parametrize(
    ("moment", "asked", "has_begun"),
    [
        ("2025-07-22T20:15-04:00", "2025-07-22", True),
        ("2025-07-23T09:15+09:00", "2025-07-22", False),
        ("2025-07-22T20:15-04:00", "2025-07-23T00:15Z", True),
        ("2025-07-22T20:15-04:00", "2025-07-23T00:14:59Z", False),
        ("2025-07", "2025-07-01", True),
        ("2025-07", "2025-06-30", False),
    ],
)
def test_a_date_asks_by_written_dates_and_an_instant_by_instants(moment, asked, has_begun):
    assert reached(moment, asked) is has_begun


@pytest.mark.parametrize("date", ["2025-07-01", "2025-07-22", "2025-07-31"])
def test_a_date_is_one_of_those_of_its_month_and_its_year(date):
    assert all(is_vague(period) for period in vaguely(date))
    assert all(reached(period, date) and last_date(period).isoformat() >= date for period in vaguely(date))
    assert not is_vague(date)


@pytest.mark.parametrize(
    ("moment", "asked", "later"),
    [
        ("2025-07", "2025-07-10", True),
        ("2025-07", "2025-07-31", False),
        ("2025", "2025-12-30", True),
        ("2025-07-22", "2025-07-22", False),
        ("2025-07-22", "2025-07-23T11:59Z", True),
        ("2025-07-22", "2025-07-23T12:00Z", False),
        ("2025-07-22T10:00Z", "2025-07-22T10:00Z", False),
    ],
)
def test_what_was_told_too_vaguely_may_be_later(moment, asked, later):
    assert may_be_later(moment, asked) is later


SOME = ["2025", "2025-07", "2025-07-21", "2025-07-22", "2025-07-23", "2025-07-22T20:15-04:00", "2025-07-23T09:15+09:00",
        "2025-07-22T23:59-12:00", "2025-07-23T00:00+14:00", "2025-07-22T10:00Z", "2025-07-21T23:00-13:59"]  # fmt: skip


@given(st.sampled_from(SOME), st.sampled_from(SOME[2:]))
def test_what_is_settled_by_its_date_has_begun_and_what_has_begun_is_within_the_open_date(moment, asked):
    if first_date(moment) <= settled_date(asked):
        assert reached(moment, asked)
    if reached(moment, asked):
        assert first_date(moment) <= open_date(asked)


def test_an_end_that_surely_lies_before_its_start_is_refused_at_its_field():
    with pytest.raises(EndsBeforeItBegins) as refusal:
        refuse_backwards("2025-07-22", "2025-07-21", "ended")
    assert refusal.value.field == "ended"


@pytest.mark.parametrize("end", [None, "2025", "2025-07", "2025-07-22", "2025-07-23"])
def test_an_end_that_may_follow_its_start_is_admitted(end):
    assert refuse_backwards("2025-07-22", end, "ended") is None


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2028", "2028-12-31"),
        ("2028-02", "2028-02-29"),
        ("2028-02-03", "2028-02-03"),
        ("2028-02-03T23:00-05:00", "2028-02-03"),
    ],
)
def test_what_is_vague_ends_with_its_last_date(moment, day):
    assert last_date(moment).isoformat() == day
