from domain.party import Party, PartyAlreadyWithdrawn
from domain.refusal import AlreadyKnown, Unknown
from tests.scenario import a, given

ADDED = a(Party.Added, "2025-04-01", name="Japan", kind="state", code="JP")
WITHDRAWN = a(Party.Withdrawn, "2025-05-01")


def test_a_party_joins():
    assert given(Party).when(ADDED).then().withdrawn is False


def test_a_party_that_takes_part_is_not_added_again():
    again = a(Party.Added, "2025-06", name="Nippon", kind="state")
    given(Party, ADDED).when(again).refused(AlreadyKnown, "party")


def test_a_party_that_withdrew_can_come_back():
    back = a(Party.Added, "2025-06", name="Japan", kind="state")
    assert given(Party, ADDED, WITHDRAWN).when(back).then().withdrawn is False


def test_a_party_is_not_added_late_at_a_time_before_it_withdrew():
    late = a(Party.Added, "2025-04-15", name="Japan", kind="state")
    given(Party, ADDED, WITHDRAWN).when(late).refused(AlreadyKnown, "party")


def test_a_party_that_nobody_added_does_not_withdraw():
    given(Party).when(WITHDRAWN).refused(Unknown, "party")


def test_a_party_withdraws():
    assert given(Party, ADDED).when(WITHDRAWN).then().withdrawn is True


def test_a_party_that_withdrew_does_not_withdraw_again():
    again = a(Party.Withdrawn, "2025-05-02")
    given(Party, ADDED, WITHDRAWN).when(again).refused(PartyAlreadyWithdrawn, "party")


def test_a_withdrawal_recorded_late_is_admitted_before_a_recorded_one():
    late = a(Party.Withdrawn, "2025-04-15")
    assert given(Party, ADDED, WITHDRAWN).when(late).then().withdrawn is True


def test_a_withdrawal_recorded_late_leaves_a_later_return_standing():
    back = a(Party.Added, "2025-06", name="Japan", kind="state")
    late = a(Party.Withdrawn, "2025-04-15")
    assert given(Party, ADDED, WITHDRAWN, back).when(late).then().withdrawn is False
