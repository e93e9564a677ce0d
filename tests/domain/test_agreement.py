import pytest

from domain.agreement import (
    Agreement,
    NotAPartyToTheAgreement,
    PartyNamedTwice,
    StepAlreadyTaken,
    SupersedesItself,
    TowardNeedsParties,
)
from domain.refusal import AlreadyKnown, Unknown
from tests.scenario import a, called, given

DRAFTED = a(Agreement.Drafted, "2025-07-22", title="Memorandum", form="memorandum", parties=("japan", "us"))
PARTY_STEPS = [
    Agreement.Initialled,
    Agreement.Signed,
    Agreement.Ratified,
    Agreement.Deposited,
    Agreement.AppliedProvisionally,
    Agreement.EnteredIntoForce,
    Agreement.Withdrawn,
]
ANY_STEPS = [Agreement.Suspended, Agreement.Resumed, Agreement.Terminated]
WHOLE_STEPS = [Agreement.Announced, Agreement.Concluded]
TOWARD_STEPS = [Agreement.EnteredIntoForce, Agreement.Suspended, Agreement.Resumed]
WHOLE = frozenset[str]()
JAPAN, US, BOTH = frozenset(["japan"]), frozenset(["us"]), frozenset(["japan", "us"])


def of_japan(step, occurred="2025-09-04", **facts):
    return a(step, occurred, parties=("japan",), **facts)


def test_an_instrument_takes_shape():
    agreement = given(Agreement).when(DRAFTED).then()
    assert (agreement.parties, agreement.taken) == ({"japan", "us"}, set())


def test_an_instrument_is_drafted_once_at_whatever_time():
    earlier = a(Agreement.Drafted, "2025-07", title="It", form="other", parties=("eu",))
    given(Agreement, DRAFTED).when(earlier).refused(AlreadyKnown, "agreement")


def test_an_instrument_takes_the_place_of_others_alone():
    facts = {"title": "Treaty", "form": "treaty", "parties": ("japan", "us")}
    itself = a(Agreement.Drafted, "2025-07-22", **facts, supersedes=("framework", "it"))
    given(Agreement).when(itself).refused(SupersedesItself, "supersedes.1")


@pytest.mark.parametrize("step", PARTY_STEPS + ANY_STEPS, ids=called)
def test_no_step_is_taken_on_an_instrument_that_nobody_drafted(step):
    given(Agreement).when(of_japan(step)).refused(Unknown, "agreement")


@pytest.mark.parametrize("step", PARTY_STEPS + ANY_STEPS, ids=called)
def test_a_party_takes_each_step_once(step):
    assert (JAPAN, step.STEP) in given(Agreement, DRAFTED).when(of_japan(step)).then().taken
    again = of_japan(step, "2025-09-05")
    given(Agreement, DRAFTED, of_japan(step)).when(again).refused(StepAlreadyTaken, "parties")


@pytest.mark.parametrize("step", PARTY_STEPS + ANY_STEPS, ids=called)
def test_another_party_can_take_the_step_that_one_party_took(step):
    taken = given(Agreement, DRAFTED, of_japan(step)).when(a(step, "2025-09-05", parties=("us",))).then().taken
    assert {(JAPAN, step.STEP), (US, step.STEP)} <= taken


@pytest.mark.parametrize("step", WHOLE_STEPS + ANY_STEPS, ids=called)
def test_the_instrument_as_a_whole_takes_each_step_once(step):
    assert (WHOLE, step.STEP) in given(Agreement, DRAFTED).when(a(step, "2025-09-04")).then().taken
    given(Agreement, DRAFTED, a(step, "2025-09-04")).when(a(step, "2025-09-05")).refused(StepAlreadyTaken, "agreement")


def test_a_step_of_the_whole_is_not_a_step_of_one_party():
    whole = a(Agreement.Suspended, "2025-09-04")
    given(Agreement, DRAFTED, whole).when(of_japan(Agreement.Suspended, "2025-09-05")).then()


@pytest.mark.parametrize("step", PARTY_STEPS + ANY_STEPS, ids=called)
def test_a_step_recorded_late_is_admitted_before_a_recorded_one(step):
    given(Agreement, DRAFTED, of_japan(step)).when(of_japan(step, "2025-09-03")).then()


@pytest.mark.parametrize("step", PARTY_STEPS, ids=called)
def test_a_step_of_somebody_whom_the_draft_does_not_name_is_refused_at_its_place_in_the_list(step):
    outsider = a(step, "2025-09-04", parties=("japan", "eu"))
    given(Agreement, DRAFTED).when(outsider).refused(NotAPartyToTheAgreement, "parties.1")


@pytest.mark.parametrize("means", ["ratification", "acceptance", "approval"])
def test_an_outsider_consents_by_accession_alone(means):
    outsider = a(Agreement.Ratified, "2025-09-04", parties=("eu",), means=means)
    given(Agreement, DRAFTED).when(outsider).refused(NotAPartyToTheAgreement, "parties.0")


