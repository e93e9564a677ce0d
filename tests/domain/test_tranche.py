import pytest

from domain.money import Money
from domain.refusal import Unknown
from domain.tranche import (
    PartOfItself,
    PriorMoneyDoesNotFit,
    PriorMoneyNotIncluded,
    Tranche,
    TrancheAlreadyCancelled,
    TrancheAlreadyCompleted,
    TrancheAlreadyRejected,
    TrancheAlreadySelected,
)
from tests.scenario import KEY, a, called, given

AMOUNT = Money(amount="33300000000", currency="USD")
FIRST = [Tranche.InterestRegistered, Tranche.Pledged, Tranche.Proposed, Tranche.Selected]
ONCE = [
    (Tranche.Selected, TrancheAlreadySelected),
    (Tranche.Rejected, TrancheAlreadyRejected),
    (Tranche.Completed, TrancheAlreadyCompleted),
    (Tranche.Cancelled, TrancheAlreadyCancelled),
]
PROPOSED = a(Tranche.Proposed, "2025-10-01", title="Gas power", amount=AMOUNT)


@pytest.mark.parametrize(
    ("step", "status"), list(zip(FIRST, ["interest", "pledged", "proposed", "selected"], strict=True)), ids=called
)
def test_a_tranche_becomes_known_on_any_of_the_first_rungs(step, status):
    assert given(Tranche).when(a(step, "2025-10-01", part_of="whole")).then().status == status


@pytest.mark.parametrize("step", FIRST, ids=called)
def test_a_tranche_is_not_part_of_itself(step):
    given(Tranche).when(a(step, "2025-10-01", part_of=KEY)).refused(PartOfItself, "part_of")


@pytest.mark.parametrize(
    ("event", "status"),
    [
        (a(Tranche.Consulted, "2026", parties=("japan", "us")), "proposed"),
        (a(Tranche.Rejected, "2026"), "rejected"),
        (a(Tranche.Contracted, "2026", amount=AMOUNT), "contracted"),
        (a(Tranche.CapitalCalled, "2026", amount=AMOUNT, due="2026-03"), "proposed"),
        (a(Tranche.Drawn, "2026", amount=AMOUNT), "drawn"),
        (a(Tranche.CallMissed, "2026"), "proposed"),
        (a(Tranche.Distributed, "2026", amount=AMOUNT, to="us"), "proposed"),
        (a(Tranche.Returned, "2026", amount=AMOUNT, rung="drawn"), "proposed"),
        (a(Tranche.Resized, "2026", rung="selected", amount=AMOUNT), "proposed"),
        (a(Tranche.Completed, "2026"), "completed"),
        (a(Tranche.Cancelled, "2026"), "cancelled"),
    ],
    ids=called,
)
def test_a_later_step_can_skip_rungs_but_not_be_the_first(event, status):
    given(Tranche).when(event).refused(Unknown, "tranche")
    assert given(Tranche, PROPOSED).when(event).then().status == status


@pytest.mark.parametrize(("step", "rule"), ONCE, ids=called)
def test_a_tranche_does_not_come_to_stand_where_it_stands(step, rule):
    given(Tranche, PROPOSED, a(step, "2025-11-01")).when(a(step, "2025-11-02")).refused(rule, "tranche")


@pytest.mark.parametrize(("step", "rule"), ONCE, ids=called)
def test_a_tranche_that_is_proposed_anew_can_come_to_stand_there_again(step, rule):
    anew = a(Tranche.Proposed, "2025-11-02")
    given(Tranche, PROPOSED, a(step, "2025-11-01"), anew).when(a(step, "2025-11-03")).then()


@pytest.mark.parametrize(("step", "rule"), ONCE, ids=called)
def test_a_step_recorded_late_is_admitted_before_a_recorded_one(step, rule):
    given(Tranche, PROPOSED, a(step, "2025-11-01")).when(a(step, "2025-10-15")).then()


def test_a_step_recorded_late_leaves_later_ones_standing():
    drawn = a(Tranche.Drawn, "2026-03", amount=AMOUNT)
    contracted = a(Tranche.Contracted, "2026-02", amount=AMOUNT)
    assert given(Tranche, PROPOSED, drawn).when(contracted).then().status == "drawn"


def test_first_steps_can_be_told_of_a_known_tranche():
    interest = a(Tranche.InterestRegistered, "2025-12")
    assert given(Tranche, PROPOSED).when(interest).then().status == "interest"


@pytest.mark.parametrize(
    ("told", "refusal", "field"),
    [
        ({"includes": (KEY,), "includes_prior": True}, PartOfItself, "includes"),
        ({"includes": ("other",)}, PriorMoneyNotIncluded, "includes_prior"),
        ({"prior": AMOUNT, "amount": AMOUNT, "includes_prior": False}, PriorMoneyNotIncluded, "includes_prior"),
        ({"prior": AMOUNT, "includes_prior": True}, PriorMoneyDoesNotFit, "prior"),
        ({"prior": AMOUNT, "amount": Money(amount="1", currency="USD"), "includes_prior": True}, PriorMoneyDoesNotFit, "prior"),
        ({"prior": AMOUNT, "amount": Money(amount="1", currency="JPY"), "includes_prior": True}, PriorMoneyDoesNotFit, "prior"),
    ],
)  # fmt: skip
def test_earlier_money_is_within_the_amount_that_includes_it(told, refusal, field):
    given(Tranche).when(a(Tranche.Pledged, "2025-10-01", **told)).refused(refusal, field)


def test_an_amount_can_hold_what_was_promised_before():
    told = {"amount": AMOUNT, "prior": AMOUNT, "includes": ("other",), "includes_prior": True}
    assert given(Tranche).when(a(Tranche.Pledged, "2025-10-01", **told)).then().status == "pledged"
