import json

import pytest
from pydantic import TypeAdapter, ValidationError

from domain.money import Money
from domain.percent import Percent, UnsignedPercent
from domain.value import Amount, Answer, Count, NotARange, Range, Rate, Share, Status, Text, Told, When

TOLD = TypeAdapter(Told)


def told(**fields):
    return TOLD.validate_json(json.dumps(fields), strict=True)


def admits(adapter, value):
    try:
        return adapter.validate_json(json.dumps(value), strict=True) == value
    except ValidationError:
        return False


@pytest.mark.parametrize(
    ("fields", "value"),
    [
        ({"type": "text", "text": "Nine\nto one"}, Text(text="Nine\nto one")),
        (
            {"type": "money", "money": {"amount": "5", "currency": "USD", "qualifier": "about"}},
            Amount(money=Money(amount="5", currency="USD", qualifier="about")),
        ),
        ({"type": "share", "percent": "90", "to": "us"}, Share(percent="90", to="us")),
        ({"type": "rate", "percent": "27.5", "basis": "on top of MFN"}, Rate(percent="27.5", basis="on top of MFN")),
        ({"type": "count", "number": 100, "unit": "aircraft"}, Count(number=100, unit="aircraft")),
        ({"type": "count", "number": "-9.7", "unit": "x", "basis": "y"}, Count(number="-9.7", unit="x", basis="y")),
        ({"type": "date", "date": "2025-07"}, When(date="2025-07")),
        ({"type": "status", "status": "in-force"}, Status(status="in-force")),
        ({"type": "yes-no", "answer": False}, Answer(answer=False)),
    ],
)
def test_each_type_of_value_is_told_by_its_name(fields, value):
    assert told(**fields) == value


@pytest.mark.parametrize(
    "fields",
    [
        {"text": "no type"},
        {"type": "colour", "colour": "red"},
        {"type": "text"},
        {"type": "text", "text": "x", "status": "y"},
        {"type": "money", "money": "5 USD"},
        {"type": "count", "number": -(10**15) - 1, "unit": "days"},
        {"type": "count", "number": 10**15 + 1, "unit": "days"},
        {"type": "count", "number": 1.0, "unit": "days"},
        {"type": "count", "number": 9.7, "unit": "days"},
        {"type": "count", "number": "9,700", "unit": "days"},
        {"type": "count", "number": "9.70001", "unit": "days"},
        {"type": "count", "number": "1" * 19, "unit": "days"},
        {"type": "count", "number": "1e3", "unit": "days"},
        {"type": "count", "number": True, "unit": "days"},
        {"type": "count", "number": 1},
        {"type": "date", "date": "2025-02-29"},
        {"type": "status", "status": "In force"},
        {"type": "yes-no", "answer": "yes"},
        {"type": "yes-no", "answer": 1},
    ],
)
def test_a_value_that_is_not_of_its_type_is_refused(fields):
    with pytest.raises(ValidationError):
        told(**fields)


@pytest.mark.parametrize("number", [9.7, "nine", True, 10**16])
def test_what_a_number_can_be_is_said_in_one_sentence(number):
    with pytest.raises(ValidationError) as refused:
        told(type="count", number=number, unit="barrels")
    (fault,) = refused.value.errors()
    assert fault["loc"] == ("count", "number")
    assert 'decimal text, in quotes, such as "9.7"' in fault["msg"]


def test_a_value_inside_a_value_breaks_its_own_rules_too():
    with pytest.raises(ValidationError, match="an ISO 4217 code"):
        told(type="money", money={"amount": "5", "currency": "XXX"})


@pytest.mark.parametrize("percent", ["0", "0.5", "9", "10", "90.25", "99.999999", "100", "100.0", "100.000000"])
def test_a_share_lies_between_nothing_and_the_whole(percent):
    assert admits(TypeAdapter(Percent), percent)
    assert told(type="share", percent=percent).percent == percent


@pytest.mark.parametrize(
    "percent", ["100.000001", "100.1", "101", "110", "200", "1000", "-1", "00", "01", ".5", "5.", "5%", "1e1", "", 90]
)
def test_a_share_beyond_the_whole_or_not_in_plain_decimals_is_refused(percent):
    assert not admits(TypeAdapter(Percent), percent)


@pytest.mark.parametrize("percent", ["0", "27.5", "145", "999999.999999"])
def test_a_rate_can_exceed_the_whole(percent):
    assert admits(TypeAdapter(UnsignedPercent), percent)


@pytest.mark.parametrize("percent", ["--1", "-", "1000000", "1.0000001", ".5", "5.", "", 15])
def test_a_rate_below_nothing_or_not_in_plain_decimals_is_refused(percent):
    assert not admits(TypeAdapter(UnsignedPercent), percent)


@pytest.mark.parametrize(
    ("low", "high"),
    [
        (Share(percent="45"), Share(percent="40")),
        (Share(percent="40"), Share(percent="40.0")),
        (Share(percent="40"), Rate(percent="45")),
        (Count(number=1, unit="days"), Count(number=2, unit="months")),
        (Count(number=18, unit="months"), Count(number=1, unit="year")),
        (Count(number=1, unit="days", qualifier="about"), Count(number=2, unit="days")),
    ],
)
def test_a_range_goes_up_within_one_unit(low, high):
    with pytest.raises(NotARange):
        Range(low=low, high=high).check()
    assert Range(low=Share(percent="40"), high=Share(percent="45")).check().high == Share(percent="45")
