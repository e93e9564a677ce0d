import pytest

from domain.moment import EndsBeforeItBegins
from domain.refusal import Unknown
from domain.round import (
    Round,
    RoundAlreadyBegun,
    RoundAlreadyCancelled,
    RoundAlreadyClosed,
    RoundAlreadyOpen,
    RoundAlreadyScheduled,
)
from tests.scenario import a, called, given

SCHEDULED = a(Round.Scheduled, "2025-05-01", planned_start="2025-05-23", planned_end="2025-05-24")
RESCHEDULED = a(Round.Rescheduled, "2025-05-10", planned_start="2025-05-30")
CANCELLED = a(Round.Cancelled, "2025-05-15")
OPENED = a(Round.Opened, "2025-05-23", place="Washington")
EXTENDED = a(Round.Extended, "2025-05-24", planned_end="2025-05-26")
CLOSED = a(Round.Closed, "2025-05-26", outcome="No result")


def test_a_round_is_announced():
    assert given(Round).when(SCHEDULED).then().status == "planned"


def test_a_round_can_be_held_that_nobody_announced():
    assert given(Round).when(OPENED).then().status == "open"


@pytest.mark.parametrize("event", [RESCHEDULED, CANCELLED, EXTENDED, CLOSED], ids=called)
def test_a_round_of_which_nothing_is_known_is_neither_moved_nor_ended(event):
    given(Round).when(event).refused(Unknown, "round")


def test_a_planned_round_is_rescheduled_and_not_scheduled_again():
    again = a(Round.Scheduled, "2025-05-02", planned_start="2025-06")
    given(Round, SCHEDULED).when(again).refused(RoundAlreadyScheduled, "round")
    assert given(Round, SCHEDULED).when(RESCHEDULED).then().status == "planned"


def test_an_announcement_recorded_after_the_round_opened_is_admitted_at_its_time():
    assert given(Round, OPENED).when(SCHEDULED).then().status == "open"


def test_a_plan_that_ends_before_it_starts_is_refused():
    backwards = {"planned_start": "2025-05-23", "planned_end": "2025-05-22"}
    given(Round).when(a(Round.Scheduled, "2025-05-01", **backwards)).refused(EndsBeforeItBegins, "planned_end")
    moved = a(Round.Rescheduled, "2025-05-02", **backwards)
    given(Round, SCHEDULED).when(moved).refused(EndsBeforeItBegins, "planned_end")


def test_a_plan_is_not_extended_to_before_its_start():
    shortened = a(Round.Extended, "2025-05-20", planned_end="2025-05-29")
    given(Round, SCHEDULED).when(shortened).then()
    given(Round, SCHEDULED, RESCHEDULED).when(shortened).refused(EndsBeforeItBegins, "planned_end")


def test_a_round_that_has_begun_is_not_cancelled():
    given(Round, OPENED).when(a(Round.Cancelled, "2025-05-24")).refused(RoundAlreadyBegun, "round")
    given(Round, SCHEDULED, OPENED).when(CANCELLED).then()


def test_a_plan_that_ends_in_the_month_in_which_it_starts_is_admitted():
    vague = {"planned_start": "2025-05-23", "planned_end": "2025-05"}
    given(Round).when(a(Round.Scheduled, "2025-05-01", **vague)).then()
    given(Round, SCHEDULED).when(a(Round.Rescheduled, "2025-05-02", **vague)).then()


def test_a_cancelled_round_is_not_cancelled_again():
    again = a(Round.Cancelled, "2025-05-16")
    given(Round, SCHEDULED, CANCELLED).when(again).refused(RoundAlreadyCancelled, "round")


def test_a_cancelled_round_is_planned_again_by_new_dates_and_can_be_cancelled_once_more():
    moved = a(Round.Rescheduled, "2025-05-16", planned_start="2025-06")
    assert given(Round, SCHEDULED, CANCELLED).when(moved).then().status == "planned"
    again = a(Round.Cancelled, "2025-05-17")
    assert given(Round, SCHEDULED, CANCELLED, moved).when(again).then().status == "cancelled"


