import pytest

from domain.moment import EndsBeforeItBegins
from domain.refusal import AlreadyKnown
from domain.session import Participant, Session
from tests.scenario import a, given

HELD = a(
    Session.Held,
    "2025-05-23",
    form="bilateral",
    participants=(Participant(party="japan", role="minister", minutes=90),),
)


def test_a_session_is_held():
    given(Session).when(HELD).then()


@pytest.mark.parametrize("occurred", ["2025-05-22", "2025-05-23", "2025-05-24"])
def test_a_session_is_held_once_at_whatever_time(occurred):
    given(Session, HELD).when(a(Session.Held, occurred, form="call")).refused(AlreadyKnown, "session")


@pytest.mark.parametrize("began", [None, "2025-05-23", "2025-05-23T10:00-04:00"])
def test_a_session_does_not_end_before_it_began(began):
    held = a(Session.Held, "2025-05-23", form="call", began=began, ended="2025-05-22")
    given(Session).when(held).refused(EndsBeforeItBegins, "ended")


@pytest.mark.parametrize(
    ("began", "ended"),
    [
        (None, None),
        (None, "2025-05-23"),
        ("2025-05-23T23:30-04:00", "2025-05-24T03:31Z"),
        ("2025-05-22T23:00-04:00", "2025-05-22T23:00-04:00"),
        ("2025-05-23", "2025-05"),
    ],
)
def test_a_session_ends_as_early_as_it_began(began, ended):
    given(Session).when(a(Session.Held, "2025-05-23", form="call", began=began, ended=ended)).then()
