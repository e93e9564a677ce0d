import pytest

from domain.negotiation import (
    Negotiation,
    NegotiationAlreadyEnded,
    NegotiationAlreadyOpen,
    NegotiationAlreadySuspended,
    StatementOfNobody,
)
from domain.refusal import AlreadyKnown, Unknown
from tests.scenario import a, called, given

OPENED = a(Negotiation.Opened, "2025-04-01", title="Tariff talks")
SUSPENDED = a(Negotiation.Suspended, "2025-05-01")
RESUMED = a(Negotiation.Resumed, "2025-06-01")
CONCLUDED = a(Negotiation.Concluded, "2025-07-22", outcome="A framework")
ABANDONED = a(Negotiation.Abandoned, "2025-07-22")


def test_a_negotiation_opens():
    assert given(Negotiation).when(OPENED).then().status == "open"


def test_a_negotiation_opens_once_at_whatever_time():
    earlier = a(Negotiation.Opened, "2024", title="Tariff talks")
    given(Negotiation, OPENED).when(OPENED).refused(AlreadyKnown, "negotiation")
    given(Negotiation, OPENED).when(earlier).refused(AlreadyKnown, "negotiation")


@pytest.mark.parametrize("event", [SUSPENDED, RESUMED, CONCLUDED, ABANDONED], ids=called)
def test_a_negotiation_that_nobody_opened_is_unknown(event):
    given(Negotiation).when(event).refused(Unknown, "negotiation")


def test_a_joint_statement_is_issued_by_somebody():
    nobodys = a(Negotiation.StatementIssued, "2025-08", statement="joint", parties=(), text="We agree")
    given(Negotiation, OPENED).when(nobodys).refused(StatementOfNobody, "parties")


def test_a_suspended_negotiation_is_not_suspended_again():
    again = a(Negotiation.Suspended, "2025-05-02")
    given(Negotiation, OPENED, SUSPENDED).when(again).refused(NegotiationAlreadySuspended, "negotiation")


def test_a_resumed_negotiation_can_be_suspended_again():
    again = a(Negotiation.Suspended, "2025-06-02")
    assert given(Negotiation, OPENED, SUSPENDED, RESUMED).when(again).then().status == "suspended"


def test_a_suspension_recorded_late_is_admitted_before_a_recorded_one():
    late = a(Negotiation.Suspended, "2025-04-15")
    assert given(Negotiation, OPENED, SUSPENDED).when(late).then().status == "suspended"


def test_an_open_negotiation_is_not_resumed():
    given(Negotiation, OPENED).when(RESUMED).refused(NegotiationAlreadyOpen, "negotiation")


def test_a_resumption_recorded_late_is_judged_at_its_time():
    too_early = a(Negotiation.Resumed, "2025-04-15")
    given(Negotiation, OPENED, SUSPENDED).when(too_early).refused(NegotiationAlreadyOpen, "negotiation")


@pytest.mark.parametrize("ended", [CONCLUDED, ABANDONED], ids=called)
def test_a_negotiation_that_ended_can_be_resumed(ended):
    resumed = a(Negotiation.Resumed, "2025-08")
    assert given(Negotiation, OPENED, ended).when(resumed).then().status == "open"


@pytest.mark.parametrize("ended", [CONCLUDED, ABANDONED], ids=called)
@pytest.mark.parametrize(
    "event",
    [
        a(Negotiation.Suspended, "2025-08"),
        a(Negotiation.Concluded, "2025-08", outcome="Another"),
        a(Negotiation.Abandoned, "2025-08"),
    ],
    ids=called,
)
def test_a_negotiation_that_ended_neither_stops_nor_ends_again(ended, event):
    given(Negotiation, OPENED, ended).when(event).refused(NegotiationAlreadyEnded, "negotiation")


@pytest.mark.parametrize(
    ("event", "status"), [(SUSPENDED, "suspended"), (CONCLUDED, "concluded"), (ABANDONED, "abandoned")], ids=called
)
def test_an_open_negotiation_can_stop_or_end(event, status):
    assert given(Negotiation, OPENED).when(event).then().status == status


def test_a_suspension_recorded_after_the_end_but_before_it_in_time_is_admitted():
    assert given(Negotiation, OPENED, CONCLUDED).when(SUSPENDED).then().status == "concluded"


@pytest.mark.parametrize(
    "event",
    [
        a(Negotiation.ObjectiveSet, "2025-08", objective="cars", text="Lower duties"),
        a(Negotiation.StatementIssued, "2025-08", statement="joint", parties=("japan", "us"), text="We agree"),
        a(Negotiation.Annotated, "2025-08", note="See the file", about="issue/autos"),
    ],
    ids=called,
)
def test_what_is_said_about_a_negotiation_leaves_its_status_alone_even_after_its_end(event):
    assert given(Negotiation, OPENED, CONCLUDED).when(event).then().status == "concluded"