def test_an_outsider_accedes_once_and_is_a_party_from_then_on_and_before():
    accession = a(Agreement.Ratified, "2025-09-04", parties=("eu",), means="accession")
    assert given(Agreement, DRAFTED).when(accession).then().parties == {"japan", "us", "eu"}
    again = a(Agreement.Ratified, "2025-09-05", parties=("eu",), means="accession")
    given(Agreement, DRAFTED, accession).when(again).refused(StepAlreadyTaken, "parties")
    given(Agreement, DRAFTED, accession).when(a(Agreement.Signed, "2025-09-06", parties=("eu",))).then()
    given(Agreement, DRAFTED, accession).when(a(Agreement.Signed, "2025-08-01", parties=("eu",))).then()


def test_a_ratification_by_a_party_makes_nobody_else_a_party():
    ratified = of_japan(Agreement.Ratified)
    assert given(Agreement, DRAFTED).when(ratified).then().parties == {"japan", "us"}


@pytest.mark.parametrize(
    ("step", "undone_by"),
    [
        (Agreement.Withdrawn, Agreement.EnteredIntoForce),
        (Agreement.Terminated, Agreement.EnteredIntoForce),
        (Agreement.EnteredIntoForce, Agreement.Withdrawn),
        (Agreement.EnteredIntoForce, Agreement.Terminated),
        (Agreement.Suspended, Agreement.Resumed),
        (Agreement.Resumed, Agreement.Suspended),
    ],
    ids=called,
)
def test_a_step_that_was_undone_can_be_taken_again(step, undone_by):
    undone = of_japan(undone_by, "2025-10")
    assert (JAPAN, step.STEP) not in given(Agreement, DRAFTED, of_japan(step)).when(undone).then().taken
    given(Agreement, DRAFTED, of_japan(step), undone).when(of_japan(step, "2025-11")).then()


def test_what_undoes_a_step_undoes_it_for_its_party_alone():
    in_force = a(Agreement.EnteredIntoForce, "2025-09-04", parties=("japan", "us"))
    taken = given(Agreement, DRAFTED, in_force).when(of_japan(Agreement.Withdrawn, "2025-10")).then().taken
    assert taken == {(US, "in-force"), (JAPAN, "withdrawn")}


def test_what_undoes_a_step_undoes_nothing_after_it_when_it_is_recorded_late():
    in_force = of_japan(Agreement.EnteredIntoForce)
    late = of_japan(Agreement.Withdrawn, "2025-08")
    assert given(Agreement, DRAFTED, in_force).when(late).then().taken == {(JAPAN, "in-force")}


@pytest.mark.parametrize("step", TOWARD_STEPS, ids=called)
def test_a_step_toward_one_party_is_taken_for_the_two_once_whichever_of_them_takes_it(step):
    toward_us = of_japan(step, toward=("us",))
    assert given(Agreement, DRAFTED).when(toward_us).then().taken == {(BOTH, step.STEP)}
    again = a(step, "2025-09-05", parties=("us",), toward=("japan",))
    given(Agreement, DRAFTED, toward_us).when(again).refused(StepAlreadyTaken, "toward")
    given(Agreement, DRAFTED, toward_us).when(of_japan(step, "2025-09-05")).then()


def test_what_each_of_two_has_taken_toward_everybody_is_not_taken_between_them():
    in_force = a(Agreement.EnteredIntoForce, "2025-09-04", parties=("japan", "us"))
    toward_us = of_japan(Agreement.EnteredIntoForce, "2025-09-05", toward=("us",))
    given(Agreement, DRAFTED, in_force).when(toward_us).refused(StepAlreadyTaken, "toward")
    given(Agreement, DRAFTED, of_japan(Agreement.EnteredIntoForce)).when(toward_us).then()


def test_a_step_of_a_party_undoes_what_was_taken_between_it_and_another():
    toward_us = of_japan(Agreement.EnteredIntoForce, toward=("us",))
    taken = given(Agreement, DRAFTED, toward_us).when(of_japan(Agreement.Withdrawn, "2025-10")).then().taken
    assert taken == {(JAPAN, "withdrawn")}


@pytest.mark.parametrize(
    ("parties", "toward", "rule", "field"),
    [
        (("japan",), ("eu",), NotAPartyToTheAgreement, "toward.0"),
        (("japan",), ("japan",), PartyNamedTwice, "toward.0"),
        (("japan",), ("us", "us"), PartyNamedTwice, "toward.1"),
        ((), ("us",), TowardNeedsParties, "parties"),
    ],
)
def test_toward_whom_a_step_is_taken_is_another_party_to_the_agreement(parties, toward, rule, field):
    suspended = a(Agreement.Suspended, "2025-09-04", parties=parties, toward=toward)
    given(Agreement, DRAFTED).when(suspended).refused(rule, field)


def test_an_amendment_is_no_step():
    amended = a(Agreement.Amended, "2025-10", text="A new annex", by="protocol")
    assert given(Agreement, DRAFTED).when(amended).then().taken == set()
    given(Agreement).when(amended).refused(Unknown, "agreement")
