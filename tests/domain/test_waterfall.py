from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import TooManyDecimals, UnknownCurrency
from domain.waterfall import (
    Cash,
    ContributionsUnknown,
    Fixing,
    FixingsOutOfOrder,
    Interest,
    Portion,
    RateUnknown,
    SharesDoNotAddUp,
    SharesToldTwice,
    Slice,
    Threshold,
    ThresholdUnknown,
    Tier,
    TiersOutOfOrder,
    Waterfall,
    apportioned,
    split,
)

DAY = date(2027, 1, 1)


def shares(**percents):
    return tuple(Portion(party=party, percent=percent) for party, percent in percents.items())


def half_then_ninety(amount, interest=None, currency="USD"):
    first = Tier(shares=shares(japan="50", us="50"), until=Threshold(name="deemed", amount=amount, interest=interest))
    return Waterfall(currency=currency, tiers=(first, Tier(shares=shares(japan="10", us="90")))).check()


def test_a_distribution_is_split_on_both_sides_of_a_threshold():
    found = split(half_then_ninety("100.01"), Cash(DAY, 10_002), [Cash(DAY, 5_000)])
    assert found == [
        Slice(0, 5_001, {"japan": 2_501, "us": 2_500}, Fraction(5_001)),
        Slice(1, 5_001, {"japan": 500, "us": 4_501}, None),
    ]


def test_all_cash_counts_towards_each_of_several_thresholds():
    tiers = (
        Tier(shares=shares(japan="100"), until=Threshold(name="one", amount="1")),
        Tier(shares=shares(us="100"), until=Threshold(name="two", amount="3")),
        Tier(shares=shares(japan="50", us="50")),
    )
    terms = Waterfall(currency="USD", tiers=tiers).check()
    assert [(one.tier, one.minor) for one in split(terms, Cash(DAY, 500))] == [(0, 100), (1, 200), (2, 200)]
    assert [(one.tier, one.minor) for one in split(terms, Cash(DAY, 500), [Cash(DAY, 250)])] == [(1, 50), (2, 450)]


@st.composite
def waterfalls(draw):
    count = draw(st.integers(1, 5))
    amounts = sorted(draw(st.sets(st.integers(1, 10**12), min_size=count - 1, max_size=count - 1)))
    tiers = []
    for number in range(count):
        cuts = sorted(draw(st.lists(st.integers(0, 10**6), min_size=1, max_size=4)))
        told = [b - a for a, b in zip([0, *cuts], [*cuts, 10**6], strict=True)]
        portions = tuple(
            Portion(party=f"p{place}", percent=f"{part // 10_000}.{part % 10_000:04}"[:9])
            for place, part in enumerate(told)
        )
        until = Threshold(name="-", amount=str(amounts[number])) if number < count - 1 else None
        tiers.append(Tier(shares=portions, until=until).check())
    return Waterfall(currency=draw(st.sampled_from(["USD", "JPY", "KWD"])), tiers=tuple(tiers)).check()


@given(waterfalls(), st.integers(0, 10**15), st.lists(st.integers(0, 10**14), max_size=3))
def test_parts_add_up_to_the_whole_for_any_waterfall_and_amount(terms, minor, earlier):
    found = split(terms, Cash(DAY, minor), [Cash(DAY, paid) for paid in earlier])
    assert sum(one.minor for one in found) == minor
    assert all(sum(one.parts.values()) == one.minor for one in found)
    assert all(part >= 0 for one in found for part in one.parts.values())


@given(st.integers(0, 10**15), st.lists(st.integers(0, 10**6), min_size=1, max_size=6).filter(any))
def test_no_part_is_a_whole_unit_away_from_its_quota(minor, weights):
    parts = apportioned(minor, weights)
    assert sum(parts) == minor
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Fraction(minor * weight, sum(weights))) < 1


def test_what_each_put_in_can_decide():
    terms = Waterfall(currency="USD", tiers=(Tier(by="contribution").check(),)).check()
    assert split(terms, Cash(DAY, 1_001), contributed={"japan": 9, "us": 1})[0].parts == {"japan": 901, "us": 100}
    with pytest.raises(ContributionsUnknown):
        split(terms, Cash(DAY, 1_000))


