import pytest
from pydantic import TypeAdapter, ValidationError

from domain.money import UnknownCurrency
from domain.tariff import (
    CodesOutOfOrder,
    CodesWithoutEdition,
    Goods,
    GoodsNameNothing,
    Specific,
    Tariff,
    covers,
    in_words,
    overlaps,
)


@pytest.mark.parametrize(
    ("told", "code", "all_of_it", "some_of_it"),
    [
        ("0201", "0201.30", True, True),
        ("0201", "0201", True, True),
        ("0201.30", "0201", False, True),
        ("01-24", "0201", True, True),
        ("01-24", "2402.20", True, True),
        ("01-24", "25", False, False),
        ("01-24", "24-25", False, True),
        ("01-24", "02-03", True, True),
        ("8703.21-8703.24", "8703.22.00.10", True, True),
        ("8703.21-8703.24", "8703", False, True),
        ("87", "8803", False, False),
    ],
)
def test_a_code_holds_all_below_it(told, code, all_of_it, some_of_it):
    assert (covers(told, code), overlaps(told, code)) == (all_of_it, some_of_it)


@pytest.mark.parametrize(
    ("told", "refusal"),
    [
        ({}, GoodsNameNothing),
        ({"codes": ("0201",)}, CodesWithoutEdition),
        ({"codes": ("24-01",), "edition": "2022"}, CodesOutOfOrder),
        ({"codes": ("01-0201",), "edition": "2022"}, CodesOutOfOrder),
    ],
)
def test_goods_that_mean_nothing_are_refused(told, refusal):
    with pytest.raises(refusal):
        Goods(**told).check()


def test_goods_have_a_name_or_codes():
    assert Goods(name="beef").check().name == "beef"
    assert Goods(codes=("0201", "01-24"), edition="2022").check().edition == "2022"


PER_KILO = Specific(amount="1.768", currency="EUR", per="kg")


@pytest.mark.parametrize(
    ("one", "other", "within", "the_other_way_round"),
    [
        (("5", ()), ("7.5", ()), True, False),
        (("5", ()), ("5.0", ()), True, True),
        (("5", (PER_KILO,)), ("7.5", ()), False, False),
        (("5", ()), ("5", (PER_KILO,)), True, False),
        (("0", (PER_KILO,)), ("12.8", (PER_KILO, PER_KILO)), True, False),
        (("0", (PER_KILO,)), ("0", (Specific(amount="9", currency="EUR", per="head"),)), False, False),
    ],
)
def test_what_is_more_depends_on_the_worth_of_goods_where_duties_are_specific(one, other, within, the_other_way_round):
    first, second = (Tariff(percent=told[0], basis="mfn", specific=told[1]).levy for told in (one, other))
    assert (first.is_within(second), second.is_within(first)) == (within, the_other_way_round)


def test_duties_of_one_unit_add_up():
    levy = Tariff(percent="12.8", basis="mfn", specific=(PER_KILO, PER_KILO)).levy
    assert in_words("12.8", levy.told) == "12.8 % + EUR 3.536 per kg"
    assert in_words("0", [PER_KILO]) == "EUR 1.768 per kg"
    assert in_words("0", []) == "0 %"


def test_a_specific_duty_has_a_currency_that_there_is():
    with pytest.raises(UnknownCurrency):
        Specific(amount="1", currency="XYZ", per="kg").check()
    assert PER_KILO.check() == PER_KILO


@pytest.mark.parametrize("percent", ["-1", "1e3", "15,5", "NaN"])
def test_a_rate_is_not_below_zero(percent):
    with pytest.raises(ValidationError):
        TypeAdapter(Tariff).validate_python({"type": "tariff", "percent": percent, "basis": "mfn"})
