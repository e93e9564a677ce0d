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


MEDIATOR = a(Party.Added, "2025-04-01", name="Japan", kind="state", role="mediator")


def test_who_mediated_goes_on_as_a_party_from_then_on():
    japan = given(Party, MEDIATOR).when(a(Party.Added, "2025-06-01", name="Japan", kind="state")).then()
    assert [japan.observed(day) for day in ("2025-03-01", "2025-05-31", "2025-06-01")] == [True, True, False]


def test_who_has_a_role_does_not_take_it_again_and_took_none_before_it_joined():
    again = a(Party.Added, "2025-06-01", name="Japan", kind="state", role="mediator")
    given(Party, MEDIATOR).when(again).refused(AlreadyKnown, "party")
    given(Party, MEDIATOR).when(a(Party.Added, "2025-03-01", name="Japan", kind="state")).refused(AlreadyKnown, "party")


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