def test_interest_runs_on_what_is_owed_and_is_paid_first():
    interest = Interest(rate="sofr", since="2026-01-01", fixings=(Fixing(since="2026-01-01", percent="4"),), spread="1")
    terms = half_then_ninety("1000", interest.check())
    (first,) = split(terms, Cash(date(2026, 1, 1), 1))
    assert first.owed == 100_000
    (first,) = split(terms, Cash(DAY, 1))
    assert first.owed == 105_000
    paid = [Cash(DAY, 55_000)]
    (first,) = split(terms, Cash(date(2028, 1, 1), 1), paid)
    assert first.owed == 50_000 + 50_000 * Fraction(5, 100)
    later = split(terms, Cash(date(2030, 1, 1), 1), [*paid, Cash(date(2028, 1, 1), 52_500)])
    assert [one.tier for one in later] == [1]


def test_a_rate_changes_with_its_fixings_and_a_day_is_a_360th_where_that_is_told():
    fixings = (Fixing(since="2026-01-01", percent="3.6"), Fixing(since="2026-01-11", percent="7.2"))
    interest = Interest(rate="sofr", since="2026-01-01", fixings=fixings, day_count="actual/360").check()
    principal = Fraction(36_000)
    assert interest.accrued(principal, date(2026, 1, 1), date(2026, 1, 21)) == 36 + 72
    assert interest.accrued(principal, date(2026, 1, 6), date(2026, 1, 9)) == Fraction(108, 10)
    assert interest.accrued(principal, date(2026, 1, 6), date(2026, 1, 6)) == 0


def test_a_part_of_a_minor_unit_is_owed_exactly_and_settled_rounded():
    fixings = (Fixing(since="2026-01-01", percent="1"),)
    interest = Interest(rate="r", since="2026-01-01", fixings=fixings).check()
    terms = half_then_ninety("0.50", interest)
    first, *_ = split(terms, Cash(date(2026, 7, 1), 100))
    assert first.owed == 50 + 50 * Fraction(181, 36_500)
    assert first.minor == 50


def test_what_is_not_on_record_is_not_guessed():
    with pytest.raises(ThresholdUnknown):
        split(half_then_ninety(None), Cash(DAY, 1))
    unknown = Interest(rate="sofr", since="2026-01-01", fixings=(Fixing(since="2026-06-01", percent="4"),)).check()
    for interest in (Interest(rate="sofr", since="2026-01-01"), unknown):
        with pytest.raises(RateUnknown):
            split(half_then_ninety("1000", interest), Cash(DAY, 1))


@pytest.mark.parametrize(
    ("told", "refusal"),
    [
        (shares(japan="50", us="49.999999"), SharesDoNotAddUp),
        (shares(japan="60", us="50"), SharesDoNotAddUp),
        ((Portion(party="us", percent="50"), Portion(party="us", percent="50")), SharesDoNotAddUp),
        ((), SharesToldTwice),
    ],
)
def test_shares_that_do_not_add_up_are_refused(told, refusal):
    with pytest.raises(refusal):
        Tier(shares=told).check()
    with pytest.raises(SharesToldTwice):
        Tier(shares=shares(us="100"), by="contribution").check()


OPEN = Tier(shares=shares(us="100"))


def until(amount):
    return Tier(shares=shares(us="100"), until=Threshold(name="-", amount=amount))


@pytest.mark.parametrize(
    "tiers", [(OPEN, OPEN), (until("1"),), (until("2"), until("1"), OPEN), (until("2"), until("2"), OPEN)]
)
def test_tiers_out_of_order_are_refused(tiers):
    with pytest.raises(TiersOutOfOrder):
        Waterfall(currency="USD", tiers=tiers).check()


def test_an_unknown_currency_a_part_of_a_cent_and_fixings_out_of_order_are_refused():
    with pytest.raises(UnknownCurrency):
        Waterfall(currency="XXX", tiers=(OPEN,)).check()
    with pytest.raises(TooManyDecimals):
        half_then_ninety("0.001")
    fixings = (Fixing(since="2026-02-01", percent="4"), Fixing(since="2026-01-01", percent="3"))
    with pytest.raises(FixingsOutOfOrder):
        Interest(rate="sofr", since="2026-01-01", fixings=fixings).check()
