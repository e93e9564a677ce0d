from decimal import Decimal

import pytest

from domain.comparison import relation
from domain.money import Money
from domain.value import Amount, Answer, Count, Range, Rate, Share, Text, When, quantity


def dollars(amount, qualifier="exactly", **more):
    return Amount(money=Money(**({"amount": amount, "currency": "USD", "qualifier": qualifier} | more)))


def yearly(amount: str, **days: str) -> Amount:
    return Amount(money=Money(amount=amount, currency="USD", per="year", **days))


PART = Range(low=Share(percent="40", to="us"), high=Share(percent="45", to="us"))
PAIRS = [
    (dollars("550"), dollars("550.00"), "agree"),
    (dollars("550"), dollars("551"), "conflict"),
    (dollars("550"), dollars("550", currency="EUR"), "scope"),
    (dollars("550"), dollars("550", per="year"), "scope"),
    (Amount(money=dollars("35").money, basis="grant equivalent"), dollars("116"), "scope"),
    (dollars("550"), dollars("550", "up-to"), "scope"),
    (dollars("20"), dollars("550", "up-to"), "scope"),
    (dollars("551"), dollars("550", "up-to"), "conflict"),
    (dollars("550", "at-least"), dollars("549"), "conflict"),
    (dollars("550", "at-least"), dollars("600", "up-to"), "scope"),
    (dollars("550", "at-least"), dollars("500", "up-to"), "conflict"),
    (dollars("550", "up-to"), dollars("600", "up-to"), "conflict"),
    (dollars("40", "about"), dollars("43"), "agree"),
    (dollars("40", "about"), dollars("45"), "conflict"),
    (dollars("40", "about"), dollars("48", "about"), "conflict"),
    (dollars("40", "about"), dollars("44.4", "about"), "conflict"),
    (dollars("20", "about"), dollars("30", "about"), "conflict"),
    (dollars("160", "about"), dollars("170", "about"), "conflict"),
    (dollars("160", "about"), dollars("165"), "agree"),
    (yearly("5", begins="2025"), yearly("6", begins="2025-01-01"), "conflict"),
    (yearly("5", until="2027"), yearly("5", until="2027-12-31"), "agree"),
    (yearly("5", until="2027"), yearly("5", until="2028"), "scope"),
    (dollars("20", "about"), dollars("15"), "conflict"),
    (dollars("100", "about"), dollars("120", "about"), "conflict"),
    (dollars("100", "about"), dollars("108", "about"), "agree"),
    (Count(number=2, unit="weeks", qualifier="about"), Count(number=15, unit="days"), "agree"),
    (Count(number=2, unit="weeks", qualifier="about"), Count(number=16, unit="days"), "conflict"),
    (Rate(percent="-5", qualifier="about"), Rate(percent="-5.4"), "agree"),
    (Rate(percent="0", qualifier="about"), Rate(percent="0.3"), "agree"),
    (Count(number=45, unit="calendar days"), Count(number=45, unit="business days"), "scope"),
    (Count(number=45, unit="calendar days"), Count(number=60, unit="calendar days"), "conflict"),
    (
        Count(number="9.7", unit="million barrels", per="day"),
        Count(number=10, unit="Million  barrel", per="day"),
        "conflict",
    ),
    (Count(number=97, unit="barrels"), Count(number="97.0", unit="Barrel"), "agree"),
    (Count(number=4, unit="us"), Count(number=5, unit="u"), "scope"),
    (Count(number=9, unit="barrels", basis="Crude"), Count(number=10, unit="barrels", basis="crude"), "conflict"),
    (Count(number=9, unit="barrels", basis="crude"), Count(number=10, unit="barrels"), "scope"),
    (Count(number=99, unit="years"), Count(number=1188, unit="Months"), "agree"),
    (Count(number=99, unit="years"), Count(number=1189, unit="months"), "conflict"),
    (Count(number=2, unit="weeks"), Count(number=14, unit="days"), "agree"),
    (Count(number="1.5", unit="hours"), Count(number=90, unit="minutes"), "agree"),
    (Count(number=1, unit="month"), Count(number=30, unit="days"), "scope"),
    (Count(number=2, unit="years", qualifier="up-to"), Count(number=24, unit="months", qualifier="up-to"), "agree"),
    (Count(number=2, unit="years", qualifier="up-to"), Count(number=25, unit="months"), "conflict"),
    (
        Range(low=Count(number=18, unit="months"), high=Count(number=2, unit="years")),
        Count(number="1.75", unit="years"),
        "scope",
    ),
    (Count(number=-5, unit="seats"), Count(number=-3, unit="seats", qualifier="up-to"), "scope"),
    (Count(number=-2, unit="seats"), Count(number=-3, unit="seats", qualifier="up-to"), "conflict"),
    (Rate(percent="-0.25", basis="gdp"), Rate(percent="3.5", basis="GDP"), "conflict"),
    (Share(percent="90", to="us"), Share(percent="90.0", to="us"), "agree"),
    (Share(percent="90", to="us"), Share(percent="50", to="us"), "conflict"),
    (Share(percent="90", to="us"), Share(percent="10", to="japan"), "scope"),
    (Share(percent="100", to="us"), Share(percent="51", to="japan"), "conflict"),
    (Share(percent="60", to="us", qualifier="up-to"), Share(percent="51", to="japan"), "scope"),
    (Share(percent="100"), Share(percent="51", to="japan"), "scope"),
    (Rate(percent="15", basis="reciprocal"), Rate(percent="25", basis="section-232"), "scope"),
    (Rate(percent="15", basis="reciprocal"), Rate(percent="25", basis="reciprocal"), "conflict"),
    (Rate(percent="15", qualifier="up-to"), Rate(percent="10"), "scope"),
    (Rate(percent="15", qualifier="up-to"), Rate(percent="25"), "conflict"),
    (Rate(percent="15", qualifier="about"), Rate(percent="15.4"), "agree"),
    (Share(percent="5", to="us", qualifier="up-to"), Share(percent="5", to="us", qualifier="at-least"), "scope"),
    (PART, Share(percent="42", to="us"), "scope"),
    (PART, Share(percent="46", to="us"), "conflict"),
    (PART, Share(percent="42", to="japan"), "scope"),
    (PART, Rate(percent="42"), "conflict"),
    (PART, Range(low=Share(percent="40.0", to="us"), high=Share(percent="45.0", to="us")), "agree"),
    (PART, Range(low=Share(percent="45", to="us"), high=Share(percent="50", to="us")), "scope"),
    (PART, Range(low=Share(percent="46", to="us"), high=Share(percent="50", to="us")), "conflict"),
    (PART, Share(percent="45", to="us", qualifier="at-least"), "scope"),
    (PART, Text(text="forty"), "conflict"),
    (Text(text="Nine to one"), Text(text="nine, to ONE!"), "agree"),
    (Text(text="Nine to one"), Text(text="One to nine"), "words"),
    (Text(text="ninety"), Share(percent="90"), "conflict"),
    (When(date="2025-07"), When(date="2025-07-22"), "agree"),
    (When(date="2025-07-23"), When(date="2025-07-22"), "conflict"),
    (When(date="2013-11-23T20:54-05:00"), When(date="2013-11-24T02:54+01:00"), "agree"),
    (When(date="2013-11-23T20:54-05:00"), When(date="2013-11-23"), "agree"),
    (When(date="2013-11-24T02:54+01:00"), When(date="2013-11-23"), "agree"),
    (When(date="2013-11-23T20:54-05:00"), When(date="2013-11-24"), "agree"),
    (When(date="2013-11-23T20:54-05:00"), When(date="2013-11-25"), "conflict"),
    (When(date="2013-11-23T20:54-05:00"), When(date="2013-11-22"), "conflict"),
    (When(date="2013-11-23T20:54-05:00"), When(date="2013-11"), "agree"),
    (When(date="2013-11-23T20:54-05:00"), When(date="2013-11-23T20:55-05:00"), "conflict"),
    (Answer(answer=True), Answer(answer=False), "conflict"),
    (Answer(answer=True), Answer(answer=True), "agree"),
]


@pytest.mark.parametrize(("one", "other", "expected"), PAIRS)
def test_how_two_values_stand_to_each_other(one, other, expected):
    assert relation(one, other) == relation(other, one) == expected


@pytest.mark.parametrize(
    ("value", "bounds"),
    [
        (dollars("40", "about"), ("36", "44")),
        (dollars("1", "about"), ("0.9", "1.1")),
        (dollars("57.1", "about"), ("57.05", "57.15")),
        (dollars("42.5", "about"), ("42.45", "42.55")),
        (dollars("40", "up-to"), ("0", "40")),
        (dollars("40", "at-least"), ("40", "Infinity")),
        (Share(percent="12.5"), ("12.5", "12.5")),
    ],
)
def test_what_a_number_can_be(value, bounds):
    assert quantity(value).bounds == tuple(map(Decimal, bounds))


def test_words_and_dates_are_no_quantities():
    assert [quantity(value) for value in (Text(text="40"), When(date="2025"), Answer(answer=True))] == [None] * 3
