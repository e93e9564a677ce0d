import pytest

from domain.deadline import (
    CountsFromItself,
    Deadline,
    DeadlineAlreadyCancelled,
    DeadlineNeedsDateOrRule,
    OutcomeAlreadyRecorded,
)
from domain.refusal import AlreadyKnown, Unknown
from domain.rule import Rule
from tests.scenario import KEY, a, called, given

RULE = Rule(count=45, unit="business-days", after="the call")
SET = a(Deadline.Set, "2025-04-01", title="Pause ends", due="2025-07-09")
REVISED = a(Deadline.Revised, "2025-07-07", due="2025-08-01")
CANCELLED = a(Deadline.Cancelled, "2025-06-01")
ENDED = a(Deadline.OutcomeRecorded, "2025-06-01", outcome="overtaken")


@pytest.mark.parametrize("told", [{"due": "2025-07-09"}, {"rule": RULE}, {"due": "2025-07-09", "rule": RULE}])
def test_a_deadline_is_a_date_or_a_rule_or_both(told):
    assert given(Deadline).when(a(Deadline.Set, "2025-04-01", title="Pause ends", **told)).then().status == "open"
    given(Deadline, SET).when(a(Deadline.Revised, "2025-05-01", **told)).then()


def test_a_deadline_is_not_set_without_date_and_rule_but_can_move_to_when_nobody_says():
    undated = a(Deadline.Set, "2025-04-01", title="Some day")
    given(Deadline).when(undated).refused(DeadlineNeedsDateOrRule, "due")
    assert given(Deadline, SET, CANCELLED).when(a(Deadline.Revised, "2025-07-01")).then().status == "open"


@pytest.mark.parametrize("step", [Deadline.Set, Deadline.Revised], ids=called)
def test_a_deadline_does_not_count_from_itself(step):
    told = {"title": "It"} if step is Deadline.Set else {}
    own, other = (Rule(count=1, unit="months", event=f"deadline/{key}/due") for key in (KEY, "other"))
    before = [] if step is Deadline.Set else [SET]
    given(Deadline, *before).when(a(step, "2025-05-01", rule=own, **told)).refused(CountsFromItself, "rule.event")
    given(Deadline, *before).when(a(step, "2025-05-01", rule=other, **told)).then()


def test_a_deadline_is_set_once_at_whatever_time():
    given(Deadline, SET).when(a(Deadline.Set, "2025-03", title="It", due="2025-07-09")).refused(
        AlreadyKnown, "deadline"
    )


@pytest.mark.parametrize("event", [REVISED, CANCELLED, ENDED], ids=called)
def test_a_deadline_that_nobody_set_is_unknown(event):
    given(Deadline).when(event).refused(Unknown, "deadline")


def test_what_lapsed_can_be_met_late_and_nothing_else_ends_twice():
    lapsed, late = (a(Deadline.OutcomeRecorded, "2025-07-10", outcome=outcome) for outcome in ("lapsed", "met-late"))
    assert given(Deadline, SET, lapsed).when(late).then().outcome == "met-late"
    given(Deadline, SET, lapsed).when(lapsed).refused(OutcomeAlreadyRecorded, "deadline")
    given(Deadline, SET, late).when(lapsed).refused(OutcomeAlreadyRecorded, "deadline")
    given(Deadline, SET, ENDED).when(late).refused(OutcomeAlreadyRecorded, "deadline")


def test_a_cancelled_deadline_is_not_cancelled_again():
    again = a(Deadline.Cancelled, "2025-06-02")
    given(Deadline, SET, CANCELLED).when(again).refused(DeadlineAlreadyCancelled, "deadline")


def test_a_cancelled_deadline_is_set_again_by_a_revision_and_can_be_cancelled_once_more():
    again = a(Deadline.Cancelled, "2025-07-08")
    assert given(Deadline, SET, CANCELLED).when(REVISED).then().status == "open"
    assert given(Deadline, SET, CANCELLED, REVISED).when(again).then().status == "cancelled"


def test_a_cancellation_recorded_late_is_admitted_before_a_recorded_one():
    late = a(Deadline.Cancelled, "2025-05-01")
    assert given(Deadline, SET, CANCELLED).when(late).then().status == "cancelled"


def test_a_deadline_has_one_outcome():
    again = a(Deadline.OutcomeRecorded, "2025-06-02", outcome="met")
    given(Deadline, SET, ENDED).when(again).refused(OutcomeAlreadyRecorded, "deadline")


def test_a_revised_deadline_has_an_outcome_of_its_own():
    again = a(Deadline.OutcomeRecorded, "2025-08-01", outcome="met")
    assert given(Deadline, SET, ENDED, REVISED).when(again).then().status == "ended"


def test_an_outcome_recorded_late_leaves_a_later_revision_standing():
    assert given(Deadline, SET, REVISED).when(ENDED).then().status == "open"
