import pytest
from pydantic import TypeAdapter, ValidationError

from domain.tariff import CodesOutOfOrder, CodesWithoutEdition, Goods, GoodsNameNothing, Tariff, covers, overlaps


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


@pytest.mark.parametrize("percent", ["-1", "1e3", "15,5", "NaN"])
def test_a_rate_is_not_below_zero(percent):
    with pytest.raises(ValidationError):
        TypeAdapter(Tariff).validate_python({"type": "tariff", "percent": percent, "basis": "mfn"})
