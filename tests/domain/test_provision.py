import pytest

from domain.agreement import PartyNamedTwice
from domain.provision import (
    Dependence,
    DependsOnWords,
    Provision,
    ProvisionAlreadyRemoved,
    ProvisionAlreadySuspended,
    ProvisionNotSuspended,
    RevertsToNothing,
)
from domain.refusal import AlreadyKnown, Unknown
from domain.rule import Rule
from domain.value import Share
from tests.scenario import a, called, given

ADDED = a(
    Provision.Added, "2025-09-04", title="Split", kind="profit-split", text="9:1", value=Share(percent="90", to="us")
)
AMENDED = a(Provision.Amended, "2025-10-01", text="8:2")
SUSPENDED = a(Provision.Suspended, "2025-10-01")
RESUMED = a(Provision.Resumed, "2025-11-01")
REMOVED = a(Provision.Removed, "2025-12-01")


def test_a_provision_becomes_part_of_the_agreement():
    assert given(Provision).when(ADDED).then().status == "part"


def test_a_provision_is_added_once_at_whatever_time():
    earlier = a(Provision.Added, "2025-08", title="Split", kind="text", text="-")
    given(Provision, ADDED).when(earlier).refused(AlreadyKnown, "provision")


@pytest.mark.parametrize("event", [AMENDED, SUSPENDED, RESUMED, REMOVED], ids=called)
def test_a_provision_that_nobody_added_is_unknown(event):
    given(Provision).when(event).refused(Unknown, "provision")


@pytest.mark.parametrize(
    ("event", "status"), [(AMENDED, "part"), (SUSPENDED, "suspended"), (REMOVED, "removed")], ids=called
)
def test_a_provision_that_is_part_can_be_amended_suspended_and_removed(event, status):
    assert given(Provision, ADDED).when(event).then().status == status


@pytest.mark.parametrize(
    "event",
    [
        a(Provision.Amended, "2025-12-02", text="8:2"),
        a(Provision.Suspended, "2025-12-02"),
        a(Provision.Removed, "2025-12-02"),
    ],
    ids=called,
)
def test_a_removed_provision_is_neither_amended_nor_suspended_nor_removed(event):
    given(Provision, ADDED, REMOVED).when(event).refused(ProvisionAlreadyRemoved, "provision")


@pytest.mark.parametrize("event", [AMENDED, SUSPENDED, a(Provision.Removed, "2025-11-30")], ids=called)
def test_what_came_before_the_removal_can_be_recorded_after_it(event):
    assert given(Provision, ADDED, REMOVED).when(event).then().status == "removed"


def test_a_suspended_provision_is_not_suspended_again():
    again = a(Provision.Suspended, "2025-10-02")
    given(Provision, ADDED, SUSPENDED).when(again).refused(ProvisionAlreadySuspended, "provision")


def test_a_suspension_can_be_prolonged():
    until = a(Provision.Suspended, "2025-12-01", until="2026-03-31")
    assert given(Provision, ADDED, SUSPENDED).when(until).then().until == "2026-03-31"
    given(Provision, ADDED, SUSPENDED, until).when(until).refused(ProvisionAlreadySuspended, "provision")


def test_a_suspended_provision_can_be_amended_and_stays_suspended():
    amended = a(Provision.Amended, "2025-10-02", text="8:2")
    assert given(Provision, ADDED, SUSPENDED).when(amended).then().status == "suspended"


def test_a_resumed_provision_can_be_suspended_again():
    again = a(Provision.Suspended, "2025-11-02")
    assert given(Provision, ADDED, SUSPENDED, RESUMED).when(again).then().status == "suspended"


def test_a_suspension_recorded_late_is_admitted_before_a_recorded_one():
    late = a(Provision.Suspended, "2025-09-30")
    assert given(Provision, ADDED, SUSPENDED).when(late).then().status == "suspended"


def test_a_suspended_provision_applies_again():
    assert given(Provision, ADDED, SUSPENDED).when(RESUMED).then().status == "part"


@pytest.mark.parametrize(
    "event", [RESUMED, a(Provision.Resumed, "2025-09-30"), a(Provision.Resumed, "2025-12-02")], ids=called
)
def test_a_provision_that_was_not_suspended_by_then_is_not_resumed(event):
    suspended_after = a(Provision.Suspended, "2025-11-15")
    given(Provision, ADDED, suspended_after, REMOVED).when(event).refused(ProvisionNotSuspended, "provision")


@pytest.mark.parametrize("kind", [Provision.Added, Provision.Amended], ids=called)
def test_whom_a_provision_binds_is_named_once(kind):
    told = {"title": "Cut", "kind": "quota"} if kind is Provision.Added else {}
    before = [] if kind is Provision.Added else [ADDED]
    event = a(kind, "2025-10-01", text="A tenth.", binds=("japan", "us", "japan"), **told)
    given(Provision, *before).when(event).refused(PartyNamedTwice, "binds.2")
    event = a(kind, "2025-10-01", text="A tenth.", binds=("japan", "us"), **told)
    given(Provision, *before).when(event).then()


def test_what_reverts_says_to_what_and_words_are_no_condition():
    day, words = Rule(count=0, unit="calendar-days", start="2026-01-01"), Rule(count=0, unit="months", after="the moon")
    assert Dependence(effect="ends", rule=day).check().value is None
    with pytest.raises(RevertsToNothing):
        Dependence(effect="reverts", rule=day).check()
    with pytest.raises(RevertsToNothing):
        Dependence(effect="begins", rule=day, value=Share(percent="1")).check()
    with pytest.raises(DependsOnWords):
        Dependence(effect="begins", rule=words).check()