def test_a_cancellation_recorded_late_is_admitted_before_a_recorded_one():
    assert given(Round, SCHEDULED, CANCELLED).when(a(Round.Cancelled, "2025-05-12")).then().status == "cancelled"


def test_a_cancellation_recorded_late_does_not_close_a_round_that_opened_after_it():
    assert given(Round, SCHEDULED, OPENED).when(CANCELLED).then().status == "open"


def test_new_dates_leave_an_open_round_open():
    moved = a(Round.Rescheduled, "2025-05-24", planned_start="2025-05-23", planned_end="2025-05-27")
    assert given(Round, OPENED).when(moved).then().status == "open"


@pytest.mark.parametrize("occurred", ["2025-05-22", "2025-05-23", "2025-05-24"])
def test_a_round_is_opened_once_at_whatever_time(occurred):
    given(Round, SCHEDULED, OPENED).when(a(Round.Opened, occurred)).refused(RoundAlreadyOpen, "round")


def test_a_round_that_was_cancelled_can_open_all_the_same():
    assert given(Round, SCHEDULED, CANCELLED).when(OPENED).then().status == "open"


def test_a_closing_recorded_before_the_opening_does_not_hinder_it():
    live = given(Round, SCHEDULED, CLOSED).when(OPENED).then()
    assert (live.status, live.opened) == ("closed", "2025-05-23")


@pytest.mark.parametrize(
    "event",
    [
        a(Round.Rescheduled, "2025-05-27", planned_start="2025-06"),
        a(Round.Cancelled, "2025-05-27"),
        a(Round.Opened, "2025-05-27"),
        a(Round.Extended, "2025-05-27", planned_end="2025-06"),
        a(Round.Closed, "2025-05-27", outcome="Again"),
    ],
    ids=called,
)
def test_nothing_follows_in_a_round_that_was_closed(event):
    given(Round, SCHEDULED, CLOSED).when(event).refused(RoundAlreadyClosed, "round")


@pytest.mark.parametrize(
    "event",
    [RESCHEDULED, CANCELLED, EXTENDED, a(Round.Closed, "2025-05-25", outcome="A first result")],
    ids=called,
)
def test_what_came_before_the_close_can_be_recorded_after_it(event):
    assert given(Round, SCHEDULED, OPENED, CLOSED).when(event).then().status == "closed"


def test_a_round_does_not_close_before_it_opened():
    given(Round, OPENED).when(a(Round.Closed, "2025-05-22", outcome="-")).refused(EndsBeforeItBegins, "occurred")


@pytest.mark.parametrize("occurred", ["2025", "2025-05", "2025-05-23", "2025-05-23T10:00Z"])
def test_a_round_closes_as_early_as_the_day_on_which_it_opened(occurred):
    given(Round, OPENED).when(a(Round.Closed, occurred, outcome="No result")).then()


def test_a_round_is_not_extended_to_an_end_before_it_opened():
    backwards = a(Round.Extended, "2025-05-24", planned_end="2025-05-22")
    given(Round, OPENED).when(backwards).refused(EndsBeforeItBegins, "planned_end")
    given(Round, OPENED).when(a(Round.Extended, "2025-05-24", planned_end="2025-05-23")).then()


def test_a_round_whose_opening_is_not_on_record_can_be_extended_and_closed():
    assert given(Round, SCHEDULED).when(EXTENDED).then().opened is None
    assert given(Round, SCHEDULED).when(CLOSED).then().status == "closed"


def test_a_round_of_one_day_can_be_told_backwards() -> None:
    closed = a(Round.Closed, occurred="2025-05-23", outcome="None.")
    given(Round, a(Round.Scheduled, occurred="2025-05-01", planned_start="2025-05-23"), closed).when(
        a(Round.Opened, occurred="2025-05-23T09:00-04:00")
    ).then()


def test_a_round_that_opened_before_it_was_scheduled_stays_open():
    scheduled = a(Round.Scheduled, "2025-05-01", planned_start="2025-05-20")
    assert given(Round, scheduled).when(a(Round.Opened, "2025-04-20")).then().status == "open"
