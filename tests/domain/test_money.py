import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from domain.moment import EndsBeforeItBegins
from domain.money import CURRENCIES, Money, PeriodWithoutPer, TooManyDecimals, UnknownCurrency, in_units, shifted

MONEY = TypeAdapter(Money)


def told(**fields):
    return MONEY.validate_json(json.dumps(fields), strict=True)


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("0", "USD", 0),
        ("1", "USD", 100),
        ("0.5", "USD", 50),
        ("0.05", "EUR", 5),
        ("550000000000", "JPY", 550000000000),
        ("1.234", "KWD", 1234),
        ("1", "KWD", 1000),
        ("1.2345", "CLF", 12345),
        ("999999999999999999.99", "USD", 99999999999999999999),
        ("999999999999999999.9999", "UYW", 9999999999999999999999),
    ],
)
def test_money_counts_whole_minor_units_of_its_currency(amount, currency, minor):
    money = told(amount=amount, currency=currency)
    assert (money.amount, money.currency, money.qualifier, money.per) == (amount, currency, "exactly", None)
    assert money.minor == minor


@pytest.mark.parametrize(
    ("amount", "currency"), [("1.5", "JPY"), ("1.0", "KRW"), ("1.234", "USD"), ("1.2345", "KWD"), ("0.000", "EUR")]
)
def test_more_decimals_than_the_minor_unit_are_refused(amount, currency):
    with pytest.raises(ValidationError) as refusal:
        told(amount=amount, currency=currency)
    rule = refusal.value.errors()[0]["ctx"]["error"]
    assert (type(rule), rule.field) == (TooManyDecimals, "amount")


@pytest.mark.parametrize(
    ("period", "rule", "field"),
    [
        ({"begins": "2025"}, PeriodWithoutPer, "per"),
        ({"until": "2025"}, PeriodWithoutPer, "per"),
        ({"per": "year", "begins": "2026", "until": "2025-12"}, EndsBeforeItBegins, "until"),
    ],
)
def test_a_period_is_of_an_amount_by_the_year_and_does_not_end_before_it_begins(period, rule, field):
    with pytest.raises(ValidationError) as refusal:
        told(amount="1", currency="USD", **period)
    found = refusal.value.errors()[0]["ctx"]["error"]
    assert (type(found), found.field) == (rule, field)
    money = told(amount="1", currency="USD", per="year", begins="2025", until="2025")
    assert (money.begins, money.until) == ("2025", "2025")


@pytest.mark.parametrize("currency", ["usd", "XXX", "DEM", "BTC", "US", "", "USD "])
def test_a_currency_that_is_no_active_code_is_refused(currency):
    with pytest.raises(ValidationError) as refusal:
        told(amount="1", currency=currency)
    rule = refusal.value.errors()[0]["ctx"]["error"]
    assert (type(rule), rule.field) == (UnknownCurrency, "currency")


@pytest.mark.parametrize(
    ("currency", "said"),
    [
        ("SDR", "SDR (that is XDR): "),
        ("Euro", "Euro (that is EUR): "),
        ("usd", "usd (that is USD): "),
        ("DEM", "DEM: "),
    ],
)
def test_the_code_that_is_meant_is_said_where_that_is_known(currency, said):
    with pytest.raises(ValidationError) as refusal:
        told(amount="1", currency=currency)
    assert str(refusal.value.errors()[0]["ctx"]["error"]).startswith(said)


@pytest.mark.parametrize("currency", sorted(CURRENCIES))
def test_one_unit_of_every_currency_comes_back_with_all_its_decimals(currency):
    money = told(amount="1", currency=currency)
    assert Decimal(in_units(money.minor, currency)) == 1
    assert Money(amount=in_units(money.minor, currency), currency=currency).check().minor == money.minor


@pytest.mark.parametrize(
    "amount",
    [
        "",
        "-1",
        "+1",
        "01",
        ".5",
        "1.",
        "1,000",
        "1e3",
        "1_000",
        "NaN",
        "Infinity",
        " 1",
        "1\n",
        "\u0661",
        "1" * 19,
        5,
        5.0,
    ],
)
def test_an_amount_that_is_not_plain_decimal_text_is_refused(amount):
    with pytest.raises(ValidationError):
        told(amount=amount, currency="USD")


@pytest.mark.parametrize("wrong", [{"qualifier": "roughly"}, {"per": "decade"}, {"note": "x"}, {"amount": None}])
def test_money_with_a_field_that_it_does_not_have_is_refused(wrong):
    with pytest.raises(ValidationError):
        told(**{"amount": "1", "currency": "USD", **wrong})


def test_money_keeps_the_qualifier_under_which_it_was_told():
    money = told(amount="550000000000", currency="USD", qualifier="up-to", per="year")
    assert (money.qualifier, money.per) == ("up-to", "year")


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (-5, "USD", "-0.05"),
        (0, "USD", "0.00"),
        (-100, "USD", "-1.00"),
        (123456, "USD", "1234.56"),
        (7, "JPY", "7"),
        (-7, "JPY", "-7"),
        (0, "JPY", "0"),
        (1, "KWD", "0.001"),
        (-1, "CLF", "-0.0001"),
        (10**24, "USD", "1" + "0" * 22 + ".00"),
    ],
)
def test_minor_units_are_written_with_all_the_decimals_of_the_currency(minor, currency, text):
    assert in_units(minor, currency) == text


@given(st.integers(0, 10**20 - 1), st.sampled_from(["USD", "EUR"]))
@settings(max_examples=50, deadline=None, database=None)
def test_no_cent_is_lost_between_text_and_minor_units(minor, currency):
    assert told(amount=in_units(minor, currency), currency=currency).minor == minor


@pytest.mark.parametrize(
    ("whole", "places", "text"),
    [(5, 2, "0.05"), (-5, 2, "-0.05"), (0, 2, "0.00"), (1234, 0, "1234"), (10**40 + 1, 3, "1" + "0" * 37 + ".001")],
)
def test_no_digit_is_lost_however_many_there_are(whole, places, text):
    assert shifted(whole, places) == text
